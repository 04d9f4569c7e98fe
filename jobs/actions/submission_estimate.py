"""How much a submission is: what it is expected to cost, what at most, and whether someone has to agree before."""

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

# AWS takes no longer time limit.
LONGEST_LIMIT = 2**31 - 1


@dataclass(frozen=True)
class Weight:
    """A submission as `policy` compares it, its estimate, and why it would wait for approval."""

    request: Request
    estimate: Estimate
    reasons: tuple[Reason, ...] = ()


def weigh(
    jobs: Iterable[tuple[str, JobAsk, Revision]], account: Account, team: Team, run_times: Mapping[int, Span]
) -> Weight:
    """Return the weight of all jobs of a submission together, at this moment, without a look at the thresholds."""
    named = _by_name(jobs)
    planned = (_planned(name, ask, revision, account) for name, (ask, revision) in named.items())
    estimated = estimate(planned, run_times, rates.read(), now())
    asks = {name: ask for name, (ask, _) in named.items()}
    at_most = estimated.at_most
    return Weight(Request(team.name, asks, at_most.usd, at_most.vcpu_hours), estimated)


def compare_with_thresholds(weight: Weight, team: Team, person: User) -> Weight:
    """Return it with why it would wait for approval if `person` submitted it now. One query, if the team has any."""
    if not team.asks_for_approval:
        return weight
    today = daily_usage(person, team, now())
    request = replace(weight.request, person=person.display_name, today=today)
    return replace(weight, request=request, reasons=tuple(reasons_to_wait(request, Thresholds.of(team))))


def _by_name(jobs: Iterable[tuple[str, JobAsk, Revision]]) -> Mapping[str, tuple[JobAsk, Revision]]:
    """Jobs of one name are told apart by which of them it is."""
    named: dict[str, tuple[JobAsk, Revision]] = {}
    count: dict[str, int] = {}
    for name, ask, revision in jobs:
        key = name
        while key in named:
            count[name] = count.get(name, 1) + 1
            key = f"{name} ({count[name]})"
        named[key] = (ask, revision)
    return named


def _planned(name: str, ask: JobAsk, revision: Revision, account: Account) -> PlannedJob:
    size = Size(
        platform=ask.size.platform,
        architecture=ask.size.architecture,
        region=account.region,
        vcpus=ask.size.vcpus,
        memory_mib=ask.size.memory_mib,
        gpus=ask.size.gpus,
        ephemeral_gib=ask.size.ephemeral_gib,
    )
    limit = min(ask.run_seconds, LONGEST_LIMIT)
    unknown = f"How large it is can't be told, because {ask.size.unknown[0].reason}." if ask.size.unknown else ""
    return PlannedJob(name, size, ask.runs, ask.attempts, limit, revision.definition_id, unknown)
