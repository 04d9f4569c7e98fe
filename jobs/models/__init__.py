"""Django models: one module for each noun, with its QuerySet."""

from jobs.models.account import AccessMethod, Account, AccountStatus
from jobs.models.actual_cost import ActualDelivery, ActualJobCost, ActualTotal
from jobs.models.approval import Approval, ApprovalEdit, Decision
from jobs.models.array_child import ArrayChild
from jobs.models.audit import AuditChain, AuditEntry
from jobs.models.budget import Budget, BudgetPeriod, BudgetTerms, BudgetUsage
from jobs.models.bulk_action import BulkAction, BulkItem, BulkKind, ItemOutcome
from jobs.models.cache_entry import CacheEntry
from jobs.models.container_instance import ContainerInstance
from jobs.models.cost import CostLine
from jobs.models.cost_explorer import CostExplorerCost, CostExplorerMonth, CostExplorerRequests
from jobs.models.cost_total import CostBacklog, CostGroup, CostTagKey, CostTotal
from jobs.models.database_generation import DatabaseGeneration
from jobs.models.definition import Definition, Registration, Revision
from jobs.models.discrepancy import Discrepancy, DiscrepancyKind
from jobs.models.draft import Draft, DraftKind
from jobs.models.form_preset import FavoriteForm, FormPreset
from jobs.models.grant import Feature, ImageGrant, RoleGrant, TagRule, TagSource
from jobs.models.idempotency import IdempotencyRecord
from jobs.models.instance_type import InstancePrice, InstanceType, PurchaseOption
from jobs.models.job import Job
from jobs.models.job_count import JobCount
from jobs.models.job_dependency import JobDependency
from jobs.models.job_failure import JobFailure
from jobs.models.job_history import DeliveryAttempt, StateChange
from jobs.models.job_task import JobTask
from jobs.models.job_text import JobText
from jobs.models.job_text_backlog import JobTextBacklog
from jobs.models.launch_form import LaunchForm, LaunchFormVersion
from jobs.models.lease import Lease, LeaseKeeper
from jobs.models.log_copy import LogChunk, LogCopy
from jobs.models.mail import MailKind, OutgoingMail
from jobs.models.queue import FormsOnly, Queue, QueueGrant
from jobs.models.queue_snapshot import QueueSnapshot
from jobs.models.rate import Architecture, Platform, Rate, Resource
from jobs.models.repricing import Repricing
from jobs.models.request_count import RequestCount
from jobs.models.rerun import Rerun
from jobs.models.saved_view import SavedView
from jobs.models.submission import Source, Submission
from jobs.models.tag import JobTag
from jobs.models.tag_secret import TagSecret
from jobs.models.team import Membership, Role, Team
from jobs.models.template import TemplateVersion, WorkflowTemplate
from jobs.models.token import ApiToken
from jobs.models.user import User
from jobs.models.wait_backlog import WaitBacklog

__all__ = [
    "AccessMethod",
    "Account",
    "AccountStatus",
    "ActualDelivery",
    "ActualJobCost",
    "ActualTotal",
    "ApiToken",
    "Approval",
    "ApprovalEdit",
    "Architecture",
    "ArrayChild",
    "AuditChain",
    "AuditEntry",
    "Budget",
    "BudgetPeriod",
    "BudgetTerms",
    "BudgetUsage",
    "BulkAction",
    "BulkItem",
    "BulkKind",
    "CacheEntry",
    "ContainerInstance",
    "CostBacklog",
    "CostExplorerCost",
    "CostExplorerMonth",
    "CostExplorerRequests",
    "CostGroup",
    "CostLine",
    "CostTagKey",
    "CostTotal",
    "DatabaseGeneration",
    "Decision",
    "Definition",
    "DeliveryAttempt",
    "Discrepancy",
    "DiscrepancyKind",
    "Draft",
    "DraftKind",
    "FavoriteForm",
    "Feature",
    "FormPreset",
    "FormsOnly",
    "IdempotencyRecord",
    "ImageGrant",
    "InstancePrice",
    "InstanceType",
    "ItemOutcome",
    "Job",
    "JobCount",
    "JobDependency",
    "JobFailure",
    "JobTag",
    "JobTask",
    "JobText",
    "JobTextBacklog",
    "LaunchForm",
    "LaunchFormVersion",
    "Lease",
    "LeaseKeeper",
    "LogChunk",
    "LogCopy",
    "MailKind",
    "Membership",
    "OutgoingMail",
    "Platform",
    "PurchaseOption",
    "Queue",
    "QueueGrant",
    "QueueSnapshot",
    "Rate",
    "Registration",
    "Repricing",
    "RequestCount",
    "Rerun",
    "Resource",
    "Revision",
    "Role",
    "RoleGrant",
    "SavedView",
    "Source",
    "StateChange",
    "Submission",
    "TagRule",
    "TagSecret",
    "TagSource",
    "Team",
    "TemplateVersion",
    "User",
    "WaitBacklog",
    "WorkflowTemplate",
]
