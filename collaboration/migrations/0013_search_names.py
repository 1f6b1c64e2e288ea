"""Words of names have an index of their own."""

import django.contrib.postgres.indexes
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("collaboration", "0012_notification_of_subject"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="searchrow",
            index=django.contrib.postgres.indexes.GinIndex(
                models.Func(models.F("vector"), template="ts_filter(%(expressions)s, '{a}')"),
                condition=models.Q(("is_gone", False)),
                name="search_names",
            ),
        ),
    ]
