"""Workflow templates, their versions, and which of them a submission was started from."""

import django.db.models.deletion
import jobs.models.ids
from django.conf import settings
from django.db import migrations, models


def user(**options):
    options = {"null": True, "on_delete": django.db.models.deletion.SET_NULL, "related_name": "+", **options}
    return models.ForeignKey(to=settings.AUTH_USER_MODEL, **options)


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0042_reruns"),
    ]

    operations = [
        migrations.CreateModel(
            name="WorkflowTemplate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=jobs.models.ids.new_id, editable=False, unique=True)),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="templates", to="jobs.team"
                    ),
                ),
                ("name", models.CharField(max_length=128)),
                (
                    "description",
                    models.CharField(blank=True, help_text="What it is for, in one sentence.", max_length=300),
                ),
                ("owner", user(help_text="Who created it.")),
                ("run_count", models.PositiveIntegerField(default=0, editable=False)),
                (
                    "used_at",
                    models.DateTimeField(editable=False, help_text="When it was last started.", null=True),
                ),
                ("archived_at", models.DateTimeField(editable=False, null=True)),
                ("archived_by", user(editable=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ["name"],
                "constraints": [models.UniqueConstraint(fields=("team", "name"), name="one_template_of_a_name")],
            },
        ),
        migrations.CreateModel(
            name="TemplateVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=jobs.models.ids.new_id, editable=False, unique=True)),
                (
                    "template",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="versions",
                        to="jobs.workflowtemplate",
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("text", models.TextField(help_text="The workflow as it was written.")),
                ("document", models.JSONField(help_text="The workflow parsed from the text.")),
                ("parameters", models.JSONField(default=list)),
                ("note", models.CharField(blank=True, help_text="Why it was made.", max_length=300)),
                ("created_by", user()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ["-number"],
                "constraints": [
                    models.UniqueConstraint(fields=("template", "number"), name="one_version_of_a_number")
                ],
            },
        ),
        migrations.AddField(
            model_name="submission",
            name="template_version",
            field=models.ForeignKey(
                help_text="The version of the workflow template that it was started from.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="submissions",
                to="jobs.templateversion",
            ),
        ),
        migrations.AddField(
            model_name="submission",
            name="template_values",
            field=models.JSONField(
                default=dict, help_text="Values of the template's parameters, secrets masked."
            ),
        ),
    ]
