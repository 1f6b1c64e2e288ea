"""Together: long work as job rows. Later rooms (comments, approvals, register...) join it here."""

from collaboration.models.jobs import FilePurpose, Job, JobError, JobFile, JobState

__all__ = ["FilePurpose", "Job", "JobError", "JobFile", "JobState"]
