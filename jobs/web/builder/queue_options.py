"""The selected queue's notes on a job's fields: platform, limits and available sizes."""

from collections.abc import Mapping
from decimal import Decimal

from jobs.actions import ValidationResult
from jobs.policy.grants import QueueLimits
from jobs.spec.forms import units
from jobs.spec.job_size import requested_size
from jobs.spec.rules.platform import FARGATE_MEMORY
from jobs.web.builder import preflight

PLATFORM_NAMES = {"ECS": "EC2", "ECS_FARGATE": "Fargate", "EKS": "EKS", "SAGEMAKER_TRAINING": "SageMaker training"}


def queue_notes(result: ValidationResult | None) -> Mapping[str, str]:
    """Return a sentence by field name, for each field that the queue restricts."""
    target = result.resolved_jobs[0] if result and result.resolved_jobs else None
    if result is None or target is None or target.queue is None:
        return {}
    queue = target.queue
    ceilings = result.grants.queues.get(queue.pk, QueueLimits())
    platform = PLATFORM_NAMES.get(queue.platform, queue.platform)
    runs = f"Runs jobs on {platform}" if platform else ""
    text = "; ".join(filter(None, (runs, preflight.limits_text(ceilings, result, queue.pk))))
    notes = {"queue": f"{text[:1].upper()}{text[1:]}." if text else ""}
    if ceilings.vcpus is not None:
        notes["vcpus"] = f"At most {ceilings.vcpus} in {queue.name}."
    if ceilings.memory_mib is not None:
        notes["memory"] = f"At most {units.format_mib(ceilings.memory_mib)} in {queue.name}."
    if ceilings.gpus is not None:
        notes["gpus"] = f"At most {ceilings.gpus} in {queue.name}."
    if ceilings.run_seconds is not None:
        longest = units.format_seconds(ceilings.run_seconds)
        notes["time_limit"] = f"Needed in {queue.name}: {longest} at most."
    if queue.platform == "ECS_FARGATE":
        notes |= _fargate_notes(result, notes)
    return {name: note for name, note in notes.items() if note}


def _fargate_notes(result: ValidationResult, notes: Mapping[str, str]) -> dict[str, str]:
    """Return notes on Fargate's sizes: the memory that goes with the current vCPU."""
    revision = result.resolved_jobs[0].revision
    vcpus = requested_size(revision.document if revision else {}, result.parse_result.document).vcpus
    memory = FARGATE_MEMORY.get(Decimal(vcpus), ())
    size_notes = {
        "vcpus": f"Fargate has {', '.join(str(size) for size in FARGATE_MEMORY)}.",
        "gpus": "Fargate has none.",
    }
    if memory:
        minimum, maximum = units.format_mib(memory[0]), units.format_mib(memory[-1])
        size_notes["memory"] = f"With {vcpus.normalize():f} vCPU Fargate has {minimum} to {maximum}."
    return {name: f"{note} {notes[name]}" if name in notes else note for name, note in size_notes.items()}
