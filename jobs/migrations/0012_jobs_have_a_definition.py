"""From now on no job is without its definition, and a definition's last jobs are found by key."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0011_definitions_of_jobs'),
    ]

    operations = [
        migrations.AlterField(
            model_name='job',
            name='definition',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='jobs', to='jobs.definition'),
        ),
        migrations.AddIndex(
            model_name='job',
            index=models.Index(fields=['definition', 'team', '-id'], name='job_of_definition'),
        ),
    ]
