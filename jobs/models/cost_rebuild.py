"""Comparison of the totals of costs with the lines, month by month."""

import time
from collections.abc import Mapping
from datetime import date

from django.db import connection, transaction
from django.db.models import QuerySet

from jobs.models.cost import CostLine
from jobs.models.cost_total import (
    ALL,
    BATCH_SIZE,
    COLUMNS,
    DAY,
    LINE_FIELDS,
    TAG,
    Amounts,
    Cell,
    CostBacklog,
    CostTagKey,
    CostTotal,
    LineFacts,
    Part,
    sum_lines,
    tag_keys,
    tags_of,
    write_totals,
)

MAX_ATTEMPTS = 3


def rebuild_month(team: int, month: date) -> list[str]:
    """Correct the totals of a month. Return a line for each that was wrong. Meanwhile no job is charged."""
    for _ in range(MAX_ATTEMPTS):
        count, cells = _cells_of_lines(team, month)
        with transaction.atomic():
            _lock()
            if _lines_of(team, month).count() == count:  # lines are only ever added
                return _correct(team, month, cells)
    with transaction.atomic():
        _lock()
        return _correct(team, month, _cells_of_lines(team, month)[1])


def wrong_totals(team: int, month: date) -> list[str]:
    """Return a line for each total of the month that isn't the sum of its lines."""
    return _describe(_differences(_cells_of_lines(team, month)[1], _stored_cells(team, month)))


def months_with_costs(team: int) -> list[date]:
    """Return the first days of the months from the first to the last with lines or totals, the newest first."""
    lines = CostLine.objects.filter(team=team).order_by("day").values_list("day", flat=True)
    totals = CostTotal.objects.filter(group__team=team, group__kind="", period=DAY).order_by("start")
    ends = [
        end for days in (lines, totals.values_list("start", flat=True)) for end in (days.first(), days.last()) if end
    ]
    if not ends:
        return []
    month, last = min(ends).replace(day=1), max(ends)
    months = []
    while month <= last:
        months.append(month)
        month = _next_month(month)
    return months[::-1]


def has_backlog() -> bool:
    return CostBacklog.objects.exists()


def fill_backlog(seconds: float) -> bool:
    """Add up months from before the totals, the newest first, for about so long. Return whether there are more."""
    stop_at = time.monotonic() + seconds
    while backlog := CostBacklog.objects.order_by("-month", "team").first():
        rebuild_month(backlog.team_id, backlog.month)
        backlog.delete()
        if time.monotonic() >= stop_at:
            return has_backlog()
    return False


def _lines_of(team: int, month: date) -> QuerySet[CostLine]:
    return CostLine.objects.filter(team=team, day__gte=month, day__lt=_next_month(month))


def _cells_of_lines(team: int, month: date) -> tuple[int, dict[Cell, Amounts]]:
    """Return also the number of lines."""
    rows = [LineFacts._make(row) for row in _lines_of(team, month).order_by("job").values_list(*LINE_FIELDS)]
    jobs = sorted({row.job for row in rows})
    tags: dict[int, Mapping[str, str]] = {}
    for begin in range(0, len(jobs), BATCH_SIZE):
        tags.update(tags_of(jobs[begin : begin + BATCH_SIZE]))
    return len(rows), sum_lines(rows, tags, tag_keys([team], tags, rows))


def _stored_cells(team: int, month: date) -> dict[Cell, Amounts]:
    """Return the totals of the month, without those of tags that are no longer summed."""
    crowded = set(CostTagKey.objects.filter(team=team, is_summed=False).values_list("key", flat=True))
    not_crossed = set(CostTagKey.objects.filter(team=team, is_crossed=False).values_list("key", flat=True))
    names = [f"group__{name}" for name in ("kind", "key", "value", "kind2", "key2", "value2")]
    totals = CostTotal.objects.filter(group__team=team, start__gte=month, start__lt=_next_month(month))
    cells: dict[Cell, Amounts] = {}
    for kind, key, value, kind2, key2, value2, period, start, *amounts in totals.values_list(
        *names, "period", "start", *COLUMNS
    ):
        both = Part(kind, key, value), Part(kind2, key2, value2)
        ignored = not_crossed if both[1] != ALL else crowded
        if not any(part.kind == TAG and part.key in ignored for part in both):
            cells[team, both, period, start] = amounts
    return cells


def _differences(
    actual: Mapping[Cell, Amounts], stored: Mapping[Cell, Amounts]
) -> dict[Cell, tuple[Amounts, Amounts]]:
    """Return what is stored and what should be."""
    nothing = [0] * len(COLUMNS)
    pairs = {cell: (stored.get(cell, nothing), actual.get(cell, nothing)) for cell in {*stored, *actual}}
    return {cell: both for cell, both in pairs.items() if both[0] != both[1]}


def _correct(team: int, month: date, cells: Mapping[Cell, Amounts]) -> list[str]:
    differences = _differences(cells, _stored_cells(team, month))
    write_totals({cell: [b - a for a, b in zip(*both, strict=True)] for cell, both in differences.items()})
    return _describe(differences)


def _describe(differences: Mapping[Cell, tuple[Amounts, Amounts]]) -> list[str]:
    return [
        f"Team {team}, {' × '.join(_part_name(part) for part in both if part != ALL) or 'all'}, {period} {start}: "
        f"{dict(zip(COLUMNS, stored, strict=True))} instead of {dict(zip(COLUMNS, actual, strict=True))}"
        for (team, both, period, start), (stored, actual) in sorted(differences.items())
    ]


def _part_name(part: Part) -> str:
    return ":".join(text for text in (part.kind, part.key, part.value) if text)


def _next_month(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _lock() -> None:
    """Let no other transaction add to the totals until this one ends."""
    if connection.vendor == "postgresql":  # SQLite has one writer anyway
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE jobs_costtotal IN EXCLUSIVE MODE")
