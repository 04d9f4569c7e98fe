"""Writing a form as JSON, beside the form as the analyst will see it: a new one, or a new version."""

import json
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods

from jobs import access
from jobs.access import Member
from jobs.actions import ValidationResult, form_revisions, launch_forms, versioned
from jobs.models import LaunchForm, Submission
from jobs.reports import launch_forms as reports
from jobs.reports import options
from jobs.reports import templates as template_reports
from jobs.spec.documents import Document, DocumentKind, object_at, text_at
from jobs.spec.launch_forms import designer as design_document
from jobs.spec.launch_forms.check import RULE
from jobs.spec.launch_forms.fields import fields_of, parse_sections
from jobs.spec.launch_forms.file_format import LaunchContent, check_form_file, from_file, is_form_file, to_file
from jobs.spec.launch_forms.filling import fill_document
from jobs.spec.launch_forms.values import FormValues, LaunchContext, read_values
from jobs.spec.parsing.jsonc import parse_jsonc
from jobs.spec.parsing.parser import MAX_TEXT_BYTES, DocumentParseError, ParseResult, parse
from jobs.spec.problems import LocatedProblem, Problem, Severity, has_errors
from jobs.spec.redaction import redact
from jobs.spec.substitution import TooLongError
from jobs.web import schemas
from jobs.web.builder.feedback import PREVIEW_DELAY_MS, ProblemView
from jobs.web.builder.form_state import MAX_KEY_LENGTH
from jobs.web.launch_forms import design, designer
from jobs.web.launch_forms.fields import SectionView, fitting_entries, posted_entries, section_views
from jobs.web.shell.auth import SignedInRequest, login_required
from jobs.web.shell.text_input import drop_nul, posted_text

FIELDS = "fields"
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


NO_FILE: Document = {**EXAMPLE, "sections": [], "document": {}}
"""Of a form that is from no definition yet."""


@dataclass(frozen=True)
class FormText:
    """What the page shows: the file as text, with masked values, and where these are."""

    text: str
    source_id: str = ""
    form: LaunchForm | None = None
    view: str = ""
    """`FIELDS`, or the JSON."""
    new_name: str = ""
    """Of a field that was just added."""
    design_error: str = ""
    revision_check: form_revisions.RevisionCheck | None = None
    """Of the stored form, when it is opened."""
    focus: str = ""
    """The control to go on with after a button of the designer, if it isn't that of a new field."""


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
        return _page(request, member, _first_text(request, member))
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
    view = request.GET.get("view", "")
    version.form = form
    check = form_revisions.check_newer_revisions(version, member)
    return _page(request, member, FormText(_as_text(file), version.text_id, form, view, revision_check=check))


def _first_text(request: SignedInRequest, member: Member) -> FormText:
    """Begin with a definition or a version of a workflow template, if the address names one."""
    view = request.GET.get("view", "")
    if name := drop_nul(request.GET.get("definition", ""))[:MAX_KEY_LENGTH]:
        definition = reports.definition_documents(member.team, {"jobDefinition": name}).get(name)
        if definition is None:
            raise Http404("There is no such definition that the team can use.")
        queue = options.queue_choices(member.team)[1]
        document = design_document.document_of_definition(definition, name, queue)
        return FormText(_as_text(to_file(LaunchContent(name, ""), document)), view=FIELDS)
    if text_id := request.GET.get("template", ""):
        version, owner = access.template_version(request.user, text_id)
        if owner.team.pk != member.team.pk:
            raise Http404("There is no such template in this team.")
        sections = design_document.sections_of_parameters(template_reports.shown_parameters(version))
        template = version.template
        content = LaunchContent(template.name, "", parse_sections(sections), template.description)
        file = to_file(content, redact(parse(version.text).document))
        return FormText(_as_text(file), version.text_id, view=FIELDS)
    if view == FIELDS and options.definition_choices(member.team):
        return FormText(_as_text(NO_FILE), view=FIELDS)
    return FormText(_as_text(EXAMPLE))


def _designed(request: SignedInRequest, member: Member, text: FormText) -> FormText:
    """Apply the controls, and the button that was chosen, to the file. Its text stays if nothing changed."""
    action = request.POST.get("do", "")
    try:
        whole = _whole(text.text)
    except DocumentParseError:
        return text
    if not designer.has_fields_view(whole.document):
        return text
    file = designer.apply_controls(whole.document, request.POST)
    new_name = error = focus = ""
    if ":" in action or action in ("add", "section"):
        definitions = reports.definition_documents(member.team, object_at(file, "document"))
        focus = {"section": "section", "remove": "place", "remove-section": "place"}.get(action.partition(":")[0], "")
        try:
            file, new_name = designer.apply_action(file, action, request.POST, definitions)
        except design_document.DesignError as design_error:
            error = str(design_error)
            focus = "variable" if request.POST.get("variable", "").strip() else "pointer"
    changed = text.text if file == whole.document else _as_text(file)
    view = "" if action == "json" else FIELDS
    return replace(text, text=changed, view=view, new_name=new_name, design_error=error, focus=focus)


def _post(request: SignedInRequest, member: Member, form: LaunchForm | None) -> HttpResponse:
    text = FormText(posted_text(request, "text"), request.POST.get("again", "")[:MAX_KEY_LENGTH], form)
    if request.POST.get("view") == FIELDS:
        text = _designed(request, member, text)
    elif request.POST.get("do") == FIELDS:
        text = replace(text, view=FIELDS)
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
    file = _file_of(form_text)
    definitions = reports.definition_documents(member.team, object_at(file, "document")) if file else {}
    kind = design_document.kind_of(object_at(file, "document"))
    page: dict[str, Any] = {
        "member": member,
        "team": member.team,
        "launch_form": form,
        "form_text": form_text,
        "revision_check": form_text.revision_check,
        "check": check,
        "problem_views": [replace(view, line=0, column=0) for view in check.views] if file else check.views,
        "sections": _sections(request, member, form, check),
        "address": reverse("launch_form_edit", args=[form.text_id])
        if form
        else reverse("launch_form_new", args=[member.team.slug]),
        "schema": schemas.schema_url(schemas.FORM),
        "wait_ms": PREVIEW_DELAY_MS,
        "max_bytes": MAX_TEXT_BYTES,
        "is_rejected": is_rejected,
        "is_fields": file is not None,
        "section_rows": designer.section_rows(file, form_text.new_name) if file else [],
        "places": designer.place_choices(file, definitions) if file and not request.htmx else [],
        "has_variables": kind is DocumentKind.SUBMISSION,
        "definition_choices": options.definition_choices(member.team) if file == NO_FILE else [],
        "words": {key: text_at(file or {}, key) for key in ("name", "description", "note")},
        "types": designer.TYPES,
        "sources": designer.SOURCES,
        "modes": designer.MODES,
        "request_text": _request_text(request, member, form, check),
        "current_page": "definitions",
    }
    if request.htmx:
        return render(request, "jobs/forms/edit.html#feedback", page)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_rejected else HTTPStatus.OK
    return render(request, "jobs/forms/edit.html", page, status=status)


def _file_of(form_text: FormText) -> Document | None:
    """Return the file to show as fields; None for the JSON, or if it isn't a form yet."""
    if form_text.view != FIELDS:
        return None
    try:
        document = _whole(form_text.text).document
    except DocumentParseError:
        return None
    return document if designer.has_fields_view(document) else None


def _request_text(request: SignedInRequest, member: Member, form: LaunchForm | None, check: FormCheck) -> str:
    """Return the request that the values in the preview make, with secrets masked; empty if they make none."""
    if check.content is None or check.reading is None or check.error_count:
        return ""
    values = _preview_values(request, member, form, check.content)
    try:
        return _as_text(redact(fill_document(check.reading.document, values.values, check.reading.kind)))
    except TooLongError:
        return ""


def _sections(
    request: SignedInRequest, member: Member, form: LaunchForm | None, check: FormCheck
) -> list[SectionView]:
    """Return the form as an analyst will see it, with the values that were tried in the preview."""
    content = check.content
    if content is None or has_errors(located.problem for located in check.problems if located.problem.rule == RULE):
        return []
    fields = fields_of(content.sections)
    entries = _preview_entries(request, member, form, content)
    values = _preview_values(request, member, form, content)
    version = versioned.newest_version(form.versions) if form else None
    locks = version.locks if version else {}
    return section_views(
        content.sections,
        values,
        texts={name: str(entries.get(name, text)) for name, text in values.texts.items()},
        locks={field.name: locks.get(field.name, member.user.display_name) for field in fields if field.is_locked},
        sources={},
        problems={},
    )


def _preview_context(member: Member, form: LaunchForm | None) -> LaunchContext:
    if form:
        return launch_forms.start_context(form, member)
    return LaunchContext(member.user.username, member.team.name, localdate())


def _preview_entries(
    request: SignedInRequest, member: Member, form: LaunchForm | None, content: LaunchContent
) -> dict[str, object]:
    """Return the values that were tried, without those that the form takes no more."""
    fields = fields_of(content.sections)
    entries = fitting_entries(fields, posted_entries(fields, request.POST), _preview_context(member, form))
    return {field.name: entries[field.name] for field in fields if field.name in entries and not field.is_locked}


def _preview_values(
    request: SignedInRequest, member: Member, form: LaunchForm | None, content: LaunchContent
) -> FormValues:
    entries = _preview_entries(request, member, form, content)
    return read_values(fields_of(content.sections), entries, _preview_context(member, form))


def _as_text(document: Document) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _submission(request: SignedInRequest, member: Member, text_id: str) -> Submission:
    submission, owner = access.submission(request.user, text_id)
    if owner.team.pk != member.team.pk:
        raise Http404("There is no such submission in this team.")
    return submission
