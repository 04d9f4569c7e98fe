"""Causes of waits and failures as entries of their table."""

from dataclasses import dataclass
from enum import StrEnum


class Cause(StrEnum):
    """Stable names: stored, searched for and answered by the API."""

    # Why a job failed
    OUT_OF_MEMORY = "out-of-memory"
    TIME_LIMIT = "time-limit"
    COMMAND_NOT_FOUND = "command-not-found"
    NOT_EXECUTABLE = "not-executable"
    SIGNAL = "signal"
    APPLICATION_ERROR = "application-error"
    IMAGE_NOT_FOUND = "image-not-found"
    IMAGE_NOT_PERMITTED = "image-not-permitted"
    IMAGE_UNREACHABLE = "image-unreachable"
    IMAGE_NAME_INVALID = "image-name-invalid"
    IMAGE_ARCHITECTURE = "image-architecture"
    IMAGE_RATE_LIMIT = "image-rate-limit"
    IMAGE_NOT_PULLED = "image-not-pulled"
    ROLE_NOT_ASSUMABLE = "role-not-assumable"
    LOG_GROUP_MISSING = "log-group-missing"
    LOG_NOT_WRITABLE = "log-not-writable"
    SECRET_UNAVAILABLE = "secret-unavailable"  # noqa: S105 - a cause
    STORAGE_NOT_MOUNTED = "storage-not-mounted"
    DISK_FULL = "disk-full"
    INITIALIZATION_FAILED = "initialization-failed"
    CONTAINER_NOT_STARTED = "container-not-started"
    OVERRIDES_TOO_LONG = "overrides-too-long"
    SPOT_RECLAIMED = "spot-reclaimed"
    HOST_TERMINATED = "host-terminated"
    DEPENDENCY_FAILED = "dependency-failed"
    CHILDREN_FAILED = "children-failed"
    NEVER_PLACED = "never-placed"
    REFUSED = "refused"
    STOPPED = "stopped"
    LOST = "lost"
    UNKNOWN = "unknown"

    # Why a job waits
    APPROVAL = "approval"
    HELD = "held"
    NOT_SENT = "not-sent"
    AWS_UNREACHABLE = "aws-unreachable"
    DEPENDENCIES = "dependencies"
    QUEUE_INVALID = "queue-invalid"
    ENVIRONMENT_INVALID = "environment-invalid"
    ENVIRONMENT_DISABLED = "environment-disabled"
    FITS_NOTHING = "fits-nothing"
    MISCONFIGURATION = "misconfiguration"
    SPOT_CAPACITY = "spot-capacity"
    INSUFFICIENT_CAPACITY = "insufficient-capacity"
    BLOCKED = "blocked"
    MAX_VCPUS = "max-vcpus"
    FAIR_SHARE = "fair-share"
    QUEUE_POSITION = "queue-position"
    CONSUMABLE_RESOURCE = "consumable-resource"
    QUEUE_DISABLED = "queue-disabled"
    SCHEDULING = "scheduling"
    CAPACITY = "capacity"


class Action(StrEnum):
    """What a page offers: each opens a form or a page, and changes nothing by itself."""

    MORE_MEMORY = "more-memory"
    LONGER_LIMIT = "longer-limit"
    CHANGE_SIZE = "change-size"
    OTHER_QUEUE = "other-queue"
    RUN_AGAIN = "run-again"
    RUN_CHILDREN_AGAIN = "run-children-again"
    OPEN_PARENT = "open-parent"


@dataclass(frozen=True)
class CauseEntry:
    label: str
    condition: str
    """When it applies, for the documentation."""
    sentence: str
    """A template; its fields are named by the function that explains."""
    next_step: str
    action: Action | None = None
    tone: str = "bad"
    icon: str = "circle-x"
