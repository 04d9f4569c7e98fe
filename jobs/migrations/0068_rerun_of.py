"""Submissions name the job that they run again, however that was asked for."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import OuterRef, Subquery


def fill(apps, schema_editor):
    """Of what was run again together with others."""
    items = apps.get_model("jobs", "BulkItem").objects.filter(submission__isnull=False, action__kind="again")
    job = items.filter(submission=OuterRef("pk")).order_by().values("job")[:1]
    submissions = apps.get_model("jobs", "Submission").objects
    submissions.filter(pk__in=list(items.values_list("submission", flat=True))).update(rerun_of=Subquery(job))
    if schema_editor.connection.vendor == "postgresql":
        # Checks of foreign keys would wait for the commit, and then no index can be made.
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class Migration(migrations.Migration):
    dependencies = [("jobs", "0067_job_waits")]

    operations = [
        migrations.AddField(
            model_name="submission",
            name="rerun_of",
            field=models.ForeignKey(
                db_index=False,
                help_text="The job of another submission that it runs again.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="resubmissions",
                to="jobs.job",
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="submission",
            index=models.Index(
                condition=models.Q(rerun_of__isnull=False), fields=["rerun_of"], name="submission_rerun_of"
            ),
        ),
    ]
