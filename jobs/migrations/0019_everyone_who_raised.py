from django.db import migrations, models


class Migration(migrations.Migration):
    """Who made a request larger is told by its edits, each with its editor: the one column held only the last of them."""

    dependencies = [("jobs", "0018_sign_in_once_more")]

    operations = [
        migrations.RemoveField(model_name="approval", name="barred"),
        migrations.AlterField(
            model_name="requestedit",
            name="raises",
            field=models.JSONField(default=list, help_text="What makes it larger than before; empty if nothing does."),
        ),
    ]
