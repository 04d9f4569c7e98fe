"""Jobs that were submitted outside the portal can be adopted."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import ProjectState


class AddFlag(migrations.AddField):
    """Add a column that is false, without the copy of the table that Django makes in SQLite."""

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
        schema_editor.execute(f"ALTER TABLE {table} ADD COLUMN {column} bool DEFAULT 0 NOT NULL")


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
        AddFlag(
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
