"""Names that belong to AWS: environment variables of Batch, and tags that begin with aws:."""

from collections.abc import Iterator

from jobs.spec.documents import Document, members_named, object_at, text_at
from jobs.spec.problems import Problem, join, quoted

PORTAL_TAG = "portal:"
"""How the portal's own tags begin; they say who asked, not what for."""

PORTAL_TAG_COUNT = 4
"""So many of them the portal gives to a job when it submits it."""

MOST_TAGS = 50  # of one resource; AWS Batch User Guide, tag restrictions


def variables(document: Document) -> Iterator[Problem]:
    """AWS_BATCH… is for variables that Batch sets itself (KeyValuePair and `environment`, API reference)."""
    for path, entries in members_named(document, "environment", "env"):
        for number, entry in enumerate(entries if isinstance(entries, list) else []):
            name = text_at(entry, "name")
            here = join(*path, number, "name")
            if name.upper().startswith("AWS_BATCH"):
                message = f"{quoted(name)} is kept for Batch, as every name with AWS_BATCH is; choose another."
                yield Problem(here, message, rule="names.variable-of-batch")
            elif not name and "value" in object_at(entry):
                yield Problem(join(*path, number), "This environment variable has no name.", rule="names.no-variable")


def tags(document: Document) -> Iterator[Problem]:
    """Keys and values that begin with aws: are AWS's own (AWS Batch User Guide, tag restrictions)."""
    for key, value in object_at(document, "tags").items():
        here = join("tags", key)
        if key[:4].casefold() == "aws:":
            yield Problem(
                here,
                f"The tag {quoted(key)} begins with aws:, which is AWS's own; name it differently.",
                rule="names.tag-of-aws",
            )
        elif isinstance(value, str) and value[:4].casefold() == "aws:":
            message = f"The value of the tag {quoted(key)} begins with aws:, which is AWS's own; give another."
            yield Problem(here, message, rule="names.tag-of-aws")


def count_of_tags(document: Document) -> Iterator[Problem]:
    """A job has 50 tags at most, and the portal needs some of them."""
    own = [key for key in object_at(document, "tags") if not key.startswith(PORTAL_TAG)]
    most = MOST_TAGS - PORTAL_TAG_COUNT
    if len(own) > most:
        message = (
            f"The job has {len(own)} tags; {most} are the most, because AWS Batch takes {MOST_TAGS} "
            f"and the portal adds {PORTAL_TAG_COUNT} of its own."
        )
        yield Problem("/tags", message, rule="names.too-many-tags")
