"""Causes of failures are stored. Rows of old jobs are made here; the portal finds their causes in the background."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q
from django.utils.timezone import now

FAILED = Q(state__in=["FAILED", "LOST"]) | Q(delivery="REFUSED")
BATCH_SIZE = 20_000


def fill(apps, schema_editor):
    job_model, job_failure = apps.get_model("jobs", "Job"), apps.get_model("jobs", "JobFailure")
    keys, due_at = job_model.objects.values_list("pk", flat=True), now()
    first, last = keys.order_by("pk").first() or 0, keys.order_by("-pk").first() or 0
    columns = ("pk", "team_id", "account_id", "definition_id", "ended_at")
    for start in range(first - 1, last + 1, BATCH_SIZE):
        charged = job_model.objects.filter(FAILED, pk__gt=start, pk__lte=start + BATCH_SIZE, charged_at__isnull=False)
        job_failure.objects.bulk_create(
            (
                job_failure(
                    job_id=job,
                    team_id=team,
                    account_id=account,
                    definition_id=definition,
                    ended_at=ended_at or due_at,
                    due_at=due_at,
                )
                for job, team, account, definition, ended_at in charged.order_by("pk").values_list(*columns)
            ),
            batch_size=1_000,
        )


def key(model, **options):
    return models.ForeignKey(related_name="+", to=f"jobs.{model}", db_index=False, **options)


CASCADE, PROTECT = django.db.models.deletion.CASCADE, django.db.models.deletion.PROTECT


class Migration(migrations.Migration):
    dependencies = [("jobs", "0053_log_copies")]

    operations = [
        migrations.CreateModel(
            name="JobFailure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ended_at", models.DateTimeField()),
                (
                    "first_index",
                    models.PositiveIntegerField(
                        help_text="First child of the array with this cause; null for the job itself.", null=True
                    ),
                ),
                (
                    "child_count",
                    models.PositiveIntegerField(default=0, help_text="Children of the array with this cause."),
                ),
                (
                    "cause",
                    models.CharField(
                        blank=True, help_text="Stable name of the cause; empty until it is known.", max_length=32
                    ),
                ),
                ("exit_code", models.IntegerField(null=True)),
                (
                    "lines",
                    models.JSONField(default=list, help_text="The last error lines of the log, secrets masked."),
                ),
                (
                    "last_line",
                    models.CharField(
                        blank=True,
                        help_text="What stands for the failure in its family, without numbers and ids.",
                        max_length=200,
                    ),
                ),
                (
                    "family",
                    models.CharField(
                        blank=True,
                        help_text="The same for the same cause, exit code and last line.",
                        max_length=10,
                    ),
                ),
                (
                    "due_at",
                    models.DateTimeField(
                        help_text="When the cause or the log is to be read; null if done.", null=True
                    ),
                ),
                (
                    "tries",
                    models.PositiveSmallIntegerField(default=0, help_text="How often the log was not there."),
                ),
                ("account", key("account", on_delete=CASCADE)),
                ("definition", key("definition", on_delete=PROTECT)),
                (
                    "job",
                    models.ForeignKey(
                        db_index=False, on_delete=CASCADE, related_name="failures", to="jobs.job"
                    ),
                ),
                ("team", key("team", on_delete=CASCADE)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["job"], name="failure_of_job"),
                    models.Index(fields=["team", "ended_at", "family", "definition"], name="failure_of_team"),
                    models.Index(fields=["team", "family", "-job"], name="failure_of_family"),
                    models.Index(fields=["team", "cause", "-job"], name="failure_of_cause"),
                    models.Index(
                        condition=Q(due_at__isnull=False), fields=["account", "due_at"], name="failure_due"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=Q(first_index=None), fields=("job",), name="one_failure_a_job"
                    ),
                    models.UniqueConstraint(
                        condition=Q(first_index__isnull=False),
                        fields=("job", "first_index"),
                        name="one_failure_a_child",
                    ),
                ],
            },
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=False),
    ]
