"""Every route of the portal, read from Django's resolver, with an address to knock at."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
_ELSEWHERE = {
    r"^(?P<app_label>jobs|auth)/$": "jobs/",
    r"(?P<url>.*)$": "nowhere/",
    r"^password/forgotten/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/\Z": "password/forgotten/1-set-password/",
}
"""Regular expressions, and an address that they match."""


@dataclass(frozen=True)
class Route:
    """A route: its name is what its row in `expected.txt` begins with."""

    name: str
    pattern: str

    def __str__(self) -> str:
        return self.name

    @property
    def area(self) -> str:
        """Whose route it is: "admin", "api" or "web"."""
        first = self.pattern.partition("/")[0]
        return first if first in ("admin", "api") else "web"

    @property
    def nouns(self) -> list[tuple[str, str]]:
        """Its parameters, each with the word that it stands behind."""
        return [key for _, key in _pieces(self.pattern) if key]

    def address(self, ids: Mapping[tuple[str, str], str]) -> str:
        """Where it is, with these ids in their places."""
        return "/" + "".join(_value(self, key, ids) if key else piece for piece, key in _pieces(self.pattern))


def _value(route: Route, key: tuple[str, str], ids: Mapping[tuple[str, str], str]) -> str:
    assert key in ids, (
        f"{route.pattern} has a parameter “{key[1]}” behind “{key[0]}” that the matrix cannot fill in. "
        f"Say in Side.ids (tests/matrix/sides.py) or World.ids (world.py) what stands there."
    )
    return ids[key]


def _pieces(pattern: str) -> Iterator[tuple[str, tuple[str, str] | None]]:
    """The pattern cut into plain text and parameters; these with the plain word before them."""
    for regular, address in _ELSEWHERE.items():
        pattern = pattern.replace(regular, address)
    noun, at = "", 0
    for match in _PARAMETER.finditer(pattern):
        plain = pattern[at : match.start()]
        words = [word for word in plain.split("/") if word]
        noun = words[-1] if words else noun
        yield plain, None
        yield match[0], (noun, match[1])
        at = match.end()
    yield pattern[at:], None


@cache
def all_routes() -> tuple[Route, ...]:
    """In the order of the resolver. Routes that share a name, or have none, are told apart by where they are."""
    routes = list(_walk(get_resolver().url_patterns, "", ""))
    names = [name for name, _ in routes]
    return tuple(
        Route(name if name and names.count(name) == 1 else f"/{pattern}", pattern) for name, pattern in routes
    )


def _walk(patterns: Sequence[URLPattern | URLResolver], before: str, namespace: str) -> Iterator[tuple[str, str]]:
    for each in patterns:
        pattern = before + str(each.pattern)
        if isinstance(each, URLPattern):
            yield (namespace + each.name if each.name else ""), pattern
        else:
            inner: Any = each.namespace
            yield from _walk(each.url_patterns, pattern, f"{namespace}{inner}:" if inner else namespace)
