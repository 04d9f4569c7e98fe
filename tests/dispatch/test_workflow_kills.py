"""Workers that are killed while they deliver a workflow, against the sandbox. `make chaos` has every point."""

import random

import pytest

from tests.chaos.workflows import (
    AFTER_A_REFUSAL,
    Kill,
    kill_in_workflow,
    random_document,
    random_kills,
    random_steps,
    submitted,
)

pytestmark = pytest.mark.process


def test_a_workflow_whose_workers_are_killed_runs_each_step_once_and_in_order() -> None:
    steps = random_steps(random.Random(7), 14)
    with submitted(random_document(steps)) as accepted:
        assert kill_in_workflow(accepted, steps, Kill("found", 4)) == []


def test_all_kills_have_every_point_of_the_delivery() -> None:
    points = {kill.point for kill in random_kills(random.Random(1), random_steps(random.Random(7)), 1)}

    assert points == {
        *("claimed", "looked", "marking", "marked", "signed", "answered", "settling", "found", "withdrawn"),
    }
    assert {point for points in AFTER_A_REFUSAL.values() for point in points} == {"", "refusing", "refused", "told"}
