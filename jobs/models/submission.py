"""Submissions."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models

from jobs.models.account import Account
from jobs.models.ids import address_of, new_id, to_text
from jobs.models.launch_form import LaunchFormVersion
from jobs.models.team import Team
from jobs.models.template import TemplateVersion
from jobs.spec.documents import DocumentKind

if TYPE_CHECKING:
    from jobs.models.approval import Approval
    from jobs.models.user import User


# Request keys of generated submissions, which were never sent, begin so.
GENERATED_KEY_PREFIX = "generated:"
# Request keys of the demo's submissions, which run, begin so.
DEMO_KEY_PREFIX = "demo-"


class Source(models.TextChoices):
    FORM = "form", "Form"
    JSON = "json", "JSON"
    API = "api", "API"
    SCHEDULE = "schedule", "Schedule"
    RERUN = "rerun", "Rerun"
    RECOVERED = "recovered", "AWS import"
    OUTSIDE = "outside", "Outside the portal"


class OnRefusal(models.TextChoices):
    STOP = "stop", "Stop them"
    KEEP = "keep", "Keep them"

    @classmethod
    def parse(cls, text: str) -> "OnRefusal":
        """Return the default for anything else."""
        return cls.KEEP if text == cls.KEEP else cls.STOP


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def visible_to(self, user: "User") -> Self:
        return self if user.is_staff else self.filter(team__memberships__user=user)

    def generated(self) -> Self:
        return self.filter(request_key__startswith=GENERATED_KEY_PREFIX)


class Submission(models.Model):
    is_repeat = False
    """Set where a request came again with its key, and got the submission that it made before. Not stored."""

    public_id = models.UUIDField(default=new_id, unique=True, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="submissions")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="submissions")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="submissions")
    name = models.CharField(max_length=128)
    kind = models.CharField(max_length=12)
    source = models.CharField(max_length=10, choices=Source.choices)
    text = models.TextField(help_text="The text, verbatim.")
    document = models.JSONField(help_text="The document parsed from the text.")
    notes = models.JSONField(default=list, help_text="Changes made by the parser, and warnings.")
    job_count = models.PositiveIntegerField(default=1)
    estimate = models.JSONField(default=dict, help_text="Expected and maximum cost at submission; empty if unknown.")
    request_key = models.CharField(  # noqa: DJ001 - NULL keeps keyless rows out of the unique constraint
        max_length=80, null=True, help_text="Idempotency key of the request."
    )
    request_hash = models.CharField(max_length=64, blank=True)
    # As in AWS's tags, so that a recovered job has its key again.
    key_digest = models.CharField(  # noqa: DJ001 - NULL keeps keyless rows out of the unique constraint
        max_length=32,
        null=True,
        editable=False,
        help_text="Digest of the idempotency key, as stored in a tag in AWS.",
    )
    body_digest = models.CharField(
        max_length=32,
        blank=True,
        default="",
        editable=False,
        help_text="Digest of the text, as stored in a tag in AWS.",
    )
    on_refusal = models.CharField(
        max_length=4,
        choices=OnRefusal.choices,
        default=OnRefusal.STOP,
        help_text="What happens to the other steps if one is refused.",
    )
    template_version = models.ForeignKey(
        TemplateVersion,
        on_delete=models.SET_NULL,
        null=True,
        related_name="submissions",
        help_text="The version of the workflow template that it was started from.",
    )
    template_values = models.JSONField(default=dict, help_text="Values of the template's parameters, secrets masked.")
    # NULL for all others, so that the columns can be added to a large table at once.
    form_version = models.ForeignKey(
        LaunchFormVersion,
        on_delete=models.SET_NULL,
        null=True,
        related_name="submissions",
        help_text="The version of the launch form that it was started from.",
    )
    form_values = models.JSONField(null=True, help_text="Values of the form's fields, secrets masked.")
    rerun_of = models.ForeignKey(
        "jobs.Job",
        on_delete=models.SET_NULL,
        null=True,
        related_name="resubmissions",
        db_index=False,
        help_text="The job of another submission that it runs again.",
    )
    rerun_origin = models.ForeignKey(
        "jobs.Job",
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        db_index=False,
        help_text="The first job of the chain of reruns, which itself runs no other again.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["team", "request_key"], name="one_submission_a_key"),
            models.UniqueConstraint(fields=["team", "key_digest"], name="one_submission_a_key_digest"),
        ]
        indexes = [
            models.Index(fields=["team", "-id"], name="submission_of_team"),
            models.Index(fields=["team", "-public_id"], name="submission_of_team_public"),
            models.Index(fields=["person", "-id"], name="submission_of_person"),
            models.Index(
                fields=["team", "-public_id"],
                name="workflow_of_team",
                condition=models.Q(kind=DocumentKind.WORKFLOW.value),
            ),
            models.Index(fields=["rerun_of"], name="submission_rerun_of", condition=models.Q(rerun_of__isnull=False)),
            models.Index(
                fields=["rerun_origin"],
                name="submission_rerun_origin",
                condition=models.Q(rerun_origin__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return address_of("submission", self.public_id)

    @property
    def text_id(self) -> str:
        return to_text(self.public_id)

    @property
    def ordered_form_values(self) -> dict[str, str]:
        """Return the values in the order of the form's fields, which PostgreSQL does not keep."""
        fields = self.form_version.field_list if self.form_version else ()
        return _in_order(self.form_values or {}, (field.name for field in fields))

    @property
    def ordered_template_values(self) -> dict[str, str]:
        """Return the values in the order of the template's parameters, which PostgreSQL does not keep."""
        parameters = self.template_version.parameter_list if self.template_version else ()
        return _in_order(self.template_values, (parameter.name for parameter in parameters))

    @property
    def started_version(self) -> TemplateVersion | LaunchFormVersion | None:
        return self.template_version or self.form_version

    @property
    def started_values(self) -> dict[str, str]:
        return self.ordered_form_values if self.form_version_id else self.ordered_template_values

    @property
    def is_generated(self) -> bool:
        return (self.request_key or "").startswith(GENERATED_KEY_PREFIX)

    @property
    def is_from_demo(self) -> bool:
        return (self.request_key or "").startswith((GENERATED_KEY_PREFIX, DEMO_KEY_PREFIX))

    @property
    def approval_or_none(self) -> "Approval | None":
        """The request for the submission itself."""
        return next((request for request in self.requests if request.rerun_id is None), None)

    @property
    def requests(self) -> "list[Approval]":
        """Requests for approval, newest first."""
        return list(self.approvals.all())

    @property
    def waiting_request_or_none(self) -> "Approval | None":
        return next((request for request in self.requests if request.is_waiting), None)

    @property
    def rerun_requests(self) -> "list[Approval]":
        """The requests for jobs to run again, newest first."""
        return [request for request in self.requests if request.rerun_id is not None]

    @property
    def waiting_rerun_or_none(self) -> "Approval | None":
        return next((request for request in self.rerun_requests if request.is_waiting), None)


def _in_order(values: dict[str, str], names: Iterable[str]) -> dict[str, str]:
    return {name: values[name] for name in (*names, *values) if name in values}
