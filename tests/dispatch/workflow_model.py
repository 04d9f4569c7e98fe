"""Which steps of a workflow run: a small model, apart from the portal's queries."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from hypothesis import strategies as st

from jobs.spec.step_conditions import Condition

NEEDS_SUCCESS = (Condition.BATCH, Condition.SUCCESS)


class Result(Enum):
    SUCCEEDED = auto()
    FAILED = auto()
    WITHDRAWN = auto()
    SKIPPED = auto()
    OPEN = auto()
    """It has not ended, or nothing says yet whether it runs."""

    @property
    def has_run(self) -> bool:
        return self in (Result.SUCCEEDED, Result.FAILED)


@dataclass(frozen=True)
class Step:
    """`succeeds` says how it ends if it runs, None that it has not; each edge is an earlier step and a condition."""

    succeeds: bool | None
    edges: tuple[tuple[int, Condition], ...]


@st.composite
def workflows(draw: st.DrawFn) -> list[Step]:
    conditions = st.sampled_from(list(Condition))
    steps = []
    for number in range(draw(st.integers(2, 6))):
        parents = draw(st.sets(st.integers(0, number - 1), max_size=3)) if number else set()
        edges = tuple((parent, draw(conditions)) for parent in sorted(parents))
        steps.append(Step(draw(st.booleans()), edges))
    return steps


def expected_results(steps: Sequence[Step]) -> list[Result]:
    """No step has failed because another was skipped."""
    results: list[Result] = []
    for step in steps:
        needed = {results[parent] for parent, condition in step.edges if condition in NEEDS_SUCCESS}
        handled = {results[parent] for parent, condition in step.edges if condition == Condition.FAILURE}
        parents = {results[parent] for parent, _ in step.edges}
        if needed & {Result.FAILED, Result.WITHDRAWN}:
            results.append(Result.WITHDRAWN)
        elif Result.OPEN in needed:
            results.append(Result.OPEN)
        elif Result.SKIPPED in needed or handled & {Result.SUCCEEDED, Result.SKIPPED}:
            results.append(Result.SKIPPED)
        elif Result.OPEN in parents or step.succeeds is None:
            results.append(Result.OPEN)
        else:
            results.append(Result.SUCCEEDED if step.succeeds else Result.FAILED)
    return results


def with_followers(steps: Sequence[Step], roots: Iterable[int]) -> set[int]:
    """Edges go to earlier steps only, so one pass finds all that wait for the roots."""
    numbers = set(roots)
    for number, step in enumerate(steps):
        if any(parent in numbers for parent, _ in step.edges):
            numbers.add(number)
    return numbers


def workflow_document(steps: Sequence[Step], names: Sequence[str], **fields: object) -> dict[str, object]:
    documents = []
    for name, step in zip(names, steps, strict=True):
        parents = [{"jobId": f"${{{names[parent]}}}"} for parent, condition in step.edges if not condition]
        documents.append({"jobName": name, **fields, **({"dependsOn": parents} if parents else {})})
    conditions = [
        {"job": name, "after": names[parent], "when": str(condition)}
        for name, step in zip(names, steps, strict=True)
        for parent, condition in step.edges
        if condition
    ]
    return {"jobs": documents, **({"conditions": conditions} if conditions else {})}


class RunAgainModel:
    """What may run again, and what then runs."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps = [Step(None, step.edges) for step in steps]
        self.runs: Mapping[int, int] = dict.fromkeys(range(len(steps)), 0)

    @property
    def results(self) -> list[Result]:
        return expected_results(self.steps)

    def end(self, number: int, *, succeeds: bool) -> None:
        """Record the end of a step that ran. Raise AssertionError if it may not have run."""
        before = self.results[number]
        self.steps[number] = Step(succeeds, self.steps[number].edges)
        after = self.results[number]
        assert before is Result.OPEN, f"step {number} is {before}"
        assert after.has_run, f"step {number} ran and is {after}"
        self.runs = {**self.runs, number: self.runs[number] + 1}

    def repeated(self, start: int | None, *, is_all: bool = False) -> set[int] | None:
        """Return what runs again from a step on, or from the failed ones on; None if that is refused."""
        results = self.results
        roots = (
            {start} if start is not None else {number for number, each in enumerate(results) if each is Result.FAILED}
        )
        numbers = set(range(len(self.steps))) if is_all else with_followers(self.steps, roots)
        if not numbers or any(results[number] is Result.OPEN for number in numbers):
            return None
        if start is not None and not self._may_begin(start):
            return None
        return numbers

    def run_again(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            self.steps[number] = Step(None, self.steps[number].edges)

    def _may_begin(self, start: int) -> bool:
        """Return whether it would not be withdrawn or skipped at once because of a step that stays."""
        results = self.results
        for parent, condition in self.steps[start].edges:
            if condition in NEEDS_SUCCESS and results[parent] not in (Result.SUCCEEDED, Result.OPEN):
                return False
            if condition == Condition.FAILURE and results[parent] in (Result.SUCCEEDED, Result.SKIPPED):
                return False
        return True
