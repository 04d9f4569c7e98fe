"""Corrections of past costs with a preview."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0076_cost_explorer'),
    ]

    operations = [
        migrations.CreateModel(
            name='Repricing',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('first', models.DateField(help_text='Attempts that ended from this day on, such as 2026-11-01.', verbose_name='first day')),
                ('last', models.DateField(verbose_name='last day')),
                ('why', models.CharField(help_text='Shown on receipts and in the audit log.', max_length=300, verbose_name='reason')),
                ('channel', models.CharField(max_length=10)),
                ('address', models.CharField(blank=True, max_length=200)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('previewed_at', models.DateTimeField(null=True)),
                ('applied_at', models.DateTimeField(help_text='When it was confirmed.', null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('due_at', models.DateTimeField(help_text='When a worker continues with it; null while none has to.', null=True)),
                ('newest_job', models.BigIntegerField(help_text='Key of the last job that was reached.', null=True)),
                ('preview', models.JSONField(default=dict, help_text='What would change, by key of the team.')),
                ('result', models.JSONField(default=dict, help_text='What has changed, by key of the team.')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('team', models.ForeignKey(blank=True, db_index=False, help_text='Empty: all teams', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='jobs.team')),
            ],
            options={
                'verbose_name': 'cost correction',
                'ordering': ['-pk'],
                'indexes': [models.Index(condition=models.Q(('due_at__isnull', False)), fields=['due_at'], name='repricing_due')],
            },
        ),
    ]
