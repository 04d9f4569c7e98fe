"""The rules of a job definition (RegisterJobDefinition)."""

from collections.abc import Callable, Iterator
from itertools import chain

from jobs.spec import placeholders
from jobs.spec.containers import tasks
from jobs.spec.documents import Document, DocumentKind
from jobs.spec.problems import Fix, Problem, join_pointer, join_words
from jobs.spec.rules import (
    command,
    container_dependencies,
    described_values,
    images,
    linux_settings,
    managed_instances,
    multinode_ecs_eks,
    platform,
    problem_limit,
    required_size,
    reserved_names,
    retries,
    roles,
    secrets,
    sizes,
    volumes,
    windows,
)
from jobs.spec.rules.registry import rule
from jobs.spec.schema import botocore_schema

_BLOCKS = {
    "container": ("containerProperties", "ecsProperties", "eksProperties"),
    "multinode": ("nodeProperties",),
}


def check_definition(document: Document) -> list[Problem]:
    rules = chain.from_iterable(check(document) for check in RULES)
    return list(
        problem_limit.limit_problems(chain(botocore_schema.check_schema(document, DocumentKind.DEFINITION), rules))
    )


@rule("definition.properties")
def one_block_of_properties(document: Document) -> Iterator[Problem]:
    """A definition has the properties of its type, and only one kind of them.

    Type container takes containerProperties, ecsProperties or eksProperties; type multinode takes nodeProperties.
    Source: JobDefinition, AWS Batch API reference.
    """
    kind = document.get("type")
    if not isinstance(kind, str) or kind not in _BLOCKS:
        return
    allowed = _BLOCKS[kind]
    present = [key for blocks in _BLOCKS.values() for key in blocks if key in document]
    matching = [key for key in present if key in allowed]
    if not matching:
        yield Problem("", f"A definition of type {kind} needs {join_words(allowed, conjunction='or')}.")
    for key in present:
        if key not in allowed:
            message = f"{key} is not allowed with type {kind}, which allows {join_words(allowed, conjunction='or')}."
            fix = _type_fix(key) if present == [key] else ()
            yield Problem(join_pointer(key), message, fix=_removal_of_empty(document, key) or fix)
    for key in matching[1:]:
        message = f"{key} and {matching[0]} exclude each other; keep one of them."
        yield Problem(join_pointer(key), message, fix=_removal_of_empty(document, key))


def _type_fix(key: str) -> Fix:
    kind = next(kind for kind, blocks in _BLOCKS.items() if key in blocks)
    return ({"op": "replace", "path": "/type", "value": kind},)


def _removal_of_empty(document: Document, key: str) -> Fix:
    return () if document[key] else ({"op": "remove", "path": join_pointer(key)},)


@rule("definition.no-image")
def image_is_given(document: Document) -> Iterator[Problem]:
    """A container needs an image.

    Source: ContainerProperties, AWS Batch API reference: required for single-node jobs.
    """
    for task in tasks(document):
        if task.type == "container" and "image" not in task.value:
            yield Problem(
                join_pointer(*task.path), f"image is missing in {task.path[-1]}; enter the container image to run."
            )


RULES: tuple[Callable[[Document], Iterator[Problem]], ...] = (
    one_block_of_properties,
    image_is_given,
    *platform.RULES,
    *managed_instances.RULES,
    *windows.RULES,
    *multinode_ecs_eks.RULES,
    *container_dependencies.RULES,
    *described_values.RULES,
    *roles.RULES,
    *linux_settings.RULES,
    *images.RULES,
    *command.RULES,
    *sizes.REQUIREMENT_RULES,
    *required_size.RULES,
    *volumes.RULES,
    *placeholders.SHARED_RULES,
    placeholders.placeholders_have_defaults,
    placeholders.parameters_are_used,
    *retries.RULES,
    *reserved_names.VARIABLE_RULES,
    *reserved_names.TAG_RULES,
    secrets.no_secrets_in_environment,
    secrets.no_masked_values,
    secrets.secrets_have_execution_role,
    secrets.secret_references_are_valid,
    sizes.definition_within_size_limit,
)
