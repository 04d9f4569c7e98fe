"""Rules of names that belong to others: environment variables of Batch, tags of AWS and of the portal."""

import re
from collections.abc import Iterator

from jobs.spec.containers import containers, environment_entries, secret_entries
from jobs.spec.documents import Document, object_at, text_at
from jobs.spec.problems import Problem, join_pointer, quote
from jobs.spec.rules.registry import WARNING, rule

PORTAL_TAG_PREFIX = "portal:"
"""Prefix of the portal's own tags; they tell who submitted a job."""

MAX_PORTAL_TAGS = 6
"""Tags that the portal adds to a job, at most."""

PORTAL_VARIABLE_PREFIX = "PORTAL_"
"""Prefix of environment variables reserved for the portal. Case-sensitive."""

JOB_ID_VARIABLE = "PORTAL_JOB_ID"
"""The variable that tells a program its job's id in the portal; its value is set at submission."""

PORTAL_VARIABLES = (JOB_ID_VARIABLE,)
"""All environment variables that the portal sets."""

MAX_TAGS = 50  # per resource; AWS Batch User Guide, tag restrictions

_TAG_TEXT = re.compile(r"[\w\s+\-=.:/@]*")


@rule("names.variable-of-batch")
def no_batch_variables(document: Document) -> Iterator[Problem]:
    """Names of environment variables that begin with AWS_BATCH are kept for those that Batch sets itself.

    Source: ContainerProperties and KeyValuePair, AWS Batch API reference.
    """
    for container in containers(document):
        for path, entry in environment_entries(container):
            name = text_at(entry, "name")
            if name.upper().startswith("AWS_BATCH"):
                message = f"{quote(name)} is kept for Batch, as every name with AWS_BATCH is; choose another."
                yield Problem(join_pointer(*path, "name"), message)


@rule("names.variable-of-portal")
def no_portal_variables(document: Document) -> Iterator[Problem]:
    """Names of environment variables that begin with PORTAL_ are kept for those that the portal sets itself.

    Source: the portal.
    """
    for container in containers(document):
        for path, entry in (*environment_entries(container), *secret_entries(container)):
            name = text_at(entry, "name")
            if name.startswith(PORTAL_VARIABLE_PREFIX):
                message = (
                    f"Names that begin with {PORTAL_VARIABLE_PREFIX} are reserved for the portal. "
                    f"Rename {quote(name)}."
                )
                yield Problem(join_pointer(*path, "name"), message)


@rule("names.no-variable")
def variables_have_names(document: Document) -> Iterator[Problem]:
    """An environment variable has a name.

    Source: KeyValuePair, AWS Batch API reference.
    """
    for container in containers(document):
        for path, entry in environment_entries(container):
            if text_at(entry, "name"):
                continue
            here = join_pointer(*path)
            if text_at(entry, "value"):
                yield Problem(here, "This environment variable has no name.")
            else:
                message = "This environment variable has neither a name nor a value; take it away."
                yield Problem(here, message, fix=({"op": "remove", "path": here},))


@rule("names.variable-twice", WARNING)
def variable_names_are_unique(document: Document) -> Iterator[Problem]:
    """An environment variable stands twice in one list; which value the program sees is nobody's promise.

    Source: ContainerProperties, AWS Batch API reference, names no order of precedence within one list.
    """
    for container in containers(document):
        names: set[str] = set()
        for path, entry in environment_entries(container):
            name = text_at(entry, "name")
            if name and name in names:
                message = f"{quote(name)} stands twice in {container.environment_key}; take one of them away."
                yield Problem(join_pointer(*path), message, fix=({"op": "remove", "path": join_pointer(*path)},))
            names.add(name)


@rule("names.tag-of-aws")
def no_aws_tags(document: Document) -> Iterator[Problem]:
    """Keys and values of tags that begin with aws: are AWS's own.

    Source: “Tag restrictions”, AWS Batch User Guide.
    """
    for key, value in object_at(document, "tags").items():
        here = join_pointer("tags", key)
        if key[:4].casefold() == "aws:":
            message = f"The tag {quote(key)} begins with aws:, which is AWS's own; name it differently."
            yield Problem(here, message)
        elif isinstance(value, str) and value[:4].casefold() == "aws:":
            message = f"The value of the tag {quote(key)} begins with aws:, which is AWS's own; give another."
            yield Problem(here, message)


@rule("names.tag-of-portal", WARNING)
def no_portal_tags(document: Document) -> Iterator[Problem]:
    """Tags that begin with portal: are the portal's own: by them it finds its jobs again, and it writes them itself.

    Source: the portal.
    """
    for key in object_at(document, "tags"):
        if key.startswith(PORTAL_TAG_PREFIX):
            here = join_pointer("tags", key)
            message = f"The tag {quote(key)} is one of the portal's own, which writes it itself; take it away."
            yield Problem(here, message, fix=({"op": "remove", "path": here},))


@rule("names.tag-characters", WARNING)
def tags_have_safe_characters(document: Document) -> Iterator[Problem]:
    """Tags are made of letters, digits, blanks and + - = . _ : / @, which every service of AWS takes.

    Source: “Tag restrictions”, AWS Batch User Guide.
    """
    for key, value in object_at(document, "tags").items():
        if not _TAG_TEXT.fullmatch(key) or (isinstance(value, str) and not _TAG_TEXT.fullmatch(value)):
            message = (
                f"The tag {quote(key)} has characters that not every service of AWS takes in tags; "
                "letters, digits, blanks and + - = . _ : / @ are safe."
            )
            yield Problem(join_pointer("tags", key), message)


@rule("names.too-many-tags")
def tag_count_within_limit(document: Document) -> Iterator[Problem]:
    """A job has 50 tags at most, of which the portal may write six.

    Source: “Tag restrictions”, AWS Batch User Guide.
    """
    keys = user_tag_keys(document)
    limit = MAX_TAGS - MAX_PORTAL_TAGS
    if len(keys) > limit:
        message = (
            f"The job has {len(keys)} tags; {limit} are the most, because AWS Batch takes {MAX_TAGS} "
            f"and the portal adds {MAX_PORTAL_TAGS} of its own."
        )
        yield Problem("/tags", message)


def user_tag_keys(document: Document) -> set[str]:
    """Return the keys of the tags that are not the portal's."""
    return {key for key in object_at(document, "tags") if not key.startswith(PORTAL_TAG_PREFIX)}


VARIABLE_RULES = (no_batch_variables, no_portal_variables, variables_have_names, variable_names_are_unique)
TAG_RULES = (no_aws_tags, no_portal_tags, tags_have_safe_characters)
