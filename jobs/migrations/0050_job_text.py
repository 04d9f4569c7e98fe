"""Words of jobs and more indexes, for searches. `jobs.models.job_text_backlog` fills them for the jobs that there are."""

import django.db.models.deletion
from django.db import migrations, models

CREATE = {
    "sqlite": ["CREATE VIRTUAL TABLE jobs_jobtext USING fts5(words, tokenize = 'ascii', columnsize = 0)"],
    "postgresql": [
        "CREATE TABLE jobs_jobtext (rowid bigint PRIMARY KEY, words tsvector NOT NULL)",
        "CREATE INDEX job_text_words ON jobs_jobtext USING gin (words)",
    ],
}


def create(apps, schema_editor):
    for statement in CREATE[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def drop(apps, schema_editor):
    schema_editor.execute("DROP TABLE jobs_jobtext")


def note_backlog(apps, schema_editor):
    newest = apps.get_model("jobs", "Job").objects.order_by("-pk").values_list("pk", flat=True).first()
    if newest is not None:
        apps.get_model("jobs", "JobTextBacklog").objects.create(below=newest + 1)


def analyze(apps, schema_editor):
    """Tell the planner of the new indexes. An empty table would be remembered as empty.

    On SQLite of all tables, with few rows of each: from estimates that differ between tables, it plans worse than
    from none.
    """
    if not apps.get_model("jobs", "Job").objects.exists():
        return
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("PRAGMA analysis_limit = 1000")
        schema_editor.execute("ANALYZE")
    else:
        schema_editor.execute("ANALYZE jobs_job")


def index(*fields, name, **options):
    return migrations.AddIndex(model_name="job", index=models.Index(fields=list(fields), name=name, **options))


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0049_poll_interval_help"),
    ]

    operations = [
        migrations.CreateModel(
            name="JobText",
            fields=[
                (
                    "job",
                    models.OneToOneField(
                        db_column="rowid",
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="text",
                        serialize=False,
                        to="jobs.job",
                    ),
                ),
                ("words", models.TextField()),
            ],
            options={"db_table": "jobs_jobtext", "managed": False},
        ),
        migrations.CreateModel(
            name="JobTextBacklog",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("below", models.BigIntegerField()),
            ],
        ),
        migrations.RunPython(create, drop),
        migrations.RunPython(note_backlog, migrations.RunPython.noop),
        index("-usd_units", "-id", name="job_by_cost"),
        index("-run_ms", "-id", name="job_by_run"),
        index("team", "exit_code", name="job_of_team_exit", condition=models.Q(exit_code__gt=0)),
        migrations.RunPython(analyze, migrations.RunPython.noop),
    ]
