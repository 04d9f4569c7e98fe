"""Actions that ask first and say what they affect."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse


class ConfirmMixin:
    def ask(
        self: Any,
        request: HttpRequest,
        selected: QuerySet[Any],
        *,
        title: str,
        consequences: Sequence[str],
        facts: Mapping[int, Sequence[str]],
        button: str,
    ) -> TemplateResponse | None:
        """Return None once confirmed. `facts` are by primary key."""
        if "post" in request.POST:
            return None
        page = {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "selected": [(row, facts.get(row.pk, ())) for row in selected],
            "consequences": consequences,
            "action": request.POST["action"],
            "button": button,
        }
        return TemplateResponse(request, "admin/jobs/confirm.html", page)
