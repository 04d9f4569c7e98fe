"""Admin of corrections of past costs: a preview, then its application."""

from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.timezone import now

from jobs.actions.repricing import apply_repricing, start_repricing
from jobs.admin.audit_mixin import AuditedModelAdmin
from jobs.models import Repricing, User
from jobs.reports.repricings import repricing_view


@admin.register(Repricing)
class RepricingAdmin(AuditedModelAdmin):
    list_display = ["created_at", "days", "team_name", "why", "person", "state"]
    list_display_links = ["days"]
    list_select_related = ["team", "person"]
    fields = ["first", "last", "team", "why"]
    show_full_result_count = False

    @admin.display(description="days")
    def days(self, repricing: Repricing) -> str:
        return str(repricing)

    @admin.display(description="team")
    def team_name(self, repricing: Repricing) -> str:
        return str(repricing.team or "all")

    @admin.display(description="state")
    def state(self, repricing: Repricing) -> str:
        if repricing.ended_at:
            return "applied"
        if repricing.applied_at:
            return "in progress"
        return "previewed" if repricing.previewed_at else "preview in progress"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        buttons = {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().add_view(request, form_url, {**buttons, **(extra_context or {})})

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"last": now().date(), **super().get_changeform_initial_data(request)}

    def save_model(self, request: HttpRequest, obj: Repricing, form: Any, change: bool) -> None:  # noqa: FBT001
        form.snapshot_before = None
        start_repricing(obj, cast("User", request.user))

    def response_add(
        self, request: HttpRequest, obj: Repricing, post_url_continue: str | None = None
    ) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:jobs_repricing_change", args=[obj.pk]))

    def get_urls(self) -> list[URLPattern]:
        url = path("<int:pk>/apply/", self.admin_site.admin_view(self.apply), name="jobs_repricing_apply")
        return [url, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        repricing = self.get_object(request, object_id)
        if repricing is None:
            return super().change_view(request, object_id, form_url, extra_context)
        if request.method == "POST" or not self.has_view_permission(request, repricing):
            raise PermissionDenied
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": f"Cost correction, {repricing}",
            "opts": self.opts,
            "view": repricing_view(repricing),
            "may_apply": self.has_add_permission(request),
        }
        return TemplateResponse(request, "admin/jobs/repricing/detail.html", context)

    def apply(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        repricing = get_object_or_404(Repricing, pk=pk)
        if not apply_repricing(repricing, cast("User", request.user)):
            messages.warning(request, "It has no complete preview yet, or was applied before.")
        return HttpResponseRedirect(reverse("admin:jobs_repricing_change", args=[pk]))
