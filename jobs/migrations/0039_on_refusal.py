"""What happens to the other steps of a workflow if AWS Batch refuses one. Earlier submissions keep what they had."""

from django.db import migrations, models

HELP = "What happens to the other steps if one is refused."


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0038_audit_time"),
    ]

    operations = [
        migrations.AddField(
            model_name="submission",
            name="on_refusal",
            field=models.CharField(
                choices=[("stop", "Stop them"), ("keep", "Keep them")], default="keep", help_text=HELP, max_length=4
            ),
        ),
        migrations.AlterField(
            model_name="submission",
            name="on_refusal",
            field=models.CharField(
                choices=[("stop", "Stop them"), ("keep", "Keep them")], default="stop", help_text=HELP, max_length=4
            ),
        ),
    ]
