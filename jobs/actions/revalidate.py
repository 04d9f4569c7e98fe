"""Re-check of a validation result under the team's lock.

Validation takes none: SQLite has one lock for the database, and a large workflow takes seconds.
"""

from collections.abc import Iterable
from dataclasses import replace

from django.db.models import QuerySet, TextField, Value
from django.db.models.functions import Cast

from jobs.access import Member
from jobs.actions.submission_estimate import charge_budgets, compare_with_thresholds
from jobs.actions.validate import ValidationResult, validate
from jobs.models import Account, Definition, Revision, Submission, Team
from jobs.policy.budgets import budget_violations
from jobs.policy.grants import GrantRow, TeamGrants, grant_rows, queue_usage
from jobs.policy.quotas import limited_queues, quota_violations
from jobs.spec.parsing.parser import ParseResult

_REVISION = "revision"


def revalidate(
    result: ValidationResult, reading: ParseResult, member: Member, account: Account | None
) -> ValidationResult:
    """Use `member.team`, which the caller has locked."""
    rows = list(grant_rows(member.team).union(_runnable_revisions(result, member), all=True))
    grants = TeamGrants.from_rows(member.team, rows)
    if (
        grants != result.grants
        or grants.queue_versions != result.grants.queue_versions
        or not _are_revisions_runnable(result, rows)
        or not _are_quotas_kept(result, member)
    ):
        return validate(reading, member, account, is_form=result.is_form)
    if result.estimate is None:
        return result
    estimate = charge_budgets(result.estimate, member.team, grants.budgets)
    if any(budget_violations(estimate.charges)):
        return validate(reading, member, account, is_form=result.is_form)
    return replace(result, estimate=compare_with_thresholds(estimate, member.team, member.user))


def with_thresholds_of(submission: Submission, result: ValidationResult, team: Team) -> ValidationResult:
    """Compare with what the person of the submission has used today: jobs added to it count as theirs."""
    if not result.is_valid or result.estimate is None:
        return result
    return replace(result, estimate=compare_with_thresholds(result.estimate, team, submission.person))


def _runnable_revisions(result: ValidationResult, member: Member) -> QuerySet[Revision, GrantRow]:
    usable = Definition.objects.usable_by(member.team)
    revisions = Revision.objects.runnable().filter(pk__in=_revision_ids(result), definition__in=usable)
    return revisions.order_by().values_list(Value(_REVISION, output_field=TextField()), Cast("pk", TextField()))


def _are_revisions_runnable(result: ValidationResult, rows: Iterable[GrantRow]) -> bool:
    return _revision_ids(result) == {int(content) for kind, content in rows if kind == _REVISION}


def _revision_ids(result: ValidationResult) -> set[int]:
    return {target.revision.pk for target in result.resolved_jobs if target.revision}


def _are_quotas_kept(result: ValidationResult, member: Member) -> bool:
    if result.estimate is None:
        return True
    requests = list(result.estimate.summary.requests.values())
    limited = limited_queues(requests, result.grants)
    usage = queue_usage(member.team, limited) if limited else {}
    return next(quota_violations(requests, result.grants, usage), None) is None
