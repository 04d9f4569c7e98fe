"""Causes: why a job waits, and why it failed. Pure functions over what is known, with all words in one table."""

from jobs.causes.entry import Action, Cause, CauseEntry
from jobs.causes.exit_codes import describe_exit_code
from jobs.causes.failure import FailureFacts, explain_failure, failure_cause
from jobs.causes.table import CAUSES, WAITING_CAUSES, Explanation
from jobs.causes.waiting import QueuePlace, QueueState, TeamUsage, WaitingFacts, waiting_cause

__all__ = [
    "CAUSES",
    "WAITING_CAUSES",
    "Action",
    "Cause",
    "CauseEntry",
    "Explanation",
    "FailureFacts",
    "QueuePlace",
    "QueueState",
    "TeamUsage",
    "WaitingFacts",
    "describe_exit_code",
    "explain_failure",
    "failure_cause",
    "waiting_cause",
]
