"""Launch forms of a team, and what became of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from statistics import median
from typing import Any

from django.db.models import Count, F, Max, Min, Q, Window
from django.db.models.functions import RowNumber

from jobs.models import Definition, Job, LaunchForm, LaunchFormVersion, Revision, Submission, Team
from jobs.models.pagination import KeysetPage
from jobs.reports import versioned
from jobs.reports.catalog import RunOutcomes
from jobs.spec.documents import Document, DocumentKind, list_at, text_at
from jobs.spec.launch_forms.fields import LaunchField
from jobs.spec.launch_forms.file_format import LaunchContent, to_file
from jobs.spec.launch_forms.sweep import SWEPT
from jobs.spec.parsing.parser import parse
from jobs.spec.redaction import MASK, redact
from jobs.states import State

PAGE_SIZE = 24
MAX_EARLIER_JOBS = 200
"""Of a definition, from whose differences a form is suggested."""
MAX_DEFINITIONS = 20
"""Of a workflow, whose values a form can ask for."""
SAMPLE_SIZE = 20
"""Newest submissions of a form that count."""


@dataclass(frozen=True)
class FormCard:
    form: LaunchForm
    version: LaunchFormVersion
    outcomes: RunOutcomes

    @property
    def number(self) -> int:
        return self.version.number

    @cached_property
    def fields(self) -> tuple[LaunchField, ...]:
        """Return those that are asked for."""
        return tuple(field for field in self.version.field_list if not field.is_locked)


def form_page(
    team: Team, *, text: str = "", after: str = "", archived: bool = False, limit: int = PAGE_SIZE
) -> KeysetPage[FormCard]:
    """Return forms by name. Raise InvalidPageCursorError."""
    forms = LaunchForm.objects.filter(team=team, archived_at__isnull=not archived)
    versions = LaunchFormVersion.objects.all()
    page = versioned.page_by_name(forms, versions, "form", text=text, after=after, size=limit)
    return page.with_rows(_cards(page.rows))


def cards_by_key(team: Team, keys: Sequence[int]) -> dict[int, FormCard]:
    rows = LaunchForm.objects.filter(team=team, pk__in=keys)
    forms = versioned.with_newest(rows, LaunchFormVersion.objects.all(), "form")
    return {card.form.pk: card for card in _cards(list(forms))}


def _cards(rows: Sequence[Any]) -> list[FormCard]:
    versions = LaunchFormVersion.objects.defer("text").in_bulk([row.newest for row in rows])
    outcomes = form_outcomes([row.pk for row in rows if row.used_at])
    for row in rows:
        versions[row.newest].form = row
    return [FormCard(row, versions[row.newest], outcomes.get(row.pk, RunOutcomes())) for row in rows]


def form_outcomes(keys: Sequence[int]) -> Mapping[int, RunOutcomes]:
    """Return by form how its newest submissions ended, and how long those that succeeded took from start to end."""
    if not keys:
        return {}
    place = Window(RowNumber(), partition_by=[F("form_version__form")], order_by=F("pk").desc())
    newest = (
        Submission.objects.filter(form_version__form__in=keys).annotate(place=place).filter(place__lte=SAMPLE_SIZE)
    )
    forms = dict(newest.values_list("pk", "form_version__form"))
    # As values: with the sample as a subquery, PostgreSQL may read all jobs.
    jobs = Job.objects.current().filter(submission__in=list(forms)).order_by().values("submission")
    rows = jobs.annotate(
        count=Count("pk"),
        succeeded=Count("pk", filter=Q(state=State.SUCCEEDED)),
        failed=Count("pk", filter=Q(state=State.FAILED)),
        start=Min("started_at"),
        end=Max("stopped_at"),
    )
    by_form: dict[int, list[Any]] = {}
    for row in rows:
        by_form.setdefault(forms[row["submission"]], []).append(row)
    return {key: _count_outcomes(sample) for key, sample in by_form.items()}


def _count_outcomes(sample: Sequence[Mapping[str, Any]]) -> RunOutcomes:
    good = [row for row in sample if row["succeeded"] == row["count"]]
    times = [(row["end"] - row["start"]).total_seconds() for row in good if row["start"] and row["end"]]
    return RunOutcomes(
        succeeded=len(good),
        failed=sum(1 for row in sample if row["failed"]),
        median_time=timedelta(seconds=median(times)) if times else None,
    )


def form_file(version: LaunchFormVersion) -> dict[str, Any]:
    """Return a version as a file that can be imported. Secrets are masked."""
    form = version.form
    content = LaunchContent(form.name, "", version.section_list, form.description, tuple(form.labels), version.note)
    return to_file(content, redact(parse(version.text).document), version.number)


def comparable_document(version: LaunchFormVersion) -> Document:
    """Return document and fields as one document, for their differences."""
    return {
        "document": redact(version.document),
        "fields": {
            field.name: {**field.as_json(), "section": section.title}
            for section in version.section_list
            for field in section.fields
        },
    }


def definition_documents(team: Team, document: Document) -> dict[str, Document]:
    """Return the definitions that a job or a workflow names and the team can use, by the names that it uses."""
    steps = list_at(document, "jobs") if "jobs" in document else [document]
    names = list(dict.fromkeys(text_at(step, "jobDefinition") for step in steps))[:MAX_DEFINITIONS]
    documents = {}
    for name in names:
        base, _, number = name.partition(":")
        revisions = Revision.objects.runnable().filter(
            definition__in=Definition.objects.usable_by(team), definition__name=base
        )
        if number.isascii() and number.isdecimal() and len(number) < 7:
            revisions = revisions.filter(number=int(number))
        if revision := revisions.order_by("-number").first():
            documents[name] = revision.document
    return documents


def earlier_documents(submission: Submission) -> list[Document]:
    """Return the requests of the newest jobs of the definition of a job; none for a workflow."""
    job = submission.jobs.order_by("position").first() if submission.kind == DocumentKind.SUBMISSION else None
    if job is None or job.definition_id is None:
        return []
    jobs = Job.objects.filter(team=submission.team_id, definition=job.definition_id).order_by("-pk")
    rows = jobs.values_list("document", "tags")[:MAX_EARLIER_JOBS]
    return [{**document, "tags": tags} for document, tags in rows]


def prefill_values(submission: Submission) -> dict[str, str]:
    """Return the values to start the form with again: those that were asked for, without masked ones."""
    version = submission.form_version
    names = {field.name for field in version.field_list if not field.is_locked} if version else set()
    names -= set((submission.form_values or {}).get(SWEPT, "").split())
    values = submission.ordered_form_values
    return {name: text for name, text in values.items() if name in names and MASK not in text}
