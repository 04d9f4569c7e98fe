"""Registering definitions, and validating documents without storing them."""

from ninja import Router
from ninja.responses import Status

from jobs import actions
from jobs.actions import idempotency
from jobs.api import parsing, serializers
from jobs.api.auth import CallerRequest
from jobs.api.errors import ApiProblemError
from jobs.api.openapi import DOCUMENT, KEY
from jobs.api.schemas import DefinitionOut, DefinitionsOut, ProblemDetailsOut, ValidationOut
from jobs.models import Registration
from jobs.reports import catalog
from jobs.spec.documents import DocumentKind
from jobs.spec.parsing.parser import DocumentParseError
from jobs.spec.redaction import redact

router = Router(tags=["definitions"])


@router.get("/definitions", response={200: DefinitionsOut, (401, 422, 429): ProblemDetailsOut})
def list_definitions(
    request: CallerRequest, q: str = "", *, after: str = "", archived: bool = False
) -> DefinitionsOut:
    """List the definitions that the team can use, by name. `archived`: those that were deactivated.

    `q` filters by text; `after`: the `next` of the page before.
    """
    page = catalog.definition_page(
        request.auth.member.team, text=q.replace("\0", "")[:100], after=after, retired=archived
    )
    rows = [serializers.found_definition_out(request, card) for card in page.rows]
    return DefinitionsOut(definitions=rows, next=page.next)


@router.post(
    "/definitions",
    response={201: DefinitionOut, 202: DefinitionOut, (401, 403, 413, 422, 429): ProblemDetailsOut},
    openapi_extra={**DOCUMENT, **KEY},
)
def register(request: CallerRequest, region: str = "", document: int | None = None) -> Status[DefinitionOut]:
    """Register a job definition. 202: AWS has not answered yet; repeat the request with the same key to check.

    `document` chooses, from 1, one of several documents in the text.
    `reused`: the newest revision of this name is identical, so it is returned and nothing new was registered.
    """
    member = request.auth.member
    reading = parsing.read_document(request, document, {DocumentKind.DEFINITION})
    key = parsing.idempotency_key(request)
    target_account = parsing.find_account(member, region, reading)
    registration = idempotency.idempotent_register(
        member,
        key,
        f"{region}\n{reading.text}",
        lambda: actions.register(reading, member, account=target_account),
    )
    revision = actions.wait_for_registration(registration.revision)
    if revision.registration == Registration.REFUSED:
        refuser = "The portal" if revision.refused_by_portal else "AWS Batch"
        raise ApiProblemError(422, f"{refuser} refused the definition", revision.refusal)
    result = registration.result or actions.validate(reading, member, target_account)
    warnings = serializers.problems_out(result.warnings, reading)
    content = serializers.definition_out(
        request, revision, warnings, serializers.changes_out(reading.changes), reused=registration.is_reused
    )
    is_registered = revision.registration == Registration.REGISTERED
    return Status(201 if is_registered else 202, content)


@router.post(
    "/validate",
    response={200: ValidationOut, (401, 403, 413, 422, 429): ProblemDetailsOut},
    openapi_extra=DOCUMENT,
    tags=["documents"],
)
def validate(request: CallerRequest, region: str = "", document: int | None = None) -> ValidationOut:
    """Validate a document without submitting it. Nothing is stored. `document` chooses one of several, from 1."""
    member = request.auth.member
    try:
        reading = parsing.read_document(request, document)
    except DocumentParseError as error:
        return ValidationOut(
            kind=None, ok=False, problems=[serializers.parse_error_out(error)], changes=[], document=None
        )
    result = actions.validate(reading, member, parsing.find_account(member, region, reading))
    return ValidationOut(
        kind=reading.kind,
        ok=result.is_valid,
        problems=serializers.problems_out(result.problems, reading),
        changes=serializers.changes_out(result.parse_result.changes),
        document=redact(reading.document),
        approval=[reason.message for reason in result.approval_reasons],
        estimate=serializers.estimate_out(result.estimate.cost.totals_as_json()) if result.estimate else None,
    )
