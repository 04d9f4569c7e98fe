"""The bar of a queue and the chart of its waits, as plain geometry."""

from datetime import UTC, datetime
from decimal import Decimal

from jobs.models import Queue, Team
from jobs.pricing.run_statistics import QueueWait
from jobs.reports.queues import QueueBoard, TeamLoad
from jobs.web.capacity_bar import capacity_bar
from jobs.web.wait_chart import CHART_HEIGHT, wait_chart

AT = datetime(2026, 11, 30, tzinfo=UTC)


def load(name: str, vcpus: int) -> TeamLoad:
    team = Team(name=name) if name else None
    return TeamLoad(team, {"RUNNING": 1}, Decimal(vcpus), Decimal(0), 0, 0)


def board(*loads: TeamLoad, max_vcpus: int | None = None) -> QueueBoard:
    environment = {"computeEnvironmentName": "only", "computeResources": {"maxvCpus": max_vcpus}}
    return QueueBoard(Queue(name="cpu", environments=[environment] if max_vcpus else []), loads=loads)


def test_each_team_has_its_share_of_the_capacity_side_by_side() -> None:
    bar = capacity_bar(board(load("One", 16), load("Two", 0), load("", 8), max_vcpus=64))

    assert [(part.name, part.colour, part.x, part.width) for part in bar.segments] == [
        ("One", "1", "0.00", "25.00"),
        ("Other teams", "others", "25.00", "12.50"),
    ]
    assert bar.summary == "One 16, Other teams 8"


def test_more_than_the_capacity_fills_the_bar_and_an_idle_queue_has_none() -> None:
    assert [part.width for part in capacity_bar(board(load("One", 96), load("Two", 32), max_vcpus=64)).segments] == [
        "75.00",
        "25.00",
    ]
    assert capacity_bar(board(max_vcpus=64)).segments == []


def test_waits_are_drawn_from_the_oldest_and_none_is_invisible() -> None:
    chart = wait_chart([QueueWait(AT, 0), QueueWait(AT, 30), QueueWait(AT, 60)])

    assert chart is not None
    assert chart.longest == 60
    assert [(bar.x, float(bar.height)) for bar in chart.bars] == [(0, CHART_HEIGHT), (6, CHART_HEIGHT / 2), (12, 1.5)]
    assert wait_chart([]) is None
    flat = wait_chart([QueueWait(AT, 0)])
    assert flat is not None
    assert flat.bars[0].height == "1.50"
