"""Rules of names reserved by Batch, AWS and the portal."""

import re
import unicodedata
from collections.abc import Iterator

from jobs.spec.containers import containers, environment_entries, secret_entries
from jobs.spec.documents import Document, object_at, text_at
from jobs.spec.problems import Fix, Problem, join_pointer, join_words, quote
from jobs.spec.rules.registry import WARNING, rule

PORTAL_TAG_PREFIX = "portal:"

MAX_PORTAL_TAGS = 6
"""Tags that the portal adds to a job, at most."""

PORTAL_VARIABLE_PREFIX = "PORTAL_"
"""Case-sensitive."""

JOB_ID_VARIABLE = "PORTAL_JOB_ID"
"""Tells a program its job's id in the portal; set at submission."""

PORTAL_VARIABLES = (JOB_ID_VARIABLE,)
"""All that the portal sets."""

MAX_TAGS = 50  # per resource; AWS Batch User Guide, tag restrictions

_TAG_PUNCTUATION = "_.:/=+-@"
_PLAIN_TAG_TEXT = re.compile(r"[A-Za-z0-9 _.:/=+@-]*")


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
        first: dict[str, Document] = {}
        for path, entry in environment_entries(container):
            name = text_at(entry, "name")
            if name and name in first:
                here = join_pointer(*path)
                message = f"{quote(name)} is in {container.environment_key} twice; remove one of them."
                yield Problem(here, message, fix=({"op": "remove", "path": here},) if first[name] == entry else ())
            first.setdefault(name, entry)


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


@rule("names.tag-characters")
def tags_have_allowed_characters(document: Document) -> Iterator[Problem]:
    """Tag keys and values have only letters, digits, spaces and _ . : / = + - @ in any language.

    Source: “Tag restrictions”, AWS Batch User Guide; the response of AWS Batch: “… is not a valid value for
    TagValue - it contains illegal characters”, https://github.com/Netflix/metaflow/issues/1345.
    """
    tags = object_at(document, "tags")
    for key, value in tags.items():
        bad_key, bad_value = not is_tag_text(key), isinstance(value, str) and not is_tag_text(value)
        if not bad_key and not bad_value:
            continue
        text = key if bad_key else value
        what = f"The tag key {quote(key)} has" if bad_key else f"The value of the tag {quote(key)} has"
        characters = join_words(dict.fromkeys(_name_character(c) for c in text if not _is_tag_character(c)), limit=4)
        message = (
            f"{what} characters that AWS refuses in tags: {characters}. Use letters, digits, spaces and _.:/=+-@."
        )
        yield Problem(join_pointer("tags", key), message, fix=_tag_fix(tags, key))


def is_tag_text(text: str) -> bool:
    """Return whether AWS takes the text in a tag, whatever its length."""
    return _PLAIN_TAG_TEXT.fullmatch(text) is not None or all(map(_is_tag_character, text))


def _is_tag_character(character: str) -> bool:
    return character in _TAG_PUNCTUATION or unicodedata.category(character)[0] in "LNZ"


def _name_character(character: str) -> str:
    return character if character.isprintable() else f"U+{ord(character):04X}"


def _tag_fix(tags: Document, key: str) -> Fix:
    value, new_key = tags[key], _clean_tag_text(key)
    new_value = _clean_tag_text(value) if isinstance(value, str) else value
    if not new_key or (value and not new_value) or (new_key != key and new_key in tags):
        return ()
    here = join_pointer("tags", key)
    if new_key == key:
        return ({"op": "replace", "path": here, "value": new_value},)
    target = join_pointer("tags", new_key)
    fix: Fix = ({"op": "move", "from": here, "path": target},)
    return (*fix, {"op": "replace", "path": target, "value": new_value}) if new_value != value else fix


def _clean_tag_text(text: str) -> str:
    if is_tag_text(text):
        return text
    cleaned_text = "".join(character if _is_tag_character(character) else "\0" for character in text).strip("\0 ")
    return re.sub("\0+", "-", cleaned_text)


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
    return {key for key in object_at(document, "tags") if not key.startswith(PORTAL_TAG_PREFIX)}


VARIABLE_RULES = (no_batch_variables, no_portal_variables, variables_have_names, variable_names_are_unique)
TAG_RULES = (no_aws_tags, no_portal_tags, tags_have_allowed_characters)
