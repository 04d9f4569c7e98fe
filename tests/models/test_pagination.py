"""Pages of a QuerySet by key: nothing is missed or repeated, on the way there and back."""

import pytest

from jobs.models import Definition
from jobs.models.pagination import InvalidPageCursorError, id_key, iterate, key_of, paginate
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

ORDERS = [("pk",), ("-pk",), ("name", "pk"), ("-name", "pk"), ("name", "-pk")]


@pytest.fixture
def names() -> list[str]:
    """Return the names of definitions, two of each, in accounts of their own."""
    return [make.definition(name).name for name in "dbcabdac"]


def page(order: tuple[str, ...], *, after: str = "", before: str = "") -> tuple[list[int], str, str]:
    rows = Definition.objects.all()
    after_key, before_key = key_of(rows, after, *order), key_of(rows, before, *order)
    page = paginate(rows, *order, size=3, cursor_of=lambda row: row.text_id, after=after_key, before=before_key)
    return [row.pk for row in page.rows], page.previous, page.next


@pytest.mark.usefixtures("names")
@pytest.mark.parametrize("order", ORDERS)
def test_pages_go_there_and_back_without_a_gap_or_a_repeat(order: tuple[str, ...]) -> None:
    in_order = list(Definition.objects.order_by(*order).values_list("pk", flat=True))
    first, start, to_second = page(order)
    second, to_first, to_third = page(order, after=to_second)
    third, back_to_second, end = page(order, after=to_third)

    assert (first + second + third, start, end) == (in_order, "", "")
    assert page(order, before=back_to_second) == (second, to_first, to_third)
    assert page(order, before=to_first) == (first, "", to_second)


@pytest.mark.usefixtures("names")
def test_only_a_page_without_a_cursor_is_the_first_and_the_row_after_it_is_known() -> None:
    def page_summary(after: tuple[int] | None = None) -> tuple[bool, bool]:
        page = paginate(Definition.objects.all(), "pk", size=3, cursor_of=lambda row: row.text_id, after=after)
        return page.is_first, page.following == Definition.objects.order_by("pk")[3]

    assert page_summary() == (True, True)
    assert page_summary(after=(0,)) == (False, True)


@pytest.mark.usefixtures("names")
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("limit", [1, 4, 5, 8, 100])
def test_chunks_are_all_rows_up_to_the_limit(order: tuple[str, ...], limit: int) -> None:
    chunks = list(iterate(Definition.objects.all(), *order, chunk_size=4, limit=limit))

    assert [row for chunk in chunks for row in chunk] == list(Definition.objects.order_by(*order)[:limit])
    assert all(len(chunk) <= 4 for chunk in chunks)


@pytest.mark.parametrize("cursor", ["x", "../..", "A" * 26, "\0"])
def test_what_is_no_id_is_no_cursor(cursor: str) -> None:
    with pytest.raises(InvalidPageCursorError):
        key_of(Definition.objects.all(), cursor, "pk")
    with pytest.raises(InvalidPageCursorError):
        id_key(cursor)


def test_the_id_of_a_row_of_another_list_is_no_cursor() -> None:
    definition = make.definition()

    assert key_of(Definition.objects.all(), definition.text_id, "name", "-pk") == (definition.name, definition.pk)
    with pytest.raises(InvalidPageCursorError):
        key_of(Definition.objects.exclude(pk=definition.pk), definition.text_id, "name", "-pk")
