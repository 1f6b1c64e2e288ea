"""Together: long work as job rows. Later rooms (comments, approvals, register...) join it here."""

from collaboration.models.jobs import Job, JobError, JobState

__all__ = ["Job", "JobError", "JobState"]
