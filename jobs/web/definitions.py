"""The definitions a team may use, and the revisions of one."""

from dataclasses import dataclass

from django.db.models import OuterRef, Subquery
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from jobs import access
from jobs.models import Definition, Registration, Revision, Team
from jobs.spec.documents import Document, list_at, object_at, part, text_at
from jobs.spec.problems import cut
from jobs.web import live, secrets
from jobs.web.door import SignedInRequest, signed_in

MOST_ROWS = 200
MOST_REVISIONS = 50


@dataclass(frozen=True)
class Size:
    """What a definition asks for, as far as one line can tell. Empty where it says nothing."""

    image: str
    vcpus: str
    memory_mib: str
    gpus: str

    @classmethod
    def of(cls, document: Document) -> "Size":
        container = _container(document)
        asked = {
            text_at(need, "type"): str(part(need, "value") or "")
            for need in list_at(container, "resourceRequirements")
        }
        return cls(
            image=text_at(container, "image"),
            vcpus=asked.get("VCPU") or str(container.get("vcpus") or ""),
            memory_mib=asked.get("MEMORY") or str(container.get("memory") or ""),
            gpus=asked.get("GPU", ""),
        )

    @property
    def in_words(self) -> str:
        """4 vCPU, 16 GiB, 1 GPU"""
        parts = [
            f"{cut(self.vcpus)} vCPU" if self.vcpus else "",
            self._memory,
            f"{cut(self.gpus)} GPU" if self.gpus else "",
        ]
        return ", ".join(part for part in parts if part)

    @property
    def _memory(self) -> str:
        if not self.memory_mib:
            return ""
        if self.memory_mib.isdecimal() and len(self.memory_mib) < 9 and int(self.memory_mib) >= 1024:
            return f"{int(self.memory_mib) / 1024:.1f}".removesuffix(".0") + " GiB"
        return f"{cut(self.memory_mib)} MiB"


@dataclass(frozen=True)
class Row:
    """A definition in the list, with its newest revision."""

    definition: Definition
    latest: Revision | None
    size: Size


@dataclass(frozen=True)
class Leaf:
    """A revision on the page of its definition."""

    revision: Revision
    size: Size
    document: Document


@require_safe
@signed_in
def definitions(request: SignedInRequest, slug: str) -> HttpResponse:
    member = access.membership(request.user, slug)
    wanted = request.GET.get("q", "").strip().replace("\0", "")
    page = {
        "member": member,
        "team": member.team,
        "rows": _rows(member.team, wanted),
        "q": wanted,
        "most": MOST_ROWS,
        "here": "definitions",
    }
    return render(request, "jobs/definitions.html", page)


@require_safe
@signed_in
def definition(request: SignedInRequest, text_id: str) -> HttpResponse:
    found, member = access.definition(request.user, text_id)
    revisions = list(found.revisions.select_related("registered_by")[:MOST_REVISIONS])
    waiting = any(revision.registration == Registration.ACCEPTED for revision in revisions)
    mark = live.mark([(revision.pk, revision.registration, revision.active) for revision in revisions])
    if live.asked(request) and live.seen(request, mark):
        return HttpResponse(status=204)
    for revision in revisions:
        revision.definition = found
    page = {
        "member": member,
        "team": _shown_in(request, found),
        "definition": found,
        "leaves": [Leaf(each, Size.of(each.document), secrets.masked(each.document)) for each in revisions],
        "live": waiting,
        "mark": mark,
        "here": "definitions",
    }
    return render(request, "jobs/definition.html" + "#live" * live.asked(request), page)


def _rows(team: Team, wanted: str) -> list[Row]:
    """In two queries: the definitions, each with the key of its newest revision; and those revisions."""
    newest = Revision.objects.filter(definition=OuterRef("pk")).order_by("-created_at").values("pk")[:1]
    usable = Definition.objects.usable_by(team).select_related("team", "account")
    if wanted:
        usable = usable.filter(name__icontains=wanted)
    found = list(usable.annotate(newest=Subquery(newest)).order_by("name", "pk")[:MOST_ROWS])
    keys = {each.pk: each.newest for each in found}  # type: ignore[attr-defined]  # annotated just above
    revisions = Revision.objects.select_related("registered_by").in_bulk([key for key in keys.values() if key])
    rows = []
    for definition in found:
        revision = revisions.get(keys[definition.pk])
        rows.append(Row(definition, revision, Size.of(revision.document if revision else {})))
    return rows


def _shown_in(request: SignedInRequest, definition: Definition) -> Team | None:
    """The team whose frame the page has: not the owner's, for someone who only uses a shared definition."""
    return access.teams(request.user).filter(pk=definition.team_id).first()


def _container(document: Document) -> Document:
    """The first container that a definition speaks of, on whatever platform."""
    plain = object_at(document, "containerProperties")
    if plain:
        return plain
    nodes = list_at(document, "nodeProperties", "nodeRangeProperties")
    tasks = list_at(document, "ecsProperties", "taskProperties")
    pods = list_at(document, "eksProperties", "podProperties", "containers")
    return object_at(nodes, 0, "container") or object_at(list_at(tasks, 0, "containers"), 0) or object_at(pods, 0)
