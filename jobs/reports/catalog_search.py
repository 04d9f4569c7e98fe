"""Definitions, launch forms and workflow templates of a team in one list."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db.models import IntegerField, Q, QuerySet, Value

from jobs.models import Definition, LaunchForm, Team, WorkflowTemplate
from jobs.models.ids import from_text, to_text
from jobs.models.pagination import InvalidPageCursorError, KeysetPage
from jobs.reports import catalog, launch_forms, templates, versioned
from jobs.reports.catalog import DefinitionCard
from jobs.reports.launch_forms import FormCard
from jobs.reports.templates import TemplateCard

PAGE_SIZE = 24


class EntryKind(StrEnum):
    DEFINITION = "definition"
    FORM = "form"
    TEMPLATE = "template"


class CatalogScope(StrEnum):
    ALL = ""
    TEAM = "team"  # what belongs to the team
    SHARED = "shared"  # definitions that are shared with every team
    STANDARD = "standard"  # definitions that administrators recommend


EntryCard = DefinitionCard | FormCard | TemplateCard


@dataclass(frozen=True)
class CatalogEntry:
    kind: EntryKind
    card: EntryCard


_RANKS: Mapping[EntryKind, int] = {kind: rank for rank, kind in enumerate(EntryKind)}
_Position = tuple[str, int, int]
"""Name, rank of the kind, and key."""


def catalog_page(
    team: Team, *, text: str = "", scope: CatalogScope = CatalogScope.ALL, after: str = "", limit: int = PAGE_SIZE
) -> KeysetPage[CatalogEntry]:
    """Return active entries by name. The cursor has the kind and the id. Raise InvalidPageCursorError."""
    rows_by_kind = {
        EntryKind.DEFINITION: versioned.with_words(_definitions(team, scope), text),
        EntryKind.FORM: versioned.with_words(_of_team(LaunchForm.objects.active(), team, scope), text),
        EntryKind.TEMPLATE: versioned.with_words(_of_team(WorkflowTemplate.objects.active(), team, scope), text),
    }
    start = _position(rows_by_kind, after) if after else None
    first, *others = (_after(items, _RANKS[kind], start) for kind, items in rows_by_kind.items())
    # One query in the order of the database, which need not be that of Python.
    merged = list(first.union(*others, all=True).order_by("name", "rank", "pk")[: limit + 1])
    rows = merged[:limit]
    following = _cursor(rows[-1]) if len(merged) > limit else ""
    return KeysetPage(_entries(team, rows), next=following, is_first=not after)


def _definitions(team: Team, scope: CatalogScope) -> QuerySet[Any]:
    definitions = Definition.objects.usable_by(team).active()
    match scope:
        case CatalogScope.TEAM:
            return definitions.filter(team=team)
        case CatalogScope.SHARED:
            return definitions.filter(shared=True)
        case CatalogScope.STANDARD:
            return definitions.filter(standard=True)
        case _:
            return definitions


def _of_team(rows: QuerySet[Any], team: Team, scope: CatalogScope) -> QuerySet[Any]:
    return rows.filter(team=team) if scope in (CatalogScope.ALL, CatalogScope.TEAM) else rows.none()


def _after(rows: QuerySet[Any], rank: int, start: _Position | None) -> QuerySet[Any, tuple[Any, ...]]:
    if start is not None:
        rows = rows.filter(_follows(rank, start))
    columns = ("name", "rank", "pk", "public_id")
    result: QuerySet[Any, tuple[Any, ...]]
    result = rows.order_by().annotate(rank=Value(rank, IntegerField())).values_list(*columns)
    return result


def _follows(rank: int, start: _Position) -> Q:
    name, start_rank, key = start
    if rank == start_rank:
        return Q(name__gt=name) | Q(name=name, pk__gt=key)
    return Q(name__gte=name) if rank > start_rank else Q(name__gt=name)


def _cursor(row: Sequence[Any]) -> str:
    return f"{list(EntryKind)[row[1]]}-{to_text(row[3])}"


def _position(rows_by_kind: Mapping[EntryKind, QuerySet[Any]], cursor: str) -> _Position:
    kind, _, text_id = cursor.partition("-")
    try:
        rows = rows_by_kind[EntryKind(kind)]
        row = rows.filter(public_id=from_text(text_id)).values_list("name", "pk").first()
    except ValueError:
        row = None
    if row is None:
        raise InvalidPageCursorError(cursor)
    return row[0], _RANKS[EntryKind(kind)], row[1]


def _entries(team: Team, rows: Sequence[Sequence[Any]]) -> list[CatalogEntry]:
    """Return the cards in the order of the rows, in the same number of queries for any number of them."""
    readers: Mapping[EntryKind, Callable[[Team, Sequence[int]], Mapping[int, EntryCard]]] = {
        EntryKind.DEFINITION: catalog.cards_by_key,
        EntryKind.FORM: launch_forms.cards_by_key,
        EntryKind.TEMPLATE: templates.cards_by_key,
    }
    cards: dict[tuple[EntryKind, int], EntryCard] = {}
    for kind, reader in readers.items():
        keys = [row[2] for row in rows if row[1] == _RANKS[kind]]
        if keys:
            cards |= {(kind, key): card for key, card in reader(team, keys).items()}
    kinds = list(EntryKind)
    entries = ((kinds[row[1]], row[2]) for row in rows)
    return [CatalogEntry(kind, cards[kind, key]) for kind, key in entries if (kind, key) in cards]
