import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("organization", "0006_audit_deeds"),
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
                    ("ERASURE_ASKED", "Erasure asked for"),
                    ("ERASURE_DROPPED", "Erasure no longer asked for"),
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
        migrations.CreateModel(
            name="ErasureWish",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("asked_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("expires_at", models.DateTimeField()),
                ("reason", models.CharField(max_length=300, verbose_name="reason")),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("CONFIRMED", "Confirmed"),
                            ("REFUSED", "Refused"),
                            ("WITHDRAWN", "Withdrawn"),
                            ("EXPIRED", "Nobody confirmed it in time"),
                        ],
                        max_length=9,
                    ),
                ),
                (
                    "asked_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="organization.person",
                    ),
                ),
                (
                    "ended_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="organization.person",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="erasure_wishes",
                        to="organization.person",
                    ),
                ),
            ],
            options={
                "verbose_name": "wish to erase somebody",
                "verbose_name_plural": "wishes to erase somebody",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("person",),
                        name="erasure_wish_one_open",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("outcome", "")),
                            models.Q(("ended_at__isnull", False), models.Q(("outcome", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="erasure_wish_ends_somehow",
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="erasure",
            name="confirmed_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="organization.person"
            ),
        ),
    ]
