"""A step whose failure handling isn't needed is skipped."""

from django.db import migrations, models

DELIVERIES = ["AWAITING", "ACCEPTED", "SENDING", "SENT", "REFUSED", "DECLINED", "WITHDRAWN", "SKIPPED", "HELD"]


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0039_on_refusal"),
    ]

    operations = [
        migrations.AlterField(
            model_name="job",
            name="delivery",
            field=models.CharField(
                choices=[(delivery, delivery) for delivery in DELIVERIES], default="ACCEPTED", max_length=10
            ),
        ),
    ]
