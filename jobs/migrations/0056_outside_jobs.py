"""Jobs that were submitted outside the portal can be adopted."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("jobs", "0055_bulk_actions")]

    operations = [
        migrations.AddField(
            model_name="account",
            name="adopts_outside_jobs",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Jobs on the account's queues that were submitted elsewhere join the history of the team in "
                "their tag portal:team, or of the queue's only team. Administrators see the others.",
                verbose_name="show jobs submitted outside the portal",
            ),
        ),
        migrations.AddField(
            model_name="job",
            name="outside",
            field=models.BooleanField(
                db_default=False, default=False, help_text="Submitted outside the portal, which only observes it."
            ),
        ),
        migrations.AlterField(
            model_name="submission",
            name="source",
            field=models.CharField(
                choices=[
                    ("form", "Form"),
                    ("json", "JSON"),
                    ("api", "API"),
                    ("schedule", "Schedule"),
                    ("rerun", "Rerun"),
                    ("recovered", "AWS import"),
                    ("outside", "Outside the portal"),
                ],
                max_length=10,
            ),
        ),
    ]
