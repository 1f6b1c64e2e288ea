"""Long work is a row with a lease: it shows progress, can be cancelled, and survives its worker."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from collaboration.querysets import JobQuerySet


class JobState(models.TextChoices):
    """The life of a job."""

    QUEUED = "QUEUED", _("Queued")
    RUNNING = "RUNNING", _("Running")
    DONE = "DONE", _("Done")
    FAILED = "FAILED", _("Failed")
    CANCELLED = "CANCELLED", _("Cancelled")


class Job(models.Model):
    """One piece of long work. Whoever runs it holds a lease and renews it; a lapsed lease may be taken over,
    and the work goes on at ``cursor``. Being in PostgreSQL, it never depends on Redis."""

    kind = models.CharField(_("kind"), max_length=40)
    unit = models.ForeignKey(
        "organization.Unit", models.CASCADE, null=True, related_name="jobs", verbose_name=_("unit")
    )
    requested_by = models.ForeignKey("organization.Person", models.PROTECT, null=True, related_name="jobs")
    title = models.CharField(_("title"), max_length=200)
    parameters = models.JSONField(default=dict)
    state = models.CharField(_("state"), max_length=9, choices=JobState, default=JobState.QUEUED)
    progress = models.PositiveBigIntegerField(_("done so far"), default=0)
    total = models.PositiveBigIntegerField(_("in all"), null=True)
    cursor = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    failure = models.TextField(_("why it failed"), blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_holder = models.CharField(max_length=120, blank=True)
    leased_until = models.DateTimeField(null=True)
    is_cancel_requested = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)
    """When whoever asked for it saw how it ended."""

    objects = JobQuerySet.as_manager()

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        indexes = (
            models.Index(fields=["state", "leased_until"], name="job_open"),
            models.Index(fields=["requested_by", "-created_at"], name="job_mine"),
            models.Index(fields=["unit", "-created_at"], name="job_of_unit"),
        )

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        """Whether it may still come to something."""
        return self.state in {JobState.QUEUED, JobState.RUNNING}


class FilePurpose(models.TextChoices):
    """What a file is to a job."""

    INPUT = "INPUT", _("Input")
    RESULT = "RESULT", _("Result")


class JobFile(models.Model):
    """A file that long work reads or made: kept under a random name outside everything that is served, until it
    expires. ``name`` is what its owner called it, for people only."""

    owner = models.ForeignKey("organization.Person", models.PROTECT, related_name="job_files")
    unit = models.ForeignKey("organization.Unit", models.CASCADE, null=True, related_name="job_files")
    job = models.ForeignKey(Job, models.CASCADE, null=True, related_name="files")
    """The job that made it; none for what was uploaded."""
    purpose = models.CharField(_("purpose"), max_length=6, choices=FilePurpose)
    name = models.CharField(_("name"), max_length=200)
    stored_name = models.CharField(max_length=64, unique=True)
    size = models.PositiveBigIntegerField(_("size"), help_text=_("in bytes"))
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()

    class Meta:
        verbose_name = _("file of a job")
        verbose_name_plural = _("files of jobs")
        indexes = (models.Index(fields=["expires_at"], name="jobfile_expiry"),)

    def __str__(self) -> str:
        return self.name


class JobError(models.Model):
    """One row of the input that a job could not take, and why, in words its owner can act on."""

    job = models.ForeignKey(Job, models.CASCADE, related_name="errors")
    place = models.CharField(_("where"), max_length=200)
    message = models.TextField(_("what is wrong"))
    row = models.TextField(_("the row"), blank=True)

    class Meta:
        verbose_name = _("job error")
        verbose_name_plural = _("job errors")
        constraints = (models.UniqueConstraint(fields=["job", "place", "message"], name="job_error_once"),)

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"
