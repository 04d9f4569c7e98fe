"""Metering of ended jobs: lines of cost that never change.

Until AWS answers for an array's children, it stays uncharged.
"""

import itertools
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import structlog
from django.db import transaction
from django.utils.dateparse import parse_datetime
from django.utils.timezone import now

from jobs.aws import batch
from jobs.aws.errors import AwsError, is_outage
from jobs.aws.session import Purpose, client_for
from jobs.models import Account, CostLine, Job, JobTask
from jobs.models.cost_total import add_costs
from jobs.models.job import milliseconds_between
from jobs.models.job_count import add_charged_jobs
from jobs.models.job_failure import add_failures
from jobs.pricing import exact_sum, rates
from jobs.pricing.job_size import NODE_COUNT, known_instances, priced_size, with_instances
from jobs.pricing.rates import Rates
from jobs.pricing.receipt import INSTANCE, Basis, BilledAttempt, ReceiptLine, ResourceCharge, build_receipt
from jobs.states import Delivery, State

log = structlog.get_logger(__name__)

JOB_BATCH_SIZE = 200
JOBS_PER_COMMIT = 50
ARRAY_BATCH_SIZE = 50
TASKS_PER_COMMIT = 5_000  # an array has one for each run of a child
PASS_TIMEOUT_SECONDS = 30.0
# A child that AWS does not return for longer than this is forgotten.
CHILDREN_TIMEOUT = timedelta(minutes=5)

AMOUNT_PRECISION = Decimal("1E-12")
NOT_INCLUDED = {
    True: "Image pulls, data transfer, logs, taxes and discounts.",
    False: "Idle capacity of instances, EBS volumes, image pulls, data transfer, logs, Windows licenses, taxes and "
    "discounts.",
}
"""By whether it ran on Fargate."""

# Lines of an array: one for its children's successful runs, one for their failed ones.
GOOD_RUNS, FAILED_RUNS = 1, 2


def charge_due(account: Account) -> None:
    """Charge plain jobs first, which need no call to AWS."""
    table = rates.read_rates()
    deadline = time.monotonic() + PASS_TIMEOUT_SECONDS
    jobs = (
        Job.objects.filter(account=account)
        .uncharged()
        .select_related("account", "submission", "revision", "queue", "team")
        .annotate(**NODE_COUNT)
        .defer("raw", "document", "submission__text", "submission__document", "revision__document")
    )
    plain_jobs = list(jobs.filter(array_size=None)[:JOB_BATCH_SIZE])
    for start in range(0, len(plain_jobs), JOBS_PER_COMMIT):
        chunk = plain_jobs[start : start + JOBS_PER_COMMIT]
        attempts = [_plain_attempts(job) for job in chunk]
        instances = known_instances(account.pk, itertools.chain.from_iterable(attempts))
        _save_bills(
            [
                _Bill(job, build_cost_lines(job, with_instances(own, instances), table), _tasks(own))
                for job, own in zip(chunk, attempts, strict=True)
            ]
        )
    _charge_arrays(jobs.filter(array_size__isnull=False)[:ARRAY_BATCH_SIZE], table, deadline)


def charge(job: Job) -> None:
    """Store the cost unless it is stored. Raise AwsError, with nothing stored."""
    bill = _build_bill(job, rates.read_rates())
    if bill:
        _save_bills([bill])


def _charge_arrays(jobs: Iterable[Job], table: Rates, deadline: float) -> None:
    """Store them together: the totals of one take as many rows as those of many alike."""
    bills: list[_Bill] = []
    try:
        for job in jobs:
            if time.monotonic() > deadline:
                break
            try:
                bill = _build_bill(job, table)
            except AwsError as error:
                log.warning("metering_postponed", job=job.text_id, error=error.message)
                if is_outage(error):
                    break
                continue
            bills += [bill] if bill else []
            if sum(len(bill.tasks) for bill in bills) >= TASKS_PER_COMMIT:
                due, bills = bills, []
                _save_bills(due)
    finally:
        if bills:
            _save_bills(bills)


@dataclass(frozen=True)
class _Bill:
    job: Job
    lines: Sequence[CostLine]
    tasks: Sequence[str]
    array_times: Mapping[str, Any] = field(default_factory=dict)


def _build_bill(job: Job, table: Rates) -> _Bill | None:
    """Return None while AWS lacks children that it may still return. Raise AwsError."""
    attempts, missing = _billable_attempts(job)
    if missing and now() - (job.ended_at or now()) < CHILDREN_TIMEOUT:
        return None
    attempts = with_instances(attempts, known_instances(job.account_id, attempts))
    lines = build_cost_lines(job, attempts, table)
    if missing and lines:
        lines[0].receipt["reasons"].append(f"AWS no longer had {missing} of its {job.array_size} children.")
    return _Bill(job, lines, _tasks(attempts), _array_times(job, attempts) if job.array_size else {})


def _save_bills(bills: Sequence[_Bill]) -> None:
    """Store the costs of those jobs that have none, in one transaction."""
    with transaction.atomic():
        uncharged = Job.objects.filter(ended_at__isnull=False, charged_at=None).order_by("-pk").select_for_update()
        ids = set(uncharged.filter(pk__in=[bill.job.pk for bill in bills]).values_list("pk", flat=True))
        due = [bill for bill in bills if bill.job.pk in ids]
        current_time = now()
        for bill in due:
            bill.job.charged_at = current_time
            bill.job.usd_units = sum(exact_sum.units(line.usd) for line in bill.lines)
            for name, value in bill.array_times.items():
                setattr(bill.job, name, value)
        for names, group in itertools.groupby(due, key=lambda bill: tuple(bill.array_times)):
            Job.objects.bulk_update([bill.job for bill in group], ["charged_at", "usd_units", *names])
        CostLine.objects.bulk_create(line for bill in due for line in bill.lines)
        JobTask.objects.add((bill.job.pk, arn) for bill in due for arn in bill.tasks)
        add_charged_jobs(Counter((bill.job.team_id, bill.job.delivery, bill.job.state) for bill in due))
        add_failures(bill.job for bill in due)
        add_costs(line for bill in due for line in bill.lines)


def build_cost_lines(job: Job, attempts: Sequence[BilledAttempt], table: Rates) -> list[CostLine]:
    return [_cost_line(job, line) for line in build_receipt(priced_size(job), attempts, table).lines]


def finished_attempts(job: Job) -> list[BilledAttempt]:
    times = [
        (
            _parse_time(attempt.get("started_at")),
            _parse_time(attempt.get("stopped_at")),
            attempt.get("container_instance", ""),
            attempt.get("task_arn", ""),
        )
        for attempt in job.attempts
    ]
    if not times and job.started_at is not None:
        times = [(job.started_at, job.stopped_at, "", job.task_arn)]
    return [
        BilledAttempt(
            started,
            stopped,
            job.state == State.SUCCEEDED and number == len(times),
            number,
            container_instance=instance,
            task_arn=task,
        )
        for number, (started, stopped, instance, task) in enumerate(times, start=1)
    ]


def child_attempts(children: Sequence[batch.Observation]) -> Iterator[BilledAttempt]:
    for child in children:
        times = [
            (attempt.started_at, attempt.stopped_at, attempt.container_instance, attempt.task_arn)
            for attempt in child.attempts
        ]
        if not times and child.started_at is not None:
            times = [(child.started_at, child.stopped_at, child.container_instance, child.task_arn)]
        for count, (started, stopped, instance, task) in enumerate(times, start=1):
            is_good = child.state == State.SUCCEEDED and count == len(times)
            number = GOOD_RUNS if is_good else FAILED_RUNS
            yield BilledAttempt(started, stopped, is_good, number, container_instance=instance, task_arn=task)


def _billable_attempts(job: Job) -> tuple[list[BilledAttempt], int]:
    """Return also how many children AWS does not return."""
    if job.array_size is None or _costs_nothing(job):
        return _plain_attempts(job), 0
    children = _describe_children(job, job.array_size)
    return list(child_attempts(children)), job.array_size - len(children)


def _plain_attempts(job: Job) -> list[BilledAttempt]:
    return [] if _costs_nothing(job) else finished_attempts(job)


def _tasks(attempts: Sequence[BilledAttempt]) -> list[str]:
    return [attempt.task_arn for attempt in attempts if attempt.task_arn]


def _costs_nothing(job: Job) -> bool:
    """Return True for unsent jobs, and for lost ones, whose run time is unknown."""
    return job.delivery != Delivery.SENT or job.state == State.LOST


def _array_times(job: Job, attempts: Sequence[BilledAttempt]) -> dict[str, Any]:
    """Return the first start and the last end: AWS has none for the array itself."""
    starts = [attempt.started_at for attempt in attempts if attempt.started_at]
    ends = [attempt.stopped_at for attempt in attempts if attempt.stopped_at]
    if not starts or not ends:
        return {}
    start, end = min(starts), max(ends)
    return {
        "started_at": start,
        "stopped_at": end,
        "run_ms": milliseconds_between(start, end),
        "wait_ms": milliseconds_between(job.accepted_at, start),
    }


def _describe_children(job: Job, size: int) -> list[batch.Observation]:
    client = client_for(job.account, "batch", Purpose.READ)
    ids = [f"{job.batch_id}:{number}" for number in range(size)]
    step = batch.MAX_JOBS_PER_DESCRIBE
    pages = [batch.describe(client, ids[start : start + step]) for start in range(0, size, step)]
    return [child for page in pages for child in page.observations]


def _cost_line(job: Job, line: ReceiptLine) -> CostLine:
    ended_at = line.ended_at or job.stopped_at or job.ended_at or now()
    return CostLine(
        job=job,
        attempt=line.number,
        day=job.team.day_of(ended_at),
        team_id=job.team_id,
        account_id=job.account_id,
        queue_id=job.queue_id,
        definition_id=job.revision.definition_id,
        person_id=job.submission.person_id,
        succeeded=line.succeeded,
        runs=line.runs,
        billed_seconds=line.billed_seconds,
        usd=line.usd,
        receipt=receipt_json(job, line),
        ended_at=line.ended_at,
        instance_type=line.instance_type or None,
    )


def receipt_json(job: Job, line: ReceiptLine) -> dict[str, Any]:
    return {
        "platform": job.platform,
        "architecture": job.architecture,
        "region": job.account.region,
        "basis": line.basis,
        "shares": [_share_json(share) for share in line.shares],
        "reasons": list(line.reasons),
        "notes": list(line.notes),
        "not_included": NOT_INCLUDED[line.basis == Basis.REQUESTED],
        **_runs_json(line),
    }


def _runs_json(line: ReceiptLine) -> dict[str, Any]:
    """Return how many runs are priced how, where one share doesn't say it."""
    share_types = [(share.name, share.purchase_option) for share in line.shares[:1]]
    run_types = [(runs.instance_type, runs.purchase_option) for runs in line.priced_runs]
    if not run_types or (line.runs == 1 and share_types == run_types):
        return {}
    return {
        "runs": [
            {
                "basis": runs.basis,
                "instance_type": runs.instance_type,
                "purchase_option": runs.purchase_option,
                "runs": runs.runs,
                "seconds": f"{runs.seconds.normalize():f}",
            }
            for runs in line.priced_runs
        ]
    }


def _share_json(share: ResourceCharge) -> dict[str, str]:
    common = {
        "resource": share.resource,
        "amount": f"{share.amount.quantize(AMOUNT_PRECISION).normalize():f}",
        "usd_per_hour": f"{share.usd_per_hour.normalize():f}",
        "valid_from": share.valid_from.isoformat(),
        "source": share.source,
        "usd": f"{share.usd:f}",
    }
    if share.resource != INSTANCE:
        return common
    return {
        **common,
        "instance_type": share.name,
        "purchase_option": share.purchase_option,
        "formula": share.formula,
        "seconds": f"{share.seconds.normalize():f}",
    }


def _parse_time(text: str | None) -> datetime | None:
    return parse_datetime(text) if text else None
