"""What a soak reads from its log and from pytest, and which runs it still has to do."""

import pytest

from tests.soak import Result, count, plan, read_log

RUNS = [
    Result(1, busy=False, passed=85, failed=0, seconds=312),
    Result(3, busy=True, passed=84, failed=1, seconds=700),
]


def test_a_log_is_read_as_it_was_written_but_for_a_line_that_was_cut_off() -> None:
    text = "".join(f"{result}\n" for result in RUNS)

    assert text.splitlines()[0] == "run 1, quiet: 85 passed, 0 failed, 312 s"
    assert read_log(text + "run 4, busy: 85 pas") == RUNS


def test_finished_runs_are_not_done_again_and_the_last_half_is_busy() -> None:
    assert plan(4, []) == [(1, False), (2, False), (3, True), (4, True)]
    assert plan(4, RUNS) == [(2, False), (4, True)]
    assert plan(1, []) == [(1, False)]
    assert plan(3, [*RUNS, Result(2, busy=False, passed=1, failed=0, seconds=1)]) == []


@pytest.mark.parametrize(
    ("last", "code", "counts"),
    [
        ("85 passed in 312.40s (0:05:12)", 0, (85, 0)),
        ("2 failed, 82 passed, 1 skipped, 1 error in 312.40s", 1, (82, 3)),
        ("80 passed, 3 errors in 9.1s", 1, (80, 3)),
        ("85 passed in 312.40s (0:05:12)", 3, (85, 1)),
        ("....................", None, (0, 1)),
        ("2 skipped in 0.40s", 0, (0, 1)),
        ("", 2, (0, 1)),
    ],
)
def test_what_pytest_counted_is_read_and_a_run_that_broke_off_has_failed(
    last: str, code: int | None, counts: tuple[int, int]
) -> None:
    assert count(f"FAILED 7 passed\n{last}\n", code) == counts
