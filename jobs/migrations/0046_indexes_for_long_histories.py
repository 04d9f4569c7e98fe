"""Lists of jobs take the same time however long the history is."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import OuterRef, Q, Subquery


def fill(apps, schema_editor):
    submissions = apps.get_model("jobs", "Submission").objects.filter(pk=OuterRef("submission"))
    apps.get_model("jobs", "Job").objects.update(person=Subquery(submissions.values("person")[:1]))
    if schema_editor.connection.vendor == "postgresql":
        # Checks of foreign keys would wait for the commit, and then no index can be made.
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def person(**options):
    return models.ForeignKey(
        db_index=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to=settings.AUTH_USER_MODEL,
        **options,
    )


class DropIndex(migrations.AlterField):
    """On SQLite leave the index to the next operation, which rebuilds the table: twice would take twice as long."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor != "sqlite":
            super().database_forwards(app_label, schema_editor, from_state, to_state)


def index(*fields, name, **options):
    return migrations.AddIndex(model_name="job", index=models.Index(fields=list(fields), name=name, **options))


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0045_rerun_requests"),
    ]

    operations = [
        migrations.AddField(model_name="job", name="person", field=person(null=True)),
        migrations.RunPython(fill, migrations.RunPython.noop),
        DropIndex(
            model_name="job",
            name="team",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="jobs",
                to="jobs.team",
            ),
        ),
        migrations.AlterField(model_name="job", name="person", field=person()),
        index("team", "-id", name="job_of_team_live", condition=Q(ended_at=None)),
        index("team", "delivery", "state", name="job_of_team_uncharged", condition=Q(charged_at=None)),
        index("team", "accepted_at", "id", name="job_of_team_accepted"),
        index("team", "queue", "-id", name="job_of_team_queue"),
        index("person", "team", "-id", name="job_of_person"),
        migrations.AddIndex(
            model_name="submission",
            index=models.Index(fields=["team", "-public_id"], name="submission_of_team_public"),
        ),
    ]
