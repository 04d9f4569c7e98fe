"""Rules against secrets in plain environment values, and of references to secrets.

No message or fix holds the value.
"""

import re
from collections.abc import Iterator
from typing import Any

from jobs.spec.containers import ContainerEntry, containers, environment_entries, is_fargate, tasks
from jobs.spec.documents import Document, Path, is_object, list_at, text_at, value_at
from jobs.spec.problems import Problem, join_pointer, quote
from jobs.spec.redaction import MASK, describe_secret
from jobs.spec.rules.registry import WARNING, rule


@rule("secrets.in-environment", WARNING)
def no_secrets_in_environment(document: Document) -> Iterator[Problem]:
    """An environment value looks like a secret; everyone who can see the job in AWS can read it.

    Use a secret of AWS Secrets Manager or a parameter of Systems Manager instead. Source: “Specifying sensitive
    data”, AWS Batch User Guide.
    """
    for container in containers(document):
        for path, entry in environment_entries(container):
            name, value = text_at(entry, "name"), text_at(entry, "value")
            what = describe_secret(name, value)
            if what:
                yield Problem(
                    join_pointer(*path),
                    f"{quote(name)} contains {what}. Everyone who can see the job in AWS can read it. "
                    f"{_advice(container)}",
                    fix=_secret_reference_fix(document, container, path[-1], name),
                )


@rule("secrets.no-execution-role", WARNING)
def secrets_have_execution_role(document: Document) -> Iterator[Problem]:
    """A container with secrets or with credentials for a registry needs an execution role, which reads them.

    AWS Batch accepts the definition, and then the job fails. Source: “Specifying sensitive data”, AWS Batch User
    Guide; ECS: “When you are specifying container secrets, you must also specify a value for 'executionRoleArn'”.
    """
    if is_fargate(document):
        return  # an execution role is required there in any case
    for task in tasks(document):
        if task.type == "eks" or text_at(task.value, "executionRoleArn"):
            continue
        path = next((path for container in task.containers for path in _secret_paths(container)), None)
        if path:
            message = (
                f"{path[-1]} needs an execution role, which reads the secrets, or the job fails; "
                "set executionRoleArn."
            )
            yield Problem(join_pointer(*path), message)


@rule("secrets.reference", WARNING)
def secret_references_are_valid(document: Document) -> Iterator[Problem]:
    """A secret is given by the ARN of a secret or parameter, or by the name of a parameter of the same region.

    A bare name is a parameter of Systems Manager, never a secret of Secrets Manager. Source: Secret, AWS Batch API
    reference.
    """
    for container in containers(document):
        for path, entry in _secret_references(container):
            reference = entry.get("valueFrom")
            if not isinstance(reference, str) or _SECRET_ARN.fullmatch(reference):
                continue
            here = join_pointer(*path, "valueFrom")
            if reference.startswith("arn:") or not _PARAMETER_NAME.fullmatch(reference):
                message = (
                    f"{quote(reference)} is neither the ARN of a secret or parameter nor the name of a parameter, "
                    "so the job would fail."
                )
                yield Problem(here, message)
            elif not reference.startswith("/"):
                message = (
                    f"AWS reads {quote(reference)} as the name of a parameter in Systems Manager. "
                    "For a secret of Secrets Manager, enter its ARN."
                )
                yield Problem(here, message)


@rule("secrets.masked-value")
def no_masked_values(document: Document) -> Iterator[Problem]:
    """A value is the mask that the portal shows instead of a secret, and the secret is unknown.

    Source: the portal, which must not send a mask as a password.
    """
    for path in _masked_paths(document, ()):
        yield Problem(
            join_pointer(*path),
            f"This value is masked ({MASK}), and the portal doesn't know the original. Enter it again.",
        )


_SECRET_ARN = re.compile(
    r"arn:aws[a-z-]*:(secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[^\s<>{}$]+"
    r"|ssm:[a-z0-9-]+:[0-9]{12}:parameter/[A-Za-z0-9_.:/-]+)"
)
_PARAMETER_NAME = re.compile(r"[A-Za-z0-9_./-]+(:[A-Za-z0-9_.-]+)?")
"""A parameter's name, and a version or label."""


def _secret_paths(container: ContainerEntry) -> Iterator[Path]:
    for path in (("secrets",), ("logConfiguration", "secretOptions"), ("repositoryCredentials",)):
        if value_at(container.value, *path):
            yield (*container.path, *path)


def _secret_references(container: ContainerEntry) -> Iterator[tuple[Path, Document]]:
    for path in (("secrets",), ("logConfiguration", "secretOptions")):
        for number, entry in enumerate(list_at(container.value, *path)):
            if is_object(entry):
                yield (*container.path, *path, number), entry


def _masked_paths(value: Any, path: Path) -> Iterator[Path]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _masked_paths(item, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _masked_paths(item, (*path, number))
    elif isinstance(value, str) and MASK in value:
        yield path


def _advice(container: ContainerEntry) -> str:
    if container.type == "eks":
        return "Keep it in a secret of the Kubernetes cluster."
    where = (
        "secrets"
        if container.path[0] in ("containerProperties", "ecsProperties", "nodeProperties")
        else ("secrets of the job definition")
    )
    return f"Keep it in AWS Secrets Manager or Parameter Store, and reference it in {where}."


def _secret_reference_fix(
    document: Document, container: ContainerEntry, position: Any, name: str
) -> tuple[dict[str, Any], ...]:
    family = text_at(document, "jobDefinitionName")
    names = [text_at(entry, "name") for entry in list_at(container.value, "secrets")]
    if container.type == "eks" or not family or name in names or "Override" in str(container.path[0]):
        return ()
    here = join_pointer(*container.path)
    secret = {"name": name, "valueFrom": f"/{family}/{name}"}
    has_list = is_object(container.value) and isinstance(container.value.get("secrets"), list)
    addition: dict[str, Any] = (
        {"op": "add", "path": f"{here}/secrets/-", "value": secret}
        if has_list
        else {"op": "add", "path": f"{here}/secrets", "value": [secret]}
    )
    return ({"op": "remove", "path": f"{here}/{container.environment_key}/{position}"}, addition)
