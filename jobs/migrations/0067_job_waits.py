"""Jobs can be sorted by wait time. `jobs.models.wait_backlog` fills it for the jobs that there are."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import ProjectState


class AddNumber(migrations.AddField):
    """Add a column that is zero, without the copy of the table that Django makes in SQLite."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        if schema_editor.connection.vendor != "sqlite":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model = to_state.apps.get_model(app_label, self.model_name)
        table, column = (schema_editor.quote_name(name) for name in (model._meta.db_table, self.name))
        schema_editor.execute(f"ALTER TABLE {table} ADD COLUMN {column} bigint DEFAULT 0 NOT NULL")


def note_backlog(apps, schema_editor):
    newest = apps.get_model("jobs", "Job").objects.order_by("-pk").values_list("pk", flat=True).first()
    if newest is not None:
        apps.get_model("jobs", "WaitBacklog").objects.create(below=newest + 1)


class Migration(migrations.Migration):
    dependencies = [("jobs", "0066_actual_costs")]

    operations = [
        migrations.CreateModel(
            name="WaitBacklog",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("below", models.BigIntegerField()),
            ],
        ),
        AddNumber(
            model_name="job",
            name="wait_ms",
            field=models.BigIntegerField(
                db_default=0,
                default=0,
                help_text="Time from its acceptance to the start of its last attempt in milliseconds.",
            ),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(fields=["team", "-wait_ms", "-id"], name="job_of_team_wait"),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(fields=["-wait_ms", "-id"], name="job_by_wait"),
        ),
        migrations.RunPython(note_backlog, migrations.RunPython.noop),
    ]
