"""The account's columns that `AccountStatus` has now."""

from django.db import migrations


class Migration(migrations.Migration):
    # Apart from the copy: PostgreSQL alters no table while rows of the same transaction wait for their checks.
    dependencies = [("jobs", "0027_account_status")]

    operations = [
        migrations.RemoveField(model_name="account", name="breaker_failures"),
        migrations.RemoveField(model_name="account", name="breaker_opened_at"),
        migrations.RemoveField(model_name="account", name="breaker_reason"),
        migrations.RemoveField(model_name="account", name="breaker_retry_at"),
        migrations.RemoveField(model_name="account", name="clock_skew_seconds"),
        migrations.RemoveField(model_name="account", name="connection"),
        migrations.RemoveField(model_name="account", name="connection_at"),
        migrations.RemoveField(model_name="account", name="polled_at"),
        migrations.RemoveField(model_name="account", name="quiet_seconds"),
        migrations.RemoveField(model_name="account", name="quiet_until"),
        migrations.RemoveField(model_name="account", name="reading"),
        migrations.RemoveField(model_name="account", name="reading_at"),
        migrations.RemoveField(model_name="account", name="reading_trouble"),
        migrations.RemoveField(model_name="account", name="submits_until"),
        migrations.RemoveField(model_name="account", name="synced_at"),
        migrations.RemoveField(model_name="account", name="throttled_at"),
        migrations.RemoveField(model_name="account", name="throttles"),
        migrations.RemoveField(model_name="account", name="trouble"),
    ]
