from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("organization", "0005_session_must_set_up"),
    ]

    operations = [
        migrations.AlterField(
            model_name="auditrecord",
            name="action",
            field=models.CharField(
                choices=[
                    ("SIGNED_IN", "Signed in"),
                    ("SIGN_IN_FAILED", "Sign-in failed"),
                    ("LOCKED_OUT", "Locked out"),
                    ("SIGNED_OUT", "Signed out"),
                    ("SESSION_ENDED", "Session ended"),
                    ("PASSWORD_CHANGED", "Password changed"),
                    ("PASSWORD_FORGOTTEN", "Password link asked for"),
                    ("FACTOR_ADDED", "Second factor added"),
                    ("FACTOR_REMOVED", "Second factor removed"),
                    ("FACTOR_FAILED", "Second factor failed"),
                    ("RECOVERY_CODES", "Recovery codes made"),
                    ("INVITED", "Invited"),
                    ("EXPORTED", "Exported"),
                    ("ERASED", "Person erased"),
                    ("APPROVAL_ASKED", "Approval asked for"),
                    ("APPROVAL_AGREED", "Approval agreed to"),
                    ("APPROVAL_REFUSED", "Approval refused"),
                    ("APPROVAL_WITHDRAWN", "Approval no longer asked for"),
                    ("JOB_STARTED", "Work started"),
                    ("JOB_STOPPED", "Work stopped"),
                ],
                max_length=20,
                verbose_name="what",
            ),
        ),
    ]
