"""Commands that people issue."""

from jobs.actions.approval import (
    StaleApprovalError,
    approve,
    current_estimate,
    decline,
    edit_request,
    estimate_totals,
    preview_edit,
    why_cannot_approve,
)
from jobs.actions.array_refresh import refresh_array
from jobs.actions.job_control import release, stop, stop_all
from jobs.actions.register import RegistrationResult, register, wait_for_registration
from jobs.actions.rename import rename
from jobs.actions.rerun_indexes import IndexRerunPreview, preview_index_rerun, rerun_indexes
from jobs.actions.submit import submit
from jobs.actions.validate import (
    IdempotencyConflictError,
    RecoveryError,
    ValidationFailedError,
    ValidationResult,
    validate,
)

__all__ = [
    "IdempotencyConflictError",
    "IndexRerunPreview",
    "RecoveryError",
    "RegistrationResult",
    "StaleApprovalError",
    "ValidationFailedError",
    "ValidationResult",
    "approve",
    "current_estimate",
    "decline",
    "edit_request",
    "estimate_totals",
    "preview_edit",
    "preview_index_rerun",
    "refresh_array",
    "register",
    "release",
    "rename",
    "rerun_indexes",
    "stop",
    "stop_all",
    "submit",
    "validate",
    "wait_for_registration",
    "why_cannot_approve",
]
