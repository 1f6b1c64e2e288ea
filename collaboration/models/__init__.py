"""Together: long work as job rows, and approvals. Later rooms (comments, register...) join them here."""

from collaboration.models.approvals import (
    ApprovalRequest,
    ApprovalRule,
    ApprovalRulePerson,
    ApprovalState,
    ApprovalVoice,
    Delegation,
    Verdict,
)
from collaboration.models.jobs import FilePurpose, Job, JobError, JobFile, JobState
from collaboration.models.saved_views import SavedView

__all__ = [
    "ApprovalRequest",
    "ApprovalRule",
    "ApprovalRulePerson",
    "ApprovalState",
    "ApprovalVoice",
    "Delegation",
    "FilePurpose",
    "Job",
    "JobError",
    "JobFile",
    "JobState",
    "SavedView",
    "Verdict",
]
