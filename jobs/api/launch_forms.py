"""Launch forms: pushed as files, and started with values."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from django.http import Http404
from ninja import Router
from ninja.responses import Status

from jobs import actions
from jobs.actions import form_documents, idempotency, launch_forms
from jobs.api import parsing, serializers, start
from jobs.api.auth import CallerRequest
from jobs.api.errors import ApiProblemError
from jobs.api.openapi import FORM_START, KEY, LAUNCH_FORM
from jobs.api.schemas import LaunchFormDetailOut, LaunchFormsOut, ProblemDetailsOut, ProblemOut, SubmissionOut
from jobs.models import LaunchFormVersion, Source
from jobs.reports import launch_forms as reports
from jobs.reports import versioned
from jobs.spec.index_rerun import IndexRerunPlan, IndexSource, RerunKind
from jobs.spec.launch_forms.file_format import check_form_file, from_file
from jobs.spec.launch_forms.sweep import SINGLE_JOBS, FormSweep, list_columns
from jobs.spec.launch_forms.sweep import combine as combine_columns
from jobs.spec.launch_forms.sweep_documents import RULE as SWEEP_RULE
from jobs.spec.parsing.parser import DocumentParseError, ParseResult
from jobs.spec.problems import Problem
from jobs.spec.sweep import SweepError, TableFormat

router = Router(tags=["launch forms"])

NOT_SAVED = ("The form has errors", "Nothing was saved.")
NOT_STARTED = ("The form can't be submitted", "Nothing was submitted.")


@router.get("/forms", response={200: LaunchFormsOut, (401, 422): ProblemDetailsOut})
def list_forms(request: CallerRequest, q: str = "", after: str = "", archived: bool = False) -> LaunchFormsOut:  # noqa: FBT001, FBT002 - a query parameter
    """List the team's launch forms by name. `q` filters by words; `after`: the `next` of the page before."""
    text = q.replace("\0", "")[:100]
    page = reports.form_page(request.auth.member.team, text=text, after=after, archived=archived)
    forms = [serializers.launch_form_out(request, card.form, card.number) for card in page.rows]
    return LaunchFormsOut(forms=forms, next=page.next)


@router.get("/forms/{text_id}", response={200: LaunchFormDetailOut, (401, 404): ProblemDetailsOut})
def form(request: CallerRequest, text_id: str, version: int | None = None) -> LaunchFormDetailOut:
    """Return a form with its fields and document: the newest version, or the one of `version`."""
    row = request.auth.launch_form(text_id)
    version_row = versioned.find_version(row.versions, "" if version is None else str(version))
    if version_row is None:
        raise Http404(f"The form has no version {version}.")
    return serializers.launch_form_detail_out(request, version_row)


@router.post(
    "/forms",
    response={200: LaunchFormDetailOut, 201: LaunchFormDetailOut, (401, 403, 413, 422, 429): ProblemDetailsOut},
    openapi_extra=LAUNCH_FORM,
)
def push_form(request: CallerRequest) -> Status[LaunchFormDetailOut]:
    """Save a form file: a new form, or a new version of the form of that name. The same file again changes nothing.

    201: a version was saved. 200: the newest version is the same; description and labels are those of the file.
    """
    reading = parsing.read_object(request)
    if problems := check_form_file(reading.document):
        raise ApiProblemError(422, *NOT_SAVED, _located(problems, reading))
    content, document = from_file(reading.document)
    content = replace(content, text=serializers.document_text(document))
    try:
        version, is_new = launch_forms.save_form(request.auth.member, content)
    except launch_forms.LaunchFormError as error:
        raise ApiProblemError(422, *NOT_SAVED, _located(error.problems, reading)) from None
    except DocumentParseError as error:
        problem = Problem("/document", error.message, rule="form.document")
        raise ApiProblemError(422, *NOT_SAVED, _located([problem], reading)) from None
    return Status(201 if is_new else 200, serializers.launch_form_detail_out(request, version))


@router.post(
    "/forms/{text_id}/submissions",
    response={202: SubmissionOut, (401, 403, 404, 413, 422, 429, 503): ProblemDetailsOut},
    openapi_extra={**FORM_START, **KEY},
)
def submit_form(request: CallerRequest, text_id: str) -> Status[SubmissionOut]:
    """Submit a form with values. Fields that are left out have the form's own values.

    A list of values makes a job, or the jobs of a workflow, for each of them: in every combination, or with
    `"combine": "zip"` side by side. `"run_as": "array"` makes one array job of them. What the form doesn't ask for
    can't be changed. A problem of a value is at `/values/name`, also if the document can't be submitted with it.
    """
    member = request.auth.member
    row = request.auth.launch_form(text_id)
    key = parsing.idempotency_key(request)
    reading = parsing.read_object(request)
    body = dict(reading.document)
    combine = body.pop("combine", TableFormat.GRID)
    plan = _plan(body.pop("run_as", SINGLE_JOBS.kind), body.pop("index_by", SINGLE_JOBS.source))
    values, number, on_refusal = start.read_start(body)
    sweep = _sweep(
        versioned.find_version(row.versions, "" if number is None else str(number)), values, combine, plan, reading
    )
    idempotency.reject_definition_key(member, key)
    try:
        submission = launch_forms.start_form(
            row,
            member,
            values,
            source=Source.API,
            number=number,
            request_key=key,
            on_refusal=on_refusal,
            sweep=sweep,
        )
    except launch_forms.LaunchFormError as error:
        raise ApiProblemError(422, *NOT_STARTED, _located(error.problems, reading)) from None
    except actions.ValidationFailedError as error:
        version = versioned.find_version(row.versions, "" if number is None else str(number))
        source = version.document if version else {}
        if version and sweep:
            source = form_documents.fill_sweep(version, sweep, launch_forms.start_context(row, member), member).source
        problems = start.problems_of_values(error.verdict.problems, source)
        raise ApiProblemError(422, *NOT_STARTED, _located(problems, reading)) from None
    return Status(202, serializers.submission_out(request, submission, with_notes=True))


def _plan(run_as: object, index_by: object) -> IndexRerunPlan:
    if run_as not in tuple(RerunKind):
        raise ApiProblemError(422, "Invalid field", "run_as must be single or array.")
    if index_by not in tuple(IndexSource):
        raise ApiProblemError(422, "Invalid field", "index_by must be wrapper or variable.")
    return IndexRerunPlan(RerunKind(str(run_as)), IndexSource(str(index_by)))


def _sweep(
    version: LaunchFormVersion | None,
    values: Mapping[str, object],
    combine: object,
    plan: IndexRerunPlan,
    reading: ParseResult,
) -> FormSweep | None:
    """Return the entries of each job if values are lists. Raise ApiProblemError."""
    if combine not in (TableFormat.GRID, TableFormat.ZIP):
        raise ApiProblemError(422, "Invalid field", "combine must be grid or zip.")
    columns = list_columns(version.field_list if version else (), values)
    if not columns:
        return None
    try:
        rows = combine_columns(columns, TableFormat(str(combine)), plan)
    except SweepError as error:
        problem = Problem("/values", str(error), rule=SWEEP_RULE)
        raise ApiProblemError(422, *NOT_STARTED, serializers.problems_out([problem], reading)) from None
    return FormSweep(tuple(columns), tuple({**values, **row} for row in rows), plan)


def _located(problems: Iterable[Problem], reading: ParseResult) -> list[ProblemOut]:
    return serializers.problems_out(problems, reading)
