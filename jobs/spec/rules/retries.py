"""Rules of retry strategies."""

import re
from collections.abc import Iterator
from typing import Any

from jobs.spec.documents import Document, is_integer, is_object, list_at, object_at, text_at
from jobs.spec.problems import Fix, Problem, join_pointer, quote
from jobs.spec.rules.registry import WARNING, rule

RETRY_CONDITIONS = ("onStatusReason", "onReason", "onExitCode")
CATCH_ALL_RULE = {"onReason": "*", "action": "EXIT"}
SUGGESTED_ATTEMPTS = 3  # in the fix, for the author to change
MAX_RETRY_RULES = 5  # RetryStrategy, API reference

_RULES_PATH = ("retryStrategy", "evaluateOnExit")


@rule("retries.no-attempts")
def retry_strategy_has_attempts(document: Document) -> Iterator[Problem]:
    """A retry strategy needs a number of attempts: “RetryAttempts must be provided with retry strategy”.

    An empty one is refused too. Source: the response of AWS Batch, in the acceptance tests of
    https://github.com/hashicorp/terraform-provider-aws; EvaluateOnExit, AWS Batch API reference.
    """
    strategy = document.get("retryStrategy")
    if not is_object(strategy) or "attempts" in strategy:
        return
    if list_at(strategy, "evaluateOnExit"):
        message = "The retry rules need a number of attempts. Set it to 1 to 10."
        fix: Fix = ({"op": "add", "path": "/retryStrategy/attempts", "value": SUGGESTED_ATTEMPTS},)
    else:
        message = "The retry strategy has no number of attempts. Set it to 1 to 10, or remove the retry strategy."
        fix = ({"op": "remove", "path": "/retryStrategy"},) if not any(strategy.values()) else ()
    yield Problem("/retryStrategy", message, fix=fix)


@rule("retries.no-condition", WARNING)
def retry_rules_have_conditions(document: Document) -> Iterator[Problem]:
    """A retry rule without a condition (exit code, reason or status reason) applies to every failure.

    Source: EvaluateOnExit, AWS Batch API reference, where only the action is required.
    """
    for number, entry in enumerate(list_at(document, *_RULES_PATH)):
        if isinstance(entry, dict) and not entry.keys() & set(RETRY_CONDITIONS):
            message = (
                f"Retry rule {number + 1} has no condition, so it applies to every failure. "
                "Add an exit code, a reason or a status reason."
            )
            yield Problem(join_pointer(*_RULES_PATH, number), message)


@rule("retries.never-matches", WARNING)
def retry_rules_can_match(document: Document) -> Iterator[Problem]:
    """A retry rule never applies: an earlier rule matches all of its cases, or no failure has its exit code.

    Rules are read in order, and the first that matches decides. Source: “Automated job retries”, AWS Batch User
    Guide.
    """
    # The schema reports too many rules; comparing all would be quadratic.
    rules = [entry if is_object(entry) else {} for entry in list_at(document, *_RULES_PATH)[:MAX_RETRY_RULES]]
    for number, entry in enumerate(rules):
        here = join_pointer(*_RULES_PATH, number)
        earlier = next((other for other in range(number) if _covers(rules[other], entry)), None)
        code = text_at(entry, "onExitCode")
        if earlier is not None:
            message = f"Retry rule {number + 1} never applies: rule {earlier + 1} matches all of its cases."
            yield Problem(here, message, fix=_order_fix(number, earlier, rules))
        elif re.fullmatch("[0-9]+", code) and not 1 <= int(code[:9]) <= 255:
            message = f"Failures have exit codes from 1 to 255, never {quote(code)}. This rule never applies."
            yield Problem(f"{here}/onExitCode", message)


@rule("retries.one-attempt", WARNING)
def retry_rules_need_second_attempt(document: Document) -> Iterator[Problem]:
    """Rules that retry have no effect when there is only one attempt.

    Source: RetryStrategy, AWS Batch API reference: attempts counts the first one too.
    """
    strategy = object_at(document, "retryStrategy")
    if is_integer(strategy.get("attempts")) and strategy["attempts"] == 1 and _has_retry_rule(strategy):
        message = "The number of attempts includes the first, so with 1 no rule can retry. Use 2 or more."
        fix = ({"op": "replace", "path": "/retryStrategy/attempts", "value": 2},)
        yield Problem("/retryStrategy/attempts", message, fix=fix)


@rule("retries.no-catch-all", WARNING)
def retry_rules_have_catch_all(document: Document) -> Iterator[Problem]:
    """A failure that matches no rule is retried; to retry only listed failures, add a last rule with EXIT.

    Source: “Automated job retries”, AWS Batch User Guide: if none of the listed conditions match, the job is retried.
    """
    strategy = object_at(document, "retryStrategy")
    rules = [entry for entry in list_at(strategy, "evaluateOnExit") if is_object(entry)]
    if not _has_retry_rule(strategy) or strategy.get("attempts") == 1 or any(_matches_all(entry) for entry in rules):
        return
    message = (
        "Other failures are retried too. To retry only the listed ones, add a last rule that doesn't retry others."
    )
    fix = (
        ({"op": "add", "path": join_pointer(*_RULES_PATH, "-"), "value": CATCH_ALL_RULE},)
        if len(rules) < MAX_RETRY_RULES
        else ()
    )
    yield Problem(join_pointer(*_RULES_PATH), message, fix=fix)


RULES = (
    retry_strategy_has_attempts,
    retry_rules_have_conditions,
    retry_rules_can_match,
    retry_rules_need_second_attempt,
    retry_rules_have_catch_all,
)


def _order_fix(number: int, earlier: int, rules: list[Document]) -> Fix:
    here = join_pointer(*_RULES_PATH, number)
    if text_at(rules[number], "action").upper() == text_at(rules[earlier], "action").upper():
        return ({"op": "remove", "path": here},)
    if _covers(rules[number], rules[earlier]):
        return ()  # the same conditions with another action
    return ({"op": "move", "from": here, "path": join_pointer(*_RULES_PATH, earlier)},)


def _has_retry_rule(strategy: Document) -> bool:
    rules = list_at(strategy, "evaluateOnExit")
    return any(text_at(entry, "action").upper() == "RETRY" for entry in rules)


def _conditions_of(entry: Document) -> dict[str, Any]:
    return {key: entry[key] for key in RETRY_CONDITIONS if key in entry}


def _matches_all(entry: Document) -> bool:
    conditions = _conditions_of(entry)
    return bool(conditions) and all(pattern == "*" for pattern in conditions.values())


def _covers(one: Document, other: Document) -> bool:
    wide, narrow = _conditions_of(one), _conditions_of(other)
    if not wide or not narrow:
        return False
    return all(
        pattern == "*" or (key in narrow and _is_narrower(narrow[key], pattern)) for key, pattern in wide.items()
    )


def _is_narrower(narrow: Any, wide: Any) -> bool:
    if not isinstance(narrow, str) or not isinstance(wide, str):
        return False
    return narrow == wide or (wide.endswith("*") and narrow.startswith(wide[:-1]))
