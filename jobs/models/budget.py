"""Budgets: what a team, or one value of a tag, can cost in a month or a quarter."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from jobs.models.team import Team
from jobs.spec.rules.reserved_names import is_tag_text

MAX_PERCENT = 1_000
_MONTHS_OF_QUARTER = 3
_PERCENT_FIELDS = ("warn_percent", "approve_percent", "stop_percent")


class BudgetPeriod(models.TextChoices):
    MONTH = "month", "Month"
    QUARTER = "quarter", "Quarter"


@dataclass(frozen=True)
class BudgetTerms:
    """A budget as a plain value. Without `tag_key` it is of the whole team."""

    pk: int
    tag_key: str
    tag_value: str
    period: str
    usd: Decimal
    warn_percent: int | None = None
    approve_percent: int | None = None
    stop_percent: int | None = None

    @property
    def tag(self) -> tuple[str, str] | None:
        return (self.tag_key, self.tag_value) if self.tag_key else None

    @property
    def scope(self) -> str:
        """Return “Project = GenAI”, or "" for the whole team."""
        return f"{self.tag_key} = {self.tag_value}" if self.tag_key else ""

    def days(self, today: date) -> tuple[date, date]:
        """Return the first and the last day of the period that contains the day."""
        first_month = last_month = today.month
        if self.period == BudgetPeriod.QUARTER:
            first_month = today.month - (today.month - 1) % _MONTHS_OF_QUARTER
            last_month = first_month + _MONTHS_OF_QUARTER - 1
        last_day = monthrange(today.year, last_month)[1]
        return date(today.year, first_month, 1), date(today.year, last_month, last_day)

    def period_name(self, today: date) -> str:
        """Return “November 2026” or “Q4 2026”."""
        if self.period == BudgetPeriod.QUARTER:
            return f"Q{(today.month - 1) // _MONTHS_OF_QUARTER + 1} {today.year}"
        return f"{today:%B %Y}"

    def limit(self, percent: int) -> Decimal:
        return self.usd * percent / 100


@dataclass(frozen=True)
class BudgetUsage:
    """`spend`: of attempts that ended in the period; `reserved`: the maximum of jobs that are active or uncharged."""

    spend: Decimal = Decimal(0)
    reserved: Decimal = Decimal(0)
    unknown_jobs: int = 0
    """Active jobs whose maximum is unknown, which `reserved` doesn't include."""

    @property
    def total(self) -> Decimal:
        return self.spend + self.reserved


class Budget(models.Model):
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="budgets")
    tag_key = models.CharField(
        max_length=128, blank=True, help_text="Leave key and value empty for all jobs of the team."
    )
    tag_value = models.CharField(max_length=256, blank=True)
    period = models.CharField(max_length=7, choices=BudgetPeriod.choices, default=BudgetPeriod.MONTH)
    usd = models.DecimalField(
        "amount (USD)", max_digits=12, decimal_places=2, validators=[MinValueValidator(Decimal("0.01"))]
    )
    warn_percent = models.PositiveSmallIntegerField(
        "warn at %",
        null=True,
        blank=True,
        default=80,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_PERCENT)],
        help_text="Of the amount. Warns on the home page, in Costs and before submission.",
    )
    approve_percent = models.PositiveSmallIntegerField(
        "approval above %",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_PERCENT)],
        help_text="Submissions above it need approval.",
    )
    stop_percent = models.PositiveSmallIntegerField(
        "stop above %",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_PERCENT)],
        help_text="Submissions above it are refused.",
    )
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["tag_key", "tag_value", "period"]
        constraints = [
            models.UniqueConstraint(
                fields=["team", "tag_key", "tag_value", "period"],
                name="one_budget_a_period",
                violation_error_message="The team has a budget for this tag and period already.",
            ),
            models.CheckConstraint(
                condition=Q(tag_key="", tag_value="") | (~Q(tag_key="") & ~Q(tag_value="")),
                name="budget_tag_is_whole",
                violation_error_message="Enter both a tag key and a tag value, or neither.",
            ),
            models.CheckConstraint(
                condition=Q(usd__gt=0), name="budget_is_positive", violation_error_message="Enter an amount above $0."
            ),
        ]

    def __str__(self) -> str:
        return f"{self.terms.scope or 'all jobs'} by {self.period}"

    def clean(self) -> None:
        for name in ("tag_key", "tag_value"):
            if not is_tag_text(getattr(self, name)):
                raise ValidationError({name: "Use only letters, digits, spaces and _.:/=+-@."})
        if self.approve_percent and self.stop_percent and self.approve_percent >= self.stop_percent:
            raise ValidationError({"approve_percent": "Approval must start below the percentage that stops."})

    @property
    def terms(self) -> BudgetTerms:
        percents = [getattr(self, name) for name in _PERCENT_FIELDS]
        return BudgetTerms(self.pk, self.tag_key, self.tag_value, self.period, self.usd, *percents)
