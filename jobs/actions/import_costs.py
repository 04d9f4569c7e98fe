"""Import of actual costs from deliveries of AWS Data Exports: each counts as a whole, or not at all."""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO

from django.db import transaction
from django.utils.timezone import now

from jobs import audit
from jobs.audit import AuditTarget
from jobs.aws.cost_exports import download, list_files, split_address
from jobs.aws.errors import AwsError
from jobs.aws.session import Purpose, client_for
from jobs.models import Account, AccountStatus, ActualDelivery, JobTask
from jobs.models.actual_cost import DeliveredCosts, parts_of_jobs, replace_costs
from jobs.pricing.cost_exports import SUFFIXES, CostExport, CostExportError, ExportFile, TaskCost, export_names

ROWS_PER_LOOKUP = 2_000
JOBS_PER_LOOKUP = 500
LONGEST_RUN = timedelta(days=31)
"""How long after the month a job may end that ran in it."""
INTERRUPTED = (
    "It was interrupted. If that is so each time, run manage.py import_actual_costs --account, which has no limit."
)


@dataclass(frozen=True)
class ExportDelivery:
    """The files of one billing month in one folder."""

    name: str
    files: Sequence[ExportFile]

    @property
    def delivered_at(self) -> datetime:
        return max(file.changed_at for file in self.files)


@dataclass(frozen=True)
class AccountCosts:
    """What a delivery says of an account, in units. `is_older`: a later one has been imported, and stays."""

    account: Account
    allocated: int
    idle: int
    unallocated: int
    jobs: int
    is_older: bool


@dataclass(frozen=True)
class ImportedDelivery:
    """`other_rows` are of tasks in other accounts or regions."""

    name: str
    month: date
    data_through: date
    rows: int
    other_rows: int
    has_split: bool
    accounts: list[AccountCosts]


@dataclass
class StoredImport:
    """`has_more`: time was up before the last delivery."""

    deliveries: list[ImportedDelivery] = field(default_factory=list)
    has_more: bool = False


@dataclass
class _JoinedCosts:
    """Costs by day, of jobs and of tasks that belong to none, by keys of jobs and accounts."""

    jobs: defaultdict[tuple[int, int], dict[date, tuple[int, int]]] = field(default_factory=lambda: defaultdict(dict))
    others: defaultdict[int, dict[date, tuple[int, int]]] = field(default_factory=lambda: defaultdict(dict))
    other_rows: int = 0


def folder_deliveries(folder: Path) -> list[ExportDelivery]:
    """Return those in the folder and below, the earliest first. Raise CostExportError if there is none."""
    files: defaultdict[Path, list[ExportFile]] = defaultdict(list)
    for path in sorted(folder.rglob("*")):
        if path.name.endswith(SUFFIXES) and path.is_file():
            changed_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            name = str(path.relative_to(folder))
            files[path.parent].append(ExportFile(name, changed_at, partial(_open, path)))
    if not files:
        raise CostExportError(f"{folder} has no files of an export: {', '.join(SUFFIXES)}.")
    deliveries = [ExportDelivery(parent.name, own) for parent, own in files.items()]
    return sorted(deliveries, key=lambda delivery: (delivery.delivered_at, delivery.name))


def stored_deliveries(account: Account) -> list[ExportDelivery]:
    """Return those in the folder of the account's export in S3, the earliest first. Raise AwsError."""
    bucket, prefix = split_address(account.cost_export)
    client = client_for(account, "s3", Purpose.READ)
    files: defaultdict[str, list[ExportFile]] = defaultdict(list)
    for file in list_files(client, bucket, prefix):
        if file.key.endswith(SUFFIXES):
            folder = file.key.rpartition("/")[0]
            name = file.key.removeprefix(prefix)
            files[folder].append(ExportFile(name, file.changed_at, partial(download, client, bucket, file.key)))
    deliveries = [ExportDelivery(folder.rpartition("/")[2], own) for folder, own in files.items()]
    return sorted(deliveries, key=lambda delivery: (delivery.delivered_at, delivery.name))


def import_stored_costs(account: Account, *, seconds: float = float("inf")) -> StoredImport:
    """Import new deliveries of the account's export, for about so long, and store why one wasn't read.

    Raise AwsError, or CostExportError once the others have been imported.
    """
    stop_at = time.monotonic() + seconds
    _note(account, INTERRUPTED)
    result = StoredImport()
    broken: list[CostExportError] = []
    try:
        for delivery in stored_deliveries(account):
            if _is_imported(delivery, account):
                continue
            if time.monotonic() > stop_at:
                result.has_more = True
                break
            try:
                imported = import_delivery(delivery, [account])
            except CostExportError as error:
                broken.append(error)
                continue
            if imported:
                result.deliveries.append(imported)
        if broken:
            raise broken[0]
    except (AwsError, CostExportError) as error:
        _note(account, str(error))
        raise
    _note(account, "")
    return result


def _note(account: Account, error: str) -> None:
    AccountStatus.objects.filter(account=account).update(costs_read_at=now(), costs_error=error)


def _is_imported(delivery: ExportDelivery, account: Account) -> bool:
    rows = ActualDelivery.objects.filter(account=account, name=delivery.name[:300])
    return rows.filter(delivered_at__gte=delivery.delivered_at).exists()


def _open(path: Path) -> IO[bytes]:
    return path.open("rb")


def import_delivery(
    delivery: ExportDelivery, accounts: Sequence[Account], *, is_trial: bool = False
) -> ImportedDelivery | None:
    """Replace the actual costs of its month in these accounts, unless a later delivery has been imported.

    Return None if it has no rows. Raise CostExportError, with nothing changed.
    """
    names = export_names(delivery.files)
    if len(names) > 1:
        raise CostExportError(
            f"{delivery.name}: files of several exports ({', '.join(sorted(names))}). Keep each in its own folder."
        )
    export = CostExport(delivery.files)
    joined = _join(export, accounts)
    if export.month is None or export.data_through is None:
        return None
    costs = _delivered_costs(joined)
    earlier = ActualDelivery.objects.filter(account__in=accounts, month=export.month, name=delivery.name)
    affected = {*costs, *earlier.values_list("account", flat=True)}
    with transaction.atomic():
        results = [
            _store(
                ActualDelivery(
                    account=account,
                    month=export.month,
                    name=delivery.name[:300],
                    delivered_at=delivery.delivered_at,
                    imported_at=now(),
                    data_through=export.data_through,
                    lines=export.rows,
                    has_split=export.has_split,
                ),
                costs.get(account.pk, DeliveredCosts()),
            )
            for account in accounts
            if account.pk in affected
        ]
        if is_trial:
            transaction.set_rollback(True)
        elif any(not result.is_older for result in results):
            audit.record(
                "change",
                person=None,
                target=AuditTarget("actual costs", label=f"{export.month:%B %Y}, {delivery.name}"),
                after={
                    "data through": f"{export.data_through}",
                    "accounts": [result.account.name for result in results if not result.is_older],
                },
            )
    return ImportedDelivery(
        delivery.name,
        export.month,
        export.data_through,
        export.rows,
        joined.other_rows,
        export.has_split,
        results,
    )


def _join(export: CostExport, accounts: Sequence[Account]) -> _JoinedCosts:
    """Add up the rows of each job by day. Memory grows with the jobs of the month, not with the rows."""
    joined = _JoinedCosts()
    keys = {account.pk for account in accounts}
    places = {(account.number, account.region): account.pk for account in reversed(accounts) if account.number}
    is_complete = False
    for costs in _chunks(export.read()):
        if not is_complete and export.month:
            last = export.month + timedelta(days=31) + LONGEST_RUN
            JobTask.objects.add_missing(keys, export.month, last)
            is_complete = True
        jobs = JobTask.objects.jobs_by_arn({cost.task_arn for cost in costs})
        for cost in costs:
            job, account = jobs.get(cost.task_arn, (0, places.get((cost.account_number, cost.region), 0)))
            if account not in keys:
                joined.other_rows += 1
                continue
            days = joined.jobs[job, account] if job else joined.others[account]
            units, idle = days.get(cost.day, (0, 0))
            days[cost.day] = (units + cost.units, idle + cost.idle_units)
    return joined


def _chunks(costs: Iterator[TaskCost]) -> Iterator[list[TaskCost]]:
    while chunk := list(islice(costs, ROWS_PER_LOOKUP)):
        yield chunk


def _delivered_costs(joined: _JoinedCosts) -> dict[int, DeliveredCosts]:
    """Return costs by key of the account, of those that have some."""
    costs: defaultdict[int, DeliveredCosts] = defaultdict(DeliveredCosts)
    keys = sorted(joined.jobs)
    for begin in range(0, len(keys), JOBS_PER_LOOKUP):
        batch = keys[begin : begin + JOBS_PER_LOOKUP]
        parts = parts_of_jobs([job for job, _ in batch])
        for job, account in batch:
            costs[account].add_job(job, parts[job], joined.jobs[job, account])
    for account, days in joined.others.items():
        for day, amounts in days.items():
            costs[account].add_unallocated(day, amounts)
    return dict(costs)


def _store(row: ActualDelivery, costs: DeliveredCosts) -> AccountCosts:
    """Call it in a transaction. What has been imported stays if it has later days, or later files."""
    account = Account.objects.select_for_update(no_key=True).get(pk=row.account_id)  # one import at a time
    earlier = ActualDelivery.objects.filter(account=account, month=row.month).first()
    is_older = earlier is not None and _version(row) < _version(earlier)
    if not is_older:
        replace_costs(row, costs)
    return AccountCosts(
        account=account,
        allocated=sum(units for units, _ in costs.jobs.values()),
        idle=sum(idle for cells in (costs.jobs, costs.unallocated) for _, idle in cells.values()),
        unallocated=sum(units for units, _ in costs.unallocated.values()),
        jobs=len(costs.jobs),
        is_older=is_older,
    )


def _version(row: ActualDelivery) -> tuple[date, datetime]:
    return row.data_through, row.delivered_at
