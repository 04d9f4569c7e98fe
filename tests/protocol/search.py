"""Explores a machine whole: every state it can be in, breadth first, so that a trace to a wrong one is a shortest."""

from array import array
from dataclasses import dataclass

from tests.protocol.model import Machine
from tests.protocol.state import ENDS, NOT_RELIED_ON, Protocol, State, World


@dataclass(frozen=True)
class Found:
    """What became of a search. `wrong` is empty when nothing is; `trace` leads there."""

    states: int
    wrong: str = ""
    trace: tuple[str, ...] = ()
    whole: bool = True  # every state was seen


def explore(protocol: Protocol, world: World, *, only: str = "", most: int = 5_000_000) -> Found:
    """Every state that can be reached, until one is wrong; then those from which no end is in reach.

    `only` is the one kind of wrong that is looked for; any, if empty.
    """
    machine = Machine(protocol, world)
    states = [machine.start]
    places = {machine.start: 0}
    came_from, edges, first_edge = array("l", [-1]), array("l"), array("l")
    place = 0
    while place < len(states):
        first_edge.append(len(edges))
        for what, after in machine.steps(states[place]):
            seen = places.setdefault(after, len(states))
            if what not in NOT_RELIED_ON:
                edges.append(seen)
            if seen == len(states):
                states.append(after)
                came_from.append(place)
                if after.wrong and only in ("", after.wrong):
                    return Found(len(states), after.wrong, _trace(machine, states, came_from, seen))
        place += 1
        if len(states) > most:
            return Found(len(states), whole=False)
    stuck = _find_stuck(states, edges, first_edge)
    if stuck is not None:
        return Found(len(states), "stuck", _trace(machine, states, came_from, stuck))
    return Found(len(states))


def _find_stuck(states: list[State], edges: "array[int]", first_edge: "array[int]") -> int | None:
    """The first state from which no end is in reach by steps that can be relied on."""
    first_edge.append(len(edges))
    before: list[list[int]] = [[] for _ in states]
    for place in range(len(states)):
        for edge in range(first_edge[place], first_edge[place + 1]):
            before[edges[edge]].append(place)
    good = bytearray(state.delivery in ENDS for state in states)
    todo = [place for place, ended in enumerate(good) if ended]
    while todo:
        for place in before[todo.pop()]:
            if not good[place]:
                good[place] = 1
                todo.append(place)
    first = good.find(0)
    return None if first < 0 else first


def _trace(machine: Machine, states: list[State], came_from: "array[int]", last: int) -> tuple[str, ...]:
    """The steps from the start, with the ticks between them."""
    told: list[str] = []
    place = last
    while came_from[place] >= 0:
        earlier = came_from[place]
        told.append(next(what for what, after in machine.steps(states[earlier]) if after == states[place]))
        place = earlier
    return tuple(reversed(told))


def as_text(trace: tuple[str, ...]) -> str:
    """A trace with its clock: `2: mark SENDING` happens after two ticks."""
    clock, told = 0, []
    for what in trace:
        if what == "time passes":
            clock += 1
        else:
            told.append(f"{clock}: {what}")
    return " | ".join(told)
