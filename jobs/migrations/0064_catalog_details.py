"""Owners, labels and successors of definitions, forms and templates."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0063_team_time_zone'),
    ]

    operations = [
        migrations.AddField(
            model_name='definition',
            name='deprecated_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='definition',
            name='labels',
            field=models.JSONField(blank=True, db_default=models.Value([], models.JSONField()), default=list, help_text='Words to find it by.'),
        ),
        migrations.AddField(
            model_name='definition',
            name='owner',
            field=models.ForeignKey(blank=True, help_text='Whom to ask about it; at first who registered it.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='definition',
            name='standard',
            field=models.BooleanField(db_default=False, default=False, help_text='Recommended by administrators.'),
        ),
        migrations.AddField(
            model_name='definition',
            name='successor',
            field=models.ForeignKey(editable=False, help_text='What to use instead.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='jobs.definition'),
        ),
        migrations.AddField(
            model_name='launchform',
            name='deprecated_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='launchform',
            name='successor',
            field=models.ForeignKey(editable=False, help_text='What to use instead.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='jobs.launchform'),
        ),
        migrations.AddField(
            model_name='workflowtemplate',
            name='deprecated_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='workflowtemplate',
            name='labels',
            field=models.JSONField(db_default=models.Value([], models.JSONField()), default=list, help_text='Words to find it by.'),
        ),
        migrations.AddField(
            model_name='workflowtemplate',
            name='successor',
            field=models.ForeignKey(editable=False, help_text='What to use instead.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='jobs.workflowtemplate'),
        ),
    ]
