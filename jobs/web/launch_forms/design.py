"""Designing a form from a submission: what to ask for, what to lock, and what stays as it is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import render

from jobs.access import Member
from jobs.models import Submission
from jobs.reports import launch_forms as reports
from jobs.spec.documents import DocumentKind
from jobs.spec.launch_forms.fields import LaunchField, LaunchFieldType
from jobs.spec.launch_forms.file_format import LaunchContent
from jobs.spec.launch_forms.places import (
    FormPlace,
    PlaceChoice,
    design_form,
    different_values,
    list_places,
    locked_field,
    suggested_field,
)
from jobs.spec.redaction import redact
from jobs.spec.template_parameters import MAX_LABEL_LENGTH
from jobs.web.shell.auth import SignedInRequest
from jobs.web.shell.text_input import drop_nul

ASK, LOCK = "ask", "lock"
USES = (("fixed", "Keep fixed"), (ASK, "Ask"), (LOCK, "Show locked"))
TYPES = (
    (LaunchFieldType.TEXT, "Text"),
    (LaunchFieldType.NUMBER, "Number"),
    (LaunchFieldType.CHOICE, "Choice"),
    (LaunchFieldType.YES_NO, "Yes or no"),
    (LaunchFieldType.DATE, "Date"),
    (LaunchFieldType.PATH, "Path or S3 URI"),
)


@dataclass(frozen=True)
class PlaceRow:
    """A place with what is suggested for it."""

    number: int
    place: FormPlace
    field: LaunchField
    values: Sequence[str]
    """Different values of earlier jobs, if there are several."""

    @property
    def use(self) -> str:
        return ASK if self.values and not self.place.is_fixed else "fixed"

    @property
    def choices_text(self) -> str:
        return "\n".join(self.field.choices)


def design_page(request: SignedInRequest, member: Member, submission: Submission) -> HttpResponse:
    page: dict[str, Any] = {
        "member": member,
        "team": member.team,
        "submission": submission,
        "rows": _rows(submission),
        "uses": USES,
        "types": [(kind.value, label) for kind, label in TYPES],
        "sample_size": reports.MAX_EARLIER_JOBS,
        "current_page": "definitions",
    }
    return render(request, "jobs/forms/design.html", page)


def _rows(submission: Submission) -> list[PlaceRow]:
    places = list_places(submission.document, DocumentKind(submission.kind))
    values = different_values(places, reports.earlier_documents(submission))
    return [
        PlaceRow(number, place, suggested_field(place, values.get(place.pointer, ())), values.get(place.pointer, ()))
        for number, place in enumerate(places)
    ]


def designed_file(post: QueryDict, submission: Submission) -> tuple[LaunchContent, dict[str, Any]]:
    """Return the form that was chosen, with masked values in its document."""
    places = list_places(submission.document, DocumentKind(submission.kind))
    choices = [
        PlaceChoice(place, field)
        for number, place in enumerate(places)
        if (field := _posted_field(post, number, place)) is not None
    ]
    document, sections = design_form(redact(submission.document), choices)
    name = _line(post, "name") or submission.name
    return LaunchContent(name, "", sections, _line(post, "description")), document


def _posted_field(post: QueryDict, number: int, place: FormPlace) -> LaunchField | None:
    use, kind = post.get(f"use-{number}", ""), post.get(f"type-{number}", "")
    if use not in (ASK, LOCK):
        return None
    field = LaunchField(
        place.name,
        _line(post, f"label-{number}")[:MAX_LABEL_LENGTH],
        type=LaunchFieldType(kind) if kind in set(LaunchFieldType) else LaunchFieldType.TEXT,
        default=place.value,
    )
    if field.has_choices:
        lines = drop_nul(post.get(f"choices-{number}", "")).splitlines()
        choices = dict.fromkeys([*(line.strip() for line in lines if line.strip()), place.value])
        field = replace(field, choices=tuple(choices))
    return locked_field(field) if use == LOCK else field


def _line(post: QueryDict, name: str) -> str:
    return " ".join(drop_nul(post.get(name, "")).split())
