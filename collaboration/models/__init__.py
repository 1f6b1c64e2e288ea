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
from collaboration.models.attachments import Attachment
from collaboration.models.comments import Comment, Mention, Reaction, ReactionKind
from collaboration.models.jobs import FilePurpose, Job, JobError, JobFile, JobState
from collaboration.models.links import Link, LinkKind
from collaboration.models.notifications import (
    Mail,
    MailKind,
    MailOutcome,
    MutedUnit,
    Notification,
    NotificationChoice,
)
from collaboration.models.saved_views import SavedView
from collaboration.models.schedules import ExportRecipient, ExportSchedule, FileFormat, Rhythm, ScheduleState
from collaboration.models.search import SearchRow
from collaboration.models.watching import Favourite, Watch, WatchReason

__all__ = [
    "ApprovalRequest",
    "ApprovalRule",
    "ApprovalRulePerson",
    "ApprovalState",
    "ApprovalVoice",
    "Attachment",
    "Comment",
    "Delegation",
    "ExportRecipient",
    "ExportSchedule",
    "Favourite",
    "FileFormat",
    "FilePurpose",
    "Job",
    "JobError",
    "JobFile",
    "JobState",
    "Link",
    "LinkKind",
    "Mail",
    "MailKind",
    "MailOutcome",
    "Mention",
    "MutedUnit",
    "Notification",
    "NotificationChoice",
    "Reaction",
    "ReactionKind",
    "Rhythm",
    "SavedView",
    "ScheduleState",
    "SearchRow",
    "Verdict",
    "Watch",
    "WatchReason",
]
