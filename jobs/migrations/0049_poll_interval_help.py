"""Says what the poll interval means now. The table stays as it is."""

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("jobs", "0048_conditions_of_indexes")]

    operations = [
        migrations.AlterField(
            model_name="account",
            name="poll_seconds",
            field=models.PositiveIntegerField(
                default=15,
                help_text="Longest time between two polls of a job that starts or runs.",
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="poll interval (s)",
            ),
        ),
    ]
