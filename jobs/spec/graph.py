"""Circles and order among numbered things that wait for each other. Linear, and without recursion."""

import heapq
from collections.abc import Sequence

Parents = Sequence[Sequence[int]]
"""For each number, those it waits for."""


def order(parents: Parents) -> list[int]:
    """An order in which each comes after all it waits for, as near to the given one as can be.

    What stands in a circle, or waits for one, is left out.
    """
    waiting = [len(set(needed)) for needed in parents]
    children = reversed_edges(parents)
    ready = [number for number, count in enumerate(waiting) if not count]
    done: list[int] = []
    while ready:
        number = heapq.heappop(ready)
        done.append(number)
        for child in children[number]:
            waiting[child] -= 1
            if not waiting[child]:
                heapq.heappush(ready, child)
    return done


def reversed_edges(parents: Parents) -> list[list[int]]:
    """For each number, those that wait for it."""
    children: list[list[int]] = [[] for _ in parents]
    for child, needed in enumerate(parents):
        for parent in set(needed):
            children[parent].append(child)
    return children


def circles(parents: Parents) -> list[list[int]]:
    """The groups whose members all wait for each other, in rising order; a thing that waits for itself is one too."""
    return sorted(sorted(group) for group in _Components(parents).groups)


class _Components:
    """Tarjan's strongly connected components, with a stack of its own instead of Python's."""

    def __init__(self, parents: Parents) -> None:
        self.parents = parents
        self.groups: list[list[int]] = []  # only those that are circles
        self._seen_at = [-1] * len(parents)
        self._lowest = [0] * len(parents)
        self._pending: list[int] = []
        self._is_pending = [False] * len(parents)
        self._clock = 0
        for root in range(len(parents)):
            if self._seen_at[root] < 0:
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
            elif self._seen_at[parent] < 0:
                self._enter(parent)
                work.append((parent, iter(self.parents[parent])))
            elif self._is_pending[parent]:
                self._lowest[number] = min(self._lowest[number], self._seen_at[parent])

    def _enter(self, number: int) -> None:
        self._seen_at[number] = self._lowest[number] = self._clock
        self._clock += 1
        self._pending.append(number)
        self._is_pending[number] = True

    def _leave(self, number: int, *, below: int | None) -> None:
        if self._lowest[number] == self._seen_at[number]:
            at = len(self._pending) - 1
            while self._pending[at] != number:
                at -= 1
            group = self._pending[at:]
            del self._pending[at:]
            for member in group:
                self._is_pending[member] = False
            if len(group) > 1 or number in self.parents[number]:
                self.groups.append(group)
        if below is not None:
            self._lowest[below] = min(self._lowest[below], self._lowest[number])


def circle_in(group: Sequence[int], parents: Parents) -> list[int]:
    """One way round in a group: each waits for the next, and the last for the first."""
    members = set(group)
    way: list[int] = []
    position: dict[int, int] = {}
    number = group[0]
    while number not in position:
        position[number] = len(way)
        way.append(number)
        number = next(parent for parent in parents[number] if parent in members)
    return way[position[number] :]


def reaches(start: int, goal: int, following: Parents) -> bool:
    """Whether `goal` comes after `start` by any number of steps."""
    seen = {start}
    waiting = [start]
    while waiting:
        number = waiting.pop()
        if number == goal:
            return True
        new = [other for other in following[number] if other not in seen]
        seen.update(new)
        waiting += new
    return False
