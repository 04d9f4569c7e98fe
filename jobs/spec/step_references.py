"""The dependencies between steps of a workflow: what ${jobName} means.

In an unquoted heredoc a shell reads ${train-model} as “the variable `train`, or else `model`”, which leaves `model`
(POSIX shell, parameter expansion). Such a remnant is a reference if it fits exactly one step.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import NamedTuple

from jobs.spec import graph
from jobs.spec.documents import Document, list_at, text_at
from jobs.spec.problems import Problem, Severity, join_pointer, join_words, quote
from jobs.spec.rules.dependencies import STEP_REFERENCE, is_job_id
from jobs.spec.rules.registry import ERROR, WARNING, register_rule
from jobs.spec.suggestions import nearest_name

MAX_COMPARISONS = 10_000
"""Names compared per workflow to suggest a step for unknown references."""

MAX_AMBIGUOUS_REMNANTS = 25
"""Those followed through the graph; further ones are only reported."""

MAX_CANDIDATES = 8
"""Steps considered per remnant; with more, it is ambiguous anyway."""

QUOTE_EOF_HINT = "To keep references unchanged, quote EOF: cat << 'EOF'."


_SHELL_SOURCE = "Source: POSIX shell, parameter expansion."
UNKNOWN_STEP = register_rule(
    "workflow.unknown-step",
    ERROR,
    "${name} must be the name of a step; the nearest name is suggested. Source: the portal.",
)
SELF_REFERENCE = register_rule("workflow.self-reference", ERROR, "A step can't wait for itself. Source: the portal.")
EMPTY_REFERENCE = register_rule(
    "workflow.empty-reference", ERROR, f"A reference is empty, most likely expanded by a shell. {_SHELL_SOURCE}"
)
REFERENCE_IN_TEXT = register_rule(
    "workflow.reference-in-text",
    ERROR,
    "A reference is the whole jobId: ${name} and nothing else. Source: the portal.",
)
BARE_NAME = register_rule("workflow.bare-name", ERROR, "The name of a step needs ${ } around it. Source: the portal.")
SHELL_REMNANT = register_rule(
    "workflow.shell-rest", WARNING,
    f"A jobId that a shell shortened from ${{name}} is read as the only other step that matches. {_SHELL_SOURCE}",
)  # fmt: skip
AMBIGUOUS_REMNANT = register_rule(
    "workflow.ambiguous-rest",
    ERROR,
    f"A jobId that a shell shortened from ${{name}} matches several steps. {_SHELL_SOURCE}",
)
NEITHER_STEP_NOR_ID = register_rule(
    "workflow.neither-step-nor-id", ERROR,
    "A jobId must be a reference to a step or the id of a Batch job. "
    "Source: JobDependency, AWS Batch API reference.",
)  # fmt: skip


class StepReference(NamedTuple):
    step: int
    entry: int  # position in dependsOn, or in the workflow's conditions
    parent: int
    type: str  # "" is plain; N_TO_N links two arrays
    condition: str = ""  # as `step_conditions.Condition`; "" is from dependsOn

    @property
    def pointer(self) -> str:
        if self.condition:
            return join_pointer("conditions", self.entry)
        return join_pointer("jobs", self.step, "dependsOn", self.entry)

    @property
    def parent_pointer(self) -> str:
        return f"{self.pointer}/{'after' if self.condition else 'jobId'}"


@dataclass(frozen=True)
class _Remnant:
    step: int
    entry: int
    text: str
    type: str
    candidates: tuple[int, ...]


@dataclass
class StepReferences:
    steps: Sequence[Document]
    edges: list[StepReference] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def parents(self) -> list[list[int]]:
        parents: list[list[int]] = [[] for _ in self.steps]
        for reference in self.edges:
            parents[reference.step].append(reference.parent)
        return parents

    def name(self, step: int) -> str:
        return text_at(self.steps[step], "jobName")


def resolve_references(steps: Sequence[Document]) -> StepReferences:
    return _ReferenceResolver(steps).run()


class _ReferenceResolver:
    def __init__(self, steps: Sequence[Document]) -> None:
        self.references = StepReferences(steps)
        self.by_name: dict[str, list[int]] = defaultdict(list)
        self.by_remnant: dict[str, list[int]] = defaultdict(list)  # by the remnant that a shell leaves of the name
        self.remnants: list[_Remnant] = []
        self.comparisons = MAX_COMPARISONS
        for number, step in enumerate(steps):
            if name := text_at(step, "jobName"):
                self.by_name[name].append(number)
                if "-" in name:
                    self.by_remnant[name.partition("-")[2]].append(number)

    def run(self) -> StepReferences:
        for number, step in enumerate(self.references.steps):
            for position, entry in enumerate(list_at(step, "dependsOn")):
                job_id = entry.get("jobId") if isinstance(entry, dict) else None
                if isinstance(job_id, str) and not is_job_id(job_id):
                    self._read_job_id(number, position, job_id, _dependency_type(entry))
        self._settle_remnants()
        self.references.edges.sort(key=attrgetter("step", "entry"))
        return self.references

    def _read_job_id(self, step: int, entry: int, job_id: str, kind: str) -> None:
        reference = STEP_REFERENCE.fullmatch(job_id)
        if reference:
            self._read_reference(step, entry, reference[1].strip(), kind)
        elif not job_id:
            message = (
                "The jobId is empty. If it was ${name}, your shell removed it. Write ${name} again. "
                f"{QUOTE_EOF_HINT}"
            )
            self._report(step, entry, message, EMPTY_REFERENCE)
        elif "${" in job_id:
            message = f"{quote(job_id)} contains more than a reference; the whole jobId must be ${{name}}."
            self._report(step, entry, message, REFERENCE_IN_TEXT)
        else:
            self._read_remnant(step, entry, job_id, kind)

    def _read_reference(self, step: int, entry: int, name: str, kind: str) -> None:
        parent = next((other for other in self.by_name.get(name, ())[:2] if other != step), None)
        if parent is not None:
            self.references.edges.append(StepReference(step, entry, parent, kind))
        elif name in self.by_name:
            message = f"{quote(name)} waits for itself; a job can wait only for other jobs."
            self._report(step, entry, message, SELF_REFERENCE, remove=True)
        else:
            suggestion = self._suggest(step, name)
            hint = (
                f"did you mean ${{{suggestion}}}?" if suggestion else "write the jobName of a step between ${ and }."
            )
            message = f"No step of this workflow is named {quote(name)}; {hint}"
            self._report(step, entry, message, UNKNOWN_STEP, suggestion=suggestion)

    def _read_remnant(self, step: int, entry: int, text: str, kind: str) -> None:
        exact = _other_steps(self.by_name.get(text, ()), step)
        fitting = _other_steps(self.by_remnant.get(text, ()), step)
        if exact and not fitting:
            message = f"{quote(text)} is the name of a step; to wait for it, write ${{{text}}}."
            self._report(step, entry, message, BARE_NAME, suggestion=text)
        elif exact or fitting:
            self.remnants.append(_Remnant(step, entry, text, kind, exact + fitting))
        elif text in self.by_name:
            message = f"{quote(text)} waits for itself; a job can wait only for other jobs."
            self._report(step, entry, message, SELF_REFERENCE, remove=True)
        else:
            self._report_neither(step, entry, text)

    def _settle_remnants(self) -> None:
        certain_parents = self.references.parents()
        with_guesses = [list(parents) for parents in certain_parents]
        for remnant in self.remnants:
            if len(remnant.candidates) == 1:
                with_guesses[remnant.step].append(remnant.candidates[0])
        group_of = {
            member: number for number, group in enumerate(graph.find_cycles(with_guesses)) for member in group
        }
        ambiguous: list[_Remnant] = []
        for remnant in self.remnants:
            parent = remnant.candidates[0]
            if len(remnant.candidates) > 1:
                ambiguous.append(remnant)
            elif group_of.get(remnant.step, -1) == group_of.get(parent, -2):
                self._report_neither(remnant.step, remnant.entry, remnant.text, circular=parent)
            else:
                self._accept_remnant(remnant, parent)
        children = graph.reverse_edges(self.references.parents()) if ambiguous else []
        for number, remnant in enumerate(ambiguous):
            self._settle_ambiguous(
                remnant,
                children,
                follow=number < MAX_AMBIGUOUS_REMNANTS and len(remnant.candidates) <= MAX_CANDIDATES,
            )

    def _settle_ambiguous(self, remnant: _Remnant, children: list[list[int]], *, follow: bool) -> None:
        possible = remnant.candidates
        if follow:
            possible = tuple(step for step in possible if not graph.is_reachable(remnant.step, step, children))
        exact = any(self.references.name(step) == remnant.text for step in possible)
        if len(possible) == 1 and not exact:
            self._accept_remnant(remnant, possible[0])
            children[possible[0]].append(remnant.step)
            return
        if not possible:
            self._report_neither(remnant.step, remnant.entry, remnant.text, circular=remnant.candidates[0])
            return
        choices = [f"${{{self.references.name(step)}}}" for step in possible[:MAX_CANDIDATES]]
        choices += ["another"] * (len(possible) > MAX_CANDIDATES)
        message = f"Your shell shortened a reference to {quote(remnant.text)}, and several steps match. "
        message += f"Write {join_words(choices, conjunction='or', limit=MAX_CANDIDATES + 1)}."
        self._report(remnant.step, remnant.entry, message, AMBIGUOUS_REMNANT)

    def _accept_remnant(self, remnant: _Remnant, parent: int) -> None:
        name = self.references.name(parent)
        self.references.edges.append(StepReference(remnant.step, remnant.entry, parent, remnant.type))
        message = (
            f"Your shell replaced ${{{name}}} with {quote(remnant.text)}. The portal uses the step {name}. "
            f"{QUOTE_EOF_HINT}"
        )
        self._report(remnant.step, remnant.entry, message, SHELL_REMNANT, suggestion=name, severity=Severity.WARNING)

    def _report_neither(self, step: int, entry: int, text: str, *, circular: int | None = None) -> None:
        message = (
            f"{quote(text)} isn't a step or an AWS Batch job ID. Write ${{name}} with the jobName of another step."
        )
        if circular is not None:
            name = self.references.name(circular)
            message = (
                f"{quote(text)} isn't a step or an AWS Batch job ID. If you meant ${{{name}}}, that would create "
                "a circular dependency. Correct the jobId or remove the dependency."
            )
        self._report(step, entry, message, NEITHER_STEP_NOR_ID)

    def _suggest(self, step: int, name: str) -> str | None:
        if self.comparisons <= 0:
            return None
        self.comparisons -= len(self.by_name)
        own = self.references.name(step)
        return nearest_name(name, tuple(candidate for candidate in self.by_name if candidate != own))

    def _report(
        self,
        step: int,
        entry: int,
        message: str,
        rule: str,
        *,
        suggestion: str | None = None,
        remove: bool = False,
        severity: Severity = Severity.ERROR,
    ) -> None:
        here = join_pointer("jobs", step, "dependsOn", entry)
        fix: tuple[dict[str, str], ...] = ()
        if suggestion:
            fix = ({"op": "replace", "path": f"{here}/jobId", "value": f"${{{suggestion}}}"},)
        elif remove:
            fix = ({"op": "remove", "path": here},)
        self.references.problems.append(Problem(f"{here}/jobId", message, severity, rule, fix))


def _other_steps(steps: Sequence[int], step: int) -> tuple[int, ...]:
    return tuple(other for other in steps[: MAX_CANDIDATES + 2] if other != step)[: MAX_CANDIDATES + 1]


def _dependency_type(entry: Document) -> str:
    kind = text_at(entry, "type")
    return "" if kind == "SEQUENTIAL" else kind
