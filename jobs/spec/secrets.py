"""Secrets that stand in the open: in environment values, where everyone who may see the job may read them.

No message repeats the value, and no fix holds it.
"""

import re
from collections.abc import Iterator
from typing import Any

from jobs.spec.containers import Container, containers, variables
from jobs.spec.documents import Document, is_object, list_at, text_at
from jobs.spec.problems import Problem, join, quoted
from jobs.spec.rules import WARNING, rule

LONGEST = 10_000
"""So many characters of a value are looked at."""

_KEY_ID = re.compile(r"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])")
_PRIVATE_KEY = re.compile(r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----")
_TOKEN = re.compile(
    r"(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{22,}|glpat-[\w-]{20}|xox[abprs]-[\w-]{10,}|hf_[A-Za-z0-9]{30,})"
)
_LOGIN_IN_ADDRESS = re.compile(
    r"(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{0,30}://[^\s/:@]{1,100}:[^\s/@]{1,200}@", re.IGNORECASE
)
_ASSIGNED = re.compile(r"(?:^|[\s;,&?])\w{0,40}(?:password|passwd|pwd|secret)\s*[=:]\s*[^\s$<*]", re.IGNORECASE)
_NAME = re.compile(
    r"(?:^|_)(?:PASS|PASSWORD|PASSWD|PASSPHRASE|PWD|SECRET|TOKEN|CREDENTIALS?|(?:API|ACCESS|SECRET|PRIVATE|ENCRYPTION)_?KEY)$"
)
_HARMLESS = re.compile(
    r"(?:true|false|yes|no|none|null|[0-9]{1,3}|\*+|x+|<.*>|\$.*|Ref::.*|arn:.*|/.*|[a-z0-9]+://\S*)?", re.IGNORECASE
)
"""Values of a variable with a secret-looking name that are none: a switch, a placeholder, the place of a secret."""


@rule("secrets.in-environment", WARNING)
def secrets_in_variables(document: Document) -> Iterator[Problem]:
    """An environment value looks like a secret; whoever may see the job can read it, here and in AWS.

    Name a secret of AWS Secrets Manager or a parameter of Systems Manager instead. Source: “Specifying sensitive
    data”, AWS Batch User Guide.
    """
    for container in containers(document):
        for path, entry in variables(container):
            name, value = text_at(entry, "name"), text_at(entry, "value")
            what = what_secret(name, value)
            if what:
                yield Problem(
                    join(*path),
                    f"{quoted(name)} holds {what}, which everyone who may see the job can read. {_advice(container)}",
                    fix=_reference(document, container, path[-1], name),
                )


def what_secret(name: str, value: str) -> str:
    """What sort of secret a variable holds, in words; empty if it seems to hold none."""
    value = value[:LONGEST]
    if _KEY_ID.search(value):
        return "the id of an AWS access key"
    if _PRIVATE_KEY.search(value):
        return "a private key"
    if _TOKEN.search(value):
        return "an access token"
    if _LOGIN_IN_ADDRESS.search(value):
        return "an address with a password in it"
    if _ASSIGNED.search(value):
        return "a password"
    if _NAME.search(name.upper()) and not _HARMLESS.fullmatch(value):
        return "what its name calls a secret"
    return ""


def _advice(container: Container) -> str:
    if container.sort == "eks":
        return "Keep it in a secret of the Kubernetes cluster."
    where = (
        "secrets"
        if container.path[0] in ("containerProperties", "ecsProperties", "nodeProperties")
        else ("secrets of the job definition")
    )
    return f"Keep it in AWS Secrets Manager or Parameter Store, and name it in {where}."


def _reference(document: Document, container: Container, position: Any, name: str) -> tuple[dict[str, Any], ...]:
    """In a definition: the variable becomes a reference to a parameter named after definition and variable."""
    family = text_at(document, "jobDefinitionName")
    taken = [text_at(entry, "name") for entry in list_at(container.value, "secrets")]
    if container.sort == "eks" or not family or name in taken or "Override" in str(container.path[0]):
        return ()
    here = join(*container.path)
    secret = {"name": name, "valueFrom": f"/{family}/{name}"}
    has = is_object(container.value) and isinstance(container.value.get("secrets"), list)
    put: dict[str, Any] = (
        {"op": "add", "path": f"{here}/secrets/-", "value": secret}
        if has
        else {"op": "add", "path": f"{here}/secrets", "value": [secret]}
    )
    return ({"op": "remove", "path": f"{here}/{container.variables}/{position}"}, put)
