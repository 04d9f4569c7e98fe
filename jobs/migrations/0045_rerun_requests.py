"""Jobs that run again can need approval: a request is for a submission or for a rerun, and says who made it."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import OuterRef, Subquery


def fill(apps, schema_editor):
    submissions = apps.get_model("jobs", "Submission").objects.filter(pk=OuterRef("submission"))
    apps.get_model("jobs", "Approval").objects.update(requester=Subquery(submissions.values("person")[:1]))
    if schema_editor.connection.vendor == "postgresql":
        # What is left of the migration changes the table, which checks of foreign keys left to the commit forbid.
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def rerun_text(name, **options):
    return migrations.AddField("rerun", name, models.CharField(blank=True, default="", **options), preserve_default=False)


def requester(**options):
    user = settings.AUTH_USER_MODEL
    return models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=user, **options)


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0044_stopped_arrays"),
    ]

    operations = [
        migrations.AddField(
            model_name="rerun",
            name="text",
            field=models.TextField(blank=True, default="", help_text="The document of the jobs, verbatim."),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="rerun",
            name="document",
            field=models.JSONField(default=dict, help_text="The document parsed from the text."),
        ),
        rerun_text(
            "start",
            max_length=64,
            help_text="What to run again: failed, all, or the ID of a job; empty for indexes.",
        ),
        rerun_text("version", max_length=16, help_text="Digest of the jobs that it runs again."),
        migrations.AddField(
            model_name="rerun",
            name="array_job",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="jobs.job"
            ),
        ),
        migrations.AddField(
            model_name="rerun",
            name="indexes",
            field=models.TextField(
                blank=True, default="", help_text="Indexes of the array job to run again, such as 3, 17-20."
            ),
            preserve_default=False,
        ),
        rerun_text("run_as", max_length=10, help_text="Single jobs or one array: single or array."),
        rerun_text(
            "index_by", max_length=10, help_text="How the index reaches the program: variable or wrapper."
        ),
        migrations.AddField(model_name="approval", name="requester", field=requester(null=True)),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AlterField(model_name="approval", name="requester", field=requester()),
        migrations.AlterField(
            model_name="approval",
            name="submission",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="approvals", to="jobs.submission"
            ),
        ),
        migrations.AddField(
            model_name="approval",
            name="rerun",
            field=models.OneToOneField(
                help_text="What is to run again in the submission; null: the request is for the submission.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="approval",
                to="jobs.rerun",
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.UniqueConstraint(
                condition=models.Q(("rerun", None)), fields=("submission",), name="one_approval_of_a_submission"
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.UniqueConstraint(
                condition=models.Q(("decision", "waiting")),
                fields=("submission",),
                name="one_waiting_request_a_submission",
            ),
        ),
    ]
