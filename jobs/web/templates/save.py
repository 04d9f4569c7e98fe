"""Saving a workflow as a template, or a new version of one: its words, its parameters and its document."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from jobs import access
from jobs.access import Member
from jobs.actions import drafts, templates, versioned
from jobs.models import TemplateVersion, WorkflowTemplate
from jobs.reports import templates as reports
from jobs.spec.documents import text_at
from jobs.spec.masked_source import mask_source
from jobs.spec.parsing.jsonc import parse_jsonc
from jobs.spec.parsing.parser import MAX_TEXT_BYTES, DocumentParseError, ParseResult
from jobs.spec.problems import Problem
from jobs.spec.substitution import merge_parameters
from jobs.spec.template_format import (
    MAX_NAME_LENGTH,
    MAX_TEXT_LENGTH,
    TemplateContent,
    check_template_file,
    from_file,
    is_template_file,
)
from jobs.spec.template_parameters import MAX_PARAMETERS, Parameter, ParameterType
from jobs.web.builder.form_state import MAX_KEY_LENGTH, is_verbatim, to_json
from jobs.web.shell.auth import SignedInRequest, login_required
from jobs.web.shell.text_input import drop_nul, normalize_newlines

TEMPLATE = "jobs/templates/save.html"
TYPE_LABELS = {
    ParameterType.TEXT: "Text",
    ParameterType.NUMBER: "Number",
    ParameterType.CHOICE: "Choice",
    ParameterType.YES_NO: "Yes or no",
}
MAX_PROBLEMS = 20


@dataclass(frozen=True)
class ParameterRow:
    """A parameter as the page asks for it."""

    number: int
    parameter: Parameter
    problems: Mapping[str, str]

    @property
    def choices_text(self) -> str:
        return "\n".join(self.parameter.choices)


@dataclass(frozen=True)
class SaveForm:
    """What the page shows: the text with masked values, and where these are."""

    content: TemplateContent
    source_id: str = ""
    template: WorkflowTemplate | None = None
    draft_id: str = ""
    """The draft of the builder, which is not needed once this is saved."""

    @classmethod
    def from_version(cls, version: TemplateVersion) -> "SaveForm":
        """Return the form for a new version, as it is."""
        content = TemplateContent(
            version.template.name,
            mask_source(version.text, version.document),
            reports.shown_parameters(version),
        )
        return cls(content, version.text_id, version.template)

    @classmethod
    def from_post(cls, post: QueryDict, template: WorkflowTemplate | None = None) -> "SaveForm":
        content = TemplateContent(
            template.name if template else _line(post, "name"),
            normalize_newlines(post.get("document", "")),
            tuple(_posted_parameters(post)),
            _line(post, "description"),
            _line(post, "note"),
        )
        return cls(content, post.get("again", "")[:MAX_KEY_LENGTH], template, post.get("draft", "")[:MAX_KEY_LENGTH])


def _line(post: QueryDict, name: str) -> str:
    return " ".join(drop_nul(post.get(name, "")).split())


def _posted_parameters(post: QueryDict) -> Iterable[Parameter]:
    for number in range(MAX_PARAMETERS + 1):
        name = post.get(f"name-{number}")
        if name is None:
            return
        kind = post.get(f"type-{number}", "")
        choices = normalize_newlines(post.get(f"choices-{number}", "")).split("\n")
        yield Parameter(
            drop_nul(name),
            _line(post, f"label-{number}"),
            _line(post, f"help-{number}"),
            ParameterType(kind) if kind in set(ParameterType) else ParameterType.TEXT,
            drop_nul(post.get(f"default-{number}", "")) or None,
            f"required-{number}" in post,
            tuple(dict.fromkeys(text.strip() for text in choices if text.strip())),
        )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def new_template(request: SignedInRequest, slug: str) -> HttpResponse:
    member = access.membership(request.user, slug, permission="register")
    if request.method != "POST":
        if text_id := request.GET.get("submission", ""):
            return save_page(request, member, _from_submission(request, member, text_id))
        return render(request, "jobs/templates/import.html", _page(member))
    if request.POST.get("do") == "import":
        return _import(request, member)
    form = SaveForm.from_post(request.POST)
    if request.POST.get("do") != "save":
        return save_page(request, member, form)
    try:
        version = templates.create_template(member, form.content, source_id=form.source_id)
    except (DocumentParseError, templates.TemplateError) as error:
        return save_page(request, member, form, error)
    _delete_draft(member, form)
    messages.success(request, f"Saved {version.template.name}.")
    return redirect(version.template)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def new_version(request: SignedInRequest, text_id: str) -> HttpResponse:
    template, member = access.template(request.user, text_id, "register")
    if request.method != "POST":
        version = versioned.newest_version(template.versions)
        return save_page(request, member, SaveForm.from_version(version)) if version else redirect(template)
    form = SaveForm.from_post(request.POST, template)
    if request.POST.get("do") != "save":
        return save_page(request, member, form)
    try:
        version, is_new = templates.create_version(template, member, form.content, source_id=form.source_id)
    except (DocumentParseError, templates.TemplateError) as error:
        return save_page(request, member, form, error)
    _delete_draft(member, form)
    if is_new:
        messages.success(request, f"Saved version {version.number} of {template.name}.")
    else:
        messages.info(request, f"No changes: version {version.number} is the same.")
    return redirect(template)


def _delete_draft(member: Member, form: SaveForm) -> None:
    with suppress(ValueError):
        drafts.delete_draft(member, form.draft_id)


def save_page(
    request: SignedInRequest, member: Member, form: SaveForm, error: Exception | None = None
) -> HttpResponse:
    """Show the page, with what is wrong if it was sent."""
    problems: list[Problem] = []
    reading: ParseResult | None = None
    if isinstance(error, DocumentParseError):
        problems = [Problem("", error.message)]
    elif isinstance(error, templates.TemplateError):
        problems, reading = list(error.problems), error.parse_result
    form, rows = _with_rows(member, form, problems)
    at_fields = {problem.pointer.removeprefix("/"): problem.message for problem in problems if _is_word(problem)}
    elsewhere = [problem for problem in problems if not _is_word(problem) and not _is_parameter(problem)]
    context = {
        **_page(member),
        "save_form": form,
        "template": form.template,
        "rows": rows,
        "types": [(kind.value, label) for kind, label in TYPE_LABELS.items()],
        "field_problems": at_fields,
        "problems": [(problem, _line_of(problem, reading)) for problem in elsewhere[:MAX_PROBLEMS]],
        "is_rejected": error is not None,
        "max_name": MAX_NAME_LENGTH,
        "max_text": MAX_TEXT_LENGTH,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK
    return render(request, TEMPLATE, context, status=status)


def _page(member: Member) -> dict[str, Any]:
    return {"member": member, "team": member.team, "max_bytes": MAX_TEXT_BYTES, "current_page": "definitions"}


def _with_rows(member: Member, form: SaveForm, problems: Sequence[Problem]) -> tuple[SaveForm, list[ParameterRow]]:
    """Ask for each parameter of the document: what is known of it is kept."""
    parameters = form.content.parameters
    try:
        reading = templates.read_source(member, form.content.text, form.source_id)
    except DocumentParseError:
        pass
    else:
        parameters = merge_parameters(reading.document, parameters)
        if not is_verbatim(reading):
            text = mask_source(to_json(reading.document), reading.document)
            form = replace(form, content=replace(form.content, text=text))
        if not form.content.name:
            name = text_at(reading.document, "name")
            form = replace(form, content=replace(form.content, name="" if "${" in name else name))
    numbers = {parameter.name: number for number, parameter in enumerate(form.content.parameters)}
    return form, [
        ParameterRow(number, parameter, _problems_at(problems, numbers.get(parameter.name)))
        for number, parameter in enumerate(parameters)
    ]


def _problems_at(problems: Sequence[Problem], number: int | None) -> dict[str, str]:
    """Return by field what is wrong with the parameter of that number."""
    prefix = f"/parameters/{number}/"
    return {
        problem.pointer.removeprefix(prefix): problem.message
        for problem in problems
        if problem.pointer.startswith(prefix)
    }


def _is_word(problem: Problem) -> bool:
    return problem.rule in ("template.name", "template.words")


def _is_parameter(problem: Problem) -> bool:
    return problem.pointer.startswith("/parameters/") and problem.rule == "template.parameter"


def _line_of(problem: Problem, reading: ParseResult | None) -> int:
    is_in_document = reading and problem.pointer and not problem.pointer.startswith("/parameters")
    return reading.locate(problem).line if reading and is_in_document else 0


def _from_submission(request: SignedInRequest, member: Member, text_id: str) -> SaveForm:
    submission, owner = access.submission(request.user, text_id)
    if owner.team.pk != member.team.pk:
        raise Http404("There is no such submission in this team.")
    text = mask_source(submission.text, submission.document)
    return SaveForm(TemplateContent(submission.name, text), submission.text_id)


# -- Import


def _import(request: SignedInRequest, member: Member) -> HttpResponse:
    """Open what was exported, or any workflow, on the page that saves it."""
    file = request.FILES.get("file")
    text = normalize_newlines(request.POST.get("text", ""))
    try:
        if file and file.size:
            if file.size > MAX_TEXT_BYTES:
                raise DocumentParseError(f"The file is too large. The limit is {MAX_TEXT_BYTES // 1024**2} MiB.")
            text = normalize_newlines(file.read().decode("utf-8-sig"))
        form = read_import(text, member)
    except UnicodeDecodeError:
        problem = "The file isn't UTF-8 text."
    except DocumentParseError as error:
        problem = error.message
    except templates.TemplateError as error:
        problem = str(error)
    else:
        return save_page(request, member, form)
    context = {**_page(member), "text": text, "problem": problem}
    return render(request, "jobs/templates/import.html", context, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def read_import(text: str, member: Member) -> SaveForm:
    """Raise DocumentParseError or TemplateError."""
    if not text.strip():
        raise DocumentParseError("Paste a template or a workflow, or choose a file.")
    try:
        value = parse_jsonc(text).value
    except DocumentParseError:
        value = {}
    if not is_template_file(value):
        templates.read_source(member, text, "")
        return SaveForm(TemplateContent("", text))
    if problems := check_template_file(value):
        raise templates.TemplateError(problems)
    content, document = from_file(value)
    return SaveForm(replace(content, text=to_json(document), note=""))
