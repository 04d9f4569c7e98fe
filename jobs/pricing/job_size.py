"""Sizes of jobs with the places where they may run, and the instances on which they ran."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from django.db.models.fields.json import KT

from jobs.models import ContainerInstance, Job
from jobs.pricing.receipt import BilledAttempt, PricedSize

NODE_COUNT = {"node_count": KT("raw__nodeProperties__numNodes")}
"""Annotation of jobs that are read without AWS's answer."""


def priced_size(job: Job) -> PricedSize:
    """Return its size with the compute environments of its queue."""
    return PricedSize.of(job, job.account.region, job.queue.environment_facts, _node_count(job))


def with_instances(attempts: Sequence[BilledAttempt], instances: dict[str, ContainerInstance]) -> list[BilledAttempt]:
    """Add to each attempt what is known of the instance on which it ran."""
    pairs = ((attempt, instances.get(attempt.container_instance)) for attempt in attempts)
    return [
        replace(attempt, instance_type=row.instance_type, purchase_option=row.purchase_option) if row else attempt
        for attempt, row in pairs
    ]


def known_instances(account: int, attempts: Iterable[BilledAttempt]) -> dict[str, ContainerInstance]:
    """Return instances by ARN. Use no query if no attempt names one."""
    arns = {attempt.container_instance for attempt in attempts if attempt.container_instance}
    return ContainerInstance.objects.by_arn(account, arns)


def _node_count(job: Job) -> int:
    number = getattr(job, "node_count", None)
    if number is None and "raw" not in job.get_deferred_fields():
        properties = job.raw.get("nodeProperties")
        number = properties.get("numNodes") if isinstance(properties, dict) else None
    text = str(number)
    return int(text) if text.isdecimal() else 1
