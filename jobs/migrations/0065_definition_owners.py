"""Owners of definitions: who registered the first revision."""

from django.db import migrations
from django.db.models import OuterRef, Subquery


def fill_owners(apps, schema_editor):
    definitions = apps.get_model("jobs", "Definition").objects.using(schema_editor.connection.alias)
    revisions = apps.get_model("jobs", "Revision").objects.using(schema_editor.connection.alias)
    first = revisions.filter(definition=OuterRef("pk")).order_by("pk").values("registered_by")[:1]
    definitions.filter(owner=None).update(owner=Subquery(first))


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0064_catalog_details"),
    ]

    operations = [
        migrations.RunPython(fill_owners, migrations.RunPython.noop),
    ]
