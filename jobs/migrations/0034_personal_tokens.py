"""Members may make API tokens for themselves, within a limit of their team."""

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0033_plain_labels"),
    ]

    operations = [
        migrations.AddField(
            model_name="apitoken",
            name="is_personal",
            field=models.BooleanField(
                default=False,
                help_text="Created by a member for their own use, not by a lead for the team.",
                verbose_name="personal",
            ),
        ),
        migrations.AddField(
            model_name="team",
            name="personal_token_days",
            field=models.PositiveSmallIntegerField(
                default=90,
                help_text="Members can create API tokens for themselves that expire within this many days. With 0 "
                "they can't, and existing ones stop working.",
                validators=[django.core.validators.MaxValueValidator(365)],
                verbose_name="max. days of personal tokens",
            ),
        ),
    ]
