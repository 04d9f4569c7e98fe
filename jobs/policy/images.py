"""Matching of image names against granted patterns."""

import re
from dataclasses import dataclass

_DOCKER_HUB = ("docker.io", "index.docker.io", "registry-1.docker.io")
_IMAGE_NAME = re.compile(r"(?P<name>[^@]*?)(:(?P<tag>[^:/@]*))?(@(?P<digest>.*))?", re.DOTALL)
_INVALID_CHARACTER = re.compile(r"[^!-~]")  # image names have no blanks, line ends or non-ASCII characters


@dataclass(frozen=True)
class ImageName:
    """With Docker Hub's registry and library filled in."""

    registry: str
    repository: str
    tag: str
    digest: str


def parse_image_name(name: str) -> ImageName:
    match = _IMAGE_NAME.fullmatch(name)
    path = match["name"] if match else name
    first, slash, rest = path.partition("/")
    is_host = bool(slash) and (not {".", ":"}.isdisjoint(first) or first == "localhost")
    registry, repository = (first.lower(), rest) if is_host else ("docker.io", path)
    if registry in _DOCKER_HUB:
        registry = "docker.io"
        repository = repository if "/" in repository else f"library/{repository}"
    return ImageName(
        registry, repository, (match["tag"] if match else "") or "", (match["digest"] if match else "") or ""
    )


def image_matches(pattern: str, name: str) -> bool:
    """Match by name; the registry is never a prefix.

    A name with a parameter (Ref::image) may become any image: only `*` matches. A digest alone decides what runs: no
    pattern with a tag matches.
    """
    if pattern == "*":
        return True
    allowed, image = parse_image_name(pattern), parse_image_name(name)
    if (
        allowed.registry != image.registry
        or ".." in image.repository
        or _INVALID_CHARACTER.search(name)
        or "::" in name
    ):
        return False
    if allowed.digest:
        return allowed.repository == image.repository and _matches_wildcard(allowed.digest, image.digest)
    if allowed.tag:
        return (
            allowed.repository == image.repository
            and not image.digest
            and _matches_wildcard(allowed.tag, image.tag or "latest")
        )
    return _matches_wildcard(allowed.repository, image.repository)


def _matches_wildcard(pattern: str, text: str) -> bool:
    return text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern
