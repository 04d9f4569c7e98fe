"""Recording of actions."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Model
from django.utils.text import camel_case_to_spaces
from django.utils.timezone import now

from jobs.audit.actions import AuditAction
from jobs.audit.context import get_context
from jobs.audit.redact import redact_for_audit
from jobs.models import ApiToken, AuditChain, AuditEntry, Membership, Team, User
from jobs.models.audit import PORTAL
from jobs.models.ids import to_text
from jobs.models.token import SECRET_PREFIX

log = structlog.get_logger(__name__)

MAX_JSON_LENGTH = 64 * 1024
"""Characters, before or after. The object itself is stored elsewhere."""


MAX_LIST_ENTRIES = 100
"""The submission itself has all of them."""


@dataclass(frozen=True)
class AuditTarget:
    noun: str
    id: str = ""
    label: str = ""


def record(
    action: AuditAction,
    *,
    person: User | None,
    team: Team | None = None,
    target: Model | AuditTarget | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """Append an entry with secrets masked. Call it last in the transaction."""
    details = target if isinstance(target, AuditTarget) else describe_target(target)
    context = get_context()
    entry = AuditEntry(
        team=team,
        created_at=now(),
        person=person.public_id if person else None,
        token=context.token,
        channel=context.channel,
        address=context.address,
        action=action,
        noun=details.noun,
        object_id=details.id,
        label=details.label,
        before=_to_json(before),
        after=_to_json(after),
    )
    with transaction.atomic(savepoint=False):
        head = _lock_chain(entry.chain)
        entry.number, entry.previous = head.number + 1, head.digest
        entry.digest = entry.compute_digest()
        entry.save()
        AuditChain.objects.filter(pk=head.pk).update(number=entry.number, digest=entry.digest)
        transaction.on_commit(partial(_log_entry, entry), robust=True)
    return entry


def truncate_list(name: str, entries: Sequence[Any]) -> dict[str, Any]:
    rest = len(entries) - MAX_LIST_ENTRIES
    return {name: list(entries[:MAX_LIST_ENTRIES]), **({f"more {name}": rest} if rest > 0 else {})}


def describe_target(about: Model | None) -> AuditTarget:
    if about is None:
        return AuditTarget("")
    public_id = getattr(about, "public_id", None)
    name: Callable[[Any], str] = _LABELS.get(type(about), str)
    # Stored, so it doesn't follow the names that pages show.
    noun = camel_case_to_spaces(type(about).__name__)
    return AuditTarget(
        noun,
        to_text(public_id) if public_id else str(about.pk or ""),
        redact_for_audit(_strip_nul(name(about)))[:200],
    )


_LABELS: dict[type[Model], Callable[[Any], str]] = {
    User: lambda _: "",
    # Without the prefix of every secret: the redaction would mask what tells tokens apart.
    ApiToken: lambda row: f"{row.name} ({row.prefix.removeprefix(SECRET_PREFIX)}…)",
    Membership: lambda row: f"{row.get_role_display().lower()} of {row.team}",
}


def _lock_chain(chain: int) -> AuditChain:
    head = AuditChain.objects.select_for_update().filter(pk=chain).first()
    if head is None:
        AuditChain.objects.bulk_create([AuditChain(chain=chain)], ignore_conflicts=True)
        head = AuditChain.objects.select_for_update().get(pk=chain)
    return head


def _to_json(value: Any) -> str:
    if value is None:
        return ""
    text = json.dumps(redact_for_audit(value), separators=(",", ":"), default=str)
    if len(text) > MAX_JSON_LENGTH:
        return json.dumps({"…": f"{len(text)} characters of JSON, too many to be kept here"})
    return text


def _strip_nul(text: str) -> str:
    return text.replace("\0", "")


def _log_entry(entry: AuditEntry) -> None:
    """Log the hash too: who rewrites the table can't rewrite a log stored elsewhere."""
    log.info(
        "audited",
        chain=entry.team_id or PORTAL,
        number=entry.number,
        action=entry.action,
        noun=entry.noun,
        hash=entry.digest,
    )
