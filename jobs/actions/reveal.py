"""Display of masked values, recorded in the audit log."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from jobs import audit
from jobs.access import Member
from jobs.models import Job, Revision, Submission
from jobs.spec.documents import Path
from jobs.spec.problems import join_pointer
from jobs.spec.redaction import redact


@dataclass(frozen=True)
class SecretValue:
    """A masked value with its pointer and its name."""

    pointer: str
    name: str
    value: str


def reveal(owner: Job | Submission | Revision, member: Member) -> list[SecretValue]:
    """Return the values that are masked in a document, in its order; each call adds one audit entry.

    Raises PermissionDenied.
    """
    member.require("reveal")
    document = {**owner.document, "tags": owner.tags} if isinstance(owner, Job) else owner.document
    values = list(_secret_values(document, redact(document), (), ""))
    if values:
        with transaction.atomic():
            descriptions = [f"{secret.pointer} ({secret.name})" for secret in values]
            audit.record(
                "show values", person=member.user, team=member.team, target=owner, after={"values": descriptions}
            )
    return values


def _secret_values(value: Any, masked: Any, path: Path, name: str) -> Iterator[SecretValue]:
    if isinstance(value, dict) and isinstance(masked, dict):
        entry_name = value.get("name")
        for (key, member), masked_member in zip(value.items(), masked.values(), strict=False):
            member_name = entry_name if key == "value" and isinstance(entry_name, str) else key
            yield from _secret_values(member, masked_member, (*path, key), member_name)
    elif isinstance(value, list) and isinstance(masked, list):
        for number, (member, masked_member) in enumerate(zip(value, masked, strict=False)):
            yield from _secret_values(member, masked_member, (*path, number), name)
    elif value != masked:
        yield SecretValue(join_pointer(*path), name, str(value))
