"""Values that forged posts to the forms of the admin have."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import models

from jobs.admin.fields import LinesField
from jobs.models import InstanceType, User
from jobs.models.ids import new_id
from tests import make

NUMBER = "999999999999"
FORGED: dict[str, Any] = {
    "account.region": "eu-west-9",
    "account.number": NUMBER,
    "account.access": "role",
    "account.quarantine_seconds": 901,
    "account.role_arn": f"arn:aws:iam::{NUMBER}:role/forged",
    "account.endpoint_url": "https://forged.example.org",
    "account.cost_export": "s3://forged/export/data",
    "team.features": ["secrets"],
    "team.further_fields": ["forged.field"],
    "team.time_zone": "Europe/Zurich",
    "tagrule.allowed": ["forged"],
    "tagrule.default": "forged",
    "tagrule.filled_by": "team",
    "rolegrant.pattern": "arn:forged",
    "budget.stop_percent": 161,
    "repricing.first": date(2020, 1, 1),
    "repricing.last": date(2020, 1, 2),
}
"""Values of fields that take only certain ones."""


def instance_type() -> InstanceType:
    return InstanceType.objects.create(name=f"x1.{new_id()}"[:40], vcpus=4, memory_mib=16384)


def fields_of(model: type[models.Model]) -> list[Any]:
    return [each for each in (*model._meta.concrete_fields, *model._meta.many_to_many) if not each.primary_key]


OF_KIND: dict[Any, Callable[[], Any]] = {
    models.EmailField: lambda: "forged@example.org",
    models.DecimalField: lambda: Decimal(7),
    models.FloatField: lambda: 7.5,
    models.DateTimeField: lambda: datetime(2031, 1, 1, tzinfo=UTC),
    models.DateField: lambda: date(2031, 1, 1),
    models.UUIDField: new_id,
    models.JSONField: lambda: {"forged": 1},
}


def forged_value(field: Any, current: Any, subject: User) -> Any:
    """Another value for a field than the current one, that its form would take."""
    own = f"{field.model._meta.model_name}.{field.name}"
    if own in FORGED:
        return FORGED[own]
    if field.many_to_many:
        some = field.related_model.objects.exclude(pk__in=[each.pk for each in current or ()]).first()
        return [some or field.related_model.objects.create(name="forged")]
    if field.is_relation:
        return subject if field.related_model is User else another_object(field.related_model, current)
    if field.choices:
        return next(value for value, _ in field.choices if value != current)
    if isinstance(field, models.BooleanField):
        return not current
    if isinstance(field, models.IntegerField):
        return (current or 0) + 61
    return next((value() for kind, value in OF_KIND.items() if isinstance(field, kind)), "forged")


def another_object(model: type[models.Model], current: Any) -> Any:
    if model is ContentType:
        return ContentType.objects.exclude(pk=current.pk if current else 0).first()
    others: dict[str, Callable[[], Any]] = {
        "team": make.team,
        "account": make.account,
        "definition": make.definition,
        "queue": make.queue,
        "instancetype": instance_type,
    }
    return others[model._meta.model_name or ""]()


def widget_data(name: str, value: Any) -> dict[str, Any]:
    """A value as a browser would send it, for whichever widget the form has."""
    match value:
        case None | False:
            return {}
        case True:
            return {name: "on"}
        case datetime():
            return {name: value.isoformat(), f"{name}_0": f"{value:%Y-%m-%d}", f"{name}_1": f"{value:%H:%M:%S}"}
        case models.Model():
            return {name: str(value.pk)}
        case list() | models.QuerySet():
            return {name: [str(getattr(each, "pk", each)) for each in value]}
    return {name: str(value)}


def form_data(form: Any) -> dict[str, Any]:
    """A form as a browser sends it untouched."""
    sent: dict[str, Any] = {}
    for bound in form:
        value = bound.value()
        if isinstance(bound.field, LinesField):
            value = "\n".join(value) if isinstance(value, list) else value
        sent |= widget_data(bound.html_name, value)
    return sent


def page_data(page: Any) -> dict[str, Any]:
    """A page of the admin as a browser sends it untouched, with its inlines."""
    sent = form_data(page.context_data["adminform"].form)
    for inline in page.context_data["inline_admin_formsets"]:
        sent |= form_data(inline.formset.management_form)
        for form in inline.formset.initial_forms:
            sent |= form_data(form)
    return sent


def value_of(row: Any, field: Any) -> Any:
    value = getattr(row, field.name)
    return list(value.all()) if field.many_to_many else value


def replace_values(sent: dict[str, Any], prefix: str, values: Mapping[Any, Any]) -> dict[str, Any]:
    """The same with those values instead."""
    sent = dict(sent)
    for field, value in values.items():
        name = f"{prefix}{field.name}"
        sent = {key: kept for key, kept in sent.items() if key not in (name, f"{name}_0", f"{name}_1")}
        lines = isinstance(field, models.JSONField) and isinstance(value, list) and field.name != "features"
        sent |= {name: "\n".join(value)} if lines else widget_data(name, value)
    return sent
