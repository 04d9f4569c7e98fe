"""The list of all that a team can run."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from jobs import access
from jobs.access import Member
from jobs.reports import catalog, catalog_search, launch_forms
from jobs.reports.catalog import DefinitionCard
from jobs.reports.catalog_search import CatalogEntry, CatalogScope, EntryKind
from jobs.reports.launch_forms import FormCard
from jobs.reports.templates import TemplateCard
from jobs.web.catalog.cards import DefinitionCardView, FormCardView, form_views
from jobs.web.shell.auth import SignedInRequest, login_required
from jobs.web.shell.paging import page_at
from jobs.web.shell.text_input import search_text

SCOPES = (
    (CatalogScope.ALL, "All"),
    (CatalogScope.TEAM, "Your team"),
    (CatalogScope.SHARED, "Shared"),
    (CatalogScope.STANDARD, "Standard"),
)
_TEMPLATES = {
    EntryKind.DEFINITION: "jobs/definitions/card.html",
    EntryKind.FORM: "jobs/forms/card.html",
    EntryKind.TEMPLATE: "jobs/templates/card.html",
}


@dataclass(frozen=True)
class EntryView:
    template: str
    card: DefinitionCardView | FormCardView | TemplateCard


@require_safe
@login_required
def catalog_list(request: SignedInRequest, slug: str) -> HttpResponse:
    member = access.membership(request.user, slug)
    text = search_text(request.GET, "q", 100)
    scope_text = request.GET.get("scope", "")
    scope = CatalogScope(scope_text) if scope_text in set(CatalogScope) else CatalogScope.ALL
    page = page_at(
        request,
        partial(catalog_search.catalog_page, member.team, text=text, scope=scope),
        after=request.GET.get("after", ""),
    )
    context = {
        "member": member,
        "team": member.team,
        "entries": _views(page.rows, member),
        "next_cursor": page.next,
        "is_first_page": page.is_first,
        "search_text": text,
        "scope": scope.value,
        "scopes": [(value.value, label) for value, label in SCOPES],
        "definition_sample_size": catalog.SAMPLE_SIZE,
        "form_sample_size": launch_forms.SAMPLE_SIZE,
        "current_page": "definitions",
        "tab": "catalog",
    }
    return render(request, "jobs/catalog/list.html", context)


def _views(entries: Sequence[CatalogEntry], member: Member) -> list[EntryView]:
    forms = [entry.card for entry in entries if isinstance(entry.card, FormCard)]
    views = {view.summary.form.pk: view for view in form_views(forms, member)}
    return [EntryView(_TEMPLATES[entry.kind], _view(entry.card, views)) for entry in entries]


def _view(
    card: DefinitionCard | FormCard | TemplateCard, forms: dict[int, FormCardView]
) -> DefinitionCardView | FormCardView | TemplateCard:
    if isinstance(card, DefinitionCard):
        return DefinitionCardView.of(card)
    return forms[card.form.pk] if isinstance(card, FormCard) else card
