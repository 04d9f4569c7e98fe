"""The Idempotency-Key of a submission travels to AWS as a digest, and comes back with a job that is rebuilt."""

import secrets

from django.db import migrations, models


def make_secret(apps, schema_editor):
    """Every backup from now on has it."""
    apps.get_model("jobs", "TagSecret").objects.get_or_create(pk=1, defaults={"value": secrets.token_hex(32)})


class Migration(migrations.Migration):
    dependencies = [("jobs", "0016_outgoing_mail")]

    operations = [
        migrations.CreateModel(
            name="TagSecret",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("value", models.CharField(max_length=64)),
            ],
        ),
        migrations.AddField(
            model_name="submission",
            name="key_digest",
            field=models.CharField(
                editable=False, help_text="What AWS keeps of the key, as a part of a tag.", max_length=32, null=True
            ),
        ),
        migrations.AddField(
            model_name="submission",
            name="body_digest",
            field=models.CharField(
                blank=True,
                default="",
                editable=False,
                help_text="What AWS keeps of the text that came with the key.",
                max_length=32,
            ),
        ),
        migrations.AddConstraint(
            model_name="submission",
            constraint=models.UniqueConstraint(fields=("team", "key_digest"), name="one_submission_a_key_digest"),
        ),
        migrations.RunPython(make_secret, migrations.RunPython.noop),
    ]
