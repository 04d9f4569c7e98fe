"""Privileges of superusers, over staff and their accounts."""

from typing import Any, cast

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from jobs.admin.formsets import DistinctFormSet, distinct
from jobs.models import User

PRIVILEGE_FIELDS = ("is_staff", "is_superuser", "groups", "user_permissions")


def may_change_account(request: HttpRequest, person: User) -> bool:
    return bool(request.user.is_superuser) or not (person.is_staff or person.is_superuser)


def filter_changeable(request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
    if request.user.is_superuser:
        return rows
    return rows.exclude(Q(person__is_staff=True) | Q(person__is_superuser=True))


class SuperusersOnlyMixin:
    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)


class MembershipFormSet(DistinctFormSet):
    request: HttpRequest

    def clean(self) -> None:
        super().clean()
        for form in self.forms:
            # Django ignores the errors of a row to be deleted, so the formset as a whole has the error.
            person = cast("User | None", form.instance.user if form.instance.user_id else None)
            if person and form.has_changed() and not may_change_account(self.request, person):
                raise ValidationError(
                    "Only superusers can change memberships of administrators (%(name)s).",
                    params={"name": person.username},
                )


class MembershipInlineMixin:
    distinct_field: str

    def get_formset(self, request: HttpRequest, obj: Any = None, **options: Any) -> Any:
        options["formset"] = distinct(self.distinct_field, MembershipFormSet)
        formset = super().get_formset(request, obj, **options)  # type: ignore[misc] # an inline's, beside the mixin
        formset.request = request  # the admin makes a new class for each request
        return formset
