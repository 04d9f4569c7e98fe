"""Exact sums of money in SQLite and PostgreSQL.

SQLite would add decimals as floats, whose sum depends on the order. So whole ten-billionths of a dollar are added,
the unit of stored amounts.
"""

from decimal import Decimal

from django.db.models import BigIntegerField, F, Q, Sum
from django.db.models.functions import Cast, Coalesce, Round

UNITS_PER_USD = 10**10


def units_of(field: str, *, only: Q | None = None) -> Coalesce:
    """Sum a money column in ten-billionths of a dollar, for `annotate` and `aggregate`."""
    units = Cast(Round(F(field) * UNITS_PER_USD), BigIntegerField())
    return Coalesce(Sum(units, filter=only, output_field=BigIntegerField()), 0)


def usd(units: int | Decimal) -> Decimal:
    """Convert ten-billionths to dollars."""
    return Decimal(int(units)).scaleb(-10)
