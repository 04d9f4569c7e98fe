"""Circles and order."""

from hypothesis import given
from hypothesis import strategies as st

from jobs.spec import graph
from tests.examples import examples

GRAPHS = st.integers(1, 8).flatmap(
    lambda count: st.lists(st.lists(st.integers(0, count - 1), max_size=3), min_size=count, max_size=count)
)


@examples(60, 5_000)
@given(GRAPHS)
def test_groups_are_those_that_reach_each_other(parents: list[list[int]]) -> None:
    groups = graph.find_cycles(parents)
    together = {(a, b) for group in groups for a in group for b in group}
    for a in range(len(parents)):
        for b in range(len(parents)):
            there = any(graph.is_reachable(parent, b, parents) for parent in parents[a])
            back = any(graph.is_reachable(parent, a, parents) for parent in parents[b])
            assert ((a, b) in together) == (there and back)


@examples(60, 5_000)
@given(GRAPHS)
def test_the_order_puts_parents_first_and_leaves_out_only_what_waits_for_a_circle(parents: list[list[int]]) -> None:
    order = graph.topological_order(parents)
    position = {number: at for at, number in enumerate(order)}
    assert all(position[parent] < position[number] for number in order for parent in parents[number])
    stuck = {number for group in graph.find_cycles(parents) for number in group}
    left = set(range(len(parents))) - set(order)
    assert left == {
        number
        for number in range(len(parents))
        if any(graph.is_reachable(number, circle, parents) for circle in stuck)
    }


def test_a_way_round_leads_from_each_to_one_it_waits_for() -> None:
    parents = [[1], [2, 3], [0], [1]]
    [group] = graph.find_cycles(parents)
    way = graph.cycle_in_group(group, parents)
    assert all(after in parents[number] for number, after in zip(way, [*way[1:], way[0]], strict=True))


def test_a_chain_longer_than_pythons_stack_is_walked() -> None:
    chain = [[number + 1] for number in range(50_000)] + [[0]]
    assert graph.find_cycles(chain) == [list(range(50_001))]
    assert graph.topological_order(chain) == []
