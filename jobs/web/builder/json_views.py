"""The JSON page."""

import json
from dataclasses import dataclass, replace
from http import HTTPStatus

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from jobs import access, actions
from jobs.access import Member
from jobs.actions import drafts
from jobs.actions import masked_source as action_masked_source
from jobs.actions.drafts import DraftSaveResult
from jobs.models import Account, Registration, Revision, Source, Submission
from jobs.models.ids import new_id, to_text
from jobs.models.submission import OnRefusal
from jobs.reports.revisions import newest_revision
from jobs.reports.submissions import landing_target
from jobs.spec.documents import DocumentKind
from jobs.spec.masked_source import mask_source
from jobs.spec.parsing.parser import MAX_TEXT_BYTES, DocumentParseError, ParseResult, parse
from jobs.spec.redaction import redact
from jobs.web import schemas
from jobs.web.builder import drafts as builder_drafts
from jobs.web.builder import examples, feedback, preflight
from jobs.web.builder.feedback import Feedback
from jobs.web.builder.form_state import PANES, to_json
from jobs.web.shell.auth import SignedInRequest, login_required
from jobs.web.shell.text_input import normalize_newlines

MAX_KEY_LENGTH = 64


@dataclass(frozen=True)
class JsonInput:
    """An uploaded file takes precedence over the editor's text."""

    text: str
    request_key: str
    file: "UploadedFile[bytes] | None" = None
    source_id: str = ""
    """The submission or job that this one repeats, if any."""
    on_refusal: str = OnRefusal.STOP

    @classmethod
    def from_request(cls, request: SignedInRequest) -> "JsonInput":
        file = request.FILES.get("file")
        return cls(
            text=request.POST.get("text", ""),
            request_key=request.POST.get("request_key", "")[:MAX_KEY_LENGTH] or to_text(new_id()),
            file=file if isinstance(file, UploadedFile) and file.size else None,
            source_id=request.POST.get("again", "")[:MAX_KEY_LENGTH],
            on_refusal=OnRefusal.parse(request.POST.get("on_refusal", "")),
        ).with_file_text()

    def with_file_text(self) -> "JsonInput":
        if self.file is None or (self.file.size or 0) > MAX_TEXT_BYTES:
            return self
        try:
            return replace(self, text=self.file.read().decode(), file=None)
        except UnicodeDecodeError:
            self.file.seek(0)
            return self

    def unmasked(self, member: Member) -> str | bytes:
        """Raise DocumentParseError."""
        source = self.source()
        return (
            action_masked_source.restore_masked(source, member, self.source_id) if isinstance(source, str) else source
        )

    def source(self) -> str | bytes:
        """Raise DocumentParseError."""
        if self.file is None:
            if "\0" in self.text:
                line = self.text[: self.text.index("\0")].count("\n") + 1
                raise DocumentParseError(f"Line {line} contains a NUL character (U+0000). Remove it.", line)
            return normalize_newlines(self.text)
        if (self.file.size or 0) > MAX_TEXT_BYTES:
            size = f"{(self.file.size or 0) / 1024 / 1024:.1f} MiB"
            raise DocumentParseError(
                f"The file {self.file.name} is too large ({size}). The limit is {MAX_TEXT_BYTES // 1024**2} MiB."
            )
        return bytes(self.file.read())


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def json_editor(request: SignedInRequest, slug: str) -> HttpResponse:
    member = access.membership(request.user, slug, permission="submit")
    if request.method != "POST":
        if reopened := builder_drafts.redirect_if_sent(request, member):
            return reopened
        if saved_draft := builder_drafts.load_draft(request, member):
            return editor_with_text(request, member, saved_draft.text, saved_draft.again)
        text = _initial_text(request, member)
        json_input = JsonInput(
            text, to_text(new_id()), source_id=request.GET.get("from", "") or request.GET.get("revise", "")
        )
        return editor_page(request, member, json_input, _validate(json_input, member) if text else feedback.EMPTY)

    json_input = JsonInput.from_request(request)
    if request.POST.get("do") == "keep":
        text = normalize_newlines(json_input.text)
        return builder_drafts.save_response(
            request,
            member,
            builder_drafts.save_text(request, member, text, json_input.request_key, json_input.source_id),
        )
    try:
        if request.POST.get("document", "").isdecimal():
            return _open_candidate(request, member, json_input, int(request.POST["document"][:6]))
        text = normalize_newlines(json_input.text)
        return builder_drafts.mark_text_sent(
            request, member, text, json_input.source_id, _submit_or_register(request, member, json_input)
        )
    except DocumentParseError as error:
        text_feedback = feedback.from_parse_error(error)
    except actions.ValidationFailedError as error:
        text_feedback = feedback.from_result(error.verdict)
    except actions.IdempotencyConflictError:
        # Someone went back to a page that had submitted and changed its text: this is a new request.
        json_input = replace(json_input, request_key=to_text(new_id()), file=None)
        text_feedback = feedback.with_reused_key_warning(_validate(json_input, member))
    except actions.RecoveryError as error:
        messages.warning(request, str(error))
        text_feedback = _validate(json_input, member)
    return editor_page(request, member, json_input, text_feedback, is_rejected=True)


@require_POST
@login_required
def json_preview(request: SignedInRequest, slug: str) -> HttpResponse:
    member = access.membership(request.user, slug, permission="submit")
    source_id = request.POST.get("again", "")[:MAX_KEY_LENGTH]
    json_input = JsonInput(
        request.POST.get("text", ""),
        "",
        source_id=source_id,
        on_refusal=OnRefusal.parse(request.POST.get("on_refusal", "")),
    )
    text_feedback = _validate(json_input, member) if json_input.text.strip() else feedback.EMPTY
    context = {
        "feedback": text_feedback,
        "preflight": preflight.run_checks(text_feedback, member),
        "team": member.team,
        "json_input": json_input,
        "is_oob": True,
    }
    return render(request, "jobs/builder/json.html#feedback", context)


def _open_candidate(request: SignedInRequest, member: Member, json_input: JsonInput, number: int) -> HttpResponse:
    """Raise DocumentParseError."""
    reading = parse(json_input.source(), number=number)
    for change in reading.changes:
        messages.info(request, change.message)
    for problem in reading.problems:
        messages.warning(request, problem.message)
    return editor_with_text(request, member, to_json(reading.document), json_input.source_id)


def _submit_or_register(request: SignedInRequest, member: Member, json_input: JsonInput) -> HttpResponse:
    """Raise DocumentParseError or ValidationFailedError."""
    reading = parse(json_input.unmasked(member))
    if reading.kind is not DocumentKind.DEFINITION:
        source = Source.RERUN if json_input.source_id else Source.JSON
        submission = actions.submit(
            reading,
            member,
            source=source,
            request_key=json_input.request_key,
            on_refusal=json_input.on_refusal,
            origin=actions.JobRerun.find(member, json_input.source_id),
        )
        return redirect_to_submission(request, submission)

    return register_and_redirect(request, reading, member)


def redirect_to_submission(request: SignedInRequest, submission: Submission) -> HttpResponse:
    if submission.is_repeat:
        messages.info(request, f"{submission.name} was submitted already. It wasn't submitted again.")
    else:
        messages.success(request, f"Submitted {submission.name}.")
    return redirect(landing_target(submission))


def register_and_redirect(
    request: SignedInRequest, source: str | ParseResult, member: Member, account: Account | None = None
) -> HttpResponse:
    """Raise DocumentParseError or ValidationFailedError."""
    registration = actions.register(source, member, account=account)
    revision = actions.wait_for_registration(registration.revision)
    _add_registration_message(request, revision, reused=registration.is_reused)
    return redirect(revision)


def editor_with_text(request: SignedInRequest, member: Member, text: str, source_id: str = "") -> HttpResponse:
    json_input = JsonInput(text, to_text(new_id()), source_id=source_id)
    return editor_page(request, member, json_input, _validate(json_input, member))


def editor_with_error(request: SignedInRequest, member: Member, text: str, error: DocumentParseError) -> HttpResponse:
    return editor_page(
        request, member, JsonInput(text, to_text(new_id())), feedback.from_parse_error(error), is_rejected=True
    )


def _add_registration_message(request: SignedInRequest, revision: Revision, *, reused: bool) -> None:
    name = revision.definition.name
    match revision.registration:
        case Registration.REGISTERED if reused:
            message = f"Already registered as {revision.qualified_name} with the same settings."
            messages.info(request, f"{message} No new revision was created.")
        case Registration.REGISTERED:
            messages.success(request, f"Registered as {revision.qualified_name}.")
        case Registration.REFUSED:
            refuser = "The portal" if revision.refused_by_portal else "AWS Batch"
            messages.error(request, f"{refuser} refused {name}: {revision.refusal}")
        case _:
            messages.info(request, f"{name} is being registered. This page updates when AWS Batch answers.")


def _validate(json_input: JsonInput, member: Member) -> Feedback:
    try:
        return feedback.from_result(
            actions.validate(JsonInput(json_input.text, "", source_id=json_input.source_id).unmasked(member), member)
        )
    except DocumentParseError as error:
        return feedback.from_parse_error(error)


def _initial_text(request: SignedInRequest, member: Member) -> str:
    kind, earlier, revise = (request.GET.get(key, "") for key in ("example", "from", "revise"))
    if earlier:
        submission, _ = access.submission(request.user, earlier)
        return mask_source(submission.text, submission.document)
    if revise:
        definition, _ = access.definition(request.user, revise)
        newest = newest_revision(definition)
        document = redact(newest.document) if newest else None
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n" if document else ""
    return examples.example_text(DocumentKind(kind), member.team) if kind in list(DocumentKind) else ""


def editor_page(
    request: SignedInRequest,
    member: Member,
    json_input: JsonInput,
    text_feedback: Feedback,
    *,
    is_rejected: bool = False,
) -> HttpResponse:
    page = {
        "member": member,
        "team": member.team,
        "json_input": json_input,
        "feedback": text_feedback,
        "preflight": preflight.run_checks(text_feedback, member),
        "is_rejected": is_rejected,
        "examples": [(kind.value, title) for kind, title in examples.TITLES.items()],
        "max_bytes": MAX_TEXT_BYTES,
        "draft_id": builder_drafts.draft_id(request),
        "save_result": _save_draft(request, member, json_input) if request.method == "POST" else None,
        "draft_version": builder_drafts.draft_version(request, member),
        "drafts": drafts.recent_drafts(member) if request.method != "POST" and not request.GET.get("draft") else [],
        "schemas": [(kind.value, schemas.schema_url(kind)) for kind in DocumentKind],
        "panes": PANES,
        "wait_ms": feedback.PREVIEW_DELAY_MS,
        "current_page": "write",
        "tab": "json",
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_rejected else HTTPStatus.OK
    return render(request, "jobs/builder/json.html", page, status=status)


def _save_draft(request: SignedInRequest, member: Member, json_input: JsonInput) -> DraftSaveResult | None:
    """Save what a rejected page shows, for Back."""
    text = normalize_newlines(json_input.text)
    return builder_drafts.save_text(request, member, text, json_input.request_key, json_input.source_id)
