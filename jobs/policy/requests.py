"""Requests of a team as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from jobs.models import Feature
from jobs.policy.capabilities import CapabilityUse, capability_uses
from jobs.spec import effective, time_limit
from jobs.spec.command_key import command_key
from jobs.spec.containers import is_eks
from jobs.spec.documents import Document, DocumentKind, is_integer, once_per_document, value_at
from jobs.spec.job_size import JobSize, requested_size, size_override_pointer
from jobs.spec.placement import EnvironmentFacts


@dataclass(frozen=True)
class ResourceRequest:
    uses: tuple[CapabilityUse, ...]
    size: JobSize
    own_tags: Mapping[str, str]  # of the document itself


@dataclass(frozen=True)
class DefinitionRequest(ResourceRequest):
    """A definition to be registered."""


@dataclass(frozen=True)
class JobRequest(ResourceRequest):
    """Uses of its definition have the pointer /jobDefinition."""

    queue_id: int
    queue_name: str
    queue_open: bool
    definition: str
    definition_shared: bool
    size_pointer: str  # where the submission sets its own size, else /jobDefinition
    tags: Mapping[str, str]  # including the definition's
    array_size: int  # 0 if not an array
    run_seconds: int  # of one attempt; 0 if unlimited
    attempts: int  # at most
    environments: tuple[EnvironmentFacts, ...] = ()  # of the queue
    command: str = field(default="", compare=False)  # tells runs of one definition apart

    @property
    def runs(self) -> int:
        return max(1, self.array_size)


def build_definition_request(document: Document) -> DefinitionRequest:
    return DefinitionRequest(
        uses=_effective_uses(capability_uses(document, DocumentKind.DEFINITION), document, {}),
        size=requested_size(document, {}),
        own_tags=effective.merge_tags({}, document),
    )


def propagates_tags(definition: Document, submission: Document) -> bool | None:
    """Return whether tags reach the bill; None if neither document sets it."""
    setting = submission.get("propagateTags", definition.get("propagateTags"))
    return setting if isinstance(setting, bool) else None


def _effective_uses(
    uses_made: tuple[CapabilityUse, ...], definition: Document, submission: Document
) -> tuple[CapabilityUse, ...]:
    is_off = propagates_tags(definition, submission) is False and not is_eks(definition)
    is_overridden = isinstance(submission.get("propagateTags"), bool)
    return tuple(
        use
        for use in uses_made
        if use.capability != Feature.UNTAGGED_COSTS
        or (is_off and not (is_overridden and use.pointer == "/jobDefinition"))
    )


def build_job_request(
    document: Document,
    definition: Document,
    *,
    definition_name: str,
    definition_shared: bool,
    queue_id: int,
    queue_name: str,
    queue_open: bool,
    environments: tuple[EnvironmentFacts, ...] = (),
) -> JobRequest:
    return JobRequest(
        uses=_effective_uses(
            (*_inherited_uses(definition), *capability_uses(document, DocumentKind.SUBMISSION)), definition, document
        ),
        size=requested_size(definition, document),
        own_tags=effective.merge_tags({}, document),
        tags=effective.merge_tags(definition, document),
        queue_id=queue_id,
        queue_name=queue_name,
        queue_open=queue_open,
        definition=definition_name,
        definition_shared=definition_shared,
        size_pointer=size_override_pointer(document) or "/jobDefinition",
        array_size=_whole_number(document, "arrayProperties", "size"),
        run_seconds=_whole_number(document, *time_limit.TIMEOUT_PATH)
        or _whole_number(definition, *time_limit.TIMEOUT_PATH),
        attempts=_whole_number(document, *effective.ATTEMPTS_PATH)
        or _whole_number(definition, *effective.ATTEMPTS_PATH)
        or 1,
        environments=environments,
        command=command_key(document),
    )


@once_per_document
def _inherited_uses(definition: Document) -> tuple[CapabilityUse, ...]:
    return tuple(
        CapabilityUse(use.capability, "/jobDefinition", use.name, use.value)
        for use in capability_uses(definition, DocumentKind.DEFINITION)
    )


def _whole_number(document: Mapping[str, object], *path: str) -> int:
    value = value_at(document, *path)
    return value if is_integer(value) else 0
