"""Several threads that want the same thing written have it written in one go."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from jobs.dispatch.group_commit import GroupCommit


class Paper:
    """Doubles numbers, and remembers in which company each came. Seven is what it cannot bear."""

    def __init__(self) -> None:
        self.gatherings: list[list[int]] = []

    def __call__(self, wishes: Sequence[int]) -> list[int]:
        self.gatherings.append(list(wishes))
        if 7 in wishes:
            raise ValueError("seven")
        return [wish * 2 for wish in wishes]


def commit_at_once(together: GroupCommit[int, int], wishes: Sequence[int]) -> list[int | str]:
    """What each got, or the words of its trouble."""
    together.expected_threads = len(wishes)
    line_up = threading.Barrier(len(wishes))

    def one(wish: int) -> int | str:
        line_up.wait()
        try:
            return together(wish)
        except ValueError as trouble:
            return str(trouble)

    with ThreadPoolExecutor(len(wishes)) as threads:
        return list(threads.map(one, wishes))


def test_each_gets_its_own_answer_and_most_are_written_together():
    paper = Paper()
    assert commit_at_once(GroupCommit(paper), range(20, 36)) == [wish * 2 for wish in range(20, 36)]

    assert sorted(wish for gathering in paper.gatherings for wish in gathering) == list(range(20, 36))
    assert max(map(len, paper.gatherings)) > 1


def test_what_fails_for_one_is_done_for_the_others():
    assert commit_at_once(GroupCommit(Paper()), [1, 7, 3]) == [2, "seven", 6]


def test_one_alone_waits_for_nobody():
    paper = Paper()
    together = GroupCommit(paper)
    assert together(4) == 8
    with pytest.raises(ValueError, match="seven"):
        together(7)

    assert paper.gatherings == [[4], [7]]
