"""Rates of resources."""

from decimal import Decimal

from django.db import models


class Resource(models.TextChoices):
    VCPU = "vcpu", "vCPU-hour"
    MEMORY = "memory", "GiB-hour of memory"
    GPU = "gpu", "GPU-hour"
    STORAGE = "storage", "GiB-hour of ephemeral storage above 20 GiB"


class Rate(models.Model):
    """Price of an hour of a resource. The newest up to a run's day counts."""

    platform = models.CharField(max_length=20, help_text="FARGATE, EC2 or EKS")
    architecture = models.CharField(max_length=10, default="X86_64")
    region = models.CharField(
        max_length=30, blank=True, help_text="Leave empty for all regions without a rate of their own."
    )
    resource = models.CharField(max_length=10, choices=Resource.choices)
    usd_per_hour = models.DecimalField("USD per hour", max_digits=16, decimal_places=10, default=Decimal(0))
    valid_from = models.DateField()
    source = models.CharField(max_length=200, blank=True, help_text="Where the price comes from.")

    class Meta:
        ordering = ["platform", "architecture", "region", "resource", "-valid_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["platform", "architecture", "region", "resource", "valid_from"], name="one_rate_a_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.platform} {self.architecture} {self.get_resource_display()} from {self.valid_from}"
