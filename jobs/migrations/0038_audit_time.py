"""The audit log is found by time; the admin's names of tables are plain."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0037_job_sorting"),
    ]

    operations = [
        migrations.AlterModelOptions(name="apitoken", options={"ordering": ["-pk"], "verbose_name": "API token"}),
        migrations.AlterModelOptions(
            name="auditentry",
            options={"ordering": ["-pk"], "verbose_name": "audit entry", "verbose_name_plural": "audit entries"},
        ),
        migrations.AlterModelOptions(
            name="definition", options={"ordering": ["name"], "verbose_name": "job definition"}
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["created_at", "id"], name="audit_of_time"),
        ),
    ]
