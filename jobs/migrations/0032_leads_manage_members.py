"""Teams may let their leads manage viewers and analysts."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0031_team_default_size"),
    ]

    operations = [
        migrations.AddField(
            model_name="team",
            name="leads_manage_members",
            field=models.BooleanField(
                default=False,
                help_text="Team leads can add and remove viewers and analysts. Only administrators make leads.",
                verbose_name="leads manage members",
            ),
        ),
    ]
