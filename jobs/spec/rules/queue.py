"""Rules that a queue sets for its jobs."""

from collections.abc import Iterator
from dataclasses import dataclass

from jobs.spec.containers import is_eks, is_fargate
from jobs.spec.documents import Document
from jobs.spec.job_size import requested_size
from jobs.spec.placement import (
    PLATFORM_NAMES,
    SAGEMAKER_TRAINING,
    EnvironmentFacts,
    PlacementVerdict,
    check_placement,
)
from jobs.spec.problems import Problem, join_pointer
from jobs.spec.rules.registry import WARNING, rule

_PRIORITY_OVERRIDE = "schedulingPriorityOverride"


@dataclass(frozen=True)
class QueueFacts:
    """None or an empty string: not read from AWS yet."""

    fair_share: bool | None = None
    """Whether it has a fair-share scheduling policy."""
    platform: str = ""
    """jobQueueType in AWS: ECS, ECS_FARGATE, EKS or SAGEMAKER_TRAINING."""
    environments: tuple[EnvironmentFacts, ...] = ()


@rule("share.missing")
def fair_share_queue_needs_share(submission: Document, queue: QueueFacts) -> Iterator[Problem]:
    """A queue with a fair-share policy needs a share identifier.

    Source: SubmitJob, AWS Batch API reference.
    """
    if queue.fair_share is True and "shareIdentifier" not in submission:
        message = "The queue has a fair-share policy; set the shareIdentifier of this job."
        yield Problem("/jobQueue" if "jobQueue" in submission else "", message)


@rule("share.not-fair")
def share_needs_fair_share_queue(submission: Document, queue: QueueFacts) -> Iterator[Problem]:
    """A queue without a fair-share policy accepts no share identifier.

    Source: SubmitJob, AWS Batch API reference.
    """
    if queue.fair_share is False and "shareIdentifier" in submission:
        message = "The queue has no fair-share policy and accepts no shareIdentifier; remove it."
        yield Problem("/shareIdentifier", message, fix=({"op": "remove", "path": "/shareIdentifier"},))


@rule("share.priority")
def priority_needs_fair_share_queue(submission: Document, queue: QueueFacts) -> Iterator[Problem]:
    """A queue without a fair-share policy accepts no scheduling priority of a job. One of the definition is ignored.

    Source: the response of AWS Batch: “Job with shareIdentifier or schedulingPriority can only be submitted to job
    queue with fair share scheduling policy.” JobDefinition, AWS Batch API reference.
    """
    if queue.fair_share is False and _PRIORITY_OVERRIDE in submission:
        here = join_pointer(_PRIORITY_OVERRIDE)
        message = f"The queue has no fair-share policy and accepts no {_PRIORITY_OVERRIDE}; remove it."
        yield Problem(here, message, fix=({"op": "remove", "path": here},))


@rule("share.priority-alone")
def priority_needs_share(submission: Document, queue: QueueFacts | None) -> Iterator[Problem]:
    """A scheduling priority without a share identifier is refused by every queue.

    A queue with a fair-share policy needs a share identifier, and one without accepts no priority.
    Source: SubmitJob, AWS Batch API reference.
    """
    is_queue_known = queue is not None and queue.fair_share is not None  # then another rule reports it
    if not is_queue_known and _PRIORITY_OVERRIDE in submission and "shareIdentifier" not in submission:
        here = join_pointer(_PRIORITY_OVERRIDE)
        message = (
            "A scheduling priority is for queues with a fair-share policy, and these need a shareIdentifier; "
            "set one or remove the priority."
        )
        yield Problem(here, message, fix=({"op": "remove", "path": here},))


@rule("share.no-priority")
def fair_share_job_has_priority(
    definition: Document, submission: Document, queue: QueueFacts | None
) -> Iterator[Problem]:
    """On a queue with a fair-share policy, the definition or the job needs a scheduling priority.

    A share identifier says that the queue has such a policy.
    Source: the response of AWS Batch: “Either schedulingPriority in job definition or schedulingPriorityOverride
    should be specified.”
    """
    is_fair_share = queue.fair_share if queue is not None else None
    if is_fair_share is None:
        is_fair_share = "shareIdentifier" in submission
    if is_fair_share and "schedulingPriority" not in definition and _PRIORITY_OVERRIDE not in submission:
        message = (
            "The queue has a fair-share policy and the definition has no schedulingPriority; set the "
            f"{_PRIORITY_OVERRIDE} of this job (0 to 9999, higher runs first)."
        )
        place = next((join_pointer(key) for key in ("shareIdentifier", "jobQueue") if key in submission), "")
        yield Problem(place, message, fix=({"op": "add", "path": join_pointer(_PRIORITY_OVERRIDE), "value": 0},))


@rule("queue.service-jobs")
def queue_takes_container_jobs(_: Document, queue: QueueFacts) -> Iterator[Problem]:
    """A queue for SageMaker training can't run container jobs.

    Source: JobQueueDetail, AWS Batch API reference.
    """
    if queue.platform == SAGEMAKER_TRAINING:
        yield Problem("/jobQueue", "The queue is for SageMaker training jobs; choose one for containers.")


@rule("queue.platform")
def queue_has_platform(definition: Document, queue: QueueFacts) -> Iterator[Problem]:
    """A queue runs the definitions of its own platform only: EC2, Fargate or EKS.

    Source: ComputeEnvironmentOrder and JobQueueDetail, AWS Batch API reference.
    """
    if queue.platform == SAGEMAKER_TRAINING:
        return
    queue_platform = PLATFORM_NAMES.get(queue.platform)
    platform = "EKS" if is_eks(definition) else "Fargate" if is_fargate(definition) else "EC2"
    if queue_platform and queue_platform != platform and "nodeProperties" not in definition:
        message = (
            f"The job definition is for {platform}, but the queue runs jobs on {queue_platform}; "
            f"choose a queue for {platform}."
        )
        yield Problem("/jobQueue", message)


@rule("queue.nothing-fits", WARNING)
def environment_can_run_job(definition: Document, submission: Document, queue: QueueFacts) -> Iterator[Problem]:
    """A compute environment of the queue must be large enough for the job, or it never starts.

    Source: “Jobs stuck in a RUNNABLE status”, AWS Batch User Guide.
    """
    if "nodeProperties" in definition or any(queue_has_platform(definition, queue)):
        return
    answer = check_placement(requested_size(definition, submission), queue.environments)
    if answer.verdict is PlacementVerdict.NO:
        effect = "The job can't start at the moment." if answer.may_change else "The job can never start."
        yield Problem("/jobQueue", f"{effect} {answer.reason}")


RULES = (
    fair_share_queue_needs_share,
    share_needs_fair_share_queue,
    priority_needs_fair_share_queue,
    queue_takes_container_jobs,
)
