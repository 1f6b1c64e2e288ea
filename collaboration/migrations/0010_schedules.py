"""Files of pages that come by mail, again and again."""

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("collaboration", "0009_talk"),
        ("organization", "0004_sign_in"),
        ("pghistory", "0007_auto_20250421_0444"),
    ]

    operations = [
        migrations.CreateModel(
            name="ExportRecipient",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("stopped_at", models.DateTimeField(null=True)),
                ("stop_reason", models.CharField(blank=True, max_length=200)),
                ("last_sent_at", models.DateTimeField(null=True)),
                ("last_failure", models.CharField(blank=True, max_length=300)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="export_recipients",
                        to="organization.person",
                    ),
                ),
            ],
            options={
                "verbose_name": "recipient of a scheduled file",
                "verbose_name_plural": "recipients of scheduled files",
            },
        ),
        migrations.CreateModel(
            name="ExportSchedule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("title", models.CharField(max_length=150, verbose_name="title")),
                ("path", models.CharField(editable=False, max_length=500)),
                ("query", models.CharField(blank=True, editable=False, max_length=3000)),
                (
                    "file_format",
                    models.CharField(
                        choices=[
                            ("pdf", "PDF, to read"),
                            ("xlsx", "Excel, to work with"),
                            ("csv", "CSV, for programs"),
                        ],
                        default="pdf",
                        max_length=4,
                        verbose_name="file",
                    ),
                ),
                (
                    "rhythm",
                    models.CharField(
                        choices=[
                            ("DAILY", "Every day"),
                            ("WORKDAYS", "Monday to Friday"),
                            ("WEEKLY", "Every week"),
                            ("MONTHLY", "Every month"),
                        ],
                        default="WEEKLY",
                        max_length=8,
                        verbose_name="how often",
                    ),
                ),
                (
                    "weekday",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (0, "Monday"),
                            (1, "Tuesday"),
                            (2, "Wednesday"),
                            (3, "Thursday"),
                            (4, "Friday"),
                            (5, "Saturday"),
                            (6, "Sunday"),
                        ],
                        default=0,
                        validators=[django.core.validators.MaxValueValidator(6)],
                        verbose_name="on",
                    ),
                ),
                (
                    "month_day",
                    models.PositiveSmallIntegerField(
                        default=1,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(31),
                        ],
                        verbose_name="on day",
                    ),
                ),
                ("time", models.TimeField(verbose_name="at")),
                (
                    "state",
                    models.CharField(
                        choices=[("ACTIVE", "Active"), ("PAUSED", "Paused"), ("ENDED", "Ended")],
                        default="ACTIVE",
                        max_length=6,
                    ),
                ),
                ("end_reason", models.CharField(blank=True, max_length=200)),
                ("next_run_at", models.DateTimeField(null=True)),
                ("last_run_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="export_schedules",
                        to="organization.person",
                    ),
                ),
            ],
            options={
                "verbose_name": "scheduled file",
                "verbose_name_plural": "scheduled files",
            },
        ),
        migrations.CreateModel(
            name="ExportRecipientEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("id", models.BigIntegerField()),
                ("stopped_at", models.DateTimeField(null=True)),
                ("stop_reason", models.CharField(blank=True, max_length=200)),
                (
                    "person",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="organization.person",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="collaboration.exportrecipient",
                    ),
                ),
                (
                    "schedule",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="collaboration.exportschedule",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddField(
            model_name="exportrecipient",
            name="schedule",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="recipients",
                to="collaboration.exportschedule",
            ),
        ),
        migrations.CreateModel(
            name="ExportScheduleEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("id", models.BigIntegerField()),
                ("title", models.CharField(max_length=150, verbose_name="title")),
                ("path", models.CharField(editable=False, max_length=500)),
                ("query", models.CharField(blank=True, editable=False, max_length=3000)),
                (
                    "file_format",
                    models.CharField(
                        choices=[
                            ("pdf", "PDF, to read"),
                            ("xlsx", "Excel, to work with"),
                            ("csv", "CSV, for programs"),
                        ],
                        default="pdf",
                        max_length=4,
                        verbose_name="file",
                    ),
                ),
                (
                    "rhythm",
                    models.CharField(
                        choices=[
                            ("DAILY", "Every day"),
                            ("WORKDAYS", "Monday to Friday"),
                            ("WEEKLY", "Every week"),
                            ("MONTHLY", "Every month"),
                        ],
                        default="WEEKLY",
                        max_length=8,
                        verbose_name="how often",
                    ),
                ),
                (
                    "weekday",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (0, "Monday"),
                            (1, "Tuesday"),
                            (2, "Wednesday"),
                            (3, "Thursday"),
                            (4, "Friday"),
                            (5, "Saturday"),
                            (6, "Sunday"),
                        ],
                        default=0,
                        validators=[django.core.validators.MaxValueValidator(6)],
                        verbose_name="on",
                    ),
                ),
                (
                    "month_day",
                    models.PositiveSmallIntegerField(
                        default=1,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(31),
                        ],
                        verbose_name="on day",
                    ),
                ),
                ("time", models.TimeField(verbose_name="at")),
                (
                    "state",
                    models.CharField(
                        choices=[("ACTIVE", "Active"), ("PAUSED", "Paused"), ("ENDED", "Ended")],
                        default="ACTIVE",
                        max_length=6,
                    ),
                ),
                ("end_reason", models.CharField(blank=True, max_length=200)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "owner",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="organization.person",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="collaboration.exportschedule",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddIndex(
            model_name="exportschedule",
            index=models.Index(
                condition=models.Q(("next_run_at__isnull", False)), fields=["next_run_at"], name="schedule_due"
            ),
        ),
        migrations.AddIndex(
            model_name="exportschedule",
            index=models.Index(fields=["owner", "-created_at"], name="schedule_of_owner"),
        ),
        migrations.AddConstraint(
            model_name="exportschedule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("next_run_at__isnull", False), ("state", "ACTIVE")),
                    models.Q(models.Q(("state", "ACTIVE"), _negated=True), ("next_run_at__isnull", True)),
                    _connector="OR",
                ),
                name="schedule_runs_while_active",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="exportschedule",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "collaboration_exportscheduleevent" ("created_at", "end_reason", "file_format", "id", "month_day", "owner_id", "path", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "query", "rhythm", "state", "time", "title", "weekday") VALUES (NEW."created_at", NEW."end_reason", NEW."file_format", NEW."id", NEW."month_day", NEW."owner_id", NEW."path", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."query", NEW."rhythm", NEW."state", NEW."time", NEW."title", NEW."weekday"); RETURN NULL;',
                    hash="06a11077119a51570bda0e8645d047fc9bf70cab",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_488c3",
                    table="collaboration_exportschedule",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="exportschedule",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."end_reason" IS DISTINCT FROM (NEW."end_reason") OR OLD."file_format" IS DISTINCT FROM (NEW."file_format") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."month_day" IS DISTINCT FROM (NEW."month_day") OR OLD."owner_id" IS DISTINCT FROM (NEW."owner_id") OR OLD."path" IS DISTINCT FROM (NEW."path") OR OLD."query" IS DISTINCT FROM (NEW."query") OR OLD."rhythm" IS DISTINCT FROM (NEW."rhythm") OR OLD."state" IS DISTINCT FROM (NEW."state") OR OLD."time" IS DISTINCT FROM (NEW."time") OR OLD."title" IS DISTINCT FROM (NEW."title") OR OLD."weekday" IS DISTINCT FROM (NEW."weekday"))',
                    func='INSERT INTO "collaboration_exportscheduleevent" ("created_at", "end_reason", "file_format", "id", "month_day", "owner_id", "path", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "query", "rhythm", "state", "time", "title", "weekday") VALUES (NEW."created_at", NEW."end_reason", NEW."file_format", NEW."id", NEW."month_day", NEW."owner_id", NEW."path", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."query", NEW."rhythm", NEW."state", NEW."time", NEW."title", NEW."weekday"); RETURN NULL;',
                    hash="01aec7126e015974ddd158d65cecca06b09ec6df",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_10147",
                    table="collaboration_exportschedule",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="exportschedule",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "collaboration_exportscheduleevent" ("created_at", "end_reason", "file_format", "id", "month_day", "owner_id", "path", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "query", "rhythm", "state", "time", "title", "weekday") VALUES (OLD."created_at", OLD."end_reason", OLD."file_format", OLD."id", OLD."month_day", OLD."owner_id", OLD."path", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."query", OLD."rhythm", OLD."state", OLD."time", OLD."title", OLD."weekday"); RETURN NULL;',
                    hash="b3ec3bba7c31a446cd784ee2fc0d3cbdf12adebe",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_fb325",
                    table="collaboration_exportschedule",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddIndex(
            model_name="exportrecipient",
            index=models.Index(
                condition=models.Q(("stopped_at__isnull", True)), fields=["person"], name="schedule_of_person"
            ),
        ),
        migrations.AddConstraint(
            model_name="exportrecipient",
            constraint=models.UniqueConstraint(fields=("schedule", "person"), name="schedule_recipient_once"),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="exportrecipient",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "collaboration_exportrecipientevent" ("id", "person_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "schedule_id", "stop_reason", "stopped_at") VALUES (NEW."id", NEW."person_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."schedule_id", NEW."stop_reason", NEW."stopped_at"); RETURN NULL;',
                    hash="b8a13b1fae602093a07dbb603c5392eceefe97fc",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_7b8cd",
                    table="collaboration_exportrecipient",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="exportrecipient",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."person_id" IS DISTINCT FROM (NEW."person_id") OR OLD."schedule_id" IS DISTINCT FROM (NEW."schedule_id") OR OLD."stop_reason" IS DISTINCT FROM (NEW."stop_reason") OR OLD."stopped_at" IS DISTINCT FROM (NEW."stopped_at"))',
                    func='INSERT INTO "collaboration_exportrecipientevent" ("id", "person_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "schedule_id", "stop_reason", "stopped_at") VALUES (NEW."id", NEW."person_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."schedule_id", NEW."stop_reason", NEW."stopped_at"); RETURN NULL;',
                    hash="92f59752194c34469bb02be804b38258dfd058e1",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_42957",
                    table="collaboration_exportrecipient",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="exportrecipient",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "collaboration_exportrecipientevent" ("id", "person_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "schedule_id", "stop_reason", "stopped_at") VALUES (OLD."id", OLD."person_id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."schedule_id", OLD."stop_reason", OLD."stopped_at"); RETURN NULL;',
                    hash="1d30016c85c8702d76c2c0df68556ca7458e7c6d",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_42700",
                    table="collaboration_exportrecipient",
                    when="AFTER",
                ),
            ),
        ),
    ]
