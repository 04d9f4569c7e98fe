"""Labels, choices and help texts: nouns, and the words of the pages."""

from importlib import import_module

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

StateOnly = import_module("jobs.migrations.0029_help_texts").StateOnly


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0032_leads_manage_members"),
    ]

    labels = [
        migrations.AlterField(
            model_name="definition",
            name="archived_at",
            field=models.DateTimeField(
                editable=False, help_text="When it was deactivated.", null=True, verbose_name="deactivated at"
            ),
        ),
        migrations.AlterField(
            model_name="definition",
            name="archived_by",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="deactivated by",
            ),
        ),
        migrations.AlterField(
            model_name="discrepancy",
            name="kind",
            field=models.CharField(
                choices=[
                    ("duplicate", "A second job in AWS for a job of the portal"),
                    ("orphan", "A job of the portal in AWS that the database didn't have"),
                    ("unwanted", "A job in AWS that the portal had withdrawn"),
                    ("unreadable", "A job of the portal in AWS that could not be imported"),
                ],
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="job",
            name="lost_workers",
            field=models.PositiveSmallIntegerField(
                default=0, help_text="How many workers stopped unexpectedly while delivering it."
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
                ],
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="tagrule",
            name="filled_by",
            field=models.CharField(
                choices=[
                    ("person", "User (default suggested)"),
                    ("team", "Team (user can override)"),
                    ("portal", "Portal (fixed)"),
                ],
                default="person",
                max_length=10,
                verbose_name="set by",
            ),
        ),
        migrations.AlterField(
            model_name="team",
            name="approval_array_size",
            field=models.PositiveIntegerField(
                blank=True, help_text="Child jobs of all arrays together.", null=True, verbose_name="array child jobs"
            ),
        ),
        migrations.AlterField(
            model_name="team",
            name="approval_gpus",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="All jobs together; an array counts once per child job.",
                null=True,
                verbose_name="GPUs",
            ),
        ),
        migrations.AlterField(
            model_name="team",
            name="further_fields",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text="AWS Batch fields that the portal doesn't know yet but the team can use.",
                verbose_name="additional AWS Batch fields",
            ),
        ),
        migrations.AlterField(
            model_name="team",
            name="resubmit_by_itself",
            field=models.BooleanField(
                default=True,
                help_text="Submit a job again if AWS didn't confirm it and doesn't have it. If off, such a job is held until a team lead releases or withdraws it.",
                verbose_name="resubmit automatically",
            ),
        ),
    ]
    operations = [StateOnly(state_operations=labels)]
