"""Tag rules of a team, and the tags they add."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from jobs.models import TagSource
from jobs.spec import effective
from jobs.spec.documents import Document
from jobs.spec.problems import join_words, quote
from jobs.spec.rules.reserved_names import is_tag_text

PORTAL = "the portal"
"""Source of tags that no team and no person may set otherwise."""
_REGULAR_EXPRESSION = re.compile(r"[\^$\\(){}|]|[.\]]\+|^\.\*")
"""Signs of one: AWS refuses most of these characters in tags."""
_NOT_A_GLOB = (
    "This is a regular expression. Use * for any text, ? for one character and [0-9] for a digit, like CC-[0-9]*."
)
_GLOB_SIGNS = str.maketrans("", "", "*?[]!")


@dataclass(frozen=True)
class TagRequirement:
    key: str
    required: bool = False
    allowed: tuple[str, ...] = ()
    pattern: str = ""
    default: str = ""
    filled_by: str = TagSource.PERSON
    is_for_all_teams: bool = False

    def accepts(self, value: str) -> bool:
        if self.allowed and value not in self.allowed:
            return False
        return not self.pattern or fnmatchcase(value, self.pattern)

    @property
    def description(self) -> str:
        if self.allowed:
            return join_words(self.allowed, conjunction="or")
        return f"of the form {self.pattern}"


@dataclass(frozen=True)
class AppliedTag:
    key: str
    value: str
    source: str


def rule_problems(rule: TagRequirement) -> Iterator[tuple[str, str]]:
    """Yield a field of the rule and what is wrong with it, if no value or not its own values satisfy it."""
    if _REGULAR_EXPRESSION.search(rule.pattern):
        yield "pattern", _NOT_A_GLOB
        return
    if not is_tag_text(rule.pattern.translate(_GLOB_SIGNS)):
        yield "pattern", "AWS refuses such tags. Use only letters, digits, spaces and _.:/=+-@, with *, ? and [0-9]."
        return
    mismatches = [quote(value) for value in rule.allowed if not rule.accepts(value)]
    if mismatches:
        yield "allowed", f"The pattern {rule.pattern} doesn't match {join_words(mismatches, limit=3)}."
    elif rule.default and not rule.accepts(rule.default):
        yield "default", f"The rule refuses its own default. Values must be {rule.description}."


def tag_requirements(rules: Iterable[Mapping[str, Any]]) -> tuple[TagRequirement, ...]:
    by_key = {
        rule["key"]: TagRequirement(
            key=rule["key"],
            required=bool(rule["required"]),
            allowed=tuple(map(str, _json_list(rule["allowed"]))),
            pattern=rule["pattern"],
            default=rule["default"],
            filled_by=rule["filled_by"],
            is_for_all_teams=rule["team_id"] is None,
        )
        for rule in sorted(rules, key=lambda rule: rule["team_id"] is not None)
    }
    return tuple(by_key[key] for key in sorted(by_key))


def _json_list(value: Any) -> list[Any]:
    """Read what PostgreSQL nests in the row's JSON, and SQLite quotes there."""
    values: list[Any] = json.loads(value) if isinstance(value, str) else value
    return values


def tags_to_apply(
    document: Document, definition: Document, requirements: tuple[TagRequirement, ...], team: str
) -> Iterator[AppliedTag]:
    """Yield the team's tags where the documents have none, the portal's always."""
    own_tags = document.get("tags", {})
    if not isinstance(own_tags, dict):
        return  # the schema reports what is wrong with it
    tags: Mapping[str, str] = effective.merge_tags(definition, document)
    for requirement in requirements:
        if (
            requirement.filled_by == TagSource.PORTAL
            and requirement.key not in own_tags
            and tags.get(requirement.key) != requirement.default
        ):
            yield AppliedTag(requirement.key, requirement.default, PORTAL)
        elif requirement.filled_by == TagSource.TEAM and requirement.default and requirement.key not in tags:
            yield AppliedTag(requirement.key, requirement.default, team)
