"""Rows of the CSV files of costs, with every digit."""

from collections.abc import Iterator

from jobs.reports import costs as reports
from jobs.reports.costs import ActualReport, CostReport, CrossTable, ExplorerReport
from jobs.web.costs.query import CostQuery
from jobs.web.shell.csv_export import join_tags

TABLE_COLUMNS = (
    "value",
    "usd_estimate",
    "share_per_cent",
    "usd_month_before",
    "jobs",
    "usd_failed_or_stopped",
    "usd_running",
    "kind",
)
"""`kind` tells the total and the untagged from values of these names; `usd_month_before` is of the period before."""
LINE_COLUMNS = (
    "day",
    "job",
    "name",
    "attempt",
    "runs",
    "succeeded",
    "billed_seconds",
    "usd_estimate",
    "queue",
    "definition",
    "person",
    "account",
    "platform",
    "vcpus",
    "memory_mib",
    "gpus",
    "tags",
    "aws_id",
    "team",
    "instance_type",
    "correction",
)

ACTUAL_COLUMNS = ("kind", "value", "usd_estimate", "usd_allocated", "usd_idle", "usd_difference")


EXPLORER_COLUMNS = ("kind", "value", "usd_estimate", "usd_cost_explorer", "usd_difference")


def table_rows(report: CostReport) -> Iterator[tuple[object, ...]]:
    for row in [*report.rows, report.total]:
        is_total = row is report.total
        name = row.label if is_total or row.value is None else row.value
        share = row.share if not is_total else (100 if report.total.spent else 0)
        kind = "total" if is_total else ("untagged" if row.value is None else "value")
        yield name, row.usd, f"{share:.4f}", row.before_usd, row.jobs, row.failed_usd, row.running_usd, kind


def actual_rows(report: ActualReport) -> Iterator[tuple[object, ...]]:
    for row in report.rows:
        kind = "untagged" if row.value is None else "value"
        name = row.label if row.value is None else row.value
        yield kind, name, row.estimate, row.usd, row.idle, row.difference
    total = report.total
    yield "total", total.label, total.estimate, total.usd, total.idle, total.difference
    if report.unallocated:
        yield "unallocated", report.unallocated.label, "", report.unallocated.usd, report.unallocated.idle, ""


def explorer_rows(report: ExplorerReport) -> Iterator[tuple[object, ...]]:
    for row in report.rows:
        kind = "untagged" if row.value is None else "value"
        yield kind, row.label if row.value is None else row.value, row.estimate, row.usd, row.difference
    yield "total", report.total.label, report.total.estimate, report.total.usd, report.total.difference


def cross_columns(table: CrossTable) -> list[str]:
    return ["kind", table.rows_by.name, *table.columns, "Total"]


def cross_rows(table: CrossTable) -> Iterator[tuple[object, ...]]:
    for row in table.rows:
        yield "untagged" if row.is_rest else "value", row.value or row.label, *row.cells, row.usd
    yield "total", table.total.label, *table.total.cells, table.total.usd


def line_rows(query: CostQuery) -> Iterator[tuple[object, ...]]:
    count = 0
    for line, tags in reports.export_cost_lines(query.teams, query.period):
        count += 1
        yield (
            line.day,
            line.job.text_id,
            line.job.name,
            line.attempt,
            line.runs,
            line.succeeded,
            line.billed_seconds,
            line.usd,
            line.queue.name,
            line.definition.name,
            line.person.username,
            line.account.name,
            line.job.platform,
            line.job.vcpus,
            line.job.memory_mib,
            line.job.gpus,
            join_tags(tags.items()),
            line.job.batch_id,
            line.team.slug,
            line.instance_type,
            line.correction,
        )
    if count == reports.EXPORT_LIMIT:
        yield (f"Limited to {count} lines.",)
