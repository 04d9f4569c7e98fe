"""Text pasted into the editor, of whatever format."""

from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_POST

from jobs import access
from jobs.access import Member
from jobs.reports import options
from jobs.spec.copy_formats import CopyTarget, copies
from jobs.spec.parsing.errors import KIND_NOUNS
from jobs.spec.parsing.parser import DocumentParseError, ParseResult, parse
from jobs.spec.problems import has_errors
from jobs.web.builder import feedback
from jobs.web.builder.form_state import is_verbatim, to_json
from jobs.web.shell.auth import SignedInRequest, login_required
from jobs.web.shell.text_input import posted_text


@require_POST
@login_required
def read_paste(request: SignedInRequest, slug: str) -> HttpResponse:
    member = access.membership(request.user, slug, permission="submit")
    if copy_format := request.POST.get("copy_as"):
        return _copy_response(request, member, copy_format)
    document_text, pasted = (posted_text(request, key) for key in ("whole", "pasted"))
    for text in dict.fromkeys((document_text, pasted)):
        try:
            reading = parse(text)
        except DocumentParseError:
            continue
        if text != pasted and not is_verbatim(reading) and not _is_readable(pasted):
            break  # what was pasted into the document would be left out of it
        # A text whose values have to be entered stays too: the panel marks them where they stand.
        as_it_stands = text == document_text and (is_verbatim(reading) or has_errors(reading.problems))
        return JsonResponse(
            {
                "kind": reading.kind,
                "headline": feedback.headline(reading.kind, reading.document),
                "changes": [] if as_it_stands else _messages(reading),
                "text": None
                if as_it_stands
                else (reading.text if is_verbatim(reading) else to_json(reading.document)),
            }
        )
    return JsonResponse({"kind": None, "headline": "", "changes": [], "text": None})


def _copy_response(request: SignedInRequest, member: Member, name: str) -> HttpResponse:
    try:
        reading = parse(posted_text(request, "whole"))
    except DocumentParseError as error:
        return JsonResponse({"copied": None, "message": error.message})
    region = next((account.region for account in options.usable_accounts(member.team)), "")
    target = CopyTarget(region, request.build_absolute_uri("/").rstrip("/"))
    forms = {copy.name: copy.text for copy in copies(reading.document, reading.kind, target)}
    message = "" if name in forms else f"A {KIND_NOUNS[reading.kind]} can't be copied in this form."
    return JsonResponse({"copied": forms.get(name), "message": message})


def _messages(reading: ParseResult) -> list[str]:
    return [*(change.message for change in reading.changes), *(problem.message for problem in reading.problems)]


def _is_readable(text: str) -> bool:
    try:
        parse(text)
    except DocumentParseError:
        return False
    return True
