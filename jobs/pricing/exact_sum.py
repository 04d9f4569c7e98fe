"""Exact sums of money, in ten-billionths of a dollar.

SQLite adds decimals as floats, whose sum depends on the order.
"""

from decimal import Decimal

from django.db.models import BigIntegerField, F, Q, Sum
from django.db.models.functions import Cast, Coalesce, Round

from jobs.models.cost_total import UNITS_PER_USD


def units_of(field: str, *, only: Q | None = None) -> Coalesce:
    units = Cast(Round(F(field) * UNITS_PER_USD), BigIntegerField())
    return Coalesce(Sum(units, filter=only, output_field=BigIntegerField()), 0)


def units(amount: Decimal) -> int:
    return round(amount * UNITS_PER_USD)


def usd(units: int | Decimal) -> Decimal:
    return Decimal(int(units)).scaleb(-10)
