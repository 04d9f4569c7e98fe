"""The problems of single steps of a workflow, remembered: while it is edited, most of its steps stay as they are."""

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from itertools import chain, islice

from jobs.spec.documents import Document, FinalDocument, text_at
from jobs.spec.problems import Problem, join_pointer
from jobs.spec.rules import dependencies, job
from jobs.spec.rules.queue import QueueFacts

MAX_REMEMBERED = 20_000
"""Steps; some megabytes."""
MAX_PROBLEMS_OF_STEP = 20
"""Of a step that is remembered."""

_remembered: dict[bytes, tuple[Problem, ...]] = {}
"""By a digest of the step, its definition and its queue: all that the rules read."""


def check_steps(
    steps: list[Document], definitions: Mapping[str, Document], queues: Mapping[str, QueueFacts]
) -> Iterator[Problem]:
    definitions = {name: FinalDocument.of(definition) for name, definition in definitions.items()}
    contexts = {
        **{("definition", name): repr(definition) for name, definition in definitions.items()},
        **{("queue", name): repr(queue) for name, queue in queues.items()},
    }
    for number, step in enumerate(steps):
        names = ("definition", text_at(step, "jobDefinition")), ("queue", text_at(step, "jobQueue"))
        # repr tells apart what the rules do: 1, 1.0, True and "1".
        content = "\0".join((repr(step), *(contexts.get(name, "") for name in names)))
        key = blake2b(content.encode(errors="surrogatepass"), digest_size=16).digest()
        prefix = join_pointer("jobs", number)
        problems = _remembered.get(key)
        rest: Iterator[Problem] = iter(())
        if problems is None:
            rest = _check_step(step, definitions.get(names[0][1]), queues.get(names[1][1]))
            problems = tuple(islice(rest, MAX_PROBLEMS_OF_STEP + 1))
            if len(problems) <= MAX_PROBLEMS_OF_STEP:
                _remember(key, problems)
        for problem in chain(problems, rest):
            yield problem.with_prefix(prefix)


def _remember(key: bytes, problems: tuple[Problem, ...]) -> None:
    if len(_remembered) >= MAX_REMEMBERED:
        _remembered.clear()
    _remembered[key] = problems


def forget() -> None:
    """Check each step again, as a new process does."""
    _remembered.clear()


def _check_step(step: Document, definition: Document | None, queue: QueueFacts | None) -> Iterator[Problem]:
    step = FinalDocument(step)
    return chain(
        job.check_job(step),
        dependencies.check_dependency_types(step),
        job.check_job_in_context(step, definition, queue),
    )
