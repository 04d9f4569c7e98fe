"""Django's admin behind the portal's own sign-in."""

from collections.abc import Iterable
from typing import Any, cast

from allauth.account.decorators import secure_admin_login
from django.contrib.admin import AdminSite
from django.db.models.base import ModelBase
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.text import slugify
from django.views.decorators.cache import never_cache

from jobs.models import User
from jobs.reports.administration import administration_summary
from jobs.web.accounts.next_step import next_step
from jobs.web.shell.caching import clear_site_data

HIDDEN_APPS = frozenset({"account", "mfa", "usersessions"})
"""allauth's apps: their tables hold secrets."""

GROUPS = (
    ("Teams and users", ("Team", "User", "TagRule", "ApiToken")),
    ("AWS", ("Account", "Queue", "Definition", "Rate", "InstanceType", "InstancePrice", "Repricing")),
    ("Records", ("AuditEntry",)),
    ("Permissions of administrators", ("Group",)),
)
"""The menu, by the names of models."""
TITLES = {"AuditEntry": "Audit log", "Group": "Permission groups"}


class PortalAdminSite(AdminSite):
    site_header = "Batch Portal administration"
    site_title = "Administration"
    index_title = "Administration"

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        summary = administration_summary(cast("User", request.user))
        return super().index(request, {"summary": summary, **(extra_context or {})})

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        apps = super().get_app_list(request, app_label)
        if app_label:
            return apps
        models = {model["object_name"]: model for app in apps for model in app["models"]}
        for name, title in TITLES.items():
            if name in models:
                models[name]["name"] = title
        groups = [(title, [models.pop(name) for name in names if name in models]) for title, names in GROUPS]
        index = reverse("admin:index", current_app=self.name)
        return [
            {
                "name": title,
                "app_label": slugify(title),
                "app_url": f"{index}#{slugify(title)}",
                "has_module_perms": True,
                "models": rows,
            }
            for title, rows in [*groups, ("Other", list(models.values()))]
            if rows
        ]

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        models: Iterable[Any] = [model_or_iterable] if isinstance(model_or_iterable, ModelBase) else model_or_iterable
        visible_models = [model for model in models if model._meta.app_label not in HIDDEN_APPS]  # noqa: SLF001 - as Django does
        super().register(visible_models, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and next_step(request) is None

    @method_decorator(never_cache)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Redirect strangers and staff to the portal's sign-in; answer others with 403."""
        answer: HttpResponse = secure_admin_login(_redirect_signed_in)(request)
        return answer

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        answer = super().logout(request, extra_context)
        return (
            clear_site_data(request, answer) if request.method == "POST" else answer
        )  # else it is a 405, and no one signed out

    def password_change(  # type: ignore[override] # redirects instead
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect("account_change_password")


def _redirect_signed_in(request: HttpRequest) -> HttpResponse:
    if step := next_step(request):
        return redirect(step)
    return redirect("admin:index")
