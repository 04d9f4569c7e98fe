"""Pre-flight: whether a compute environment has room for each job."""

from collections.abc import Sequence
from dataclasses import replace

from jobs.actions.validate import queue_facts
from jobs.causes import CAUSES, Cause
from jobs.models import Queue
from jobs.spec.documents import text_at
from jobs.spec.job_size import JobSize
from jobs.spec.placement import EnvironmentFacts, PlacementResult, PlacementVerdict, check_placement
from jobs.spec.problems import truncate
from jobs.web.builder.feedback import ProblemView
from jobs.web.builder.preflight_result import (
    LABELS,
    NEEDS_CHOICES,
    UNKNOWN_TEXT,
    CheckedJob,
    CheckResult,
    check_result,
)

_INVALID_SIZE_RULES = frozenset({"fargate.pair", "fargate.gpu", "overrides.fargate-pair", "overrides.fargate-gpu"})


def fits_in_queues(runs: Sequence[CheckedJob], *, is_workflow: bool) -> list[PlacementResult]:
    """Return where each job fits; for a workflow the reason names the job."""
    environments: dict[int, tuple[EnvironmentFacts, ...]] = {}
    fits = []
    for run in runs:
        queue = run.target.queue
        if queue is None or "nodeProperties" in run.definition:
            fit = PlacementResult(PlacementVerdict.UNKNOWN, "Can't be checked for multi-node jobs.")
        else:
            if queue.pk not in environments:
                environments[queue.pk] = queue_facts(queue).environments
            fit = check_placement(run.size, environments[queue.pk])
        if is_workflow and fit.verdict is not PlacementVerdict.YES:
            fit = PlacementResult(fit.verdict, f"{truncate(text_at(run.document, 'jobName'))}: {fit.reason}")
        fits.append(fit)
    return fits


def check_fit(problems: Sequence[ProblemView], fits: Sequence[PlacementResult]) -> CheckResult:
    if not fits:
        return check_result("fits", LABELS["fits"], problems, UNKNOWN_TEXT, NEEDS_CHOICES, tone="off")
    if any(view.is_error and view.problem.rule in _INVALID_SIZE_RULES for view in problems):
        return check_result("fits", LABELS["fits"], problems, UNKNOWN_TEXT, "Correct the size first.", tone="off")
    unsure = next((result for result in fits if result.verdict is not PlacementVerdict.YES), None)
    if unsure and unsure.verdict is PlacementVerdict.NO and not unsure.may_change:
        entry = CAUSES[Cause.FITS_NOTHING]
        check = check_result("fits", LABELS["fits"], problems, entry.label, "")
        reason = entry.next_step if check.problems else f"{unsure.reason} {entry.next_step}"
        return replace(check, tone=entry.tone, outcome=entry.label, reason=reason)
    if unsure is None:
        reason = fits[0].reason if len(fits) == 1 else "Each job fits a compute environment of its queue."
        return check_result("fits", LABELS["fits"], problems, "Sufficient", reason)
    if unsure.verdict is PlacementVerdict.NO:
        return check_result("fits", LABELS["fits"], problems, "Insufficient", unsure.reason, tone="warn")
    return check_result("fits", LABELS["fits"], problems, UNKNOWN_TEXT, unsure.reason, tone="off")


def fit_in_any_queue(size: JobSize, queues: Sequence[Queue]) -> PlacementResult:
    answers = [(check_placement(size, queue_facts(queue).environments), queue) for queue in queues]
    for outcome in (PlacementVerdict.YES, PlacementVerdict.UNKNOWN):
        for answer, queue in answers:
            if answer.verdict is outcome:
                reason = f"In {queue.name}: {answer.reason}" if outcome is PlacementVerdict.YES else answer.reason
                return PlacementResult(outcome, reason)
    reason = "No compute environment of your team's queues can run it."
    return PlacementResult(PlacementVerdict.NO, reason, may_change=True)  # a job can ask for less
