"""Auditing of the admin, with values before and after."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, cast

from django.contrib import admin
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst

from jobs import audit
from jobs.audit import AuditAction, AuditTarget
from jobs.models import Team, User
from jobs.models.ids import to_text

IGNORED_FIELDS = frozenset({"last_login"})
"""Changed by a sign-in, not by an admin."""
PERSONAL_FIELDS = frozenset({"username", "first_name", "last_name", "email"})
"""Their values are never stored: only that they changed."""


@dataclass(frozen=True)
class RowSnapshot:
    target: AuditTarget
    teams: frozenset[Team]
    values: dict[str, Any]
    hidden: frozenset[str] = field(default=frozenset())


def take_snapshot(row: Model) -> RowSnapshot:
    values: dict[str, Any] = {}
    for model_field in row._meta.concrete_fields:
        if model_field.editable and not model_field.primary_key and model_field.name not in IGNORED_FIELDS:
            values[model_field.name] = _audit_value(getattr(row, model_field.name))
    for relation in row._meta.many_to_many:
        values[relation.name] = sorted(map(str, getattr(row, relation.name).all()))
    team = row if isinstance(row, Team) else getattr(row, "team", None)
    hidden = PERSONAL_FIELDS if isinstance(row, User) else frozenset[str]()
    return RowSnapshot(audit.describe_target(row), frozenset({team} if team else ()), values, hidden)


def take_snapshots(rows: QuerySet[Any]) -> dict[Any, RowSnapshot]:
    names = [field.name for field in rows.model._meta.concrete_fields if field.is_relation and not field.null]
    return {row.pk: take_snapshot(row) for row in (rows.select_related(*names) if names else rows)}


def record_changes(
    request: HttpRequest,
    changes: Iterable[tuple[RowSnapshot | None, RowSnapshot | None]],
    act: AuditAction | None = None,
) -> None:
    """Log in team order, so that two concurrent requests can't deadlock."""
    entries = []
    for before, after in changes:
        snapshot = after or before
        if snapshot is None or (before and after and before.values == after.values):
            continue
        difference = _differences(before, after)
        action: AuditAction = act or ("make" if before is None else "remove" if after is None else "change")
        teams = (before.teams if before else frozenset()) | (after.teams if after else frozenset())
        entries += [(team.pk if team else 0, team, action, snapshot.target, difference) for team in (teams or {None})]
    for _, team, action, thing, (old_values, now_values) in sorted(entries, key=lambda entry: entry[0]):
        audit.record(
            action,
            person=cast("User", request.user),
            team=team,
            target=thing,
            before=old_values or None,
            after=now_values or None,
        )


def update_and_record(
    request: HttpRequest, rows: QuerySet[Any], act: AuditAction | None = None, **values: Any
) -> int:
    with transaction.atomic():
        locked_rows = rows.model._base_manager.filter(pk__in=list(rows.values_list("pk", flat=True)))
        before = take_snapshots(locked_rows.select_for_update(of=("self",)))
        locked_rows.update(**values)
        after = take_snapshots(locked_rows)
        record_changes(request, ((before[pk], after[pk]) for pk in before), act)
    return len(before)


class AuditedModelAdmin(admin.ModelAdmin):
    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        title = capfirst(str(self.opts.verbose_name_plural))
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's
        form.snapshot_before = take_snapshots(self._rows(obj.pk)).get(obj.pk) if change else None
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001
        before = {formset: _changed_rows(formset) for formset in formsets}
        super().save_related(request, form, formsets, change)
        pk = form.instance.pk
        changes = [(form.snapshot_before, take_snapshots(self._rows(pk)).get(pk))]
        for formset, rows in before.items():
            new_keys = [row.pk for row in formset.new_objects]
            after = (
                take_snapshots(formset.model._base_manager.filter(pk__in=[*rows, *new_keys]))
                if rows or new_keys
                else {}
            )
            changes += [(rows.get(key), after.get(key)) for key in [*rows, *new_keys]]
        record_changes(request, changes)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        with transaction.atomic():
            before = take_snapshot(obj)
            super().delete_model(request, obj)
            record_changes(request, [(before, None)])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        with transaction.atomic():
            before = take_snapshots(queryset)
            super().delete_queryset(request, queryset)
            record_changes(request, ((row, None) for row in before.values()))

    def _rows(self, pk: Any) -> QuerySet[Any]:
        rows: QuerySet[Any] = self.model._base_manager.filter(pk=pk)
        return rows


def _changed_rows(formset: Any) -> dict[Any, RowSnapshot]:
    keys = [form.instance.pk for form in formset.forms if form.instance.pk and form.has_changed()]
    return take_snapshots(formset.model._base_manager.filter(pk__in=keys)) if keys else {}


def _audit_value(value: Any) -> Any:
    if isinstance(value, User):
        return f"person {to_text(value.public_id)}"
    return str(value) if isinstance(value, Model) else value


def _differences(before: RowSnapshot | None, after: RowSnapshot | None) -> tuple[dict[str, Any], dict[str, Any]]:
    old_values, new_values = (snapshot.values if snapshot else {} for snapshot in (before, after))
    names = [
        name
        for name in {**old_values, **new_values}
        if not (before and after) or old_values.get(name) != new_values.get(name)
    ]
    hidden = (after or before or RowSnapshot(AuditTarget(""), frozenset(), {})).hidden
    return tuple(  # type: ignore[return-value]
        {name: "(personal)" if name in hidden and values[name] else values[name] for name in names if name in values}
        for values in (old_values, new_values)
    )
