"""The words of jobs, for searches: an FTS5 table on SQLite, a tsvector with a GIN index on PostgreSQL.

A row is written with its job; only an edit before approval replaces it. It has no masked values.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from jobs.models.bulk_insert import bulk_insert
from jobs.models.ids import to_text
from jobs.models.job import Job
from jobs.search.text import GAP, Clause, Phrase, TextQuery, Words, document, pair, word_pairs, words
from jobs.spec.containers import ContainerEntry, overrides
from jobs.spec.documents import Document, list_at, object_at, text_at
from jobs.spec.effective import ContainerContents, ValueSource, container_contents, effective_parameters
from jobs.spec.redaction import redact, redact_value

JobSource = tuple[Job, Document, Mapping[str, str]]
"""A job with its submission, the document of its definition, and its tags."""


class WordsField(models.TextField):  # type: ignore[type-arg]
    """Words in their order; written and searched, never read."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "tsvector" if connection.vendor == "postgresql" else "text"

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> Any:
        return _tsvector(value) if connection.vendor == "postgresql" else " ".join(value)


@WordsField.register_lookup
class Matches(models.Lookup):
    """Whether a job with these words is found, as `jobs.search.text` defines it."""

    lookup_name = "matches"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        column, params = self.process_lhs(compiler, connection)
        if connection.vendor == "postgresql":
            return f"{column} @@ %s::tsquery", (*params, to_tsquery(self.rhs))
        return f"{column} MATCH %s", (*params, to_fts5(self.rhs))


class JobText(models.Model):
    """A migration makes the table, which Django can't."""

    job = models.OneToOneField(
        Job,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="text",
        db_column="rowid",  # the only key of an FTS5 table
        db_constraint=False,
    )
    words = WordsField()

    class Meta:
        managed = False
        db_table = "jobs_jobtext"


def insert_texts(rows: Iterable[JobSource]) -> None:
    """Write the words of new jobs, in the transaction that creates them."""
    insert_words(collect_words(rows))


def collect_words(rows: Iterable[JobSource]) -> list[tuple[int, Words]]:
    """Return the keys of the jobs with their words."""
    redaction = Redaction()
    return [(row[0].pk, job_words(*row, redaction)) for row in rows]


def insert_words(texts: list[tuple[int, Words]]) -> None:
    """Take a list: during its COPY PostgreSQL answers no query of a lazy row."""
    bulk_insert(JobText, ("job", "words"), texts)


class Redaction:
    """Values as they may be shown. Jobs of a workflow share most of them."""

    def __init__(self) -> None:
        self.value = cache(redact_value)
        self.command_words = cache(_command_words)


def job_words(job: Job, definition: Document, tags: Mapping[str, str], redaction: Redaction | None = None) -> Words:
    """Return what a search can find the job by, apart from the columns of its row."""
    redaction = redaction or Redaction()
    containers = container_contents(definition, job.document)
    images = [redaction.value("image", str(container.image.value)) for container in containers if container.image]
    variables = [(name, value, redaction.value(name, value)) for name, value in _variables(containers, job.document)]
    parameters = effective_parameters(definition, job.document)
    return document(
        pairs=[
            (pair("team", value=str(job.team_id)),),
            (pair("source", value=job.submission.source),),
            *(_pairs("tag", name, value, redaction.value(name, value)) for name, value in tags.items()),
            *(_pairs("param", name, value, redaction.value(name, value)) for name, value in parameters.items()),
            *(_pairs("env", *variable) for variable in variables),
            *(word_pairs("image", image) for image in images),
        ],
        texts=[
            (*words(job.name), to_text(job.public_id)),
            *map(words, images),
            *(words(redacted) for _, _, redacted in variables),
            *map(redaction.command_words, _commands(containers, job.document)),
        ],
    )


def _command_words(command: tuple[str, ...]) -> Words:
    return words(" ".join(map(str, redact(command))))


def _pairs(field: str, name: str, value: str, redacted: str) -> Words:
    """Return the word for the name, and that for the value unless something of it is masked."""
    return (pair(field, name), pair(field, name, value)) if redacted == value else (pair(field, name),)


def _variables(containers: Iterable[ContainerContents], submission: Document) -> Iterator[tuple[str, str]]:
    for container in containers:
        for name, item in container.environment.items():
            if item.source is not ValueSource.PORTAL:
                yield name, str(item.value)
    for override in _node_overrides(submission):
        for entry in map(object_at, list_at(override.value, override.environment_key)):
            yield text_at(entry, "name"), text_at(entry, "value")


def _commands(containers: Iterable[ContainerContents], submission: Document) -> Iterator[tuple[str, ...]]:
    for container in containers:
        yield tuple(str(word.value) for word in container.command)
    for override in _node_overrides(submission):
        yield tuple(map(str, list_at(override.value, "command")))


def _node_overrides(submission: Document) -> list[ContainerEntry]:
    """Return the overrides of a multi-node job, which its effective containers leave out."""
    return [override for override in overrides(submission) if override.path[0] == "nodeOverrides"]


def to_tsquery(query: TextQuery) -> str:
    """Return it in the syntax of PostgreSQL's tsquery."""

    def phrase_text(phrase: Phrase) -> str:
        return "(" + " <-> ".join(f"'{word}'" for word in phrase.words) + (":*)" if phrase.is_prefix else ")")

    def clause_text(clause: Clause) -> str:
        return f"{'!' * clause.negated}({' | '.join(map(phrase_text, clause.phrases))})"

    return " & ".join(map(clause_text, query))


def to_fts5(query: TextQuery) -> str:
    """Return it in the syntax of SQLite's FTS5."""

    def any_of(clause: Clause) -> str:
        phrases = (f'"{" ".join(phrase.words)}"{" *" * phrase.is_prefix}' for phrase in clause.phrases)
        return f"({' OR '.join(phrases)})"

    text = " AND ".join(any_of(clause) for clause in query if not clause.negated)
    for clause in query:
        if clause.negated:
            text = f"({text or _ALL_JOBS}) NOT {any_of(clause)}"
    return text


# A gap is in all jobs; what is left out must be left out of something.
_ALL_JOBS = f'"{GAP}"'


def _tsvector(job_words: Words) -> str:
    return " ".join(f"'{word}':{position}" for position, word in enumerate(job_words, start=1) if word != GAP)
