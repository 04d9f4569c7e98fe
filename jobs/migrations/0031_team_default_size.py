"""A default size of a team."""

from decimal import Decimal

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0030_labels"),
    ]

    operations = [
        migrations.AddField(
            model_name="team",
            name="default_memory_mib",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Applies to definitions that the team registers without memory.",
                null=True,
                validators=[django.core.validators.MinValueValidator(4)],
                verbose_name="default memory (MiB)",
            ),
        ),
        migrations.AddField(
            model_name="team",
            name="default_vcpus",
            field=models.DecimalField(
                blank=True,
                decimal_places=2,
                help_text="Applies to definitions that the team registers without vCPU.",
                max_digits=6,
                null=True,
                validators=[django.core.validators.MinValueValidator(Decimal("0.25"))],
                verbose_name="default vCPU",
            ),
        ),
    ]
