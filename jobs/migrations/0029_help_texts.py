"""Help texts in the language of the pages."""

import django.core.validators
import django.db.models.deletion
import jobs.models.grant
from django.db import migrations, models


class StateOnly(migrations.SeparateDatabaseAndState):
    """Change what no column depends on. Models are made anew once, not after each operation, which takes seconds."""

    def state_forwards(self, app_label, state):
        state.__dict__.pop("apps", None)
        super().state_forwards(app_label, state)


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0028_account_fields"),
    ]

    labels = [
        migrations.AlterModelOptions(
            name="auditentry",
            options={"ordering": ["-pk"], "verbose_name": "audit entry", "verbose_name_plural": "audit log"},
        ),
        migrations.AlterField(
            model_name="account",
            name="access",
            field=models.CharField(
                choices=[
                    ("default", "Default credentials of the server"),
                    ("role", "IAM role to assume"),
                    ("sandbox", "The bundled sandbox (dummy credentials)"),
                ],
                default="default",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="account",
            name="endpoint_url",
            field=models.CharField(
                blank=True,
                help_text="Leave empty for the AWS endpoints of the region.",
                max_length=200,
                validators=[django.core.validators.URLValidator(schemes=["http", "https"])],
            ),
        ),
        migrations.AlterField(
            model_name="account",
            name="poll_seconds",
            field=models.PositiveIntegerField(
                default=15,
                help_text="Shortest time between two polls of a job, in seconds.",
                validators=[django.core.validators.MinValueValidator(1)],
            ),
        ),
        migrations.AlterField(
            model_name="account",
            name="quarantine_seconds",
            field=models.PositiveIntegerField(
                default=600,
                help_text="How long to look for a submission whose response was lost before it is sent again, in seconds.",
                validators=[django.core.validators.MinValueValidator(10)],
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
            ),
        ),
        migrations.AlterField(
            model_name="apitoken",
            name="prefix",
            field=models.CharField(help_text="First characters of the secret, to tell tokens apart.", max_length=12),
        ),
        migrations.AlterField(
            model_name="approval",
            name="forecast",
            field=models.JSONField(default=dict, help_text="Expected and maximum cost, and how they were computed."),
        ),
        migrations.AlterField(
            model_name="approval",
            name="reasons",
            field=models.JSONField(
                default=list, help_text="Why approval is needed: rule and message of each reason."
            ),
        ),
        migrations.AlterField(
            model_name="approval",
            name="version",
            field=models.PositiveIntegerField(
                default=1, help_text="Version of the request; each edit creates a new one."
            ),
        ),
        migrations.AlterField(
            model_name="approvaledit",
            name="after",
            field=models.TextField(help_text="The document after the edit, verbatim."),
        ),
        migrations.AlterField(
            model_name="approvaledit",
            name="before",
            field=models.TextField(help_text="The document before the edit, verbatim."),
        ),
        migrations.AlterField(
            model_name="approvaledit",
            name="changes",
            field=models.JSONField(default=list, help_text="The changes, as sentences."),
        ),
        migrations.AlterField(
            model_name="approvaledit",
            name="escalations",
            field=models.JSONField(
                default=list, help_text="Changes that need a new approval; empty if there are none."
            ),
        ),
        migrations.AlterField(
            model_name="arraychild",
            name="attempts",
            field=models.PositiveIntegerField(default=0, help_text="Number of finished attempts."),
        ),
        migrations.AlterField(
            model_name="auditchain",
            name="chain",
            field=models.BigIntegerField(
                help_text="Id of the team; 0 for the portal.", primary_key=True, serialize=False
            ),
        ),
        migrations.AlterField(
            model_name="auditchain",
            name="number",
            field=models.BigIntegerField(default=0, help_text="Number of the newest entry."),
        ),
        migrations.AlterField(
            model_name="auditchain",
            name="pruned_through",
            field=models.BigIntegerField(default=0, help_text="Number of the last pruned entry."),
        ),
        migrations.AlterField(
            model_name="auditentry",
            name="number",
            field=models.BigIntegerField(help_text="Position in the team's chain, from 1."),
        ),
        migrations.AlterField(
            model_name="auditentry",
            name="object_id",
            field=models.CharField(blank=True, help_text="Public id, or primary key.", max_length=64),
        ),
        migrations.AlterField(
            model_name="auditentry",
            name="person",
            field=models.UUIDField(help_text="Public id; empty if unknown.", null=True),
        ),
        migrations.AlterField(
            model_name="auditentry",
            name="team",
            field=models.ForeignKey(
                help_text="Empty for actions that belong to no team.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="jobs.team",
            ),
        ),
        migrations.AlterField(
            model_name="auditentry",
            name="token",
            field=models.UUIDField(help_text="Public id of the API token that was used.", null=True),
        ),
        migrations.AlterField(
            model_name="databasegeneration",
            name="previous",
            field=models.CharField(
                blank=True, help_text="The previous token; after a crash the file may still have it.", max_length=40
            ),
        ),
        migrations.AlterField(
            model_name="databasegeneration",
            name="recovering_since",
            field=models.DateTimeField(
                help_text="Submissions are paused until every queue has been compared with AWS.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="definition",
            name="archived_at",
            field=models.DateTimeField(editable=False, help_text="When it was archived.", null=True),
        ),
        migrations.AlterField(
            model_name="definition",
            name="description",
            field=models.CharField(
                blank=True, help_text="What it is for, in one sentence. Not sent to AWS.", max_length=300
            ),
        ),
        migrations.AlterField(
            model_name="definition",
            name="shared",
            field=models.BooleanField(
                default=False, help_text="All teams can use it; only its own team can register revisions."
            ),
        ),
        migrations.AlterField(
            model_name="deliveryattempt",
            name="request_id",
            field=models.CharField(blank=True, help_text="AWS request id of the call.", max_length=80),
        ),
        migrations.AlterField(
            model_name="discrepancy",
            name="kind",
            field=models.CharField(
                choices=[
                    ("duplicate", "A second job in AWS for a job of the portal"),
                    ("orphan", "A job of the portal in AWS without a row in the database"),
                    ("unwanted", "A job in AWS that the portal had withdrawn"),
                    ("unreadable", "A job of the portal in AWS that could not be imported"),
                ],
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="draft",
            name="again",
            field=models.CharField(blank=True, help_text="Id of the job that it reruns, if any.", max_length=64),
        ),
        migrations.AlterField(
            model_name="draft",
            name="revision",
            field=models.ForeignKey(
                help_text="A revision to be registered first; the job is submitted with it then.",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                to="jobs.revision",
            ),
        ),
        migrations.AlterField(
            model_name="draft",
            name="sent_at",
            field=models.DateTimeField(
                help_text="When it was submitted or registered; kept for the browser's Back button.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="draft",
            name="text",
            field=models.TextField(help_text="The text, verbatim."),
        ),
        migrations.AlterField(
            model_name="idempotencyrecord",
            name="status",
            field=models.PositiveSmallIntegerField(default=0, help_text="0 while the first request is in progress."),
        ),
        migrations.AlterField(
            model_name="imagegrant",
            name="pattern",
            field=models.CharField(
                help_text="Registry and repository, exact or ending in *. Allows any tag and digest, unless you name one.",
                max_length=300,
                validators=[jobs.models.grant.one_star_at_the_end],
                verbose_name="image",
            ),
        ),
        migrations.AlterField(
            model_name="job",
            name="charged_at",
            field=models.DateTimeField(help_text="When the cost of its attempts was recorded.", null=True),
        ),
        migrations.AlterField(
            model_name="job",
            name="children_read_at",
            field=models.DateTimeField(help_text="When its children were last read from AWS.", null=True),
        ),
        migrations.AlterField(
            model_name="job",
            name="children_requested_at",
            field=models.DateTimeField(help_text="When its children were last requested.", null=True),
        ),
        migrations.AlterField(
            model_name="job",
            name="delivery_note",
            field=models.TextField(blank=True, help_text="Why it was refused, withdrawn, held or delayed."),
        ),
        migrations.AlterField(
            model_name="job",
            name="document",
            field=models.JSONField(help_text="The job as requested."),
        ),
        migrations.AlterField(
            model_name="job",
            name="ended_at",
            field=models.DateTimeField(help_text="When the portal observed its end.", null=True),
        ),
        migrations.AlterField(
            model_name="job",
            name="epoch",
            field=models.PositiveIntegerField(default=0, help_text="How often a worker has claimed it."),
        ),
        migrations.AlterField(
            model_name="job",
            name="lost_workers",
            field=models.PositiveSmallIntegerField(default=0, help_text="How many workers died while delivering it."),
        ),
        migrations.AlterField(
            model_name="job",
            name="marker",
            field=models.CharField(
                help_text="Job name in AWS, by which the job is identified.", max_length=128, unique=True
            ),
        ),
        migrations.AlterField(
            model_name="job",
            name="position",
            field=models.PositiveIntegerField(default=0, help_text="Position among the submission's jobs."),
        ),
        migrations.AlterField(
            model_name="job",
            name="raw",
            field=models.JSONField(default=dict, help_text="The last description from AWS."),
        ),
        migrations.AlterField(
            model_name="job",
            name="stop_sent_at",
            field=models.DateTimeField(help_text="When a stop request was last sent to AWS.", null=True),
        ),
        migrations.AlterField(
            model_name="job",
            name="viewed_at",
            field=models.DateTimeField(help_text="When someone last viewed it.", null=True),
        ),
        migrations.AlterField(
            model_name="jobdependency",
            name="batch_id",
            field=models.CharField(blank=True, help_text="AWS job id, if the document names one.", max_length=60),
        ),
        migrations.AlterField(
            model_name="outgoingmail",
            name="address",
            field=models.CharField(blank=True, help_text="As entered; may belong to no user.", max_length=254),
        ),
        migrations.AlterField(
            model_name="outgoingmail",
            name="failed_at",
            field=models.DateTimeField(help_text="When the last retry failed.", null=True),
        ),
        migrations.AlterField(
            model_name="outgoingmail",
            name="kind",
            field=models.CharField(choices=[("password-reset", "Password reset")], max_length=20),
        ),
        migrations.AlterField(
            model_name="outgoingmail",
            name="problem",
            field=models.CharField(
                blank=True, help_text="Why the last attempt failed, without the address.", max_length=200
            ),
        ),
        migrations.AlterField(
            model_name="outgoingmail",
            name="try_at",
            field=models.DateTimeField(
                help_text="When to send or retry it; during an attempt, the end of its lease."
            ),
        ),
        migrations.AlterField(
            model_name="queue",
            name="compared_at",
            field=models.DateTimeField(
                editable=False, help_text="When the last comparison of its jobs with AWS started.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="queue",
            name="environments",
            field=models.JSONField(
                blank=True, default=list, help_text="Compute environments from AWS in their order; empty until read."
            ),
        ),
        migrations.AlterField(
            model_name="queue",
            name="platform",
            field=models.CharField(
                blank=True, help_text="Type of the queue in AWS: ECS, ECS_FARGATE, EKS …", max_length=30
            ),
        ),
        migrations.AlterField(
            model_name="queue",
            name="removed_at",
            field=models.DateTimeField(blank=True, help_text="When it was no longer found in AWS.", null=True),
        ),
        migrations.AlterField(
            model_name="queue",
            name="scheduling_policy",
            field=models.JSONField(
                blank=True, default=dict, help_text="Scheduling policy from AWS; empty for first in, first out."
            ),
        ),
        migrations.AlterField(
            model_name="queuegrant",
            name="max_active_jobs",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="max. jobs at a time"),
        ),
        migrations.AlterField(
            model_name="queuegrant",
            name="max_active_vcpus",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="max. vCPU at a time"),
        ),
        migrations.AlterField(
            model_name="queuegrant",
            name="max_array_size",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="max. array size"),
        ),
        migrations.AlterField(
            model_name="queuegrant",
            name="max_gpus",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="max. GPU"),
        ),
        migrations.AlterField(
            model_name="queuegrant",
            name="max_memory_mib",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="max. memory (MiB)"),
        ),
        migrations.AlterField(
            model_name="queuegrant",
            name="max_run_seconds",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Each job then needs a time limit of at most this many seconds.",
                null=True,
                validators=[django.core.validators.MinValueValidator(60)],
                verbose_name="max. time limit (s)",
            ),
        ),
        migrations.AlterField(
            model_name="queuegrant",
            name="max_vcpus",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="max. vCPU"),
        ),
        migrations.AlterField(
            model_name="rate",
            name="region",
            field=models.CharField(
                blank=True, help_text="Leave empty for all regions without a rate of their own.", max_length=30
            ),
        ),
        migrations.AlterField(
            model_name="revision",
            name="deactivated_at",
            field=models.DateTimeField(help_text="When it was deactivated.", null=True),
        ),
        migrations.AlterField(
            model_name="revision",
            name="deregistered_at",
            field=models.DateTimeField(
                help_text="When it was deregistered in AWS, which deletes it 180 days later.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="revision",
            name="note",
            field=models.CharField(blank=True, help_text="Why it was created.", max_length=300),
        ),
        migrations.AlterField(
            model_name="revision",
            name="number",
            field=models.PositiveIntegerField(
                help_text="Revision number from AWS; empty until it is registered.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="revision",
            name="refusal",
            field=models.TextField(blank=True, help_text="Why AWS or the portal refused it."),
        ),
        migrations.AlterField(
            model_name="revision",
            name="refused_by_portal",
            field=models.BooleanField(
                default=False, help_text="Refused by a rule of the portal, before it was sent to AWS."
            ),
        ),
        migrations.AlterField(
            model_name="revision",
            name="registration",
            field=models.CharField(
                choices=[("ACCEPTED", "Registering"), ("REGISTERED", "Registered"), ("REFUSED", "Refused")],
                default="ACCEPTED",
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="rolegrant",
            name="pattern",
            field=models.CharField(
                help_text="An exact ARN or a prefix, like arn:aws:iam::123456789012:role/team-*",
                max_length=300,
                validators=[
                    django.core.validators.RegexValidator("^arn:\\S+\\Z", "The ARN of a role starts with arn:."),
                    jobs.models.grant.one_star_at_the_end,
                ],
                verbose_name="ARN",
            ),
        ),
        migrations.AlterField(
            model_name="statechange",
            name="attempt",
            field=models.PositiveIntegerField(default=0, help_text="Number of attempts finished by then."),
        ),
        migrations.AlterField(
            model_name="statechange",
            name="source",
            field=models.CharField(
                help_text="Source of the change: person, dispatch, poll, event or reconcile.", max_length=12
            ),
        ),
        migrations.AlterField(
            model_name="submission",
            name="body_digest",
            field=models.CharField(
                blank=True,
                default="",
                editable=False,
                help_text="Digest of the text, as stored in a tag in AWS.",
                max_length=32,
            ),
        ),
        migrations.AlterField(
            model_name="submission",
            name="document",
            field=models.JSONField(help_text="The document parsed from the text."),
        ),
        migrations.AlterField(
            model_name="submission",
            name="estimate",
            field=models.JSONField(
                default=dict, help_text="Expected and maximum cost at submission; empty if unknown."
            ),
        ),
        migrations.AlterField(
            model_name="submission",
            name="key_digest",
            field=models.CharField(
                editable=False,
                help_text="Digest of the idempotency key, as stored in a tag in AWS.",
                max_length=32,
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="submission",
            name="notes",
            field=models.JSONField(default=list, help_text="Changes made by the parser, and warnings."),
        ),
        migrations.AlterField(
            model_name="submission",
            name="request_key",
            field=models.CharField(help_text="Idempotency key of the request.", max_length=80, null=True),
        ),
        migrations.AlterField(
            model_name="submission",
            name="text",
            field=models.TextField(help_text="The text, verbatim."),
        ),
        migrations.AlterField(
            model_name="tagrule",
            name="allowed",
            field=models.JSONField(
                blank=True, default=list, help_text="Leave empty to allow any value.", verbose_name="allowed values"
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
            ),
        ),
        migrations.AlterField(
            model_name="tagrule",
            name="key",
            field=models.CharField(
                max_length=128,
                validators=[
                    django.core.validators.RegexValidator(
                        "^(?!(?i:aws|portal):)[^\\r\\n]+\\Z", "Tag keys that start with aws: or portal: are reserved."
                    )
                ],
            ),
        ),
        migrations.AlterField(
            model_name="tagrule",
            name="pattern",
            field=models.CharField(
                blank=True, help_text="Pattern for values, with *, ? and [0-9], like CC-[0-9]*", max_length=128
            ),
        ),
        migrations.AlterField(
            model_name="tagrule",
            name="team",
            field=models.ForeignKey(
                blank=True,
                help_text="Leave empty for all teams.",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="tag_rules",
                to="jobs.team",
            ),
        ),
        migrations.AlterField(
            model_name="team",
            name="active",
            field=models.BooleanField(
                default=True, help_text="An inactive team keeps its history but can't submit jobs."
            ),
        ),
        migrations.AlterField(
            model_name="team",
            name="approval_array_size",
            field=models.PositiveIntegerField(
                blank=True, help_text="Children of all arrays together.", null=True, verbose_name="array jobs"
            ),
        ),
        migrations.AlterField(
            model_name="team",
            name="approval_gpus",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="All jobs together; an array counts once per child.",
                null=True,
                verbose_name="GPUs",
            ),
        ),
        migrations.AlterField(
            model_name="team",
            name="approval_usd",
            field=models.DecimalField(
                blank=True,
                decimal_places=2,
                help_text="Time limit × attempts × runs of all jobs, at today's rates.",
                max_digits=12,
                null=True,
                validators=[django.core.validators.MinValueValidator(0)],
                verbose_name="max. cost (USD)",
            ),
        ),
        migrations.AlterField(
            model_name="team",
            name="approval_vcpu_hours",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Time limit × attempts × runs × vCPU of all jobs.",
                null=True,
                verbose_name="max. vCPU-hours",
            ),
        ),
        migrations.AlterField(
            model_name="team",
            name="default_time_limit_seconds",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Applies to jobs without a time limit in the definition or the submission, in seconds.",
                null=True,
                validators=[django.core.validators.MinValueValidator(60)],
                verbose_name="default time limit",
            ),
        ),
        migrations.AlterField(
            model_name="team",
            name="features",
            field=models.JSONField(
                blank=True, default=list, help_text="Privileged features that the team's jobs may use."
            ),
        ),
        migrations.AlterField(
            model_name="team",
            name="further_fields",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text="AWS Batch fields that the portal doesn't know yet but the team may use.",
            ),
        ),
        migrations.AlterField(
            model_name="team",
            name="may_register",
            field=models.BooleanField(
                default=True,
                help_text="If off, the team's jobs can use shared definitions only.",
                verbose_name="may register definitions",
            ),
        ),
        migrations.AlterField(
            model_name="team",
            name="resubmit_by_itself",
            field=models.BooleanField(
                default=True,
                help_text="Send a job again when AWS confirms that it doesn't have it. Off: a team lead decides.",
            ),
        ),
        migrations.AlterField(
            model_name="user",
            name="must_change_password",
            field=models.BooleanField(
                default=False,
                editable=False,
                help_text="An administrator set the password; the user must change it at the next sign-in.",
            ),
        ),
        migrations.AlterField(
            model_name="user",
            name="time_zone",
            field=models.CharField(
                blank=True, help_text="IANA name; leave empty to use the browser's time zone.", max_length=64
            ),
        ),
        migrations.AlterConstraint(
            model_name="tagrule",
            name="the_portal_fills_in_something",
            constraint=models.CheckConstraint(
                condition=models.Q(("default", ""), ("filled_by", "portal"), _negated=True),
                name="the_portal_fills_in_something",
                violation_error_message="Enter the default that the portal sets.",
            ),
        ),
    ]
    operations = [StateOnly(state_operations=labels)]
