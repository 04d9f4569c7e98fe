"""Steps of a workflow can wait for another's failure, or for its end."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0034_personal_tokens"),
    ]

    operations = [
        migrations.AddField(
            model_name="jobdependency",
            name="condition",
            field=models.CharField(
                blank=True,
                choices=[("success", "success"), ("failure", "failure"), ("always", "always")],
                help_text="How the parent must end. Empty: AWS Batch starts the job after the parent's success.",
                max_length=7,
            ),
        ),
    ]
