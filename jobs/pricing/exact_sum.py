"""Exact sums of money in SQLite and PostgreSQL.

SQLite stores decimals as floats and would add them as floats, whose sum depends on the order. So each amount becomes
whole ten-billionths of a dollar, the unit it was rounded to when stored, before it is added.
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
