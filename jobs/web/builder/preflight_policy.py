"""Pre-flight: what the team requires and allows."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from jobs.actions import ValidationResult
from jobs.policy.grants import QueueLimits
from jobs.spec.documents import DocumentKind
from jobs.spec.forms import units
from jobs.spec.problems import DocumentChange, join_words
from jobs.web.builder.feedback import ProblemView
from jobs.web.builder.preflight_result import (
    NEEDS_APPROVAL,
    NEEDS_CHOICES,
    UNKNOWN_TEXT,
    CheckedJob,
    CheckResult,
    check_result,
)


def check_allowed(problems: Sequence[ProblemView], result: ValidationResult, *, is_complete: bool) -> CheckResult:
    team = result.grants.team
    is_definition = result.parse_result.kind is DocumentKind.DEFINITION
    if not is_complete:
        reason = "Fill in the required fields." if is_definition else NEEDS_CHOICES
        return check_result("allowed", "Allowed", problems, UNKNOWN_TEXT, reason, tone="off")
    subject = "this image and these roles" if is_definition else "this queue, definition, image and roles"
    return check_result("allowed", "Allowed", problems, "Yes", f"{team} can use {subject}.")


def check_tags(problems: Sequence[ProblemView], result: ValidationResult) -> CheckResult:
    keys = [demand.key for demand in result.grants.tags if demand.required]
    team = result.grants.team
    defaults = [
        f"{change.message}."
        for change in result.parse_result.changes
        if change.rule_owner and not is_time_limit_change(change)
    ]
    if not keys:
        sentences = defaults or [f"{team} requires no tags."]
    elif result.parse_result.kind is DocumentKind.DEFINITION:
        sentences = ["Required tags are checked when jobs are submitted.", *defaults]
    else:
        sentences = [f"Required by {team} and set: {join_words(keys)}.", *defaults]
    return check_result("tags", "Tags", problems, "Yes", " ".join(sentences), bad="Missing")


def check_limits(
    problems: Sequence[ProblemView], result: ValidationResult, runs: Sequence[CheckedJob]
) -> CheckResult:
    queues = {run.target.queue.pk: run.target.queue for run in runs if run.target.queue}
    if not queues:
        return check_result("ceilings", "Limits and approval", problems, UNKNOWN_TEXT, NEEDS_CHOICES, tone="off")
    if result.approval_reasons:
        reason_text = " ".join(reason.message for reason in result.approval_reasons)
        check = check_result("ceilings", "Limits and approval", problems, NEEDS_APPROVAL, reason_text, tone="warn")
        # Warnings are listed below the reason and don't hide it.
        return check if check.tone == "bad" else replace(check, outcome=NEEDS_APPROVAL, reason=reason_text)
    limits = [
        f"{queue.name}: {text}"
        for pk, queue in queues.items()
        if (text := limits_text(result.grants.queues.get(pk, QueueLimits()), result, pk))
    ]
    reason = (
        "; ".join(limits) or f"No limits for {result.grants.team} in {join_words(q.name for q in queues.values())}."
    )
    if result.estimate and result.estimate.charges:
        reason = " ".join([f"{reason.rstrip('.')}.", *(charge.state.summary for charge in result.estimate.charges)])
    return check_result("ceilings", "Limits and approval", problems, "Within limits", reason, bad="Above limits")


def limits_text(ceilings: QueueLimits, result: ValidationResult, queue: int) -> str:
    """Return “at most 16 vCPU, 64 GiB per job; using 3 of 10 jobs”."""
    usage = result.queue_usage.get(queue)
    job_limits = [
        f"{ceilings.vcpus} vCPU" if ceilings.vcpus is not None else "",
        units.format_mib(ceilings.memory_mib) if ceilings.memory_mib is not None else "",
        f"{ceilings.gpus} GPU" if ceilings.gpus is not None else "",
        f"{units.format_seconds(ceilings.run_seconds)} run time" if ceilings.run_seconds is not None else "",
        f"array size {ceilings.array_size}" if ceilings.array_size is not None else "",
    ]
    quotas = [
        f"{usage.jobs if usage else 0:,} of {ceilings.active_jobs:,} jobs"
        if ceilings.active_jobs is not None
        else "",
        f"{(usage.vcpus if usage else Decimal(0)).normalize():,f} of {ceilings.active_vcpus:,} vCPU"
        if ceilings.active_vcpus is not None
        else "",
    ]
    per_job, at_once = ", ".join(filter(None, job_limits)), " and ".join(filter(None, quotas))
    return "; ".join(
        filter(None, (f"at most {per_job} per job" if per_job else "", f"using {at_once}" if at_once else ""))
    )


def is_time_limit_change(change: DocumentChange) -> bool:
    return change.pointer.endswith("/timeout/attemptDurationSeconds")
