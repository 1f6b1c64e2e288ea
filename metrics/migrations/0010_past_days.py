"""What lasted longer than a moment is one stretch of an index; a unit's whole flow is found by its own."""

from datetime import UTC, datetime

from django.db import migrations, models
from django.db.models.functions import Coalesce

ENDS_AT = Coalesce("to_at", models.Value(datetime(9999, 12, 31, tzinfo=UTC), models.DateTimeField()))


class Migration(migrations.Migration):
    dependencies = [
        ("metrics", "0009_search"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="iteminterval",
            name="interval_wip",
        ),
        migrations.AddIndex(
            model_name="iteminterval",
            index=models.Index(
                models.F("unit"),
                ENDS_AT,
                models.F("from_at"),
                condition=models.Q(("is_wip", True)),
                include=("to_at", "item_type", "item"),
                name="interval_in_progress",
            ),
        ),
        migrations.AddIndex(
            model_name="iteminterval",
            index=models.Index(
                models.F("unit"),
                ENDS_AT,
                models.F("from_at"),
                condition=models.Q(
                    ("category__in", ("BACKLOG", "COMMITTED", "ACTIVE", "WAITING")),
                    ("is_wip", False),
                ),
                name="interval_not_begun",
            ),
        ),
        migrations.AddIndex(
            model_name="iteminterval",
            index=models.Index(fields=["unit"], name="interval_unit"),
        ),
    ]
