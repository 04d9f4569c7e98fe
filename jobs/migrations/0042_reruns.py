"""Jobs that run again together say so. Those of earlier reruns of steps have one time of acceptance."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


def fill(apps, schema_editor):
    job_model, rerun_model = apps.get_model("jobs", "Job"), apps.get_model("jobs", "Rerun")
    steps = job_model.objects.filter(repeats__isnull=False, array_index=None).order_by()
    for submission, accepted_at in list(steps.values_list("submission", "accepted_at").distinct()):
        rerun = rerun_model.objects.create(submission_id=submission, created_at=accepted_at)
        steps.filter(submission=submission, accepted_at=accepted_at).update(rerun=rerun)
    if schema_editor.connection.vendor == "postgresql":
        # What is left of the migration changes tables, which checks of foreign keys that are left to the commit forbid.
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0040_skipped_steps"),
    ]

    operations = [
        migrations.CreateModel(
            name="Rerun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "submission",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="reruns", to="jobs.submission"
                    ),
                ),
            ],
            options={"ordering": ["-pk"]},
        ),
        migrations.AddField(
            model_name="job",
            name="rerun",
            field=models.ForeignKey(
                db_index=False,
                help_text="What it runs again with; null for the jobs of the first run.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="jobs",
                to="jobs.rerun",
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
