"""Audit actions: a fixed list, offered without a query."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, get_args

AuditAction = Literal[
    "submit",
    "run again",
    "stop",
    "release",
    "approve",
    "decline",
    "withdraw",
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
    "archive",
    "restore",
]

AUDIT_ACTIONS: tuple[str, ...] = get_args(AuditAction)

_WORDS = {
    "make": "create",
    "apply": "apply queue changes",
    "let go": "delete expired entries",
    "fail to sign in": "failed sign-in",
}
ACTION_LABELS: Mapping[str, str] = MappingProxyType(
    {action: _WORDS.get(action, action).capitalize() for action in AUDIT_ACTIONS}
)
"""What is stored keeps its word."""
