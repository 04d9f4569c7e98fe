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
    """Names of environment variables that begin with AWS_BATCH are reserved for AWS Batch.

    Source: ContainerProperties and KeyValuePair, AWS Batch API reference.
    """
    for container in containers(document):
        for path, entry in environment_entries(container):
            name = text_at(entry, "name")
            if name.upper().startswith("AWS_BATCH"):
                message = f"Names that begin with AWS_BATCH are reserved for AWS Batch. Rename {quote(name)}."
                yield Problem(join_pointer(*path, "name"), message)


@rule("names.variable-of-portal")
def no_portal_variables(document: Document) -> Iterator[Problem]:
    """Names of environment variables that begin with PORTAL_ are reserved for the portal.

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
    """An environment variable needs a name.

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
                message = "This environment variable has neither a name nor a value; remove it."
                yield Problem(here, message, fix=({"op": "remove", "path": here},))


@rule("names.variable-twice", WARNING)
def variable_names_are_unique(document: Document) -> Iterator[Problem]:
    """An environment variable is in one list twice; which value the program gets is undefined.

    Source: ContainerProperties, AWS Batch API reference, names no order of precedence within one list.
    """
    for container in containers(document):
        names: set[str] = set()
        for path, entry in environment_entries(container):
            name = text_at(entry, "name")
            if name and name in names:
                message = f"{quote(name)} is in {container.environment_key} twice; remove one of them."
                yield Problem(join_pointer(*path), message, fix=({"op": "remove", "path": join_pointer(*path)},))
            names.add(name)


@rule("names.tag-of-aws")
def no_aws_tags(document: Document) -> Iterator[Problem]:
    """Tag keys and values that begin with aws: are reserved for AWS.

    Source: “Tag restrictions”, AWS Batch User Guide.
    """
    for key, value in object_at(document, "tags").items():
        here = join_pointer("tags", key)
        if key[:4].casefold() == "aws:":
            message = f"The tag {quote(key)} begins with aws:, which is reserved for AWS. Rename it."
            yield Problem(here, message)
        elif isinstance(value, str) and value[:4].casefold() == "aws:":
            message = (
                f"The value of the tag {quote(key)} begins with aws:, which is reserved for AWS. Use another value."
            )
            yield Problem(here, message)


@rule("names.tag-of-portal", WARNING)
def no_portal_tags(document: Document) -> Iterator[Problem]:
    """Tags that begin with portal: are reserved for the portal, which sets them to find its jobs.

    Source: the portal.
    """
    for key in object_at(document, "tags"):
        if key.startswith(PORTAL_TAG_PREFIX):
            here = join_pointer("tags", key)
            message = f"The tag {quote(key)} is set by the portal; remove it."
            yield Problem(here, message, fix=({"op": "remove", "path": here},))


@rule("names.tag-characters", WARNING)
def tags_have_safe_characters(document: Document) -> Iterator[Problem]:
    """Tags should have only letters, digits, spaces and + - = . _ : / @, which every AWS service accepts.

    Source: “Tag restrictions”, AWS Batch User Guide.
    """
    for key, value in object_at(document, "tags").items():
        if not _TAG_TEXT.fullmatch(key) or (isinstance(value, str) and not _TAG_TEXT.fullmatch(value)):
            message = (
                f"The tag {quote(key)} has characters that not every AWS service "
                "accepts; use letters, digits, spaces and + - = . _ : / @."
            )
            yield Problem(join_pointer("tags", key), message)


@rule("names.too-many-tags")
def tag_count_within_limit(document: Document) -> Iterator[Problem]:
    """A job can have at most 50 tags, of which the portal may set six.

    Source: “Tag restrictions”, AWS Batch User Guide.
    """
    keys = user_tag_keys(document)
    limit = MAX_TAGS - MAX_PORTAL_TAGS
    if len(keys) > limit:
        message = (
            f"The job has {len(keys)} tags; the limit is {limit}, because AWS Batch accepts "
            f"{MAX_TAGS} and the portal adds {MAX_PORTAL_TAGS}."
        )
        yield Problem("/tags", message)


def user_tag_keys(document: Document) -> set[str]:
    """Return the keys of the tags that are not the portal's."""
    return {key for key in object_at(document, "tags") if not key.startswith(PORTAL_TAG_PREFIX)}


VARIABLE_RULES = (no_batch_variables, no_portal_variables, variables_have_names, variable_names_are_unique)
TAG_RULES = (no_aws_tags, no_portal_tags, tags_have_safe_characters)
