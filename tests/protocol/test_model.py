"""Delivery, explored whole: within its assumptions nothing is sent twice, nothing is lost, nothing is stuck."""

import pytest

from tests.protocol.search import as_text, explore
from tests.protocol.state import World
from tests.protocol.variants import BROKEN, PLAIN, SMALL, SPARE, Variant, whole


def named(value: object) -> str | None:
    return value.name if isinstance(value, Variant) else None


NAMES = ("plain", "people", "skewed", "hurried", "lagging")
EXPLORED = [
    pytest.param(world, id=name, marks=() if name == "plain" else pytest.mark.long)
    for name, world in zip(NAMES, SMALL, strict=True)
]


@pytest.mark.long
@pytest.mark.parametrize("world", EXPLORED)
def test_the_whole_protocol_sends_once_loses_nothing_and_always_comes_to_an_end(world: World) -> None:
    found = explore(whole(world), world)

    assert (found.wrong, found.whole) == ("", True), as_text(found.trace)
    assert found.states > 1000
    print(f"{found.states:,} states")  # noqa: T201 - how much was looked at


@pytest.mark.long
@pytest.mark.parametrize("variant", BROKEN, ids=named)
def test_each_part_that_is_left_out_is_missed(variant: Variant) -> None:
    found = explore(variant.protocol, variant.world, only="duplicate" if variant.ends == "duplicate" else "")

    assert found.wrong == variant.ends, as_text(found.trace)


def test_the_look_before_a_second_try_is_a_spare() -> None:
    assert explore(SPARE.protocol, SPARE.world).wrong == ""


@pytest.mark.long
def test_the_quarantine_is_no_longer_than_it_must_be() -> None:
    """At most a tick is margin: all of guard, signature, lag and skews is needed."""
    enough = PLAIN.enough
    ends = [
        explore(whole(PLAIN).within(quarantine), PLAIN, only="duplicate").wrong for quarantine in range(enough + 1)
    ]

    assert ends == ["duplicate"] * (enough - 1) + ["", ""]


def test_a_bound_that_is_too_small_is_not_called_a_proof() -> None:
    assert not explore(whole(PLAIN), PLAIN, most=100).whole
