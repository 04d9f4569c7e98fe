"""Jobs that AWS accepts although their containers can't start."""

import json
import re
from collections.abc import Iterator

from jobs.sandbox.context import Document
from jobs.sandbox.pods import pod_containers

MAX_OVERRIDE_CHARACTERS = 8192
FAILED_TO_START = "Task failed to start"

# The grammar of https://pkg.go.dev/github.com/distribution/reference
_DOMAIN = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*(?::[0-9]+)?/)?"
_PATH = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    rf"{_DOMAIN}{_PATH}(?:/{_PATH})*(?::\w[\w.-]{{0,127}})?(?:@[A-Za-z][A-Za-z0-9+._-]*:[0-9a-fA-F]{{32,}})?",
    re.ASCII,
)


def start_failure(definition: Document, blocks: Document) -> Document | None:
    if _override_length(definition, blocks) > MAX_OVERRIDE_CHARACTERS:
        # https://github.com/ASFHyP3/hyp3/issues/3041
        return {"statusReason": f"Container Overrides length must be at most {MAX_OVERRIDE_CHARACTERS}"}
    for container, execution_role in _containers(blocks):
        secrets = [*container.get("secrets", ()), *(container.get("logConfiguration") or {}).get("secretOptions", ())]
        if secrets and not execution_role:
            # https://github.com/hashicorp/terraform-provider-aws/issues/6503
            return {
                "statusReason": "When you are specifying container secrets, you must also specify a value for "
                "'executionRoleArn'."
            }
        if names := [secret["valueFrom"] for secret in secrets if not secret["valueFrom"].startswith(("arn:", "/"))]:
            return _container_failure(
                "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval "
                f"failed: unable to retrieve secrets from ssm: invalid parameters: {', '.join(names)}"
            )
        if not _REFERENCE.fullmatch(container["image"]):
            # https://github.com/nextflow-io/nextflow/issues/1537
            return _container_failure("CannotPullContainerError: invalid reference format")
    return None


def _container_failure(reason: str) -> Document:
    return {"statusReason": FAILED_TO_START, "reason": reason[:255]}


def _containers(blocks: Document) -> Iterator[tuple[Document, str | None]]:
    for group in (blocks.get("nodeProperties") or {}).get("nodeRangeProperties", ()):
        yield from _containers(group)
    if (single := blocks.get("container")) is not None:
        yield single, single.get("executionRoleArn")
    for task in (blocks.get("ecsProperties") or {}).get("taskProperties", ()):
        for container in task["containers"]:
            yield container, task.get("executionRoleArn")
    if (pod := blocks.get("eksProperties")) is not None:
        for container in pod_containers(pod["podProperties"]):
            yield container, None


def _override_length(definition: Document, blocks: Document) -> int:
    """Return the characters of changed commands and variables, as compact JSON.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html limits `overrides` to 8,192.
    """
    if "eksProperties" in definition:
        return 0
    originals = [container for container, _ in _containers(_as_job_blocks(definition))]
    lengths = [0]
    for original, (container, _) in zip(originals, _containers(blocks), strict=True):
        override: Document = {}
        if "environment" not in container:  # a pod's: Kubernetes has no such limit
            continue
        if container["command"] != original.get("command", []):
            override["command"] = container["command"]
        original_variables = original.get("environment", ())
        if variables := [entry for entry in container["environment"] if entry not in original_variables]:
            override["environment"] = variables
        lengths.append(len(json.dumps(override, separators=(",", ":"), ensure_ascii=False)) if override else 0)
    return sum(lengths) if "ecsProperties" in definition else max(lengths)


def _as_job_blocks(definition: Document) -> Document:
    return {"container": definition.get("containerProperties"), **definition}
