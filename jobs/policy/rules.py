"""Policy rules: pure functions that compare a request with the team's grants."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from jobs.causes import CAUSES, Cause
from jobs.models import Feature, FormsOnly, Role, TagSource
from jobs.policy.capabilities import IMAGE, ROLE, UNKNOWN_FIELD
from jobs.policy.grants import QueueLimits, TeamGrants
from jobs.policy.images import image_matches
from jobs.policy.requests import DefinitionRequest, JobRequest, ResourceRequest
from jobs.spec.forms.units import format_seconds
from jobs.spec.job_size import GPU, MEMORY, VCPU, format_amount
from jobs.spec.problems import Severity, join_pointer, join_words, quote, truncate
from jobs.spec.rules.reserved_names import PORTAL_TAG_PREFIX

_FEATURES = frozenset(Feature.values) - {Feature.UNTAGGED_COSTS}  # it has a rule of its own


@dataclass(frozen=True)
class Violation:
    rule: str
    pointer: str
    message: str
    severity: Severity = Severity.ERROR
    fix: tuple[Mapping[str, Any], ...] = ()


# -- Definitions and jobs


def team_is_active(_: ResourceRequest, grants: TeamGrants) -> Iterator[Violation]:
    if not grants.active:
        yield Violation(
            "policy.team-inactive", "", f"Team {grants.team} is inactive and can't submit or register anything."
        )


def roles_are_granted(request: ResourceRequest, grants: TeamGrants) -> Iterator[Violation]:
    """Require a grant: a role is the job's access to the rest of AWS."""
    for use in request.uses:
        role = use.value if isinstance(use.value, str) else ""
        if use.capability == ROLE and not any(_matches_pattern(pattern, role) for pattern in grants.roles):
            yield Violation(
                "policy.role-not-granted",
                use.pointer,
                f"The role {quote(role)} ({use.name}) is not granted to {grants.team}. Ask an administrator to "
                "grant it.",
            )


def images_are_granted(request: ResourceRequest, grants: TeamGrants) -> Iterator[Violation]:
    for use in request.uses:
        image = use.value if isinstance(use.value, str) else ""
        if use.capability == IMAGE and not any(image_matches(pattern, image) for pattern in grants.images):
            yield Violation(
                "policy.image-not-granted",
                use.pointer,
                f"The image {quote(image)} is not granted to {grants.team}. Ask an administrator to grant it "
                "or its registry.",
            )


def features_are_granted(request: ResourceRequest, grants: TeamGrants) -> Iterator[Violation]:
    for use in request.uses:
        if use.capability in _FEATURES and use.capability not in grants.features:
            label = Feature(use.capability).label
            yield Violation(
                f"policy.{use.capability.replace('_', '-')}-not-granted",
                use.pointer,
                f"{truncate(use.name)} needs the feature “{label}”, which is not granted to {grants.team}. "
                "Ask an administrator to grant it.",
            )


def tags_are_propagated(request: ResourceRequest, grants: TeamGrants) -> Iterator[Violation]:
    """Require a grant for propagateTags false, which keeps tags off AWS's bill."""
    if Feature.UNTAGGED_COSTS in grants.features:
        return
    for use in request.uses:
        if use.capability == Feature.UNTAGGED_COSTS:
            inherited = use.pointer == "/jobDefinition"
            fix = {"op": "add", "value": True} if inherited else {"op": "replace", "value": True}
            yield Violation(
                "policy.untagged-costs-not-granted",
                use.pointer,
                f"{grants.team} can't turn off propagateTags: its costs would have no tags on AWS's bill. "
                + ("Set it to true for this job" if inherited else "Set it to true")
                + ", or ask an administrator to allow it.",
                fix=({**fix, "path": "/propagateTags"},),
            )


def fields_are_known(request: ResourceRequest, grants: TeamGrants) -> Iterator[Violation]:
    for use in request.uses:
        if use.capability == UNKNOWN_FIELD and use.name not in grants.further_fields:
            yield Violation(
                "policy.field-unknown",
                use.pointer,
                f"The portal doesn't support the field {quote(use.name)} yet. Ask an administrator to add it to "
                "the team's Additional AWS Batch fields.",
            )


# -- Definitions


def team_may_register(_: DefinitionRequest, grants: TeamGrants) -> Iterator[Violation]:
    if not grants.may_register:
        yield Violation(
            "policy.may-not-register",
            "",
            f"{grants.team} can use shared definitions, but can't register its own. Ask an administrator to "
            "change this.",
        )


def some_queue_fits(request: DefinitionRequest, grants: TeamGrants) -> Iterator[Violation]:
    exceeded = [list(_exceeded_limits(request, limits)) for limits in grants.queues.values()]
    if exceeded and all(exceeded):
        resource, _, _, limit = exceeded[0][0]
        yield Violation(
            "policy.no-queue-takes-it",
            "",
            f"No queue of {grants.team} accepts a job of this size (at most {format_amount(resource, limit)}).",
            Severity.WARNING,
        )


# -- Jobs


def queue_is_granted(request: JobRequest, grants: TeamGrants) -> Iterator[Violation]:
    if request.queue_id not in grants.queues:
        yield Violation(
            "policy.queue-not-granted",
            "/jobQueue",
            f"Queue {request.queue_name} is not granted to {grants.team}. Ask an administrator to grant it.",
        )


def queue_is_open(request: JobRequest, _: TeamGrants) -> Iterator[Violation]:
    if not request.queue_open:
        yield Violation(
            "policy.queue-closed",
            "/jobQueue",
            f"Queue {request.queue_name} accepts no jobs at the moment: it is disabled, invalid or deleted in AWS. "
            f"{CAUSES[Cause.QUEUE_DISABLED].next_step}",
        )


def definition_is_shared(request: JobRequest, grants: TeamGrants) -> Iterator[Violation]:
    if not grants.may_register and not request.definition_shared:
        yield Violation(
            "policy.definition-not-shared",
            "/jobDefinition",
            f"{grants.team} can use only shared definitions, and {request.definition} is not shared.",
        )


def size_is_within_limits(request: JobRequest, grants: TeamGrants) -> Iterator[Violation]:
    nodes = f" on its {request.size.nodes} nodes in total" if request.size.nodes > 1 else ""
    for resource, rule, amount, limit in _exceeded_limits(request, _limits(request, grants)):
        yield Violation(
            f"policy.{rule}",
            request.size_pointer,
            f"The job asks for {format_amount(resource, amount)}{nodes}; "
            f"{grants.team} can use at most {format_amount(resource, limit)} in {request.queue_name}.",
        )


def size_is_known(request: JobRequest, grants: TeamGrants) -> Iterator[Violation]:
    limits_by_reason: dict[str, list[str]] = {}
    for resource, limit in _size_limits(_limits(request, grants)):
        if reason := request.size.why_unknown(resource):
            limits_by_reason.setdefault(reason, []).append(format_amount(resource, limit))
    for reason, limits in limits_by_reason.items() if request.definition else ():
        yield Violation(
            "policy.size-unknown",
            request.size_pointer,
            f"{grants.team} can use at most {join_words(limits)} in {request.queue_name}, but the "
            f"resources of the job are unknown. {reason}",
        )


def array_size_is_within_limit(request: JobRequest, grants: TeamGrants) -> Iterator[Violation]:
    limit = _limits(request, grants).array_size
    if limit is not None and request.array_size > limit:
        yield Violation(
            "policy.array-too-large",
            "/arrayProperties/size",
            f"The array has {request.array_size:,} child jobs; "
            f"{grants.team} can have at most {limit:,} in {request.queue_name}.",
        )


def time_limit_is_within_limit(request: JobRequest, grants: TeamGrants) -> Iterator[Violation]:
    limit = _limits(request, grants).run_seconds
    if limit is None or 0 < request.run_seconds <= limit:
        return
    fix = ({"op": "add", "path": "/timeout", "value": {"attemptDurationSeconds": limit}},)
    limit_text = f"{grants.team} can run jobs in {request.queue_name} for at most {format_seconds(limit)}"
    if request.run_seconds:
        message = f"The time limit is {format_seconds(request.run_seconds)}. {limit_text}. Shorten it."
        yield Violation("policy.runs-too-long", "/timeout", message, fix=fix)
    else:
        message = f"The job has no time limit. {limit_text}. Set a time limit."
        yield Violation("policy.no-time-limit", "/timeout", message, fix=fix)


# -- Tags


def portal_tags_are_reserved(request: ResourceRequest, _: TeamGrants) -> Iterator[Violation]:
    """Refuse tags by which the portal finds its jobs again, and the bill their people."""
    for key in request.own_tags:
        if key.casefold().startswith(PORTAL_TAG_PREFIX):
            pointer = join_pointer("tags", key)
            message = f"Tags that begin with {PORTAL_TAG_PREFIX} are reserved for the portal; remove {quote(key)}."
            yield Violation("policy.tag-of-portal", pointer, message, fix=({"op": "remove", "path": pointer},))


def required_tags_are_set(request: JobRequest, grants: TeamGrants) -> Iterator[Violation]:
    for requirement in grants.tags:
        if requirement.required and not request.tags.get(requirement.key):
            yield Violation(
                "policy.tag-missing",
                "/tags",
                f"The tag {quote(requirement.key)} is missing; {grants.team} requires it.",
                fix=_tag_fix(request, requirement.key, requirement.default),
            )


def tag_values_are_allowed(request: JobRequest, grants: TeamGrants) -> Iterator[Violation]:
    for requirement in grants.tags:
        value = request.tags.get(requirement.key)
        if not value:
            continue
        pointer = join_pointer("tags", requirement.key) if requirement.key in request.own_tags else "/jobDefinition"
        if requirement.filled_by == TagSource.PORTAL and value != requirement.default:
            message = (
                f"The portal sets the tag {quote(requirement.key)}; its value must be {quote(requirement.default)}."
            )
            yield Violation("policy.tag-of-portal", pointer, message)
        elif not requirement.accepts(value):
            message = f"The tag {quote(requirement.key)} must be {requirement.description}; found {quote(value)}."
            yield Violation("policy.tag-value", pointer, message)


def warn_of_untagged_costs(request: JobRequest, grants: TeamGrants) -> Iterator[Violation]:
    if Feature.UNTAGGED_COSTS in grants.features and any(
        use.capability == Feature.UNTAGGED_COSTS for use in request.uses
    ):
        yield Violation(
            "policy.tags-stay-behind",
            "/propagateTags",
            "With propagateTags false, the tags do not appear on AWS's bill.",
            Severity.WARNING,
        )


CommonRule = Callable[[ResourceRequest, TeamGrants], Iterator[Violation]]
DefinitionRule = Callable[[DefinitionRequest, TeamGrants], Iterator[Violation]]
JobRule = Callable[[JobRequest, TeamGrants], Iterator[Violation]]

COMMON_RULES: tuple[CommonRule, ...] = (
    team_is_active,
    roles_are_granted,
    images_are_granted,
    features_are_granted,
    tags_are_propagated,
    fields_are_known,
)
DEFINITION_RULES: tuple[DefinitionRule, ...] = (team_may_register, some_queue_fits)
JOB_RULES: tuple[JobRule, ...] = (
    queue_is_granted,
    queue_is_open,
    definition_is_shared,
    size_is_within_limits,
    size_is_known,
    array_size_is_within_limit,
    time_limit_is_within_limit,
)
COMMON_TAG_RULES: tuple[CommonRule, ...] = (portal_tags_are_reserved,)
JOB_TAG_RULES: tuple[JobRule, ...] = (required_tags_are_set, tag_values_are_allowed, warn_of_untagged_costs)


def job_violations(request: JobRequest, grants: TeamGrants) -> list[Violation]:
    rules: tuple[JobRule, ...] = (*COMMON_RULES, *JOB_RULES, *COMMON_TAG_RULES, *JOB_TAG_RULES)
    return [violation for rule in rules for violation in rule(request, grants)]


def job_violations_now(request: JobRequest, grants: TeamGrants) -> list[Violation]:
    """Apply today's grants to an accepted job. Tag rules are for new jobs only."""
    rules: tuple[JobRule, ...] = (*COMMON_RULES, *JOB_RULES)
    return [violation for rule in rules for violation in rule(request, grants)]


def free_submission_violations(request: JobRequest, grants: TeamGrants, role: str) -> list[Violation]:
    """Refuse a document that no launch form has made, where the role may only use forms."""
    if not is_forms_only(_limits(request, grants).forms_only, role):
        return []
    people = "leads" if role == Role.LEAD else "analysts"
    message = (
        f"In {grants.team}, {people} submit to {request.queue_name} with launch forms only. Run one under "
        "Catalog, Launch forms."
    )
    return [Violation("policy.launch-forms-only", "/jobQueue", message)]


def is_forms_only(setting: str, role: str) -> bool:
    return setting == FormsOnly.ALL if role == Role.LEAD else role == Role.ANALYST and bool(setting)


def definition_violations_now(request: DefinitionRequest, grants: TeamGrants) -> list[Violation]:
    return [violation for violation in definition_violations(request, grants) if violation.severity is Severity.ERROR]


def definition_violations(request: DefinitionRequest, grants: TeamGrants) -> list[Violation]:
    rules: tuple[DefinitionRule, ...] = (*COMMON_RULES, *DEFINITION_RULES, *COMMON_TAG_RULES)
    return [violation for rule in rules for violation in rule(request, grants)]


def _tag_fix(request: JobRequest, key: str, value: str) -> tuple[Mapping[str, Any], ...]:
    if not value:
        return ()
    if request.own_tags:
        return ({"op": "add", "path": join_pointer("tags", key), "value": value},)
    return ({"op": "add", "path": "/tags", "value": {key: value}},)


def _matches_pattern(pattern: str, text: str) -> bool:
    return text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern


def _limits(request: JobRequest, grants: TeamGrants) -> QueueLimits:
    return grants.queues.get(request.queue_id, QueueLimits())


def _exceeded_limits(request: ResourceRequest, limits: QueueLimits) -> Iterator[tuple[str, str, Decimal | int, int]]:
    amounts: dict[str, tuple[str, Decimal | int]] = {
        VCPU: ("too-many-vcpus", request.size.vcpus),
        MEMORY: ("too-much-memory", request.size.memory_mib),
        GPU: ("too-many-gpus", request.size.gpus),
    }
    for resource, limit in _size_limits(limits):
        rule, amount = amounts[resource]
        if amount > limit:
            yield resource, rule, amount, limit


def _size_limits(limits: QueueLimits) -> Iterator[tuple[str, int]]:
    for resource, limit in ((VCPU, limits.vcpus), (MEMORY, limits.memory_mib), (GPU, limits.gpus)):
        if limit is not None:
            yield resource, limit
