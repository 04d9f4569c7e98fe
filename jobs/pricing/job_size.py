"""Sizes of jobs with the places where they may run, and the instances on which they ran."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from django.db.models.fields.json import KT

from jobs.aws.batch import node_count
from jobs.models import ContainerInstance, Job
from jobs.pricing.receipt import BilledAttempt, PricedSize

NODE_COUNT = {"node_count": KT("raw__nodeProperties__numNodes")}
"""Annotation of jobs that are read without AWS's answer."""


def priced_size(job: Job) -> PricedSize:
    """Return its size with the compute environments of its queue."""
    return PricedSize.of(job, job.account.region, job.queue.environment_facts, _node_count(job))


def with_instances(attempts: Sequence[BilledAttempt], instances: dict[str, ContainerInstance]) -> list[BilledAttempt]:
    """Add to each attempt what is known of the instance on which it ran."""
    completed = []
    for attempt in attempts:
        row = instances.get(attempt.container_instance)
        if row:
            completed.append(
                replace(
                    attempt,
                    instance_type=row.instance_type,
                    purchase_option=row.purchase_option,
                    instance_error=row.error,
                )
            )
        else:
            completed.append(attempt)
    return completed


def known_instances(account: int, attempts: Iterable[BilledAttempt]) -> dict[str, ContainerInstance]:
    """Return instances by ARN. Use no query if no attempt names one."""
    arns = {attempt.container_instance for attempt in attempts if attempt.container_instance}
    return ContainerInstance.objects.by_arn(account, arns)


def _node_count(job: Job) -> int:
    if "raw" not in job.get_deferred_fields():
        return node_count(job.raw)
    number = str(getattr(job, "node_count", None))
    return int(number) if number.isdecimal() else 1
