"""The user's second factor."""

from typing import Any

from allauth.mfa.base.views import IndexView
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView, ViewRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from django.http import HttpResponse
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from jobs import second_factor
from jobs.web.accounts.forms import EnableMfaForm


class MfaStatus(IndexView):
    template_name = "accounts/mfa.html"

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**more)
        authenticators = context["authenticators"]
        codes = authenticators.get("recovery_codes")
        return {
            **context,
            "totp": authenticators.get("totp"),
            "codes_left": len(codes.get_unused_codes()) if codes else 0,
            "is_required": second_factor.is_required(self.request.user),
        }


@method_decorator(never_cache, name="dispatch")
class EnableMfa(ActivateTOTPView):
    template_name = "accounts/enable_mfa.html"
    form_class = EnableMfaForm

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**more)
        secret = context["form"].secret
        groups = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
        return {**context, "secret": groups, "is_required": second_factor.is_required(self.request.user)}

    def form_valid(self, form: Any) -> HttpResponse:
        answer: HttpResponse = super().form_valid(form)
        second_factor.mark_verified(self.request)
        return answer


class DisableMfa(DeactivateTOTPView):
    template_name = "accounts/disable_mfa.html"


@method_decorator(never_cache, name="dispatch")
class ShowRecoveryCodes(ViewRecoveryCodesView):
    template_name = "accounts/recovery_codes.html"


class RegenerateCodes(GenerateRecoveryCodesView):
    template_name = "accounts/regenerate_codes.html"
    success_url = reverse_lazy("mfa_view_recovery_codes")
