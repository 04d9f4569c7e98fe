"""Does nothing any more: every `migrate` updates the planner's statistics at its end."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0072_cost_exports"),
    ]

    operations = []
