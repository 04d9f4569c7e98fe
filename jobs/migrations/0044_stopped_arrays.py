"""The failed children of stopped arrays are read too."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0043_workflow_templates"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="job", name="job_array_failed"),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(
                condition=models.Q(
                    ("array_size__isnull", False), models.Q(("state", "FAILED"), ("state", "STOPPED"), _connector="OR")
                ),
                fields=["account", "children_read_at"],
                name="job_array_failed",
            ),
        ),
    ]
