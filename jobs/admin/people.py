from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from jobs.models import Membership, User


class TeamsOfPerson(admin.TabularInline):
    model = Membership
    autocomplete_fields = ["team"]
    extra = 0


@admin.register(User)
class PersonAdmin(UserAdmin):
    """People are switched off rather than deleted: their submissions carry their name."""

    list_display = ["username", "display_name", "email", "is_active", "is_staff", "last_login"]
    show_full_result_count = False
    inlines = [TeamsOfPerson]
    fieldsets = [*(UserAdmin.fieldsets or ()), ("Portal", {"fields": ["time_zone", "public_id"]})]
    readonly_fields = ["public_id", "last_login", "date_joined"]

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        return False
