"""Costs are kept as totals by day and month. `jobs.models.cost_rebuild` adds up the months that there are."""

import django.db.models.deletion
from django.db import migrations, models


def note_backlog(apps, schema_editor):
    """Read the first and the last day of each team by the index, not its lines."""
    backlog = apps.get_model("jobs", "CostBacklog")
    for team in apps.get_model("jobs", "Team").objects.order_by("pk"):
        days = (
            apps.get_model("jobs", "CostLine").objects.filter(team=team).order_by("day").values_list("day", flat=True)
        )
        month, last = days.first(), days.last()
        while month is not None and month <= last:
            month = month.replace(day=1)
            backlog.objects.create(team=team, month=month)
            month = month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0057_cost_line_corrections"),
    ]

    operations = [
        migrations.CreateModel(
            name="CostGroup",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(blank=True, max_length=12)),
                ("key", models.CharField(blank=True, max_length=128)),
                ("value", models.CharField(blank=True, max_length=256)),
                ("kind2", models.CharField(blank=True, max_length=12)),
                ("key2", models.CharField(blank=True, max_length=128)),
                ("value2", models.CharField(blank=True, max_length=256)),
                ("digest", models.CharField(max_length=32, unique=True)),
                (
                    "team",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="jobs.team"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="CostTagKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=128)),
                ("is_summed", models.BooleanField(default=True)),
                ("is_crossed", models.BooleanField(default=False)),
                (
                    "team",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="jobs.team"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="CostTotal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("period", models.CharField(max_length=1)),
                ("start", models.DateField()),
                ("usd_units", models.BigIntegerField(default=0)),
                ("failed_units", models.BigIntegerField(default=0)),
                ("billed_ms", models.BigIntegerField(default=0)),
                ("jobs", models.BigIntegerField(default=0)),
                ("attempts", models.BigIntegerField(default=0)),
                ("free", models.BigIntegerField(default=0)),
                (
                    "group",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="totals",
                        to="jobs.costgroup",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="CostBacklog",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField()),
                (
                    "team",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="jobs.team"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("team", "month"), name="one_cost_backlog")],
            },
        ),
        migrations.AddIndex(
            model_name="costgroup",
            index=models.Index(fields=["team", "kind", "key", "kind2", "key2"], name="cost_group_of_team"),
        ),
        migrations.AddConstraint(
            model_name="costtagkey",
            constraint=models.UniqueConstraint(fields=("team", "key"), name="one_cost_tag_key"),
        ),
        migrations.AddConstraint(
            model_name="costtotal",
            constraint=models.UniqueConstraint(fields=("group", "period", "start"), name="one_cost_total"),
        ),
        migrations.RunPython(note_backlog, migrations.RunPython.noop),
    ]
