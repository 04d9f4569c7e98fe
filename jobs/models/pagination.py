"""Keyset pagination: the last page costs what the first does."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from django.db.models import Model, Q, QuerySet

from jobs.models.ids import from_text

Key = tuple[Any, ...]
Row = TypeVar("Row")
OtherRow = TypeVar("OtherRow")
M = TypeVar("M", bound=Model)


class InvalidPageCursorError(ValueError):
    """The cursor leads to no row of the list."""


@dataclass(frozen=True)
class KeysetPage(Generic[Row]):
    """`previous` and `next` are cursors, empty if there are none."""

    rows: list[Row] = field(default_factory=list)
    previous: str = ""
    next: str = ""
    is_first: bool = True
    """It was requested without a cursor."""
    following: Row | None = None
    """The first row of the next page, if that was read too."""

    def with_rows(self, rows: list[OtherRow]) -> "KeysetPage[OtherRow]":
        return KeysetPage(rows, self.previous, self.next, self.is_first)


def paginate(
    queryset: QuerySet[M],
    *order: str,
    size: int,
    cursor_of: Callable[[M], str],
    after: Key | None = None,
    before: Key | None = None,
    all_rows: QuerySet[M] | None = None,
) -> KeysetPage[M]:
    """Return the rows after `after`, before `before`, or the first, in one query.

    With `all_rows` in two: the keys first, and from it the rows. For an order that no index has, the database would
    read and sort everything that a row shows of all that match.
    """
    if before is not None:
        reverse = tuple(map(_reverse, order))
        rows = _read(queryset.filter(_follows(reverse, before)), reverse, size + 1, all_rows)
        has_previous, has_next, following, rows = len(rows) > size, True, None, rows[:size][::-1]
    else:
        later = queryset if after is None else queryset.filter(_follows(order, after))
        rows = _read(later, order, size + 1, all_rows)
        has_previous, has_next = after is not None, len(rows) > size
        following, rows = rows[size] if has_next else None, rows[:size]
    return KeysetPage(
        rows,
        previous=cursor_of(rows[0]) if rows and has_previous else "",
        next=cursor_of(rows[-1]) if rows and has_next else "",
        is_first=after is None and before is None,
        following=following,
    )


def _read(queryset: QuerySet[M], order: tuple[str, ...], number: int, all_rows: QuerySet[M] | None) -> list[M]:
    rows = queryset.order_by(*order)
    if all_rows is None:
        return list(rows[:number])
    keys = list(rows.select_related(None).values_list("pk", flat=True)[:number])
    rows_by_key = {row.pk: row for row in all_rows.filter(pk__in=keys).order_by()}
    return [rows_by_key[key] for key in keys if key in rows_by_key]


def iterate(
    queryset: QuerySet[M], *order: str, chunk_size: int, limit: int, all_rows: QuerySet[M] | None = None
) -> Iterator[list[M]]:
    """Yield chunks, each a query: no lock and no database cursor is held. With `all_rows` as in `paginate`."""
    key, count = None, 0
    while count < limit:
        later = queryset if key is None else queryset.filter(_follows(order, key))
        chunk = _read(later, order, min(chunk_size, limit - count), all_rows)
        yield chunk
        if len(chunk) < chunk_size:
            return
        key, count = tuple(getattr(chunk[-1], name.removeprefix("-")) for name in order), count + len(chunk)


def key_of(queryset: QuerySet[M], cursor: str, *order: str) -> Key | None:
    """Return None for an empty cursor. Raise InvalidPageCursorError."""
    if not cursor:
        return None
    fields = [name.removeprefix("-") for name in order]
    try:
        key: Key | None = queryset.filter(public_id=from_text(cursor)).values_list(*fields).first()
    except ValueError:
        key = None
    if key is None:
        raise InvalidPageCursorError(cursor)
    return key


def id_key(cursor: str) -> Key | None:
    """Return the key of a row that need not exist. Raise InvalidPageCursorError."""
    try:
        return (from_text(cursor),) if cursor else None
    except ValueError:
        raise InvalidPageCursorError(cursor) from None


def _reverse(name: str) -> str:
    return name.removeprefix("-") if name.startswith("-") else f"-{name}"


def _follows(order: tuple[str, ...], key: Key) -> Q:
    condition, equal = Q(), Q()
    for name, value in zip(order, key, strict=True):
        field_name = name.removeprefix("-")
        lookup = "lt" if name.startswith("-") else "gt"
        condition |= equal & Q((f"{field_name}__{lookup}", value))
        equal &= Q((field_name, value))
    if len(order) > 1:
        # Says nothing new, but bounds the range of an index, which an OR does not.
        lookup = "lte" if order[0].startswith("-") else "gte"
        condition &= Q((f"{order[0].removeprefix('-')}__{lookup}", key[0]))
    return condition
