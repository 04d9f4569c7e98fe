"""A step of a submission can run again in the same submission: its jobs know their step and each other."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F


def fill(apps, schema_editor):
    apps.get_model("jobs", "Job").objects.update(step=F("position"))


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0035_step_conditions"),
    ]

    operations = [
        migrations.AddField(
            model_name="job",
            name="step",
            field=models.PositiveIntegerField(
                default=0, help_text="Position of its step in the submission's document."
            ),
        ),
        migrations.AddField(
            model_name="job",
            name="repeats",
            field=models.ForeignKey(
                help_text="The job of the same submission that this one runs again.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="repeated_by",
                to="jobs.job",
            ),
        ),
        migrations.AddField(
            model_name="job",
            name="array_index",
            field=models.PositiveIntegerField(
                help_text="Index of the array job `repeats` that this single job runs again.", null=True
            ),
        ),
        migrations.AddField(
            model_name="job",
            name="superseded",
            field=models.BooleanField(
                default=False, help_text="Whether a later job of the same step took its place."
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.UniqueConstraint(
                condition=models.Q(("array_index", None), ("superseded", False)),
                fields=("submission", "step"),
                name="one_current_job_a_step",
            ),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.UniqueConstraint(
                condition=models.Q(("array_index__isnull", False), ("superseded", False)),
                fields=("repeats", "array_index"),
                name="one_current_job_an_index",
            ),
        ),
    ]
