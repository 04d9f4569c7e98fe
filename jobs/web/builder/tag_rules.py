"""The fields of the tags that a team's rules name."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from jobs.models import TagSource
from jobs.policy.tags import TagRequirement
from jobs.reports.options import Choice
from jobs.web.builder.bound_fields import BoundField, with_current_value


def tag_keys(requirements: Iterable[TagRequirement]) -> tuple[str, ...]:
    """Return required ones first."""
    own = [requirement for requirement in requirements if requirement.filled_by != TagSource.PORTAL]
    return tuple(requirement.key for requirement in sorted(own, key=lambda requirement: not requirement.required))


def portal_tags(requirements: Iterable[TagRequirement]) -> list[tuple[str, str]]:
    return [
        (requirement.key, requirement.default)
        for requirement in requirements
        if requirement.filled_by == TagSource.PORTAL
    ]


def bind_tag_rules(
    fields: Mapping[str, BoundField],
    requirements: Iterable[TagRequirement],
    team: str,
    *,
    definition_tags: Mapping[str, str],
    recent_values: Mapping[str, Sequence[str]],
) -> dict[str, BoundField]:
    by_key = {requirement.key: requirement for requirement in requirements}
    result = dict(fields)
    for name, bound in fields.items():
        requirement = by_key.get(bound.field.label) if bound.is_tag else None
        if requirement:
            result[name] = _bind(
                bound,
                requirement,
                team,
                definition_tags.get(requirement.key, ""),
                recent_values.get(requirement.key, ()),
            )
    return result


def _bind(
    bound: BoundField, requirement: TagRequirement, team: str, definition_value: str, recent: Sequence[str]
) -> BoundField:
    team_default = requirement.default if requirement.filled_by == TagSource.TEAM else ""
    inherited = definition_value or team_default
    choices = [Choice(value, value) for value in requirement.allowed]
    suggestions = [requirement.default, *recent] if requirement.default else recent
    empty_label = f"{inherited} (default)" if inherited else "Choose…" if requirement.required else "Not set"
    return replace(
        bound,
        hint=definition_value,
        note=_note(requirement, team),
        choices=tuple(with_current_value(choices, bound.value)) if choices else (),
        suggestions=() if choices else tuple(dict.fromkeys(suggestions)),
        is_required=requirement.required and not inherited,
        placeholder=team_default,
        empty_label=empty_label,
    )


def _note(requirement: TagRequirement, team: str) -> str:
    """Return “Required by Research. Default: CC-100.”"""
    sentences = []
    if requirement.required:
        sentences.append("Required for all teams." if requirement.is_for_all_teams else f"Required by {team}.")
    if requirement.default:
        word = "Default" if requirement.filled_by == TagSource.TEAM else "Suggested"
        owner = "" if requirement.required else " for all teams" if requirement.is_for_all_teams else f" of {team}"
        sentences.append(f"{word}{owner}: {requirement.default}.")
    if requirement.pattern:
        sentences.append(f"Must match {requirement.pattern}.")
    return " ".join(sentences)
