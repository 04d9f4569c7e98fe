"""Numbers of jobs by status are kept."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Count


def fill(apps, schema_editor):
    charged = apps.get_model("jobs", "Job").objects.filter(charged_at__isnull=False).order_by()
    job_count = apps.get_model("jobs", "JobCount")
    job_count.objects.bulk_create(
        job_count(team_id=team, delivery=delivery, state=state, number=number)
        for team, delivery, state, number in charged.values_list("team", "delivery", "state").annotate(Count("pk"))
    )


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
        return
    for table in ("jobs_job", "jobs_submission", "jobs_jobcount"):
        schema_editor.execute(f"ANALYZE {table}")


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0046_indexes_for_long_histories"),
    ]

    operations = [
        migrations.CreateModel(
            name="JobCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("delivery", models.CharField(max_length=10)),
                ("state", models.CharField(blank=True, max_length=20)),
                ("number", models.PositiveBigIntegerField(default=0)),
                (
                    "team",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="jobs.team",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["team", "delivery", "state"], name="one_count_a_status")
                ],
            },
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RunPython(analyze, migrations.RunPython.noop),
    ]
