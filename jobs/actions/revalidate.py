"""Re-check of a validation result under the lock of the team's row.

A document is parsed and validated without a lock, because SQLite has one for the whole database and a large workflow
takes seconds. Under the lock only what may have changed since is read again: grants, queues, definitions and quotas.
"""

from dataclasses import replace

from jobs.access import Member
from jobs.actions.submission_estimate import compare_with_thresholds
from jobs.actions.validate import ValidationResult, validate
from jobs.models import Account, Definition, Queue, QueueGrant, Revision
from jobs.policy.grants import TeamGrants, queue_usage, read_queue_grants
from jobs.policy.quotas import limited_queues, quota_violations
from jobs.spec.parsing.parser import ParseResult


def revalidate(
    result: ValidationResult, reading: ParseResult, member: Member, account: Account | None
) -> ValidationResult:
    """Return the result as of now. `member.team` is the team's row, which the caller has locked.

    `reading` and `account` are those that `result` was made from. The document is validated again only if something
    changed. Thresholds for approval are always compared again: they count the submissions of the day.
    """
    queue_grants = read_queue_grants(member.team)
    grants = TeamGrants.for_team(member.team, queue_grants)
    if (
        grants != result.grants
        or not _are_queues_unchanged(result, queue_grants)
        or not _are_revisions_runnable(result, member)
        or not _are_quotas_kept(result, member)
    ):
        return validate(reading, member, account)
    if result.estimate is None:
        return result
    return replace(result, estimate=compare_with_thresholds(result.estimate, member.team, member.user))


def _are_queues_unchanged(result: ValidationResult, queue_grants: list[QueueGrant]) -> bool:
    current = {grant.queue_id: _queue_version(grant.queue) for grant in queue_grants}
    queues = {target.queue for target in result.resolved_jobs if target.queue}
    return all(current.get(queue.pk) == _queue_version(queue) for queue in queues)


def _queue_version(queue: Queue) -> tuple[object, ...]:
    return (queue.state, queue.status, queue.removed_at, queue.seen_at)


def _are_revisions_runnable(result: ValidationResult, member: Member) -> bool:
    revisions = {target.revision.pk for target in result.resolved_jobs if target.revision}
    if not revisions:
        return True
    usable = Definition.objects.usable_by(member.team)
    return Revision.objects.runnable().filter(pk__in=revisions, definition__in=usable).count() == len(revisions)


def _are_quotas_kept(result: ValidationResult, member: Member) -> bool:
    if result.estimate is None:
        return True
    requests = list(result.estimate.summary.requests.values())
    limited = limited_queues(requests, result.grants)
    usage = queue_usage(member.team, limited) if limited else {}
    return next(quota_violations(requests, result.grants, usage), None) is None
