"""Tag rules of a team, and the tags they add."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from jobs.models import TagSource
from jobs.spec import effective
from jobs.spec.documents import Document
from jobs.spec.problems import join_words

PORTAL = "the portal"
"""Source of tags that no team and no person may set otherwise."""


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
