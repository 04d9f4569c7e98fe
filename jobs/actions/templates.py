"""Workflow templates: saved in versions, and started with values. What is started goes through `submit`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import Http404

from jobs import access
from jobs.access import Member
from jobs.actions import masked_source, versioned
from jobs.actions.submit import TemplateUse, submit
from jobs.actions.validate import ValidationResult, validate
from jobs.models import Submission, TemplateVersion, WorkflowTemplate
from jobs.models.submission import OnRefusal
from jobs.spec.documents import Document, DocumentKind
from jobs.spec.parsing.parser import DocumentParseError, ParseResult, parse
from jobs.spec.problems import Problem, Severity, has_errors
from jobs.spec.redaction import MASK, redact
from jobs.spec.substitution import (
    TooLongError,
    check_template,
    fill,
    mask_value,
    open_names,
    secret_parameters,
    secret_place_problems,
    secret_value_problems,
    without_open_places,
)
from jobs.spec.template_format import TemplateContent
from jobs.spec.template_parameters import Parameter, ParameterValue, read_values, sample_values


class TemplateError(Exception):
    """Nothing was stored or submitted. Problems of values are at `/values/name`."""

    def __init__(self, problems: Sequence[Problem], reading: ParseResult | None = None) -> None:
        self.problems = tuple(problems)
        self.parse_result = reading
        super().__init__("; ".join(problem.message for problem in self.problems))


@dataclass(frozen=True)
class TemplateStart:
    """The workflow that a template makes of values."""

    text: str
    values: Mapping[str, ParameterValue]
    problems: tuple[Problem, ...]


# -- Saving


def create_template(member: Member, content: TemplateContent, *, source_id: str = "") -> TemplateVersion:
    """Raise DocumentParseError or TemplateError. `source_id`: where masked values of the text are."""
    member.require("register")
    reading, parameters = _check(member, content, source_id)
    text_problems = versioned.check_words(
        "template", name=content.name, description=content.description, note=content.note
    )
    if problems := list(text_problems):
        raise TemplateError(problems)
    try:
        with transaction.atomic():
            template = WorkflowTemplate.objects.create(
                team=member.team, name=content.name, description=content.description, owner=member.user
            )
            version = _add_version(template, member, reading, parameters, content.note, number=1)
            _record(template, member, version)
    except IntegrityError:
        message = f"Your team already has a template named {content.name}."
        raise TemplateError([versioned.name_problem("template", message)]) from None
    return version


def create_version(
    template: WorkflowTemplate, member: Member, content: TemplateContent, *, source_id: str = ""
) -> tuple[TemplateVersion, bool]:
    """Return the newest version, and whether it is new: the same content again makes none.

    Raise DocumentParseError or TemplateError. The name of the content is not used.
    """
    member.require("register")
    former = versioned.newest_version(template.versions)
    reading, parameters = _check(member, content, source_id, former.parameter_list if former else ())
    if problems := list(versioned.check_length("template", "note", content.note)):
        raise TemplateError(problems)
    with transaction.atomic():
        template = WorkflowTemplate.objects.select_for_update().get(pk=template.pk)
        if template.archived_at:
            raise TemplateError([_archived_problem(template)])
        newest = versioned.newest_version(template.versions)
        if newest and newest.text == reading.text and newest.parameter_list == parameters:
            return newest, False
        number = versioned.next_number(template.versions)
        if number is None:
            message = f"A template can have {versioned.MAX_VERSIONS:,} versions. Save this one as a new template."
            raise TemplateError([Problem("", message, rule="template.too-many-versions")])
        version = _add_version(template, member, reading, parameters, content.note, number=number)
        _record(version, member, version)
    return version, True


def restore_version(version: TemplateVersion, member: Member) -> tuple[TemplateVersion, bool]:
    """Make an earlier version the newest one again. Raise TemplateError."""
    note = f"Restored version {version.number}."
    content = TemplateContent(version.template.name, version.text, version.parameter_list, note=note)
    return create_version(version.template, member, content)


def read_source(member: Member, text: str, source_id: str) -> ParseResult:
    """Parse a workflow with its masked values put back. Raise DocumentParseError."""
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise DocumentParseError(f"Line {line} contains a NUL character (U+0000). Remove it.", line)
    reading = parse(masked_source.restore_masked(text, member, source_id))
    if reading.kind is not DocumentKind.WORKFLOW:
        raise DocumentParseError(f"A template needs a workflow. This is a {reading.kind}.")
    return reading


def preview_template(reading: ParseResult, parameters: Sequence[Parameter], member: Member) -> ValidationResult:
    """Validate a template as if it were started with its defaults, with what is wrong with the template itself.

    Where a default is missing, what depends on it isn't judged.
    """
    own_problems = template_problems(reading, parameters)
    try:
        sample, _ = fill(reading.document, sample_values(parameters))
    except TooLongError:
        return ValidationResult(reading, None, tuple(own_problems))
    result = validate(replace(reading, document=sample), member)
    own_places = {(problem.rule, problem.pointer) for problem in own_problems}
    further = without_open_places(reading.document, open_names(parameters), result.problems)
    problems = [*own_problems, *(problem for problem in further if (problem.rule, problem.pointer) not in own_places)]
    return replace(result, problems=tuple(problems))


def template_problems(reading: ParseResult, parameters: Sequence[Parameter]) -> list[Problem]:
    return [*reading.problems, *check_template(reading.document, parameters)]


def _check(
    member: Member, content: TemplateContent, source_id: str, former: Sequence[Parameter] = ()
) -> tuple[ParseResult, tuple[Parameter, ...]]:
    reading = read_source(member, content.text, source_id)
    parameters = _restore_defaults(content.parameters, former or _parameters_of(member, source_id))
    problems = [*template_problems(reading, parameters), *_masked_defaults(parameters)]
    if has_errors(problems):
        errors = [problem for problem in problems if problem.severity is Severity.ERROR]
        raise TemplateError(errors, reading)
    return reading, parameters


def _parameters_of(member: Member, source_id: str) -> tuple[Parameter, ...]:
    version = find_version(member, source_id)
    return version.parameter_list if version else ()


def find_version(member: Member, text_id: str) -> TemplateVersion | None:
    """Return the version with that id, if it is of the team."""
    try:
        version, owner = access.template_version(member.user, text_id)
    except (Http404, PermissionDenied):
        return None
    return version if owner.team.pk == member.team.pk else None


def _restore_defaults(parameters: Sequence[Parameter], former: Sequence[Parameter]) -> tuple[Parameter, ...]:
    """Put back defaults that the page had masked."""
    defaults = {parameter.name: parameter.default for parameter in former}
    return tuple(
        replace(parameter, default=defaults.get(parameter.name, parameter.default))
        if parameter.default and MASK in parameter.default
        else parameter
        for parameter in parameters
    )


def _masked_defaults(parameters: Sequence[Parameter]) -> list[Problem]:
    message = f"The default is masked ({MASK}), and the portal doesn't know the original. Enter it again."
    return [
        Problem(f"/parameters/{number}/default", message, rule="template.parameter")
        for number, parameter in enumerate(parameters)
        if parameter.default and MASK in parameter.default
    ]


def _archived_problem(template: WorkflowTemplate) -> Problem:
    return Problem("", f"The template {template.name} is archived. Restore it first.", rule="template.archived")


def _add_version(
    template: WorkflowTemplate,
    member: Member,
    reading: ParseResult,
    parameters: Sequence[Parameter],
    note: str,
    *,
    number: int,
) -> TemplateVersion:
    return TemplateVersion.objects.create(
        template=template,
        number=number,
        text=reading.text,
        document=reading.document,
        parameters=[parameter.as_json() for parameter in parameters],
        note=note,
        created_by=member.user,
    )


def _record(target: WorkflowTemplate | TemplateVersion, member: Member, version: TemplateVersion) -> None:
    parameters = [parameter.name for parameter in version.parameter_list]
    versioned.record_version(target, member, version, "template", parameters=parameters)


# -- Starting


def fill_version(version: TemplateVersion, entries: Mapping[str, object]) -> TemplateStart:
    """Return the workflow with these values; no text if a value is wrong."""
    values, problems = read_values(version.parameter_list, entries)
    if problems:
        return TemplateStart("", values, tuple(problems))
    try:
        document, parameters = template_document(version), version.parameter_list
        workflow, reference_problems = fill(document, values)
        secret_problems = secret_place_problems(document, parameters, values)
        secret_problems = secret_problems or secret_value_problems(document, parameters, values)
    except TooLongError as error:
        return TemplateStart("", values, (Problem("", str(error), rule="template.too-long"),))
    text = json.dumps(workflow, indent=2, ensure_ascii=False)
    return TemplateStart(text, values, (*reference_problems, *secret_problems))


def template_document(version: TemplateVersion) -> Document:
    """Return the document in the order of its text, which PostgreSQL does not keep."""
    return parse(version.text).document


def start_template(
    template: WorkflowTemplate,
    member: Member,
    entries: Mapping[str, object],
    *,
    source: str,
    number: int | None = None,
    request_key: str | None = None,
    on_refusal: str = OnRefusal.STOP,
) -> Submission:
    """Submit the workflow of a version, the newest by default. The same key returns the same submission.

    Raise TemplateError for values, and what `submit` raises.
    """
    member.require("submit")
    version = _version_to_start(template, number, request_key)
    if version is None:
        message = f"The template {template.name} has no version {number}."
        raise TemplateError([Problem("/version", message, rule="template.version")])
    start = fill_version(version, entries)
    if start.problems:
        raise TemplateError(start.problems)
    use = TemplateUse(version, shown_values(version, start.values))
    return submit(start.text, member, source=source, request_key=request_key, on_refusal=on_refusal, origin=use)


def shown_values(version: TemplateVersion, values: Mapping[str, ParameterValue]) -> dict[str, str]:
    """Return the values with secrets masked."""
    secrets = secret_parameters(version.document, version.parameter_list)
    return {name: mask_value(name, value.text, secrets) for name, value in values.items()}


def shown_workflow(version: TemplateVersion, start: TemplateStart) -> Document:
    """Return the workflow of a start without problems, with secrets masked wherever their parameters stand."""
    texts = shown_values(version, start.values)
    masked_values = {name: ParameterValue(text) for name, text in texts.items() if text != start.values[name].text}
    document = json.loads(start.text)
    if masked_values:
        document, _ = fill(template_document(version), {**start.values, **masked_values})
    workflow: Document = redact(document)
    return workflow


def _version_to_start(
    template: WorkflowTemplate, number: int | None, request_key: str | None
) -> TemplateVersion | None:
    """Return the version that the key was used with: a repeated request means the same one."""
    if request_key:
        earlier = Submission.objects.filter(
            team=template.team_id, request_key=request_key, template_version__template=template
        ).select_related("template_version")
        if (submission := earlier.first()) and submission.template_version and number is None:
            submission.template_version.template = template
            return submission.template_version
    if template.archived_at:
        raise TemplateError([_archived_problem(template)])
    return versioned.numbered_version(template.versions, number)


def last_values(version: TemplateVersion, member: Member) -> dict[str, Any]:
    """Return the values that the person started the template with last, without masked ones."""
    submissions = Submission.objects.filter(
        template_version__template=version.template_id, person=member.user, team=member.team
    )
    values: dict[str, str] = submissions.order_by("-pk").values_list("template_values", flat=True).first() or {}
    return {name: text for name, text in values.items() if MASK not in text}
