"""Jobs that a person stops or runs again together."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

import jobs.models.ids

CASCADE, PROTECT, SET_NULL = (getattr(django.db.models.deletion, name) for name in ("CASCADE", "PROTECT", "SET_NULL"))


def key():
    return models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


def public_id():
    return models.UUIDField(default=jobs.models.ids.new_id, editable=False, unique=True)


class Migration(migrations.Migration):
    dependencies = [("jobs", "0054_job_failures")]

    operations = [
        migrations.CreateModel(
            name="BulkAction",
            fields=[
                ("id", key()),
                ("public_id", public_id()),
                ("kind", models.CharField(choices=[("stop", "Stop"), ("again", "Run again")], max_length=5)),
                (
                    "request_key",
                    models.CharField(
                        help_text="Idempotency key of the page on which it was confirmed.", max_length=64
                    ),
                ),
                ("item_count", models.PositiveIntegerField()),
                ("memory_mib", models.PositiveIntegerField(null=True)),
                ("time_limit_seconds", models.PositiveIntegerField(null=True)),
                ("queue", models.CharField(blank=True, help_text="Name or ARN of the queue.", max_length=300)),
                ("channel", models.CharField(max_length=10)),
                ("address", models.CharField(blank=True, max_length=200)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "due_at",
                    models.DateTimeField(
                        help_text="When a worker continues with it; null once it has ended.", null=True
                    ),
                ),
                ("canceled_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=PROTECT, related_name="bulk_actions", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
                "indexes": [
                    models.Index(fields=["person", "-id"], name="bulk_action_of_person"),
                    models.Index(condition=Q(due_at__isnull=False), fields=["due_at"], name="bulk_action_due"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("person", "request_key"), name="one_bulk_action_a_key")
                ],
            },
        ),
        migrations.CreateModel(
            name="BulkItem",
            fields=[
                ("id", key()),
                ("position", models.PositiveIntegerField()),
                ("public_id", public_id()),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("done", "Done"),
                            ("refused", "Not done"),
                            ("canceled", "Canceled"),
                        ],
                        default="waiting",
                        max_length=8,
                    ),
                ),
                ("note", models.TextField(blank=True, help_text="Why it wasn't done, or what else was done.")),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "action",
                    models.ForeignKey(
                        db_index=False, on_delete=CASCADE, related_name="items", to="jobs.bulkaction"
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(on_delete=CASCADE, related_name="bulk_items", to="jobs.job"),
                ),
                (
                    "submission",
                    models.ForeignKey(
                        db_index=False, null=True, on_delete=SET_NULL, related_name="+", to="jobs.submission"
                    ),
                ),
            ],
            options={
                "ordering": ["position"],
                "indexes": [models.Index(fields=["action", "outcome", "position"], name="bulk_item_of_outcome")],
                "constraints": [
                    models.UniqueConstraint(fields=("action", "position"), name="one_bulk_item_a_position"),
                    models.UniqueConstraint(fields=("action", "job"), name="one_bulk_item_a_job"),
                ],
            },
        ),
    ]
