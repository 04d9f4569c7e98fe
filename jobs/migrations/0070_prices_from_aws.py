"""Prices that are read from AWS."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0069_launch_forms_only"),
    ]

    operations = [
        migrations.AddField(
            model_name="account",
            name="refreshes_prices",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Once a week, for the account's region, from the Price List API and EC2. Pinned prices stay.",
                verbose_name="read prices from AWS",
            ),
        ),
        migrations.AddField(
            model_name="accountstatus",
            name="prices_read_at",
            field=models.DateTimeField(help_text="When prices were last read from AWS.", null=True),
        ),
        migrations.AddField(
            model_name="accountstatus",
            name="prices_error",
            field=models.TextField(blank=True, db_default="", help_text="Error of the last reading of prices."),
        ),
    ]
