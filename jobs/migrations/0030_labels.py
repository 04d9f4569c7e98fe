"""Labels and help texts in the language of the pages."""

from importlib import import_module

import django.core.validators
import jobs.models.account
import jobs.models.grant
from decimal import Decimal
from django.db import migrations, models

StateOnly = import_module("jobs.migrations.0029_help_texts").StateOnly


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0029_help_texts"),
    ]

    labels = [
        migrations.AlterModelOptions(
            name="arraychild",
            options={"ordering": ["job", "index"], "verbose_name_plural": "array children"},
        ),
        migrations.AlterModelOptions(
            name="discrepancy",
            options={"ordering": ["-pk"], "verbose_name_plural": "discrepancies"},
        ),
        migrations.AlterModelOptions(
            name="jobdependency",
            options={"verbose_name_plural": "job dependencies"},
        ),
        migrations.AlterField(
            model_name="account",
            name="endpoint_url",
            field=models.CharField(
                blank=True,
                help_text="Leave empty for the AWS endpoints of the region.",
                max_length=200,
                validators=[django.core.validators.URLValidator(schemes=["http", "https"])],
                verbose_name="endpoint URL",
            ),
        ),
        migrations.AlterField(
            model_name="account",
            name="external_id",
            field=models.CharField(
                default=jobs.models.account.new_external_id,
                editable=False,
                max_length=200,
                verbose_name="external ID",
            ),
        ),
        migrations.AlterField(
            model_name="account",
            name="number",
            field=models.CharField(
                blank=True,
                help_text="12 digits",
                max_length=12,
                validators=[
                    django.core.validators.RegexValidator("^[0-9]{12}\\Z", "An account number has 12 digits.")
                ],
                verbose_name="account number",
            ),
        ),
        migrations.AlterField(
            model_name="account",
            name="poll_seconds",
            field=models.PositiveIntegerField(
                default=15,
                help_text="Shortest time between two polls of a job.",
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="poll interval (s)",
            ),
        ),
        migrations.AlterField(
            model_name="account",
            name="quarantine_seconds",
            field=models.PositiveIntegerField(
                default=600,
                help_text="How long to look for a submission whose response was lost before it is sent again.",
                validators=[django.core.validators.MinValueValidator(10)],
                verbose_name="quarantine (s)",
            ),
        ),
        migrations.AlterField(
            model_name="account",
            name="region",
            field=models.CharField(
                max_length=30,
                validators=[
                    django.core.validators.RegexValidator(
                        "^[a-z]{2}(-[a-z]+)+-[0-9]\\Z", "Enter an AWS Region, like us-west-2."
                    )
                ],
            ),
        ),
        migrations.AlterField(
            model_name="account",
            name="role_arn",
            field=models.CharField(
                blank=True,
                help_text="arn:aws:iam::123456789012:role/batch-portal",
                max_length=200,
                validators=[
                    django.core.validators.RegexValidator(
                        "^arn:aws[a-z-]*:iam::[0-9]{12}:role/[\\w+=,.@/-]+\\Z",
                        "Enter the ARN of a role, like arn:aws:iam::123456789012:role/batch-portal.",
                    )
                ],
                verbose_name="role to assume",
            ),
        ),
        migrations.AlterField(
            model_name="account",
            name="submits_per_second",
            field=models.PositiveIntegerField(
                default=40,
                help_text="Maximum rate of all workers together. AWS allows 50 a second per account.",
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(1000),
                ],
                verbose_name="submissions per second",
            ),
        ),
        migrations.AlterField(
            model_name="accountstatus",
            name="backoff_until",
            field=models.DateTimeField(help_text="No polls before this time, because AWS throttled.", null=True),
        ),
        migrations.AlterField(
            model_name="accountstatus",
            name="throttles",
            field=models.PositiveIntegerField(default=0, help_text="Total number of throttling errors."),
        ),
        migrations.AlterField(
            model_name="queue",
            name="arn",
            field=models.CharField(blank=True, max_length=300, verbose_name="ARN"),
        ),
        migrations.AlterField(
            model_name="queue",
            name="raw",
            field=models.JSONField(blank=True, default=dict, verbose_name="description from AWS"),
        ),
        migrations.AlterField(
            model_name="queue",
            name="seen_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="last seen in AWS"),
        ),
        migrations.AlterField(
            model_name="rate",
            name="source",
            field=models.CharField(blank=True, help_text="Where the price comes from.", max_length=200),
        ),
        migrations.AlterField(
            model_name="rate",
            name="usd_per_hour",
            field=models.DecimalField(
                decimal_places=10, default=Decimal("0"), max_digits=16, verbose_name="USD per hour"
            ),
        ),
        migrations.AlterField(
            model_name="rolegrant",
            name="pattern",
            field=models.CharField(
                help_text="An exact ARN or a prefix, like arn:aws:iam::123456789012:role/team-*",
                max_length=300,
                validators=[
                    django.core.validators.RegexValidator(
                        "^arn:\\S+\\Z", "Enter the ARN of a role. It starts with arn:."
                    ),
                    jobs.models.grant.one_star_at_the_end,
                ],
                verbose_name="ARN",
            ),
        ),
        migrations.AlterField(
            model_name="tagrule",
            name="filled_by",
            field=models.CharField(
                choices=[
                    ("person", "The user, with the default suggested"),
                    ("team", "The team's default, unless the user enters another value"),
                    ("portal", "The portal, always with the default"),
                ],
                default="person",
                max_length=10,
                verbose_name="set by",
            ),
        ),
        migrations.AlterField(
            model_name="team",
            name="features",
            field=models.JSONField(
                blank=True, default=list, help_text="Privileged features that the team's jobs can use."
            ),
        ),
        migrations.AlterField(
            model_name="team",
            name="further_fields",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text="AWS Batch fields that the portal doesn't know yet but the team can use.",
                verbose_name="additional fields",
            ),
        ),
        migrations.AlterField(
            model_name="team",
            name="may_register",
            field=models.BooleanField(
                default=True,
                help_text="If off, the team's jobs can use shared definitions only.",
                verbose_name="can register definitions",
            ),
        ),
        migrations.AlterField(
            model_name="team",
            name="resubmit_by_itself",
            field=models.BooleanField(
                default=True,
                help_text="Submit a job again if AWS doesn't have it. If off, a team lead decides.",
                verbose_name="resubmit automatically",
            ),
        ),
        migrations.AlterConstraint(
            model_name="tagrule",
            name="one_tag_rule_for_all",
            constraint=models.UniqueConstraint(
                condition=models.Q(("team", None)),
                fields=("key",),
                name="one_tag_rule_for_all",
                violation_error_message="A rule for all teams with this key already exists.",
            ),
        ),
    ]
    operations = [StateOnly(state_operations=labels)]
