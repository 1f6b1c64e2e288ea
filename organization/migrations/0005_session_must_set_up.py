from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("organization", "0004_sign_in"),
    ]

    operations = [
        migrations.AddField(
            model_name="usersession",
            name="must_set_up",
            field=models.BooleanField(
                default=False,
                editable=False,
                help_text="A role of its person needs a second step that is not there yet.",
            ),
        ),
    ]
