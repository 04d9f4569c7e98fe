"""Rules against secrets in plain environment values, which everyone who may see the job in AWS can read.

No message repeats the value, and no fix holds it.
"""

from collections.abc import Iterator
from typing import Any

from jobs.spec.containers import ContainerEntry, containers, environment_entries
from jobs.spec.documents import Document, Path, is_object, list_at, text_at
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
    """Return a fix that moves a definition's variable into a parameter named after definition and variable."""
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
