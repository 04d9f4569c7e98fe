"""Estimate of a submission, and reasons for approval."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from django.utils.timezone import now

from jobs.actions.daily_usage import daily_usage
from jobs.models import Account, BudgetTerms, Revision, Team, User
from jobs.policy.approval import ApprovalReason, ApprovalThresholds, SubmissionSummary, approval_reasons
from jobs.policy.budgets import (
    BudgetCharge,
    BudgetState,
    budget_approval_reasons,
    build_charge,
    covering_budgets,
)
from jobs.policy.requests import JobRequest
from jobs.pricing import rates
from jobs.pricing.estimate import CostEstimate, PlannedJob, estimate_cost
from jobs.pricing.receipt import PricedSize
from jobs.pricing.run_statistics import RunHistory
from jobs.pricing.spend import budget_day, budget_usage

MAX_TIME_LIMIT_SECONDS = 2**31 - 1


@dataclass(frozen=True)
class SubmissionEstimate:
    summary: SubmissionSummary
    cost: CostEstimate
    charges: tuple[BudgetCharge, ...] = ()
    """To the budgets that cover some of the jobs."""
    reasons: tuple[ApprovalReason, ...] = ()


def estimate_submission(
    jobs: Iterable[tuple[str, JobRequest, Revision]],
    account: Account,
    team: Team,
    history: RunHistory,
) -> SubmissionEstimate:
    jobs_by_name = _with_unique_names(jobs)
    plans = (plan_job(name, request, revision, account) for name, (request, revision) in jobs_by_name.items())
    cost = estimate_cost(plans, history, rates.read_rates(), now())
    requests = {name: request for name, (request, _) in jobs_by_name.items()}
    at_most = cost.at_most
    return SubmissionEstimate(SubmissionSummary(team.name, requests, at_most.usd, at_most.vcpu_hours), cost)


def compare_with_thresholds(estimate: SubmissionEstimate, team: Team, person: User) -> SubmissionEstimate:
    budget_reasons = budget_approval_reasons(estimate.charges)
    if not team.has_approval_thresholds:
        return replace(estimate, reasons=tuple(budget_reasons))
    usage = daily_usage(person, team, now())
    summary = replace(estimate.summary, person=person.display_name, today=usage)
    reasons = approval_reasons(summary, ApprovalThresholds.for_team(team))
    return replace(estimate, summary=summary, reasons=(*reasons, *budget_reasons))


def charge_budgets(estimate: SubmissionEstimate, team: Team, budgets: Sequence[BudgetTerms]) -> SubmissionEstimate:
    """Read what the budgets of the jobs have spent and reserved by now."""
    requests = estimate.summary.requests
    budgets = covering_budgets(budgets, requests.values())
    if not budgets:
        return replace(estimate, charges=())
    today = budget_day(team)
    usage = budget_usage(team, budgets, today)
    amounts = [job.at_most.usd for job in estimate.cost.jobs]
    states = (BudgetState(team.name, budget, usage[budget.pk], today) for budget in budgets)
    return replace(estimate, charges=tuple(build_charge(state, requests, amounts) for state in states))


def _with_unique_names(jobs: Iterable[tuple[str, JobRequest, Revision]]) -> Mapping[str, tuple[JobRequest, Revision]]:
    jobs_by_name: dict[str, tuple[JobRequest, Revision]] = {}
    count: dict[str, int] = {}
    for name, request, revision in jobs:
        key = name
        while key in jobs_by_name:
            count[name] = count.get(name, 1) + 1
            key = f"{name} ({count[name]})"
        jobs_by_name[key] = (request, revision)
    return jobs_by_name


def plan_job(name: str, request: JobRequest, revision: Revision, account: Account) -> PlannedJob:
    size = PricedSize.of(request.size, account.region, request.environments, request.size.nodes)
    limit_seconds = min(request.run_seconds, MAX_TIME_LIMIT_SECONDS)
    unknown_reason = f"The resources are unknown. {request.size.unknown[0].reason}" if request.size.unknown else ""
    return PlannedJob(
        name=name,
        size=size,
        runs=request.runs,
        attempts=request.attempts,
        limit_seconds=limit_seconds,
        definition=revision.definition_id,
        size_unknown=unknown_reason,
        command=request.command,
    )
