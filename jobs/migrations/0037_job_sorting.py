"""Jobs can be sorted by cost and run time; ended arrays get the times of their child jobs."""

from datetime import timedelta

from django.db import migrations, models
from django.db.models import BigIntegerField, Count, F, Max, Min, OuterRef, Subquery, Sum
from django.db.models.functions import Cast, Coalesce, Round

UNITS_PER_USD = 10**10
CHUNK_SIZE = 1_000


def fill(apps, schema_editor):
    job_model = apps.get_model("jobs", "Job")
    lines = apps.get_model("jobs", "CostLine").objects.filter(job=OuterRef("pk")).order_by().values("job")
    units = Sum(Cast(Round(F("usd") * UNITS_PER_USD), BigIntegerField()), output_field=BigIntegerField())
    charged = job_model.objects.filter(charged_at__isnull=False)
    charged.update(usd_units=Coalesce(Subquery(lines.annotate(units=units).values("units")), 0))
    _fill_array_times(apps)
    last_pk = 0
    ended = job_model.objects.filter(started_at__isnull=False, stopped_at__gt=F("started_at")).order_by("pk")
    while chunk := list(ended.filter(pk__gt=last_pk).only("pk", "started_at", "stopped_at")[:CHUNK_SIZE]):
        for job in chunk:
            job.run_ms = (job.stopped_at - job.started_at) // timedelta(milliseconds=1)
        job_model.objects.bulk_update(chunk, ["run_ms"], batch_size=200)
        last_pk = chunk[-1].pk
    if schema_editor.connection.vendor == "postgresql":
        # A row that is updated twice leaves checks of its foreign keys to the commit, and then no index can be made.
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def _fill_array_times(apps):
    """Only where all of its child jobs were read."""
    arrays = apps.get_model("jobs", "Job").objects.filter(
        array_size__isnull=False, ended_at__isnull=False, started_at=None
    )
    children = apps.get_model("jobs", "ArrayChild").objects.filter(job__in=arrays).order_by().values("job")
    for row in children.annotate(
        size=F("job__array_size"), number=Count("pk"), start=Min("started_at"), end=Max("stopped_at")
    ).filter(number=F("size")):
        if row["start"] and row["end"]:
            arrays.filter(pk=row["job"]).update(started_at=row["start"], stopped_at=row["end"])


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0036_step_attempts"),
    ]

    operations = [
        migrations.AddField(
            model_name="job",
            name="usd_units",
            field=models.BigIntegerField(
                db_default=0, default=0, help_text="Sum of its cost lines in ten-billionths of a dollar."
            ),
        ),
        migrations.AddField(
            model_name="job",
            name="run_ms",
            field=models.BigIntegerField(
                db_default=0, default=0, help_text="Run time of its last attempt in milliseconds."
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(fields=["team", "-usd_units", "-id"], name="job_of_team_cost"),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(fields=["team", "-run_ms", "-id"], name="job_of_team_run"),
        ),
    ]
