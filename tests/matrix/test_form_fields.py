"""Names of form fields and of query parameters: bookmarks, scripts and browsers of people rely on them."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, urljoin, urlsplit

import pytest
from django.urls import Resolver404, resolve

from tests.matrix.routes import all_routes
from tests.matrix.world import World, text

LIST = Path(__file__).resolve().parents[1] / "portal" / "compatibility" / "form-fields.txt"
TEMPLATES = LIST.parents[3] / "templates"
TEMPLATE_TAGS = LIST.parents[3] / "jobs" / "templatetags"
"""Some write markup of their own."""
PEOPLE = ("lead", "analyst", "admin", "anonymous")
"""Who opens a page: the first of them who may."""
HX = {"hx-get": "GET", "hx-post": "POST"}
WITHOUT_SCRIPTS = ("job_log", "child_log")
"""Pages that people without scripts see in another form."""
CONTROLS = ("input", "select", "textarea", "button")

pytestmark = pytest.mark.long


class Fields(HTMLParser):
    """The controls of every form of a page, and the parameters of its links, by the address they go to."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address
        self.forms: list[tuple[str, str]] = []
        self.names: set[str] = set()
        self.preview = ""
        """The address that the form's fields are sent to while they are typed."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((given.get("method", "get").upper(), given.get("action") or self.address))
        for name, method in HX.items():
            if name in given:
                self._parameters(method, given[name])
                if given.get("hx-include") == "closest form":
                    self.preview = given[name]
        if tag == "a":
            self._parameters("GET", given.get("href", ""))
        if tag in CONTROLS and given.get("name"):
            for method, address in self._targets(given):
                self._add(method, address, given["name"])
            if tag == "textarea" and self.preview and "json-text" in given.get("class", ""):
                self._add("POST", self.preview, given["name"])

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.forms.pop()
            self.preview = ""

    def _targets(self, given: dict[str, str]) -> Iterator[tuple[str, str]]:
        """The form that a control is part of, and what it sends itself to by htmx."""
        if self.forms:
            method, address = self.forms[-1]
            yield method, given.get("formaction", address)
        for name, method in HX.items():
            if name in given:
                yield method, given[name]

    def _parameters(self, method: str, address: str) -> None:
        for name, _ in parse_qsl(urlsplit(urljoin(self.address, address)).query, keep_blank_values=True):
            self._add(method, address, name)

    def _add(self, method: str, address: str, name: str) -> None:
        pattern = _pattern(urlsplit(urljoin(self.address, address)))
        if pattern is not None and name != "csrfmiddlewaretoken" and not pattern.startswith("/admin/"):
            self.names.add(f"{method} {pattern} {re.sub(r'[0-9]+', '0', name)}")


def _pattern(address: SplitResult) -> str | None:
    """The route of an address of ours, without the names of its parameters; None for any other."""
    if address.netloc:
        return None
    try:
        match = resolve(address.path)
    except Resolver404:
        return None
    return "/" + re.sub(r"<(?:(\w+):)?\w+>", r"<\1>", match.route)


def _page(world: World, address: str) -> str:
    for who in PEOPLE:
        answer = world.ask(who, "GET", address)
        if answer.status_code == 200:
            return text(answer) if answer["Content-Type"].startswith("text/html") else ""
    return ""


def field_names(world: World) -> set[str]:
    names: set[str] = set()
    for route in all_routes():
        if route.area == "web":
            address = route.address(world.ids)
            parser = Fields(address)
            parser.feed(_page(world, address))
            if route.name in WITHOUT_SCRIPTS:
                parser.feed(_page(world, f"{address}?before=900"))
            names |= parser.names
    return names


def in_templates() -> set[str]:
    """Fields that have a plain name in some template, whether or not a page of this world shows them."""
    pages = [path for path in TEMPLATES.rglob("*.html") if "admin" not in path.parts]
    markup = "".join(path.read_text() for path in (*pages, *TEMPLATE_TAGS.glob("*.py")))
    return {
        f"field {name}" for name in re.findall(r'<(?:input|select|textarea|button)\b[^>]*? name="([\w-]+)"', markup)
    }


def test_no_field_of_a_form_or_parameter_of_a_link_goes_or_comes_unlisted(world: World):
    there, known = field_names(world) | in_templates(), set(LIST.read_text().splitlines())

    assert sorted(known - there) == [], "Gone or changed: keep the name; docs/compatibility.md says why."
    assert sorted(there - known) == [], f"New: add a line to {LIST.name}, if the name may stay for good."
