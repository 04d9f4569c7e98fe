"""Pages that workflow templates and launch forms share: one with its versions, their differences, and archiving."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.text import slugify

from jobs.access import Member
from jobs.actions import versioned as actions
from jobs.models.versioned import ItemVersion, VersionedItem
from jobs.reports import versioned as reports
from jobs.spec.diff import diff_documents
from jobs.spec.documents import Document
from jobs.web.shell.auth import SignedInRequest

MAX_SUBMISSIONS = 15

Item = TypeVar("Item", bound=VersionedItem)
Version = TypeVar("Version", bound=ItemVersion)


@dataclass(frozen=True)
class ItemWords:
    """What the pages call an item, and what people do with it."""

    noun: str
    action: str
    list_title: str
    parts: str
    """What the differences of two versions are in."""
    url_prefix: str
    list_url: str


@dataclass(frozen=True)
class VersionedPages(Generic[Item, Version]):
    words: ItemWords
    find_item: Callable[..., tuple[Item, Member]]
    """Takes a user, an id and a permission, as the functions of `access` do."""
    comparable_document: Callable[[Version], Document]
    restore: Callable[[Version, Member], tuple[Version, bool]]
    restore_error: type[Exception]

    def find_version(self, item: Item, text_id: str) -> Version:
        """Return the version of that id or number, the newest for an empty text. Raise Http404."""
        version: Version | None = reports.find_version(item.versions, text_id)
        if version is None:
            raise Http404(f"There is no such version of this {self.words.noun}.")
        return version

    def detail(
        self,
        request: SignedInRequest,
        item: Item,
        member: Member,
        template_name: str,
        context_of: Callable[[Item, Version], Mapping[str, Any]],
    ) -> HttpResponse:
        """Show the newest version, or the one of `?version=`, with what `context_of` adds."""
        version = self.find_version(item, request.GET.get("version", ""))
        versions = reports.list_versions(item.versions)
        page = {
            **self._page(item, member, versions),
            "version": version,
            "is_newest": version.number == versions[0].number,
            **context_of(item, version),
        }
        return render(request, template_name, page)

    def compare_versions(self, request: SignedInRequest, text_id: str) -> HttpResponse:
        """Default to the newest and the one before."""
        item, member = self.find_item(request.user, text_id)
        versions: list[Version] = reports.list_versions(item.versions)
        previous = versions[1] if len(versions) > 1 else versions[0]
        before = self.find_version(item, request.GET.get("from", "") or previous.text_id)
        after = self.find_version(item, request.GET.get("to", ""))
        earlier, later = (self.comparable_document(version) for version in (before, after))
        page = {
            **self._page(item, member, versions),
            "from_version": before,
            "to_version": after,
            "changes": diff_documents(earlier, later),
        }
        return render(request, "jobs/versioned/difference.html", page)

    def restore_version(self, request: SignedInRequest, text_id: str, version_id: str) -> HttpResponse:
        if request.method != "POST":
            item, _ = self.find_item(request.user, text_id)
            return redirect(f"{item.get_absolute_url()}?version={self.find_version(item, version_id).number}")
        item, member = self.find_item(request.user, text_id, "register")
        former = self.find_version(item, version_id)
        try:
            newest, is_new = self.restore(former, member)
        except self.restore_error as error:
            messages.error(request, str(error))
        else:
            if is_new:
                messages.success(request, f"Restored version {former.number} as version {newest.number}.")
            else:
                messages.info(request, f"No changes: version {newest.number} is the same.")
        return redirect(item)

    def archive_item(self, request: SignedInRequest, text_id: str) -> HttpResponse:
        if request.method != "POST":
            return redirect(self.find_item(request.user, text_id)[0])
        item, member = self.find_item(request.user, text_id, "share")
        if actions.archive(item, member):
            messages.success(request, f"Archived {item.name}. Its versions and submissions are kept.")
        return redirect(item)

    def restore_item(self, request: SignedInRequest, text_id: str) -> HttpResponse:
        if request.method != "POST":
            return redirect(self.find_item(request.user, text_id)[0])
        item, member = self.find_item(request.user, text_id, "share")
        if actions.restore(item, member):
            messages.success(request, f"Restored {item.name}.")
        return redirect(item)

    def _page(self, item: Item, member: Member, versions: list[Version]) -> dict[str, Any]:
        return {
            "member": member,
            "team": item.team,
            "item": item,
            "words": self.words,
            "urls": {
                "list": reverse(self.words.list_url, args=[item.team.slug]),
                "difference": reverse(f"{self.words.url_prefix}_difference", args=[item.text_id]),
                "details": reverse(f"{self.words.url_prefix}_details", args=[item.text_id]),
                "archive": reverse(f"{self.words.url_prefix}_archive", args=[item.text_id]),
                "restore": reverse(f"{self.words.url_prefix}_restore", args=[item.text_id]),
            },
            "version_restore": f"{self.words.url_prefix}_version_restore",
            "versions": versions,
            "current_page": "definitions",
        }


def json_file(document: Document, name: str, fallback: str, suffix: str = "") -> HttpResponse:
    """Return a download, named for the item; `fallback` if its name has no letters for a file's name."""
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    headers = {"Content-Disposition": f'attachment; filename="{slugify(name) or fallback}{suffix}.json"'}
    return HttpResponse(text, content_type="application/json", headers=headers)
