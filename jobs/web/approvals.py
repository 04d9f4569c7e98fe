"""What waits for someone's word: the lists of it, one request with all that a decision needs, and the decisions."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from jobs import access, actions
from jobs.access import Member
from jobs.actions import Verdict
from jobs.models import Approval, RequestEdit
from jobs.policy.approval import Reason
from jobs.reports import approvals as reports
from jobs.spec import masked_source
from jobs.spec.effective import EffectiveContainer
from jobs.spec.parsing.parser import NotADocument
from jobs.spec.redaction import redact
from jobs.web.builder import validation_view
from jobs.web.builder.validation_view import Opinion
from jobs.web.jobs.effective_view import environment
from jobs.web.shell.auth import SignedInRequest, signed_in


@dataclass(frozen=True)
class Step:
    """A job of a request, as the page tells of it: nothing in it that looks secret."""

    of: reports.Step
    environment: Sequence[tuple[str, str]]
    changes: Sequence[str]
    of_definition: Sequence[str]
    containers: Sequence[tuple[EffectiveContainer, Sequence[str]]]
    tags: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Edited:
    """An edit of a request, in sentences that hold nothing secret."""

    of: RequestEdit
    before: str
    changes: Sequence[str]


@require_safe
@signed_in
def team_approvals(request: SignedInRequest, slug: str) -> HttpResponse:
    """The team's requests, for those who may decide on them."""
    member = access.membership(request.user, slug, may="approve")
    page = {
        "member": member,
        "team": member.team,
        "waiting": reports.waiting(member.team, request.user),
        "decided": reports.decided(member.team),
        "here": "approvals",
    }
    return render(request, "jobs/approvals/list.html", page)


@require_safe
@signed_in
def approvals_of_all(request: SignedInRequest) -> HttpResponse:
    """What waits for this person's word, in whichever team."""
    page = {"waiting": reports.waiting_for(request.user), "everywhere": True, "here": "approvals"}
    return render(request, "jobs/approvals/list.html", page)


@require_safe
@signed_in
def approval(request: SignedInRequest, text_id: str) -> HttpResponse:
    found, member = access.approval(request.user, text_id)
    return _page(request, found, member)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def approve(request: SignedInRequest, text_id: str) -> HttpResponse:
    found, member = access.approval(request.user, text_id)
    if request.method != "POST":
        return redirect(found)
    try:
        actions.approve(found, member, _version(request))
    except actions.DecidedError as late:
        messages.warning(request, str(late))
    except actions.Refused as refused:
        return _page(request, found, member, refused=refused.verdict)
    else:
        messages.success(request, f"Approved {found.submission.name}. It is on its way.")
    return redirect(found)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def decline(request: SignedInRequest, text_id: str) -> HttpResponse:
    found, member = access.approval(request.user, text_id)
    if request.method != "POST":
        return redirect(found)
    try:
        actions.decline(found, member, _version(request), request.POST.get("why", "").replace("\0", ""))
    except actions.DecidedError as late:
        messages.warning(request, str(late))
    except ValueError as wordless:
        return _page(request, found, member, wordless=str(wordless))
    else:
        messages.success(request, f"Declined {found.submission.name}. Nothing of it is sent.")
    return redirect(found)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def edit(request: SignedInRequest, text_id: str) -> HttpResponse:
    """Another wording for a request. What is masked in it stays what it was."""
    found, member = access.approval(request.user, text_id)
    _must_edit(found, member)
    if request.method != "POST":
        text = _for_editor(found)
        return _editor(request, found, member, text, _weighed(found, member, text))
    text = _text(request)
    try:
        whole = _whole(found, text)
        approved = actions.edit(found, member, _version(request), whole)
    except actions.DecidedError as late:
        messages.warning(request, str(late))
        return redirect(found)
    except NotADocument as no:
        return _editor(request, found, member, text, (validation_view.of_no_document(no), ()), refused=True)
    except actions.Refused as refused:
        return _editor(request, found, member, text, (validation_view.of_verdict(refused.verdict), ()), refused=True)
    if approved:
        messages.success(request, f"Changed and approved {found.submission.name}. It is on its way.")
    else:
        messages.info(request, "Changed. Someone who never made it larger has to approve it.")
    return redirect(found)


@require_POST
@signed_in
def judge(request: SignedInRequest, text_id: str) -> HttpResponse:
    """The panel beside the editor of a request, for what is in it now."""
    found, member = access.approval(request.user, text_id)
    _must_edit(found, member)
    said, raises = _weighed(found, member, _text(request))
    return render(request, "jobs/approvals/edit.html#verdict", _panel(found, member, said, raises))


def _page(
    request: SignedInRequest,
    found: Approval,
    member: Member,
    *,
    refused: Verdict | None = None,
    wordless: str = "",
) -> HttpResponse:
    submission = found.submission
    steps = [_told(step) for step in reports.steps(submission)]
    page = {
        "member": member,
        "team": found.team,
        "approval": found,
        "submission": submission,
        "cost": reports.cost_of(found),
        "steps": steps,
        "more_steps": submission.job_count - len(steps),
        "edits": [_edited(each) for each in reports.edits(found)],
        "deciders": reports.deciders(found) if found.waits else [],
        "hindrance": actions.hindrance(found, member),
        "own": submission.person_id == member.user.pk,
        "refused": validation_view.of_verdict(refused).findings if refused else (),
        "wordless": wordless,
        "text": masked_source.masked_source(submission.text, submission.document),
        "here": "approvals",
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if refused or wordless else HTTPStatus.OK
    return render(request, "jobs/approvals/detail.html", page, status=status)


def _editor(
    request: SignedInRequest,
    found: Approval,
    member: Member,
    text: str,
    weighed: tuple[Opinion, Sequence[Reason]],
    *,
    refused: bool = False,
) -> HttpResponse:
    page = {
        **_panel(found, member, *weighed),
        "member": member,
        "submission": found.submission,
        "text": text,
        "refused": refused,
        "here": "approvals",
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if refused else HTTPStatus.OK
    return render(request, "jobs/approvals/edit.html", page, status=status)


def _panel(found: Approval, member: Member, said: Opinion, raises: Sequence[Reason]) -> dict[str, object]:
    barred = found.raised_by(member.user)
    return {"approval": found, "team": found.team, "said": said, "raises": raises, "barred": barred}


def _must_edit(found: Approval, member: Member) -> None:
    if found.submission.person_id == member.user.pk:
        raise PermissionDenied("You asked for it. To change it, stop it and ask anew.")


def _weighed(found: Approval, member: Member, text: str) -> tuple[Opinion, Sequence[Reason]]:
    try:
        verdict, raises = actions.weigh_edit(found, member, _whole(found, text))
    except NotADocument as no:
        return validation_view.of_no_document(no), ()
    return validation_view.of_verdict(verdict), raises


def _for_editor(found: Approval) -> str:
    return masked_source.masked_source(found.submission.text, found.submission.document)


def _whole(found: Approval, text: str) -> str:
    """The text with what was masked in its place again."""
    return masked_source.restored(text, found.submission.document)


def _text(request: SignedInRequest) -> str:
    return request.POST.get("text", "").replace("\r\n", "\n").replace("\0", "")


def _version(request: SignedInRequest) -> int:
    """Which wording the person saw; none at all is none that there is."""
    given = request.POST.get("version", "")
    return int(given) if given.isdecimal() and len(given) < 9 else 0


def _told(step: reports.Step) -> Step:
    commands = [redact([str(word.value) for word in each.command]) for each in step.will_run.containers]
    return Step(
        step,
        environment(redact(step.job.document)),
        step.changes,
        step.of_definition,
        list(zip(step.will_run.containers, commands, strict=True)),
        [(key, str(value)) for key, value in redact(step.job.tags).items()],
    )


def _edited(each: RequestEdit) -> Edited:
    before = masked_source.masked_source(each.before, {})
    return Edited(each, before, [masked_source.mention_masked(sentence, {}) for sentence in each.changes])
