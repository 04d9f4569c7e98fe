"""A few failures of each process and of each kind, with everything that follows, in one world on SQLite.

`make chaos` has all of them, on PostgreSQL too.
"""

from collections.abc import Iterator

import pytest

from tests.chaos.steps import BY_NAME, CASES, KILL, KILL_PARENT, PAUSE, RAISE, fail_once
from tests.chaos.world import World, world

pytestmark = pytest.mark.process

# Few, since a lease that lapses costs seconds.
FEW = [
    ("accepted", RAISE),
    ("settling", KILL_PARENT),
    ("answered", KILL),
    ("found", KILL),
    ("heard", PAUSE),
]


@pytest.fixture(scope="module")
def chaos_world() -> Iterator[World]:
    with world("sqlite", events=True, clocks=1) as made:
        yield made


@pytest.mark.parametrize(("name", "failure"), FEW)
def test_whatever_fails_every_promise_is_kept(chaos_world: World, name: str, failure: str):
    fail_once(chaos_world, name, failure)


def test_the_few_have_every_process_and_every_kind_of_failure():
    processes = {BY_NAME[name].process for name, _ in FEW}

    assert set(FEW) <= set(CASES)
    assert processes == {step.process for step in BY_NAME.values()}
    assert {failure for _, failure in FEW} == {failure for _, failure in CASES}
