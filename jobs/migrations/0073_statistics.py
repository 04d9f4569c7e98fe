"""Tells the planner of the indexes that came since the last time, among them those of wait times.

Without statistics of these, SQLite read the whole history for a team's home page, and for its lists of jobs.
"""

from django.db import migrations


def analyze(apps, schema_editor):
    """An empty table would be remembered as empty. On SQLite all tables are analyzed, with few rows of each."""
    if not apps.get_model("jobs", "Job").objects.exists():
        return
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("PRAGMA analysis_limit = 1000")
        schema_editor.execute("ANALYZE")
    else:
        schema_editor.execute("ANALYZE jobs_job")


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0072_cost_exports"),
    ]

    operations = [
        migrations.RunPython(analyze, migrations.RunPython.noop),
    ]
