"""Applying a fix that the form offered."""

from django.contrib import messages

from jobs.access import Member
from jobs.models import Account
from jobs.spec.patch import PatchError
from jobs.spec.redaction import MASK, redact
from jobs.web.builder import feedback
from jobs.web.builder.feedback import Said
from jobs.web.builder.form_state import Draft
from jobs.web.builder.problem_view import Finding
from jobs.web.shell.auth import SignedInRequest

ASKED = "fix:"
"""Prefix of the button's value; the problem's key follows."""
GONE = "Nothing was changed: that was put right already, or the form says something else by now."


def fixed(
    request: SignedInRequest, member: Member, form: Draft, key: str, account: Account | None = None
) -> tuple[Draft, Said]:
    """Return the form after the fix, and its new feedback."""
    form_feedback = feedback.of_draft(form, member, account)
    problem_view = _found(form_feedback, key)
    if problem_view is None or form_feedback.verdict is None:
        messages.info(request, GONE)
        return form, form_feedback
    document = form_feedback.verdict.parse_result.document
    try:
        form = form.after(problem_view.problem.fix, redact(document) if MASK in form.text else document)
    except PatchError:
        messages.info(request, GONE)
        return form, form_feedback
    messages.success(request, f"Put right: {problem_view.fix}.")
    return form, feedback.of_draft(form, member, account)


def _found(form_feedback: Said, key: str) -> Finding | None:
    lines = form_feedback.rail.lines if form_feedback.rail else ()
    problem_views = [*form_feedback.findings, *(problem_view for line in lines for problem_view in line.findings)]
    return next(
        (problem_view for problem_view in problem_views if problem_view.problem.fix and problem_view.key == key), None
    )
