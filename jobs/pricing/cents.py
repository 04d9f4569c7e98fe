"""Cents of parts that add up to those of their sum."""

from collections.abc import Sequence
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


def round_parts(parts: Sequence[Decimal]) -> list[Decimal]:
    """Round to cents so that they add up to the rounded sum: the largest remainders are rounded up."""
    floors = [part.quantize(CENT, ROUND_FLOOR) for part in parts]
    total = sum(parts, Decimal(0)).quantize(CENT, ROUND_HALF_UP)
    missing = int((total - sum(floors, Decimal(0))) / CENT)
    order = sorted(range(len(parts)), key=lambda number: (floors[number] - parts[number], number))
    for number in order[:missing]:
        floors[number] += CENT
    return floors


def round_columns(rows: Sequence[object], columns: Sequence[str]) -> list[dict[str, Decimal]]:
    """Return each row's amounts in cents, by column: those of a column add up as in `round_parts`."""
    cents = {name: round_parts([getattr(row, name) for row in rows]) for name in columns}
    return [{name: cents[name][number] for name in columns} for number in range(len(rows))]
