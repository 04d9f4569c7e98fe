"""What people ask of the portal: judge a document, accept it, approve it, register a definition, stop a job.

Every door (page, API, schedule) comes through here, so that the same document meets the same answer everywhere.
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
