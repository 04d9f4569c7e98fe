"""Mirror of an account's queues, updated in two steps so that an admin can review the changes."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction
from django.utils.timezone import now

from jobs.aws import queues
from jobs.aws.errors import AwsError
from jobs.aws.response_reader import ResponseReader
from jobs.aws.session import Purpose, client_for
from jobs.models import Account, AccountStatus, Queue

MIRRORED_FIELDS = ("arn", "state", "status", "status_reason", "priority", "platform")


@dataclass(frozen=True)
class QueueChange:
    name: str
    kind: str  # new, changed, gone, back
    fields: Mapping[str, tuple[Any, Any]]


def read_queues(account: Account) -> None:
    """Raise one of `jobs.aws.errors`, after saving its message."""
    try:
        client = client_for(account, "batch", Purpose.READ)
        descriptions = queues.describe_queues(client)
        policies = queues.describe_scheduling_policies(
            client, [queue.policy_arn for queue in descriptions if queue.policy_arn]
        )
    except AwsError as error:
        _save_snapshot(account, queue_snapshot_error=error.message)
        raise
    snapshot = [{**asdict(queue), "scheduling_policy": policies.get(queue.policy_arn, {})} for queue in descriptions]
    _save_snapshot(account, queue_snapshot=snapshot, queue_snapshot_error="")


def _save_snapshot(account: Account, **fields: object) -> None:
    AccountStatus.objects.filter(pk=account.pk).update(queue_snapshot_at=now(), **fields)


def queue_changes(account: Account) -> list[QueueChange]:
    mirror = {queue.name: queue for queue in account.queues.all()}
    changes = []
    for description in account.status.queue_snapshot:
        queue = mirror.pop(description["name"], None)
        if queue is None:
            changes.append(
                QueueChange(description["name"], "new", {name: (None, description[name]) for name in MIRRORED_FIELDS})
            )
            continue
        mirrored = {name: getattr(queue, name) for name in MIRRORED_FIELDS}
        differences = {
            name: (mirrored[name], description[name])
            for name in MIRRORED_FIELDS
            if mirrored[name] != description[name]
        }
        if (policy := description.get("scheduling_policy", {})) != queue.scheduling_policy:
            differences["scheduling_policy"] = (_policy_text(queue.scheduling_policy), _policy_text(policy))
        if (environments := description.get("environments", [])) != queue.environments:
            differences["environments"] = (_environments_text(queue.environments), _environments_text(environments))
        if queue.removed_at:
            changes.append(QueueChange(queue.name, "back", differences))
        elif differences:
            changes.append(QueueChange(queue.name, "changed", differences))
    changes += [QueueChange(queue.name, "gone", {}) for queue in mirror.values() if queue.removed_at is None]
    return changes


def _policy_text(policy: Mapping[str, Any]) -> str:
    reader = ResponseReader(policy)
    fair = reader.nested("fairsharePolicy")
    shares = [f"{share.text('shareIdentifier')} {share.decimal('weightFactor', 1):g}" for share in
              fair.entries("shareDistribution")]  # fmt: skip
    times = ((fair.number("shareDecaySeconds"), "decay {} s"), (fair.number("computeReservation"), "{} % reserved"))
    facts = ", ".join([*shares, *(template.format(value) for value, template in times if value)])
    name = reader.text("name") or reader.text("arn")
    return f"{name} ({facts})" if facts else name


def _environments_text(environments: Iterable[Mapping[str, Any]]) -> str:
    return ", ".join(_environment_text(environment) for environment in environments)


def _environment_text(description: Mapping[str, Any]) -> str:
    environment = ResponseReader(description)
    resources = environment.nested("computeResources")
    vcpus = resources.number("maxvCpus")
    limit = "" if vcpus is None else f"{vcpus} vCPU"
    facts = ", ".join(
        filter(None, (resources.text("type"), limit, environment.text("state"), environment.text("status")))
    )
    types = " ".join(resources.texts("instanceTypes"))
    return f"{environment.text('computeEnvironmentName')} ({facts}{'; ' if types else ''}{types})"


def apply_queue_snapshot(account: Account) -> list[QueueChange]:
    current_time = now()
    with transaction.atomic():
        status = AccountStatus.objects.select_for_update(of=("self",)).select_related("account").get(pk=account.pk)
        account = status.account
        changes = queue_changes(account)
        for description in status.queue_snapshot:
            Queue.objects.update_or_create(
                account=account,
                name=description["name"],
                defaults={**description, "seen_at": status.queue_snapshot_at, "removed_at": None},
            )
        missing_names = [change.name for change in changes if change.kind == "gone"]
        account.queues.filter(name__in=missing_names).update(removed_at=current_time)
        AccountStatus.objects.filter(pk=account.pk).update(synced_at=current_time)
    return changes


def sync_queues(account: Account) -> list[QueueChange]:
    """Leave the mirror unchanged if AWS can't be read. Raise like `read_queues`."""
    read_queues(account)
    account.refresh_from_db()
    return apply_queue_snapshot(account)
