"""What the portal observes of an account gets a table of its own; the account keeps what admins set."""

import django.db.models.deletion
from django.db import migrations, models

OLD_NAMES = {
    "rate_window_end": "submits_until",
    "throttles": "throttles",
    "throttled_at": "throttled_at",
    "backoff_until": "quiet_until",
    "backoff_seconds": "quiet_seconds",
    "clock_skew_seconds": "clock_skew_seconds",
    "breaker_failures": "breaker_failures",
    "breaker_opened_at": "breaker_opened_at",
    "breaker_retry_at": "breaker_retry_at",
    "breaker_reason": "breaker_reason",
    "polled_at": "polled_at",
    "last_error": "trouble",
    "queue_snapshot": "reading",
    "queue_snapshot_at": "reading_at",
    "queue_snapshot_error": "reading_trouble",
    "synced_at": "synced_at",
    "connection_test": "connection",
    "connection_tested_at": "connection_at",
}


def copy_from_accounts(apps, schema_editor):
    status_model = apps.get_model("jobs", "AccountStatus")
    for account in apps.get_model("jobs", "Account").objects.all():
        fields = {name: getattr(account, old_name) for name, old_name in OLD_NAMES.items()}
        status_model.objects.create(account=account, **fields)


def copy_to_accounts(apps, schema_editor):
    accounts = apps.get_model("jobs", "Account").objects
    for status in apps.get_model("jobs", "AccountStatus").objects.all():
        fields = {old_name: getattr(status, name) for name, old_name in OLD_NAMES.items()}
        accounts.filter(pk=status.account_id).update(**fields)


class Migration(migrations.Migration):
    dependencies = [("jobs", "0026_standard_names")]

    operations = [
        migrations.CreateModel(
            name="AccountStatus",
            fields=[
                (
                    "account",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="status",
                        serialize=False,
                        to="jobs.account",
                    ),
                ),
                (
                    "rate_window_end",
                    models.DateTimeField(
                        help_text="End of the time that workers have reserved for submissions at the account's rate.",
                        null=True,
                    ),
                ),
                ("throttles", models.PositiveIntegerField(default=0, help_text="Number of throttling errors, ever.")),
                ("throttled_at", models.DateTimeField(null=True)),
                (
                    "backoff_until",
                    models.DateTimeField(help_text="No polls before, because AWS throttled.", null=True),
                ),
                ("backoff_seconds", models.PositiveIntegerField(default=0, help_text="Length of the last backoff.")),
                (
                    "clock_skew_seconds",
                    models.FloatField(help_text="How far AWS's clock was ahead at the last poll.", null=True),
                ),
                (
                    "breaker_failures",
                    models.PositiveIntegerField(default=0, help_text="Consecutive calls without an answer."),
                ),
                ("breaker_opened_at", models.DateTimeField(help_text="When calls were paused.", null=True)),
                ("breaker_retry_at", models.DateTimeField(help_text="When AWS is called again.", null=True)),
                ("breaker_reason", models.CharField(blank=True, max_length=200)),
                ("polled_at", models.DateTimeField(help_text="Last successful poll.", null=True)),
                (
                    "last_error",
                    models.TextField(blank=True, help_text="Error of the last poll, empty if it succeeded."),
                ),
                (
                    "queue_snapshot",
                    models.JSONField(default=list, help_text="The queues as AWS last described them."),
                ),
                ("queue_snapshot_at", models.DateTimeField(null=True)),
                ("queue_snapshot_error", models.TextField(blank=True)),
                ("synced_at", models.DateTimeField(help_text="When a queue snapshot was last applied.", null=True)),
                (
                    "connection_test",
                    models.JSONField(default=dict, help_text="Identity and permissions found by the last test."),
                ),
                ("connection_tested_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.RunPython(copy_from_accounts, copy_to_accounts),
    ]
