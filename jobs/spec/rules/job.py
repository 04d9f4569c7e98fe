"""The rules of a submission (SubmitJob)."""

from collections.abc import Callable, Iterator
from itertools import chain

from jobs.spec import placeholders
from jobs.spec.containers import containers
from jobs.spec.containers import overrides as overridden
from jobs.spec.documents import Document, DocumentKind, FinalDocument, list_at
from jobs.spec.problems import Problem, join_pointer
from jobs.spec.rules import (
    command,
    dependencies,
    images,
    multinode_ecs_eks,
    overrides,
    problem_limit,
    reserved_names,
    retries,
    secrets,
    sizes,
)
from jobs.spec.rules import queue as rule_queue
from jobs.spec.rules.queue import QueueFacts
from jobs.spec.rules.registry import rule
from jobs.spec.schema import botocore_schema


def check_submission(
    document: Document, definition: Document | None = None, queue: QueueFacts | None = None
) -> list[Problem]:
    document = FinalDocument(document)
    definition = FinalDocument.of(definition) if definition is not None else None
    checks = chain(
        botocore_schema.check_schema(document, DocumentKind.SUBMISSION),
        check_job(document),
        dependencies.check_dependencies(document),
        check_job_in_context(document, definition, queue),
    )
    return list(problem_limit.limit_problems(checks))


def check_job(document: Document) -> Iterator[Problem]:
    keys = part_keys(document)
    for needed_keys, checks in RULES:
        if not needed_keys or not keys.isdisjoint(needed_keys):
            for check in checks:
                yield from check(document)


def part_keys(document: Document) -> set[str]:
    """Return the keys of the document and of its containers."""
    return document.keys() | {key for container in containers(document) for key in container.value}


def check_job_in_context(
    document: Document, definition: Document | None, queue: QueueFacts | None
) -> Iterator[Problem]:
    if definition is None:
        yield from sizes.no_legacy_size_in_override(document)
        yield from overrides.overrides_within_length_limit(document, overrides.effective_overrides(document))
    else:
        for check in overrides.RULES:
            yield from check(definition, document)
        effective = overrides.apply_overrides(definition, document)
        yield from placeholders.placeholders_have_values(effective)
        yield from placeholders.values_are_used(document, effective)
        yield from overrides.overrides_within_length_limit(document, effective)
        yield from rule_queue.fair_share_job_has_priority(definition, document, queue)
    yield from rule_queue.priority_needs_share(document, queue)
    if queue is not None:
        for queue_check in rule_queue.RULES:
            yield from queue_check(document, queue)
        if definition is not None:
            yield from rule_queue.queue_has_platform(definition, queue)
            yield from rule_queue.environment_can_run_job(definition, document, queue)


@rule("submission.empty-word")
def command_has_no_empty_words(document: Document) -> Iterator[Problem]:
    """The command of an override can't have empty arguments.

    Source: the response of AWS Batch to an override with an empty string in its command.
    """
    for container in overridden(document):
        for number, word in enumerate(list_at(container.value, "command")):
            if word == "":
                here = join_pointer(*container.path, "command", number)
                message = f"Argument {number + 1} of the command is empty, which AWS Batch refuses; remove it."
                yield Problem(here, message, fix=({"op": "remove", "path": here},))


RULES: tuple[tuple[tuple[str, ...], tuple[Callable[[Document], Iterator[Problem]], ...]], ...] = (
    (("resourceRequirements",), sizes.REQUIREMENT_RULES),
    (("resources",), multinode_ecs_eks.OVERRIDE_RULES),
    (("image",), images.RULES),
    (("command",), (command_has_no_empty_words, *command.RULES)),
    ((), placeholders.SHARED_RULES),
    (("retryStrategy",), retries.RULES),
    (("environment", "env", "secrets"), reserved_names.VARIABLE_RULES),
    (("tags",), (*reserved_names.TAG_RULES, reserved_names.tag_count_within_limit)),
    (("environment", "env"), (secrets.no_secrets_in_environment,)),
    ((), (secrets.no_masked_values, sizes.submission_within_size_limit)),
)
"""Rules by the keys that they are about, of the document or its containers: most steps of a workflow have few."""
