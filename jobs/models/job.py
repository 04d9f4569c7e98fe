"""Jobs."""

import random
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models, transaction
from django.db.models import Exists, F, Min, OuterRef, Q
from django.utils.timezone import now

from jobs.causes import Explanation, FailureFacts
from jobs.models.account import Account
from jobs.models.definition import Definition, Revision
from jobs.models.ids import address_of, new_id, to_text
from jobs.models.job_dependency import (
    NEEDS_SUCCESS,
    PARENT_FAILED,
    PARENT_SKIPPED,
    PARENT_SUCCEEDED,
    JobDependency,
)
from jobs.models.job_history import StateChange
from jobs.models.queue import Queue
from jobs.models.rerun import Rerun
from jobs.models.rerun_summary import RerunSummary
from jobs.models.submission import Submission
from jobs.models.team import Team
from jobs.spec.job_size import RunSize
from jobs.spec.step_conditions import Condition
from jobs.states import ACTIVE_STATES, Delivery, State, Status, status_of

if TYPE_CHECKING:
    from jobs.models.user import User

Period = tuple[datetime, datetime | None]
"""Start, and end if there is one yet."""

MAX_RETRY_DELAY_SECONDS = 300.0
# Right after its acceptance, AWS has no news of a job.
FIRST_POLL_DELAY = timedelta(seconds=1)

MAX_LOST_WORKERS = 3
LOST_WORKERS_NOTE = (
    f"The portal stopped unexpectedly {MAX_LOST_WORKERS} times while it submitted this job. "
    "A team lead must release or withdraw it."
)

# AWS has no machine near these sizes.
MAX_VCPUS = Decimal("999999.9999")
MAX_INTEGER = 2**31 - 1

SIZE_FIELDS = ("platform", "architecture", "vcpus", "memory_mib", "gpus", "ephemeral_gib")


def _is_any(field: str, values: Iterable[str]) -> Q:
    """Compare with one value after the other: SQLite uses no partial index for a query with a list of them."""
    return reduce(or_, (Q((field, value)) for value in values))


# Conditions of queries and, word for word, of the partial indexes that serve them.
_UNREAD_FAILURES = (
    Q(children_read_at=None) | Q(children_read_at__lt=F("ended_at")),
    _is_any("state", (State.FAILED, State.STOPPED)),
    Q(array_size__isnull=False, ended_at__isnull=False),
)
_UNDELIVERED = _is_any("delivery", (Delivery.ACCEPTED, Delivery.SENDING))
_ACTIVE = Q(delivery=Delivery.SENT) & _is_any("state", [state for state in State if state in ACTIVE_STATES])

# Fields that a delivery changes, and so reads back.
DELIVERY_FIELDS = (
    "delivery",
    "epoch",
    "lease_until",
    "next_try_at",
    "lost_workers",
    "sent_at",
    "delivery_note",
    "batch_id",
    "state",
    "submitted_at",
    "next_poll_at",
    "stop_requested_at",
    "ended_at",
)


def adoption_fields(time: datetime) -> dict[str, Any]:
    return {
        "state": State.SUBMITTED,
        "submitted_at": time,
        "lease_until": None,
        "next_try_at": None,
        "next_poll_at": time + FIRST_POLL_DELAY,
    }


def milliseconds_between(start: datetime | None, end: datetime | None) -> int:
    """Return 0 unless both are known."""
    if start is None or end is None:
        return 0
    return max(0, (end - start) // timedelta(milliseconds=1))


class JobQuerySet(models.QuerySet["Job"]):
    def visible_to(self, user: "User") -> Self:
        return self if user.is_staff else self.filter(team__memberships__user=user)

    def current(self) -> Self:
        """Leave out jobs whose step, or index of an array, has run again since."""
        return self.filter(superseded=False)

    def current_steps(self) -> Self:
        """Select the job that stands for each step, without single indexes of an array that run again."""
        return self.current().filter(array_index=None)

    def stopped_with(self, job: "Job") -> tuple[list["Job"], list["Job"]]:
        """Return the live steps that can't run once the job is stopped, and those that run when it ends so."""
        edges = JobDependency.objects.filter(parent__submission=job.submission_id, job__submission=job.submission_id)
        children: dict[int, list[tuple[int, str]]] = {}
        for parent, child, condition in edges.values_list("parent", "job", "condition"):
            children.setdefault(parent, []).append((child, condition))
        ended, reached, stack = {job.pk}, set[int](), [job.pk]
        while stack:
            for child, condition in children.get(stack.pop(), ()):
                reached.add(child)
                if condition in (Condition.BATCH, Condition.SUCCESS) and child not in ended:
                    ended.add(child)
                    stack.append(child)
        ids = (ended | reached) - {job.pk}
        rows = Job.objects.filter(submission=job.submission_id, ended_at=None).order_by("step")
        columns = ("public_id", "name", "step", "delivery", "state")
        live = [row for row in rows.only(*columns) if row.pk in ids and not row.status.is_final] if ids else []
        return [row for row in live if row.pk in ended], [row for row in live if row.pk not in ended]

    def undelivered(self) -> Self:
        """Select jobs a worker may claim: accepted, not leased, not delayed."""
        current_time = now()
        unleased = Q(lease_until=None) | Q(lease_until__lt=current_time)
        due = Q(next_try_at=None) | Q(next_try_at__lte=current_time)
        return self.filter(unleased, due, delivery=Delivery.ACCEPTED)

    def next_delivery_at(self) -> datetime | None:
        """Return when the first lease or delay of those ends that may have to be sent; None if none is running."""
        current_time = now()
        ends = [Min(name, filter=Q(**{f"{name}__gt": current_time})) for name in ("lease_until", "next_try_at")]
        row = self.filter(_UNDELIVERED).order_by().aggregate(lease=ends[0], delay=ends[1])
        return min((time for time in row.values() if time), default=None)

    def deliverable(self) -> Self:
        """Select those whose parents all have an id in AWS, or have ended as the job waits for."""
        edges = JobDependency.objects.filter(job=OuterRef("pk"), parent__isnull=False)
        met = (
            Q(condition=Condition.BATCH, parent__batch_id__isnull=False)
            | Q(condition__in=[Condition.SUCCESS, Condition.ALWAYS]) & PARENT_SUCCEEDED
            | Q(condition__in=[Condition.FAILURE, Condition.ALWAYS]) & PARENT_FAILED
            | Q(condition=Condition.ALWAYS) & PARENT_SKIPPED
        )
        return self.undelivered().exclude(Exists(edges.exclude(met)))

    def blocked(self) -> Self:
        """Select those with a parent that has ended in another way than the job waits for.

        One that nothing needs is left out while a failure could still come that withdraws it: the order in which its
        parents end must not decide whether it counts as failed.
        """
        edges = JobDependency.objects.filter(job=OuterRef("pk"), parent__isnull=False)
        needs_success = edges.filter(NEEDS_SUCCESS)
        failed = needs_success.filter(PARENT_FAILED)
        needless = edges.filter(
            NEEDS_SUCCESS & PARENT_SKIPPED | Q(condition=Condition.FAILURE) & (PARENT_SUCCEEDED | PARENT_SKIPPED)
        )
        open_edges = needs_success.exclude(PARENT_SUCCEEDED | PARENT_FAILED | PARENT_SKIPPED)
        return self.filter(Exists(failed) | Exists(needless) & ~Exists(open_edges), delivery=Delivery.ACCEPTED)

    def in_doubt(self) -> Self:
        """Select those that may have been sent: their worker is gone."""
        return self.filter(delivery=Delivery.SENDING, lease_until__lt=now())

    def counting_against_quota(self) -> Self:
        waiting = Q(delivery__in=[Delivery.ACCEPTED, Delivery.SENDING, Delivery.HELD])
        return self.filter(waiting | _ACTIVE, ended_at=None, outside=False)

    def active(self) -> Self:
        return self.filter(_ACTIVE)

    def uncharged(self) -> Self:
        """Select jobs that have ended and whose cost isn't recorded, oldest first."""
        # A subquery, so that SQLite takes the index of only those, and not that of all jobs of an account.
        pks = Job.objects.filter(ended_at__isnull=False, charged_at=None).order_by().values("pk")
        return self.filter(pk__in=pks).order_by("pk")

    def with_unread_failures(self) -> Self:
        return self.filter(*_UNREAD_FAILURES)

    def update_in_order(self, **fields: Any) -> int:
        """Update several rows, locked last ones first as everywhere: the other order could deadlock."""
        ordered = self.order_by("-pk").select_for_update().values("pk")
        with transaction.atomic(savepoint=False):
            return Job.objects.filter(pk__in=ordered).update(**fields)

    def stop_pending(self) -> Self:
        return self.active().filter(stop_requested_at__isnull=False)


class Job(models.Model):
    """One SubmitJob call and its outcome."""

    earlier_runs: Sequence["Job"] = ()
    """The earlier jobs of its step, on the page of a submission. Not stored."""
    rerun_summary: RerunSummary | None = None
    """How children that failed ended when they ran again, in lists. Not stored."""
    explanation: Explanation | None = None
    """Why it waits or failed, in lists. Not stored."""

    public_id = models.UUIDField(default=new_id, unique=True, editable=False)
    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="jobs")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="jobs", db_index=False)
    # Copied from the submission, so that a person's last jobs are found by index.
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="jobs")
    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="jobs")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="jobs")
    # Copied from the revision, so that a definition's last jobs are found by index.
    definition = models.ForeignKey(Definition, on_delete=models.PROTECT, related_name="jobs", db_index=False)
    outside = models.BooleanField(
        default=False, db_default=False, help_text="Submitted outside the portal, which only observes it."
    )
    position = models.PositiveIntegerField(default=0, help_text="Position among the submission's jobs.")
    step = models.PositiveIntegerField(default=0, help_text="Position of its step in the submission's document.")
    repeats = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        related_name="repeated_by",
        help_text="The job of the same submission that this one runs again.",
    )
    # Found by the submission, so without an index.
    rerun = models.ForeignKey(
        Rerun,
        on_delete=models.PROTECT,
        null=True,
        related_name="jobs",
        db_index=False,
        help_text="What it runs again with; null for the jobs of the first run.",
    )
    array_index = models.PositiveIntegerField(
        null=True, help_text="Index of the array job `repeats` that this single job runs again."
    )
    superseded = models.BooleanField(default=False, help_text="Whether a later job of the same step took its place.")
    name = models.CharField(max_length=128)
    marker = models.CharField(
        max_length=128, unique=True, help_text="Job name in AWS, by which the job is identified."
    )
    document = models.JSONField(help_text="The job as requested.")
    tags = models.JSONField(default=dict)
    array_size = models.PositiveIntegerField(null=True)

    # -- Size of one run, from the definition and the submission.
    platform = models.CharField(max_length=10, default="EC2")
    architecture = models.CharField(max_length=10, default="X86_64")
    vcpus = models.DecimalField(max_digits=10, decimal_places=4, default=Decimal(0))
    memory_mib = models.PositiveIntegerField(default=0)
    gpus = models.PositiveIntegerField(default=0)
    ephemeral_gib = models.PositiveIntegerField(default=0)

    # -- Upper bounds when it was accepted: time limit × attempts × runs. Null: unknown, as without a time limit.
    at_most_usd = models.DecimalField(max_digits=20, decimal_places=4, null=True)
    at_most_vcpu_hours = models.DecimalField(max_digits=20, decimal_places=4, null=True)

    # -- Delivery: only `jobs.dispatch`, and stopping, write these.
    delivery = models.CharField(max_length=10, choices=[(d, d) for d in Delivery], default=Delivery.ACCEPTED)
    epoch = models.PositiveIntegerField(default=0, help_text="How often a worker has claimed it.")
    lease_until = models.DateTimeField(null=True)
    lost_workers = models.PositiveSmallIntegerField(
        default=0, help_text="How many workers stopped unexpectedly while delivering it."
    )
    next_try_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    delivery_note = models.TextField(blank=True, help_text="Why it was refused, withdrawn, held or delayed.")
    batch_id = models.CharField(max_length=60, null=True, unique=True)  # noqa: DJ001 - unique, and absent until AWS has it

    # -- State: only `jobs.sync.apply` writes these, and `jobs.pricing.metering` the times of an array.
    state = models.CharField(max_length=20, blank=True)
    finished_attempts = models.PositiveIntegerField(default=0)
    status_reason = models.TextField(blank=True)
    reason_since = models.DateTimeField(
        null=True, help_text="When its present status reason was first observed; empty without one."
    )
    container_reason = models.TextField(blank=True)
    exit_code = models.IntegerField(null=True)
    log_group = models.CharField(max_length=512, blank=True)
    log_stream = models.CharField(max_length=512, blank=True)
    task_arn = models.CharField(max_length=200, blank=True)
    submitted_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    attempts = models.JSONField(default=list)
    array_summary = models.JSONField(default=dict)
    children_requested_at = models.DateTimeField(null=True, help_text="When its children were last requested.")
    children_read_at = models.DateTimeField(null=True, help_text="When its children were last read from AWS.")
    raw = models.JSONField(default=dict, help_text="The last description from AWS.")
    observed_at = models.DateTimeField(null=True)
    missing_since = models.DateTimeField(null=True)
    next_poll_at = models.DateTimeField(null=True)
    viewed_at = models.DateTimeField(null=True, help_text="When someone last viewed it.")

    # -- Stopping: a request; its outcome is observed.
    stop_requested_at = models.DateTimeField(null=True)
    stop_requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    stop_sent_at = models.DateTimeField(null=True, help_text="When a stop request was last sent to AWS.")
    stop_reason = models.CharField(max_length=1000, blank=True)

    accepted_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, help_text="When the portal observed its end.")
    charged_at = models.DateTimeField(null=True, help_text="When the cost of its attempts was recorded.")
    # What lists are sorted by; zero until known. Integers, because SQLite compares decimals as floats.
    usd_units = models.BigIntegerField(
        default=0, db_default=0, help_text="Sum of its cost lines in ten-billionths of a dollar."
    )
    run_ms = models.BigIntegerField(
        default=0, db_default=0, help_text="Run time of its last attempt in milliseconds."
    )
    wait_ms = models.BigIntegerField(
        default=0,
        db_default=0,
        help_text="Time from its acceptance to the start of its last attempt in milliseconds.",
    )

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["submission", "position"], name="one_job_a_position"),
            models.UniqueConstraint(
                fields=["submission", "step"],
                condition=Q(superseded=False, array_index=None),
                name="one_current_job_a_step",
            ),
            models.UniqueConstraint(
                fields=["repeats", "array_index"],
                condition=Q(superseded=False, array_index__isnull=False),
                name="one_current_job_an_index",
            ),
            models.CheckConstraint(condition=~Q(delivery="SENT") | Q(batch_id__isnull=False), name="sent_has_an_id"),
        ]
        indexes = [
            models.Index(fields=["team", "-id"], name="job_of_team"),
            models.Index(fields=["team", "-id"], name="job_of_team_live", condition=Q(ended_at=None)),
            models.Index(fields=["team", "accepted_at", "id"], name="job_of_team_accepted"),
            models.Index(fields=["accepted_at", "id"], name="job_by_accepted"),
            models.Index(fields=["team", "queue", "-id"], name="job_of_team_queue"),
            models.Index(fields=["person", "team", "-id"], name="job_of_person"),
            models.Index(fields=["definition", "team", "-id"], name="job_of_definition"),
            models.Index(fields=["team", "delivery", "state", "-id"], name="job_of_team_status"),
            models.Index(fields=["team", "ended_at"], name="job_of_team_ended"),
            models.Index(fields=["team", "-usd_units", "-id"], name="job_of_team_cost"),
            models.Index(fields=["team", "-run_ms", "-id"], name="job_of_team_run"),
            models.Index(fields=["-usd_units", "-id"], name="job_by_cost"),
            models.Index(fields=["-run_ms", "-id"], name="job_by_run"),
            models.Index(fields=["team", "-wait_ms", "-id"], name="job_of_team_wait"),
            models.Index(fields=["-wait_ms", "-id"], name="job_by_wait"),
            models.Index(fields=["team", "exit_code"], name="job_of_team_exit", condition=Q(exit_code__gt=0)),
            models.Index(
                fields=["team", "delivery", "state"], name="job_of_team_uncharged", condition=Q(charged_at=None)
            ),
            models.Index(fields=["id"], name="job_uncharged", condition=Q(ended_at__isnull=False, charged_at=None)),
            models.Index(
                fields=["account"],
                name="job_array_failed",
                condition=_UNREAD_FAILURES[0] & _UNREAD_FAILURES[1] & _UNREAD_FAILURES[2],
            ),
            models.Index(fields=["team", "ended_at"], name="job_of_team_lost", condition=Q(state=State.LOST)),
            models.Index(fields=["account", "next_try_at"], name="job_undelivered", condition=_UNDELIVERED),
            models.Index(fields=["account", "next_poll_at"], name="job_active", condition=_ACTIVE),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return address_of("job", self.public_id)

    @property
    def text_id(self) -> str:
        return to_text(self.public_id)

    @property
    def status(self) -> Status:
        return status_of(self.delivery, self.state)

    @property
    def reasons(self) -> tuple[str, ...]:
        """AWS's own words on how it ended: the container's, then the job's."""
        return tuple(dict.fromkeys(reason for reason in (self.container_reason, self.status_reason) if reason))

    @property
    def reason_text(self) -> str:
        """Of AWS once it has the job, before that the portal's."""
        return "; ".join(self.reasons) if self.delivery == Delivery.SENT else self.delivery_note

    @property
    def waits_for_capacity(self) -> bool:
        """Whether AWS could start it, or the first child of an array, if there were capacity."""
        if self.delivery != Delivery.SENT:
            return False
        children = self.array_summary if self.state == State.PENDING and self.array_size else {}
        return self.state == State.RUNNABLE or {name for name, number in children.items() if number} == {
            State.RUNNABLE
        }

    @property
    def failure_facts(self) -> FailureFacts:
        """What its own columns say of why it failed."""
        return FailureFacts(
            delivery=self.delivery,
            state=self.state,
            exit_code=self.exit_code,
            status_reason=self.status_reason,
            container_reason=self.container_reason,
            delivery_note=self.delivery_note,
            array_size=self.array_size,
            failed_children=failed if isinstance(failed := self.array_summary.get(State.FAILED), int) else 0,
            has_log=bool(self.log_stream),
            memory_mib=self.memory_mib,
            stop_reason=self.stop_reason,
        )

    @property
    def wait_period(self) -> Period | None:
        """From acceptance to the start of the last attempt; without an end while it waits for the first."""
        if self.started_at or self.status.is_live:
            return self.accepted_at, self.started_at
        return None

    @property
    def run_period(self) -> Period | None:
        """Of the last attempt, and of an array from its first start to its last end; without an end while it runs."""
        if self.started_at and (self.stopped_at or self.status.name == State.RUNNING):
            return self.started_at, self.stopped_at
        return None

    @property
    def is_stopping(self) -> bool:
        return self.stop_requested_at is not None and not self.status.is_final

    @staticmethod
    def size_fields(size: RunSize) -> dict[str, Any]:
        columns = {name: getattr(size, name) for name in SIZE_FIELDS}
        limits = {"vcpus": MAX_VCPUS, "memory_mib": MAX_INTEGER, "gpus": MAX_INTEGER, "ephemeral_gib": MAX_INTEGER}
        return columns | {name: min(columns[name], limit) for name, limit in limits.items()}

    @property
    def is_note_from_aws(self) -> bool:
        attempt = self.deliveries.order_by("-epoch").first() if self.delivery_note else None
        return attempt is not None and attempt.explains(self.delivery_note)

    def advance(
        self, delivery: Delivery, *, source: str, note: str = "", only_if: Q | None = None, **fields: object
    ) -> bool:
        """Change the delivery, with its history row.

        False: someone else was first, or `only_if` does not hold.
        """
        unchanged = Q(pk=self.pk, delivery=self.delivery, epoch=self.epoch)
        with transaction.atomic(savepoint=False):
            is_written = Job.objects.filter(unchanged, only_if or Q()).update(
                delivery=delivery, delivery_note=note, **fields
            )
            if not is_written:
                return False
            state = str(fields.get("state", self.state))
            StateChange.objects.create(job=self, delivery=delivery, state=state, note=note, source=source)
            self.refresh_from_db(fields=DELIVERY_FIELDS)
        return True

    def adopt(self, batch_id: str, *, source: str, note: str = "") -> bool:
        """Return False if someone else has recorded the id."""
        return self.advance(Delivery.SENT, source=source, note=note, batch_id=batch_id, **adoption_fields(now()))

    def requeue(self, reason: str, *, source: str, **fields: object) -> bool:
        """Requeue a job that AWS certainly does not have; withdraw it if a stop was requested."""
        delay = min(MAX_RETRY_DELAY_SECONDS, 2.0 ** min(self.epoch, 10)) * random.uniform(0.5, 1)
        next_try_at = now() + timedelta(seconds=delay)
        return self._unless_stopped(Delivery.ACCEPTED, reason, source, {"next_try_at": next_try_at, **fields})

    def hold(self, reason: str, *, source: str, **fields: object) -> bool:
        """Hold a job for a person to decide; withdraw it if a stop was requested."""
        return self._unless_stopped(Delivery.HELD, reason, source, {"next_try_at": None, **fields})

    def _unless_stopped(self, delivery: Delivery, reason: str, source: str, fields: dict[str, object]) -> bool:
        """Check the stop request in the row, which may be newer than this copy."""
        stop_requested = Q(stop_requested_at__isnull=False)
        note = "Stopped before it was submitted."
        return self.advance(
            Delivery.WITHDRAWN, source=source, note=note, only_if=stop_requested, lease_until=None, ended_at=now()
        ) or self.advance(delivery, source=source, note=reason, only_if=~stop_requested, lease_until=None, **fields)
