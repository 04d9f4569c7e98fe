"""Presets of launch forms, and favorites of people."""

import django.db.models.deletion
import jobs.models.ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0070_prices_from_aws'),
    ]

    operations = [
        migrations.CreateModel(
            name='FavoriteForm',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('form', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='jobs.launchform')),
                ('person', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('person', 'form'), name='one_favorite_of_a_form')],
            },
        ),
        migrations.CreateModel(
            name='FormPreset',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=jobs.models.ids.new_id, editable=False, unique=True)),
                ('name', models.CharField(max_length=60)),
                ('values', models.JSONField(default=dict, help_text='Texts by the names of fields; none is secret.')),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('form', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='presets', to='jobs.launchform')),
                ('person', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['name', 'pk'],
                'indexes': [models.Index(fields=['form', 'person'], name='preset_of_form')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('person__isnull', False)), fields=('form', 'person', 'name'), name='one_own_preset_of_a_name'), models.UniqueConstraint(condition=models.Q(('person', None)), fields=('form', 'name'), name='one_team_preset_of_a_name')],
            },
        ),
    ]
