"""Starting a workflow template: a short form, with what it makes and whether it may be submitted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from jobs import access, actions
from jobs.access import Member
from jobs.actions import IdempotencyConflictError, templates, versioned
from jobs.models import Source, TemplateVersion
from jobs.models.ids import new_id, to_text
from jobs.models.submission import OnRefusal
from jobs.reports import templates as reports
from jobs.spec.parsing.parser import DocumentParseError
from jobs.spec.redaction import MASK
from jobs.spec.template_parameters import MAX_VALUE_LENGTH, NO, YES, Parameter, ParameterType
from jobs.web.builder.feedback import ProblemView
from jobs.web.builder.form_state import MAX_KEY_LENGTH, to_json
from jobs.web.builder.json_views import redirect_to_submission
from jobs.web.builder.value_feedback import (
    PREFIX,
    MadeDocument,
    one_of_each_rule,
    values_feedback,
    values_preflight,
    without_empty,
)
from jobs.web.shell.auth import SignedInRequest, login_required
from jobs.web.shell.text_input import drop_nul

ALREADY_SENT = "This page already started the template with other values. Submit again to use these."


@dataclass(frozen=True)
class ValueField:
    """A parameter and its value on the page."""

    parameter: Parameter
    text: str
    source: str = ""
    problems: tuple[ProblemView, ...] = ()

    @property
    def name(self) -> str:
        return f"{PREFIX}{self.parameter.name}"

    @property
    def is_invalid(self) -> bool:
        return any(problem.is_error for problem in self.problems)

    @property
    def choices(self) -> Sequence[tuple[str, str]]:
        """Return values with their labels: those of a choice and of yes or no."""
        if self.parameter.type is ParameterType.YES_NO:
            return ((YES, "Yes"), (NO, "No"))
        return [(choice, choice) for choice in self.parameter.choices]


@dataclass(frozen=True)
class StartInput:
    values: Mapping[str, str]
    request_key: str
    on_refusal: str = OnRefusal.STOP
    sources: Mapping[str, str] | None = None
    """Where a value that the page begins with is from."""


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def start_template(request: SignedInRequest, text_id: str) -> HttpResponse:
    template, member = access.template(request.user, text_id, "submit")
    version = versioned.newest_version(template.versions)
    if version is None or template.archived_at:
        messages.error(request, f"{template.name} is archived. A team lead can restore it.")
        return redirect(template)
    if request.method != "POST":
        return _page(request, member, version, _first_input(request, member, version), is_new=True)
    start = _posted_input(request, version)
    if request.POST.get("do") != "submit":
        return _page(request, member, version, start)
    if request.POST.get("version", "") != str(version.number):
        messages.warning(request, f"{template.name} has a new version. Check the values, then submit again.")
        return _page(request, member, version, start, is_rejected=True)
    return _submit(request, member, version, start)


def _submit(request: SignedInRequest, member: Member, version: TemplateVersion, start: StartInput) -> HttpResponse:
    try:
        submission = templates.start_template(
            version.template,
            member,
            _entries(version, start.values),
            source=Source.FORM,
            number=version.number,
            request_key=start.request_key,
            on_refusal=start.on_refusal,
        )
    except (templates.TemplateError, DocumentParseError, actions.ValidationFailedError):
        return _page(request, member, version, start, is_rejected=True)
    except IdempotencyConflictError:
        messages.warning(request, ALREADY_SENT)
        start = replace(start, request_key=to_text(new_id()))
    except actions.RecoveryError as error:
        messages.warning(request, str(error))
    else:
        return redirect_to_submission(request, submission)
    return _page(request, member, version, start, is_rejected=True)


def _first_input(request: SignedInRequest, member: Member, version: TemplateVersion) -> StartInput:
    """Begin with the values of the link, then those of the person's last start, then the defaults."""
    last = templates.last_values(version, member)
    values: dict[str, str] = {}
    sources: dict[str, str] = {}
    for parameter in reports.shown_parameters(version):
        name = parameter.name
        if name in request.GET:
            values[name], sources[name] = drop_nul(request.GET[name])[: MAX_VALUE_LENGTH + 1], "link"
        elif name in last and _is_choice(parameter, last[name]):
            values[name], sources[name] = last[name], "last" if last[name] != parameter.default else ""
        else:
            values[name] = parameter.default or ""
    return StartInput(values, to_text(new_id()), sources=sources)


def _is_choice(parameter: Parameter, text: str) -> bool:
    return parameter.type is not ParameterType.CHOICE or text in parameter.choices


def _posted_input(request: SignedInRequest, version: TemplateVersion) -> StartInput:
    return StartInput(
        {
            parameter.name: request.POST.get(f"{PREFIX}{parameter.name}", "")[: MAX_VALUE_LENGTH + 1]
            for parameter in version.parameter_list
        },
        request.POST.get("request_key", "")[:MAX_KEY_LENGTH] or to_text(new_id()),
        OnRefusal.parse(request.POST.get("on_refusal", "")),
    )


def _entries(version: TemplateVersion, values: Mapping[str, str]) -> dict[str, object]:
    """Return the values; a masked default that is unchanged is the default."""
    return {
        parameter.name: values[parameter.name]
        for parameter in version.parameter_list
        if not (parameter.default and MASK in values[parameter.name])
    }


def _page(
    request: SignedInRequest,
    member: Member,
    version: TemplateVersion,
    start: StartInput,
    *,
    is_new: bool = False,
    is_rejected: bool = False,
) -> HttpResponse:
    workflow = templates.fill_version(version, _entries(version, start.values))
    titles = {parameter.name: parameter.title for parameter in version.parameter_list}
    made_document = MadeDocument(version.document, workflow.text, workflow.problems, titles)
    start_feedback = values_feedback(made_document, member, version.template.name)
    text = "" if workflow.problems else to_json(templates.shown_workflow(version, workflow))
    if is_new:  # what is still to be entered is no mistake yet
        start_feedback = without_empty(start_feedback, start.values)
    sources = start.sources or {}
    problems = start_feedback.problems_by_field
    context: dict[str, Any] = {
        "member": member,
        "team": member.team,
        "template": version.template,
        "version": version,
        "start": start,
        "fields": [
            ValueField(
                parameter,
                start.values[parameter.name],
                sources.get(parameter.name, ""),
                one_of_each_rule(problems.get(f"{PREFIX}{parameter.name}", ())),
            )
            for parameter in reports.shown_parameters(version)
        ],
        "feedback": start_feedback,
        "preflight": values_preflight(start_feedback, member),
        "text": text,
        "json_input": start,
        "is_rejected": is_rejected,
        "current_page": "definitions",
    }
    is_refused = is_rejected and not request.htmx
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_refused else HTTPStatus.OK
    return render(request, "jobs/templates/start.html", context, status=status)
