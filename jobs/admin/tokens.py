"""Admin of API tokens."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.timesince import timesince
from django.utils.timezone import now

from jobs.admin.audit_mixin import update_and_record
from jobs.admin.confirm import ConfirmMixin
from jobs.admin.privileges import filter_changeable, may_change_account
from jobs.admin.readonly import NoDeleteAdmin
from jobs.models import ApiToken

DATES = ("created_at", "expires_at", "revoked_at", "used_at")


@admin.register(ApiToken)
class TokenAdmin(ConfirmMixin, NoDeleteAdmin):
    """Tokens of administrators are revoked by superusers, and by their owners."""

    list_display = [
        "name",
        "prefix",
        "team",
        "person",
        "is_personal",
        "may_submit",
        "expires_at",
        "used_at",
        "revoked_at",
    ]
    list_filter = ["team", "is_personal", "may_submit"]
    list_select_related = ["team", "person"]
    search_fields = ["name", "prefix", "team__name", "person__username"]
    exclude = ["digest"]
    actions = ["revoke"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or may_change_account(request, obj.person))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["public_id", "team", "person", "name", "prefix", "may_submit", "is_personal", *DATES]

    @admin.action(description="Revoke…", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> HttpResponse | None:
        question = self.ask(
            request,
            queryset,
            title="Revoke API tokens",
            consequences=[
                "Systems that use them lose access immediately. This can’t be undone.",
                "Jobs that they submitted still run.",
            ],
            facts={token.pk: _usage(token) for token in queryset.select_related("team", "person")},
            button="Revoke",
        )
        if question:
            return question
        valid = queryset.filter(revoked_at=None)
        total = valid.count()
        revoked = update_and_record(request, filter_changeable(request, valid), "revoke", revoked_at=now())
        self.message_user(request, f"Revoked tokens: {revoked}.")
        if revoked < total:
            self.message_user(request, "Only superusers can revoke tokens of administrators.", messages.WARNING)
        return None


def _usage(token: ApiToken) -> list[str]:
    use = f"last used {timesince(token.used_at, depth=1)} ago" if token.used_at else "never used"
    return [str(token.team), token.person.display_name, "revoked before" if token.revoked_at else use]
