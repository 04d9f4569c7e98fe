"""Notes at the fields of a job: what its queue allows."""

from collections.abc import Mapping
from decimal import Decimal

from jobs.actions import ValidationResult
from jobs.policy.grants import QueueLimits
from jobs.spec.fargate import FARGATE_MEMORY
from jobs.spec.forms import units
from jobs.spec.job_size import requested_size
from jobs.spec.problems import join_words
from jobs.web.builder.preflight_policy import limits_text


def queue_notes(result: ValidationResult | None) -> Mapping[str, str]:
    target = result.resolved_jobs[0] if result and result.resolved_jobs else None
    if result is None or target is None or target.queue is None:
        return {}
    queue = target.queue
    ceilings = result.grants.queues.get(queue.pk, QueueLimits())
    runs = f"Runs jobs on {queue.platform_name}" if queue.platform else ""
    text = "; ".join(filter(None, (runs, limits_text(ceilings, result, queue.pk))))
    notes = {"queue": f"{text[:1].upper()}{text[1:]}." if text else ""}
    if ceilings.vcpus is not None:
        notes["vcpus"] = f"At most {ceilings.vcpus} in {queue.name}."
    if ceilings.memory_mib is not None:
        notes["memory"] = f"At most {units.format_mib(ceilings.memory_mib)} in {queue.name}."
    if ceilings.gpus is not None:
        notes["gpus"] = f"At most {ceilings.gpus} in {queue.name}."
    if ceilings.run_seconds is not None:
        longest = units.format_seconds(ceilings.run_seconds)
        notes["time_limit"] = f"Required in {queue.name}, at most {longest}."
    if ceilings.array_size is not None:
        notes["array_size"] = f"At most {ceilings.array_size:,} in {queue.name}."
    if queue.platform == "ECS_FARGATE":
        notes |= _fargate_notes(result, notes)
    return {name: note for name, note in notes.items() if note}


def _fargate_notes(result: ValidationResult, notes: Mapping[str, str]) -> dict[str, str]:
    revision = result.resolved_jobs[0].revision
    vcpus = requested_size(revision.document if revision else {}, result.parse_result.document).vcpus
    memory = FARGATE_MEMORY.get(Decimal(vcpus), ())
    size_notes = {
        "vcpus": f"Fargate supports {', '.join(str(size) for size in FARGATE_MEMORY)}.",
        "gpus": "Not available on Fargate.",
    }
    if memory:
        sizes = [units.format_mib(size) for size in memory]
        sizes_text = join_words(sizes, conjunction="or") if len(sizes) <= 3 else f"{sizes[0]} to {sizes[-1]}"
        size_notes["memory"] = f"With {vcpus.normalize():f} vCPU, Fargate supports {sizes_text}."
    return {
        name: f"{note} {notes[name]}" if name in notes and name != "gpus" else note
        for name, note in size_notes.items()
    }
