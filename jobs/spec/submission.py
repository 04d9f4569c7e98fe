"""The rules of a submission (SubmitJob), as far as they need no definition."""

from collections.abc import Callable, Iterator

from jobs.spec import dependencies, names, retries, schema, sizes
from jobs.spec.documents import Document, Kind
from jobs.spec.problems import Problem


def problems(document: Document) -> list[Problem]:
    """Everything that is wrong with a submission, by its schema and by these rules."""
    return [*schema.check(document, Kind.SUBMISSION), *own_rules(document), *dependencies.of_a_submission(document)]


def own_rules(document: Document) -> Iterator[Problem]:
    """What the schema cannot say of one SubmitJob call, whether it stands alone or in a workflow."""
    for rule in RULES:
        yield from rule(document)


RULES: tuple[Callable[[Document], Iterator[Problem]], ...] = (
    sizes.requirement_values,
    sizes.requirement_twice,
    sizes.legacy_beside_requirement,
    retries.rules_need_attempts,
    retries.rules_have_conditions,
    names.variables,
    names.tags,
    names.count_of_tags,
    sizes.submission_fits,
)
