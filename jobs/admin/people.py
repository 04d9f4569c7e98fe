from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest

from jobs import second_factor
from jobs.admin.fields import fixed_once_saved
from jobs.models import Membership, User


class TeamsOfPerson(admin.TabularInline):
    model = Membership
    form = fixed_once_saved("team")
    autocomplete_fields = ["team"]
    ordering = ["team__name"]
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("team", "user")


@admin.register(User)
class PersonAdmin(UserAdmin):
    """People are switched off rather than deleted: their submissions carry their name."""

    list_display = ["username", "display_name", "email", "is_active", "is_staff", "last_login"]
    list_filter = ["is_active", "is_staff", "memberships__role"]
    show_full_result_count = False
    inlines = [TeamsOfPerson]
    fieldsets = [*(UserAdmin.fieldsets or ()), ("Portal", {"fields": ["time_zone", "public_id"]})]
    readonly_fields = ["public_id", "last_login", "date_joined"]
    actions = ["take_second_factor_away"]

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        return False

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        return actions if request.user.is_superuser else {}

    @admin.action(description="Take the second factor away (a lost phone)")
    def take_second_factor_away(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        without = [str(person) for person in chosen if second_factor.take_away(person)]
        if without:
            self.message_user(request, f"Without a second factor now: {', '.join(without)}.")
        else:
            self.message_user(request, "None of them had a second factor.", messages.WARNING)
