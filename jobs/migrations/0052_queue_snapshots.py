"""Adds the front of each queue, and since when AWS gives a job's status reason."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("jobs", "0051_saved_views")]

    operations = [
        migrations.AddField(
            model_name="job",
            name="reason_since",
            field=models.DateTimeField(
                help_text="When its present status reason was first observed; empty without one.", null=True
            ),
        ),
        migrations.CreateModel(
            name="QueueSnapshot",
            fields=[
                (
                    "queue",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="snapshot",
                        serialize=False,
                        to="jobs.queue",
                    ),
                ),
                (
                    "job_ids",
                    models.JSONField(
                        default=list,
                        help_text="AWS job IDs of the first RUNNABLE jobs, in the order in which they start.",
                    ),
                ),
                ("read_at", models.DateTimeField(null=True)),
                ("requested_at", models.DateTimeField(null=True)),
                (
                    "error",
                    models.TextField(blank=True, help_text="Why the last request failed; empty if it succeeded."),
                ),
            ],
        ),
    ]
