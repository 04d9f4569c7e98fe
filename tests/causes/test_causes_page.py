"""The page of the documentation about causes, in step with their table."""

from jobs.causes import CAUSES, Action
from scripts import write_causes_doc as page


def test_the_page_has_the_table_as_it_is() -> None:
    assert page.PAGE.read_text() == page.page(), "Run make rules."


def test_each_action_has_words_and_a_cause() -> None:
    assert set(page.ACTIONS) == set(Action) == {entry.action for entry in CAUSES.values() if entry.action}
