"""Reader of the instances on which jobs run, while AWS has them."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import groupby

import structlog
from django.utils.timezone import now

from jobs.aws.container_instances import (
    MAX_PER_CALL,
    ContainerInstanceFacts,
    cluster_of,
    describe_container_instances,
)
from jobs.aws.errors import AwsError
from jobs.aws.session import Purpose, client_for
from jobs.models import Account, ContainerInstance, PurchaseOption
from jobs.spec.placement import EnvironmentFacts

log = structlog.get_logger(__name__)

MAX_CALLS = 10
RETRY_INTERVAL = timedelta(minutes=10)
"""An instance often lives no longer than an hour after the last job on it."""
GONE = "AWS no longer has the instance."


def read_due_instances(account: Account) -> None:
    """Keep the reason with those that can't be read: permission for it is optional."""
    rows = list(ContainerInstance.objects.filter(account=account).due(now())[: MAX_CALLS * MAX_PER_CALL])
    environments = [facts for queue in account.queues.all() for facts in queue.environment_facts]
    by_cluster = groupby(sorted(rows, key=lambda row: cluster_of(row.arn)), key=lambda row: cluster_of(row.arn))
    for cluster, group in by_cluster:
        members = list(group)
        for start in range(0, len(members), MAX_PER_CALL):
            _read(account, cluster, members[start : start + MAX_PER_CALL], environments)


def _read(
    account: Account, cluster: str, rows: Sequence[ContainerInstance], environments: Iterable[EnvironmentFacts]
) -> None:
    keys, time = [row.pk for row in rows], now()
    option = _purchase_option(cluster, environments)
    facts: dict[str, ContainerInstanceFacts] = {}
    if cluster:
        try:
            client = client_for(account, "ecs", Purpose.READ)
            facts = describe_container_instances(client, cluster, [row.arn for row in rows])
        except AwsError as error:
            log.warning("container_instances_unread", account=account.name, error=error.message)
            ContainerInstance.objects.filter(pk__in=keys).update(
                error=error.message or type(error).__name__, next_read_at=time + RETRY_INTERVAL
            )
            return
    for row in rows:
        row.instance_id, row.instance_type = facts.get(row.arn, ContainerInstanceFacts("", ""))
        row.purchase_option = option if row.instance_type else ""
        row.error = "" if row.instance_type else GONE
        row.read_at = time
    ContainerInstance.objects.bulk_update(
        rows, ["instance_id", "instance_type", "purchase_option", "error", "read_at"]
    )


def _purchase_option(cluster: str, environments: Iterable[EnvironmentFacts]) -> str:
    """Return that of the compute environment whose cluster it is: AWS Batch names it after the environment.

    Return "" if none is, or several with different options.
    """
    options = {
        PurchaseOption.SPOT if environment.is_spot else PurchaseOption.ON_DEMAND
        for environment in environments
        if environment.kind and cluster.startswith(f"{environment.name}_Batch")
    }
    return options.pop().value if len(options) == 1 else ""
