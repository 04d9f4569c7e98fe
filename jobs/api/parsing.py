"""Parsing of a request."""

import json
import re
from collections.abc import Collection
from dataclasses import replace

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest

from jobs import actions
from jobs.access import Member
from jobs.api.errors import ApiProblemError
from jobs.models import Account
from jobs.reports import options
from jobs.spec.documents import DocumentKind
from jobs.spec.index_rerun import IndexRerunPlan, IndexSource, RerunKind
from jobs.spec.parsing.jsonc import parse_jsonc
from jobs.spec.parsing.parser import MAX_TEXT_BYTES, DocumentParseError, ParseResult, SeveralDocumentsError, parse
from jobs.spec.problems import join_words

_KEY_PATTERN = re.compile(r"[\x20-\x7e]{1,80}")
_PATHS = {
    DocumentKind.DEFINITION: "/api/v1/definitions",
    DocumentKind.SUBMISSION: "/api/v1/submissions",
    DocumentKind.WORKFLOW: "/api/v1/submissions",
}
_KIND_NAMES = {
    DocumentKind.DEFINITION: "a job definition",
    DocumentKind.SUBMISSION: "a job",
    DocumentKind.WORKFLOW: "a workflow",
}


def read_document(
    request: HttpRequest, number: int | None, kinds: Collection[DocumentKind] = tuple(DocumentKind)
) -> ParseResult:
    """Parse the body, of any content type. Raise ApiProblemError or DocumentParseError."""
    try:
        reading = parse(_read_body(request), number=number)
    except SeveralDocumentsError as error:
        raise SeveralDocumentsError(f"{error.message} Add ?document=1 for the first.", error.candidates) from None
    if number is not None and not reading.problems:
        # The text of the submission is the chosen document alone: it is stored, compared and parsed again.
        text = json.dumps(reading.document, indent=2, ensure_ascii=False)
        reading = replace(parse(text, reading.kind), changes=reading.changes)
    nul = reading.text.find("\0")  # the parser skips one in a comment, but no database can store it
    if nul >= 0:
        line = reading.text[:nul].count("\n") + 1
        raise DocumentParseError(f"Line {line}: remove the NUL character (U+0000).", line)
    if reading.kind not in kinds:
        raise DocumentParseError(f"This is {_KIND_NAMES[reading.kind]}. Send it to {_PATHS[reading.kind]}.")
    return reading


def read_text(request: HttpRequest) -> str:
    """Return the body. Raise ApiProblemError or DocumentParseError."""
    try:
        text = _read_body(request).decode()
    except UnicodeDecodeError:
        raise DocumentParseError("The document isn't UTF-8.") from None
    if "\0" in text:
        raise DocumentParseError("Remove the NUL character (U+0000).")
    return text if text.strip() else ""


def read_object(request: HttpRequest) -> ParseResult:
    """Parse the body as a JSON object that is no document. Raise ApiProblemError or DocumentParseError."""
    text = read_text(request) or "{}"
    parsed = parse_jsonc(text)
    return ParseResult(text, DocumentKind.WORKFLOW, parsed.value, _build_source_map=parsed.build_source_map)


def idempotency_key(request: HttpRequest) -> str | None:
    """Raise ApiProblemError if it is invalid."""
    value = request.headers.get("Idempotency-Key")
    if value is not None and not _KEY_PATTERN.fullmatch(value):
        raise ApiProblemError(
            422, "Invalid Idempotency-Key", "An Idempotency-Key must have 1 to 80 printable ASCII characters."
        )
    return value


def index_rerun_plan(run_as: str, index_by: str) -> IndexRerunPlan:
    """Raise ApiProblemError."""
    for name, value, choices in (("run_as", run_as, RerunKind), ("index_by", index_by, IndexSource)):
        if value not in set(choices):
            raise ApiProblemError(
                422, "Invalid parameter", f"{name} must be {join_words(choices, conjunction='or')}."
            )
    return IndexRerunPlan(RerunKind(run_as), IndexSource(index_by))


def find_account(member: Member, region: str, reading: ParseResult) -> Account | None:
    """Return None without a region; of several accounts, the queues decide. Raise ApiProblemError."""
    if not region:
        return None
    all_of_team = options.usable_accounts(member.team)
    accounts = [account for account in all_of_team if account.region == region]
    if not accounts:
        regions = sorted({account.region for account in all_of_team})
        hint = f"Its regions: {join_words(regions)}." if regions else "It has no queue in any region."
        raise ApiProblemError(
            422, "No account in that region", f"{member.team} has no AWS account in {region}. {hint}"
        )
    if len(accounts) > 1 and reading.kind is DocumentKind.DEFINITION:
        names = join_words(account.name for account in accounts)
        raise ApiProblemError(
            422, "Several accounts in that region", f"{member.team} has several accounts in {region}: {names}."
        )
    return next(
        (account for account in accounts if len(accounts) > 1 and _is_valid_in(reading, member, account)), accounts[0]
    )


def _is_valid_in(reading: ParseResult, member: Member, account: Account) -> bool:
    return actions.validate(reading, member, account).is_valid


def _read_body(request: HttpRequest) -> bytes:
    too_large = ApiProblemError(
        413, "Document too large", f"A document can have {MAX_TEXT_BYTES // 1024**2} MiB at most."
    )
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length.isdecimal() and int(length) > MAX_TEXT_BYTES:
        raise too_large
    try:
        return request.body
    except RequestDataTooBig:
        raise too_large from None
