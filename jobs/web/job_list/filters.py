"""Chips and tiles: links that edit the text of the search."""

from dataclasses import dataclass, replace

from jobs.reports.job_search import StatusCounts
from jobs.search import Search, Term
from jobs.states import STATUSES, Status
from jobs.web.job_list.query import ListQuery

STATUS_KEY = "status"


@dataclass(frozen=True)
class TermChip:
    """A term of the search; `query_without` and `query_negated` are the searches without it and with its opposite."""

    label: str
    value: str
    is_negated: bool
    query_without: str
    query_negated: str


@dataclass(frozen=True)
class StatusTile:
    status: Status
    number: int
    query: str
    is_selected: bool


def term_chips(query: ListQuery) -> list[TermChip]:
    return [
        TermChip(
            label=_label(term),
            value=" or ".join(_value_label(term.key, value) for value in term.values),
            is_negated=term.negated,
            query_without=query.with_search(query.search.without(term)),
            query_negated=query.with_search(_negated(query.search, term)),
        )
        for term in query.search.terms
    ]


def status_tiles(query: ListQuery, counts: StatusCounts) -> list[StatusTile]:
    """Return the statuses of the jobs, and those that the search names in a single term.

    With several terms none is selected: they must all match.
    """
    by_name = {status.name: (status, number) for status, number in counts.by_status}
    selection = list(dict.fromkeys(query.search.values_of(STATUS_KEY))) if len(_status_terms(query)) == 1 else []
    for name in selection:
        by_name.setdefault(name, (STATUSES[name], 0))
    return [
        StatusTile(status, number, _toggled(query, selection, status.name), status.name in selection)
        for status, number in by_name.values()
    ]


def match_count(tiles: list[StatusTile], counts: StatusCounts, query: ListQuery) -> int | None:
    """Return how many jobs match, also their status; None if that isn't known."""
    terms = _status_terms(query)
    if not counts.is_complete or len(terms) > 1 or any(term.negated for term in terms):
        return None
    numbers = [tile.number for tile in tiles if tile.is_selected]
    return sum(numbers) if numbers else counts.total


def _status_terms(query: ListQuery) -> list[Term]:
    return [term for term in query.search.terms if term.key == STATUS_KEY]


def query_of_all_statuses(query: ListQuery) -> str:
    return query.with_search(query.search.with_values(STATUS_KEY, ()))


def _negated(search: Search, term: Term) -> Search:
    """Return the search with the opposite of the term in its place."""
    opposite = replace(term, negated=not term.negated)
    return Search(tuple(opposite if other == term else other for other in search.terms))


def _label(term: Term) -> str:
    if not term.key:
        return "Phrase" if term.is_phrase else "Text"
    return term.key if term.operator == ":" else f"{term.key} {term.operator}"


def _value_label(key: str, value: str) -> str:
    return STATUSES[value].label if key == STATUS_KEY else value or "(empty)"


def _toggled(query: ListQuery, selection: list[str], name: str) -> str:
    names = [other for other in selection if other != name] if name in selection else [*selection, name]
    return query.with_search(query.search.with_values(STATUS_KEY, names))
