"""Saved views of the list of jobs, the columns that a person chose, and the list of workflows."""

import django.db.models.deletion
import jobs.models.ids
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0050_job_text"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="job_columns",
            field=models.JSONField(
                default=list, editable=False, help_text="Columns of the list of jobs; empty: the usual ones."
            ),
        ),
        migrations.AddIndex(
            model_name="submission",
            index=models.Index(
                condition=Q(kind="workflow"), fields=["team", "-public_id"], name="workflow_of_team"
            ),
        ),
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=jobs.models.ids.new_id, editable=False, unique=True)),
                (
                    "team",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="saved_views",
                        to="jobs.team",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("name", models.CharField(max_length=60)),
                ("search", models.CharField(blank=True, max_length=1000)),
                ("scope", models.CharField(blank=True, max_length=10)),
                ("sort", models.CharField(blank=True, max_length=20)),
                (
                    "columns",
                    models.JSONField(default=list, help_text="Names of columns; empty: those of the person."),
                ),
                ("is_default", models.BooleanField(default=False, help_text="Jobs opens with it.")),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "ordering": ["name", "pk"],
                "indexes": [models.Index(fields=["team", "person"], name="view_of_team")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=Q(person__isnull=False),
                        fields=("team", "person", "name"),
                        name="one_own_view_of_a_name",
                    ),
                    models.UniqueConstraint(
                        condition=Q(person=None), fields=("team", "name"), name="one_team_view_of_a_name"
                    ),
                    models.UniqueConstraint(
                        condition=Q(person__isnull=False, is_default=True),
                        fields=("team", "person"),
                        name="one_own_default_view",
                    ),
                    models.UniqueConstraint(
                        condition=Q(person=None, is_default=True),
                        fields=("team",),
                        name="one_default_view_of_a_team",
                    ),
                ],
            },
        ),
    ]
