"""Each job gets the definition of its revision. Alone in its transaction: PostgreSQL alters no table in between."""

from django.db import migrations
from django.db.models import OuterRef, Subquery


def fill(apps, schema_editor):
    revisions = apps.get_model('jobs', 'Revision').objects.filter(pk=OuterRef('revision'))
    jobs = apps.get_model('jobs', 'Job').objects.filter(definition=None)
    jobs.update(definition=Subquery(revisions.values('definition')[:1]))


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0010_catalogue'),
    ]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
