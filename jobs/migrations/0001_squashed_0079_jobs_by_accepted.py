"""All migrations up to 0079 in one, for new databases. A database that has some of them gets the others one by one."""

from importlib import import_module

import django.contrib.auth.models
import django.contrib.auth.validators
import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import jobs.models.account
import jobs.models.grant
import jobs.models.ids
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState, StateApps

FILLING = (
    ("0002_default_rates", "load"),
    ("0017_request_digests", "make_secret"),
    ("0050_job_text", "create"),
    ("0061_listed_prices", "load_instances"),
    ("0061_listed_prices", "limit_rates"),
    ("0061_listed_prices", "add_rates"),
    ("0026_standard_names", "seal"),
)


class CreateModels(Operation):
    """Create the tables of all models at once: one after another, each renders those before it anew, which is slow."""

    def __init__(self, operations: list[migrations.CreateModel]) -> None:
        self.operations = operations

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        state.__dict__.pop("apps", None)  # rendered again when they are needed
        for operation in self.operations:
            operation.state_forwards(app_label, state)

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        for operation in self.operations:
            operation.database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        for operation in reversed(self.operations):
            operation.database_backwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        return "Create all models"


def fill(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Do what those migrations do to the data of a new database. The audit log is sealed last."""
    for name, function in FILLING:
        getattr(import_module(f"jobs.migrations.{name}"), function)(apps, schema_editor)


class Migration(migrations.Migration):
    replaces = [
        ("jobs", "0001_initial"),
        ("jobs", "0002_default_rates"),
        ("jobs", "0003_delivered_once"),
        ("jobs", "0004_grants"),
        ("jobs", "0005_audit"),
        ("jobs", "0006_audit_sealed"),
        ("jobs", "0007_approvals"),
        ("jobs", "0008_sign_in"),
        ("jobs", "0009_connection"),
        ("jobs", "0010_catalogue"),
        ("jobs", "0011_definitions_of_jobs"),
        ("jobs", "0012_jobs_have_a_definition"),
        ("jobs", "0013_compute_environments"),
        ("jobs", "0014_drafts"),
        ("jobs", "0015_longer_quarantines"),
        ("jobs", "0016_outgoing_mail"),
        ("jobs", "0017_request_digests"),
        ("jobs", "0018_sign_in_once_more"),
        ("jobs", "0019_everyone_who_raised"),
        ("jobs", "0020_circuit_breakers"),
        ("jobs", "0021_worst_case"),
        ("jobs", "0022_must_change_password"),
        ("jobs", "0023_sent_drafts"),
        ("jobs", "0024_whole_line_validators"),
        ("jobs", "0025_request_counts"),
        ("jobs", "0026_standard_names"),
        ("jobs", "0027_account_status"),
        ("jobs", "0028_account_fields"),
        ("jobs", "0029_help_texts"),
        ("jobs", "0030_labels"),
        ("jobs", "0031_team_default_size"),
        ("jobs", "0032_leads_manage_members"),
        ("jobs", "0033_plain_labels"),
        ("jobs", "0034_personal_tokens"),
        ("jobs", "0035_step_conditions"),
        ("jobs", "0036_step_attempts"),
        ("jobs", "0037_job_sorting"),
        ("jobs", "0038_audit_time"),
        ("jobs", "0039_on_refusal"),
        ("jobs", "0040_skipped_steps"),
        ("jobs", "0042_reruns"),
        ("jobs", "0043_workflow_templates"),
        ("jobs", "0044_stopped_arrays"),
        ("jobs", "0045_rerun_requests"),
        ("jobs", "0046_indexes_for_long_histories"),
        ("jobs", "0047_job_counts"),
        ("jobs", "0048_conditions_of_indexes"),
        ("jobs", "0049_poll_interval_help"),
        ("jobs", "0050_job_text"),
        ("jobs", "0051_saved_views"),
        ("jobs", "0052_queue_snapshots"),
        ("jobs", "0053_log_copies"),
        ("jobs", "0054_job_failures"),
        ("jobs", "0055_bulk_actions"),
        ("jobs", "0056_outside_jobs"),
        ("jobs", "0057_cost_line_corrections"),
        ("jobs", "0058_cost_totals"),
        ("jobs", "0059_budgets"),
        ("jobs", "0060_instance_prices"),
        ("jobs", "0061_listed_prices"),
        ("jobs", "0062_launch_forms"),
        ("jobs", "0063_team_time_zone"),
        ("jobs", "0064_catalog_details"),
        ("jobs", "0065_definition_owners"),
        ("jobs", "0066_actual_costs"),
        ("jobs", "0067_job_waits"),
        ("jobs", "0068_rerun_of"),
        ("jobs", "0069_launch_forms_only"),
        ("jobs", "0070_prices_from_aws"),
        ("jobs", "0071_form_presets"),
        ("jobs", "0072_cost_exports"),
        ("jobs", "0073_statistics"),
        ("jobs", "0074_search_by_instance"),
        ("jobs", "0075_rerun_origin"),
        ("jobs", "0076_cost_explorer"),
        ("jobs", "0077_repricings"),
        ("jobs", "0078_unread_arrays"),
        ("jobs", "0079_jobs_by_accepted"),
    ]

    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        CreateModels(
            [
                migrations.CreateModel(
                    name="Account",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("name", models.CharField(max_length=80, unique=True)),
                        (
                            "region",
                            models.CharField(
                                max_length=30,
                                validators=[
                                    django.core.validators.RegexValidator(
                                        "^[a-z]{2}(-[a-z]+)+-[0-9]\\Z", "Enter an AWS Region, like us-west-2."
                                    )
                                ],
                            ),
                        ),
                        (
                            "number",
                            models.CharField(
                                blank=True,
                                help_text="12 digits",
                                max_length=12,
                                validators=[
                                    django.core.validators.RegexValidator(
                                        "^[0-9]{12}\\Z", "An account number has 12 digits."
                                    )
                                ],
                                verbose_name="account number",
                            ),
                        ),
                        (
                            "access",
                            models.CharField(
                                choices=[
                                    ("default", "Default credentials of the server"),
                                    ("role", "IAM role to assume"),
                                    ("sandbox", "The bundled sandbox (dummy credentials)"),
                                ],
                                default="default",
                                max_length=10,
                            ),
                        ),
                        (
                            "role_arn",
                            models.CharField(
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
                        (
                            "external_id",
                            models.CharField(
                                default=jobs.models.account.new_external_id,
                                editable=False,
                                max_length=200,
                                verbose_name="external ID",
                            ),
                        ),
                        (
                            "endpoint_url",
                            models.CharField(
                                blank=True,
                                help_text="Leave empty for the AWS endpoints of the region.",
                                max_length=200,
                                validators=[django.core.validators.URLValidator(schemes=["http", "https"])],
                                verbose_name="endpoint URL",
                            ),
                        ),
                        (
                            "quarantine_seconds",
                            models.PositiveIntegerField(
                                default=600,
                                help_text="How long to look for a submission whose response was lost before it is sent again.",
                                validators=[django.core.validators.MinValueValidator(10)],
                                verbose_name="quarantine (s)",
                            ),
                        ),
                        (
                            "poll_seconds",
                            models.PositiveIntegerField(
                                default=15,
                                help_text="Longest time between two polls of a job that starts or runs.",
                                validators=[django.core.validators.MinValueValidator(1)],
                                verbose_name="poll interval (s)",
                            ),
                        ),
                        (
                            "submits_per_second",
                            models.PositiveIntegerField(
                                default=40,
                                help_text="Maximum rate of all workers together. AWS allows 50 a second per account.",
                                validators=[
                                    django.core.validators.MinValueValidator(1),
                                    django.core.validators.MaxValueValidator(1000),
                                ],
                                verbose_name="submissions per second",
                            ),
                        ),
                        ("active", models.BooleanField(default=True)),
                        (
                            "adopts_outside_jobs",
                            models.BooleanField(
                                db_default=False,
                                default=False,
                                help_text="Jobs on the account's queues that were submitted elsewhere join the history of the team in their tag portal:team, or of the queue's only team. Administrators see the others.",
                                verbose_name="show jobs submitted outside the portal",
                            ),
                        ),
                        (
                            "refreshes_prices",
                            models.BooleanField(
                                db_default=False,
                                default=False,
                                help_text="Once a week, for the account's region, from the Price List API and EC2. Pinned prices stay.",
                                verbose_name="read prices from AWS",
                            ),
                        ),
                        (
                            "cost_export",
                            models.CharField(
                                blank=True,
                                db_default="",
                                default="",
                                help_text="Folder of a CUR 2.0 export in S3, like s3://bucket/prefix/export/data. Actual costs of this account are read from it every 6 hours. The portal reads nothing else in the bucket.",
                                max_length=300,
                                validators=[
                                    django.core.validators.RegexValidator(
                                        "^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9!_.*'()=-]+)+/data/?\\Z",
                                        "Enter the folder of an export's data, like s3://bucket/prefix/export/data.",
                                    )
                                ],
                            ),
                        ),
                        (
                            "cost_explorer_requests",
                            models.PositiveIntegerField(
                                db_default=0,
                                default=0,
                                help_text="Once a day, costs by tag are read with at most so many. AWS charges $0.01 for each. 0 reads none.",
                                validators=[django.core.validators.MaxValueValidator(100)],
                                verbose_name="Cost Explorer requests a day",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["name"],
                    },
                ),
                migrations.CreateModel(
                    name="AccountStatus",
                    fields=[
                        (
                            "account",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="status",
                                serialize=False,
                                to="jobs.account",
                            ),
                        ),
                        (
                            "rate_window_end",
                            models.DateTimeField(
                                help_text="End of the time that workers have reserved for submissions at the account's rate.",
                                null=True,
                            ),
                        ),
                        (
                            "throttles",
                            models.PositiveIntegerField(default=0, help_text="Total number of throttling errors."),
                        ),
                        ("throttled_at", models.DateTimeField(null=True)),
                        (
                            "backoff_until",
                            models.DateTimeField(
                                help_text="No polls before this time, because AWS throttled.", null=True
                            ),
                        ),
                        (
                            "backoff_seconds",
                            models.PositiveIntegerField(default=0, help_text="Length of the last backoff."),
                        ),
                        (
                            "clock_skew_seconds",
                            models.FloatField(help_text="How far AWS's clock was ahead at the last poll.", null=True),
                        ),
                        (
                            "breaker_failures",
                            models.PositiveIntegerField(default=0, help_text="Consecutive calls without an answer."),
                        ),
                        ("breaker_opened_at", models.DateTimeField(help_text="When calls were paused.", null=True)),
                        ("breaker_retry_at", models.DateTimeField(help_text="When AWS is called again.", null=True)),
                        ("breaker_reason", models.CharField(blank=True, max_length=200)),
                        ("polled_at", models.DateTimeField(help_text="Last successful poll.", null=True)),
                        (
                            "last_error",
                            models.TextField(blank=True, help_text="Error of the last poll, empty if it succeeded."),
                        ),
                        (
                            "queue_snapshot",
                            models.JSONField(default=list, help_text="The queues as AWS last described them."),
                        ),
                        ("queue_snapshot_at", models.DateTimeField(null=True)),
                        ("queue_snapshot_error", models.TextField(blank=True)),
                        (
                            "synced_at",
                            models.DateTimeField(help_text="When a queue snapshot was last applied.", null=True),
                        ),
                        (
                            "connection_test",
                            models.JSONField(
                                default=dict, help_text="Identity and permissions found by the last test."
                            ),
                        ),
                        ("connection_tested_at", models.DateTimeField(null=True)),
                        (
                            "prices_read_at",
                            models.DateTimeField(help_text="When prices were last read from AWS.", null=True),
                        ),
                        (
                            "prices_error",
                            models.TextField(
                                blank=True, db_default="", help_text="Error of the last reading of prices."
                            ),
                        ),
                        (
                            "costs_error",
                            models.TextField(blank=True, db_default="", default="", help_text="Why it wasn't read."),
                        ),
                        (
                            "costs_read_at",
                            models.DateTimeField(help_text="When its cost export was last looked at.", null=True),
                        ),
                        (
                            "cost_explorer_error",
                            models.TextField(blank=True, db_default="", help_text="Why it wasn't read in full."),
                        ),
                        (
                            "cost_explorer_keys",
                            models.JSONField(
                                db_default=models.Value([], models.JSONField()),
                                default=list,
                                help_text="Keys that are activated as cost allocation tags.",
                            ),
                        ),
                        (
                            "cost_explorer_read_at",
                            models.DateTimeField(help_text="When Cost Explorer was last read.", null=True),
                        ),
                    ],
                ),
                migrations.CreateModel(
                    name="ActualDelivery",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("month", models.DateField(help_text="First day of the billing month.")),
                        ("name", models.CharField(help_text="Folder of its files.", max_length=300)),
                        ("delivered_at", models.DateTimeField(help_text="Last change of its files.")),
                        ("imported_at", models.DateTimeField()),
                        ("data_through", models.DateField(help_text="Last day with usage in its files.")),
                        ("lines", models.PositiveBigIntegerField()),
                        ("has_split", models.BooleanField(help_text="Whether it has split cost allocation data.")),
                        (
                            "account",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="jobs.account",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("account", "month"), name="one_actual_delivery")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="AuditChain",
                    fields=[
                        (
                            "chain",
                            models.BigIntegerField(
                                help_text="Id of the team; 0 for the portal.", primary_key=True, serialize=False
                            ),
                        ),
                        ("number", models.BigIntegerField(default=0, help_text="Number of the newest entry.")),
                        (
                            "digest",
                            models.CharField(
                                default="0000000000000000000000000000000000000000000000000000000000000000",
                                max_length=64,
                            ),
                        ),
                        (
                            "pruned_through",
                            models.BigIntegerField(default=0, help_text="Number of the last pruned entry."),
                        ),
                        (
                            "pruned_digest",
                            models.CharField(
                                default="0000000000000000000000000000000000000000000000000000000000000000",
                                max_length=64,
                            ),
                        ),
                    ],
                ),
                migrations.CreateModel(
                    name="CacheEntry",
                    fields=[
                        ("key", models.CharField(max_length=250, primary_key=True, serialize=False)),
                        ("value", models.JSONField()),
                        ("until", models.DateTimeField(db_index=True)),
                    ],
                ),
                migrations.CreateModel(
                    name="ContainerInstance",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("arn", models.CharField(max_length=200, verbose_name="ARN")),
                        ("instance_id", models.CharField(blank=True, max_length=30)),
                        ("instance_type", models.CharField(blank=True, max_length=40)),
                        (
                            "purchase_option",
                            models.CharField(
                                blank=True, choices=[("ON_DEMAND", "On-demand"), ("SPOT", "Spot")], max_length=10
                            ),
                        ),
                        ("read_at", models.DateTimeField(null=True)),
                        (
                            "next_read_at",
                            models.DateTimeField(help_text="When to try again after a failure.", null=True),
                        ),
                        ("error", models.TextField(blank=True, help_text="Why it could not be read.")),
                        (
                            "account",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="jobs.account"
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("read_at", None)),
                                fields=["account", "-id"],
                                name="unread_container_instances",
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("account", "arn"), name="one_container_instance_an_arn")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CostExplorerMonth",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("key", models.CharField(max_length=128)),
                        ("month", models.DateField(help_text="First day of the month.")),
                        ("read_at", models.DateTimeField()),
                        ("data_through", models.DateField(help_text="Last day that was read.")),
                        (
                            "is_by_team",
                            models.BooleanField(help_text="Whether the tag portal:team told the teams apart."),
                        ),
                        (
                            "account",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="jobs.account",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("account", "key", "month"), name="one_cost_explorer_month"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CostExplorerRequests",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("day", models.DateField()),
                        ("number", models.PositiveIntegerField(default=0)),
                        (
                            "account",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="jobs.account",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("account", "day"), name="one_cost_explorer_requests")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="DatabaseGeneration",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("current", models.CharField(max_length=40)),
                        (
                            "previous",
                            models.CharField(
                                blank=True,
                                help_text="The previous token; after a crash the file may still have it.",
                                max_length=40,
                            ),
                        ),
                        ("rotated_at", models.DateTimeField()),
                        (
                            "recovering_since",
                            models.DateTimeField(
                                help_text="Submissions are paused until every queue has been compared with AWS.",
                                null=True,
                            ),
                        ),
                        ("reason", models.TextField(blank=True)),
                    ],
                ),
                migrations.CreateModel(
                    name="InstanceType",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "name",
                            models.CharField(
                                help_text="As AWS calls it, such as m5.xlarge.", max_length=40, unique=True
                            ),
                        ),
                        (
                            "vcpus",
                            models.PositiveIntegerField(
                                validators=[django.core.validators.MinValueValidator(1)], verbose_name="vCPU"
                            ),
                        ),
                        (
                            "memory_mib",
                            models.PositiveIntegerField(
                                validators=[django.core.validators.MinValueValidator(1)], verbose_name="memory (MiB)"
                            ),
                        ),
                        ("gpus", models.PositiveIntegerField(default=0, verbose_name="GPU")),
                        ("gpu_model", models.CharField(blank=True, max_length=60, verbose_name="GPU model")),
                        (
                            "architecture",
                            models.CharField(
                                choices=[("X86_64", "x86"), ("ARM64", "ARM"), ("WINDOWS", "Windows on x86")],
                                default="X86_64",
                                max_length=10,
                            ),
                        ),
                        (
                            "source",
                            models.CharField(blank=True, help_text="Where the size comes from.", max_length=200),
                        ),
                    ],
                    options={
                        "ordering": ["name"],
                    },
                ),
                migrations.CreateModel(
                    name="InstancePrice",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("region", models.CharField(max_length=30)),
                        (
                            "purchase_option",
                            models.CharField(
                                choices=[("ON_DEMAND", "On-demand"), ("SPOT", "Spot")],
                                default="ON_DEMAND",
                                max_length=10,
                            ),
                        ),
                        (
                            "usd_per_hour",
                            models.DecimalField(
                                decimal_places=10,
                                max_digits=16,
                                validators=[django.core.validators.MinValueValidator(Decimal("1E-10"))],
                                verbose_name="USD per hour",
                            ),
                        ),
                        ("valid_from", models.DateField()),
                        (
                            "source",
                            models.CharField(
                                blank=True,
                                help_text="Where the price comes from, and when it was read.",
                                max_length=200,
                            ),
                        ),
                        (
                            "is_pinned",
                            models.BooleanField(
                                default=False,
                                help_text="Prices that are read from AWS don't replace it.",
                                verbose_name="pinned",
                            ),
                        ),
                        (
                            "instance_type",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="prices",
                                to="jobs.instancetype",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["instance_type", "region", "purchase_option", "-valid_from"],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("instance_type", "region", "purchase_option", "valid_from"),
                                name="one_instance_price_a_day",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("usd_per_hour__gt", Decimal("0"))), name="instance_price_positive"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="JobTextBacklog",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("below", models.BigIntegerField()),
                    ],
                ),
                migrations.CreateModel(
                    name="Lease",
                    fields=[
                        ("name", models.CharField(max_length=40, primary_key=True, serialize=False)),
                        ("owner", models.CharField(max_length=80)),
                        ("until", models.DateTimeField()),
                    ],
                ),
                migrations.CreateModel(
                    name="LogCopy",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("log_group", models.CharField(max_length=512)),
                        ("stream", models.CharField(max_length=512)),
                        ("line_count", models.PositiveBigIntegerField(default=0)),
                        ("stored_bytes", models.PositiveBigIntegerField(default=0)),
                        (
                            "token",
                            models.CharField(
                                blank=True, help_text="AWS's token for the lines after the last one.", max_length=2048
                            ),
                        ),
                        (
                            "last_event_ms",
                            models.BigIntegerField(default=0, help_text="Time of the last line, in ms since 1970."),
                        ),
                        (
                            "read_at",
                            models.DateTimeField(help_text="When lines were last requested from AWS.", null=True),
                        ),
                        (
                            "is_caught_up",
                            models.BooleanField(
                                default=False, help_text="Whether the end of the stream was reached once."
                            ),
                        ),
                        (
                            "is_complete",
                            models.BooleanField(
                                default=False, help_text="Whether the stream has ended and is all here."
                            ),
                        ),
                        ("lease_until", models.DateTimeField(null=True)),
                        ("viewed_at", models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                        (
                            "account",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="jobs.account",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name_plural": "log copies",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("account", "log_group", "stream"), name="one_copy_a_stream"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="LogChunk",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("first_line", models.PositiveBigIntegerField()),
                        ("line_count", models.PositiveIntegerField()),
                        ("characters", models.PositiveIntegerField()),
                        ("texts", models.BinaryField()),
                        ("times", models.BinaryField()),
                        (
                            "copy",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="chunks",
                                to="jobs.logcopy",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("copy", "first_line"), name="one_chunk_a_line")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="OutgoingMail",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("kind", models.CharField(choices=[("password-reset", "Password reset")], max_length=20)),
                        (
                            "address",
                            models.CharField(
                                blank=True, help_text="As entered; may belong to no user.", max_length=254
                            ),
                        ),
                        (
                            "origin",
                            models.CharField(help_text="Scheme and host of the portal, for links.", max_length=300),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("attempts", models.PositiveSmallIntegerField(default=0)),
                        (
                            "try_at",
                            models.DateTimeField(
                                help_text="When to send or retry it; during an attempt, the end of its lease."
                            ),
                        ),
                        ("failed_at", models.DateTimeField(help_text="When the last retry failed.", null=True)),
                        (
                            "problem",
                            models.CharField(
                                blank=True,
                                help_text="Why the last attempt failed, without the address.",
                                max_length=200,
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["pk"],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("failed_at", None)), fields=["try_at"], name="mail_to_send"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Queue",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "account",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="queues", to="jobs.account"
                            ),
                        ),
                        ("name", models.CharField(max_length=128)),
                        ("arn", models.CharField(blank=True, max_length=300, verbose_name="ARN")),
                        ("state", models.CharField(default="ENABLED", max_length=20)),
                        ("status", models.CharField(default="VALID", max_length=20)),
                        ("status_reason", models.TextField(blank=True)),
                        ("priority", models.IntegerField(default=0)),
                        (
                            "platform",
                            models.CharField(
                                blank=True,
                                help_text="Type of the queue in AWS: ECS, ECS_FARGATE, EKS …",
                                max_length=30,
                            ),
                        ),
                        ("raw", models.JSONField(blank=True, default=dict, verbose_name="description from AWS")),
                        (
                            "scheduling_policy",
                            models.JSONField(
                                blank=True,
                                default=dict,
                                help_text="Scheduling policy from AWS; empty for first in, first out.",
                            ),
                        ),
                        (
                            "environments",
                            models.JSONField(
                                blank=True,
                                default=list,
                                help_text="Compute environments from AWS in their order; empty until read.",
                            ),
                        ),
                        ("seen_at", models.DateTimeField(blank=True, null=True, verbose_name="last seen in AWS")),
                        (
                            "removed_at",
                            models.DateTimeField(
                                blank=True, help_text="When it was no longer found in AWS.", null=True
                            ),
                        ),
                        (
                            "compared_at",
                            models.DateTimeField(
                                editable=False,
                                help_text="When the last comparison of its jobs with AWS started.",
                                null=True,
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["account", "name"],
                        "constraints": [
                            models.UniqueConstraint(fields=("account", "name"), name="one_queue_of_a_name")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="QueueSnapshot",
                    fields=[
                        (
                            "queue",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="snapshot",
                                serialize=False,
                                to="jobs.queue",
                            ),
                        ),
                        (
                            "job_ids",
                            models.JSONField(
                                default=list,
                                help_text="AWS job IDs of the first RUNNABLE jobs, in the order in which they start.",
                            ),
                        ),
                        ("read_at", models.DateTimeField(null=True)),
                        ("requested_at", models.DateTimeField(null=True)),
                        (
                            "error",
                            models.TextField(
                                blank=True, help_text="Why the last request failed; empty if it succeeded."
                            ),
                        ),
                    ],
                ),
                migrations.CreateModel(
                    name="Rate",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "platform",
                            models.CharField(
                                choices=[
                                    ("FARGATE", "Fargate"),
                                    ("FARGATE_SPOT", "Fargate Spot"),
                                    ("EC2", "EC2, instance type unknown"),
                                    ("EKS", "EKS, instance type unknown"),
                                    ("ON_PREMISES", "On-premises"),
                                ],
                                max_length=20,
                            ),
                        ),
                        (
                            "architecture",
                            models.CharField(
                                choices=[("X86_64", "x86"), ("ARM64", "ARM"), ("WINDOWS", "Windows on x86")],
                                default="X86_64",
                                max_length=10,
                            ),
                        ),
                        (
                            "region",
                            models.CharField(
                                blank=True,
                                help_text="Leave empty for all regions without a rate of their own.",
                                max_length=30,
                            ),
                        ),
                        (
                            "resource",
                            models.CharField(
                                choices=[
                                    ("vcpu", "vCPU-hour"),
                                    ("memory", "GiB-hour of memory"),
                                    ("gpu", "GPU-hour"),
                                    ("storage", "GiB-hour of ephemeral storage above 20 GiB"),
                                ],
                                max_length=10,
                            ),
                        ),
                        (
                            "usd_per_hour",
                            models.DecimalField(
                                decimal_places=10,
                                help_text="0 if another rate includes it.",
                                max_digits=16,
                                validators=[django.core.validators.MinValueValidator(Decimal("0"))],
                                verbose_name="USD per hour",
                            ),
                        ),
                        ("valid_from", models.DateField()),
                        (
                            "source",
                            models.CharField(
                                blank=True,
                                help_text="Where the price comes from, and when it was read.",
                                max_length=200,
                            ),
                        ),
                        (
                            "is_pinned",
                            models.BooleanField(
                                default=False,
                                help_text="Prices that are read from AWS don't replace it.",
                                verbose_name="pinned",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["platform", "architecture", "region", "resource", "-valid_from"],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("platform", "architecture", "region", "resource", "valid_from"),
                                name="one_rate_a_day",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("usd_per_hour__gte", Decimal("0"))), name="rate_not_negative"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("platform__in", ["FARGATE", "FARGATE_SPOT", "EC2", "EKS", "ON_PREMISES"])
                                ),
                                name="rate_of_known_platform",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="RequestCount",
                    fields=[
                        ("key", models.CharField(max_length=200, primary_key=True, serialize=False)),
                        ("count", models.PositiveBigIntegerField()),
                        ("until", models.DateTimeField()),
                    ],
                ),
                migrations.CreateModel(
                    name="TagSecret",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("value", models.CharField(max_length=64)),
                    ],
                ),
                migrations.CreateModel(
                    name="Team",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("slug", models.SlugField(max_length=40, unique=True)),
                        ("name", models.CharField(max_length=80, unique=True)),
                        (
                            "active",
                            models.BooleanField(
                                default=True, help_text="An inactive team keeps its history but can't submit jobs."
                            ),
                        ),
                        (
                            "resubmit_by_itself",
                            models.BooleanField(
                                default=True,
                                help_text="Submit a job again if AWS didn't confirm it and doesn't have it. If off, such a job is held until a team lead releases or withdraws it.",
                                verbose_name="resubmit automatically",
                            ),
                        ),
                        (
                            "may_register",
                            models.BooleanField(
                                default=True,
                                help_text="If off, the team's jobs can use shared definitions only.",
                                verbose_name="can register definitions",
                            ),
                        ),
                        (
                            "features",
                            models.JSONField(
                                blank=True,
                                default=list,
                                help_text="Privileged features that the team's jobs can use.",
                            ),
                        ),
                        (
                            "further_fields",
                            models.JSONField(
                                blank=True,
                                default=list,
                                help_text="AWS Batch fields that the portal doesn't know yet but the team can use.",
                                verbose_name="additional AWS Batch fields",
                            ),
                        ),
                        (
                            "default_time_limit_seconds",
                            models.PositiveIntegerField(
                                blank=True,
                                help_text="Applies to jobs without a time limit in the definition or the submission, in seconds.",
                                null=True,
                                validators=[django.core.validators.MinValueValidator(60)],
                                verbose_name="default time limit",
                            ),
                        ),
                        (
                            "approval_usd",
                            models.DecimalField(
                                blank=True,
                                decimal_places=2,
                                help_text="Time limit × attempts × runs of all jobs, at today's rates.",
                                max_digits=12,
                                null=True,
                                validators=[django.core.validators.MinValueValidator(0)],
                                verbose_name="max. cost (USD)",
                            ),
                        ),
                        (
                            "approval_vcpu_hours",
                            models.PositiveIntegerField(
                                blank=True,
                                help_text="Time limit × attempts × runs × vCPU of all jobs.",
                                null=True,
                                verbose_name="max. vCPU-hours",
                            ),
                        ),
                        (
                            "approval_gpus",
                            models.PositiveIntegerField(
                                blank=True,
                                help_text="All jobs together; an array counts once per child job.",
                                null=True,
                                verbose_name="GPUs",
                            ),
                        ),
                        (
                            "approval_array_size",
                            models.PositiveIntegerField(
                                blank=True,
                                help_text="Child jobs of all arrays together.",
                                null=True,
                                verbose_name="array child jobs",
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "default_memory_mib",
                            models.PositiveIntegerField(
                                blank=True,
                                help_text="Applies to definitions that the team registers without memory.",
                                null=True,
                                validators=[django.core.validators.MinValueValidator(4)],
                                verbose_name="default memory (MiB)",
                            ),
                        ),
                        (
                            "default_vcpus",
                            models.DecimalField(
                                blank=True,
                                decimal_places=2,
                                help_text="Applies to definitions that the team registers without vCPU.",
                                max_digits=6,
                                null=True,
                                validators=[django.core.validators.MinValueValidator(Decimal("0.25"))],
                                verbose_name="default vCPU",
                            ),
                        ),
                        (
                            "leads_manage_members",
                            models.BooleanField(
                                default=False,
                                help_text="Team leads can add and remove viewers and analysts. Only administrators make leads.",
                                verbose_name="leads manage members",
                            ),
                        ),
                        (
                            "personal_token_days",
                            models.PositiveSmallIntegerField(
                                default=90,
                                help_text="Members can create API tokens for themselves that expire within this many days. With 0 they can't, and existing ones stop working.",
                                validators=[django.core.validators.MaxValueValidator(365)],
                                verbose_name="max. days of personal tokens",
                            ),
                        ),
                        (
                            "time_zone",
                            models.CharField(
                                db_default="UTC",
                                default="UTC",
                                help_text="An attempt costs on the day on which it ended in this time zone, for example Europe/Zurich. A change applies to attempts that end later.",
                                max_length=40,
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["name"],
                    },
                ),
                migrations.CreateModel(
                    name="AuditEntry",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "team",
                            models.ForeignKey(
                                help_text="Empty for actions that belong to no team.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="jobs.team",
                            ),
                        ),
                        ("number", models.BigIntegerField(help_text="Position in the team's chain, from 1.")),
                        ("created_at", models.DateTimeField()),
                        ("person", models.UUIDField(help_text="Public id; empty if unknown.", null=True)),
                        ("token", models.UUIDField(help_text="Public id of the API token that was used.", null=True)),
                        ("channel", models.CharField(max_length=20)),
                        ("address", models.CharField(blank=True, max_length=200)),
                        ("action", models.CharField(max_length=40)),
                        ("noun", models.CharField(blank=True, max_length=40)),
                        (
                            "object_id",
                            models.CharField(blank=True, help_text="Public id, or primary key.", max_length=64),
                        ),
                        ("label", models.CharField(blank=True, max_length=200)),
                        ("before", models.TextField(blank=True)),
                        ("after", models.TextField(blank=True)),
                        ("previous", models.CharField(max_length=64)),
                        ("digest", models.CharField(max_length=64)),
                    ],
                    options={
                        "verbose_name": "audit entry",
                        "verbose_name_plural": "audit entries",
                        "ordering": ["-pk"],
                        "indexes": [
                            models.Index(fields=["team", "-id"], name="audit_of_team"),
                            models.Index(fields=["person", "-id"], name="audit_of_person"),
                            models.Index(fields=["action", "-id"], name="audit_of_act"),
                            models.Index(fields=["object_id", "-id"], name="audit_of_object"),
                            models.Index(fields=["label", "-id"], name="audit_of_label"),
                            models.Index(fields=["created_at", "id"], name="audit_of_time"),
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("team", "number"), name="one_chain_a_team"),
                            models.UniqueConstraint(
                                condition=models.Q(("team", None)), fields=("number",), name="one_chain_of_the_portal"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Budget",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "tag_key",
                            models.CharField(
                                blank=True,
                                help_text="Leave key and value empty for all jobs of the team.",
                                max_length=128,
                            ),
                        ),
                        ("tag_value", models.CharField(blank=True, max_length=256)),
                        (
                            "period",
                            models.CharField(
                                choices=[("month", "Month"), ("quarter", "Quarter")], default="month", max_length=7
                            ),
                        ),
                        (
                            "usd",
                            models.DecimalField(
                                decimal_places=2,
                                max_digits=12,
                                validators=[django.core.validators.MinValueValidator(Decimal("0.01"))],
                                verbose_name="amount (USD)",
                            ),
                        ),
                        (
                            "warn_percent",
                            models.PositiveSmallIntegerField(
                                blank=True,
                                default=80,
                                help_text="Of the amount. Warns on the home page, in Costs and before submission.",
                                null=True,
                                validators=[
                                    django.core.validators.MinValueValidator(1),
                                    django.core.validators.MaxValueValidator(1000),
                                ],
                                verbose_name="warn at %",
                            ),
                        ),
                        (
                            "approve_percent",
                            models.PositiveSmallIntegerField(
                                blank=True,
                                help_text="Submissions above it need approval.",
                                null=True,
                                validators=[
                                    django.core.validators.MinValueValidator(1),
                                    django.core.validators.MaxValueValidator(1000),
                                ],
                                verbose_name="approval above %",
                            ),
                        ),
                        (
                            "stop_percent",
                            models.PositiveSmallIntegerField(
                                blank=True,
                                help_text="Submissions above it are refused.",
                                null=True,
                                validators=[
                                    django.core.validators.MinValueValidator(1),
                                    django.core.validators.MaxValueValidator(1000),
                                ],
                                verbose_name="stop above %",
                            ),
                        ),
                        ("active", models.BooleanField(default=True)),
                        (
                            "team",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="budgets", to="jobs.team"
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["tag_key", "tag_value", "period"],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("team", "tag_key", "tag_value", "period"),
                                name="one_budget_a_period",
                                violation_error_message="The team has a budget for this tag and period already.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("tag_key", ""), ("tag_value", "")),
                                    models.Q(
                                        models.Q(("tag_key", ""), _negated=True),
                                        models.Q(("tag_value", ""), _negated=True),
                                    ),
                                    _connector="OR",
                                ),
                                name="budget_tag_is_whole",
                                violation_error_message="Enter both a tag key and a tag value, or neither.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("usd__gt", 0)),
                                name="budget_is_positive",
                                violation_error_message="Enter an amount above $0.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CostBacklog",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("month", models.DateField()),
                        (
                            "team",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="jobs.team",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [models.UniqueConstraint(fields=("team", "month"), name="one_cost_backlog")],
                    },
                ),
                migrations.CreateModel(
                    name="CostExplorerCost",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("day", models.DateField()),
                        ("value", models.CharField(blank=True, max_length=256)),
                        ("usd_units", models.BigIntegerField()),
                        (
                            "team",
                            models.ForeignKey(
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="jobs.team",
                            ),
                        ),
                        (
                            "reading",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="costs",
                                to="jobs.costexplorermonth",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [models.Index(fields=["team"], name="cost_explorer_cost_of_team")],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("reading", "day", "value", "team"), name="one_cost_explorer_cost"
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("team", None)),
                                fields=("reading", "day", "value"),
                                name="one_cost_explorer_cost_of_no_team",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CostGroup",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("kind", models.CharField(blank=True, max_length=12)),
                        ("key", models.CharField(blank=True, max_length=128)),
                        ("value", models.CharField(blank=True, max_length=256)),
                        ("kind2", models.CharField(blank=True, max_length=12)),
                        ("key2", models.CharField(blank=True, max_length=128)),
                        ("value2", models.CharField(blank=True, max_length=256)),
                        ("digest", models.CharField(max_length=32, unique=True)),
                        (
                            "team",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="jobs.team",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["team", "kind", "key", "kind2", "key2"], name="cost_group_of_team")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ActualTotal",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("day", models.DateField()),
                        ("usd_units", models.BigIntegerField()),
                        (
                            "idle_units",
                            models.BigIntegerField(help_text="Unused capacity that AWS assigns to the tasks."),
                        ),
                        (
                            "delivery",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="totals",
                                to="jobs.actualdelivery",
                            ),
                        ),
                        (
                            "group",
                            models.ForeignKey(
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="jobs.costgroup",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [models.Index(fields=["group", "day"], name="actual_total_of_group")],
                        "constraints": [
                            models.UniqueConstraint(fields=("delivery", "group", "day"), name="one_actual_total"),
                            models.UniqueConstraint(
                                condition=models.Q(("group", None)),
                                fields=("delivery", "day"),
                                name="one_actual_total_without_group",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CostTagKey",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("key", models.CharField(max_length=128)),
                        ("is_summed", models.BooleanField(default=True)),
                        ("is_crossed", models.BooleanField(default=False)),
                        (
                            "team",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="jobs.team",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [models.UniqueConstraint(fields=("team", "key"), name="one_cost_tag_key")],
                    },
                ),
                migrations.CreateModel(
                    name="CostTotal",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("period", models.CharField(max_length=1)),
                        ("start", models.DateField()),
                        ("usd_units", models.BigIntegerField(default=0)),
                        ("failed_units", models.BigIntegerField(default=0)),
                        ("billed_ms", models.BigIntegerField(default=0)),
                        ("jobs", models.BigIntegerField(default=0)),
                        ("attempts", models.BigIntegerField(default=0)),
                        ("free", models.BigIntegerField(default=0)),
                        (
                            "group",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="totals",
                                to="jobs.costgroup",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("group", "period", "start"), name="one_cost_total")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ImageGrant",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "team",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="image_grants",
                                to="jobs.team",
                            ),
                        ),
                        (
                            "pattern",
                            models.CharField(
                                help_text="Registry and repository, exact or ending in *. Allows any tag and digest, unless you name one.",
                                max_length=300,
                                validators=[jobs.models.grant.one_star_at_the_end],
                                verbose_name="image",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["pattern"],
                        "constraints": [
                            models.UniqueConstraint(fields=("team", "pattern"), name="one_grant_an_image")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="JobCount",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("delivery", models.CharField(max_length=10)),
                        ("state", models.CharField(blank=True, max_length=20)),
                        ("number", models.PositiveBigIntegerField(default=0)),
                        (
                            "team",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="jobs.team",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("team", "delivery", "state"), name="one_count_a_status")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="QueueGrant",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "team",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="queue_grants",
                                to="jobs.team",
                            ),
                        ),
                        (
                            "queue",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="grants", to="jobs.queue"
                            ),
                        ),
                        ("is_default", models.BooleanField(default=False)),
                        ("max_vcpus", models.PositiveIntegerField(blank=True, null=True, verbose_name="max. vCPU")),
                        (
                            "max_memory_mib",
                            models.PositiveIntegerField(blank=True, null=True, verbose_name="max. memory (MiB)"),
                        ),
                        ("max_gpus", models.PositiveIntegerField(blank=True, null=True, verbose_name="max. GPU")),
                        (
                            "max_array_size",
                            models.PositiveIntegerField(blank=True, null=True, verbose_name="max. array size"),
                        ),
                        (
                            "max_run_seconds",
                            models.PositiveIntegerField(
                                blank=True,
                                help_text="Each job then needs a time limit of at most this many seconds.",
                                null=True,
                                validators=[django.core.validators.MinValueValidator(60)],
                                verbose_name="max. time limit (s)",
                            ),
                        ),
                        (
                            "max_active_jobs",
                            models.PositiveIntegerField(blank=True, null=True, verbose_name="max. jobs at a time"),
                        ),
                        (
                            "max_active_vcpus",
                            models.PositiveIntegerField(blank=True, null=True, verbose_name="max. vCPU at a time"),
                        ),
                        (
                            "forms_only",
                            models.CharField(
                                blank=True,
                                choices=[("analysts", "Analysts"), ("all", "Analysts and leads")],
                                db_default="",
                                default="",
                                help_text="Who submits to the queue with launch forms only. Analysts among them can't save forms.",
                                max_length=10,
                                verbose_name="launch forms only",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [models.UniqueConstraint(fields=("team", "queue"), name="one_grant_a_queue")],
                    },
                ),
                migrations.CreateModel(
                    name="RoleGrant",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "team",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="role_grants",
                                to="jobs.team",
                            ),
                        ),
                        (
                            "pattern",
                            models.CharField(
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
                    ],
                    options={
                        "ordering": ["pattern"],
                        "constraints": [models.UniqueConstraint(fields=("team", "pattern"), name="one_grant_a_role")],
                    },
                ),
                migrations.CreateModel(
                    name="TagRule",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "team",
                            models.ForeignKey(
                                blank=True,
                                help_text="Leave empty for all teams.",
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="tag_rules",
                                to="jobs.team",
                            ),
                        ),
                        (
                            "key",
                            models.CharField(
                                max_length=128,
                                validators=[
                                    django.core.validators.RegexValidator(
                                        "^(?!(?i:aws|portal):)[^\\r\\n]+\\Z",
                                        "Tag keys that start with aws: or portal: are reserved.",
                                    )
                                ],
                            ),
                        ),
                        ("required", models.BooleanField(default=False)),
                        (
                            "allowed",
                            models.JSONField(
                                blank=True,
                                default=list,
                                help_text="Leave empty to allow any value.",
                                verbose_name="allowed values",
                            ),
                        ),
                        (
                            "pattern",
                            models.CharField(
                                blank=True,
                                help_text="Pattern for values, with *, ? and [0-9], like CC-[0-9]*",
                                max_length=128,
                            ),
                        ),
                        ("default", models.CharField(blank=True, max_length=256)),
                        (
                            "filled_by",
                            models.CharField(
                                choices=[
                                    ("person", "User (default suggested)"),
                                    ("team", "Team (user can override)"),
                                    ("portal", "Portal (fixed)"),
                                ],
                                default="person",
                                max_length=10,
                                verbose_name="set by",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["key"],
                        "constraints": [
                            models.UniqueConstraint(fields=("team", "key"), name="one_tag_rule_a_team"),
                            models.UniqueConstraint(
                                condition=models.Q(("team", None)),
                                fields=("key",),
                                name="one_tag_rule_for_all",
                                violation_error_message="A rule for all teams with this key already exists.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("default", ""), ("filled_by", "portal"), _negated=True),
                                name="the_portal_fills_in_something",
                                violation_error_message="Enter the default that the portal sets.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="User",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("password", models.CharField(max_length=128, verbose_name="password")),
                        ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                        (
                            "is_superuser",
                            models.BooleanField(
                                default=False,
                                help_text="Designates that this user has all permissions without explicitly assigning them.",
                                verbose_name="superuser status",
                            ),
                        ),
                        (
                            "username",
                            models.CharField(
                                error_messages={"unique": "A user with that username already exists."},
                                help_text="Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.",
                                max_length=150,
                                unique=True,
                                validators=[django.contrib.auth.validators.UnicodeUsernameValidator()],
                                verbose_name="username",
                            ),
                        ),
                        ("first_name", models.CharField(blank=True, max_length=150, verbose_name="first name")),
                        ("last_name", models.CharField(blank=True, max_length=150, verbose_name="last name")),
                        ("email", models.EmailField(blank=True, max_length=254, verbose_name="email address")),
                        (
                            "is_staff",
                            models.BooleanField(
                                default=False,
                                help_text="Designates whether the user can log into this admin site.",
                                verbose_name="staff status",
                            ),
                        ),
                        (
                            "is_active",
                            models.BooleanField(
                                default=True,
                                help_text="Designates whether this user should be treated as active. Unselect this instead of deleting accounts.",
                                verbose_name="active",
                            ),
                        ),
                        (
                            "date_joined",
                            models.DateTimeField(default=django.utils.timezone.now, verbose_name="date joined"),
                        ),
                        ("public_id", models.UUIDField(default=jobs.models.ids.new_id, editable=False, unique=True)),
                        (
                            "time_zone",
                            models.CharField(
                                blank=True,
                                help_text="IANA name; leave empty to use the browser's time zone.",
                                max_length=64,
                            ),
                        ),
                        ("password_changed_at", models.DateTimeField(editable=False, null=True)),
                        (
                            "must_change_password",
                            models.BooleanField(
                                default=False,
                                editable=False,
                                help_text="An administrator set the password; the user must change it at the next sign-in.",
                            ),
                        ),
                        (
                            "groups",
                            models.ManyToManyField(
                                blank=True,
                                help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                                related_name="user_set",
                                related_query_name="user",
                                to="auth.group",
                                verbose_name="groups",
                            ),
                        ),
                        (
                            "user_permissions",
                            models.ManyToManyField(
                                blank=True,
                                help_text="Specific permissions for this user.",
                                related_name="user_set",
                                related_query_name="user",
                                to="auth.permission",
                                verbose_name="user permissions",
                            ),
                        ),
                        (
                            "job_columns",
                            models.JSONField(
                                default=list,
                                editable=False,
                                help_text="Columns of the list of jobs; empty: the usual ones.",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "user",
                        "verbose_name_plural": "users",
                        "abstract": False,
                    },
                    managers=[
                        ("objects", django.contrib.auth.models.UserManager()),
                    ],
                ),
                migrations.CreateModel(
                    name="ApiToken",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("public_id", models.UUIDField(default=jobs.models.ids.new_id, editable=False, unique=True)),
                        (
                            "team",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="tokens", to="jobs.team"
                            ),
                        ),
                        (
                            "person",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="tokens",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("name", models.CharField(max_length=80)),
                        (
                            "prefix",
                            models.CharField(
                                help_text="First characters of the secret, to tell tokens apart.", max_length=12
                            ),
                        ),
                        ("digest", models.CharField(max_length=64, unique=True)),
                        ("may_submit", models.BooleanField(default=True)),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("expires_at", models.DateTimeField(blank=True, null=True)),
                        ("revoked_at", models.DateTimeField(blank=True, null=True)),
                        ("used_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "is_personal",
                            models.BooleanField(
                                default=False,
                                help_text="Created by a member for their own use, not by a lead for the team.",
                                verbose_name="personal",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-pk"],
                        "verbose_name": "API token",
                    },
                ),
                migrations.CreateModel(
                    name="BulkAction",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("public_id", models.UUIDField(default=jobs.models.ids.new_id, editable=False, unique=True)),
                        ("kind", models.CharField(choices=[("stop", "Stop"), ("again", "Run again")], max_length=5)),
                        (
                            "request_key",
                            models.CharField(
                                help_text="Idempotency key of the page on which it was confirmed.", max_length=64
                            ),
                        ),
                        ("item_count", models.PositiveIntegerField()),
                        ("memory_mib", models.PositiveIntegerField(null=True)),
                        ("time_limit_seconds", models.PositiveIntegerField(null=True)),
                        (
                            "queue",
                            models.CharField(blank=True, help_text="Name or ARN of the queue.", max_length=300),
                        ),
                        ("channel", models.CharField(max_length=10)),
                        ("address", models.CharField(blank=True, max_length=200)),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "due_at",
                            models.DateTimeField(
                                help_text="When a worker continues with it; null once it has ended.", null=True
                            ),
                        ),
                        ("canceled_at", models.DateTimeField(null=True)),
                        ("ended_at", models.DateTimeField(null=True)),
                        (
                            "person",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="bulk_actions",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-pk"],
                        "indexes": [
                            models.Index(fields=["person", "-id"], name="bulk_action_of_person"),
                            models.Index(
                                condition=models.Q(("due_at__isnull", False)),
                                fields=["due_at"],
                                name="bulk_action_due",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("person", "request_key"), name="one_bulk_action_a_key")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Definition",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("public_id", models.UUIDField(default=jobs.models.ids.new_id, editable=False, unique=True)),
                        (
                            "account",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="definitions",
                                to="jobs.account",
                            ),
                        ),
                        ("name", models.CharField(max_length=128)),
                        (
                            "team",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="definitions",
                                to="jobs.team",
                            ),
                        ),
                        (
                            "shared",
                            models.BooleanField(
                                default=False,
                                help_text="All teams can use it; only its own team can register revisions.",
                            ),
                        ),
                        (
                            "description",
                            models.CharField(
                                blank=True,
                                help_text="What it is for, in one sentence. Not sent to AWS.",
                                max_length=300,
                            ),
                        ),
                        (
                            "archived_at",
                            models.DateTimeField(
                                editable=False,
                                help_text="When it was deactivated.",
                                null=True,
                                verbose_name="deactivated at",
                            ),
                        ),
                        (
                            "archived_by",
                            models.ForeignKey(
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="deactivated by",
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("deprecated_at", models.DateTimeField(editable=False, null=True)),
                        (
                            "labels",
                            models.JSONField(
                                blank=True,
                                db_default=models.Value([], models.JSONField()),
                                default=list,
                                help_text="Words to find it by.",
                            ),
                        ),
                        (
                            "owner",
                            models.ForeignKey(
                                blank=True,
                                help_text="Whom to ask about it; at first who registered it.",
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "standard",
                            models.BooleanField(
                                db_default=False, default=False, help_text="Recommended by administrators."
                            ),
                        ),
                        (
                            "successor",
                            models.ForeignKey(
                                editable=False,
                                help_text="What to use instead.",
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="jobs.definition",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["name"],
                        "constraints": [
                            models.UniqueConstraint(fields=("account", "name"), name="one_definition_of_a_name")
                        ],
                        "verbose_name": "job definition",
                    },
                ),
                migrations.CreateModel(
                    name="IdempotencyRecord",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "team",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="jobs.team"
                            ),
                        ),
                        (
                            "person",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("key", models.CharField(max_length=80)),
                        ("path", models.CharField(max_length=200)),
                        ("body_hash", models.CharField(max_length=64)),
                        (
                            "status",
                            models.PositiveSmallIntegerField(
                                default=0, help_text="0 while the first request is in progress."
                            ),
                        ),
                        ("answer", models.JSONField(default=dict)),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                    ],
                    options={
                        "constraints": [models.UniqueConstraint(fields=("team", "key"), name="one_answer_a_key")],
                    },
                ),
                migrations.CreateModel(
                    name="LaunchForm",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("public_id", models.UUIDField(default=jobs.models.ids.new_id, editable=False, unique=True)),
                        ("name", models.CharField(max_length=128)),
                        (
                            "description",
                            models.CharField(
                                blank=True, help_text="What it is for, in one sentence.", max_length=300
                            ),
                        ),
                        ("labels", models.JSONField(default=list, help_text="Words to find it by.")),
                        ("run_count", models.PositiveIntegerField(default=0, editable=False)),
                        (
                            "used_at",
                            models.DateTimeField(editable=False, help_text="When it was last started.", null=True),
                        ),
                        ("archived_at", models.DateTimeField(editable=False, null=True)),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "archived_by",
                            models.ForeignKey(
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "owner",
                            models.ForeignKey(
                                help_text="Who created it.",
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "team",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="launch_forms",
                                to="jobs.team",
                            ),
                        ),
                        ("deprecated_at", models.DateTimeField(editable=False, null=True)),
                        (
                            "successor",
                            models.ForeignKey(
                                editable=False,
                                help_text="What to use instead.",
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="jobs.launchform",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["name"],
                        "constraints": [
                            models.UniqueConstraint(fields=("team", "name"), name="one_launch_form_of_a_name")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="FavoriteForm",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "form",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="jobs.launchform"
                            ),
                        ),
                        (
                            "person",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("person", "form"), name="one_favorite_of_a_form")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="FormPreset",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("public_id", models.UUIDField(default=jobs.models.ids.new_id, editable=False, unique=True)),
                        ("name", models.CharField(max_length=60)),
                        (
                            "values",
                            models.JSONField(default=dict, help_text="Texts by the names of fields; none is secret."),
                        ),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "form",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="presets",
                                to="jobs.launchform",
                            ),
                        ),
                        (
                            "person",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["name", "pk"],
                        "indexes": [models.Index(fields=["form", "person"], name="preset_of_form")],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("person__isnull", False)),
                                fields=("form", "person", "name"),
                                name="one_own_preset_of_a_name",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("person", None)),
                                fields=("form", "name"),
                                name="one_team_preset_of_a_name",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="LaunchFormVersion",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("public_id", models.UUIDField(default=jobs.models.ids.new_id, editable=False, unique=True)),
                        ("number", models.PositiveIntegerField()),
                        ("text", models.TextField(help_text="The document as it was written.")),
                        ("document", models.JSONField(help_text="The document parsed from the text.")),
                        ("sections", models.JSONField(default=list)),
                        ("locks", models.JSONField(default=dict, help_text="Who locked each field that is locked.")),
                        ("note", models.CharField(blank=True, help_text="Why it was made.", max_length=300)),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "created_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "form",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="versions",
                                to="jobs.launchform",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-number"],
                        "constraints": [
                            models.UniqueConstraint(fields=("form", "number"), name="one_form_version_of_a_number")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Membership",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "team",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="memberships",
                                to="jobs.team",
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="memberships",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "role",
                            models.CharField(
                                choices=[("viewer", "Viewer"), ("analyst", "Analyst"), ("lead", "Lead")],
                                default="analyst",
                                max_length=10,
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("team", "user"), name="one_membership_a_team")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Repricing",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "first",
                            models.DateField(
                                help_text="Attempts that ended from this day on, such as 2026-11-01.",
                                verbose_name="first day",
                            ),
                        ),
                        ("last", models.DateField(verbose_name="last day")),
                        (
                            "why",
                            models.CharField(
                                help_text="Shown on receipts and in the audit log.",
                                max_length=300,
                                verbose_name="reason",
                            ),
                        ),
                        ("channel", models.CharField(max_length=10)),
                        ("address", models.CharField(blank=True, max_length=200)),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("previewed_at", models.DateTimeField(null=True)),
                        ("applied_at", models.DateTimeField(help_text="When it was confirmed.", null=True)),
                        ("ended_at", models.DateTimeField(null=True)),
                        (
                            "due_at",
                            models.DateTimeField(
                                help_text="When a worker continues with it; null while none has to.", null=True
                            ),
                        ),
                        (
                            "newest_job",
                            models.BigIntegerField(help_text="Key of the last job that was reached.", null=True),
                        ),
                        (
                            "preview",
                            models.JSONField(default=dict, help_text="What would change, by key of the team."),
                        ),
                        ("result", models.JSONField(default=dict, help_text="What has changed, by key of the team.")),
                        (
                            "person",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "team",
                            models.ForeignKey(
                                blank=True,
                                db_index=False,
                                help_text="Empty: all teams",
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="jobs.team",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "cost correction",
                        "ordering": ["-pk"],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="repricing_due"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Revision",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("public_id", models.UUIDField(default=jobs.models.ids.new_id, editable=False, unique=True)),
                        (
                            "definition",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="revisions",
                                to="jobs.definition",
                            ),
                        ),
                        (
                            "number",
                            models.PositiveIntegerField(
                                help_text="Revision number from AWS; empty until it is registered.", null=True
                            ),
                        ),
                        ("arn", models.CharField(blank=True, max_length=300)),
                        ("document", models.JSONField()),
                        ("fingerprint", models.CharField(max_length=64)),
                        (
                            "registration",
                            models.CharField(
                                choices=[
                                    ("ACCEPTED", "Registering"),
                                    ("REGISTERED", "Registered"),
                                    ("REFUSED", "Refused"),
                                ],
                                default="ACCEPTED",
                                max_length=12,
                            ),
                        ),
                        ("active", models.BooleanField(default=True)),
                        ("refusal", models.TextField(blank=True, help_text="Why AWS or the portal refused it.")),
                        (
                            "refused_by_portal",
                            models.BooleanField(
                                default=False, help_text="Refused by a rule of the portal, before it was sent to AWS."
                            ),
                        ),
                        ("lease_until", models.DateTimeField(null=True)),
                        ("sent_at", models.DateTimeField(null=True)),
                        (
                            "registered_by",
                            models.ForeignKey(
                                null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("registered_at", models.DateTimeField(null=True)),
                        ("note", models.CharField(blank=True, help_text="Why it was created.", max_length=300)),
                        ("deactivated_at", models.DateTimeField(help_text="When it was deactivated.", null=True)),
                        (
                            "deactivated_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "deregistered_at",
                            models.DateTimeField(
                                help_text="When it was deregistered in AWS, which deletes it 180 days later.",
                                null=True,
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-created_at"],
                        "indexes": [
                            models.Index(fields=["definition", "fingerprint"], name="revision_fingerprint"),
                            models.Index(
                                condition=models.Q(
                                    ("active", False), ("deregistered_at", None), ("registration", "REGISTERED")
                                ),
                                fields=["deactivated_at"],
                                name="revision_to_deregister",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("definition", "number"), name="one_revision_of_a_number"),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("registration", "REGISTERED"), _negated=True),
                                    ("number__isnull", False),
                                    _connector="OR",
                                ),
                                name="registered_has_a_number",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Draft",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("public_id", models.UUIDField(default=jobs.models.ids.new_id, editable=False)),
                        (
                            "team",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="drafts", to="jobs.team"
                            ),
                        ),
                        (
                            "person",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="drafts",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[("job", "Job"), ("definition", "Definition"), ("json", "JSON")],
                                max_length=12,
                            ),
                        ),
                        ("name", models.CharField(blank=True, max_length=128)),
                        ("text", models.TextField(help_text="The text, verbatim.")),
                        (
                            "again",
                            models.CharField(
                                blank=True, help_text="Id of the job that it reruns, if any.", max_length=64
                            ),
                        ),
                        (
                            "revision",
                            models.ForeignKey(
                                help_text="A revision to be registered first; the job is submitted with it then.",
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                to="jobs.revision",
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("updated_at", models.DateTimeField()),
                        (
                            "sent_at",
                            models.DateTimeField(
                                help_text="When it was submitted or registered; kept for the browser's Back button.",
                                null=True,
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-updated_at", "-pk"],
                        "indexes": [models.Index(fields=["person", "-updated_at"], name="draft_of_person")],
                        "constraints": [
                            models.UniqueConstraint(fields=("person", "team", "public_id"), name="one_draft_of_an_id")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SavedView",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("public_id", models.UUIDField(default=jobs.models.ids.new_id, editable=False, unique=True)),
                        (
                            "team",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="saved_views",
                                to="jobs.team",
                            ),
                        ),
                        (
                            "person",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("name", models.CharField(max_length=60)),
                        ("search", models.CharField(blank=True, max_length=1000)),
                        ("scope", models.CharField(blank=True, max_length=10)),
                        ("sort", models.CharField(blank=True, max_length=20)),
                        (
                            "columns",
                            models.JSONField(default=list, help_text="Names of columns; empty: those of the person."),
                        ),
                        ("is_default", models.BooleanField(default=False, help_text="Jobs opens with it.")),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                    ],
                    options={
                        "ordering": ["name", "pk"],
                        "indexes": [models.Index(fields=["team", "person"], name="view_of_team")],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("person__isnull", False)),
                                fields=("team", "person", "name"),
                                name="one_own_view_of_a_name",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("person", None)),
                                fields=("team", "name"),
                                name="one_team_view_of_a_name",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("is_default", True), ("person__isnull", False)),
                                fields=("team", "person"),
                                name="one_own_default_view",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("is_default", True), ("person", None)),
                                fields=("team",),
                                name="one_default_view_of_a_team",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="WaitBacklog",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("below", models.BigIntegerField()),
                    ],
                ),
                migrations.CreateModel(
                    name="WorkflowTemplate",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("public_id", models.UUIDField(default=jobs.models.ids.new_id, editable=False, unique=True)),
                        (
                            "team",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="templates", to="jobs.team"
                            ),
                        ),
                        ("name", models.CharField(max_length=128)),
                        (
                            "description",
                            models.CharField(
                                blank=True, help_text="What it is for, in one sentence.", max_length=300
                            ),
                        ),
                        (
                            "owner",
                            models.ForeignKey(
                                help_text="Who created it.",
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("run_count", models.PositiveIntegerField(default=0, editable=False)),
                        (
                            "used_at",
                            models.DateTimeField(editable=False, help_text="When it was last started.", null=True),
                        ),
                        ("archived_at", models.DateTimeField(editable=False, null=True)),
                        (
                            "archived_by",
                            models.ForeignKey(
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("deprecated_at", models.DateTimeField(editable=False, null=True)),
                        (
                            "labels",
                            models.JSONField(
                                db_default=models.Value([], models.JSONField()),
                                default=list,
                                help_text="Words to find it by.",
                            ),
                        ),
                        (
                            "successor",
                            models.ForeignKey(
                                editable=False,
                                help_text="What to use instead.",
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="jobs.workflowtemplate",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["name"],
                        "constraints": [
                            models.UniqueConstraint(fields=("team", "name"), name="one_template_of_a_name")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="TemplateVersion",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("public_id", models.UUIDField(default=jobs.models.ids.new_id, editable=False, unique=True)),
                        (
                            "template",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="versions",
                                to="jobs.workflowtemplate",
                            ),
                        ),
                        ("number", models.PositiveIntegerField()),
                        ("text", models.TextField(help_text="The document as it was written.")),
                        ("document", models.JSONField(help_text="The document parsed from the text.")),
                        ("parameters", models.JSONField(default=list)),
                        ("note", models.CharField(blank=True, help_text="Why it was made.", max_length=300)),
                        (
                            "created_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                    ],
                    options={
                        "ordering": ["-number"],
                        "constraints": [
                            models.UniqueConstraint(fields=("template", "number"), name="one_version_of_a_number")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Submission",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("public_id", models.UUIDField(default=jobs.models.ids.new_id, editable=False, unique=True)),
                        (
                            "team",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="submissions",
                                to="jobs.team",
                            ),
                        ),
                        (
                            "account",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="submissions",
                                to="jobs.account",
                            ),
                        ),
                        (
                            "person",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="submissions",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("name", models.CharField(max_length=128)),
                        ("kind", models.CharField(max_length=12)),
                        (
                            "source",
                            models.CharField(
                                choices=[
                                    ("form", "Form"),
                                    ("json", "JSON"),
                                    ("api", "API"),
                                    ("schedule", "Schedule"),
                                    ("rerun", "Rerun"),
                                    ("recovered", "AWS import"),
                                    ("outside", "Outside the portal"),
                                ],
                                max_length=10,
                            ),
                        ),
                        ("text", models.TextField(help_text="The text, verbatim.")),
                        ("document", models.JSONField(help_text="The document parsed from the text.")),
                        (
                            "notes",
                            models.JSONField(default=list, help_text="Changes made by the parser, and warnings."),
                        ),
                        ("job_count", models.PositiveIntegerField(default=1)),
                        (
                            "estimate",
                            models.JSONField(
                                default=dict, help_text="Expected and maximum cost at submission; empty if unknown."
                            ),
                        ),
                        (
                            "request_key",
                            models.CharField(help_text="Idempotency key of the request.", max_length=80, null=True),
                        ),
                        ("request_hash", models.CharField(blank=True, max_length=64)),
                        (
                            "key_digest",
                            models.CharField(
                                editable=False,
                                help_text="Digest of the idempotency key, as stored in a tag in AWS.",
                                max_length=32,
                                null=True,
                            ),
                        ),
                        (
                            "body_digest",
                            models.CharField(
                                blank=True,
                                default="",
                                editable=False,
                                help_text="Digest of the text, as stored in a tag in AWS.",
                                max_length=32,
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "on_refusal",
                            models.CharField(
                                choices=[("stop", "Stop them"), ("keep", "Keep them")],
                                default="stop",
                                help_text="What happens to the other steps if one is refused.",
                                max_length=4,
                            ),
                        ),
                        (
                            "template_version",
                            models.ForeignKey(
                                help_text="The version of the workflow template that it was started from.",
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="submissions",
                                to="jobs.templateversion",
                            ),
                        ),
                        (
                            "template_values",
                            models.JSONField(
                                default=dict, help_text="Values of the template's parameters, secrets masked."
                            ),
                        ),
                        (
                            "form_values",
                            models.JSONField(help_text="Values of the form's fields, secrets masked.", null=True),
                        ),
                        (
                            "form_version",
                            models.ForeignKey(
                                help_text="The version of the launch form that it was started from.",
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="submissions",
                                to="jobs.launchformversion",
                            ),
                        ),
                        (
                            "rerun_of",
                            models.ForeignKey(
                                db_index=False,
                                help_text="The job of another submission that it runs again.",
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="resubmissions",
                                to="jobs.job",
                            ),
                        ),
                        (
                            "rerun_origin",
                            models.ForeignKey(
                                db_index=False,
                                help_text="The first job of the chain of reruns, which itself runs no other again.",
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="jobs.job",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-pk"],
                        "indexes": [
                            models.Index(fields=["team", "-id"], name="submission_of_team"),
                            models.Index(fields=["person", "-id"], name="submission_of_person"),
                            models.Index(fields=["team", "-public_id"], name="submission_of_team_public"),
                            models.Index(
                                condition=models.Q(("kind", "workflow")),
                                fields=["team", "-public_id"],
                                name="workflow_of_team",
                            ),
                            models.Index(
                                condition=models.Q(("rerun_of__isnull", False)),
                                fields=["rerun_of"],
                                name="submission_rerun_of",
                            ),
                            models.Index(
                                condition=models.Q(("rerun_origin__isnull", False)),
                                fields=["rerun_origin"],
                                name="submission_rerun_origin",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("team", "request_key"), name="one_submission_a_key"),
                            models.UniqueConstraint(
                                fields=("team", "key_digest"), name="one_submission_a_key_digest"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Rerun",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                        (
                            "submission",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="reruns",
                                to="jobs.submission",
                            ),
                        ),
                        ("text", models.TextField(blank=True, help_text="The document of the jobs, verbatim.")),
                        ("document", models.JSONField(default=dict, help_text="The document parsed from the text.")),
                        (
                            "start",
                            models.CharField(
                                blank=True,
                                help_text="What to run again: failed, all, or the ID of a job; empty for indexes.",
                                max_length=64,
                            ),
                        ),
                        (
                            "version",
                            models.CharField(
                                blank=True, help_text="Digest of the jobs that it runs again.", max_length=16
                            ),
                        ),
                        (
                            "indexes",
                            models.TextField(
                                blank=True, help_text="Indexes of the array job to run again, such as 3, 17-20."
                            ),
                        ),
                        (
                            "run_as",
                            models.CharField(
                                blank=True, help_text="Single jobs or one array: single or array.", max_length=10
                            ),
                        ),
                        (
                            "index_by",
                            models.CharField(
                                blank=True,
                                help_text="How the index reaches the program: variable or wrapper.",
                                max_length=10,
                            ),
                        ),
                        (
                            "array_job",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="jobs.job",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-pk"],
                    },
                ),
                migrations.CreateModel(
                    name="Approval",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("public_id", models.UUIDField(default=jobs.models.ids.new_id, editable=False, unique=True)),
                        (
                            "submission",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="approvals",
                                to="jobs.submission",
                            ),
                        ),
                        (
                            "team",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="approvals", to="jobs.team"
                            ),
                        ),
                        (
                            "decision",
                            models.CharField(
                                choices=[
                                    ("waiting", "Waiting"),
                                    ("approved", "Approved"),
                                    ("declined", "Declined"),
                                    ("withdrawn", "Withdrawn"),
                                ],
                                default="waiting",
                                max_length=10,
                            ),
                        ),
                        (
                            "version",
                            models.PositiveIntegerField(
                                default=1, help_text="Version of the request; each edit creates a new one."
                            ),
                        ),
                        (
                            "reasons",
                            models.JSONField(
                                default=list, help_text="Why approval is needed: rule and message of each reason."
                            ),
                        ),
                        (
                            "forecast",
                            models.JSONField(
                                default=dict, help_text="Expected and maximum cost, and how they were computed."
                            ),
                        ),
                        ("requested_at", models.DateTimeField(auto_now_add=True)),
                        ("decided_at", models.DateTimeField(null=True)),
                        (
                            "decided_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("comment", models.TextField(blank=True, help_text="Why it was declined.")),
                        (
                            "requester",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "rerun",
                            models.OneToOneField(
                                help_text="What is to run again in the submission; null: the request is for the submission.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="approval",
                                to="jobs.rerun",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-pk"],
                        "indexes": [
                            models.Index(fields=["team", "-id"], name="approval_of_team"),
                            models.Index(
                                condition=models.Q(("decision", "waiting")), fields=["team"], name="approval_waiting"
                            ),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("decided_at", None), ("decision", "waiting")),
                                    models.Q(
                                        models.Q(("decision", "waiting"), _negated=True),
                                        ("decided_at__isnull", False),
                                    ),
                                    _connector="OR",
                                ),
                                name="decided_at_a_moment",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("rerun", None)),
                                fields=("submission",),
                                name="one_approval_of_a_submission",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("decision", "waiting")),
                                fields=("submission",),
                                name="one_waiting_request_a_submission",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ApprovalEdit",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "approval",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="edits", to="jobs.approval"
                            ),
                        ),
                        ("at", models.DateTimeField(auto_now_add=True)),
                        (
                            "editor",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("before", models.TextField(help_text="The document before the edit, verbatim.")),
                        ("after", models.TextField(help_text="The document after the edit, verbatim.")),
                        ("changes", models.JSONField(default=list, help_text="The changes, as sentences.")),
                        (
                            "escalations",
                            models.JSONField(
                                default=list, help_text="Changes that need a new approval; empty if there are none."
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["pk"],
                    },
                ),
                migrations.CreateModel(
                    name="Job",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("public_id", models.UUIDField(default=jobs.models.ids.new_id, editable=False, unique=True)),
                        (
                            "submission",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="jobs", to="jobs.submission"
                            ),
                        ),
                        (
                            "team",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="jobs",
                                to="jobs.team",
                            ),
                        ),
                        (
                            "account",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="jobs", to="jobs.account"
                            ),
                        ),
                        (
                            "queue",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="jobs", to="jobs.queue"
                            ),
                        ),
                        (
                            "revision",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="jobs", to="jobs.revision"
                            ),
                        ),
                        (
                            "definition",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="jobs",
                                to="jobs.definition",
                            ),
                        ),
                        (
                            "position",
                            models.PositiveIntegerField(default=0, help_text="Position among the submission's jobs."),
                        ),
                        ("name", models.CharField(max_length=128)),
                        (
                            "marker",
                            models.CharField(
                                help_text="Job name in AWS, by which the job is identified.",
                                max_length=128,
                                unique=True,
                            ),
                        ),
                        ("document", models.JSONField(help_text="The job as requested.")),
                        ("tags", models.JSONField(default=dict)),
                        ("array_size", models.PositiveIntegerField(null=True)),
                        ("platform", models.CharField(default="EC2", max_length=10)),
                        ("architecture", models.CharField(default="X86_64", max_length=10)),
                        ("vcpus", models.DecimalField(decimal_places=4, default=Decimal("0"), max_digits=10)),
                        ("memory_mib", models.PositiveIntegerField(default=0)),
                        ("gpus", models.PositiveIntegerField(default=0)),
                        ("ephemeral_gib", models.PositiveIntegerField(default=0)),
                        ("at_most_usd", models.DecimalField(decimal_places=4, max_digits=20, null=True)),
                        ("at_most_vcpu_hours", models.DecimalField(decimal_places=4, max_digits=20, null=True)),
                        (
                            "delivery",
                            models.CharField(
                                choices=[
                                    ("AWAITING", "AWAITING"),
                                    ("ACCEPTED", "ACCEPTED"),
                                    ("SENDING", "SENDING"),
                                    ("SENT", "SENT"),
                                    ("REFUSED", "REFUSED"),
                                    ("DECLINED", "DECLINED"),
                                    ("WITHDRAWN", "WITHDRAWN"),
                                    ("SKIPPED", "SKIPPED"),
                                    ("HELD", "HELD"),
                                ],
                                default="ACCEPTED",
                                max_length=10,
                            ),
                        ),
                        (
                            "epoch",
                            models.PositiveIntegerField(default=0, help_text="How often a worker has claimed it."),
                        ),
                        ("lease_until", models.DateTimeField(null=True)),
                        (
                            "lost_workers",
                            models.PositiveSmallIntegerField(
                                default=0, help_text="How many workers stopped unexpectedly while delivering it."
                            ),
                        ),
                        ("next_try_at", models.DateTimeField(null=True)),
                        ("sent_at", models.DateTimeField(null=True)),
                        (
                            "delivery_note",
                            models.TextField(blank=True, help_text="Why it was refused, withdrawn, held or delayed."),
                        ),
                        ("batch_id", models.CharField(max_length=60, null=True, unique=True)),
                        ("state", models.CharField(blank=True, max_length=20)),
                        ("finished_attempts", models.PositiveIntegerField(default=0)),
                        ("status_reason", models.TextField(blank=True)),
                        ("container_reason", models.TextField(blank=True)),
                        ("exit_code", models.IntegerField(null=True)),
                        ("log_group", models.CharField(blank=True, max_length=512)),
                        ("log_stream", models.CharField(blank=True, max_length=512)),
                        ("task_arn", models.CharField(blank=True, max_length=200)),
                        ("submitted_at", models.DateTimeField(null=True)),
                        ("started_at", models.DateTimeField(null=True)),
                        ("stopped_at", models.DateTimeField(null=True)),
                        ("attempts", models.JSONField(default=list)),
                        ("array_summary", models.JSONField(default=dict)),
                        (
                            "children_requested_at",
                            models.DateTimeField(help_text="When its children were last requested.", null=True),
                        ),
                        (
                            "children_read_at",
                            models.DateTimeField(help_text="When its children were last read from AWS.", null=True),
                        ),
                        ("raw", models.JSONField(default=dict, help_text="The last description from AWS.")),
                        ("observed_at", models.DateTimeField(null=True)),
                        ("missing_since", models.DateTimeField(null=True)),
                        ("next_poll_at", models.DateTimeField(null=True)),
                        ("viewed_at", models.DateTimeField(help_text="When someone last viewed it.", null=True)),
                        ("stop_requested_at", models.DateTimeField(null=True)),
                        (
                            "stop_requested_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "stop_sent_at",
                            models.DateTimeField(help_text="When a stop request was last sent to AWS.", null=True),
                        ),
                        ("stop_reason", models.CharField(blank=True, max_length=1000)),
                        ("accepted_at", models.DateTimeField(auto_now_add=True)),
                        ("ended_at", models.DateTimeField(help_text="When the portal observed its end.", null=True)),
                        (
                            "charged_at",
                            models.DateTimeField(help_text="When the cost of its attempts was recorded.", null=True),
                        ),
                        (
                            "step",
                            models.PositiveIntegerField(
                                default=0, help_text="Position of its step in the submission's document."
                            ),
                        ),
                        (
                            "repeats",
                            models.ForeignKey(
                                help_text="The job of the same submission that this one runs again.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="repeated_by",
                                to="jobs.job",
                            ),
                        ),
                        (
                            "array_index",
                            models.PositiveIntegerField(
                                help_text="Index of the array job `repeats` that this single job runs again.",
                                null=True,
                            ),
                        ),
                        (
                            "superseded",
                            models.BooleanField(
                                default=False, help_text="Whether a later job of the same step took its place."
                            ),
                        ),
                        (
                            "usd_units",
                            models.BigIntegerField(
                                db_default=0,
                                default=0,
                                help_text="Sum of its cost lines in ten-billionths of a dollar.",
                            ),
                        ),
                        (
                            "run_ms",
                            models.BigIntegerField(
                                db_default=0, default=0, help_text="Run time of its last attempt in milliseconds."
                            ),
                        ),
                        (
                            "rerun",
                            models.ForeignKey(
                                db_index=False,
                                help_text="What it runs again with; null for the jobs of the first run.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="jobs",
                                to="jobs.rerun",
                            ),
                        ),
                        (
                            "person",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "reason_since",
                            models.DateTimeField(
                                help_text="When its present status reason was first observed; empty without one.",
                                null=True,
                            ),
                        ),
                        (
                            "outside",
                            models.BooleanField(
                                db_default=False,
                                default=False,
                                help_text="Submitted outside the portal, which only observes it.",
                            ),
                        ),
                        (
                            "wait_ms",
                            models.BigIntegerField(
                                db_default=0,
                                default=0,
                                help_text="Time from its acceptance to the start of its last attempt in milliseconds.",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-pk"],
                        "indexes": [
                            models.Index(fields=["team", "-id"], name="job_of_team"),
                            models.Index(fields=["definition", "team", "-id"], name="job_of_definition"),
                            models.Index(fields=["team", "delivery", "state", "-id"], name="job_of_team_status"),
                            models.Index(fields=["team", "ended_at"], name="job_of_team_ended"),
                            models.Index(
                                condition=models.Q(("charged_at", None), ("ended_at__isnull", False)),
                                fields=["id"],
                                name="job_uncharged",
                            ),
                            models.Index(fields=["team", "-usd_units", "-id"], name="job_of_team_cost"),
                            models.Index(fields=["team", "-run_ms", "-id"], name="job_of_team_run"),
                            models.Index(
                                condition=models.Q(("ended_at", None)),
                                fields=["team", "-id"],
                                name="job_of_team_live",
                            ),
                            models.Index(
                                condition=models.Q(("charged_at", None)),
                                fields=["team", "delivery", "state"],
                                name="job_of_team_uncharged",
                            ),
                            models.Index(fields=["team", "accepted_at", "id"], name="job_of_team_accepted"),
                            models.Index(fields=["team", "queue", "-id"], name="job_of_team_queue"),
                            models.Index(fields=["person", "team", "-id"], name="job_of_person"),
                            models.Index(
                                condition=models.Q(
                                    ("delivery", "ACCEPTED"), ("delivery", "SENDING"), _connector="OR"
                                ),
                                fields=["account", "next_try_at"],
                                name="job_undelivered",
                            ),
                            models.Index(
                                condition=models.Q(
                                    ("delivery", "SENT"),
                                    models.Q(
                                        ("state", "SUBMITTED"),
                                        ("state", "PENDING"),
                                        ("state", "RUNNABLE"),
                                        ("state", "STARTING"),
                                        ("state", "RUNNING"),
                                        _connector="OR",
                                    ),
                                ),
                                fields=["account", "next_poll_at"],
                                name="job_active",
                            ),
                            models.Index(
                                condition=models.Q(("state", "LOST")),
                                fields=["team", "ended_at"],
                                name="job_of_team_lost",
                            ),
                            models.Index(fields=["-usd_units", "-id"], name="job_by_cost"),
                            models.Index(fields=["-run_ms", "-id"], name="job_by_run"),
                            models.Index(
                                condition=models.Q(("exit_code__gt", 0)),
                                fields=["team", "exit_code"],
                                name="job_of_team_exit",
                            ),
                            models.Index(fields=["team", "-wait_ms", "-id"], name="job_of_team_wait"),
                            models.Index(fields=["-wait_ms", "-id"], name="job_by_wait"),
                            models.Index(
                                condition=models.Q(
                                    models.Q(
                                        ("children_read_at", None),
                                        ("children_read_at__lt", models.F("ended_at")),
                                        _connector="OR",
                                    ),
                                    models.Q(("state", "FAILED"), ("state", "STOPPED"), _connector="OR"),
                                    ("array_size__isnull", False),
                                    ("ended_at__isnull", False),
                                ),
                                fields=["account"],
                                name="job_array_failed",
                            ),
                            models.Index(fields=["accepted_at", "id"], name="job_by_accepted"),
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("submission", "position"), name="one_job_a_position"),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("delivery", "SENT"), _negated=True),
                                    ("batch_id__isnull", False),
                                    _connector="OR",
                                ),
                                name="sent_has_an_id",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("array_index", None), ("superseded", False)),
                                fields=("submission", "step"),
                                name="one_current_job_a_step",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("array_index__isnull", False), ("superseded", False)),
                                fields=("repeats", "array_index"),
                                name="one_current_job_an_index",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ActualJobCost",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("usd_units", models.BigIntegerField()),
                        ("idle_units", models.BigIntegerField()),
                        (
                            "delivery",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="job_costs",
                                to="jobs.actualdelivery",
                            ),
                        ),
                        (
                            "job",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="actual_costs",
                                to="jobs.job",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("job", "delivery"), name="one_actual_cost_of_job")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ArrayChild",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "job",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="children", to="jobs.job"
                            ),
                        ),
                        ("index", models.PositiveIntegerField()),
                        ("state", models.CharField(max_length=20)),
                        ("exit_code", models.IntegerField(null=True)),
                        ("reason", models.TextField(blank=True)),
                        ("log_stream", models.CharField(blank=True, max_length=512)),
                        ("started_at", models.DateTimeField(null=True)),
                        ("stopped_at", models.DateTimeField(null=True)),
                        (
                            "attempts",
                            models.PositiveIntegerField(default=0, help_text="Number of finished attempts."),
                        ),
                    ],
                    options={
                        "ordering": ["job", "index"],
                        "indexes": [models.Index(fields=["job", "state", "index"], name="child_of_state")],
                        "constraints": [models.UniqueConstraint(fields=("job", "index"), name="one_child_an_index")],
                        "verbose_name_plural": "array children",
                    },
                ),
                migrations.CreateModel(
                    name="BulkItem",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("position", models.PositiveIntegerField()),
                        ("public_id", models.UUIDField(default=jobs.models.ids.new_id, editable=False, unique=True)),
                        (
                            "outcome",
                            models.CharField(
                                choices=[
                                    ("waiting", "Waiting"),
                                    ("done", "Done"),
                                    ("refused", "Not done"),
                                    ("canceled", "Canceled"),
                                ],
                                default="waiting",
                                max_length=8,
                            ),
                        ),
                        (
                            "note",
                            models.TextField(blank=True, help_text="Why it wasn't done, or what else was done."),
                        ),
                        ("ended_at", models.DateTimeField(null=True)),
                        (
                            "action",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="items",
                                to="jobs.bulkaction",
                            ),
                        ),
                        (
                            "job",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="bulk_items", to="jobs.job"
                            ),
                        ),
                        (
                            "submission",
                            models.ForeignKey(
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="jobs.submission",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["position"],
                        "indexes": [
                            models.Index(fields=["action", "outcome", "position"], name="bulk_item_of_outcome")
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("action", "position"), name="one_bulk_item_a_position"),
                            models.UniqueConstraint(fields=("action", "job"), name="one_bulk_item_a_job"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CostLine",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "job",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="cost_lines", to="jobs.job"
                            ),
                        ),
                        ("attempt", models.PositiveIntegerField()),
                        (
                            "day",
                            models.DateField(
                                help_text="Day on which the attempt ended, in the time zone that the team then had."
                            ),
                        ),
                        (
                            "team",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="jobs.team"
                            ),
                        ),
                        (
                            "account",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="jobs.account"
                            ),
                        ),
                        (
                            "queue",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="jobs.queue"
                            ),
                        ),
                        (
                            "definition",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="jobs.definition"
                            ),
                        ),
                        (
                            "person",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("succeeded", models.BooleanField()),
                        (
                            "runs",
                            models.PositiveIntegerField(default=1, help_text="Children of an array; 1 otherwise."),
                        ),
                        ("billed_seconds", models.DecimalField(decimal_places=3, max_digits=16)),
                        ("usd", models.DecimalField(decimal_places=10, default=Decimal("0"), max_digits=20)),
                        (
                            "receipt",
                            models.JSONField(
                                default=dict, help_text="How it was computed: sizes, rates and their dates."
                            ),
                        ),
                        (
                            "correction",
                            models.SmallIntegerField(
                                help_text="Null for the charge, 1, 2 … for differences that were added to it later.",
                                null=True,
                            ),
                        ),
                        (
                            "ended_at",
                            models.DateTimeField(help_text="When the attempt ended, if AWS reported it.", null=True),
                        ),
                        (
                            "instance_type",
                            models.CharField(help_text="EC2 type whose price was charged.", max_length=40, null=True),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["definition", "team", "-id"], name="cost_of_definition"),
                            models.Index(
                                fields=[
                                    "team",
                                    "day",
                                    "job",
                                    "definition",
                                    "queue",
                                    "person",
                                    "succeeded",
                                    "runs",
                                    "usd",
                                ],
                                name="cost_of_team_month",
                            ),
                            models.Index(
                                condition=models.Q(("instance_type__isnull", False)),
                                fields=["team", "instance_type", "job"],
                                name="cost_of_instance",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("job", "attempt"), name="one_line_an_attempt")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="DeliveryAttempt",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "job",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="deliveries", to="jobs.job"
                            ),
                        ),
                        ("epoch", models.PositiveIntegerField()),
                        ("marked_at", models.DateTimeField()),
                        ("outcome", models.CharField(blank=True, max_length=12)),
                        ("detail", models.TextField(blank=True)),
                        (
                            "request_id",
                            models.CharField(blank=True, help_text="AWS request id of the call.", max_length=80),
                        ),
                    ],
                    options={
                        "ordering": ["pk"],
                        "constraints": [
                            models.UniqueConstraint(fields=("job", "epoch"), name="one_attempt_an_epoch")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Discrepancy",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("duplicate", "A second job in AWS for a job of the portal"),
                                    ("orphan", "A job of the portal in AWS that the database didn't have"),
                                    ("unwanted", "A job in AWS that the portal had withdrawn"),
                                    ("unreadable", "A job of the portal in AWS that could not be imported"),
                                ],
                                max_length=12,
                            ),
                        ),
                        (
                            "account",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="discrepancies",
                                to="jobs.account",
                            ),
                        ),
                        (
                            "job",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="discrepancies",
                                to="jobs.job",
                            ),
                        ),
                        ("batch_id", models.CharField(max_length=60)),
                        ("note", models.TextField(blank=True)),
                        ("at", models.DateTimeField(auto_now_add=True)),
                    ],
                    options={
                        "ordering": ["-pk"],
                        "constraints": [
                            models.UniqueConstraint(fields=("kind", "batch_id"), name="one_oddity_a_job")
                        ],
                        "verbose_name_plural": "discrepancies",
                    },
                ),
                migrations.CreateModel(
                    name="JobDependency",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "job",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="dependencies",
                                to="jobs.job",
                            ),
                        ),
                        (
                            "parent",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="dependents",
                                to="jobs.job",
                            ),
                        ),
                        (
                            "batch_id",
                            models.CharField(
                                blank=True, help_text="AWS job id, if the document names one.", max_length=60
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(blank=True, help_text="Empty, N_TO_N or SEQUENTIAL.", max_length=12),
                        ),
                        (
                            "condition",
                            models.CharField(
                                blank=True,
                                choices=[("success", "success"), ("failure", "failure"), ("always", "always")],
                                help_text="How the parent must end. Empty: AWS Batch starts the job after the parent's success.",
                                max_length=7,
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("job", "parent"), name="one_edge_a_parent"),
                            models.CheckConstraint(
                                condition=models.Q(("parent", models.F("job")), _negated=True),
                                name="no_job_waits_for_itself",
                            ),
                        ],
                        "verbose_name_plural": "job dependencies",
                    },
                ),
                migrations.CreateModel(
                    name="JobFailure",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("ended_at", models.DateTimeField()),
                        (
                            "first_index",
                            models.PositiveIntegerField(
                                help_text="First child of the array with this cause; null for the job itself.",
                                null=True,
                            ),
                        ),
                        (
                            "child_count",
                            models.PositiveIntegerField(
                                default=0, help_text="Children of the array with this cause."
                            ),
                        ),
                        (
                            "cause",
                            models.CharField(
                                blank=True,
                                help_text="Stable name of the cause; empty until it is known.",
                                max_length=32,
                            ),
                        ),
                        ("exit_code", models.IntegerField(null=True)),
                        (
                            "lines",
                            models.JSONField(
                                default=list, help_text="The last error lines of the log, secrets masked."
                            ),
                        ),
                        (
                            "last_line",
                            models.CharField(
                                blank=True,
                                help_text="What stands for the failure in its family, without numbers and ids.",
                                max_length=200,
                            ),
                        ),
                        (
                            "family",
                            models.CharField(
                                blank=True,
                                help_text="The same for the same cause, exit code and last line.",
                                max_length=10,
                            ),
                        ),
                        (
                            "due_at",
                            models.DateTimeField(
                                help_text="When the cause or the log is to be read; null if done.", null=True
                            ),
                        ),
                        (
                            "tries",
                            models.PositiveSmallIntegerField(default=0, help_text="How often the log was not there."),
                        ),
                        (
                            "account",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="jobs.account",
                            ),
                        ),
                        (
                            "definition",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="jobs.definition",
                            ),
                        ),
                        (
                            "job",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="failures",
                                to="jobs.job",
                            ),
                        ),
                        (
                            "team",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="jobs.team",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["job"], name="failure_of_job"),
                            models.Index(fields=["team", "ended_at", "family", "definition"], name="failure_of_team"),
                            models.Index(fields=["team", "family", "-job"], name="failure_of_family"),
                            models.Index(fields=["team", "cause", "-job"], name="failure_of_cause"),
                            models.Index(
                                condition=models.Q(("due_at__isnull", False)),
                                fields=["account", "due_at"],
                                name="failure_due",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("first_index", None)), fields=("job",), name="one_failure_a_job"
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("first_index__isnull", False)),
                                fields=("job", "first_index"),
                                name="one_failure_a_child",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="JobTag",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "job",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="tag_rows", to="jobs.job"
                            ),
                        ),
                        (
                            "team",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="jobs.team"
                            ),
                        ),
                        ("key", models.CharField(max_length=128)),
                        ("value", models.CharField(blank=True, max_length=256)),
                    ],
                    options={
                        "indexes": [models.Index(fields=["team", "key", "value", "-job"], name="tag_of_team")],
                        "constraints": [models.UniqueConstraint(fields=("job", "key"), name="one_value_a_key")],
                    },
                ),
                migrations.CreateModel(
                    name="JobTask",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("digest", models.CharField(help_text="Hash of the ARN.", max_length=32, unique=True)),
                        (
                            "job",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="tasks", to="jobs.job"
                            ),
                        ),
                    ],
                ),
                migrations.CreateModel(
                    name="JobText",
                    fields=[
                        (
                            "job",
                            models.OneToOneField(
                                db_column="rowid",
                                db_constraint=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="text",
                                serialize=False,
                                to="jobs.job",
                            ),
                        ),
                        ("words", models.TextField()),
                    ],
                    options={
                        "db_table": "jobs_jobtext",
                        "managed": False,
                    },
                ),
                migrations.CreateModel(
                    name="StateChange",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "job",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="history", to="jobs.job"
                            ),
                        ),
                        ("at", models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                        ("delivery", models.CharField(max_length=10)),
                        ("state", models.CharField(blank=True, max_length=20)),
                        (
                            "attempt",
                            models.PositiveIntegerField(default=0, help_text="Number of attempts finished by then."),
                        ),
                        ("note", models.TextField(blank=True)),
                        (
                            "source",
                            models.CharField(
                                help_text="Source of the change: person, dispatch, poll, event or reconcile.",
                                max_length=12,
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["pk"],
                    },
                ),
            ]
        ),
        migrations.RunPython(fill),
    ]
