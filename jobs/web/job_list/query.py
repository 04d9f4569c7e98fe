"""Parameters of the list of jobs: search, scope, order, columns, saved view."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from urllib.parse import urlencode

from django.http import QueryDict

from jobs.access import Member
from jobs.reports.job_search import SORTS, Scope
from jobs.search import Search, SearchError, SearchProblem, parse
from jobs.search.parser import MAX_LENGTH
from jobs.web.job_list.columns import COLUMNS, DEFAULT_COLUMNS, NO_COLUMNS, choose
from jobs.web.shell.text_input import search_text

MAX_SEARCH_LENGTH = 2 * MAX_LENGTH
"""Read of a URL; the rest is dropped."""
MINE, TEAM, ALL = "mine", "team", "all"
SCOPES: Mapping[str, str] = MappingProxyType({MINE: "Mine", TEAM: "My team", ALL: "All teams"})


EMPTY_SEARCH = Search()


@dataclass(frozen=True)
class SortLink:
    query: str
    direction: str
    """As in aria-sort; empty if the list has another order."""


@dataclass(frozen=True)
class ListQuery:
    text: str = ""
    """The search as it was typed."""
    search: Search = EMPTY_SEARCH
    """Empty if the text has problems."""
    problems: tuple[SearchProblem, ...] = ()
    scope: str = TEAM
    sort: str = ""
    columns: tuple[str, ...] = DEFAULT_COLUMNS
    has_columns: bool = False
    """They are in the URL."""
    view: str = ""
    ignored: tuple[str, ...] = ()
    """Parameters with a value that the page doesn't know."""

    def report_scope(self, member: Member) -> Scope:
        return Scope(member.user, None if self.scope == ALL else member.team, self.scope == MINE)

    @property
    def has_usual_columns(self) -> bool:
        return self.columns == DEFAULT_COLUMNS

    @property
    def column_names(self) -> str:
        """As in the URL."""
        return ",".join(self.columns) or NO_COLUMNS

    @property
    def query(self) -> str:
        """Never empty: without parameters the page opens with the default view."""
        values = {
            "search": self.text,
            "scope": self.scope if self.scope != TEAM else "",
            "sort": self.sort,
            "columns": self.column_names if self.has_columns else "",
            "view": self.view,
        }
        return urlencode({name: value for name, value in values.items() if value}) or "search="

    def with_search(self, search: Search) -> str:
        return replace(self, text=str(search)).query

    @property
    def scope_links(self) -> list[tuple[str, str, bool]]:
        """Return label, query, and whether it is the current one."""
        return [(label, replace(self, scope=name).query, name == self.scope) for name, label in SCOPES.items()]

    @property
    def sort_links(self) -> dict[str, SortLink]:
        """Return links by column: from the highest first, then the lowest, then the newest."""
        return {name: self._sort_link(column.sort) for name, column in COLUMNS.items() if column.sort}

    def _sort_link(self, sort: str) -> SortLink:
        if sort == "time":  # whose highest is what is shown without any order
            following = {"": sort}.get(self.sort, "")
            direction = {"": "descending", sort: "ascending"}.get(self.sort, "")
        else:
            following = {f"-{sort}": sort, sort: ""}.get(self.sort, f"-{sort}")
            direction = {f"-{sort}": "descending", sort: "ascending"}.get(self.sort, "")
        return SortLink(replace(self, sort=following).query, direction)


def parse_query(params: QueryDict, member: Member) -> ListQuery:
    text = search_text(params, "search", MAX_SEARCH_LENGTH)
    search, problems = parse_search(text)
    ignored = []
    scope, sort = params.get("scope", "") or TEAM, params.get("sort", "")
    if scope not in SCOPES:
        scope, ignored = TEAM, [f"Unknown scope “{scope[:40]}”."]
    if sort and sort.removeprefix("-") not in SORTS:
        sort, ignored = "", [*ignored, f"Unknown sort order “{sort[:40]}”."]
    names = params.get("columns", "")
    choice = names.split(",") if names else member.user.job_columns
    columns = choose(choice) if choice else DEFAULT_COLUMNS
    return ListQuery(
        text, search, problems, scope, sort, columns, bool(names), params.get("view", "")[:40], tuple(ignored)
    )


def parse_search(text: str) -> tuple[Search, tuple[SearchProblem, ...]]:
    try:
        return parse(text), ()
    except SearchError as error:
        return EMPTY_SEARCH, error.problems
