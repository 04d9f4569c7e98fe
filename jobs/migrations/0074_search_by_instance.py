"""Jobs are searched by the instance type of their costs. Lines from before that column aren't in the index."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("jobs", "0073_statistics")]

    operations = [
        migrations.AddIndex(
            model_name="costline",
            index=models.Index(
                fields=["team", "instance_type", "job"],
                name="cost_of_instance",
                condition=models.Q(instance_type__isnull=False),
            ),
        ),
    ]
