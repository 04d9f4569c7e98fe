"""Estimate of a submission: expected and highest cost, and reasons for approval."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from django.utils.timezone import now

from jobs.actions.daily_usage import daily_usage
from jobs.models import Account, Revision, Team, User
from jobs.policy.approval import Reason, Request, Thresholds, reasons_to_wait
from jobs.policy.requests import JobAsk
from jobs.pricing import rates
from jobs.pricing.estimate import Estimate, PlannedJob, estimate
from jobs.pricing.receipt import Size
from jobs.pricing.run_statistics import Span

# The largest time limit that AWS takes.
LONGEST_LIMIT = 2**31 - 1


@dataclass(frozen=True)
class Weight:
    """A submission as policy compares it, its cost, and why it would wait for approval."""

    request: Request
    estimate: Estimate
    reasons: tuple[Reason, ...] = ()


def weigh(
    jobs: Iterable[tuple[str, JobAsk, Revision]], account: Account, team: Team, run_times: Mapping[int, Span]
) -> Weight:
    """Estimate all jobs of a submission at today's rates, without a comparison with thresholds."""
    jobs_by_name = _by_name(jobs)
    plans = (_planned(name, request, revision, account) for name, (request, revision) in jobs_by_name.items())
    cost = estimate(plans, run_times, rates.read(), now())
    requests = {name: request for name, (request, _) in jobs_by_name.items()}
    at_most = cost.at_most
    return Weight(Request(team.name, requests, at_most.usd, at_most.vcpu_hours), cost)


def compare_with_thresholds(estimate: Weight, team: Team, person: User) -> Weight:
    """Add why it would wait for approval if `person` submitted it now. One query if the team has thresholds."""
    if not team.asks_for_approval:
        return estimate
    usage = daily_usage(person, team, now())
    summary = replace(estimate.request, person=person.display_name, today=usage)
    return replace(estimate, request=summary, reasons=tuple(reasons_to_wait(summary, Thresholds.of(team))))


def _by_name(jobs: Iterable[tuple[str, JobAsk, Revision]]) -> Mapping[str, tuple[JobAsk, Revision]]:
    """Append a number to a name that several jobs share."""
    jobs_by_name: dict[str, tuple[JobAsk, Revision]] = {}
    count: dict[str, int] = {}
    for name, request, revision in jobs:
        key = name
        while key in jobs_by_name:
            count[name] = count.get(name, 1) + 1
            key = f"{name} ({count[name]})"
        jobs_by_name[key] = (request, revision)
    return jobs_by_name


def _planned(name: str, request: JobAsk, revision: Revision, account: Account) -> PlannedJob:
    size = Size(
        platform=request.size.platform,
        architecture=request.size.architecture,
        region=account.region,
        vcpus=request.size.vcpus,
        memory_mib=request.size.memory_mib,
        gpus=request.size.gpus,
        ephemeral_gib=request.size.ephemeral_gib,
    )
    limit_seconds = min(request.run_seconds, LONGEST_LIMIT)
    unknown_reason = (
        f"How large it is can't be told, because {request.size.unknown[0].reason}." if request.size.unknown else ""
    )
    return PlannedJob(
        name, size, request.runs, request.attempts, limit_seconds, revision.definition_id, unknown_reason
    )
