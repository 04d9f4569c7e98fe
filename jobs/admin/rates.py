"""Admin of rates."""

from django.contrib import admin

from jobs.admin.audit_mixin import AuditedModelAdmin
from jobs.models import Rate


@admin.register(Rate)
class RateAdmin(AuditedModelAdmin):
    list_display = ["platform", "architecture", "region", "resource", "usd", "valid_from", "source"]
    list_filter = ["platform", "architecture", "region", "resource"]
    date_hierarchy = "valid_from"

    @admin.display(description="USD an hour", ordering="usd_per_hour")
    def usd(self, rate: Rate) -> str:
        return f"{rate.usd_per_hour.normalize():f}"
