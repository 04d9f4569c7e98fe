"""The one judge: what a document says, what is wrong with it, and whether this team may have it."""

from collections.abc import Sequence
from dataclasses import dataclass

from jobs.access import Member
from jobs.intake.resolution import Resolution, Target, resolve, resolve_definition
from jobs.models import Account, Queue
from jobs.policy.grants import Grants
from jobs.policy.rules import Ask, objections
from jobs.spec import judge as spec_judge
from jobs.spec.documents import Document, Kind, list_at, text_at
from jobs.spec.problems import Problem, Severity, has_errors
from jobs.spec.queues import QueueFacts
from jobs.spec.reading import Reading, read


@dataclass(frozen=True)
class Verdict:
    """What is to be said of a document, and what its names stand for in the portal."""

    reading: Reading
    account: Account | None
    problems: tuple[Problem, ...]
    targets: tuple[Target, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether it would be accepted as it is."""
        return not has_errors(self.problems)

    @property
    def errors(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.severity is Severity.ERROR]

    @property
    def warnings(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.severity is Severity.WARNING]


class Refused(Exception):  # noqa: N818 - a verdict, not a fault
    """The document has errors: nothing was kept, and the verdict tells why."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__("; ".join(problem.message for problem in verdict.errors))
        self.verdict = verdict


class KeyReusedError(Exception):
    """The same request key came with another document."""


def judge(text: str | bytes, member: Member, account: Account | None = None) -> Verdict:
    """All that is wrong with a text, for this team. Raises `jobs.spec.reading.NotADocument` for what is no document.

    `account` says where, for a team that has several; without it the queues say so.
    """
    reading = read(text)
    if reading.kind is Kind.DEFINITION:
        found = resolve_definition(reading.document, member.team, account)
    else:
        found = resolve(reading.document, reading.kind, member.team, account)
    told = [
        *reading.problems,
        *spec_judge.problems(reading.kind, reading.document, *_around(reading, found.targets)),
        *found.problems,
        *_objections(found, member),
    ]
    problems = spec_judge.in_order(reading.document, told)
    return Verdict(reading, found.account, tuple(problems), found.targets)


def _around(reading: Reading, targets: Sequence[Target]) -> tuple[dict[str, Document], dict[str, QueueFacts]]:
    """The definitions and queues that were found, by what the document calls them: what will run is judged."""
    steps = list_at(reading.document, "jobs") if reading.kind is Kind.WORKFLOW else [reading.document]
    definitions: dict[str, Document] = {}
    queues: dict[str, QueueFacts] = {}
    for step, target in zip(steps, targets, strict=False):
        if target.revision:
            definitions[text_at(step, "jobDefinition")] = target.revision.document
        if target.queue:
            queues[text_at(step, "jobQueue")] = _facts(target.queue)
    return definitions, queues


def _facts(queue: Queue) -> QueueFacts:
    """What AWS said of a queue. Without its words, nothing is known of how it shares."""
    shared = bool(queue.raw.get("schedulingPolicyArn")) if queue.raw else None
    return QueueFacts(fair_share=shared, platform=queue.platform)


def _objections(found: Resolution, member: Member) -> Sequence[Problem]:
    """What the rules of the portal have against it, each at its place, the team's own only once."""
    grants = Grants.of(member.team)
    told: dict[tuple[str, str], Problem] = {}
    for target in found.targets:
        if target.queue is None:
            continue
        ask = Ask(target.queue.pk, target.queue.name, target.queue.open)
        for objection in objections(ask, grants):
            pointer = target.pointer + objection.pointer if objection.pointer else ""
            told[objection.rule, pointer] = Problem(pointer, objection.message, rule=objection.rule)
    return list(told.values())
