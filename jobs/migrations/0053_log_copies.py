"""Adds the tables of copied logs."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("jobs", "0052_queue_snapshots")]

    operations = [
        migrations.CreateModel(
            name="LogCopy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("log_group", models.CharField(max_length=512)),
                ("stream", models.CharField(max_length=512)),
                ("line_count", models.PositiveBigIntegerField(default=0)),
                ("stored_bytes", models.PositiveBigIntegerField(default=0)),
                (
                    "token",
                    models.CharField(
                        blank=True, help_text="AWS's token for the lines after the last one.", max_length=2048
                    ),
                ),
                (
                    "last_event_ms",
                    models.BigIntegerField(default=0, help_text="Time of the last line, in ms since 1970."),
                ),
                (
                    "read_at",
                    models.DateTimeField(help_text="When lines were last requested from AWS.", null=True),
                ),
                (
                    "is_caught_up",
                    models.BooleanField(
                        default=False, help_text="Whether the end of the stream was reached once."
                    ),
                ),
                (
                    "is_complete",
                    models.BooleanField(
                        default=False, help_text="Whether the stream has ended and is all here."
                    ),
                ),
                ("lease_until", models.DateTimeField(null=True)),
                ("viewed_at", models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="jobs.account",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "log copies",
                "constraints": [
                    models.UniqueConstraint(fields=("account", "log_group", "stream"), name="one_copy_a_stream")
                ],
            },
        ),
        migrations.CreateModel(
            name="LogChunk",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("first_line", models.PositiveBigIntegerField()),
                ("line_count", models.PositiveIntegerField()),
                ("characters", models.PositiveIntegerField()),
                ("texts", models.BinaryField()),
                ("times", models.BinaryField()),
                (
                    "copy",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="chunks",
                        to="jobs.logcopy",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("copy", "first_line"), name="one_chunk_a_line")
                ],
            },
        ),
    ]
