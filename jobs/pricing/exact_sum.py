"""Sums of money in the database, exact in both databases.

SQLite keeps decimals as floats and would add them as floats, whose sums depend on the order. Each amount is therefore
turned into whole ten-billionths of a dollar, the unit it was rounded to when it was written, before it is added.
"""

from decimal import Decimal

from django.db.models import BigIntegerField, F, Q, Sum
from django.db.models.functions import Cast, Coalesce, Round

UNITS = 10**10


def units_of(field: str, *, only: Q | None = None) -> Coalesce:
    """The sum of a money column in ten-billionths of a dollar, for `annotate` and `aggregate`."""
    units = Cast(Round(F(field) * UNITS), BigIntegerField())
    return Coalesce(Sum(units, filter=only, output_field=BigIntegerField()), 0)


def usd(units: int | Decimal) -> Decimal:
    """Dollars of so many ten-billionths."""
    return Decimal(int(units)).scaleb(-10)
