"""Commands that people issue: validate and submit a document, approve it, register a definition, stop a job.

Pages, API and schedules all come through here, so the same document gets the same answer everywhere.
"""

from jobs.actions.approval import DecidedError, approve, decline, edit, hindrance, weigh_edit
from jobs.actions.array_refresh import look_into
from jobs.actions.register import Registered, await_registration, register
from jobs.actions.release import release
from jobs.actions.stop import stop, stop_all
from jobs.actions.submit import accept
from jobs.actions.validate import KeyReusedError, RecoveryError, Refused, Verdict, judge

__all__ = [
    "DecidedError",
    "KeyReusedError",
    "RecoveryError",
    "Refused",
    "Registered",
    "Verdict",
    "accept",
    "approve",
    "await_registration",
    "decline",
    "edit",
    "hindrance",
    "judge",
    "look_into",
    "register",
    "release",
    "stop",
    "stop_all",
    "weigh_edit",
]
