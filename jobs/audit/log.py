"""Recording of actions, as the next entry of the team's chain."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Model
from django.utils.timezone import now

from jobs.audit.actions import Act
from jobs.audit.context import current
from jobs.audit.redact import kept
from jobs.models import AuditEntry, AuditHead, Membership, Team, User
from jobs.models.audit import PORTAL
from jobs.models.ids import to_text

log = structlog.get_logger(__name__)

LARGEST = 64 * 1024
"""Characters of JSON, before or after. The object itself is stored elsewhere."""


MAX_LISTED = 100
"""Entries of a list, such as the jobs of a submission; the submission itself has them all."""


@dataclass(frozen=True)
class Thing:
    """Object of an action, in words that remain when it is gone."""

    noun: str
    id: str = ""
    label: str = ""


def record(
    act: Act,
    *,
    person: User | None,
    team: Team | None = None,
    about: Model | Thing | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """Append an audit entry. Call it last in the transaction of the action: it locks the end of the chain.

    `before` and `after` become JSON, as far as they matter for the action; secrets are masked here. Without a team it
    is an action on the portal as a whole.
    """
    details = about if isinstance(about, Thing) else thing(about)
    context = current()
    entry = AuditEntry(
        team=team,
        created_at=now(),
        person=person.public_id if person else None,
        token=context.token,
        door=context.door,
        address=context.address,
        act=act,
        noun=details.noun,
        object_id=details.id,
        label=details.label,
        before=_json(before),
        after=_json(after),
    )
    with transaction.atomic(savepoint=False):
        head = _locked(entry.chain)
        entry.number, entry.previous = head.number + 1, head.digest
        entry.digest = entry.sealed()
        entry.save()
        AuditHead.objects.filter(pk=head.pk).update(number=entry.number, digest=entry.digest)
        transaction.on_commit(partial(_tell, entry), robust=True)
    return entry


def listed(name: str, entries: Sequence[Any]) -> dict[str, Any]:
    """Return the first entries of a list, and how many more there are."""
    rest = len(entries) - MAX_LISTED
    return {name: list(entries[:MAX_LISTED]), **({f"more {name}": rest} if rest > 0 else {})}


def thing(about: Model | None) -> Thing:
    """Describe a row as an entry names it. A person is an id, without a name."""
    if about is None:
        return Thing("")
    public_id = getattr(about, "public_id", None)
    name: Callable[[Any], str] = _NAMES.get(type(about), str)
    noun = str(about._meta.verbose_name)  # noqa: SLF001 - public in all but name, says Django's documentation
    return Thing(noun, to_text(public_id) if public_id else str(about.pk or ""), kept(_plain(name(about)))[:200])


_NAMES: dict[type[Model], Callable[[Any], str]] = {
    User: lambda _: "",
    Membership: lambda row: f"{row.get_role_display().lower()} of {row.team}",
}


def _locked(chain: int) -> AuditHead:
    """Lock the end of a chain, so that nobody else adds to it before this transaction ends."""
    head = AuditHead.objects.select_for_update().filter(pk=chain).first()
    if head is None:
        AuditHead.objects.bulk_create([AuditHead(chain=chain)], ignore_conflicts=True)
        head = AuditHead.objects.select_for_update().get(pk=chain)
    return head


def _json(value: Any) -> str:
    if value is None:
        return ""
    text = json.dumps(kept(value), separators=(",", ":"), default=str)
    if len(text) > LARGEST:
        return json.dumps({"…": f"{len(text)} characters of JSON, too many to be kept here"})
    return text


def _plain(text: str) -> str:
    return text.replace("\0", "")


def _tell(entry: AuditEntry) -> None:
    """Log the hash as well: whoever could rewrite the table could not rewrite a log that was sent elsewhere."""
    log.info(
        "audited",
        chain=entry.team_id or PORTAL,
        number=entry.number,
        act=entry.act,
        noun=entry.noun,
        hash=entry.digest,
    )
