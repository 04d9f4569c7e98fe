"""Submissions name the first job of the chain of reruns that they belong to."""

import django.db.models.deletion
from django.db import migrations, models


def fill(apps, schema_editor):
    """In the order in which they were submitted: few rows, since `rerun_of` is new."""
    reruns = apps.get_model("jobs", "Submission").objects.filter(rerun_of__isnull=False).order_by("pk")
    for submission in reruns.select_related("rerun_of__submission").iterator():
        submission.rerun_origin_id = submission.rerun_of.submission.rerun_origin_id or submission.rerun_of_id
        submission.save(update_fields=["rerun_origin"])
    if schema_editor.connection.vendor == "postgresql":
        # Checks of foreign keys would wait for the commit, and then no index can be made.
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class Migration(migrations.Migration):
    dependencies = [("jobs", "0074_search_by_instance")]

    operations = [
        migrations.AddField(
            model_name="submission",
            name="rerun_origin",
            field=models.ForeignKey(
                db_index=False,
                help_text=(
                    "The first job of the chain of reruns, which itself runs no other again."
                ),
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="jobs.job",
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="submission",
            index=models.Index(
                condition=models.Q(rerun_origin__isnull=False),
                fields=["rerun_origin"],
                name="submission_rerun_origin",
            ),
        ),
    ]
