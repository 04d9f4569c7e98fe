"""The fields of the two forms: a job, and a definition of one container."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from jobs.spec.documents import Document, Path, is_object
from jobs.spec.forms import value_types
from jobs.spec.forms.lenses import (
    DefinitionNameLens,
    DefinitionRevisionLens,
    DependsOnLens,
    ExitCodesLens,
    ExitRuleLens,
    Lens,
    ListLens,
    MapLens,
    PairsLens,
    RequirementLens,
    SequentialLens,
    ValueLens,
)


@dataclass(frozen=True)
class FormField:
    """`kind` is the control: text, number, memory, duration, command, choice, check, variables, tags or jobs."""

    name: str
    lens: Lens
    label: str
    kind: str = "text"
    help: str = ""
    required_message: str = ""
    example: str = ""


_OVERRIDES: Path = ("containerOverrides",)
_CONTAINER: Path = ("containerProperties",)
_LOG: Path = (*_CONTAINER, "logConfiguration")

MIN_ARRAY_SIZE, MAX_ARRAY_SIZE = 2, 10_000
"""Child jobs of an array: ArrayProperties, AWS Batch API reference."""

_COMMAND_HELP = "As on a command line, but without a shell. For pipes and variables, use bash -c '…'."
_EXIT_RULES: Path = ("retryStrategy", "evaluateOnExit")
RETRY_RULE_FIELDS = (
    FormField("retry_spot", ExitRuleLens(_EXIT_RULES, ("onStatusReason",), "Host EC2*", "RETRY"),
              "The instance was terminated (Spot reclaimed)", "check"),
    FormField("retry_pull", ExitRuleLens(_EXIT_RULES, ("onReason",), "CannotPullContainerError:*", "RETRY"),
              "The image couldn't be pulled", "check"),
    FormField("retry_codes", ExitCodesLens(_EXIT_RULES), "Exit code is", example="137, 143",
              help="Separated by commas. A code can end in *."),
    FormField("retry_other", ExitRuleLens(_EXIT_RULES, ("onReason", "onStatusReason", "onExitCode"), "*", "EXIT"),
              "Don't retry after other failures", "check"),
)  # fmt: skip
"""Rules for retries as choices. Source: “Automated job retries”, AWS Batch User Guide; EvaluateOnExit, API."""

_RETRIES_HELP = "1 to 10, including the first attempt"
_TIME_HELP = "An attempt that runs longer is stopped. At least 1 min."

JOB_FIELDS: tuple[FormField, ...] = (
    FormField("name", ValueLens(("jobName",)), "Name", required_message="Enter a job name.",
          example="train-model-42", help="Letters, digits, - and _."),
    FormField("queue", ValueLens(("jobQueue",)), "Queue", "choice", required_message="Choose a queue."),
    FormField("definition", DefinitionNameLens(), "Definition", "choice",
          required_message="Choose a job definition."),
    FormField("revision", DefinitionRevisionLens(), "Revision", "choice"),
    FormField("command", ValueLens((*_OVERRIDES, "command"), value_types.COMMAND), "Command", "command",
          _COMMAND_HELP),
    FormField("environment", ListLens((*_OVERRIDES, "environment")), "Environment variables", "variables"),
    FormField("vcpus", RequirementLens(_OVERRIDES, "VCPU", legacy="vcpus"), "vCPU", "number"),
    FormField("memory", RequirementLens(_OVERRIDES, "MEMORY", value_types.MEMORY, "memory"), "Memory", "memory",
          "For example 512 MiB or 16 GiB"),
    FormField("gpus", RequirementLens(_OVERRIDES, "GPU"), "GPUs", "number"),
    FormField("share_identifier", ValueLens(("shareIdentifier",)), "Share identifier",
          help="Whose share of the queue the job uses"),
    FormField("priority", ValueLens(("schedulingPriorityOverride",), value_types.WHOLE), "Priority", "number",
          "0 to 9999 within the share. Higher runs first."),
    FormField("retries", ValueLens(("retryStrategy", "attempts"), value_types.WHOLE), "Attempts", "number",
          _RETRIES_HELP),
    *RETRY_RULE_FIELDS,
    FormField("time_limit", ValueLens(("timeout", "attemptDurationSeconds"), value_types.SECONDS), "Time limit",
          "duration", _TIME_HELP, example="2 h"),
    FormField("array_size", ValueLens(("arrayProperties", "size"), value_types.WHOLE), "Array size", "number",
          f"{MIN_ARRAY_SIZE} to {MAX_ARRAY_SIZE:,} child jobs"),
    FormField("sequential", SequentialLens(), "Run child jobs one after another", "check"),
    FormField("waits", DependsOnLens(), "Dependencies", "jobs"),
    FormField("n_to_n", PairsLens(), "Child by child", "jobs"),
    FormField("tags", MapLens(("tags",)), "Tags", "tags"),
)  # fmt: skip
"""In the order in which their keys are added to a document."""

DEFINITION_FIELDS: tuple[FormField, ...] = (
    FormField("name", ValueLens(("jobDefinitionName",)), "Name", required_message="Enter a definition name.",
          example="train-model", help="Letters, digits, - and _. An existing name gets a new revision."),
    FormField("image", ValueLens((*_CONTAINER, "image")), "Image",
          required_message="Enter a container image.", example="registry/name:tag"),
    FormField("command", ValueLens((*_CONTAINER, "command"), value_types.COMMAND), "Command", "command",
          _COMMAND_HELP),
    FormField("platform", ValueLens(("platformCapabilities",), value_types.ONLY_ENTRY), "Platform", "choice"),
    FormField("vcpus", RequirementLens(_CONTAINER, "VCPU", legacy="vcpus"), "vCPU", "number"),
    FormField("memory", RequirementLens(_CONTAINER, "MEMORY", value_types.MEMORY, "memory"), "Memory", "memory",
          "For example 512 MiB or 16 GiB"),
    FormField("gpus", RequirementLens(_CONTAINER, "GPU"), "GPUs", "number"),
    FormField("ephemeral_storage", ValueLens((*_CONTAINER, "ephemeralStorage", "sizeInGiB"), value_types.WHOLE),
          "Ephemeral storage (GiB)", "number", "21 to 200. Default: 20"),
    FormField("platform_version",
          ValueLens((*_CONTAINER, "fargatePlatformConfiguration", "platformVersion")), "Platform version",
          example="LATEST"),
    FormField("public_ip", ValueLens((*_CONTAINER, "networkConfiguration", "assignPublicIp")), "Public IP address",
          "choice", "Needed in a subnet without a NAT gateway or VPC endpoints"),
    FormField("environment", ListLens((*_CONTAINER, "environment")), "Environment variables", "variables"),
    FormField("job_role", ValueLens((*_CONTAINER, "jobRoleArn")), "Job role", help="AWS permissions of the container",
          example="arn:aws:iam::…:role/…"),
    FormField("execution_role", ValueLens((*_CONTAINER, "executionRoleArn")), "Execution role",
          help="AWS uses it to pull the image and write the log. Required on "
          "Fargate.", example="arn:aws:iam::…:role/…"),
    FormField("retries", ValueLens(("retryStrategy", "attempts"), value_types.WHOLE), "Attempts", "number",
          _RETRIES_HELP),
    *RETRY_RULE_FIELDS,
    FormField("time_limit", ValueLens(("timeout", "attemptDurationSeconds"), value_types.SECONDS), "Time limit",
          "duration", _TIME_HELP, example="2 h"),
    FormField("log_group",
          ValueLens((*_LOG, "options", "awslogs-group"), siblings=(((*_LOG, "logDriver"), "awslogs"),)),
          "Log group", help="In CloudWatch Logs. Default: /aws/batch/job", example="/aws/batch/job"),
    FormField("tags", MapLens(("tags",)), "Tags", "tags"),
)  # fmt: skip
"""A definition with several containers is edited as JSON."""

IMPLIED_VALUES: dict[str, Any] = {"/type": "container"}
"""Values implied by the form itself."""


PARAMETER_PREFIX = "parameter-"
TAG_PREFIX = "tag-"
MAX_TAG_FIELDS = 50
MAX_PARAMETERS = 50
"""Parameters for which the form has a field of their own."""
_PARAMETER_NAME = re.compile(r"[\w.\-]{1,64}", re.ASCII)


def parameter_fields(names: Iterable[str]) -> tuple[FormField, ...]:
    """Return none for unusual names and those beyond the limit."""
    plain_names = [name for name in dict.fromkeys(names) if _PARAMETER_NAME.fullmatch(name)]
    return tuple(
        FormField(PARAMETER_PREFIX + name, ValueLens(("parameters", name)), name)
        for name in plain_names[:MAX_PARAMETERS]
    )


def with_tag_fields(fields: Iterable[FormField], keys: Iterable[str]) -> tuple[FormField, ...]:
    """Take these tags from the rows."""
    own_keys = tuple(dict.fromkeys(keys))[:MAX_TAG_FIELDS]
    result: list[FormField] = []
    for field in fields:
        if own_keys and field.kind == "tags":
            path = field.lens.path
            result += [
                FormField(f"{TAG_PREFIX}{number}", ValueLens((*path, key)), key)
                for number, key in enumerate(own_keys)
            ]
            result.append(replace(field, lens=MapLens(path, own_keys)))
        else:
            result.append(field)
    return tuple(result)


def has_one_container(definition: Document) -> bool:
    """Return whether it has the properties of one container, or none yet."""
    others = ("ecsProperties", "eksProperties", "nodeProperties")
    alone = is_object(definition.get("containerProperties", {})) and not any(key in definition for key in others)
    return alone and definition.get("type", "container") == "container"
