"""Auditing of the admin: each changed object is logged with its values before and after, inline rows too."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, cast

from django.contrib import admin
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from jobs import audit
from jobs.audit import AuditAction, AuditTarget
from jobs.models import Team, User
from jobs.models.ids import to_text

UNTOLD = frozenset({"last_login"})
"""Fields that a sign-in changes, not an admin."""
PERSONAL = frozenset({"username", "first_name", "last_name", "email"})
"""Fields of a user whose values are never stored: only that they changed."""


@dataclass(frozen=True)
class Seen:
    """A row at one moment: its audit target, its teams and its values."""

    thing: AuditTarget
    teams: frozenset[Team]
    values: dict[str, Any]
    hidden: frozenset[str] = field(default=frozenset())


def seen(row: Model) -> Seen:
    """Return a row's current values, without those that no one edits."""
    values: dict[str, Any] = {}
    for model_field in row._meta.concrete_fields:
        if model_field.editable and not model_field.primary_key and model_field.name not in UNTOLD:
            values[model_field.name] = _plain(getattr(row, model_field.name))
    for relation in row._meta.many_to_many:
        values[relation.name] = sorted(map(str, getattr(row, relation.name).all()))
    team = row if isinstance(row, Team) else getattr(row, "team", None)
    hidden = PERSONAL if isinstance(row, User) else frozenset[str]()
    return Seen(audit.describe_target(row), frozenset({team} if team else ()), values, hidden)


def all_seen(rows: QuerySet[Any]) -> dict[Any, Seen]:
    """Return snapshots by primary key, with related rows fetched along."""
    names = [field.name for field in rows.model._meta.concrete_fields if field.is_relation and not field.null]
    return {row.pk: seen(row) for row in (rows.select_related(*names) if names else rows)}


def tell(
    request: HttpRequest, changes: Iterable[tuple[Seen | None, Seen | None]], act: AuditAction | None = None
) -> None:
    """Log the differences, in team order, so that two concurrent requests can't deadlock."""
    entries = []
    for before, after in changes:
        snapshot = after or before
        if snapshot is None or (before and after and before.values == after.values):
            continue
        difference = _differing(before, after)
        action: AuditAction = act or ("make" if before is None else "remove" if after is None else "change")
        teams = (before.teams if before else frozenset()) | (after.teams if after else frozenset())
        entries += [(team.pk if team else 0, team, action, snapshot.thing, difference) for team in (teams or {None})]
    for _, team, action, thing, (old_values, now_values) in sorted(entries, key=lambda entry: entry[0]):
        audit.record(
            action,
            person=cast("User", request.user),
            team=team,
            target=thing,
            before=old_values or None,
            after=now_values or None,
        )


def updated(request: HttpRequest, rows: QuerySet[Any], act: AuditAction | None = None, **values: Any) -> int:
    """Update rows in one statement and log each; return how many."""
    with transaction.atomic():
        locked_rows = rows.model._base_manager.filter(pk__in=list(rows.values_list("pk", flat=True)))
        before = all_seen(locked_rows.select_for_update(of=("self",)))
        locked_rows.update(**values)
        after = all_seen(locked_rows)
        tell(request, ((before[pk], after[pk]) for pk in before), act)
    return len(before)


class Audited(admin.ModelAdmin):
    """A model admin that logs its changes and those of its inlines."""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's
        form.snapshot_before = all_seen(self._rows(obj.pk)).get(obj.pk) if change else None
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001
        before = {formset: _touched(formset) for formset in formsets}
        super().save_related(request, form, formsets, change)
        pk = form.instance.pk
        changes = [(form.snapshot_before, all_seen(self._rows(pk)).get(pk))]
        for formset, rows in before.items():
            new_keys = [row.pk for row in formset.new_objects]
            after = (
                all_seen(formset.model._base_manager.filter(pk__in=[*rows, *new_keys])) if rows or new_keys else {}
            )
            changes += [(rows.get(key), after.get(key)) for key in [*rows, *new_keys]]
        tell(request, changes)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        with transaction.atomic():
            before = seen(obj)
            super().delete_model(request, obj)
            tell(request, [(before, None)])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        with transaction.atomic():
            before = all_seen(queryset)
            super().delete_queryset(request, queryset)
            tell(request, ((row, None) for row in before.values()))

    def _rows(self, pk: Any) -> QuerySet[Any]:
        rows: QuerySet[Any] = self.model._base_manager.filter(pk=pk)
        return rows


def _touched(formset: Any) -> dict[Any, Seen]:
    """Return the rows that a formset is about to change or delete."""
    keys = [form.instance.pk for form in formset.forms if form.instance.pk and form.has_changed()]
    return all_seen(formset.model._base_manager.filter(pk__in=keys)) if keys else {}


def _plain(value: Any) -> Any:
    """Return a loggable value: another row by its name, a user by their id."""
    if isinstance(value, User):
        return f"person {to_text(value.public_id)}"
    return str(value) if isinstance(value, Model) else value


def _differing(before: Seen | None, after: Seen | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the differing values before and after; all of them for a new or deleted row."""
    old_values, new_values = (snapshot.values if snapshot else {} for snapshot in (before, after))
    names = [
        name
        for name in {**old_values, **new_values}
        if not (before and after) or old_values.get(name) != new_values.get(name)
    ]
    hidden = (after or before or Seen(AuditTarget(""), frozenset(), {})).hidden
    return tuple(  # type: ignore[return-value]
        {name: "(personal)" if name in hidden and values[name] else values[name] for name in names if name in values}
        for values in (old_values, new_values)
    )
