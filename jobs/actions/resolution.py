"""Resolution of names in a document. What was not granted counts as nonexistent."""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

from jobs.aws.arns import BatchArn, account_number
from jobs.models import Account, Definition, Job, Queue, Registration, Revision, Team
from jobs.spec.documents import Document, DocumentKind, FinalDocument, is_object, list_at, text_at
from jobs.spec.problems import Problem, Severity, join_pointer, join_words, quote
from jobs.spec.rules.dependencies import JOB_ID, array_size

MAX_NAME_COMPARISONS = 10_000
"""For suggestions, over the whole document."""


@dataclass(frozen=True)
class ResolvedJob:
    pointer: str
    queue: Queue | None
    revision: Revision | None
    definition: Document
    """Of the revision, shared by its jobs; empty without one."""


@dataclass(frozen=True)
class DefinitionReference:
    """`name`, `name:3`, or an ARN."""

    name: str
    number: int | None
    arn: BatchArn | None

    @classmethod
    def parse(cls, text: str) -> "DefinitionReference":
        arn = BatchArn.parse(text, "job-definition")
        reference = arn.name if arn else text
        name, colon, number = reference.partition(":")
        if colon and number.isdecimal() and len(number) < 10:
            return cls(name, int(number), arn)
        return cls(reference if ":" in number else name, None, arn)  # a malformed ARN is not a name with a revision


@dataclass(frozen=True)
class Resolution:
    account: Account | None
    resolved_jobs: tuple[ResolvedJob, ...]
    problems: tuple[Problem, ...]
    revisions: Mapping[str, Sequence[Revision]] = field(default_factory=dict)
    """Of the definitions that the document names and the team can use, in any account; newest first."""


def resolve(
    document: Document, kind: DocumentKind, team: Team, account: Account | None, granted: Sequence[Queue]
) -> Resolution:
    steps = list_at(document, "jobs") if kind is DocumentKind.WORKFLOW else [document]
    prefixes = [join_pointer("jobs", number) if kind is DocumentKind.WORKFLOW else "" for number in range(len(steps))]
    return _Resolver(team, account, granted).run([step if is_object(step) else {} for step in steps], prefixes)


def resolve_definition(document: Document, team: Team, account: Account | None) -> Resolution:
    problems: list[Problem] = []
    account = account or _only_account(team, problems)
    name = text_at(document, "jobDefinitionName")
    if account and name:
        definition = Definition.objects.filter(account=account, name=name).first()
        if definition and definition.team_id == team.pk:
            if definition.archived_at:
                advice = "Choose another name, or ask a lead of the team to activate it again."
                problems.append(_archived_problem(definition, "/jobDefinitionName", advice))
        elif definition:
            problems.append(
                Problem(
                    "/jobDefinitionName",
                    f"The name {quote(name)} belongs to another team in {account}. Choose another name.",
                    rule="portal.name-taken",
                )
            )
    return Resolution(account, (), tuple(problems))


def referenced_job_ids(document: Document) -> list[str]:
    return list(dict.fromkeys(reference.job_id for reference in _job_references(document)))


def referenced_jobs(documents: Iterable[Document], team: Team) -> Mapping[str, Job]:
    """Return jobs by AWS id, in one query. A child's id stands for its array."""
    ids = {job_id for document in documents for job_id in referenced_job_ids(document)}
    if not ids:
        return {}
    jobs = Job.objects.filter(team=team, batch_id__in={_parent_job_id(job_id) for job_id in ids}).only(
        "pk", "batch_id"
    )
    by_id = {job.batch_id: job for job in jobs}
    return {job_id: by_id[_parent_job_id(job_id)] for job_id in ids if _parent_job_id(job_id) in by_id}


class _Resolver:
    def __init__(self, team: Team, account: Account | None, granted: Sequence[Queue]) -> None:
        self.team = team
        self.asked_account = account
        self.granted = [queue for queue in granted if account is None or queue.account_id == account.pk]
        self.problems: list[Problem] = []
        self._usable = Definition.objects.none()
        self._by_name: dict[str, list[Revision]] = {}
        self._numbers: dict[int, str] = {}
        self._comparisons = MAX_NAME_COMPARISONS

    def run(self, steps: Sequence[Document], prefixes: Sequence[str]) -> Resolution:
        queues = self._queues(steps, prefixes)
        account = self._account(queues, prefixes)
        revisions = self._revisions(steps, prefixes, account)
        self._check_referenced_jobs(steps, prefixes, account)
        documents = {revision: FinalDocument(revision.document) for revision in set(revisions) if revision}
        definitions = (documents[revision] if revision else {} for revision in revisions)
        targets = map(ResolvedJob, prefixes, queues, revisions, definitions)
        return Resolution(account, tuple(targets), tuple(self.problems), self._by_name)

    def _queues(self, steps: Sequence[Document], prefixes: Sequence[str]) -> list[Queue | None]:
        queues_by_name: dict[str, list[Queue]] = {}
        for queue in self.granted:
            for text in {queue.name, queue.arn} - {""}:
                queues_by_name.setdefault(text, []).append(queue)
        return [
            self._queue(text_at(step, "jobQueue"), prefix, queues_by_name)
            for step, prefix in zip(steps, prefixes, strict=True)
        ]

    def _queue(self, name: str, prefix: str, queues_by_name: Mapping[str, Sequence[Queue]]) -> Queue | None:
        if not name:
            return None  # the schema reports what is missing
        matches = queues_by_name.get(name, ())
        if len(matches) == 1:
            return matches[0]
        if matches:
            accounts = join_words((str(queue.account) for queue in matches), conjunction="and in")
            message = f"The team has a queue {quote(name)} in {accounts}. Use the ARN of the queue."
            rule = "portal.queue-in-several-accounts"
        else:
            message = f"{self.team} has no queue {quote(name)}. {self._suggest_name(name, self._queue_names)}"
            rule = "portal.unknown-queue"
        self.problems.append(Problem(f"{prefix}/jobQueue", message, rule=rule))
        return None

    def _account(self, queues: Sequence[Queue | None], prefixes: Sequence[str]) -> Account | None:
        first: Queue | None = None
        for queue, prefix in zip(queues, prefixes, strict=True):
            first = first or queue
            if queue and first and queue.account_id != first.account_id:
                message = (
                    f"Queue {queue.name} is in {queue.account}, but {first.name} is in {first.account}. "
                    "All jobs of a workflow run in one account."
                )
                self.problems.append(Problem(f"{prefix}/jobQueue", message, rule="portal.several-accounts"))
        return first.account if first else self.asked_account

    def _revisions(
        self, steps: Sequence[Document], prefixes: Sequence[str], account: Account | None
    ) -> list[Revision | None]:
        # Without a queue the account is unknown: a name that exists in any of them is not a problem.
        accounts = [account] if account else list({queue.account for queue in self.granted})
        account_ids = {account.pk for account in accounts}
        usable = Definition.objects.usable_by(self.team)
        references = [DefinitionReference.parse(text_at(step, "jobDefinition")) for step in steps]
        definitions = usable.filter(name__in={reference.name for reference in references})
        revisions = Revision.objects.filter(definition__in=definitions)
        by_name: dict[str, list[Revision]] = {}
        for revision in revisions.select_related(
            "definition__account", "definition__team", "definition__successor"
        ).order_by("-number", "-pk"):
            self._by_name.setdefault(revision.definition.name, []).append(revision)
            if revision.definition.account_id in account_ids:
                by_name.setdefault(revision.definition.name, []).append(revision)
        self._usable = usable.filter(account__in=account_ids).active()
        matches = {reference: self._revision(reference, accounts, by_name) for reference in dict.fromkeys(references)}
        for reference, prefix in zip(references, prefixes, strict=True):
            if problem := matches[reference].problem:
                self.problems.append(problem.with_prefix(prefix))
        return [matches[reference].revision for reference in references]

    def _foreign_arn_problem(self, reference: DefinitionReference, accounts: Sequence[Account]) -> Problem | None:
        """Refuse a foreign ARN: the team's own definition of that name would run instead."""
        if reference.arn is None or any(self._is_in_account(account, reference.arn) for account in accounts):
            return None
        arn = reference.arn
        message = f"This ARN belongs to account {arn.account_number} in {arn.region} (partition {arn.partition})."
        if len(accounts) == 1 and not self._account_number(accounts[0]):
            advice = (
                f"The portal doesn't know the account number of {accounts[0]}. Use the definition's name "
                "instead of its ARN."
            )
        elif len(accounts) == 1:
            advice = f"The job runs in {accounts[0]}. Use a job definition of that account and region."
        else:
            advice = f"{self.team} has no queue there. Use a job definition of the queue's account and region."
        return Problem("/jobDefinition", f"{message} {advice}", rule="portal.definition-elsewhere")

    def _matching_arn(
        self, reference: DefinitionReference, revisions: list[Revision] | None
    ) -> list[Revision] | None:
        if reference.arn is None or revisions is None:
            return revisions
        return [
            revision for revision in revisions if self._is_in_account(revision.definition.account, reference.arn)
        ] or None

    def _is_in_account(self, account: Account, arn: BatchArn) -> bool:
        return arn.is_in(account.region, self._account_number(account))

    def _account_number(self, account: Account) -> str:
        if account.pk not in self._numbers:
            arns = [account.role_arn, *(queue.arn for queue in self.granted if queue.account_id == account.pk)]
            self._numbers[account.pk] = account.number or next(filter(None, map(account_number, arns)), "")
        return self._numbers[account.pk]

    def _revision(
        self, reference: DefinitionReference, accounts: Sequence[Account], by_name: Mapping[str, list[Revision]]
    ) -> "_DefinitionMatch":
        name, number = reference.name, reference.number
        if problem := self._foreign_arn_problem(reference, accounts):
            return _DefinitionMatch(None, problem)
        if not name:
            return _DefinitionMatch(None, None)  # the schema reports what is missing
        revisions = self._matching_arn(reference, by_name.get(name))
        runnable = [revision for revision in revisions or () if revision.is_runnable]
        match = next((revision for revision in runnable if number in (None, revision.number)), None)
        if match:
            return _DefinitionMatch(match, _deprecation_warning(match.definition))
        if revisions is None:
            message = (
                f"{self.team} has no job definition {quote(name)}. {self._suggest_name(name, self._definition_names)}"
            )
            return _DefinitionMatch(None, Problem("/jobDefinition", message, rule="portal.unknown-definition"))
        return _DefinitionMatch(None, _not_runnable_problem(name, number, "/jobDefinition", revisions, runnable))

    @cached_property
    def _queue_names(self) -> "_NameList":
        return _NameList.of(queue.name for queue in self.granted)

    @cached_property
    def _definition_names(self) -> "_NameList":
        return _NameList.of(self._usable.values_list("name", flat=True))

    def _suggest_name(self, name: str, candidates: "_NameList") -> str:
        self._comparisons -= len(candidates.names)
        close_names = difflib.get_close_matches(name, candidates.names, n=1) if self._comparisons >= 0 else []
        return f"Did you mean {quote(close_names[0])}?" if close_names else candidates.sentence

    def _check_referenced_jobs(
        self, steps: Sequence[Document], prefixes: Sequence[str], account: Account | None
    ) -> None:
        """Refuse jobs of other teams: their ids would reveal how they go."""
        references = [
            reference
            for step, prefix in zip(steps, prefixes, strict=True)
            for reference in _job_references(step, prefix)
        ]
        parent_ids = {_parent_job_id(reference.job_id) for reference in references}
        jobs = Job.objects.filter(team=self.team, batch_id__in=parent_ids)
        parents = {
            job.batch_id: job for job in jobs.only("batch_id", "account", "name", "delivery", "state", "array_size")
        }
        for reference in references:
            job_id, pointer = reference.job_id, f"{reference.pointer}/jobId"
            parent = parents.get(_parent_job_id(job_id))
            if parent is None:
                message = f"{self.team} has no job {quote(job_id)}. A job can wait only for jobs of its own team."
                self.problems.append(Problem(pointer, message, rule="portal.unknown-job"))
            elif account and account.pk != parent.account_id:
                message = (
                    f"Job {quote(job_id)} is in another AWS account. A job can wait only for jobs in its own account."
                )
                self.problems.append(Problem(pointer, message, rule="portal.several-accounts"))
            elif parent.status.is_final and not parent.status.is_success:
                message = (
                    f"Job {quote(parent.name)} has the status {parent.status.label}, so a job that depends on it "
                    "can't start. Remove the dependency, or run that job again first."
                )
                self.problems.append(Problem(pointer, message, rule="portal.dependency-failed"))
            elif problem := reference.pair_problem(parent):
                self.problems.append(problem)


@dataclass(frozen=True)
class _DefinitionMatch:
    revision: Revision | None
    problem: Problem | None


@dataclass(frozen=True)
class _NameList:
    names: tuple[str, ...]
    sentence: str

    @classmethod
    def of(cls, names: Iterable[str]) -> "_NameList":
        unique_names = tuple(sorted(set(names)))
        return cls(unique_names, f"It has {join_words(unique_names)}." if unique_names else "It has none yet.")


@dataclass(frozen=True)
class _JobReference:
    """A dependency on a job that exists."""

    pointer: str
    job_id: str
    type: str
    size: int | None
    """Of the array that waits."""

    def pair_problem(self, parent: Job) -> Problem | None:
        """Source: “Array jobs”, AWS Batch User Guide: N_TO_N needs two arrays of equal size."""
        if self.type != "N_TO_N" or self.size is None:  # `dependencies.n-to-n-without-array` says that this is none
            return None
        if parent.array_size is None or self.job_id != parent.batch_id:
            name = quote(parent.name)
            what = f"{name} isn't an array" if parent.array_size is None else f"this ID is of one child job of {name}"
            message = f"N_TO_N pairs the child jobs of two arrays, but {what}."
            rule = "portal.n-to-n-without-array"
        elif parent.array_size != self.size:
            message = (
                f"N_TO_N needs arrays of equal size; this job has {self.size:,} child jobs and {quote(parent.name)} "
                f"has {parent.array_size:,}."
            )
            rule = "portal.n-to-n-sizes"
        else:
            return None
        here = f"{self.pointer}/type"
        return Problem(here, message, rule=rule, fix=({"op": "remove", "path": here},))


def _job_references(step: Document, prefix: str = "") -> Iterator[_JobReference]:
    for number, entry in enumerate(list_at(step, "dependsOn")):
        job_id = text_at(entry, "jobId")
        if JOB_ID.fullmatch(job_id):
            pointer = prefix + join_pointer("dependsOn", number)
            yield _JobReference(pointer, job_id, text_at(entry, "type"), array_size(step))


def _parent_job_id(job_id: str) -> str:
    return job_id.partition(":")[0]


def _only_account(team: Team, problems: list[Problem]) -> Account | None:
    accounts = list(Account.objects.usable_by(team)[:2])
    if len(accounts) == 1:
        return accounts[0]
    message = (
        f"{team} uses several AWS accounts. Choose the one to register in."
        if accounts
        else f"{team} has no queue, and so no AWS account to register in. Ask an administrator to grant it a queue."
    )
    problems.append(Problem("", message, rule="portal.which-account"))
    return None


def _not_runnable_problem(
    name: str, number: int | None, pointer: str, revisions: Sequence[Revision], runnable: Sequence[Revision]
) -> Problem:
    definition = next((revision.definition for revision in revisions if revision.definition.archived_at), None)
    if definition and not runnable:
        return _archived_problem(definition, pointer, "It accepts no more jobs.")
    if number is None and any(revision.registration == Registration.ACCEPTED for revision in revisions):
        message = f"Job definition {quote(name)} is still being registered. Try again in a few seconds."
        return Problem(pointer, message, rule="portal.unknown-definition")
    numbers = sorted({revision.number for revision in runnable if revision.number})
    available = f"It has {join_words(map(str, numbers))}." if numbers else "None of its revisions is active."
    inactive = next(
        (revision for revision in revisions if revision.deactivated_at and number in (None, revision.number)), None
    )
    if inactive and inactive.deactivated_at:
        message = (
            f"{inactive} was deactivated on {_format_day(inactive.deactivated_at)} and accepts no more jobs. "
            f"{available}"
        )
        return Problem(pointer, message, rule="portal.definition-deactivated")
    description = f"revision {number}" if number else "active revision"
    message = f"Job definition {quote(name)} has no {description}. {available}"
    return Problem(pointer, message, rule="portal.unknown-definition")


def _archived_problem(definition: Definition, pointer: str, advice: str) -> Problem:
    date_text = f" on {_format_day(definition.archived_at)}" if definition.archived_at else ""
    message = f"Job definition {quote(definition.name)} was deactivated{date_text}. {advice}"
    return Problem(pointer, message, rule="portal.definition-deactivated")


def _deprecation_warning(definition: Definition) -> Problem | None:
    if definition.deprecated_at is None:
        return None
    advice = f"Use {quote(definition.successor.name)} instead." if definition.successor else "It has no successor."
    message = f"Job definition {quote(definition.name)} is deprecated. {advice}"
    return Problem("/jobDefinition", message, Severity.WARNING, "portal.definition-deprecated")


def _format_day(time: datetime) -> str:
    return f"{time.astimezone(UTC):%-d %b %Y}"
