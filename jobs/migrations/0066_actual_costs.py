"""Actual costs, by day and by job, and the tasks of jobs, by which they are joined."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0065_definition_owners'),
    ]

    operations = [
        migrations.CreateModel(
            name='ActualDelivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('month', models.DateField(help_text='First day of the billing month.')),
                ('name', models.CharField(help_text='Folder of its files.', max_length=300)),
                ('delivered_at', models.DateTimeField(help_text='Last change of its files.')),
                ('imported_at', models.DateTimeField()),
                ('data_through', models.DateField(help_text='Last day with usage in its files.')),
                ('lines', models.PositiveBigIntegerField()),
                ('has_split', models.BooleanField(help_text='Whether it has split cost allocation data.')),
                ('account', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='jobs.account')),
            ],
        ),
        migrations.CreateModel(
            name='ActualJobCost',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('usd_units', models.BigIntegerField()),
                ('idle_units', models.BigIntegerField()),
                ('delivery', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='job_costs', to='jobs.actualdelivery')),
                ('job', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='actual_costs', to='jobs.job')),
            ],
        ),
        migrations.CreateModel(
            name='ActualTotal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('usd_units', models.BigIntegerField()),
                ('idle_units', models.BigIntegerField(help_text='Unused capacity that AWS assigns to the tasks.')),
                ('delivery', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='totals', to='jobs.actualdelivery')),
                ('group', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='jobs.costgroup')),
            ],
        ),
        migrations.CreateModel(
            name='JobTask',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(help_text='Hash of the ARN.', max_length=32, unique=True)),
                ('job', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tasks', to='jobs.job')),
            ],
        ),
        migrations.AddConstraint(
            model_name='actualdelivery',
            constraint=models.UniqueConstraint(fields=('account', 'month'), name='one_actual_delivery'),
        ),
        migrations.AddConstraint(
            model_name='actualjobcost',
            constraint=models.UniqueConstraint(fields=('job', 'delivery'), name='one_actual_cost_of_job'),
        ),
        migrations.AddIndex(
            model_name='actualtotal',
            index=models.Index(fields=['group', 'day'], name='actual_total_of_group'),
        ),
        migrations.AddConstraint(
            model_name='actualtotal',
            constraint=models.UniqueConstraint(fields=('delivery', 'group', 'day'), name='one_actual_total'),
        ),
        migrations.AddConstraint(
            model_name='actualtotal',
            constraint=models.UniqueConstraint(condition=models.Q(('group', None)), fields=('delivery', 'day'), name='one_actual_total_without_group'),
        ),
    ]
