"""The fields of the two forms: a job, and a definition of one container."""

from dataclasses import dataclass
from typing import Any

from jobs.spec.documents import Document, Path, is_object
from jobs.spec.forms import value_types
from jobs.spec.forms.lenses import (
    At,
    DefinitionName,
    DefinitionRevision,
    Entries,
    Members,
    Place,
    Requirement,
    WaitsFor,
)


@dataclass(frozen=True)
class Field:
    """A field of a form: its lens, label and control.

    `kind` is the control: text, number, memory, duration, command, choice, variables, tags or jobs. `wanted` is the
    message for a required field that is empty.
    """

    name: str
    place: Place
    label: str
    kind: str = "text"
    help: str = ""
    wanted: str = ""
    example: str = ""


_OVERRIDES: Path = ("containerOverrides",)
_CONTAINER: Path = ("containerProperties",)
_LOG: Path = (*_CONTAINER, "logConfiguration")

_COMMAND_HELP = "As on a command line. No shell reads it: for pipes and variables write bash -c '…'."
_RETRIES_HELP = "How often it may be tried, the first time included: 1 to 10."
_TIME_HELP = "After it, an attempt is ended. At least 1 min."

JOB: tuple[Field, ...] = (
    Field("name", At(("jobName",)), "Name", wanted="Give the job a name.", example="train-model-42",
          help="Letters, digits, - and _."),
    Field("queue", At(("jobQueue",)), "Queue", "choice", wanted="Choose a queue."),
    Field("definition", DefinitionName(), "Definition", "choice", wanted="Choose what to run."),
    Field("revision", DefinitionRevision(), "Revision", "choice"),
    Field("command", At((*_OVERRIDES, "command"), value_types.COMMAND), "Command", "command",
          _COMMAND_HELP),
    Field("environment", Entries((*_OVERRIDES, "environment")), "Environment", "variables"),
    Field("vcpus", Requirement(_OVERRIDES, "VCPU", legacy="vcpus"), "vCPU", "number"),
    Field("memory", Requirement(_OVERRIDES, "MEMORY", value_types.MEMORY, "memory"), "Memory", "memory",
          "Such as 512 MiB or 16 GiB."),
    Field("gpus", Requirement(_OVERRIDES, "GPU"), "GPUs", "number"),
    Field("retries", At(("retryStrategy", "attempts"), value_types.WHOLE), "Attempts", "number",
          _RETRIES_HELP),
    Field("time_limit", At(("timeout", "attemptDurationSeconds"), value_types.SECONDS), "Time limit",
          "duration", _TIME_HELP, example="2 h"),
    Field("waits", WaitsFor(), "Wait for", "jobs"),
    Field("tags", Members(("tags",)), "Tags", "tags"),
)  # fmt: skip
"""The fields of a job, in the order in which their keys are added to a document."""

DEFINITION: tuple[Field, ...] = (
    Field("name", At(("jobDefinitionName",)), "Name", wanted="Give the definition a name.",
          example="train-model", help="Letters, digits, - and _. What already has this name gets a new revision."),
    Field("image", At((*_CONTAINER, "image")), "Image", wanted="Name the container image to run.",
          example="registry/name:tag"),
    Field("command", At((*_CONTAINER, "command"), value_types.COMMAND), "Command", "command",
          _COMMAND_HELP),
    Field("platform", At(("platformCapabilities",), value_types.ONLY_ENTRY), "Platform", "choice"),
    Field("vcpus", Requirement(_CONTAINER, "VCPU", legacy="vcpus"), "vCPU", "number"),
    Field("memory", Requirement(_CONTAINER, "MEMORY", value_types.MEMORY, "memory"), "Memory", "memory",
          "Such as 512 MiB or 16 GiB."),
    Field("gpus", Requirement(_CONTAINER, "GPU"), "GPUs", "number"),
    Field("environment", Entries((*_CONTAINER, "environment")), "Environment", "variables"),
    Field("job_role", At((*_CONTAINER, "jobRoleArn")), "Job role", help="What the program may do in AWS.",
          example="arn:aws:iam::…:role/…"),
    Field("execution_role", At((*_CONTAINER, "executionRoleArn")), "Execution role",
          help="With it AWS pulls the image and writes the log. Fargate needs one.", example="arn:aws:iam::…:role/…"),
    Field("retries", At(("retryStrategy", "attempts"), value_types.WHOLE), "Attempts", "number",
          _RETRIES_HELP),
    Field("time_limit", At(("timeout", "attemptDurationSeconds"), value_types.SECONDS), "Time limit",
          "duration", _TIME_HELP, example="2 h"),
    Field("log_group",
          At((*_LOG, "options", "awslogs-group"), beside=(((*_LOG, "logDriver"), "awslogs"),)),
          "Log group", help="Of CloudWatch Logs. Empty means /aws/batch/job.", example="/aws/batch/job"),
    Field("tags", Members(("tags",)), "Tags", "tags"),
)  # fmt: skip
"""The fields common to most definitions. A definition with several containers is edited as JSON."""

SAID: dict[str, Any] = {"/type": "container"}
"""Values implied by the form itself."""


def has_one_container(definition: Document) -> bool:
    """Return whether the form can show a definition: it has the properties of one container, or none yet."""
    others = ("ecsProperties", "eksProperties", "nodeProperties")
    alone = is_object(definition.get("containerProperties", {})) and not any(key in definition for key in others)
    return alone and definition.get("type", "container") == "container"
