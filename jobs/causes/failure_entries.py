"""All words for why a job failed."""

from collections.abc import Mapping
from types import MappingProxyType

from jobs.causes.entry import Action, Cause, CauseEntry

_IMAGE = "The image couldn't be pulled"
_PULL = "`CannotPullContainerError`"

FAILURE_ENTRIES: Mapping[Cause, CauseEntry] = MappingProxyType(
    {
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
            "Allow the execution role logs:CreateLogStream and logs:PutLogEvents, and check the log driver's "
            "options.",
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
)
