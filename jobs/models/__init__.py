"""Django models: one module for each noun, with its QuerySet."""

from jobs.models.account import Access, Account
from jobs.models.approval import Approval, Decision, RequestEdit
from jobs.models.array_child import ArrayChild
from jobs.models.audit import AuditEntry, AuditHead
from jobs.models.cache_entry import Remembered
from jobs.models.cost import CostLine
from jobs.models.database_generation import Incarnation
from jobs.models.definition import Definition, Registration, Revision
from jobs.models.discrepancy import Oddity, OddityKind
from jobs.models.draft import Draft, DraftKind
from jobs.models.grant import Feature, FilledBy, ImageGrant, RoleGrant, TagRule
from jobs.models.idempotency import ApiAnswer
from jobs.models.job import DeliveryAttempt, Job, JobDependency, StateChange
from jobs.models.lease import Lease
from jobs.models.mail import MailKind, OutgoingMail
from jobs.models.queue import Queue, QueueGrant
from jobs.models.rate import Rate, Resource
from jobs.models.request_count import RequestCount
from jobs.models.submission import Source, Submission
from jobs.models.tag import JobTag
from jobs.models.tag_secret import TagSecret
from jobs.models.team import Membership, Role, Team
from jobs.models.token import ApiToken
from jobs.models.user import User

__all__ = [
    "Access",
    "Account",
    "ApiAnswer",
    "ApiToken",
    "Approval",
    "ArrayChild",
    "AuditEntry",
    "AuditHead",
    "CostLine",
    "Decision",
    "Definition",
    "DeliveryAttempt",
    "Draft",
    "DraftKind",
    "Feature",
    "FilledBy",
    "ImageGrant",
    "Incarnation",
    "Job",
    "JobDependency",
    "JobTag",
    "Lease",
    "MailKind",
    "Membership",
    "Oddity",
    "OddityKind",
    "OutgoingMail",
    "Queue",
    "QueueGrant",
    "Rate",
    "Registration",
    "Remembered",
    "RequestCount",
    "RequestEdit",
    "Resource",
    "Revision",
    "Role",
    "RoleGrant",
    "Source",
    "StateChange",
    "Submission",
    "TagRule",
    "TagSecret",
    "Team",
    "User",
]
