"""Retry rules for failed attempts.

https://docs.aws.amazon.com/batch/latest/userguide/job_retries.html
"""

from jobs.sandbox.context import Document
from jobs.sandbox.jobs import SandboxJob


def should_retry(job: SandboxJob, attempt: Document) -> bool:
    if len(job.attempts) + 1 >= job.allowed_attempts:
        return False
    facts = {
        "onExitCode": "" if attempt["exitCode"] is None else str(attempt["exitCode"]),
        "onReason": attempt.get("reason") or "",
        "onStatusReason": attempt["statusReason"],
    }
    for rule in (job.spec.get("retryStrategy") or {}).get("evaluateOnExit", ()):
        if all(_matches(rule[field], fact) for field, fact in facts.items() if rule.get(field)):
            return bool(rule["action"].upper() == "RETRY")
    return True


def _matches(pattern: str, fact: str) -> bool:
    pattern, fact = pattern.lower(), fact.lower()
    return fact.startswith(pattern[:-1]) if pattern.endswith("*") else fact == pattern
