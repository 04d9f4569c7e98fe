"""The table of causes: for each, when it applies, its words, the next step and one action."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any


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


@dataclass(frozen=True)
class Explanation:
    """A job's state in words: one sentence, what shows it, the next step and one action."""

    sentence: str
    cause: Cause | None = None
    """None: the job runs, or ended well."""
    tone: str = "bad"
    icon: str = "circle-x"
    evidence: tuple[str, ...] = ()
    aws_messages: tuple[str, ...] = ()
    """Verbatim, to be marked as AWS's."""
    next_step: str = ""
    action: Action | None = None

    @property
    def label(self) -> str:
        """The cause in a word or two; empty without one."""
        return CAUSES[self.cause].label if self.cause else ""


def explain(cause: Cause, values: Mapping[str, object], **fields: Any) -> Explanation:
    """Put a cause into words. `values` are those of the sentence; `fields` take the place of what the table says."""
    entry = CAUSES[cause]
    defaults = {"tone": entry.tone, "icon": entry.icon, "next_step": entry.next_step, "action": entry.action}
    return Explanation(entry.sentence.format_map(values), cause, **{**defaults, **fields})


_IMAGE = "The image couldn't be pulled"
_PULL = "`CannotPullContainerError`"

_FAILURES = {
    Cause.OUT_OF_MEMORY: CauseEntry(
        "Out of memory",
        "`OutOfMemoryError` in the reason, or exit code 137 without another cause",
        "{certainty} the container needed more than {memory}.",
        "Request more memory, or reduce what the job uses.",
        Action.MORE_MEMORY,
    ),
    Cause.TIME_LIMIT: CauseEntry(
        "Time limit reached",
        "“Job attempt duration exceeded timeout”",
        "The job was stopped at its time limit{limit}.",
        "Increase the time limit, or check the log for what took so long.",
        Action.LONGER_LIMIT,
    ),
    Cause.COMMAND_NOT_FOUND: CauseEntry(
        "Command not found",
        "exit code 127, or “executable file not found”",
        "The command wasn't found in the image{exit}.",
        "Check the command and its path, and that the image contains it.",
        Action.RUN_AGAIN,
    ),
    Cause.NOT_EXECUTABLE: CauseEntry(
        "Command not executable",
        "exit code 126, or “permission denied” at the start of the container",
        "The command isn't executable{exit}.",
        "Check that the image contains the command as an executable file.",
        Action.RUN_AGAIN,
    ),
    Cause.SIGNAL: CauseEntry(
        "Ended by a signal",
        "exit codes 129 to 192 without another cause",
        "Failed with exit code {code}: {words}.",
        "Check the end of the log for the cause.",
        Action.RUN_AGAIN,
    ),
    Cause.APPLICATION_ERROR: CauseEntry(
        "Application error",
        "any other exit code except 0",
        "Failed with exit code {code}: {words}.",
        "Check the end of the log for the cause.",
        Action.RUN_AGAIN,
    ),
    Cause.IMAGE_NOT_FOUND: CauseEntry(
        "Image not found",
        f"{_PULL} with “not found”, “manifest unknown” or “does not exist”",
        f"{_IMAGE}: the registry has no such image.",
        "Check the image's name and tag in the job definition, and that the image was pushed.",
    ),
    Cause.IMAGE_NOT_PERMITTED: CauseEntry(
        "No permission to pull the image",
        f"{_PULL} or registry login with “not authorized”, “access denied” or “no basic auth credentials”",
        f"{_IMAGE}: the registry denied access.",
        "Allow the execution role (on EC2 the instance role) to pull the image, or check the registry's policy.",
    ),
    Cause.IMAGE_UNREACHABLE: CauseEntry(
        "Registry not reachable",
        f"{_PULL} or registry login with a timeout or a network error",
        f"{_IMAGE}: the registry wasn't reachable from the job's subnet.",
        "Check the route from the subnet to the registry: a NAT gateway, a public IP address or VPC endpoints.",
        Action.RUN_AGAIN,
    ),
    Cause.IMAGE_NAME_INVALID: CauseEntry(
        "Invalid image name",
        f"{_PULL} with “invalid reference format”",
        f"{_IMAGE}: its name is invalid.",
        "Correct the image's name in the job definition.",
    ),
    Cause.IMAGE_ARCHITECTURE: CauseEntry(
        "Wrong architecture",
        "no manifest for the platform, or “exec format error”",
        "The image is for another processor architecture than the host.",
        "Build the image for the architecture of the queue's hosts, or set the definition's runtime platform.",
    ),
    Cause.IMAGE_RATE_LIMIT: CauseEntry(
        "Pull rate limit",
        f"{_PULL} with “toomanyrequests”",
        f"{_IMAGE}: the registry's rate limit was reached.",
        "Run the job again later, or copy the image to a registry without that limit, such as Amazon ECR.",
        Action.RUN_AGAIN,
    ),
    Cause.IMAGE_NOT_PULLED: CauseEntry(
        "Image not pulled",
        f"{_PULL} without one of the texts above",
        f"{_IMAGE}.",
        "Check the image's name and tag, and that the execution role can pull it.",
        Action.RUN_AGAIN,
    ),
    Cause.ROLE_NOT_ASSUMABLE: CauseEntry(
        "Role can't be assumed",
        "“unable to assume the role”",
        "AWS couldn't assume the role of the job definition.",
        "Check that the role exists and that its trust policy allows ecs-tasks.amazonaws.com.",
    ),
    Cause.LOG_GROUP_MISSING: CauseEntry(
        "Log group missing",
        "“The specified log group does not exist”",
        "The container couldn't start: its log group doesn't exist.",
        "Create the log group, or correct its name in the job definition.",
    ),
    Cause.LOG_NOT_WRITABLE: CauseEntry(
        "Log can't be written",
        "another failure to create the log stream or to start the log driver",
        "The container couldn't start: its log couldn't be created.",
        "Allow the execution role logs:CreateLogStream and logs:PutLogEvents, and check the log driver's options.",
    ),
    Cause.SECRET_UNAVAILABLE: CauseEntry(
        "Secret not available",
        "`ResourceInitializationError` for a secret, or secrets without an execution role",
        "The container couldn't start: a secret couldn't be read.",
        "Check the secret's ARN, and that the execution role may read it.",
    ),
    Cause.STORAGE_NOT_MOUNTED: CauseEntry(
        "Storage not mounted",
        "an EFS file system couldn't be mounted",
        "The container couldn't start: a file system couldn't be mounted.",
        "Check the file system's mount targets and security groups.",
    ),
    Cause.DISK_FULL: CauseEntry(
        "Disk full",
        "“no space left on device”",
        "The host's disk was full.",
        "Request more ephemeral storage, or use a smaller image.",
        Action.RUN_AGAIN,
    ),
    Cause.INITIALIZATION_FAILED: CauseEntry(
        "Initialization failed",
        "another `ResourceInitializationError`",
        "AWS couldn't prepare the resources of the container.",
        "Check the reason from AWS Batch: usually a network, a role or a volume of the job definition.",
    ),
    Cause.CONTAINER_NOT_STARTED: CauseEntry(
        "Container not started",
        "`CannotStartContainerError`, `DockerTimeoutError`, “Task failed to start” or exit code 125",
        "The container couldn't be started.",
        "Check the reason from AWS Batch, and the command and volumes of the job definition.",
        Action.RUN_AGAIN,
    ),
    Cause.OVERRIDES_TOO_LONG: CauseEntry(
        "Overrides too long",
        "“Container Overrides length must be at most 8192”",
        "The job's command and environment variables are too long.",
        "Shorten them, for example by reading long values from a file.",
        Action.RUN_AGAIN,
    ),
    Cause.SPOT_RECLAIMED: CauseEntry(
        "Spot capacity reclaimed",
        "the host was terminated in a queue with Spot only, or “Your Spot Task was interrupted”",
        "AWS reclaimed the job's Spot capacity.",
        "Run it again, with a retry rule for terminated instances so that such jobs restart by themselves.",
        Action.RUN_AGAIN,
    ),
    Cause.HOST_TERMINATED: CauseEntry(
        "Host terminated",
        "“Host EC2 (instance …) terminated”",
        "The job's host was terminated.",
        "Run it again, with a retry rule for terminated instances so that such jobs restart by themselves.",
        Action.RUN_AGAIN,
    ),
    Cause.DEPENDENCY_FAILED: CauseEntry(
        "Dependency failed",
        "“Dependent Job failed”",
        "Nothing ran: it depends on {parent}, which {end}.",
        "Check the job it depends on.",
        Action.OPEN_PARENT,
    ),
    Cause.CHILDREN_FAILED: CauseEntry(
        "Child jobs failed",
        "an array job with failed child jobs",
        "{children} failed.",
        "Check the exit codes and logs of the failed child jobs.",
        Action.RUN_CHILDREN_AGAIN,
    ),
    Cause.NEVER_PLACED: CauseEntry(
        "Waited too long",
        "“Canceled by JobStateTimeLimit action”",
        "AWS Batch canceled the job: it waited at the head of its queue longer than the queue allows.",
        "Request less, or choose another queue.",
        Action.CHANGE_SIZE,
    ),
    Cause.REFUSED: CauseEntry(
        "Refused",
        "AWS Batch or a rule of the portal refused the job",
        "{refuser} refused the job. Nothing ran.",
        "Correct the document and submit it again.",
        Action.RUN_AGAIN,
        icon="ban",
    ),
    Cause.STOPPED: CauseEntry(
        "Stopped",
        "a user stopped the job",
        "The job was stopped{reason}.",
        "",
        Action.RUN_AGAIN,
        tone="off",
        icon="player-stop",
    ),
    Cause.LOST: CauseEntry(
        "Lost",
        "AWS Batch no longer knew the job before the portal saw its end",
        "AWS no longer has the job, and the portal never saw its final state.",
        "Check the log to see how it ended.",
        Action.RUN_AGAIN,
        tone="warn",
        icon="question-mark",
    ),
    Cause.UNKNOWN: CauseEntry(
        "Unknown cause",
        "none of the above",
        "The job failed before its container exited.",
        "Check the reason from AWS Batch.",
        Action.RUN_AGAIN,
    ),
}

_WAITING = {
    Cause.APPROVAL: CauseEntry(
        "Waiting for approval",
        "the submission exceeds a threshold of its team",
        "Waiting for approval by a team lead or an administrator.",
        "",
        tone="warn",
        icon="user-check",
    ),
    Cause.HELD: CauseEntry(
        "On hold",
        "the portal couldn't tell whether AWS has the job, or was restored from a backup",
        "On hold until a team lead releases or withdraws it.",
        "A team lead can release the job. Members who can stop jobs can withdraw it.",
        tone="warn",
        icon="hand-stop",
    ),
    Cause.NOT_SENT: CauseEntry(
        "Not sent yet",
        "the portal has accepted the job and is about to send it",
        "{meaning}",
        "",
        tone="wait",
        icon="send",
    ),
    Cause.AWS_UNREACHABLE: CauseEntry(
        "AWS not reachable",
        "calls to the account are paused because AWS doesn't answer",
        "Not sent yet: the portal can't reach AWS. {problem}.",
        "The portal sends the job as soon as AWS answers.",
        tone="warn",
        icon="alert-triangle",
    ),
    Cause.DEPENDENCIES: CauseEntry(
        "Waiting for dependencies",
        "a job it depends on has not ended",
        "Waiting for {parents}.",
        "",
        tone="wait",
        icon="hourglass",
    ),
    Cause.QUEUE_INVALID: CauseEntry(
        "Queue invalid",
        "AWS reports the queue as INVALID, or it no longer exists",
        "No job starts in {queue}: it {is}.",
        "Run the job in another queue, or ask an administrator to correct this one.",
        Action.OTHER_QUEUE,
        icon="ban",
    ),
    Cause.QUEUE_DISABLED: CauseEntry(
        "Queue disabled",
        "the queue is disabled, and nothing else explains the wait",
        "{queue} is disabled: it accepts no new jobs. AWS Batch may still start the jobs in it.",
        "Run the job in another queue, or ask an administrator to enable this one.",
        Action.OTHER_QUEUE,
        tone="warn",
        icon="ban",
    ),
    Cause.ENVIRONMENT_INVALID: CauseEntry(
        "Compute environment invalid",
        "AWS reports the compute environments that could run the job as INVALID",
        "No job starts in {queue}: {which} {environments} {are} invalid{only}.",
        "Ask an administrator to correct what AWS Batch reports, or run the job in another queue.",
        Action.OTHER_QUEUE,
        icon="ban",
    ),
    Cause.ENVIRONMENT_DISABLED: CauseEntry(
        "Compute environment disabled",
        "the compute environments that could run the job are disabled",
        "No job starts in {queue}: {which} {environments} {are} disabled{only}.",
        "Ask an administrator to enable it, or run the job in another queue.",
        Action.OTHER_QUEUE,
        icon="ban",
    ),
    Cause.FITS_NOTHING: CauseEntry(
        "Can never start",
        "no compute environment of the queue is large enough, by its maxvCpus, instance types or Fargate sizes",
        "The job can never start. {reason}",
        "Request less, or choose another queue.",
        Action.CHANGE_SIZE,
    ),
    Cause.MISCONFIGURATION: CauseEntry(
        "Misconfiguration",
        "AWS Batch reports `MISCONFIGURATION:…`, and again after 5 minutes",
        "{problem}.",
        "Request less or choose another queue. If the size is right, ask an administrator to check the queue.",
        Action.CHANGE_SIZE,
    ),
    Cause.SPOT_CAPACITY: CauseEntry(
        "No Spot capacity",
        "AWS Batch reports `CAPACITY:…`, and all compute environments of the queue are Spot",
        "AWS has no Spot capacity for {queue} at the moment.",
        "It starts when AWS has capacity. A queue with On-Demand instances may start it sooner.",
        Action.OTHER_QUEUE,
        tone="wait",
        icon="stack",
    ),
    Cause.INSUFFICIENT_CAPACITY: CauseEntry(
        "No capacity in AWS",
        "AWS Batch reports `CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY`",
        "AWS has no instance for {queue} at the moment.",
        "It starts when AWS has capacity. Another queue may start it sooner.",
        Action.OTHER_QUEUE,
        tone="wait",
        icon="stack",
    ),
    Cause.BLOCKED: CauseEntry(
        "Blocked",
        "AWS Batch reports that the head of the queue is blocked, without a known reason",
        "AWS Batch reports that {queue} is blocked.",
        "Ask an administrator to check the queue's compute environments.",
        Action.OTHER_QUEUE,
        tone="wait",
        icon="stack",
    ),
    Cause.MAX_VCPUS: CauseEntry(
        "Queue full",
        "the jobs that run leave too little of the compute environments' maxvCpus",
        "{queue} is full: {used} of {maximum} vCPU are in use ({teams}).",
        "It starts when enough of these jobs have ended. Another queue may start it sooner.",
        Action.OTHER_QUEUE,
        tone="wait",
        icon="stack",
    ),
    Cause.FAIR_SHARE: CauseEntry(
        "Fair share",
        "other jobs are ahead in a queue with a fair-share policy",
        "{place} in {queue}{ahead}. Its fair-share policy orders the jobs{share} by priority and recent use.",
        "Shares that used less go first, so the place can change.",
        tone="wait",
        icon="stack",
    ),
    Cause.QUEUE_POSITION: CauseEntry(
        "In line",
        "other jobs are ahead in the queue",
        "{place} in {queue}{ahead}.",
        "It starts when the jobs ahead have started and there is capacity.",
        tone="wait",
        icon="stack",
    ),
    Cause.CONSUMABLE_RESOURCE: CauseEntry(
        "Consumable resource",
        "the job requests a consumable resource and nothing else explains its wait",
        "The job may be waiting for {resources}.",
        "Check in AWS Batch how much of it is available.",
        tone="wait",
        icon="stack",
    ),
    Cause.SCHEDULING: CauseEntry(
        "Starting soon",
        "the job is RUNNABLE for less than 5 minutes",
        "AWS Batch is looking for capacity in {queue}.",
        "A new instance usually takes a few minutes.",
        tone="wait",
        icon="stack",
    ),
    Cause.CAPACITY: CauseEntry(
        "Waiting for capacity",
        "none of the above",
        "Waiting for capacity in {queue}.",
        "Possible causes: the account's vCPU quota, the subnets' route to AWS, or instances that can't join the "
        "compute environment.",
        Action.OTHER_QUEUE,
        tone="wait",
        icon="stack",
    ),
}

CAUSES: Mapping[Cause, CauseEntry] = MappingProxyType(_FAILURES | _WAITING)
WAITING_CAUSES = frozenset(_WAITING)
