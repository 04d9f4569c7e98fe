"""Fields of one platform or kind of queue only, and Fargate's sizes."""

from collections.abc import Collection
from decimal import Decimal, InvalidOperation

from jobs.spec.documents import DocumentKind
from jobs.spec.fargate import FARGATE_MEMORY
from jobs.spec.forms.units import format_mib

ONLY_EC2_FIELDS = frozenset({"gpus"})
ONLY_FARGATE_FIELDS = frozenset({"ephemeral_storage", "platform_version", "public_ip"})
FAIR_SHARE_FIELDS = frozenset({"share_identifier", "priority"})


def inapplicable_fields(kind: DocumentKind, *, is_fargate: bool, is_fair_share: bool) -> Collection[str]:
    """Name fields without a meaning here, to be shown only with a value."""
    names = ONLY_EC2_FIELDS if is_fargate else ONLY_FARGATE_FIELDS
    return names if is_fair_share or kind is DocumentKind.DEFINITION else names | FAIR_SHARE_FIELDS


def fargate_vcpus() -> list[str]:
    return [str(vcpus) for vcpus in FARGATE_MEMORY]


def fargate_memory(vcpus: str) -> list[str]:
    try:
        return [format_mib(size) for size in FARGATE_MEMORY.get(Decimal(vcpus), ())]
    except (InvalidOperation, TypeError):  # a signaling NaN has no hash
        return []
