"""The form of a workflow: its steps beside its JSON, each step in the sections of the job form."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from jobs import access, actions
from jobs.access import Member
from jobs.actions import drafts, masked_source, templates
from jobs.models import Source, Submission, TemplateVersion
from jobs.models.ids import new_id, to_text
from jobs.models.submission import OnRefusal
from jobs.reports import options
from jobs.reports.starting_points import starting_points
from jobs.spec.documents import Document, DocumentKind
from jobs.spec.masked_source import mask_source
from jobs.spec.parsing.parser import DocumentParseError, parse
from jobs.spec.redaction import redact
from jobs.spec.substitution import merge_parameters, parameter_names
from jobs.spec.template_format import TemplateContent
from jobs.web import schemas
from jobs.web.builder import drafts as builder_drafts
from jobs.web.builder import feedback, preflight, workflow_steps
from jobs.web.builder.feedback import Feedback
from jobs.web.builder.form_state import (
    MAX_EXTRA_POINTERS,
    MAX_KEY_LENGTH,
    TAG_KEY_FIELD,
    BuilderForm,
    is_verbatim,
    to_json,
)
from jobs.web.builder.job_sections import BLANK_JOB, page_context, preview_context
from jobs.web.builder.json_views import redirect_to_submission
from jobs.web.shell.auth import SignedInRequest, login_required
from jobs.web.shell.text_input import normalize_newlines
from jobs.web.templates.save import SaveForm, save_page

TEMPLATE = "jobs/builder/workflow.html"
BLANK_WORKFLOW: Document = {"jobs": []}
ALREADY_SENT = "This page already submitted a different workflow, so nothing was sent. Submit again to send this one."
MAX_STEP_DIGITS = 6
SAVE_TEMPLATE = "Save as template…"
SAVE_VERSION = "Save new version…"

Sections = Callable[[SignedInRequest, Member, BuilderForm, Feedback], dict[str, Any]]


@dataclass(frozen=True)
class WorkflowForm:
    """The text of a workflow, and which step is shown."""

    source_text: str
    base_text: str
    request_key: str
    source_id: str = ""
    step: int | None = None
    tag_keys: tuple[str, ...] = ()
    extra_pointers: tuple[str, ...] = ()
    on_refusal: str = OnRefusal.STOP

    @classmethod
    def from_text(cls, text: str, source_id: str = "") -> "WorkflowForm":
        return cls(text, text, to_text(new_id()), source_id)

    @classmethod
    def from_post(cls, post: QueryDict) -> "WorkflowForm":
        text = normalize_newlines(post.get("document", ""))
        step = post.get("step", "")
        return cls(
            text,
            normalize_newlines(post.get("base", "")) or text,
            post.get("request_key", "")[:MAX_KEY_LENGTH] or to_text(new_id()),
            post.get("again", "")[:MAX_KEY_LENGTH],
            int(step) if step.isdecimal() and len(step) <= MAX_STEP_DIGITS else None,
            tuple(dict.fromkeys(post.getlist(TAG_KEY_FIELD)))[:MAX_EXTRA_POINTERS],
            tuple(post.getlist("shown")[:MAX_EXTRA_POINTERS]),
            OnRefusal.parse(post.get("on_refusal", "")),
        )

    def text_for(self, member: Member) -> str:
        """Return the text with its masked values. Raise DocumentParseError."""
        if "\0" in self.source_text:
            line = self.source_text[: self.source_text.index("\0")].count("\n") + 1
            raise DocumentParseError(f"Line {line} contains a NUL character (U+0000). Remove it.", line)
        return masked_source.restore_masked(self.source_text, member, self.source_id)

    def template_version(self, member: Member) -> TemplateVersion | None:
        """Return the version of a template that the page was opened on."""
        return templates.find_version(member, self.source_id) if self.source_id else None

    def validate(self, member: Member) -> Feedback:
        version = self.template_version(member)
        try:
            reading = parse(self.text_for(member))
            parameters = merge_parameters(reading.document, version.parameter_list if version else ())
            is_template = reading.kind is DocumentKind.WORKFLOW and bool(version or parameters)
            if is_template:
                result = templates.preview_template(reading, parameters, member)
            else:
                result = actions.validate(reading, member)
        except DocumentParseError as error:
            return feedback.from_parse_error(error)
        if result.parse_result.kind is DocumentKind.WORKFLOW and not result.resolved_jobs and not _jobs_of(result):
            return feedback.EMPTY
        workflow_feedback = feedback.from_result(result)
        if is_template and result.is_valid:
            label = SAVE_VERSION if version else SAVE_TEMPLATE
            return replace(workflow_feedback, button_label=label, saves_template=True)
        return workflow_feedback

    def step_form(self, workflow_feedback: Feedback) -> tuple[BuilderForm, Feedback]:
        """Return the form of the step that is shown, with its feedback: a blank one if there is none."""
        result = workflow_feedback.result
        document = None
        if result and self.step is not None and result.parse_result.kind is DocumentKind.WORKFLOW:
            document = workflow_steps.step_document(result.parse_result.document, self.step)
        form = BuilderForm.from_document(DocumentKind.SUBMISSION, redact(document or BLANK_JOB))
        form = replace(form, extra_pointers=self.extra_pointers, elsewhere=("/dependsOn",))
        form = form.with_tag_keys(self.tag_keys)
        if result is None or document is None or self.step is None:
            return form, feedback.empty(form)
        return form, feedback.from_form(form, workflow_steps.step_result(result, self.step, document))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def workflow_form(request: SignedInRequest, slug: str) -> HttpResponse:
    member = access.membership(request.user, slug, permission="submit")
    if request.method != "POST":
        if reopened := builder_drafts.redirect_if_sent(request, member):
            return reopened
        return workflow_page(request, member, _first_form(request, member))
    form = WorkflowForm.from_post(request.POST)
    match request.POST.get("do"):
        case "keep":
            return builder_drafts.save_response(request, member, _save_draft(request, member, form))
        case "check":
            return workflow_page(request, member, form)
        case "template":
            return _save_template(request, member, form)
    return _submit(request, member, form)


def _first_form(request: SignedInRequest, member: Member) -> WorkflowForm:
    if saved_draft := builder_drafts.load_draft(request, member):
        return WorkflowForm.from_text(saved_draft.text, saved_draft.again)
    if text_id := request.GET.get("template", ""):
        version = templates.find_version(member, text_id)
        if version is None:
            raise Http404("There is no such template in this team.")
        return WorkflowForm.from_text(mask_source(version.text, version.document), version.text_id)
    if text_id := request.GET.get("again", ""):
        submission = _submission_of_team(request, member, text_id)
        if submission is None:
            raise Http404("There is no such submission in this team.")
        form = WorkflowForm.from_text(_masked_text(submission), submission.text_id)
        return replace(form, on_refusal=submission.on_refusal)
    return WorkflowForm.from_text(to_json(BLANK_WORKFLOW))


def _save_template(request: SignedInRequest, member: Member, form: WorkflowForm) -> HttpResponse:
    """Show the page that asks for name and parameters, with this text."""
    member.require("register")
    version = form.template_version(member)
    draft_id = request.POST.get("draft", "")
    if version is None:
        content = TemplateContent("", form.source_text)
        return save_page(request, member, SaveForm(content, form.source_id, draft_id=draft_id))
    save_form = SaveForm.from_version(version)
    content = replace(save_form.content, text=form.source_text)
    return save_page(request, member, replace(save_form, content=content, draft_id=draft_id))


@require_POST
@login_required
def workflow_preview(request: SignedInRequest, slug: str) -> HttpResponse:
    member = access.membership(request.user, slug, permission="submit")
    form = WorkflowForm.from_post(request.POST)
    context = builder_context(request, member, form, form.validate(member), preview_context)
    return render(request, f"{TEMPLATE}#preview", context)


@require_safe
@login_required
def workflow_source(request: SignedInRequest, slug: str) -> HttpResponse:
    """Return the document of an earlier submission, whose jobs become steps."""
    member = access.membership(request.user, slug, permission="submit")
    submission = _submission_of_team(request, member, request.GET.get("submission", ""))
    if submission is None:
        raise Http404("There is no such submission in this team.")
    return JsonResponse({"text": _masked_text(submission)})


def _submission_of_team(request: SignedInRequest, member: Member, text_id: str) -> Submission | None:
    try:
        submission, owner = access.submission(request.user, text_id)
    except Http404:
        return None
    return submission if owner.team.pk == member.team.pk else None


def _masked_text(submission: Submission) -> str:
    """Return its document as the form shows it, with secret values masked."""
    try:
        reading = parse(mask_source(submission.text, submission.document))
    except DocumentParseError:
        return to_json(redact(submission.document or {}))
    return reading.text if is_verbatim(reading) else to_json(reading.document)


def workflow_page(
    request: SignedInRequest,
    member: Member,
    form: WorkflowForm,
    workflow_feedback: Feedback | None = None,
    *,
    is_rejected: bool = False,
) -> HttpResponse:
    context = builder_context(request, member, form, workflow_feedback or form.validate(member), page_context)
    context |= {
        "schema": schemas.schema_url(DocumentKind.WORKFLOW),
        "default_queue": options.queue_choices(member.team)[1],
        "rerun_of": _submission_of_team(request, member, form.source_id) if form.source_id else None,
        "submissions": starting_points(member.team, request.user).submissions,
        "draft_id": builder_drafts.draft_id(request),
        "save_result": _save_draft(request, member, form) if request.method == "POST" else None,
        "draft_version": builder_drafts.draft_version(request, member),
        "drafts": drafts.recent_drafts(member) if request.method != "POST" and not request.GET.get("draft") else [],
        "is_rejected": is_rejected,
        "current_page": "write",
        "tab": "workflow",
        "template_version": form.template_version(member),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_rejected else HTTPStatus.OK
    return render(request, TEMPLATE, context, status=status)


def builder_context(
    request: SignedInRequest, member: Member, form: WorkflowForm, workflow_feedback: Feedback, sections: Sections
) -> dict[str, Any]:
    """Return what the page needs; the sections of the step keep their own feedback."""
    step_form, step_feedback = form.step_form(workflow_feedback)
    return sections(request, member, step_form, step_feedback) | {
        "workflow_form": form,
        "is_step": True,
        "step_feedback": step_feedback,
        "feedback": workflow_feedback,
        "preflight": preflight.run_checks(workflow_feedback, member),
        "steps_as_json": workflow_steps.steps_as_json(workflow_feedback.result),
    }


def _jobs_of(result: actions.ValidationResult) -> object:
    return result.parse_result.document.get("jobs")


def _save_draft(request: SignedInRequest, member: Member, form: WorkflowForm) -> drafts.DraftSaveResult | None:
    return builder_drafts.save_text(request, member, form.source_text, form.request_key, form.source_id)


def _submit(request: SignedInRequest, member: Member, form: WorkflowForm) -> HttpResponse:
    source = Source.RERUN if form.source_id else Source.FORM
    try:
        reading = parse(form.text_for(member))
        if reading.kind is not DocumentKind.WORKFLOW:
            raise DocumentParseError(f"This is a {reading.kind}, but the form is for a workflow.")
        if parameter_names(reading.document) or form.template_version(member):
            return _save_template(request, member, form)
        submission = actions.submit(
            reading, member, source=source, request_key=form.request_key, on_refusal=form.on_refusal
        )
    except DocumentParseError as error:
        workflow_feedback = feedback.from_parse_error(error)
    except actions.ValidationFailedError as error:
        workflow_feedback = feedback.from_result(error.verdict)
    except actions.IdempotencyConflictError:
        # Someone went back to a page that had submitted and changed its text: this is a new request.
        form = replace(form, request_key=to_text(new_id()))
        messages.warning(request, ALREADY_SENT)
        workflow_feedback = form.validate(member)
    except actions.RecoveryError as error:
        messages.warning(request, str(error))
        workflow_feedback = form.validate(member)
    else:
        response = redirect_to_submission(request, submission)
        return builder_drafts.mark_text_sent(request, member, form.source_text, form.source_id, response)
    return workflow_page(request, member, form, workflow_feedback, is_rejected=True)
