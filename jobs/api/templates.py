"""Workflow templates: saved in versions, and started with values."""

from collections.abc import Iterable
from dataclasses import replace

from django.http import Http404
from ninja import Router
from ninja.responses import Status

from jobs import actions
from jobs.actions import idempotency, templates
from jobs.api import parsing, serializers, start
from jobs.api.auth import CallerRequest
from jobs.api.errors import ApiProblemError
from jobs.api.openapi import KEY, START, TEMPLATE
from jobs.api.schemas import ProblemDetailsOut, ProblemOut, SubmissionOut, TemplateDetailOut, TemplatesOut
from jobs.models import Source
from jobs.reports import templates as reports
from jobs.reports import versioned
from jobs.spec.parsing.parser import ParseResult
from jobs.spec.problems import Problem
from jobs.spec.template_format import TemplateContent, check_template_file, from_file

router = Router(tags=["templates"])

FILE_RULES = frozenset(
    {
        "template.name",
        "template.words",
        "template.parameter",
        "template.too-many-parameters",
        "template.unused-parameter",
    }
)
"""Rules whose problems are at places of the file; those of others are at places of its document."""
NOT_SAVED = ("The template has errors", "Nothing was saved.")
NOT_STARTED = ("The template can't be started", "Nothing was submitted.")


@router.get("/templates", response={200: TemplatesOut, (401, 422): ProblemDetailsOut})
def list_templates(request: CallerRequest, q: str = "", after: str = "", archived: bool = False) -> TemplatesOut:  # noqa: FBT001, FBT002 - a query parameter
    """List the team's workflow templates by name. `q` filters by words; `after`: the `next` of the page before."""
    page = reports.template_page(
        request.auth.member.team, text=q.replace("\0", "")[:100], after=after, archived=archived
    )
    return TemplatesOut(templates=[serializers.template_out(request, card) for card in page.rows], next=page.next)


@router.get("/templates/{text_id}", response={200: TemplateDetailOut, (401, 404): ProblemDetailsOut})
def template(request: CallerRequest, text_id: str, version: int | None = None) -> TemplateDetailOut:
    """Return a template with its document and parameters: the newest version, or the one of `version`."""
    row = request.auth.template(text_id)
    version_row = versioned.find_version(row.versions, "" if version is None else str(version))
    if version_row is None:
        raise Http404(f"The template has no version {version}.")
    return serializers.template_detail_out(request, version_row)


@router.post(
    "/templates",
    response={201: TemplateDetailOut, (401, 403, 413, 422, 429): ProblemDetailsOut},
    openapi_extra=TEMPLATE,
)
def create_template(request: CallerRequest) -> Status[TemplateDetailOut]:
    """Create a template. The body is an exported template; its name must be new in the team."""
    content, reading = _read_file(request)
    try:
        version = templates.create_template(request.auth.member, content)
    except templates.TemplateError as error:
        raise ApiProblemError(422, *NOT_SAVED, _file_problems(error.problems, reading)) from None
    return Status(201, serializers.template_detail_out(request, version))


@router.post(
    "/templates/{text_id}/versions",
    response={200: TemplateDetailOut, 201: TemplateDetailOut, (401, 403, 404, 413, 422, 429): ProblemDetailsOut},
    openapi_extra=TEMPLATE,
)
def create_version(request: CallerRequest, text_id: str) -> Status[TemplateDetailOut]:
    """Save a new version. 200: the newest version is the same, and nothing was saved. Name and description stay."""
    row = request.auth.template(text_id)
    content, reading = _read_file(request)
    try:
        version, is_new = templates.create_version(row, request.auth.member, content)
    except templates.TemplateError as error:
        raise ApiProblemError(422, *NOT_SAVED, _file_problems(error.problems, reading)) from None
    return Status(201 if is_new else 200, serializers.template_detail_out(request, version))


@router.post(
    "/templates/{text_id}/submissions",
    response={202: SubmissionOut, (401, 403, 404, 413, 422, 429, 503): ProblemDetailsOut},
    openapi_extra={**START, **KEY},
)
def start_template(request: CallerRequest, text_id: str) -> Status[SubmissionOut]:
    """Start a template with values: submit its workflow. Values that are left out have their defaults.

    A problem of a value is at `/values/name`, also if the workflow can't be submitted with it.
    """
    member = request.auth.member
    row = request.auth.template(text_id)
    key = parsing.idempotency_key(request)
    reading = parsing.read_object(request)
    values, number, on_refusal = start.read_start(reading.document)
    idempotency.reject_definition_key(member, key)
    try:
        submission = templates.start_template(
            row, member, values, source=Source.API, number=number, request_key=key, on_refusal=on_refusal
        )
    except templates.TemplateError as error:
        raise ApiProblemError(422, *NOT_STARTED, _located(error.problems, reading)) from None
    except actions.ValidationFailedError as error:
        version = versioned.find_version(row.versions, "" if number is None else str(number))
        problems = start.problems_of_values(error.verdict.problems, version.document if version else {})
        raise ApiProblemError(422, *NOT_STARTED, _located(problems, reading)) from None
    return Status(202, serializers.submission_out(request, submission, with_notes=True))


def _read_file(request: CallerRequest) -> tuple[TemplateContent, ParseResult]:
    """Raise ApiProblemError or DocumentParseError."""
    reading = parsing.read_object(request)
    if problems := check_template_file(reading.document):
        raise ApiProblemError(422, *NOT_SAVED, _located(problems, reading))
    content, document = from_file(reading.document)
    return replace(content, text=serializers.document_text(document)), reading


def _file_problems(problems: Iterable[Problem], reading: ParseResult) -> list[ProblemOut]:
    return _located(
        [problem if problem.rule in FILE_RULES else problem.with_prefix("/document") for problem in problems], reading
    )


def _located(problems: Iterable[Problem], reading: ParseResult) -> list[ProblemOut]:
    return serializers.problems_out(problems, reading)
