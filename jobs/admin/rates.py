from django.contrib import admin

from jobs.admin.audit_mixin import Audited
from jobs.models import Rate


@admin.register(Rate)
class RateAdmin(Audited):
    """What an hour of each resource costs, from which day on. Costs already written down keep their rates."""

    list_display = ["platform", "architecture", "region", "resource", "usd_per_hour", "valid_from", "source"]
    list_filter = ["platform", "architecture", "region", "resource"]
    date_hierarchy = "valid_from"
