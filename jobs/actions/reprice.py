"""Correction of past costs by lines that add the difference. What was charged stays as it was."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import F
from django.utils.timezone import now

from jobs import audit
from jobs.audit import AuditTarget
from jobs.models import CostLine, Job, Team, User
from jobs.models.cost import CORRECTION_STEP
from jobs.models.cost_total import add_costs
from jobs.pricing import exact_sum
from jobs.pricing.corrections import RepriceResult
from jobs.pricing.job_size import NODE_COUNT, priced_size
from jobs.pricing.metering import receipt_json
from jobs.pricing.rates import Rates, read_rates
from jobs.pricing.receipt import Basis, BilledAttempt, ReceiptLine, build_receipt

BATCH_SIZE = 200
LINES_READ = 2_000
"""So many cost lines are looked through for the jobs of a batch."""


@dataclass(frozen=True)
class RepriceScope:
    """`person` is None for a command."""

    first: date
    last: date
    team: Team | None
    why: str
    person: User | None = None
    is_trial: bool = False


def reprice(scope: RepriceScope) -> RepriceResult:
    """Charge the differences to the present rates of the days on which attempts ended."""
    result, rates = RepriceResult(), read_rates()
    newest: int | None = None
    while (newest := reprice_batch(scope, rates, newest, result)) is not None:
        pass
    return result


def reprice_batch(scope: RepriceScope, rates: Rates, newest: int | None, result: RepriceResult) -> int | None:
    """Reprice some jobs after that of this key, and add to the result.

    Return the key of the last job that was looked at; None if there was no more.
    """
    lines = CostLine.objects.order_by("job").values_list("job", flat=True)
    left = lines if newest is None else lines.filter(job__gt=newest)  # keys of a seeded history are negative
    jobs = sorted(set(left[:LINES_READ]))
    if not jobs:
        return None
    # By their keys: an index of days would find, and sort, the lines of the whole period for each batch.
    charges = CostLine.objects.filter(correction=None, day__gte=scope.first, day__lte=scope.last, job__in=jobs)
    if scope.team:
        charges = charges.filter(team=scope.team)
    keys = sorted(set(charges.values_list("job", flat=True)))[:BATCH_SIZE]
    if keys:
        _reprice_jobs(keys, charges.filter(job__in=keys), rates, scope, result)
    return keys[-1] if len(keys) == BATCH_SIZE else jobs[-1]


def _reprice_jobs(
    keys: Sequence[int], charges: Iterable[CostLine], rates: Rates, scope: RepriceScope, result: RepriceResult
) -> None:
    with transaction.atomic():
        if not scope.is_trial:
            # In this order everywhere, so that none waits for another that waits for it.
            list(Job.objects.filter(pk__in=keys).order_by("-pk").select_for_update().values_list("pk"))
        rows = Job.objects.filter(pk__in=keys).select_related("account", "queue", "team")
        jobs = {job.pk: job for job in rows.annotate(**NODE_COUNT).defer("raw", "document")}
        amounts, numbers = _charged(keys)
        lines = []
        for charge in charges:
            counts = result.by_team[charge.team_id]
            line = _present_line(jobs[charge.job_id], charge, rates)
            counts.checked += 1
            if line.reasons:
                counts.unknown += 1
                continue
            key = (charge.job_id, charge.attempt)
            if line.usd != amounts[key]:
                number = numbers.get(key, 0) + 1
                lines.append(
                    _correction(jobs[charge.job_id], charge, line, amounts[key], number=number, why=scope.why)
                )
                counts.corrected += 1
                counts.units += exact_sum.units(lines[-1].usd)
        if lines and not scope.is_trial:
            _save(lines, scope)


def _charged(keys: Sequence[int]) -> tuple[dict[tuple[int, int], Decimal], dict[tuple[int, int], int]]:
    """Return the sum of each attempt with its corrections, and the number of the last one."""
    amounts: dict[tuple[int, int], Decimal] = defaultdict(Decimal)
    numbers: dict[tuple[int, int], int] = {}
    rows = CostLine.objects.filter(job__in=keys).order_by().values_list("job", "attempt", "usd", "correction")
    for job, attempt, usd, correction in rows:
        key = (job, attempt % CORRECTION_STEP)
        amounts[key] += usd
        numbers[key] = max(numbers.get(key, 0), correction or 0)
    return amounts, numbers


def _present_line(job: Job, charge: CostLine, rates: Rates) -> ReceiptLine:
    """Return the charge as it would be now: of the same seconds on the same types, at the rates of its day."""
    end = charge.ended_at or datetime.combine(charge.day, time(12), now().tzinfo)
    attempts = [
        BilledAttempt(
            end - timedelta(milliseconds=int(seconds * 1000)),
            end,
            charge.succeeded,
            charge.attempt,
            instance_type=instance_type,
            purchase_option=option,
            is_assumed=is_assumed,
        )
        for seconds, instance_type, option, is_assumed in _charged_runs(charge)
        if seconds
    ]
    receipt = build_receipt(priced_size(job), attempts, rates)
    return receipt.lines[0] if receipt.lines else _UNTIMED


def _charged_runs(charge: CostLine) -> Iterator[tuple[Decimal, str, str, bool]]:
    """Yield seconds, type, purchase option, and whether the type was assumed, of runs that are priced alike."""
    basis = charge.receipt.get("basis")
    runs = charge.receipt.get("runs")
    if runs is None:  # of one run, or from before they were recorded: the rest was priced by no instance
        runs = [{**share, "basis": basis} for share in charge.receipt.get("shares", ()) if "instance_type" in share]
        rest = charge.billed_seconds - sum(Decimal(group["seconds"]) for group in runs)
        yield rest, "", "", False
    for group in runs:
        name = group["instance_type"]
        is_assumed = bool(name) and group["basis"] == Basis.CHEAPEST_TYPE
        yield Decimal(group["seconds"]), name, group["purchase_option"], is_assumed


_UNTIMED = ReceiptLine(0, False, 0, None, Decimal(0), (), Decimal(0), ("Nothing ran.",))  # noqa: FBT003


def _correction(job: Job, charge: CostLine, line: ReceiptLine, before: Decimal, *, number: int, why: str) -> CostLine:
    return CostLine(
        job=job,
        attempt=charge.attempt + number * CORRECTION_STEP,
        correction=number,
        day=charge.day,
        ended_at=charge.ended_at,
        team_id=charge.team_id,
        account_id=charge.account_id,
        queue_id=charge.queue_id,
        definition_id=charge.definition_id,
        person_id=charge.person_id,
        succeeded=charge.succeeded,
        runs=0,
        billed_seconds=Decimal(0),
        usd=line.usd - before,
        # That of the charge, so that sums by type have both.
        instance_type=charge.instance_type,
        receipt={
            **receipt_json(job, line),
            "why": why,
            "before_usd": f"{before:f}",
            "after_usd": f"{line.usd:f}",
        },
    )


def _save(lines: Sequence[CostLine], scope: RepriceScope) -> None:
    CostLine.objects.bulk_create(lines)
    units: dict[int, int] = defaultdict(int)
    by_team: dict[Team, list[CostLine]] = defaultdict(list)
    for line in lines:
        units[line.job_id] += exact_sum.units(line.usd)
        by_team[line.job.team].append(line)
    for job, difference in sorted(units.items(), reverse=True):
        Job.objects.filter(pk=job).update(usd_units=F("usd_units") + difference)
    add_costs(lines)
    for team in sorted(by_team, key=lambda team: team.pk):
        corrected = by_team[team]
        audit.record(
            "change",
            person=scope.person,
            team=team,
            target=AuditTarget("costs", label=f"{len(corrected)} corrections"),
            after={
                "why": scope.why,
                "days": f"{min(line.day for line in corrected)} to {max(line.day for line in corrected)}",
                "usd": f"{sum((line.usd for line in corrected), Decimal(0)):f}",
            },
        )
