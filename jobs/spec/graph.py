"""Cycles and topological order of numbered nodes. Linear, and without recursion."""

import heapq
from collections.abc import Sequence
from contextlib import suppress
from graphlib import CycleError, TopologicalSorter

Parents = Sequence[Sequence[int]]
"""For each node, the nodes it waits for."""


def topological_order(parents: Parents) -> list[int]:
    """Order as numerically as possible, without nodes in a cycle or behind one."""
    sorter = TopologicalSorter(dict(enumerate(parents)))
    with suppress(CycleError):
        sorter.prepare()  # with a cycle it still yields what is not behind one
    ready = list(sorter.get_ready())
    heapq.heapify(ready)
    result: list[int] = []
    while ready:
        number = heapq.heappop(ready)
        result.append(number)
        sorter.done(number)
        for child in sorter.get_ready():
            heapq.heappush(ready, child)
    return result


def reverse_edges(parents: Parents) -> list[list[int]]:
    children: list[list[int]] = [[] for _ in parents]
    for child, own_parents in enumerate(parents):
        for parent in set(own_parents):
            children[parent].append(child)
    return children


def find_cycles(parents: Parents) -> list[list[int]]:
    return sorted(sorted(group) for group in _StronglyConnectedComponents(parents).groups)


class _StronglyConnectedComponents:
    def __init__(self, parents: Parents) -> None:
        self.parents = parents
        self.groups: list[list[int]] = []  # cycles only
        self._index_of = [-1] * len(parents)
        self._low_link = [0] * len(parents)
        self._stack: list[int] = []
        self._on_stack = [False] * len(parents)
        self._next_index = 0
        for root in range(len(parents)):
            if self._index_of[root] < 0:
                self._visit(root)

    def _visit(self, root: int) -> None:
        self._enter(root)
        work = [(root, iter(self.parents[root]))]
        while work:
            number, rest = work[-1]
            parent = next(rest, None)
            if parent is None:
                work.pop()
                self._leave(number, below=work[-1][0] if work else None)
            elif self._index_of[parent] < 0:
                self._enter(parent)
                work.append((parent, iter(self.parents[parent])))
            elif self._on_stack[parent]:
                self._low_link[number] = min(self._low_link[number], self._index_of[parent])

    def _enter(self, number: int) -> None:
        self._index_of[number] = self._low_link[number] = self._next_index
        self._next_index += 1
        self._stack.append(number)
        self._on_stack[number] = True

    def _leave(self, number: int, *, below: int | None) -> None:
        if self._low_link[number] == self._index_of[number]:
            at = len(self._stack) - 1
            while self._stack[at] != number:
                at -= 1
            group = self._stack[at:]
            del self._stack[at:]
            for member in group:
                self._on_stack[member] = False
            if len(group) > 1 or number in self.parents[number]:
                self.groups.append(group)
        if below is not None:
            self._low_link[below] = min(self._low_link[below], self._low_link[number])


def cycle_in_group(group: Sequence[int], parents: Parents) -> list[int]:
    members = set(group)
    path: list[int] = []
    position: dict[int, int] = {}
    number = group[0]
    while number not in position:
        position[number] = len(path)
        path.append(number)
        number = next(parent for parent in parents[number] if parent in members)
    return path[position[number] :]


def is_reachable(start: int, goal: int, following: Parents) -> bool:
    visited = {start}
    stack = [start]
    while stack:
        number = stack.pop()
        if number == goal:
            return True
        new = [other for other in following[number] if other not in visited]
        visited.update(new)
        stack += new
    return False
