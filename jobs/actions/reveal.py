"""Display of masked values."""

from dataclasses import dataclass

from django.db import transaction

from jobs import audit
from jobs.access import Member
from jobs.models import Job, Revision, Submission
from jobs.spec.problems import join_pointer
from jobs.spec.redaction import redacted_values


@dataclass(frozen=True)
class SecretValue:
    pointer: str
    name: str
    value: str


def reveal(owner: Job | Submission | Revision, member: Member) -> list[SecretValue]:
    """Return masked values in document order; each call adds one audit entry. Raise PermissionDenied."""
    member.require("reveal")
    document = {**owner.document, "tags": owner.tags} if isinstance(owner, Job) else owner.document
    values = [
        SecretValue(join_pointer(*secret.path), secret.name, str(secret.value))
        for secret in redacted_values(document)
    ]
    if values:
        with transaction.atomic():
            descriptions = [f"{secret.pointer} ({secret.name})" for secret in values]
            audit.record(
                "show values", person=member.user, team=member.team, target=owner, after={"values": descriptions}
            )
    return values
