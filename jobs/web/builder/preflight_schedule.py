"""Pre-flight: when jobs start, in which order, and how long they run."""

from collections.abc import Sequence

from jobs.models import Queue
from jobs.pricing.run_statistics import DurationStats, RunStatistics
from jobs.spec.documents import Document, list_at
from jobs.spec.problems import join_words, truncate
from jobs.spec.rules.workflow import plan_workflow
from jobs.templatetags.portal import format_duration
from jobs.web.builder.feedback import ProblemView
from jobs.web.builder.preflight_result import (
    LABELS,
    NEEDS_CHOICES,
    CheckedJob,
    CheckResult,
    check_result,
    unknown_check,
)

MIN_SHARE_SAMPLE = 10
"""Jobs from which a share of nine in ten can be told."""
MAX_PLANNED_STEPS = 500
"""Steps up to which each keystroke plans a workflow."""
MIN_PATH_LENGTH = 2
MAX_PATH_NAMES = 6
"""Names of a path that are shown."""


def check_dependencies(problems: Sequence[ProblemView], document: Document, *, is_workflow: bool) -> CheckResult:
    if not is_workflow:
        count = len(list_at(document, "dependsOn"))
        outcome = _count(count, "job") if count else "None"
        reason = "Starts after all of them succeed." if count else ""
        return check_result("dependencies", "Dependencies", problems, outcome, reason, bad="Invalid")
    steps = list_at(document, "jobs")
    count = sum(len(list_at(step, "dependsOn")) for step in steps)
    outcome = _count(count, "dependency", "dependencies") if count else "None"
    return check_result("dependencies", "Dependencies", problems, outcome, _order_text(document), bad="Invalid")


def _order_text(document: Document) -> str:
    """Return the longest path of a workflow, and how many jobs run at the same time. Empty if it can't tell."""
    if len(list_at(document, "jobs")) > MAX_PLANNED_STEPS:
        return ""
    try:
        plan = plan_workflow(document)
    except ValueError:
        return ""
    widest = max(map(len, plan.layers), default=0)
    at_once = f"Up to {_count(widest, 'job')} at the same time."
    if len(plan.longest_path) < MIN_PATH_LENGTH:
        return at_once
    names = [truncate(plan.steps[number].name) for number in plan.longest_path]
    if len(names) > MAX_PATH_NAMES:
        names = [*names[: MAX_PATH_NAMES - 2], "…", names[-1]]
    return f"Longest path: {' → '.join(names)} ({_count(len(plan.longest_path), 'job')}). {at_once}"


def _count(number: int, noun: str, plural: str = "") -> str:
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def check_wait(problems: Sequence[ProblemView], past: RunStatistics, queues: Sequence[Queue]) -> CheckResult:
    if not queues:
        return unknown_check("wait", NEEDS_CHOICES)
    spans = [(past.waits[queue.pk], queue) for queue in queues if queue.pk in past.waits]
    if not spans:
        return unknown_check(
            "wait", f"No job of your team has started yet in {join_words(dict.fromkeys(q.name for q in queues))}."
        )
    span, queue = max(spans, key=lambda item: item[0].median)
    return check_result(
        "wait",
        LABELS["wait"],
        problems,
        f"About {format_duration(span.median)}",
        _statistics_text(span, "started", queue.name),
    )


def check_run_time(problems: Sequence[ProblemView], past: RunStatistics, run: CheckedJob) -> CheckResult:
    revision = run.target.revision
    if revision is None:
        return unknown_check("run", "Choose a definition.")
    span = past.runs.get(revision.definition_id)
    if span is None:
        return unknown_check("run", f"No job of {revision.definition.name} has succeeded yet.")
    reason = _statistics_text(span, "ended", revision.definition.name)
    return check_result("run", LABELS["run"], problems, f"About {format_duration(span.median)}", reason)


def _statistics_text(span: DurationStats, verb: str, name: str) -> str:
    basis = "the last job" if span.count == 1 else f"the last {span.count} jobs"
    if span.count == 1:
        return f"Based on {basis} of {name}."
    if span.count < MIN_SHARE_SAMPLE:
        return f"All {verb} within {format_duration(span.high)} ({basis} of {name})."
    return f"90% {verb} within {format_duration(span.high)} ({basis} of {name})."
