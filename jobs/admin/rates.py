"""Admin of rates, instance types and their prices."""

from decimal import Decimal

from django.contrib import admin

from jobs.admin.audit_mixin import AuditedModelAdmin
from jobs.models import InstancePrice, InstanceType, Rate


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


@admin.register(Rate)
class RateAdmin(AuditedModelAdmin):
    list_display = ["platform", "architecture", "region", "resource", "usd", "valid_from", "is_pinned", "source"]
    list_filter = ["platform", "architecture", "region", "resource"]
    date_hierarchy = "valid_from"

    @admin.display(description="USD an hour", ordering="usd_per_hour")
    def usd(self, rate: Rate) -> str:
        return _plain(rate.usd_per_hour)


@admin.register(InstanceType)
class InstanceTypeAdmin(AuditedModelAdmin):
    list_display = ["name", "vcpus", "memory", "gpus", "gpu_model", "architecture", "source"]
    list_filter = ["architecture", "gpu_model"]
    search_fields = ["name", "gpu_model"]

    @admin.display(description="GiB", ordering="memory_mib")
    def memory(self, instance_type: InstanceType) -> str:
        return _plain(Decimal(instance_type.memory_mib) / 1024)


@admin.register(InstancePrice)
class InstancePriceAdmin(AuditedModelAdmin):
    list_display = ["instance_type", "region", "purchase_option", "usd", "valid_from", "is_pinned", "source"]
    list_filter = ["region", "purchase_option"]
    list_select_related = ["instance_type"]
    search_fields = ["instance_type__name"]
    autocomplete_fields = ["instance_type"]
    date_hierarchy = "valid_from"

    @admin.display(description="USD an hour", ordering="usd_per_hour")
    def usd(self, price: InstancePrice) -> str:
        return _plain(price.usd_per_hour)
