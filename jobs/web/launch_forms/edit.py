"""Writing a form as JSON, beside the form as the analyst will see it: a new one, or a new version."""

import json
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from jobs import access
from jobs.access import Member
from jobs.actions import ValidationResult, launch_forms, versioned
from jobs.models import LaunchForm, Submission
from jobs.reports import launch_forms as reports
from jobs.spec.documents import Document, DocumentKind
from jobs.spec.launch_forms.check import RULE
from jobs.spec.launch_forms.fields import fields_of
from jobs.spec.launch_forms.file_format import LaunchContent, check_form_file, from_file, is_form_file, to_file
from jobs.spec.launch_forms.values import LaunchContext, read_values
from jobs.spec.parsing.jsonc import parse_jsonc
from jobs.spec.parsing.parser import MAX_TEXT_BYTES, DocumentParseError, ParseResult
from jobs.spec.problems import LocatedProblem, Problem, Severity, has_errors
from jobs.spec.substitution import TooLongError
from jobs.web import schemas
from jobs.web.builder.feedback import PREVIEW_DELAY_MS, ProblemView
from jobs.web.builder.form_state import MAX_KEY_LENGTH
from jobs.web.launch_forms import design
from jobs.web.launch_forms.fields import SectionView, fitting_entries, posted_entries, section_views
from jobs.web.shell.auth import SignedInRequest, login_required
from jobs.web.shell.text_input import posted_text

MAX_PROBLEMS = 30
EXAMPLE: Document = {
    "name": "",
    "description": "",
    "note": "",
    "sections": [
        {
            "title": "Period",
            "fields": [
                {
                    "name": "quarter",
                    "label": "Quarter",
                    "type": "choice",
                    "choices": ["Q1", "Q2", "Q3", "Q4"],
                    "default": "Q1",
                },
                {"name": "note", "label": "Note", "required": False},
            ],
        }
    ],
    "document": {
        "jobName": "report-${param.quarter}",
        "jobQueue": "",
        "jobDefinition": "",
        "containerOverrides": {
            "environment": [
                {"name": "QUARTER", "value": "${param.quarter}"},
                {"name": "NOTE", "value": "${param.note}"},
            ]
        },
    },
}


@dataclass(frozen=True)
class FormText:
    """What the page shows: the file as text, with masked values, and where these are."""

    text: str
    source_id: str = ""
    form: LaunchForm | None = None


@dataclass(frozen=True)
class FormCheck:
    """What the text says, as far as it can be read."""

    content: LaunchContent | None = None
    reading: ParseResult | None = None
    problems: tuple[LocatedProblem, ...] = ()
    result: ValidationResult | None = None
    """Of the document with the form's own values."""

    @property
    def error_count(self) -> int:
        return sum(located.problem.severity is Severity.ERROR for located in self.problems)

    @property
    def warning_count(self) -> int:
        return sum(located.problem.severity is Severity.WARNING for located in self.problems)

    @property
    def views(self) -> list[ProblemView]:
        return [ProblemView(located.problem, line=located.line, column=located.column) for located in self.problems]

    @property
    def markers_as_json(self) -> list[dict[str, Any]]:
        return [located.as_json() for located in self.problems]


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def new_form(request: SignedInRequest, slug: str) -> HttpResponse:
    member = access.membership(request.user, slug, permission="register")
    launch_forms.require_writer(member)
    if request.method != "POST":
        if text_id := request.GET.get("submission", ""):
            return design.design_page(request, member, _submission(request, member, text_id))
        return _page(request, member, FormText(_as_text(EXAMPLE)))
    if request.POST.get("do") == "design":
        submission = _submission(request, member, request.POST.get("submission", "")[:MAX_KEY_LENGTH])
        content, document = design.designed_file(request.POST, submission)
        return _page(request, member, FormText(_as_text(to_file(content, document)), submission.text_id))
    return _post(request, member, None)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def new_version(request: SignedInRequest, text_id: str) -> HttpResponse:
    form, member = access.launch_form(request.user, text_id, "register")
    launch_forms.require_writer(member)
    if request.method == "POST":
        return _post(request, member, form)
    version = versioned.newest_version(form.versions)
    if version is None:
        return redirect(form)
    file = {**reports.form_file(version), "note": ""}
    file.pop("version")
    return _page(request, member, FormText(_as_text(file), version.text_id, form))


def _post(request: SignedInRequest, member: Member, form: LaunchForm | None) -> HttpResponse:
    text = FormText(posted_text(request, "text"), request.POST.get("again", "")[:MAX_KEY_LENGTH], form)
    if request.POST.get("do") != "save":
        return _page(request, member, text)
    check = _check(text, member)
    if check.content is None or check.error_count:
        return _page(request, member, text, check, is_rejected=True)
    try:
        if form is None:
            version, is_new = launch_forms.create_form(member, check.content, source_id=text.source_id), True
        else:
            version, is_new = launch_forms.create_version(form, member, check.content, source_id=text.source_id)
    except launch_forms.LaunchFormError as error:
        return _page(request, member, text, _with_problems(text, check, error.problems), is_rejected=True)
    if is_new:
        messages.success(request, f"Saved version {version.number} of {version.form.name}.")
    else:
        messages.info(request, f"No changes: version {version.number} is the same.")
    return redirect(version.form)


def _check(form_text: FormText, member: Member) -> FormCheck:
    try:
        whole = _whole(form_text.text)
    except DocumentParseError as error:
        return FormCheck(problems=(LocatedProblem(Problem("", error.message), error.line, error.column),))
    problems = check_form_file(whole.document)
    if problems and not is_form_file(whole.document):
        return FormCheck(problems=_located(whole, problems))
    content, document = from_file(whole.document)
    content = replace(content, text=_as_text(document))
    try:
        reading = launch_forms.read_source(member, content.text, form_text.source_id)
    except DocumentParseError as error:
        return FormCheck(content, problems=_located(whole, [*problems, Problem("/document", error.message)]))
    problems = problems or launch_forms.check_content(content, reading)
    result = None
    if not any(problem.rule == RULE for problem in problems):
        result, sample_problems = _preview(content, reading, member)
        places = {(problem.rule, problem.pointer) for problem in problems}
        problems += [problem for problem in sample_problems if (problem.rule, problem.pointer) not in places]
    return FormCheck(content, reading, _located(whole, problems), result)


def _preview(
    content: LaunchContent, reading: ParseResult, member: Member
) -> tuple[ValidationResult | None, list[Problem]]:
    try:
        result = launch_forms.preview_form(content, reading, member)
    except TooLongError as error:
        return None, [Problem("/document", str(error))]
    return result, [replace(problem.with_prefix("/document"), fix=()) for problem in result.problems]


def _located(whole: ParseResult, problems: list[Problem]) -> tuple[LocatedProblem, ...]:
    return tuple(whole.locate(problem) for problem in problems[:MAX_PROBLEMS])


def _with_problems(form_text: FormText, check: FormCheck, problems: tuple[Problem, ...]) -> FormCheck:
    return replace(check, problems=_located(_whole(form_text.text), list(problems)))


def _whole(text: str) -> ParseResult:
    """Return the file as if it were a document, to find places in its text. Raise DocumentParseError."""
    parsed = parse_jsonc(text)
    return ParseResult(text, DocumentKind.WORKFLOW, parsed.value, _build_source_map=parsed.build_source_map)


def _page(
    request: SignedInRequest,
    member: Member,
    form_text: FormText,
    check: FormCheck | None = None,
    *,
    is_rejected: bool = False,
) -> HttpResponse:
    check = check or _check(form_text, member)
    form = form_text.form
    page: dict[str, Any] = {
        "member": member,
        "team": member.team,
        "launch_form": form,
        "form_text": form_text,
        "check": check,
        "sections": _sections(request, member, form, check),
        "address": reverse("launch_form_edit", args=[form.text_id])
        if form
        else reverse("launch_form_new", args=[member.team.slug]),
        "schema": schemas.schema_url(schemas.FORM),
        "wait_ms": PREVIEW_DELAY_MS,
        "max_bytes": MAX_TEXT_BYTES,
        "is_rejected": is_rejected,
        "current_page": "definitions",
    }
    if request.htmx:
        return render(request, "jobs/forms/edit.html#feedback", page)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_rejected else HTTPStatus.OK
    return render(request, "jobs/forms/edit.html", page, status=status)


def _address(member: Member, form: LaunchForm | None) -> str:
    if form:
        return reverse("launch_form_edit", args=[form.text_id])
    return reverse("launch_form_new", args=[member.team.slug])


def _sections(
    request: SignedInRequest, member: Member, form: LaunchForm | None, check: FormCheck
) -> list[SectionView]:
    """Return the form as an analyst will see it, with the values that were tried in the preview."""
    content = check.content
    if content is None or has_errors(located.problem for located in check.problems if located.problem.rule == RULE):
        return []
    fields = fields_of(content.sections)
    context = (
        launch_forms.start_context(form, member) if form else LaunchContext(member.user.username, member.team.name)
    )
    entries = fitting_entries(fields, posted_entries(fields, request.POST), context)
    entries_of_fields = {
        field.name: entries[field.name] for field in fields if field.name in entries and not field.is_locked
    }
    values = read_values(fields, entries_of_fields, context)
    version = versioned.newest_version(form.versions) if form else None
    locks = version.locks if version else {}
    return section_views(
        content.sections,
        values,
        texts={name: str(entries_of_fields.get(name, text)) for name, text in values.texts.items()},
        locks={field.name: locks.get(field.name, member.user.display_name) for field in fields if field.is_locked},
        sources={},
        problems={},
    )


def _as_text(document: Document) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _submission(request: SignedInRequest, member: Member, text_id: str) -> Submission:
    submission, owner = access.submission(request.user, text_id)
    if owner.team.pk != member.team.pk:
        raise Http404("There is no such submission in this team.")
    return submission
