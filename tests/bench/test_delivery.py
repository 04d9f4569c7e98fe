"""What the comparison with a loop makes of the record of a turn."""

from dataclasses import replace

import pytest

from bench.delivery.report import goals, lines, summary
from bench.delivery.turn import Pace, Turn, longest_gap, turn_of
from bench.delivery.workload import chain, fan, independent_jobs
from bench.results import percentile, spread

RECORD = {
    "calls": {"SubmitJob": 3, "DescribeJobs": 1},
    "throttles": {},
    "sends": [100.5, 100.6, 102.6],
    "ends": {"a": 101.0, "b": 101.5, "c": 103.0},
    "sent_twice": 0,
}
KNOWN_AT = {"a": 101.25, "b": 102.0, "c": 104.0}


def turn() -> Turn:
    return turn_of(RECORD, KNOWN_AT, jobs=3, started_at=100, accepted_at=100.25, pace=Pace(10, 0), cpu={"web": 0.03})


def test_a_turn_splits_its_time_into_the_limits_floor_and_holes() -> None:
    assert turn().wall == 4
    assert (turn().accepted, turn().first_send) == (0.25, 0.5)
    assert turn().last_send == pytest.approx(2.6)
    assert turn().floor == pytest.approx(0.2)
    assert turn().holes == pytest.approx(1.9)
    assert turn().longest_gap == pytest.approx(2)
    assert (turn().delay_p50, turn().delay_p95) == (0.5, 1)
    assert turn().cpu_ms == {"web": 10}


def test_an_end_that_is_not_known_counts_as_such() -> None:
    known = {key: KNOWN_AT[key] for key in "ab"}
    missing = turn_of(RECORD, known, jobs=3, started_at=100, accepted_at=100, pace=Pace(10, 0), cpu={})

    assert missing.ends_known == 2
    assert goals([missing], 4, 1)["correct"].endswith("MISSED")


def test_the_floor_leaves_out_what_may_leave_at_once() -> None:
    assert Pace(50, 0.8).floor(1001) == pytest.approx(19.2)
    assert Pace(50, 0.8).floor(3) == 0


def test_goals_compare_with_the_loop_and_the_poll() -> None:
    assert goals([turn()], 3.5, 1) == {"ratio": "≤ 1.15: met", "delay": "≤ 1.5 s: met", "correct": "all, 0, 0: met"}
    assert goals([turn()], 3, 1)["ratio"].endswith("MISSED")
    assert goals([replace(turn(), delay_p95=1.6)], 3, 1)["delay"].endswith("MISSED")
    assert goals([replace(turn(), throttles=1)], 3, 1)["correct"].endswith("MISSED")
    many = goals([replace(turn(), jobs=100, ends_known=100, calls={"SubmitJob": 106})], 3.5, 1)
    assert (many["cpu"], many["calls"]) == ("≤ 10 ms: met", "≤ 1.05: MISSED")


def test_figures_are_medians_over_the_turns() -> None:
    loops = [replace(turn(), wall=seconds) for seconds in (2.0, 4.0, 9.0)]
    figures = summary("three", loops, {1: [replace(turn(), wall=4.2, calls={"SubmitJob": 3, "ListJobs": 3})]}, 1)

    assert figures["loop"]["wall"] == 4
    assert figures["loop"]["spread"] == 1.75
    assert figures["portal"]["1"]["ratio"] == 1.05
    assert figures["portal"]["1"]["calls"] == {"SubmitJob": 3, "ListJobs": 3}
    assert "1.05 ×" in "\n".join(lines(figures))


@pytest.mark.parametrize(("part", "value"), [(0.5, 50), (0.95, 95), (1, 100), (0, 1)])
def test_a_percentile_is_one_of_the_values(part: float, value: int) -> None:
    assert percentile([*range(100, 0, -1)], part) == value


def test_the_spread_is_a_share_of_the_median() -> None:
    assert spread([9, 10, 12]) == 0.3


def test_the_longest_gap_of_one_send_is_none() -> None:
    assert longest_gap([1.0]) == 0


def test_workflows_name_their_parents() -> None:
    assert chain(3).jobs == {"step-0": (), "step-1": ("step-0",), "step-2": ("step-1",)}
    assert list(fan(100).jobs.values()) == [(), *[("first",)] * 99]
    assert '"dependsOn": [{"jobId": "${first}"}]' in fan(2).document()
    assert len(independent_jobs(1000).jobs) == 1000
