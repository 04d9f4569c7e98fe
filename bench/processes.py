"""Processor time and memory of processes and their children, from /proc."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
UNREADABLE = (OSError, IndexError, ValueError)


def cpu_seconds(pids: Mapping[str, int]) -> dict[str, float]:
    """Return the processor seconds of each process, its ended children and its living ones."""
    parents = dict(_parents())
    return {name: sum(own_cpu_seconds(member) for member in _tree(pid, parents)) for name, pid in pids.items()}


def pss_mib(pids: Mapping[str, int]) -> dict[str, float]:
    """Return the proportional set size of each process with its children, in MiB."""
    parents = dict(_parents())
    return {name: sum(_own_pss_mib(member) for member in _tree(pid, parents)) for name, pid in pids.items()}


def _tree(pid: int, parents: Mapping[int, int]) -> Iterable[int]:
    yield pid
    for child, parent in parents.items():
        if parent == pid:
            yield from _tree(child, parents)


def _parents() -> Iterator[tuple[int, int]]:
    """Yield every process and its parent."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(*UNREADABLE):
                yield int(entry.name), int(_stat(int(entry.name))[1])


def own_cpu_seconds(pid: int) -> float:
    with suppress(*UNREADABLE):
        return sum(map(int, _stat(pid)[11:15])) / TICKS
    return 0.0


def _own_pss_mib(pid: int) -> float:
    with suppress(*UNREADABLE):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0


def _stat(pid: int) -> list[str]:
    """Return the fields of a process after its name: the state, the parent, …, from the twelfth on the CPU ticks."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
