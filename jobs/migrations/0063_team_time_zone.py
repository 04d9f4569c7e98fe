"""Time zones of teams, by which their costs are counted."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0062_launch_forms"),
    ]

    operations = [
        migrations.AddField(
            model_name="team",
            name="time_zone",
            field=models.CharField(
                db_default="UTC",
                default="UTC",
                help_text="An attempt costs on the day on which it ended in this time zone, for example Europe/Zurich. A change applies to attempts that end later.",
                max_length=40,
            ),
        ),
        migrations.AlterField(
            model_name="costline",
            name="day",
            field=models.DateField(
                help_text="Day on which the attempt ended, in the time zone that the team then had."
            ),
        ),
    ]
