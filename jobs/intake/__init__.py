"""What people ask of the portal: judge a document, accept it, approve it, register a definition, stop a job.

Every door (page, API, schedule) comes through here, so that the same document meets the same answer everywhere.
"""

from jobs.intake.acceptance import accept
from jobs.intake.approving import DecidedError, approve, decline, edit, hindrance, weigh_edit
from jobs.intake.looking import look_into
from jobs.intake.registering import Registered, await_registration, register
from jobs.intake.releasing import release
from jobs.intake.stopping import stop, stop_all
from jobs.intake.verdict import KeyReusedError, RecoveryError, Refused, Verdict, judge

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
