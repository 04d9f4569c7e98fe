"""EC2 instance types and their prices."""

from decimal import Decimal

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q

from jobs.models.rate import PINNED_HELP, SOURCE_HELP, Architecture

LEAST_USD = Decimal("1E-10")


class PurchaseOption(models.TextChoices):
    ON_DEMAND = "ON_DEMAND", "On-demand"
    SPOT = "SPOT", "Spot"


class InstanceType(models.Model):
    """Its size, of which a job takes a share."""

    name = models.CharField(max_length=40, unique=True, help_text="As AWS calls it, such as m5.xlarge.")
    vcpus = models.PositiveIntegerField("vCPU", validators=[MinValueValidator(1)])
    memory_mib = models.PositiveIntegerField("memory (MiB)", validators=[MinValueValidator(1)])
    gpus = models.PositiveIntegerField("GPU", default=0)
    gpu_model = models.CharField("GPU model", max_length=60, blank=True)
    architecture = models.CharField(max_length=10, choices=Architecture.choices, default=Architecture.X86_64)
    source = models.CharField(max_length=200, blank=True, help_text="Where the size comes from.")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class InstancePrice(models.Model):
    """Price of an hour of an instance. The newest up to an attempt's day counts."""

    instance_type = models.ForeignKey(InstanceType, on_delete=models.CASCADE, related_name="prices")
    region = models.CharField(max_length=30)
    purchase_option = models.CharField(
        max_length=10, choices=PurchaseOption.choices, default=PurchaseOption.ON_DEMAND
    )
    usd_per_hour = models.DecimalField(
        "USD per hour", max_digits=16, decimal_places=10, validators=[MinValueValidator(LEAST_USD)]
    )
    valid_from = models.DateField()
    source = models.CharField(max_length=200, blank=True, help_text=SOURCE_HELP)
    is_pinned = models.BooleanField("pinned", default=False, help_text=PINNED_HELP)

    class Meta:
        ordering = ["instance_type", "region", "purchase_option", "-valid_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["instance_type", "region", "purchase_option", "valid_from"], name="one_instance_price_a_day"
            ),
            models.CheckConstraint(condition=Q(usd_per_hour__gt=Decimal(0)), name="instance_price_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.instance_type} {self.get_purchase_option_display()} in {self.region} from {self.valid_from}"
