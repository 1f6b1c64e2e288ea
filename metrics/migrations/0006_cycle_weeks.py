from django.db import migrations, models

_WEEKS_OF_DAYS = """
    INSERT INTO metrics_cycleweek (scope_kind, scope_id, week, item_type, cycle_days, count)
    SELECT scope_kind, scope_id, date_trunc('week', day)::date, item_type, cycle_days, sum(count)
      FROM metrics_cyclecount
     GROUP BY 1, 2, 3, 4, 5
"""


class Migration(migrations.Migration):
    """Histograms by ISO week instead of by day. Backwards they are empty: `manage.py rollup --repair` fills them."""

    dependencies = [
        ("metrics", "0005_progress"),
    ]

    operations = [
        migrations.CreateModel(
            name="CycleWeek",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "scope_kind",
                        "scope_id",
                        "week",
                        "item_type",
                        "cycle_days",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("scope_kind", models.CharField(choices=[("UNIT", "Unit")], max_length=8)),
                ("scope_id", models.BigIntegerField()),
                ("week", models.DateField()),
                (
                    "item_type",
                    models.CharField(
                        choices=[
                            ("STORY", "Story"),
                            ("BUG", "Bug"),
                            ("TASK", "Task"),
                            ("SPIKE", "Spike"),
                            ("SUBTASK", "Sub-task"),
                        ],
                        max_length=8,
                    ),
                ),
                ("cycle_days", models.IntegerField()),
                ("count", models.IntegerField()),
            ],
        ),
        migrations.RunSQL(_WEEKS_OF_DAYS, migrations.RunSQL.noop),
        migrations.DeleteModel(
            name="CycleCount",
        ),
    ]
