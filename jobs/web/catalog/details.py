"""The page that changes what the catalog says about an entry."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import messages
from django.core.validators import RegexValidator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from jobs import access
from jobs.access import Member
from jobs.actions import catalog_details as actions
from jobs.actions.catalog_details import CatalogDetails, CatalogDetailsError, CatalogRow
from jobs.models import Definition
from jobs.models.versioned import VersionedItem
from jobs.spec.launch_forms.file_format import MAX_FORM_LABEL_LENGTH, MAX_LABELS
from jobs.web.shell.auth import SignedInRequest, login_required

ALLOWED_METHODS = ["GET", "HEAD", "POST"]
KIND_LABELS = {"definition": "Job definition", "launchform": "Launch form", "workflowtemplate": "Workflow template"}
_ONE_LINE = RegexValidator(r"^[^\x00-\x1f\x7f]*\Z", "Use one line without control characters.")


class DetailsForm(forms.Form):
    description = forms.CharField(
        required=False,
        max_length=Definition._meta.get_field("description").max_length,  # noqa: SLF001 - Django documents no public name for it
        validators=[_ONE_LINE],
    )
    labels = forms.CharField(required=False, max_length=500, validators=[_ONE_LINE])
    owner = forms.ChoiceField(required=False)
    deprecated = forms.BooleanField(required=False)
    successor = forms.ChoiceField(required=False)

    def __init__(self, *args: Any, row: CatalogRow, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._owners = {user.username: user for user in actions.possible_owners(row)}
        self._successors: dict[str, Definition | VersionedItem] = {
            other.text_id: other for other in actions.possible_successors(row)
        }
        if row.successor:
            self._successors.setdefault(row.successor.text_id, row.successor)
        self._offer("owner", {name: user.display_name for name, user in self._owners.items()})
        self._offer("successor", {text_id: other.name for text_id, other in self._successors.items()})

    def _offer(self, name: str, labels: Mapping[str, str]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - of this form
        field.choices = [("", "None"), *labels.items()]

    def clean_labels(self) -> tuple[str, ...]:
        labels = tuple(dict.fromkeys(label.strip() for label in self.cleaned_data["labels"].split(",")))
        labels = tuple(label for label in labels if label)
        if len(labels) > MAX_LABELS or any(len(label) > MAX_FORM_LABEL_LENGTH for label in labels):
            raise forms.ValidationError(
                f"Use at most {MAX_LABELS} labels of {MAX_FORM_LABEL_LENGTH} characters, separated by commas."
            )
        return labels

    def details(self, row: CatalogRow, *, may_deprecate: bool) -> CatalogDetails:
        """Return what was entered. Without `may_deprecate`, the form doesn't have the fields for it."""
        values = self.cleaned_data
        before = actions.details_of(row)
        has_fields = may_deprecate or values["deprecated"] or values["successor"]
        is_deprecated = values["deprecated"] if has_fields else before.is_deprecated
        successor = self._successors.get(values["successor"]) if has_fields else before.successor
        return CatalogDetails(
            " ".join(values["description"].split()),
            values["labels"],
            self._owners.get(values["owner"]),
            is_deprecated,
            successor if is_deprecated else None,
        )


@require_http_methods(ALLOWED_METHODS)
@login_required
def definition_details(request: SignedInRequest, text_id: str) -> HttpResponse:
    return _details(request, *access.definition(request.user, text_id, "register"))


@require_http_methods(ALLOWED_METHODS)
@login_required
def form_details(request: SignedInRequest, text_id: str) -> HttpResponse:
    return _details(request, *access.launch_form(request.user, text_id, "register"))


@require_http_methods(ALLOWED_METHODS)
@login_required
def template_details(request: SignedInRequest, text_id: str) -> HttpResponse:
    return _details(request, *access.template(request.user, text_id, "register"))


def _details(request: SignedInRequest, row: CatalogRow, member: Member) -> HttpResponse:
    may_deprecate = member.can("share")
    initial = {
        "description": row.description,
        "labels": ", ".join(row.labels),
        "owner": row.owner.username if row.owner else "",
        "deprecated": row.deprecated_at is not None,
        "successor": row.successor.text_id if row.successor else "",
    }
    form = DetailsForm(request.POST if request.method == "POST" else None, row=row, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            is_changed = actions.save_details(row, form.details(row, may_deprecate=may_deprecate), member)
        except CatalogDetailsError as error:
            form.add_error(None, str(error))
        else:
            if is_changed:
                messages.success(request, f"Saved the details of {row.name}.")
            return redirect(row)
    page = {
        "member": member,
        "team": member.team,
        "entry": row,
        "kind_label": KIND_LABELS[row._meta.model_name or ""],  # noqa: SLF001 - Django documents it
        "form": form,
        "may_deprecate": may_deprecate,
        "current_page": "definitions",
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "jobs/catalog/details.html", page, status=status)
