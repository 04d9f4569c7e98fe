"""Types and prices of instances, the instances that ran jobs, and rates that are not negative and of known platforms."""

from decimal import Decimal

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

PLATFORMS = ["FARGATE", "FARGATE_SPOT", "EC2", "EKS", "ON_PREMISES"]


def delete_impossible(apps, schema_editor):
    """Negative rates charged less than nothing, and those of other platforms charged nothing."""
    impossible = apps.get_model("jobs", "Rate").objects.filter(Q(usd_per_hour__lt=0) | ~Q(platform__in=PLATFORMS))
    for rate in impossible:
        print(
            f"  Deleted the rate of {rate.platform} {rate.architecture} {rate.resource} in {rate.region or 'any region'} "
            f"from {rate.valid_from}, ${rate.usd_per_hour}: a rate is not negative, and of a known platform."
        )
    impossible.delete()


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0059_budgets'),
    ]

    operations = [
        migrations.CreateModel(
            name='ContainerInstance',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('arn', models.CharField(max_length=200, verbose_name='ARN')),
                ('instance_id', models.CharField(blank=True, max_length=30)),
                ('instance_type', models.CharField(blank=True, max_length=40)),
                ('purchase_option', models.CharField(blank=True, choices=[('ON_DEMAND', 'On-demand'), ('SPOT', 'Spot')], max_length=10)),
                ('read_at', models.DateTimeField(null=True)),
                ('next_read_at', models.DateTimeField(help_text='When to try again after a failure.', null=True)),
                ('error', models.TextField(blank=True, help_text='Why it could not be read.')),
            ],
        ),
        migrations.CreateModel(
            name='InstancePrice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('region', models.CharField(max_length=30)),
                ('purchase_option', models.CharField(choices=[('ON_DEMAND', 'On-demand'), ('SPOT', 'Spot')], default='ON_DEMAND', max_length=10)),
                ('usd_per_hour', models.DecimalField(decimal_places=10, max_digits=16, validators=[django.core.validators.MinValueValidator(Decimal('1E-10'))], verbose_name='USD per hour')),
                ('valid_from', models.DateField()),
                ('source', models.CharField(blank=True, help_text='Where the price comes from, and when it was read.', max_length=200)),
                ('is_pinned', models.BooleanField(default=False, help_text="Prices that are read from AWS don't replace it.", verbose_name='pinned')),
            ],
            options={
                'ordering': ['instance_type', 'region', 'purchase_option', '-valid_from'],
            },
        ),
        migrations.CreateModel(
            name='InstanceType',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='As AWS calls it, such as m5.xlarge.', max_length=40, unique=True)),
                ('vcpus', models.PositiveIntegerField(validators=[django.core.validators.MinValueValidator(1)], verbose_name='vCPU')),
                ('memory_mib', models.PositiveIntegerField(validators=[django.core.validators.MinValueValidator(1)], verbose_name='memory (MiB)')),
                ('gpus', models.PositiveIntegerField(default=0, verbose_name='GPU')),
                ('gpu_model', models.CharField(blank=True, max_length=60, verbose_name='GPU model')),
                ('architecture', models.CharField(choices=[('X86_64', 'x86'), ('ARM64', 'ARM'), ('WINDOWS', 'Windows on x86')], default='X86_64', max_length=10)),
                ('source', models.CharField(blank=True, help_text='Where the size comes from.', max_length=200)),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.AddField(
            model_name='rate',
            name='is_pinned',
            field=models.BooleanField(default=False, help_text="Prices that are read from AWS don't replace it.", verbose_name='pinned'),
        ),
        migrations.AlterField(
            model_name='rate',
            name='architecture',
            field=models.CharField(choices=[('X86_64', 'x86'), ('ARM64', 'ARM'), ('WINDOWS', 'Windows on x86')], default='X86_64', max_length=10),
        ),
        migrations.AlterField(
            model_name='rate',
            name='platform',
            field=models.CharField(choices=[('FARGATE', 'Fargate'), ('FARGATE_SPOT', 'Fargate Spot'), ('EC2', 'EC2, instance type unknown'), ('EKS', 'EKS, instance type unknown'), ('ON_PREMISES', 'On-premises')], max_length=20),
        ),
        migrations.AlterField(
            model_name='rate',
            name='source',
            field=models.CharField(blank=True, help_text='Where the price comes from, and when it was read.', max_length=200),
        ),
        migrations.AlterField(
            model_name='rate',
            name='usd_per_hour',
            field=models.DecimalField(decimal_places=10, help_text='0 if another rate includes it.', max_digits=16, validators=[django.core.validators.MinValueValidator(Decimal('0'))], verbose_name='USD per hour'),
        ),
        migrations.RunPython(delete_impossible, migrations.RunPython.noop, elidable=True),
        migrations.AddConstraint(
            model_name='rate',
            constraint=models.CheckConstraint(condition=models.Q(('usd_per_hour__gte', Decimal('0'))), name='rate_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='rate',
            constraint=models.CheckConstraint(condition=models.Q(('platform__in', ['FARGATE', 'FARGATE_SPOT', 'EC2', 'EKS', 'ON_PREMISES'])), name='rate_of_known_platform'),
        ),
        migrations.AddField(
            model_name='containerinstance',
            name='account',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='jobs.account'),
        ),
        migrations.AddField(
            model_name='instanceprice',
            name='instance_type',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='prices', to='jobs.instancetype'),
        ),
        migrations.AddIndex(
            model_name='containerinstance',
            index=models.Index(condition=models.Q(('read_at', None)), fields=['account', '-id'], name='unread_container_instances'),
        ),
        migrations.AddConstraint(
            model_name='containerinstance',
            constraint=models.UniqueConstraint(fields=('account', 'arn'), name='one_container_instance_an_arn'),
        ),
        migrations.AddConstraint(
            model_name='instanceprice',
            constraint=models.UniqueConstraint(fields=('instance_type', 'region', 'purchase_option', 'valid_from'), name='one_instance_price_a_day'),
        ),
        migrations.AddConstraint(
            model_name='instanceprice',
            constraint=models.CheckConstraint(condition=models.Q(('usd_per_hour__gt', Decimal('0'))), name='instance_price_positive'),
        ),
    ]
