"""Audit actions: a fixed list, so that the page can offer them without a query."""

from typing import Literal, get_args

AuditAction = Literal[
    "submit",
    "run again",
    "stop",
    "release",
    "approve",
    "decline",
    "register",
    "share",
    "transfer",
    "deactivate",
    "activate",
    "make",
    "change",
    "remove",
    "revoke",
    "apply",
    "sign in",
    "fail to sign in",
    "sign out",
    "enter recovery",
    "let go",
    "show values",
]

AUDIT_ACTIONS: tuple[str, ...] = get_args(AuditAction)
