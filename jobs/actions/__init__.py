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
    withdraw,
)
from jobs.actions.array_refresh import refresh_array
from jobs.actions.bulk import BulkPlan, RerunChanges, cancel_bulk, plan_bulk, run_bulk_action, start_bulk
from jobs.actions.job_control import release, stop, stop_all
from jobs.actions.register import RegistrationResult, register, wait_for_registration
from jobs.actions.rename import rename
from jobs.actions.rerun_indexes import IndexRerunPreview, preview_index_rerun, rerun_indexes
from jobs.actions.rerun_requests import RequestedRerun, preview_rerun
from jobs.actions.reruns import RerunOutcome, RunAgainError
from jobs.actions.run_again import check_run_again, plan_run_again, run_again
from jobs.actions.submit import JobRerun, submit
from jobs.actions.validate import (
    IdempotencyConflictError,
    RecoveryError,
    ValidationFailedError,
    ValidationResult,
    validate,
)

__all__ = [
    "BulkPlan",
    "IdempotencyConflictError",
    "IndexRerunPreview",
    "JobRerun",
    "RecoveryError",
    "RegistrationResult",
    "RequestedRerun",
    "RerunChanges",
    "RerunOutcome",
    "RunAgainError",
    "StaleApprovalError",
    "ValidationFailedError",
    "ValidationResult",
    "approve",
    "cancel_bulk",
    "check_run_again",
    "current_estimate",
    "decline",
    "edit_request",
    "estimate_totals",
    "plan_bulk",
    "plan_run_again",
    "preview_edit",
    "preview_index_rerun",
    "preview_rerun",
    "refresh_array",
    "register",
    "release",
    "rename",
    "rerun_indexes",
    "run_again",
    "run_bulk_action",
    "start_bulk",
    "stop",
    "stop_all",
    "submit",
    "validate",
    "wait_for_registration",
    "why_cannot_approve",
    "withdraw",
]
