"""AWS's limits for definitions and submissions.

Written from AWS's documentation and independent of the portal's own rules, which it checks.
https://docs.aws.amazon.com/batch/latest/userguide/service_limits.html
"""

import math
import re
import unicodedata
from collections.abc import Iterable

from jobs.sandbox.context import Document
from jobs.sandbox.errors import BadRequestError, BatchClientError

MAX_REGISTER_BYTES = 24 * 1024
MAX_SUBMIT_BYTES = 30 * 1024
MAX_TAGS = 50
MIN_TIMEOUT_SECONDS = 60

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
# A role in any partition, with or without a path. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+")
_REASON_PATTERN = re.compile(r"[A-Za-z0-9.:\s]*\*?")
_SHARE_IDENTIFIER = re.compile(r"[A-Za-z0-9]{1,255}\*?")
_CODE_PATTERN = re.compile(r"\d*\*?")

# Fields for sizes from before there were resourceRequirements.
LEGACY_SIZE_FIELDS = {"VCPU": "vcpus", "MEMORY": "memory"}

# vCPU to MiB. https://docs.aws.amazon.com/batch/latest/APIReference/API_ResourceRequirement.html
FARGATE_MEMORY_MIB: dict[float, Iterable[int]] = {
    0.25: (512, 1024, 2048),
    0.5: range(1024, 4096 + 1, 1024),
    1: range(2048, 8192 + 1, 1024),
    2: range(4096, 16384 + 1, 1024),
    4: range(8192, 30720 + 1, 1024),
    8: range(16384, 61440 + 1, 4096),
    16: range(32768, 122880 + 1, 8192),
    32: (61440, 122880, 249856),
}
TAG_SIGNS = frozenset("_.:/=+-@")


def check_name(name: str, label: str) -> None:
    if not _NAME.fullmatch(name):
        raise BatchClientError(f"{label} should match valid pattern: {_NAME.pattern}")


def check_payload(size: int, maximum: int, label: str) -> None:
    if size > maximum:
        # https://github.com/ASFHyP3/hyp3/issues/3041
        raise BatchClientError(
            f"{label} size must be less than {maximum // 1024} KiB, got {math.ceil(size / 1024)} KiB"
        )


def check_tags(tags: dict[str, str]) -> None:
    if len(tags) > MAX_TAGS:
        raise BatchClientError(f"A resource can have at most {MAX_TAGS} tags, not {len(tags)}")
    for key, value in tags.items():
        if not 1 <= len(key) <= 128:
            raise BatchClientError(f"Tag key '{key}' must have 1 to 128 characters")
        if len(value) > 256:
            raise BatchClientError(f"The value of tag '{key}' must have at most 256 characters")
        if key.lower().startswith("aws:") or value.lower().startswith("aws:"):
            raise BatchClientError(f"Tag '{key}': the prefix aws: is reserved")
        for label, text in (("TagKey", key), ("TagValue", value)):
            if not _is_tag_text(text):
                # https://github.com/Netflix/metaflow/issues/1345
                raise BadRequestError(f"'{text}' is not a valid value for {label} - it contains illegal characters")


def _is_tag_text(text: str) -> bool:
    return all(character in TAG_SIGNS or unicodedata.category(character)[0] in "LNZ" for character in text)


def check_role(field: str, arn: str | None) -> None:
    # https://github.com/kestra-io/plugin-aws/issues/432
    if arn and not _ROLE_ARN.fullmatch(arn):
        raise BatchClientError(f"{field} {arn} is not an iam role arn")


def check_timeout(timeout: Document | None, minimum: int) -> None:
    if timeout and timeout.get("attemptDurationSeconds", minimum) < minimum:
        raise BatchClientError(f"Job timeout attemptDurationSeconds must be at least {minimum} seconds")


def check_retry(strategy: Document | None) -> None:
    if strategy is None:
        return
    attempts, rules = strategy.get("attempts"), strategy.get("evaluateOnExit", ())
    if attempts is None:
        raise BatchClientError("RetryAttempts must be provided with retry strategy")
    if not 1 <= attempts <= 10:
        raise BatchClientError("RetryAttempts must be between 1 and 10")
    if len(rules) > 5:
        raise BatchClientError("EvaluateOnExit can have at most 5 conditions")
    for rule in rules:
        _check_exit_rule(rule)


def lower_case_actions(strategy: Document | None) -> Document | None:
    if strategy is None:
        return None
    rules = [rule | {"action": rule["action"].lower()} for rule in strategy.get("evaluateOnExit", ())]
    return {**strategy, "evaluateOnExit": rules}


def _check_exit_rule(rule: Document) -> None:
    if rule["action"].upper() not in {"RETRY", "EXIT"}:
        raise BatchClientError(f"EvaluateOnExit action {rule['action']} must be RETRY or EXIT")
    for field, pattern in (
        ("onStatusReason", _REASON_PATTERN),
        ("onReason", _REASON_PATTERN),
        ("onExitCode", _CODE_PATTERN),
    ):
        value = rule.get(field, "")
        if len(value) > 512 or not pattern.fullmatch(value):
            raise BatchClientError(f"EvaluateOnExit {field} '{value}' does not match {pattern.pattern}")


def check_environment(entries: Iterable[Document]) -> None:
    for entry in entries:
        name = entry.get("name", "")
        if not name:
            raise BatchClientError("Environment variable name must not be empty")
        if name.startswith("AWS_BATCH"):
            raise BatchClientError(f"Environment variable {name}: names cannot start with AWS_BATCH")


def check_scheduling_priority(priority: int | None) -> None:
    if priority is not None and not 0 <= priority <= 9999:
        raise BatchClientError("Scheduling priority must be between 0 and 9999")


def check_share_identifier(share: str | None) -> None:
    if share is not None and not _SHARE_IDENTIFIER.fullmatch(share):
        raise BatchClientError(
            "shareIdentifier must be at most 255 alphanumeric characters, optionally followed by an asterisk"
        )


def resource_requirements(container: Document) -> dict[str, str]:
    legacy = {kind: container.get(field) for kind, field in LEGACY_SIZE_FIELDS.items()}
    current = {entry["type"]: entry["value"] for entry in container.get("resourceRequirements", ())}
    return {kind: str(value) for kind, value in legacy.items() if value is not None} | current


def check_requirements(container: Document, *, fargate: bool) -> None:
    types = set()
    for entry in container.get("resourceRequirements", ()):
        if entry["type"] in types:
            raise BatchClientError(f"resourceRequirements has {entry['type']} more than once")
        types.add(entry["type"])
    for legacy_field in LEGACY_SIZE_FIELDS.values():
        if fargate and container.get(legacy_field) is not None:
            raise BatchClientError(
                f"{legacy_field} is not applicable for Fargate. Use resource requirements instead."
            )


def check_sizes(needs: dict[str, str], *, fargate: bool) -> None:
    for kind, value in needs.items():
        try:
            number = float(value)
        except ValueError:
            raise BatchClientError(f"{kind} value '{value}' is not a number") from None
        is_whole = value.isdigit() and number >= 1
        if kind == "GPU" and fargate:
            raise BatchClientError("GPU is not applicable for Fargate")
        if not is_whole and not (kind == "VCPU" and fargate):
            raise BatchClientError(f"{kind} value '{value}' must be a whole number greater than 0")
        if kind == "MEMORY" and number < 4:
            raise BatchClientError("MEMORY must be at least 4 MiB")
    if fargate and "VCPU" in needs and "MEMORY" in needs:
        vcpus, memory = float(needs["VCPU"]), int(needs["MEMORY"])
        if memory not in FARGATE_MEMORY_MIB.get(vcpus, ()):
            raise BatchClientError(f"Fargate resource requirements ({vcpus:.2f} vCPU, {memory} MiB) not valid.")


def check_sizes_present(needs: dict[str, str]) -> None:
    if "VCPU" not in needs:
        raise BatchClientError("vCPU is not provided.")
    if "MEMORY" not in needs:
        raise BatchClientError("Memory is not provided.")
