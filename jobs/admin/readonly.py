"""Admin mixins for rows that are only shown, or never deleted."""

from typing import Any

from django.db.models import Model
from django.http import HttpRequest

from jobs.admin.audit_mixin import AuditedModelAdmin


class ReadOnlyMixin:
    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class NoDeleteAdmin(AuditedModelAdmin):
    """Rows that history refers to: deactivated, not deleted. Large tables are not counted."""

    show_full_result_count = False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
