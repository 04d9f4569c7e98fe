"""How much a submission is: what it will probably cost and take, and whether someone has to agree before."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.timezone import now

from jobs.models import Account, Revision, Team
from jobs.policy.approval import Reason, Request, Thresholds, reasons_to_wait
from jobs.policy.asks import JobAsk
from jobs.pricing import rates
from jobs.pricing.estimate import Size
from jobs.pricing.forecast import Forecast, Planned, forecast, usual_lengths


@dataclass(frozen=True)
class Weight:
    """A submission as `policy` compares it, how its price was come by, and why it would wait for approval."""

    request: Request
    forecast: Forecast
    reasons: tuple[Reason, ...]


def weigh(jobs: Iterable[tuple[str, JobAsk, Revision]], account: Account, team: Team) -> Weight:
    """The weight of all jobs of a submission together, at this moment."""
    named = _by_name(jobs)
    planned = [_planned(name, ask, revision, account) for name, (ask, revision) in named.items()]
    lengths = usual_lengths(team, (job.definition for job in planned))
    will_be = forecast(planned, lengths, rates.read(), now())
    asks = {name: ask for name, (ask, _) in named.items()}
    request = Request(team.name, asks, will_be.usd, will_be.vcpu_hours)
    return Weight(request, will_be, tuple(reasons_to_wait(request, Thresholds.of(team))))


def _by_name(jobs: Iterable[tuple[str, JobAsk, Revision]]) -> Mapping[str, tuple[JobAsk, Revision]]:
    """Jobs of one name are told apart by which of them it is."""
    named: dict[str, tuple[JobAsk, Revision]] = {}
    for name, ask, revision in jobs:
        key, number = name, 1
        while key in named:
            number += 1
            key = f"{name} ({number})"
        named[key] = (ask, revision)
    return named


def _planned(name: str, ask: JobAsk, revision: Revision, account: Account) -> Planned:
    size = Size(
        platform=ask.size.platform,
        architecture=ask.size.architecture,
        region=account.region,
        vcpus=ask.size.vcpus,
        memory_mib=ask.size.memory_mib,
        gpus=ask.size.gpus,
        ephemeral_gib=ask.size.ephemeral_gib,
    )
    return Planned(name, size, ask.runs, revision.definition_id, ask.run_seconds)
