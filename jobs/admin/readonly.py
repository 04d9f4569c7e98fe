"""Pages of the admin that only show: what AWS says, and what has happened, is not edited here."""

from typing import Any

from django.db.models import Model
from django.http import HttpRequest

from jobs.admin.audit_mixin import Audited


class ReadOnlyMixin:
    """Neither adds, changes nor deletes."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class KeptAdmin(Audited):
    """Rows that history points to: they can be switched off, not deleted; and large tables are not counted."""

    show_full_result_count = False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
