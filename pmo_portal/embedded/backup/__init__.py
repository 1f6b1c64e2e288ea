"""A backup is one file: the database as of one moment, the files its rows speak of, and what both should add up to.

`backup_take` and `backup_restore` are what `manage.py backup` and `manage.py restore` do; docs/operations.md says when.
Redis is left out on purpose: what stands there is made anew from PostgreSQL.
"""

from pmo_portal.embedded.backup.archive import BackupFailure, Manifest
from pmo_portal.embedded.backup.database import Database
from pmo_portal.embedded.backup.restoring import backup_check, backup_restore, refuse_newer, refuse_occupied
from pmo_portal.embedded.backup.taking import backup_take

__all__ = [
    "BackupFailure",
    "Database",
    "Manifest",
    "backup_check",
    "backup_restore",
    "backup_take",
    "refuse_newer",
    "refuse_occupied",
]
