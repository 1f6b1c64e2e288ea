"""An import as people see it: files, how their words are taken, a rehearsal, the run, and what became of it."""

from __future__ import annotations

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class ImportShape(models.TextChoices):
    """What the files are."""

    JIRA = "JIRA", _("Jira issues")
    TABLE = "TABLE", _("Table")


class ImportStep(models.TextChoices):
    """How far its owner has come; an import can be left and taken up again at any of them."""

    FILES = "FILES", _("Files")
    COLUMNS = "COLUMNS", _("Columns")
    WORDS = "WORDS", _("Words")
    CHECK = "CHECK", _("Rehearsal")
    DONE = "DONE", _("Import")


@pghistory.track(exclude=["survey"])
class ImportPlan(models.Model):
    """One import from uploaded files into a unit, from the first upload to its undo.

    ``mapping`` is what docs/import.md calls the mapping file; ``survey`` what the reading job found in the files.
    The jobs are those of the latest attempt at each step.
    """

    unit = models.ForeignKey("organization.Unit", models.CASCADE, related_name="imports", verbose_name=_("unit"))
    owner = models.ForeignKey(
        "organization.Person", models.PROTECT, null=True, related_name="imports", verbose_name=_("owner")
    )
    source = models.CharField(
        _("name of the tracker"),
        max_length=40,
        help_text=_("The same name finds the same items again: keep it from import to import."),
    )
    shape = models.CharField(_("what the files are"), max_length=5, choices=ImportShape, blank=True)
    step = models.CharField(_("step"), max_length=7, choices=ImportStep, default=ImportStep.FILES)
    file_ids = ArrayField(models.BigIntegerField(), default=list)
    uploads = models.JSONField(default=list)
    mapping = models.JSONField(default=dict)
    survey = models.JSONField(default=dict)
    as_of = models.DateTimeField(_("true at"), default=timezone.now)
    survey_job = models.ForeignKey("collaboration.Job", models.SET_NULL, null=True, related_name="+")
    check_job = models.ForeignKey("collaboration.Job", models.SET_NULL, null=True, related_name="+")
    run_job = models.ForeignKey("collaboration.Job", models.SET_NULL, null=True, related_name="+")
    undo_job = models.ForeignKey("collaboration.Job", models.SET_NULL, null=True, related_name="+")
    is_correction = models.BooleanField(default=False)
    """The mapping was corrected after a run: the next run reads known histories anew."""
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        indexes = (models.Index(fields=["unit", "-created_at"], name="importplan_of_unit"),)

    def __str__(self) -> str:
        names = [str(upload.get("name", "")) for upload in self.uploads]
        return ", ".join(names)[:120] or self.source
