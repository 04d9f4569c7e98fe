"""Rates of resources."""

from decimal import Decimal

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q

SOURCE_HELP = "Where the price comes from, and when it was read."
PINNED_HELP = "Prices that are read from AWS don't replace it."


class Platform(models.TextChoices):
    """What a rate is for. A platform of Spot has on-demand rates where it has none of its own."""

    FARGATE = "FARGATE", "Fargate"
    FARGATE_SPOT = "FARGATE_SPOT", "Fargate Spot"
    EC2 = "EC2", "EC2, instance type unknown"
    EKS = "EKS", "EKS, instance type unknown"
    ON_PREMISES = "ON_PREMISES", "On-premises"


class Architecture(models.TextChoices):
    X86_64 = "X86_64", "x86"
    ARM64 = "ARM64", "ARM"
    WINDOWS = "WINDOWS", "Windows on x86"


class Resource(models.TextChoices):
    VCPU = "vcpu", "vCPU-hour"
    MEMORY = "memory", "GiB-hour of memory"
    GPU = "gpu", "GPU-hour"
    STORAGE = "storage", "GiB-hour of ephemeral storage above 20 GiB"


class Rate(models.Model):
    """Price of an hour of a resource. The newest up to a run's day counts."""

    platform = models.CharField(max_length=20, choices=Platform.choices)
    architecture = models.CharField(max_length=10, choices=Architecture.choices, default=Architecture.X86_64)
    region = models.CharField(
        max_length=30, blank=True, help_text="Leave empty for all regions without a rate of their own."
    )
    resource = models.CharField(max_length=10, choices=Resource.choices)
    usd_per_hour = models.DecimalField(
        "USD per hour",
        max_digits=16,
        decimal_places=10,
        validators=[MinValueValidator(Decimal(0))],
        help_text="0 if another rate includes it.",
    )
    valid_from = models.DateField()
    source = models.CharField(max_length=200, blank=True, help_text=SOURCE_HELP)
    is_pinned = models.BooleanField("pinned", default=False, help_text=PINNED_HELP)

    class Meta:
        ordering = ["platform", "architecture", "region", "resource", "-valid_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["platform", "architecture", "region", "resource", "valid_from"], name="one_rate_a_day"
            ),
            models.CheckConstraint(condition=Q(usd_per_hour__gte=Decimal(0)), name="rate_not_negative"),
            models.CheckConstraint(condition=Q(platform__in=Platform.values), name="rate_of_known_platform"),
        ]

    def __str__(self) -> str:
        return f"{self.platform} {self.architecture} {self.get_resource_display()} from {self.valid_from}"
