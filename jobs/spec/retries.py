"""Retries: what of a retry strategy only makes sense together."""

from collections.abc import Iterator

from jobs.spec.documents import Document, list_at, object_at
from jobs.spec.problems import Problem, join


def rules_need_attempts(document: Document) -> Iterator[Problem]:
    """“RetryAttempts must be provided with retry strategy” (EvaluateOnExit, API reference)."""
    strategy = object_at(document, "retryStrategy")
    if list_at(strategy, "evaluateOnExit") and "attempts" not in strategy:
        message = "retryStrategy has evaluateOnExit, but no attempts: say how often (1 to 10) the job may be tried."
        yield Problem("/retryStrategy", message, rule="retries.no-attempts")


def rules_have_conditions(document: Document) -> Iterator[Problem]:
    """A rule without a condition says when to do nothing."""
    for number, rule in enumerate(list_at(document, "retryStrategy", "evaluateOnExit")):
        if isinstance(rule, dict) and not rule.keys() & {"onStatusReason", "onReason", "onExitCode"}:
            message = (
                f"Rule {number + 1} of evaluateOnExit has no condition; add onExitCode, onReason or onStatusReason."
            )
            yield Problem(join("retryStrategy", "evaluateOnExit", number), message, rule="retries.no-condition")
