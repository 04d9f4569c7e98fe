"""Rules of container images."""

import re
from collections.abc import Iterator

from jobs.spec.containers import containers
from jobs.spec.documents import Document, text_at
from jobs.spec.problems import Fix, Problem, join_pointer, quote
from jobs.spec.rules.registry import WARNING, rule

_MAX_LENGTH = 512
"""Characters that are searched for what is wrong."""
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://(.*)", re.IGNORECASE | re.DOTALL)
_DOCKER_HUB_PAGE = re.compile(r"(?:www\.)?hub\.docker\.com/(?:_|r)/(.+?)/?(?:tags/?)?")
_PLACEHOLDER = re.compile(r"<[^<>]*>|\$\{[^{}]*\}|\$[A-Za-z_]\w*|\{\{.*?\}\}|%\w+%|\$\(.*?\)")
_COMPONENT = "[a-z0-9]+(?:(?:\\.|_{1,2}|-+)[a-z0-9]+)*"
_DOMAIN = "[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?"
_REFERENCE = re.compile(
    f"(?:{_DOMAIN}/)?{_COMPONENT}(?:/{_COMPONENT})*"
    "(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?"
)
"""The grammar of https://pkg.go.dev/github.com/distribution/reference."""


@rule("containers.image-reference", WARNING)
def images_are_references(document: Document) -> Iterator[Problem]:
    """An image is a reference such as repository/name:tag, without scheme, blanks and placeholders.

    AWS Batch accepts any other, and then the job fails with CannotPullContainerError: invalid reference format.
    Source: the grammar of https://pkg.go.dev/github.com/distribution/reference; such a job,
    https://github.com/nextflow-io/nextflow/issues/1537.
    """
    for container in containers(document):
        image = text_at(container.value, "image")
        if not image or image.startswith("Ref::") or _REFERENCE.fullmatch(image):
            continue
        here = join_pointer(*container.path, "image")
        message, new_image = _explain(image)
        fix: Fix = ({"op": "replace", "path": here, "value": new_image},) if new_image else ()
        yield Problem(here, f"{message} The job would fail, because the image can't be pulled.", fix=fix)


def _explain(image: str) -> tuple[str, str]:
    if len(image) > _MAX_LENGTH:
        return f"{quote(image)} is not an image reference such as repository/name:tag.", ""
    if placeholder := _PLACEHOLDER.search(image):
        return f"The image contains the placeholder {quote(placeholder[0])}; replace it.", ""
    if scheme := _SCHEME.fullmatch(image.strip()):
        rest = scheme[2]
        page = _DOCKER_HUB_PAGE.fullmatch(rest)
        new_image = page[1] if page else rest
        message = f"The image begins with {quote(scheme[1] + '://')}, which is no part of an image reference."
        return message, new_image if _REFERENCE.fullmatch(new_image) else ""
    if re.search(r"\s", image):
        new_image = image.strip()
        message = f"The image {quote(image)} contains blanks; remove them."
        return message, new_image if _REFERENCE.fullmatch(new_image) else ""
    if _REFERENCE.fullmatch(image.lower()):
        return f"The repository of the image {quote(image)} must be in lower case.", ""
    return f"{quote(image)} is not an image reference such as repository/name:tag.", ""


RULES = (images_are_references,)
