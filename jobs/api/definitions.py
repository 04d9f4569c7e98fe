"""Registering definitions, and judging any document without keeping it."""

from django.http import HttpRequest, HttpResponse
from ninja import Router

from jobs import intake
from jobs.api import asking, repeats, words
from jobs.api.answers import answer
from jobs.api.door import CallerRequest
from jobs.api.openapi import DOCUMENT, KEY
from jobs.api.shapes import Change, DefinitionAnswer, Finding, Judged, Problem
from jobs.api.troubles import Trouble
from jobs.models import Registration
from jobs.spec.documents import Kind
from jobs.spec.reading import NotADocument
from jobs.spec.redaction import redact

router = Router(tags=["definitions"])


@router.post(
    "/definitions",
    response={201: DefinitionAnswer, 202: DefinitionAnswer, (401, 403, 413, 422, 429): Problem},
    openapi_extra={**DOCUMENT, **KEY},
)
def register(request: CallerRequest, region: str = "") -> HttpResponse:
    """Register a job definition. 202: AWS has not answered yet; the same request with the same key asks again.

    `reused`: the name's newest revision says the same already, so it is the answer and nothing new was registered.
    """
    member = request.auth.member
    reading = asking.document(request, {Kind.DEFINITION})
    key = asking.key(request)
    where = asking.account(member, region, reading)
    verdict = intake.judge(reading.text, member, where)
    made = repeats.registered_once(
        member, key, f"{region}\n{reading.text}", lambda: intake.register(reading.text, member, account=where)
    )
    revision = intake.await_registration(made.revision)
    if revision.registration == Registration.REFUSED:
        who = "The portal" if revision.refused_by_portal else "AWS Batch"
        raise Trouble(422, f"{who} refused the definition", revision.refusal)
    warnings = words.findings(verdict.warnings, reading)
    content = words.definition(request, revision, warnings, words.changes(reading.changes), reused=made.reused)
    known = revision.registration == Registration.REGISTERED
    return answer(request, 201 if known else 202, content, words.definition_rows(content))


@router.post(
    "/validate",
    response={200: Judged, (401, 403, 413, 422, 429): Problem},
    openapi_extra=DOCUMENT,
    tags=["documents"],
)
def validate(request: CallerRequest, region: str = "") -> HttpResponse:
    """Say what would be said of a document if it were sent. Nothing is kept."""
    member = request.auth.member
    try:
        reading = asking.document(request)
    except NotADocument as no:
        return _judged(
            request,
            Judged(kind=None, ok=False, problems=[words.finding_of_no_document(no)], changes=[], document=None),
        )
    verdict = intake.judge(reading.text, member, asking.account(member, region, reading))
    told: list[Finding] = words.findings(verdict.problems, reading)
    made: list[Change] = words.changes(verdict.reading.changes)
    content = Judged(
        kind=reading.kind,
        ok=verdict.ok,
        problems=told,
        changes=made,
        document=redact(reading.document),
        approval=[reason.message for reason in verdict.approval],
        estimate=words.estimate(verdict.weight.estimate.totals_as_json()) if verdict.weight else None,
    )
    return _judged(request, content)


def _judged(request: HttpRequest, content: Judged) -> HttpResponse:
    rows = [
        ("document", content.kind, content.ok),
        *words.change_rows(content.changes),
        *words.finding_rows(content.problems),
        *(("approval", "waiting", None, reason) for reason in content.approval),
        *([words.estimate_row(content.estimate)] if content.estimate else ()),
    ]
    return answer(request, 200, content, rows)
