"""Admin of users and groups."""

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from jobs import audit, second_factor, sessions
from jobs.admin.audit_mixin import AuditedModelAdmin
from jobs.admin.fields import fixed_field_form
from jobs.admin.privileges import (
    PRIVILEGE_FIELDS,
    MembershipInlineMixin,
    SuperusersOnlyMixin,
    may_change_account,
)
from jobs.models import Membership, User


class MembershipInline(MembershipInlineMixin, admin.TabularInline):
    model = Membership
    distinct_field = "team"
    form = fixed_field_form("team")
    autocomplete_fields = ["team"]
    ordering = ["team__name"]
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("team", "user")


@admin.register(User)
class PortalUserAdmin(AuditedModelAdmin, UserAdmin):
    """Users are deactivated rather than deleted: their submissions refer to them."""

    list_display = ["username", "display_name", "email", "is_active", "is_staff", "last_login"]
    list_filter = ["is_active", "is_staff", "memberships__role"]
    show_full_result_count = False
    inlines = [MembershipInline]
    fieldsets = [
        (None, {"fields": ["username", "password", "is_active"]}),
        ("Personal info", {"fields": ["first_name", "last_name", "email", "time_zone"]}),
        ("Administration", {"fields": ["is_staff", "is_superuser"]}),
        (
            "What an administrator can do here",
            {
                "fields": ["groups", "user_permissions"],
                "classes": ["collapse"],
                "description": "Only for administrators who are not superusers. What users can do in the portal "
                "depends on their role in each team, below.",
            },
        ),
        ("Identity", {"fields": ["last_login", "date_joined", "public_id"]}),
    ]
    readonly_fields = ["public_id", "last_login", "date_joined"]
    actions = ["take_second_factor_away"]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        return [*self.readonly_fields, *(() if request.user.is_superuser else PRIVILEGE_FIELDS)]

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or may_change_account(request, obj))

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's
        if not change:
            obj.must_change_password = obj.has_usable_password()
        super().save_model(request, obj, form, change)

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        return False

    def has_superuser_permission(self, request: HttpRequest) -> bool:
        """Return whether an action is offered (Django's naming)."""
        return bool(request.user.is_superuser)

    @admin.action(description="Remove the second factor (lost phone)", permissions=["superuser"])
    def take_second_factor_away(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        names = []
        with transaction.atomic():
            for user in queryset:
                if second_factor.reset(user):
                    names.append(str(user))
                    before = {"second factor": "set up"}
                    audit.record("remove", person=cast("User", request.user), target=user, before=before)
        if names:
            self.message_user(request, f"Removed the second factor of {', '.join(names)}.")
        else:
            self.message_user(request, "None of the selected users has a second factor.", messages.WARNING)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        """Wrap Django's own page, which bypasses all other hooks."""
        with transaction.atomic():
            before = self.get_object(request, unquote(id))
            response = super().user_change_password(request, id, form_url)
            after = User.objects.filter(pk=before.pk).first() if before else None
            if before and after and before.password != after.password:
                person = cast("User", request.user)
                is_own = after == person  # this session continues under another key
                if not is_own:
                    sessions.end_all_sessions(after)
                must_change = not is_own and after.has_usable_password()
                User.objects.filter(pk=after.pk).update(must_change_password=must_change)
                audit.record("change", person=person, target=after, after={"password": "changed"})
        return response


admin.site.unregister(Group)


@admin.register(Group)
class PortalGroupAdmin(SuperusersOnlyMixin, AuditedModelAdmin, GroupAdmin):
    """Django's permission groups."""
