"""Budgets of teams, and of values of their tags."""

from decimal import Decimal

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ('jobs', '0058_cost_totals'),
    ]

    operations = [
        migrations.CreateModel(
            name='Budget',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('tag_key', models.CharField(blank=True, help_text='Leave key and value empty for all jobs of the team.', max_length=128)),
                ('tag_value', models.CharField(blank=True, max_length=256)),
                ('period', models.CharField(choices=[('month', 'Month'), ('quarter', 'Quarter')], default='month', max_length=7)),
                ('usd', models.DecimalField(decimal_places=2, max_digits=12, validators=[django.core.validators.MinValueValidator(Decimal('0.01'))], verbose_name='amount (USD)')),
                ('warn_percent', models.PositiveSmallIntegerField(blank=True, default=80, help_text='Of the amount. Warns on the home page, in Costs and before submission.', null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1000)], verbose_name='warn at %')),
                ('approve_percent', models.PositiveSmallIntegerField(blank=True, help_text='Submissions above it need approval.', null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1000)], verbose_name='approval above %')),
                ('stop_percent', models.PositiveSmallIntegerField(blank=True, help_text='Submissions above it are refused.', null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1000)], verbose_name='stop above %')),
                ('active', models.BooleanField(default=True)),
                ('team', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='budgets', to='jobs.team')),
            ],
            options={
                'ordering': ['tag_key', 'tag_value', 'period'],
                'constraints': [models.UniqueConstraint(fields=('team', 'tag_key', 'tag_value', 'period'), name='one_budget_a_period', violation_error_message='The team has a budget for this tag and period already.'), models.CheckConstraint(condition=models.Q(models.Q(('tag_key', ''), ('tag_value', '')), models.Q(models.Q(('tag_key', ''), _negated=True), models.Q(('tag_value', ''), _negated=True)), _connector='OR'), name='budget_tag_is_whole', violation_error_message='Enter both a tag key and a tag value, or neither.'), models.CheckConstraint(condition=models.Q(('usd__gt', 0)), name='budget_is_positive', violation_error_message='Enter an amount above $0.')],
            },
        ),
    ]
