"""Changing a password."""

from typing import Any

from allauth.account import views
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse_lazy

from jobs.reports.tokens import valid_tokens
from jobs.web.accounts.forms import PasswordChangeForm, PasswordResetRequestForm


class PasswordChange(views.PasswordChangeView):
    """Ends other sessions and the user's tokens."""

    template_name = "accounts/password.html"
    form_class = PasswordChangeForm
    success_url = reverse_lazy("home")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated and not request.user.has_usable_password():
            raise PermissionDenied("Your account has no password in the portal. You sign in another way.")
        answer: HttpResponse = super().dispatch(request, *args, **kwargs)
        return answer

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        return {**super().get_context_data(**more), "tokens": valid_tokens(self.request.user)}


class PasswordResetRequest(views.PasswordResetView):
    form_class = PasswordResetRequestForm
    template_name = "accounts/password_reset.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not settings.SENDS_MAIL:
            return render(request, "accounts/password_reset_unavailable.html")
        answer: HttpResponse = super().dispatch(request, *args, **kwargs)
        return answer


class PasswordResetDone(views.PasswordResetDoneView):
    """Says the same whether or not an account has the address."""

    template_name = "accounts/password_reset_sent.html"


class PasswordResetConfirm(views.PasswordResetFromKeyView):
    template_name = "accounts/password_reset_confirm.html"
    success_url = reverse_lazy("sign_in")
