"""Approval requests. Page functions raise InvalidPageCursorError."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.utils.dateparse import parse_datetime

from jobs.models import Approval, ApprovalEdit, Decision, Job, Membership, Role, Submission, Team, User
from jobs.models.approval import ApprovalQuerySet
from jobs.models.pagination import KeysetPage, key_of, paginate
from jobs.spec import effective
from jobs.spec.diff import DocumentDifference, diff_documents, diff_steps
from jobs.spec.documents import Document, DocumentKind, object_at, value_at
from jobs.spec.effective import EffectiveJob
from jobs.spec.masked_source import mask_texts
from jobs.spec.normalize import normalize
from jobs.states import Delivery

PAGE_SIZE = 50
MAX_JOBS_SHOWN = 20
MAX_CHANGES_SHOWN = 40
# The badge counts no further.
COUNT_LIMIT = 99

_LABEL_KEYS = ("jobName", "tags", "propagateTags", "dependsOn")
"""Keys of a request that change nothing in what runs."""


@dataclass(frozen=True)
class RequestedJobCost:
    """None is unknown, and `unknown` says why. `limit_seconds` is 0 without a limit."""

    name: str
    runs: int
    attempts: int
    limit_seconds: int
    expected_seconds: float | None
    earlier_runs: int
    expected_usd: Decimal | None
    expected_high_usd: Decimal | None
    at_most_usd: Decimal | None
    unknown: tuple[str, ...]
    shares: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class RequestCost:
    expected_usd: Decimal | None
    expected_high_usd: Decimal | None
    at_most_usd: Decimal | None
    at_most_vcpu_hours: Decimal | None
    made_at: datetime | None
    jobs: tuple[RequestedJobCost, ...]
    more_jobs: int
    more_at_most_usd: Decimal | None


@dataclass(frozen=True)
class RequestedJob:
    job: Job
    will_run: EffectiveJob
    last_run: Job | None
    changes: list[str]
    definition_changes: list[str]

    @property
    def uses_other_revision(self) -> bool:
        return self.last_run is not None and self.last_run.revision_id != self.job.revision_id

    @property
    def is_identical(self) -> bool:
        return not (self.changes or self.uses_other_revision)


def waiting_approvals(team: Team, user: User, after: str = "") -> KeysetPage[Approval]:
    requests = Approval.objects.waiting().filter(team=team).with_escalated_by(user)
    return _page(requests, Approval.objects.filter(team=team), "pk", after)


def decided_approvals(team: Team, before: str = "") -> KeysetPage[Approval]:
    requests = Approval.objects.filter(team=team)
    return _page(requests.filter(decided_at__isnull=False), requests, "-pk", before)


def approvals_to_decide(user: User, after: str = "") -> KeysetPage[Approval]:
    return _page(Approval.objects.decidable_by(user), Approval.objects.visible_to(user), "pk", after)


def count_to_decide(user: User, team: Team) -> int:
    return Approval.objects.decidable_by(user).filter(team=team).order_by()[: COUNT_LIMIT + 1].count()


def possible_approvers(approval: Approval) -> list[str]:
    leads = Membership.objects.filter(team=approval.team_id, role=Role.LEAD, user__is_active=True)
    raisers = approval.edits.all().escalating().values("editor")
    others = leads.exclude(user=approval.requester_id).exclude(user__in=raisers)
    return [lead.user.display_name for lead in others.select_related("user").order_by("user__username")]


def request_cost(stored: Mapping[str, Any]) -> RequestCost:
    """Read an estimate as `CostEstimate.as_json` has it."""
    rest = object_at(stored, "more")
    return RequestCost(
        expected_usd=_decimal(value_at(stored, "expected", "usd")),
        expected_high_usd=_decimal(value_at(stored, "expected_high", "usd")),
        at_most_usd=_decimal(value_at(stored, "at_most", "usd")),
        at_most_vcpu_hours=_decimal(value_at(stored, "at_most", "vcpu_hours")),
        made_at=parse_datetime(stored.get("made_at") or ""),
        jobs=tuple(_job_cost(job) for job in stored.get("jobs", ())),
        more_jobs=int(rest.get("jobs", 0)),
        more_at_most_usd=_decimal(value_at(rest, "at_most", "usd")),
    )


def request_edits(approval: Approval) -> list[ApprovalEdit]:
    return list(approval.edits.select_related("editor"))


def requested_jobs(approval: Approval) -> list[RequestedJob]:
    related = ("queue", "revision__definition", "account")
    rows = approval.submission.jobs.filter(rerun=approval.rerun).select_related(*related)
    if approval.rerun:
        again = rows.select_related("repeats__queue", "repeats__revision__definition").order_by("position")
        return rerun_jobs([(job, job.repeats) for job in again[:MAX_JOBS_SHOWN] if job.repeats])
    jobs = list(rows.order_by("position")[:MAX_JOBS_SHOWN])
    last = _last_runs(approval.submission, {job.revision.definition_id for job in jobs})
    return [_requested_job(job, last.get(job.revision.definition_id)) for job in jobs]


def rerun_jobs(jobs: Sequence[tuple[Job, Job]]) -> list[RequestedJob]:
    """Compare jobs, which may be unsaved, with those that they run again."""
    return [_requested_job(job, repeated) for job, repeated in jobs[:MAX_JOBS_SHOWN]]


def shown_rerun_request(submission: Submission) -> Approval | None:
    """Return the newest request for jobs to run again, unless others have run again since it was declined."""
    request = next(iter(submission.rerun_requests), None)
    if request is None or request.decision == Decision.WITHDRAWN:
        return None
    is_outdated = request.decision == Decision.DECLINED and submission.reruns.filter(pk__gt=request.rerun_id).exists()
    return None if is_outdated else request


def waiting_rerun_of(job: Job) -> Approval | None:
    """Return a waiting request for a job to run again, or for indexes of an array."""
    requests = Approval.objects.waiting().filter(submission=job.submission_id, rerun__isnull=False)
    request = requests.prefetch_related("rerun", "requester").first()  # there is hardly ever one
    if request is None or request.rerun is None or job.superseded:
        return None
    array_job = request.rerun.array_job_id
    is_own = array_job == job.pk if array_job else job.name in request.rerun.job_names
    return request if is_own else None


def _page(
    requests: ApprovalQuerySet, all_requests: ApprovalQuerySet, order: str, cursor: str
) -> KeysetPage[Approval]:
    related = requests.select_related("team", "requester", "rerun", "submission", "decided_by")
    return paginate(
        related.defer("submission__text", "submission__document", "submission__notes", "rerun__text"),
        order,
        size=PAGE_SIZE,
        cursor_of=lambda approval: approval.text_id,
        after=key_of(all_requests, cursor, order),
    )


def _last_runs(submission: Submission, definitions: set[int]) -> Mapping[int, Job]:
    last_runs: dict[int, Job] = {}
    for definition in definitions:
        runs = Job.objects.filter(team=submission.team_id, revision__definition=definition, delivery=Delivery.SENT)
        runs = runs.exclude(submission=submission).filter(submission__lt=submission.pk)
        job = runs.select_related("queue", "revision__definition").defer("raw").order_by("-pk").first()
        if job:
            last_runs[definition] = job
    return last_runs


def _requested_job(job: Job, last: Job | None) -> RequestedJob:
    will_run = effective.effective_job(job.revision.document, job.document)
    if last is None:
        return RequestedJob(job, will_run, None, [], [])
    changes = _sentences(_normalized_request(last), _normalized_request(job))
    definition_changes = (
        _sentences(
            normalize(last.revision.document, DocumentKind.DEFINITION),
            normalize(job.revision.document, DocumentKind.DEFINITION),
        )
        if last.revision_id != job.revision_id
        else []
    )
    return RequestedJob(job, will_run, last, changes, definition_changes)


def _sentences(before: Document, after: Document) -> list[str]:
    return change_sentences(diff_documents(before, after), MAX_CHANGES_SHOWN)


@dataclass(frozen=True)
class DocumentChanges:
    """`step` is empty for what isn't within a step."""

    step: str
    sentences: Sequence[str]


def document_changes(before: Document, after: Document, limit: int) -> list[DocumentChanges]:
    """Return the first differences by step, without secret values, and how many more there are."""
    differences = [(step, difference) for step, group in diff_steps(before, after) for difference in group]
    sentences = mask_texts([difference.sentence for _, difference in differences[:limit]], before)
    pairs = zip([step for step, _ in differences], mask_texts(sentences, after), strict=False)
    changes = [
        DocumentChanges(step, [sentence for _, sentence in group]) for step, group in groupby(pairs, itemgetter(0))
    ]
    more = len(differences) - limit
    return [*changes, DocumentChanges("", [_more_changes(more)])] if more > 0 else changes


def change_sentences(differences: Sequence[DocumentDifference], limit: int) -> list[str]:
    """Return the first of them, and how many more there are."""
    sentences = [difference.sentence for difference in differences[:limit]]
    more = len(differences) - limit
    return [*sentences, _more_changes(more)] if more > 0 else sentences


def _more_changes(count: int) -> str:
    return f"{count:,} more change{'s' * (count != 1)} in the document."


def _normalized_request(job: Job) -> Document:
    """Return what runs and where, without what tells two runs of the same apart."""
    document = {key: value for key, value in job.document.items() if key not in _LABEL_KEYS}
    document |= {"jobQueue": job.queue.name, "jobDefinition": job.revision.definition.name}
    # Without overrides every override of the other would be one change: "an object".
    return {"containerOverrides": {}, **normalize(document, DocumentKind.SUBMISSION)}


def _job_cost(stored: Mapping[str, Any]) -> RequestedJobCost:
    seconds = stored["expected_seconds"]
    return RequestedJobCost(
        name=stored["name"],
        runs=stored["runs"],
        attempts=stored["attempts"],
        limit_seconds=stored["limit_seconds"],
        expected_seconds=None if seconds is None else float(seconds),
        earlier_runs=stored["earlier_runs"],
        expected_usd=_decimal(stored["expected"]["usd"]),
        expected_high_usd=_decimal(value_at(stored, "expected_high", "usd")),
        at_most_usd=_decimal(stored["at_most"]["usd"]),
        unknown=tuple(stored["unknown"]),
        shares=tuple(stored["shares"]),
    )


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
