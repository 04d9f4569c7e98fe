"""Default tags, time limits and sizes."""

from collections.abc import Sequence
from dataclasses import replace

from jobs.actions.resolution import ResolvedJob
from jobs.policy.grants import TeamGrants
from jobs.policy.tags import PORTAL, AppliedTag, tags_to_apply
from jobs.spec.documents import Document, DocumentKind, is_object, list_at
from jobs.spec.forms import units
from jobs.spec.parsing.parser import ParseResult
from jobs.spec.problems import DocumentChange, join_pointer, truncate
from jobs.spec.rules.required_size import apply_default_size
from jobs.spec.time_limit import timeout_seconds


def apply_tag_defaults(reading: ParseResult, targets: Sequence[ResolvedJob], grants: TeamGrants) -> ParseResult:
    if reading.kind is DocumentKind.DEFINITION:
        return _with_default_size(reading, grants)
    if not (grants.tags or grants.default_time_limit_seconds):
        return reading
    steps = list_at(reading.document, "jobs") if reading.kind is DocumentKind.WORKFLOW else [reading.document]
    pointers_by_tag: dict[AppliedTag, list[str]] = {}  # pointers by tag
    pointers_by_limit: dict[int, list[str]] = {}
    documents: list[Document] = []
    for step, target in zip(steps, targets, strict=True):
        if not is_object(step):
            documents.append(step)
            continue
        tags = list(tags_to_apply(step, target.definition, grants.tags, grants.team))
        for tag in tags:
            pointers_by_tag.setdefault(tag, []).append(target.pointer + join_pointer("tags", tag.key))
        seconds = _default_time_limit(step, target, grants)
        if seconds:
            pointers_by_limit.setdefault(seconds, []).append(f"{target.pointer}/timeout/attemptDurationSeconds")
        documents.append(_with_limit(_with_tags(step, tags), seconds))
    if not pointers_by_tag and not pointers_by_limit:
        return reading
    document = {**reading.document, "jobs": documents} if reading.kind is DocumentKind.WORKFLOW else documents[0]
    changes = [_tag_change(tag, pointers) for tag, pointers in pointers_by_tag.items()]
    changes += [_limit_change(seconds, pointers, grants.team) for seconds, pointers in pointers_by_limit.items()]
    return replace(reading, document=document, changes=(*reading.changes, *changes))


def _with_default_size(reading: ParseResult, grants: TeamGrants) -> ParseResult:
    if grants.default_size is None:
        return reading
    source = grants.team if grants.default_size_owner == "team" else PORTAL
    document, changes = apply_default_size(reading.document, grants.default_size, source)
    sourced_changes = [replace(change, rule_owner=grants.default_size_owner) for change in changes]
    return replace(reading, document=document, changes=(*reading.changes, *sourced_changes))


def _default_time_limit(step: Document, target: ResolvedJob, grants: TeamGrants) -> int | None:
    default = grants.default_time_limit_seconds
    has_limit = "timeout" in step or timeout_seconds(target.definition) is not None
    if not default or target.revision is None or has_limit:
        return None
    limits = grants.queues.get(target.queue.pk) if target.queue else None
    return min(default, limits.run_seconds) if limits and limits.run_seconds else default


def _limit_change(seconds: int, pointers: Sequence[str], team: str) -> DocumentChange:
    message = f"The time limit was set to {units.format_seconds(seconds)} by {team}{_job_count_suffix(pointers)}"
    return DocumentChange(pointers[0], message, rule_owner="team")


def _with_limit(step: Document, seconds: int | None) -> Document:
    return {**step, "timeout": {"attemptDurationSeconds": seconds}} if seconds else step


def _with_tags(step: Document, tags: Sequence[AppliedTag]) -> Document:
    if not tags:
        return step
    return {**step, "tags": {**step.get("tags", {}), **{tag.key: tag.value for tag in tags}}}


def _tag_change(tag: AppliedTag, pointers: Sequence[str]) -> DocumentChange:
    message = f"{truncate(tag.key)} was set to {truncate(tag.value)} by {tag.source}{_job_count_suffix(pointers)}"
    return DocumentChange(pointers[0], message, rule_owner="portal" if tag.source == PORTAL else "team")


def _job_count_suffix(pointers: Sequence[str]) -> str:
    return f" ({len(pointers)} jobs)" if len(pointers) > 1 else ""
