"""Verification of audit chains."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

from django.db import connection

from jobs.models import AuditChain, AuditEntry
from jobs.models.audit import FIRST_PREVIOUS_DIGEST, PORTAL

BATCH_SIZE = 2_000
TRIGGERS = {
    "sqlite": ("entry_stays", "entry_goes", "entry_replaced", "head_moves", "head_stays", "head_replaced"),
    "postgresql": ("entry_stays", "entry_goes", "entry_emptied", "head_moves", "head_stays", "head_emptied"),
}
ACTIVE_TRIGGERS_SQL = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT tgname FROM pg_trigger WHERE tgenabled <> 'D' AND NOT tgisinternal",
}


@dataclass(frozen=True)
class ChainVerification:
    chain: int
    first: int
    last: int
    digest: str
    broken_at: int | None = None
    problem: str = ""

    @property
    def is_intact(self) -> bool:
        return not self.problem


def chains() -> list[int]:
    head_chains = AuditChain.objects.values_list("chain", flat=True)
    entry_teams = AuditEntry.objects.order_by().values_list("team", flat=True).distinct()
    return sorted({*head_chains, *(team or PORTAL for team in entry_teams)})


def verify_chain(chain: int) -> ChainVerification:
    head = AuditChain.objects.filter(pk=chain).first()
    entries = AuditEntry.objects.of_chain(chain)
    if head is None:
        has_entries = entries.exists()
        return ChainVerification(
            chain,
            1,
            0,
            FIRST_PREVIOUS_DIGEST,
            1 if has_entries else None,
            "the end of the chain is missing" if has_entries else "",
        )
    verification = _verify_entries(head)
    later_entry = entries.order_by("-number").filter(number__gt=head.number).first()
    latest_head = AuditChain.objects.get(pk=chain)
    if latest_head.pruned_through != head.pruned_through:
        return verify_chain(chain)  # it was pruned meanwhile
    if verification.is_intact and later_entry and later_entry.number > latest_head.number:
        return replace(verification, broken_at=later_entry.number, problem="it is after the recorded end of the log")
    return verification


def missing_triggers() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(ACTIVE_TRIGGERS_SQL[connection.vendor])
        names = {name for (name,) in cursor.fetchall()}
    return [name for name in (f"audit_{trigger}" for trigger in TRIGGERS[connection.vendor]) if name not in names]


def _verify_entries(head: AuditChain) -> ChainVerification:
    verification = ChainVerification(head.chain, head.pruned_through + 1, head.pruned_through, head.pruned_digest)
    is_recorded = not head.pruned_through
    for entry in _iterate_entries(head):
        problem = _entry_problem(entry, verification, head.pruned_through)
        if problem:
            return replace(verification, broken_at=entry.number, problem=problem)
        is_recorded = is_recorded or _records_pruning(entry, head)
        verification = replace(verification, last=entry.number, digest=entry.digest)
    if verification.last != head.number:
        return replace(
            verification, broken_at=verification.last + 1, problem=f"entries up to {head.number} are missing"
        )
    if verification.digest != head.digest:
        return replace(verification, broken_at=head.number, problem="its hash differs from the end of the log")
    if not is_recorded:
        return replace(
            verification,
            broken_at=verification.first,
            problem="the deletion of earlier entries is not recorded",
        )
    return verification


def _iterate_entries(head: AuditChain) -> Iterator[AuditEntry]:
    """Read in batches, so that a long chain blocks nothing."""
    entries = AuditEntry.objects.of_chain(head.chain).filter(number__lte=head.number).order_by("number")
    after = -1
    while batch := list(entries.filter(number__gt=after)[:BATCH_SIZE]):
        yield from batch
        after = batch[-1].number


def _entry_problem(entry: AuditEntry, verification: ChainVerification, pruned_through: int) -> str:
    if entry.number <= pruned_through:
        return "it is recorded as deleted but still exists"
    if entry.number != verification.last + 1:
        return f"entries missing before it: {entry.number - verification.last - 1}"
    if entry.previous != verification.digest:
        return "its hash doesn't match the previous entry"
    return "" if entry.digest == entry.compute_digest() else "it was changed"


def _records_pruning(entry: AuditEntry, head: AuditChain) -> bool:
    if entry.action != "let go":
        return False
    return bool(json.loads(entry.after) == {"number": head.pruned_through, "hash": head.pruned_digest})
