"""The form of a definition."""

from collections.abc import Collection
from http import HTTPStatus

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from jobs import access, actions
from jobs.access import Member
from jobs.actions import drafts
from jobs.models import Account, Definition
from jobs.reports import options
from jobs.reports.catalog import unused_name
from jobs.reports.options import Choice
from jobs.reports.revisions import newest_revision
from jobs.spec.documents import Document, DocumentKind
from jobs.spec.forms import schema_fields
from jobs.spec.forms.applicability import inapplicable_fields
from jobs.spec.forms.client_config import client_fields
from jobs.spec.parsing.parser import DocumentParseError
from jobs.spec.patch import copy_json
from jobs.spec.redaction import redact
from jobs.web import schemas
from jobs.web.builder import drafts as builder_drafts
from jobs.web.builder import feedback, json_views, preflight
from jobs.web.builder.bound_fields import SIZES_FIELD, bound_fields, fargate_size_choices, sizes_key
from jobs.web.builder.feedback import Feedback
from jobs.web.builder.form_state import PANES, BuilderForm
from jobs.web.shell.auth import SignedInRequest, login_required

TEMPLATE = "jobs/builder/definition.html"
BLANK_DEFINITION: Document = {
    "jobDefinitionName": "",
    "type": "container",
    "containerProperties": {
        "image": "",
        "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "2048"}],
    },
}
_SIZE = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "2048"}]
_POD_SIZE = {"cpu": "1", "memory": "2048Mi"}
DEFINITION_TYPES: dict[str, tuple[str, Document]] = {
    "container": ("Single container", {}),
    "ecs": (
        "Multiple containers",
        {
            "type": "container",
            "ecsProperties": {
                "taskProperties": [{"containers": [{"name": "main", "image": "", "resourceRequirements": _SIZE}]}]
            },
        },
    ),
    "eks": (
        "Kubernetes pod",
        {
            "type": "container",
            "eksProperties": {
                "podProperties": {
                    "containers": [{"image": "", "resources": {"limits": _POD_SIZE, "requests": _POD_SIZE}}]
                }
            },
        },
    ),
    "nodes": (
        "Multi-node",
        {
            "type": "multinode",
            "nodeProperties": {
                "numNodes": 2,
                "mainNode": 0,
                "nodeRangeProperties": [
                    {"targetNodes": "0:", "container": {"image": "", "resourceRequirements": _SIZE}}
                ],
            },
        },
    ),
}
"""Definition types by the word in the URL: title, and initial document."""

PUBLIC_IP_CHOICES = [Choice("ENABLED", "Assigned"), Choice("DISABLED", "None")]
PLATFORM_CHOICES = [Choice("FARGATE", "Fargate", "serverless, fixed sizes")]


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def definition_form(request: SignedInRequest, slug: str) -> HttpResponse:
    member = access.membership(request.user, slug, permission="register")
    if request.method != "POST":
        return builder_drafts.redirect_if_sent(request, member) or _initial_page(request, member)
    form = BuilderForm.from_post(DocumentKind.DEFINITION, request.POST, BLANK_DEFINITION)
    account = _posted_account(request, member)
    match request.POST.get("do"):
        case "keep":
            return builder_drafts.save_response(request, member, builder_drafts.save_form(request, member, form))
        case "check":
            return definition_page(request, member, form, feedback.build(form, member, account))
        case str(action) if action.startswith(feedback.FIX_PREFIX):
            form, form_feedback = feedback.apply_fix(
                request, member, form, action.removeprefix(feedback.FIX_PREFIX), account
            )
            return definition_page(request, member, form, form_feedback)
    if form.parse_error or form.form_problems:
        form_feedback = feedback.build(form, member, account, require_all=True)
        return definition_page(request, member, form, form_feedback, is_rejected=True)
    try:
        response = json_views.register_and_redirect(request, form.source(member), member, account)
    except DocumentParseError as error:
        form_feedback = feedback.from_parse_error(error)
    except actions.ValidationFailedError as error:
        form_feedback = feedback.from_form(form, error.verdict, require_all=True)
    else:
        return builder_drafts.mark_form_sent(request, member, form, response)
    return definition_page(request, member, form, form_feedback, is_rejected=True)


@require_POST
@login_required
def definition_preview(request: SignedInRequest, slug: str) -> HttpResponse:
    member = access.membership(request.user, slug, permission="register")
    form = BuilderForm.from_post(DocumentKind.DEFINITION, request.POST, BLANK_DEFINITION)
    form_feedback = feedback.build(form, member, _posted_account(request, member))
    fields = bound_fields(form, form_feedback, choices=_size_choices(form), inapplicable=_inapplicable(form))
    context = {
        "team": member.team,
        "member": member,
        "form": form,
        "feedback": form_feedback,
        "preflight": preflight.run_checks(form_feedback, member),
        "bound_fields": fields,
        "sizes_key": sizes_key(fields),
        "are_sizes_new": request.POST.get(SIZES_FIELD, "") != sizes_key(fields),
        "are_rules_new": request.POST.get("rules_of", "") != form.retry_rules_key,
        "is_oob": True,
    }
    return render(request, f"{TEMPLATE}#preview", context)


def definition_page(
    request: SignedInRequest,
    member: Member,
    form: BuilderForm,
    form_feedback: Feedback,
    *,
    earlier: Definition | None = None,
    is_rejected: bool = False,
) -> HttpResponse:
    form = form.with_fields_in_text()
    accounts = options.usable_accounts(member.team)
    fields = bound_fields(
        form,
        form_feedback,
        choices={"platform": PLATFORM_CHOICES, **_size_choices(form)},
        suggestions=options.granted_values(member.team),
        inapplicable=_inapplicable(form),
    )
    context = {
        "member": member,
        "team": member.team,
        "form": form,
        "feedback": form_feedback,
        "preflight": preflight.run_checks(form_feedback, member),
        "fields": client_fields(form.form_fields),
        "schema": schemas.schema_url(form.kind),
        "panes": PANES,
        "wait_ms": feedback.PREVIEW_DELAY_MS,
        "bound_fields": fields,
        "sizes_key": sizes_key(fields),
        "recent_values": options.recent_values(member.team),
        "accounts": accounts if len(accounts) > 1 else [],
        "account": request.POST.get("account", ""),
        "definition": earlier,
        "definition_type": _definition_type(form),
        "definition_types": [(key, title) for key, (title, _) in DEFINITION_TYPES.items()],
        "draft_id": builder_drafts.draft_id(request),
        "save_result": builder_drafts.save_form(request, member, form) if request.method == "POST" else None,
        "draft_version": builder_drafts.draft_version(request, member),
        "drafts": drafts.recent_drafts(member) if request.method != "POST" and not request.GET.get("draft") else [],
        "is_rejected": is_rejected,
        "current_page": "write",
        "tab": "definition",
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_rejected else HTTPStatus.OK
    return render(request, TEMPLATE, context, status=status)


def _initial_page(request: SignedInRequest, member: Member) -> HttpResponse:
    saved_draft = builder_drafts.load_draft(request, member)
    if saved_draft:
        form = builder_drafts.to_form(DocumentKind.DEFINITION, saved_draft, BLANK_DEFINITION)
        return definition_page(request, member, form, feedback.empty(form))
    revise, clone = request.GET.get("revise", ""), request.GET.get("clone", "")
    if not revise and not clone:
        _, base = DEFINITION_TYPES.get(request.GET.get("of", ""), ("", {}))
        form = BuilderForm.from_document(
            DocumentKind.DEFINITION, copy_json({"jobDefinitionName": "", **base}) if base else BLANK_DEFINITION
        )
        return definition_page(request, member, form, feedback.empty(form))
    earlier, _ = access.definition(request.user, revise or clone)
    newest = newest_revision(earlier)
    document: Document = (
        redact(newest.document) if newest else {**BLANK_DEFINITION, "jobDefinitionName": earlier.name}
    )
    # Another team's name can't be registered, so a shared definition is copied.
    if clone or earlier.team_id != member.team.pk:
        document["jobDefinitionName"] = unused_name(earlier)
    form = BuilderForm.from_document(DocumentKind.DEFINITION, document, source_id=earlier.text_id)
    return definition_page(request, member, form, feedback.empty(form), earlier=None if clone else earlier)


def _definition_type(form: BuilderForm) -> str:
    block = schema_fields.property_block(form.document)
    return next((key for key, (_, template) in DEFINITION_TYPES.items() if block and block in template), "container")


def _posted_account(request: SignedInRequest, member: Member) -> Account | None:
    account_id = request.POST.get("account", "")
    return (
        next((account for account in options.usable_accounts(member.team) if str(account.pk) == account_id), None)
        if account_id
        else None
    )


def _is_fargate(form: BuilderForm) -> bool:
    return form.values["platform"] == "FARGATE"


def _size_choices(form: BuilderForm) -> dict[str, list[Choice]]:
    choices = {"public_ip": PUBLIC_IP_CHOICES}
    return choices | fargate_size_choices(str(form.values["vcpus"])) if _is_fargate(form) else choices


def _inapplicable(form: BuilderForm) -> Collection[str]:
    return inapplicable_fields(form.kind, is_fargate=_is_fargate(form), is_fair_share=False)
