"""Mirrors the queues of an account, in two steps, so that an admin can look at the difference before it is applied.

What AWS no longer names is marked as gone and kept: history points to it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction
from django.utils.timezone import now

from jobs.aws import infrastructure
from jobs.aws.answers import Answer
from jobs.aws.errors import AwsError
from jobs.aws.session import Purpose, client_for
from jobs.models import Account, Queue

MIRRORED = ("arn", "state", "status", "status_reason", "priority", "platform")


@dataclass(frozen=True)
class QueueChange:
    """One queue that AWS describes otherwise than the mirror: what is new, gone or different."""

    name: str
    kind: str  # new, changed, gone, back
    fields: Mapping[str, tuple[Any, Any]]


def read_queues(account: Account) -> None:
    """Ask AWS for the account's queues and keep the answer beside the mirror.

    Raises one of `jobs.aws.errors`, after it was noted on the account.
    """
    try:
        client = client_for(account, "batch", Purpose.READ)
        seen = infrastructure.queues(client)
        policies = infrastructure.scheduling_policies(
            client, [queue.policy_arn for queue in seen if queue.policy_arn]
        )
    except AwsError as error:
        Account.objects.filter(pk=account.pk).update(reading_trouble=error.message, reading_at=now())
        raise
    told = [{**asdict(queue), "scheduling_policy": policies.get(queue.policy_arn, {})} for queue in seen]
    Account.objects.filter(pk=account.pk).update(reading=told, reading_trouble="", reading_at=now())


def difference(account: Account) -> list[QueueChange]:
    """How the last reading differs from the mirror."""
    known = {queue.name: queue for queue in account.queues.all()}
    found = []
    for told in account.reading:
        queue = known.pop(told["name"], None)
        if queue is None:
            found.append(QueueChange(told["name"], "new", {name: (None, told[name]) for name in MIRRORED}))
            continue
        before = {name: getattr(queue, name) for name in MIRRORED}
        changed = {name: (before[name], told[name]) for name in MIRRORED if before[name] != told[name]}
        if (policy := told.get("scheduling_policy", {})) != queue.scheduling_policy:
            changed["scheduling_policy"] = (_shares(queue.scheduling_policy), _shares(policy))
        if (seen := told.get("environments", [])) != queue.environments:
            changed["environments"] = (_in_words(queue.environments), _in_words(seen))
        if queue.vanished_at:
            found.append(QueueChange(queue.name, "back", changed))
        elif changed:
            found.append(QueueChange(queue.name, "changed", changed))
    found += [QueueChange(queue.name, "gone", {}) for queue in known.values() if queue.vanished_at is None]
    return found


def _shares(policy: Mapping[str, Any]) -> str:
    """by-team (A 0.5, B 1, decay 3600 s)"""
    told = Answer(policy)
    fair = told.within("fairsharePolicy")
    shares = [f"{each.text('shareIdentifier')} {each.decimal('weightFactor', 1):g}" for each in
              fair.entries("shareDistribution")]  # fmt: skip
    times = ((fair.number("shareDecaySeconds"), "decay {} s"), (fair.number("computeReservation"), "{} % kept free"))
    facts = ", ".join([*shares, *(words.format(value) for value, words in times if value)])
    name = told.text("name") or told.text("arn")
    return f"{name} ({facts})" if facts else name


def _in_words(environments: Iterable[Mapping[str, Any]]) -> str:
    """general (EC2, 64 vCPU, ENABLED, VALID; m5.large), fargate (…)"""
    return ", ".join(_environment_in_words(each) for each in environments)


def _environment_in_words(told: Mapping[str, Any]) -> str:
    environment = Answer(told)
    resources = environment.within("computeResources")
    vcpus = resources.number("maxvCpus")
    most = "" if vcpus is None else f"{vcpus} vCPU"
    facts = ", ".join(
        filter(None, (resources.text("type"), most, environment.text("state"), environment.text("status")))
    )
    types = " ".join(resources.texts("instanceTypes"))
    return f"{environment.text('computeEnvironmentName')} ({facts}{'; ' if types else ''}{types})"


def apply_reading(account: Account) -> list[QueueChange]:
    """Take the last reading into the mirror. What it changed."""
    moment = now()
    with transaction.atomic():
        account = Account.objects.select_for_update().get(pk=account.pk)
        changes = difference(account)
        for told in account.reading:
            Queue.objects.update_or_create(
                account=account,
                name=told["name"],
                defaults={**told, "seen_at": account.reading_at, "vanished_at": None},
            )
        gone = [change.name for change in changes if change.kind == "gone"]
        account.queues.filter(name__in=gone).update(vanished_at=moment)
        Account.objects.filter(pk=account.pk).update(synced_at=moment)
    return changes


def sync_queues(account: Account) -> list[QueueChange]:
    """Read and apply in one go, as the clock does. Raises like `read_queues`; then the mirror stays as it is."""
    read_queues(account)
    account.refresh_from_db()
    return apply_reading(account)
