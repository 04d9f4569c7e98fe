"""Sums of cost lines by day and month, kept, because adding up lines takes as long as the history is.

A line adds to the sum of its team and of each of its attributes and tags, and by month to that of each pair of them.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import combinations, groupby
from typing import Any, NamedTuple

from django.db import connection, models
from django.db.models import Count, Exists, OuterRef, Sum

from jobs.models.cost import CostLine
from jobs.models.tag import JobTag
from jobs.models.team import Team

UNITS_PER_USD = 10**10
MAX_TAG_VALUES = 1_000
"""A key with more values in a team is no longer summed."""
MAX_CROSSED_TAGS = 8
"""Keys of a team, the first it used, that are summed in pairs."""
DAY, MONTH = "D", "M"
BATCH_SIZE = 500


class Part(NamedTuple):
    """What a sum is of: an attribute, such as queue, or a tag with its key. A part of kind TAG_KEY has any value."""

    kind: str
    key: str = ""
    value: str = ""


ALL = Part("")
TAG, TAG_KEY, INSTANCE_TYPE = "tag", "tag-key", "instance"
Pair = tuple[Part, Part]
"""In sorted order; the second is ALL in a sum of one part."""
Cell = tuple[int, Pair, str, date]
"""Team, parts, period and its first day."""
_PART_COLUMNS = ("kind", "key", "value", "kind2", "key2", "value2")
COLUMNS = ("usd_units", "failed_units", "billed_ms", "jobs", "attempts", "free")
_UNNEST = (
    "SELECT * FROM unnest(%s::bigint[], %s::text[], %s::date[], "
    "%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])"
)
Amounts = list[int]
"""In the order of COLUMNS."""


class CostTagKey(models.Model):
    """A key of a team's tags with costs."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=128)
    is_summed = models.BooleanField(default=True)
    is_crossed = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "key"], name="one_cost_tag_key")]


class CostGroup(models.Model):
    """One or two parts of a team's costs. Values of attributes are keys of rows."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=12, blank=True)
    key = models.CharField(max_length=128, blank=True)
    value = models.CharField(max_length=256, blank=True)
    kind2 = models.CharField(max_length=12, blank=True)
    key2 = models.CharField(max_length=128, blank=True)
    value2 = models.CharField(max_length=256, blank=True)
    digest = models.CharField(max_length=32, unique=True)

    class Meta:
        indexes = [models.Index(fields=["team", "kind", "key", "kind2", "key2"], name="cost_group_of_team")]


class CostTotal(models.Model):
    """`write_totals` writes it. A job counts once a period, in the groups of its last attempt in it."""

    group = models.ForeignKey(CostGroup, on_delete=models.CASCADE, related_name="totals", db_index=False)
    period = models.CharField(max_length=1)
    start = models.DateField()
    usd_units = models.BigIntegerField(default=0)
    failed_units = models.BigIntegerField(default=0)
    billed_ms = models.BigIntegerField(default=0)
    jobs = models.BigIntegerField(default=0)
    attempts = models.BigIntegerField(default=0)
    free = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "period", "start"], name="one_cost_total")]


class CostBacklog(models.Model):
    """A month whose lines are not yet in the totals: they are older than the totals."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+", db_index=False)
    month = models.DateField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "month"], name="one_cost_backlog")]


class LineFacts(NamedTuple):
    """What is summed of a line, in the order of `LINE_FIELDS`."""

    job: int
    attempt: int
    day: date
    team: int
    account: int
    queue: int
    definition: int
    person: int
    succeeded: bool
    runs: int
    billed_seconds: Any
    usd: Any
    instance_type: str | None
    correction: int | None
    state: str


LINE_FIELDS = (*LineFacts._fields[:-1], "job__state")


def add_costs(lines: Iterable[CostLine], tags: Mapping[int, Mapping[str, str]] | None = None) -> None:
    """Add lines to the totals, in the transaction that stores them: all of a job at once. Call it once in there.

    `tags` are those of the jobs by key, or are read.
    """
    rows = [
        LineFacts(
            line.job_id,
            line.attempt,
            line.day,
            line.team_id,
            line.account_id,
            line.queue_id,
            line.definition_id,
            line.person_id,
            line.succeeded,
            line.runs,
            line.billed_seconds,
            line.usd,
            line.instance_type,
            line.correction,
            line.job.state,
        )
        for line in lines
    ]
    if rows:
        rows.sort(key=lambda row: (row.team, row.job))
        tags = tags if tags is not None else tags_of({row.job for row in rows})
        keys = tag_keys({row.team for row in rows}, tags, rows)
        write_totals(sum_lines(rows, tags, keys))


def day_units(team: int, part: Part, first: date, last: date) -> int:
    """Return the costs of these days, in units of `exact_sum`."""
    totals = CostTotal.objects.filter(
        group__digest=_digest(team, (part, ALL)), period=DAY, start__range=(first, last)
    )
    units: int | None = totals.aggregate(units=Sum("usd_units"))["units"]
    return units or 0


def units_by_day(team: int, parts: Iterable[Part], first: date, last: date) -> defaultdict[Part, dict[date, int]]:
    """Return the costs of days that have any. What isn't wholly in the totals has none."""
    parts_by_digest = {_digest(team, (part, ALL)): part for part in parts}
    unsummed = CostTagKey.objects.filter(team=team, key=OuterRef("group__key"), is_summed=False)
    backlog = CostBacklog.objects.filter(team=team, month__range=(first.replace(day=1), last))
    totals = CostTotal.objects.filter(group__digest__in=parts_by_digest, period=DAY, start__range=(first, last))
    units: defaultdict[Part, dict[date, int]] = defaultdict(dict)
    rows = totals.exclude(Exists(backlog)).exclude(Exists(unsummed))
    for digest, day, amount in rows.values_list("group__digest", "start", "usd_units"):
        units[parts_by_digest[digest]][day] = amount
    return units


def units_by_month(
    parts: Iterable[tuple[int, Part]], first: date, last: date
) -> Mapping[tuple[int, Part], dict[date, int]]:
    """Return the costs of parts of teams in months that have any, by the first days of these."""
    parts_by_digest = {_digest(team, (part, ALL)): (team, part) for team, part in parts}
    totals = CostTotal.objects.filter(group__digest__in=parts_by_digest, period=MONTH, start__range=(first, last))
    units: defaultdict[tuple[int, Part], dict[date, int]] = defaultdict(dict)
    for digest, month, amount in totals.values_list("group__digest", "start", "usd_units"):
        units[parts_by_digest[digest]][month] = amount
    return units


def instance_types(teams: Iterable[int]) -> list[str]:
    """Return the instance types with costs of these teams, sorted."""
    groups = CostGroup.objects.filter(team__in=list(teams), kind=INSTANCE_TYPE, kind2="")
    return list(groups.order_by("value").values_list("value", flat=True).distinct())


# -- Sums


class _LineParts(NamedTuple):
    """What the sums are of that a line adds to; `crossed` are sorted, and also summed in pairs."""

    team: int
    singles: tuple[Part, ...]
    crossed: tuple[Part, ...]

    def pairs(self) -> list[Pair]:
        """Return the pairs of the parts with ALL, and of the crossed ones with each other."""
        return [*((part, ALL) for part in self.singles), *combinations(self.crossed, 2)]


def sum_lines(
    rows: Iterable[LineFacts], tags: Mapping[int, Mapping[str, str]], keys: Mapping[tuple[int, str], CostTagKey]
) -> dict[Cell, Amounts]:
    """Return the sums of lines, which are ordered by job."""
    # Lines of the same parts are added to each other first: each has parts and pairs by the dozen.
    by_parts: dict[str, defaultdict[tuple[_LineParts, date], Amounts]] = {
        period: defaultdict(_zeros) for period in (DAY, MONTH)
    }
    for job, group in groupby(rows, key=lambda row: row.job):
        lines = sorted(group, key=lambda row: (row.day, row.attempt))
        charges = [line for line in lines if line.correction is None]
        last_of_day = {line.day: line for line in charges}
        last_of_month = {line.day.replace(day=1): line for line in charges}
        for line in lines:
            month = line.day.replace(day=1)
            amounts, parts = _amounts(line), _parts_of(line, tags.get(job, {}), keys)
            _add(by_parts[DAY][parts, line.day], amounts, last_of_day.get(line.day) is line)
            _add(by_parts[MONTH][parts, month], amounts, last_of_month.get(month) is line)
    cells: defaultdict[Cell, Amounts] = defaultdict(_zeros)
    for (parts, day), amounts in by_parts[DAY].items():
        for part in parts.singles:
            _add(cells[parts.team, (part, ALL), DAY, day], amounts)
    for (parts, month), amounts in by_parts[MONTH].items():
        for both in parts.pairs():
            _add(cells[parts.team, both, MONTH, month], amounts)
    return cells


def _zeros() -> Amounts:
    return [0] * len(COLUMNS)


def _amounts(line: LineFacts) -> Amounts:
    """Return all but the job. A correction is of an attempt that counts already."""
    units = round(line.usd * UNITS_PER_USD)
    failed = 0 if line.succeeded else units
    if line.correction is not None:
        return [units, failed, 0, 0, 0, 0]
    return [units, failed, round(line.billed_seconds * 1000), 0, line.runs, int(not units)]


def _add(cell: Amounts, amounts: Amounts, is_job: bool = False) -> None:  # noqa: FBT001, FBT002 - private
    for number, amount in enumerate(amounts):
        cell[number] += amount
    cell[3] += is_job


def _parts_of(line: LineFacts, tags: Mapping[str, str], keys: Mapping[tuple[int, str], CostTagKey]) -> _LineParts:
    attributes = [
        Part("account", value=str(line.account)),
        Part("queue", value=str(line.queue)),
        Part("definition", value=str(line.definition)),
        Part("person", value=str(line.person)),
        Part("state", value=line.state),
    ]
    if line.instance_type:
        attributes.append(Part(INSTANCE_TYPE, value=line.instance_type))
    crossed, singles = attributes, [ALL, *attributes]
    for key, value in tags.items():
        row = keys[line.team, key]
        singles.append(Part(TAG_KEY, key))
        if row.is_summed:
            singles.append(Part(TAG, key, value))
            if row.is_crossed:
                crossed.append(singles[-1])
    return _LineParts(line.team, tuple(singles), tuple(sorted(crossed)))


def tags_of(jobs: Iterable[int]) -> Mapping[int, Mapping[str, str]]:
    tags: defaultdict[int, dict[str, str]] = defaultdict(dict)
    for job, key, value in JobTag.objects.filter(job__in=list(jobs)).order_by().values_list("job", "key", "value"):
        tags[job][key] = value
    return tags


def tag_keys(
    teams: Iterable[int], tags: Mapping[int, Mapping[str, str]], rows: Iterable[LineFacts]
) -> Mapping[tuple[int, str], CostTagKey]:
    """Return the rows of the keys of these teams, and make those that are new."""
    keys = {(row.team_id, row.key): row for row in CostTagKey.objects.filter(team__in=list(teams)).order_by("pk")}
    new_keys = {(row.team, key) for row in rows for key in tags.get(row.job, ()) if (row.team, key) not in keys}
    if new_keys:
        for team, key in sorted(new_keys):
            is_crossed = sum(row.is_crossed for row in keys.values() if row.team_id == team) < MAX_CROSSED_TAGS
            row, _ = CostTagKey.objects.get_or_create(team_id=team, key=key, defaults={"is_crossed": is_crossed})
            keys[team, key] = row
    return keys


# -- Rows


@lru_cache(maxsize=50_000)
def _digest(team: int, both: Pair) -> str:
    return hashlib.blake2b(json.dumps([team, both]).encode(), digest_size=16).hexdigest()


def write_totals(cells: Mapping[Cell, Amounts]) -> None:
    """Add to the totals, in the same order for all callers, so that none waits for another that waits for it."""
    groups = group_keys({(team, both) for team, both, _, _ in cells})
    adapt = connection.ops.adapt_datefield_value
    rows = sorted(
        (groups[team, both], period, adapt(start), *amounts)
        for (team, both, period, start), amounts in cells.items()
        if (team, both) in groups and any(amounts)
    )
    updates = ", ".join(f"{name} = jobs_costtotal.{name} + excluded.{name}" for name in COLUMNS)
    with connection.cursor() as cursor:
        for begin in range(0, len(rows), BATCH_SIZE):
            source, params = _rows_in_sql(rows[begin : begin + BATCH_SIZE])
            cursor.execute(
                f"INSERT INTO jobs_costtotal (group_id, period, start, {', '.join(COLUMNS)}) {source} "
                f"ON CONFLICT (group_id, period, start) DO UPDATE SET {updates}",
                params,
            )


def _rows_in_sql(rows: Sequence[tuple[Any, ...]]) -> tuple[str, list[Any]]:
    """Return a query of rows and its parameters: on PostgreSQL one for each column, as psycopg is slow with many."""
    if connection.vendor == "postgresql":
        return _UNNEST, [_array(column) for column in zip(*rows, strict=True)]
    marks = f"({', '.join(['%s'] * (3 + len(COLUMNS)))})"
    return f"VALUES {', '.join([marks] * len(rows))}", [value for row in rows for value in row]


def _array(values: Iterable[int | str | date]) -> str:
    """Return the text of an array of what needs no quotes."""
    return f"{{{','.join(map(str, values))}}}"


def group_keys(groups: Iterable[tuple[int, Pair]]) -> dict[tuple[int, Pair], int]:
    """Return the keys of groups, and make those that are new: without tags that have too many values."""
    digests = {_digest(team, both): (team, both) for team, both in groups}
    keys = _stored_keys(sorted(digests))
    new_digests = sorted(digests.keys() - keys.keys())
    if new_digests:
        crowded = _crowded_keys(digests[digest] for digest in new_digests)
        rows = [
            (team, first, second, digest)
            for digest in new_digests
            for team, (first, second) in [digests[digest]]
            if not any(part.kind == TAG and (team, part.key) in crowded for part in (first, second))
        ]
        CostGroup.objects.bulk_create(
            [
                CostGroup(team_id=team, digest=digest, **dict(zip(_PART_COLUMNS, (*first, *second), strict=True)))
                for team, first, second, digest in rows
            ],
            ignore_conflicts=True,
        )
        keys |= _stored_keys([row[-1] for row in rows])
    return {digests[digest]: key for digest, key in keys.items()}


def _stored_keys(digests: Sequence[str]) -> dict[str, int]:
    keys: dict[str, int] = {}
    for begin in range(0, len(digests), BATCH_SIZE):
        batch = digests[begin : begin + BATCH_SIZE]
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT digest, id FROM jobs_costgroup WHERE digest = ANY(%s::text[])", [_array(batch)]
                )
                keys |= dict(cursor.fetchall())
        else:
            keys |= dict(CostGroup.objects.filter(digest__in=batch).values_list("digest", "pk"))
    return keys


def _crowded_keys(groups: Iterable[tuple[int, Pair]]) -> set[tuple[int, str]]:
    """Return the keys that have too many values with the new ones. They are no longer summed."""
    new_values: defaultdict[tuple[int, str], int] = defaultdict(int)
    for team, (first, second) in groups:
        if first.kind == TAG and second == ALL:
            new_values[team, first.key] += 1
    if not new_values:
        return set()
    singles = CostGroup.objects.filter(
        team__in={team for team, _ in new_values}, kind=TAG, key__in={key for _, key in new_values}, kind2=""
    )
    numbers = {(team, key): number for team, key, number in singles.values_list("team", "key").annotate(Count("pk"))}
    crowded = {item for item, number in new_values.items() if numbers.get(item, 0) + number > MAX_TAG_VALUES}
    for team, key in sorted(crowded):
        CostTagKey.objects.filter(team=team, key=key).update(is_summed=False, is_crossed=False)
    return crowded
