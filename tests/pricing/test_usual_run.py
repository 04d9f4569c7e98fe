import pytest

from jobs.pricing.run_statistics import DurationStats
from jobs.pricing.usual_run import Pace, usual_run

HOUR = 3_600
USUAL = DurationStats(count=20, low=50 * 60, median=HOUR, high=2 * HOUR)


@pytest.mark.parametrize(
    ("elapsed", "pace"),
    [
        (0, Pace.NORMAL),
        (HOUR, Pace.NORMAL),
        (2 * HOUR + 15, Pace.NORMAL),
        (2 * HOUR + 16, Pace.LONGER),
        (4 * HOUR + 15, Pace.LONGER),
        (4 * HOUR + 16, Pace.FAR_BEYOND),
    ],
)
def test_a_run_is_longer_than_usual_past_nine_of_ten_and_far_beyond_at_twice_that(elapsed: float, pace: Pace) -> None:
    progress = usual_run(elapsed, USUAL)

    assert progress is not None
    assert progress.pace is pace


@pytest.mark.parametrize("stats", [None, DurationStats(2, 60, 60, 90)])
def test_two_runs_tell_nothing_usual(stats: DurationStats | None) -> None:
    assert usual_run(60, stats) is None


def test_the_bar_ends_past_what_is_usual_until_the_run_itself_reaches_further() -> None:
    progress, overdue = usual_run(HOUR, USUAL), usual_run(10 * HOUR, USUAL)

    assert progress is not None
    assert overdue is not None
    assert (progress.elapsed_percent, progress.median_percent, progress.high_percent) == (40, 40, 80)
    assert (overdue.elapsed_percent, overdue.median_percent, overdue.high_percent) == (100, 10, 20)


def test_the_time_left_counts_to_the_median() -> None:
    early, late = usual_run(HOUR - 60, USUAL), usual_run(HOUR, USUAL)

    assert early is not None
    assert late is not None
    assert (early.seconds_left, late.seconds_left) == (60, None)


def test_runs_that_take_no_time_and_clocks_that_differ_are_harmless() -> None:
    progress = usual_run(-5, DurationStats(3, 0, 0, 0))

    assert progress is not None
    assert (progress.elapsed, progress.elapsed_percent, progress.pace) == (0, 0, Pace.NORMAL)
