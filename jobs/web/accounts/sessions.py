"""The user's sessions."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from jobs import sessions
from jobs.actions import sign_in
from jobs.web.accounts.session_expiry import end_other_sessions
from jobs.web.shell.auth import SignedInRequest, login_required


@require_safe
@login_required
def list_sessions(request: SignedInRequest) -> HttpResponse:
    rows = sessions.active_sessions(request.user, request.session.session_key)
    return render(request, "accounts/sessions.html", {"sessions": rows})


@require_POST
@login_required
def end_session(request: SignedInRequest, text_id: str) -> HttpResponse:
    session = sign_in.end_session(request.user, request.session.session_key, text_id)
    if session is None:
        raise Http404
    messages.success(request, f"Signed out of {session.device}.")
    return redirect("sessions")


@require_POST
@login_required
def sign_out_elsewhere(request: SignedInRequest) -> HttpResponse:
    count = end_other_sessions(request, request.user)
    messages.success(request, f"Signed out of {count} other session{'' if count == 1 else 's'}.")
    return redirect("sessions")
