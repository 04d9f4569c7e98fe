"""A fix that was offered beside the form is applied to its document, and the form is shown again."""

from django.contrib import messages

from jobs.access import Member
from jobs.models import Account
from jobs.spec.patch import CannotApply
from jobs.spec.redaction import MASK, redact
from jobs.web.builder import feedback
from jobs.web.builder.feedback import Said
from jobs.web.builder.form_state import Draft
from jobs.web.builder.problem_view import Finding
from jobs.web.shell.auth import SignedInRequest

ASKED = "fix:"
"""What the value of such a button begins with; the key of the finding follows."""
GONE = "Nothing was changed: that was put right already, or the form says something else by now."


def fixed(
    request: SignedInRequest, member: Member, draft: Draft, key: str, account: Account | None = None
) -> tuple[Draft, Said]:
    """The form after the fix, and what is said of it then."""
    told = feedback.of_draft(draft, member, account)
    finding = _found(told, key)
    if finding is None or told.verdict is None:
        messages.info(request, GONE)
        return draft, told
    judged = told.verdict.reading.document
    try:
        draft = draft.after(finding.problem.fix, redact(judged) if MASK in draft.text else judged)
    except CannotApply:
        messages.info(request, GONE)
        return draft, told
    messages.success(request, f"Put right: {finding.fix}.")
    return draft, feedback.of_draft(draft, member, account)


def _found(told: Said, key: str) -> Finding | None:
    lines = told.rail.lines if told.rail else ()
    every = [*told.findings, *(finding for line in lines for finding in line.findings)]
    return next((finding for finding in every if finding.problem.fix and finding.key == key), None)
