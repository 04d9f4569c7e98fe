"""Images that jobs of a list run."""

from collections.abc import Iterable

from jobs.models import Revision
from jobs.spec.containers import containers
from jobs.spec.documents import Document, text_at
from jobs.spec.redaction import redact_value


def images_by_revision(revisions: Iterable[int]) -> dict[int, str]:
    """Return the first container's image of each revision, masked as on its page."""
    documents = Revision.objects.filter(pk__in=set(revisions)).values_list("pk", "document")
    return {pk: redact_value("image", _first_image(document)) for pk, document in documents}


def _first_image(definition: Document) -> str:
    images = (text_at(container.value, "image") for container in containers(definition))
    return next(filter(None, images), "")
