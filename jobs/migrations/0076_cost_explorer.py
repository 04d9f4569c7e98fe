"""Costs by tag from Cost Explorer, and the number of its requests."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0075_rerun_origin'),
    ]

    operations = [
        migrations.AddField(
            model_name='account',
            name='cost_explorer_requests',
            field=models.PositiveIntegerField(db_default=0, default=0, help_text='Once a day, costs by tag are read with at most so many. AWS charges $0.01 for each. 0 reads none.', validators=[django.core.validators.MaxValueValidator(100)], verbose_name='Cost Explorer requests a day'),
        ),
        migrations.AddField(
            model_name='accountstatus',
            name='cost_explorer_error',
            field=models.TextField(blank=True, db_default='', help_text="Why it wasn't read in full."),
        ),
        migrations.AddField(
            model_name='accountstatus',
            name='cost_explorer_keys',
            field=models.JSONField(db_default=models.Value([], models.JSONField()), default=list, help_text='Keys that are activated as cost allocation tags.'),
        ),
        migrations.AddField(
            model_name='accountstatus',
            name='cost_explorer_read_at',
            field=models.DateTimeField(help_text='When Cost Explorer was last read.', null=True),
        ),
        migrations.CreateModel(
            name='CostExplorerMonth',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=128)),
                ('month', models.DateField(help_text='First day of the month.')),
                ('read_at', models.DateTimeField()),
                ('data_through', models.DateField(help_text='Last day that was read.')),
                ('is_by_team', models.BooleanField(help_text='Whether the tag portal:team told the teams apart.')),
                ('account', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='jobs.account')),
            ],
        ),
        migrations.CreateModel(
            name='CostExplorerCost',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('value', models.CharField(blank=True, max_length=256)),
                ('usd_units', models.BigIntegerField()),
                ('team', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='jobs.team')),
                ('reading', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='costs', to='jobs.costexplorermonth')),
            ],
        ),
        migrations.CreateModel(
            name='CostExplorerRequests',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('number', models.PositiveIntegerField(default=0)),
                ('account', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='jobs.account')),
            ],
        ),
        migrations.AddConstraint(
            model_name='costexplorermonth',
            constraint=models.UniqueConstraint(fields=('account', 'key', 'month'), name='one_cost_explorer_month'),
        ),
        migrations.AddIndex(
            model_name='costexplorercost',
            index=models.Index(fields=['team'], name='cost_explorer_cost_of_team'),
        ),
        migrations.AddConstraint(
            model_name='costexplorercost',
            constraint=models.UniqueConstraint(fields=('reading', 'day', 'value', 'team'), name='one_cost_explorer_cost'),
        ),
        migrations.AddConstraint(
            model_name='costexplorercost',
            constraint=models.UniqueConstraint(condition=models.Q(('team', None)), fields=('reading', 'day', 'value'), name='one_cost_explorer_cost_of_no_team'),
        ),
        migrations.AddConstraint(
            model_name='costexplorerrequests',
            constraint=models.UniqueConstraint(fields=('account', 'day'), name='one_cost_explorer_requests'),
        ),
    ]
