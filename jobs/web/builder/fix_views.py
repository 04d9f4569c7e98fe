"""Applying a fix that the form offered."""

from django.contrib import messages

from jobs.access import Member
from jobs.models import Account
from jobs.spec.patch import PatchError
from jobs.spec.redaction import MASK, redact
from jobs.web.builder import feedback
from jobs.web.builder.feedback import Feedback
from jobs.web.builder.form_state import BuilderForm
from jobs.web.builder.problem_view import ProblemView
from jobs.web.shell.auth import SignedInRequest

FIX_PREFIX = "fix:"
"""Prefix of the button's value; the problem's key follows."""
FIX_GONE_MESSAGE = "Nothing was changed: that was put right already, or the form says something else by now."


def apply_fix(
    request: SignedInRequest, member: Member, form: BuilderForm, key: str, account: Account | None = None
) -> tuple[BuilderForm, Feedback]:
    """Return the form after the fix, and its new feedback."""
    form_feedback = feedback.build(form, member, account)
    problem_view = _find_problem(form_feedback, key)
    if problem_view is None or form_feedback.result is None:
        messages.info(request, FIX_GONE_MESSAGE)
        return form, form_feedback
    document = form_feedback.result.parse_result.document
    try:
        form = form.with_fix(problem_view.problem.fix, redact(document) if MASK in form.text else document)
    except PatchError:
        messages.info(request, FIX_GONE_MESSAGE)
        return form, form_feedback
    messages.success(request, f"Put right: {problem_view.fix}.")
    return form, feedback.build(form, member, account)


def _find_problem(form_feedback: Feedback, key: str) -> ProblemView | None:
    lines = form_feedback.preflight.checks if form_feedback.preflight else ()
    problem_views = [*form_feedback.problems, *(problem_view for line in lines for problem_view in line.problems)]
    return next(
        (problem_view for problem_view in problem_views if problem_view.problem.fix and problem_view.key == key), None
    )
