"""The audit log.

Call `record` last in a transaction: it locks the end of the team's chain.
"""

from jobs.audit.actions import ACTION_LABELS, AUDIT_ACTIONS, AuditAction
from jobs.audit.context import CHANNEL_LABELS, AuditContext, Channel, audit_context, get_context, set_token
from jobs.audit.log import AuditTarget, describe_target, record, truncate_list

__all__ = [
    "ACTION_LABELS",
    "AUDIT_ACTIONS",
    "CHANNEL_LABELS",
    "AuditAction",
    "AuditContext",
    "AuditTarget",
    "Channel",
    "audit_context",
    "describe_target",
    "get_context",
    "record",
    "set_token",
    "truncate_list",
]
