"""The rules of a job definition (RegisterJobDefinition)."""

from collections.abc import Callable, Iterator

from jobs.spec import names, retries, schema, sizes
from jobs.spec.documents import Document, Kind, members_named
from jobs.spec.problems import Problem, join, listed

_BLOCKS = {
    "container": ("containerProperties", "ecsProperties", "eksProperties"),
    "multinode": ("nodeProperties",),
}


def problems(document: Document) -> list[Problem]:
    """Everything that is wrong with a definition, by its schema and by these rules."""
    found = list(schema.check(document, Kind.DEFINITION))
    for rule in RULES:
        found.extend(rule(document))
    return found


def one_block_of_properties(document: Document) -> Iterator[Problem]:
    """A definition has the properties of its type, and only one sort of them (JobDefinition, API reference)."""
    kind = document.get("type")
    if not isinstance(kind, str) or kind not in _BLOCKS:
        return
    allowed = _BLOCKS[kind]
    present = [key for blocks in _BLOCKS.values() for key in blocks if key in document]
    fitting = [key for key in present if key in allowed]
    if not fitting:
        yield Problem(
            "", f"A definition of type {kind} needs {listed(allowed, word='or')}.", rule="definition.properties"
        )
    for key in present:
        if key not in allowed:
            message = f"{key} does not go with type {kind}, which takes {listed(allowed, word='or')}."
            yield Problem(join(key), message, rule="definition.properties")
    for key in fitting[1:]:
        message = f"{key} does not go together with {fitting[0]}; keep one of them."
        yield Problem(join(key), message, rule="definition.properties")


def an_image(document: Document) -> Iterator[Problem]:
    """A container needs an image (ContainerProperties, API reference: required for single-node jobs)."""
    for path, container in members_named(document, "containerProperties", "container"):
        if isinstance(container, dict) and "image" not in container:
            message = f"image is missing in {path[-1]}; name the container image to run."
            yield Problem(join(*path), message, rule="definition.no-image")


RULES: tuple[Callable[[Document], Iterator[Problem]], ...] = (
    one_block_of_properties,
    an_image,
    sizes.requirement_values,
    sizes.requirement_twice,
    sizes.legacy_beside_requirement,
    sizes.asks_later,
    retries.rules_need_attempts,
    retries.rules_have_conditions,
    names.variables,
    names.tags,
    sizes.definition_fits,
)
