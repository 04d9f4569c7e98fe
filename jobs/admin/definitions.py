from django.contrib import admin
from django.http import HttpRequest

from jobs.admin.readonly import KeptAdmin, ReadOnlyMixin
from jobs.models import Definition, Revision


class Revisions(ReadOnlyMixin, admin.TabularInline):
    model = Revision
    fields = ["number", "registration", "active", "registered_by", "registered_at", "refusal"]
    extra = 0


@admin.register(Definition)
class DefinitionAdmin(KeptAdmin):
    """Whom a name in AWS belongs to, and whether all teams may use it. Its revisions are made in the portal."""

    list_display = ["name", "account", "team", "shared", "created_at"]
    list_filter = ["account", "team", "shared"]
    list_select_related = ["account", "team"]
    search_fields = ["name"]
    autocomplete_fields = ["team"]
    readonly_fields = ["name", "account", "created_at"]
    inlines = [Revisions]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False
