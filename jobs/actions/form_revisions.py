"""Newer revisions of the definitions that a launch form names: what doesn't fit them, and the switch to them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.db import transaction

from jobs.access import Member
from jobs.actions.form_documents import form_document
from jobs.actions.launch_forms import LaunchFormError, create_version, preview_form
from jobs.actions.resolution import DefinitionReference
from jobs.actions.versioned import newest_version
from jobs.models import Definition, LaunchForm, LaunchFormVersion, QueueGrant, Registration, Revision
from jobs.spec.documents import Document
from jobs.spec.launch_forms.file_format import LaunchContent
from jobs.spec.launch_forms.revisions import (
    lost_places,
    named_definitions,
    new_problems,
    with_definitions,
    with_number,
)
from jobs.spec.parsing.parser import parse
from jobs.spec.problems import Problem, join_words
from jobs.spec.substitution import TooLongError
from jobs.spec.template_format import MAX_TEXT_LENGTH


@dataclass(frozen=True)
class NewerRevision:
    name: str
    """What the form's document names: `name`, `name:3` or an ARN."""
    former: Revision | None
    """The pinned one; without a number, the newest when the version was saved. None if a pinned one is unknown."""
    newest: Revision
    is_pinned: bool

    @property
    def pinned_name(self) -> str:
        return with_number(self.name, self.newest.number or 0)


@dataclass(frozen=True)
class RevisionCheck:
    """What the newest version of a form says to newer revisions of its definitions."""

    version: LaunchFormVersion
    revisions: tuple[NewerRevision, ...]
    problems: tuple[Problem, ...]

    @property
    def pinned(self) -> list[NewerRevision]:
        return [revision for revision in self.revisions if revision.is_pinned]


def check_newer_revisions(version: LaunchFormVersion, member: Member) -> RevisionCheck | None:
    """Check the newest version of a form with the newest revisions of its definitions.

    Return None if it has them already, or names no revision and still fits.
    """
    if version.form.archived_at:
        return None
    revisions = newer_revisions(version)
    if not revisions:
        return None
    problems = _problems(version, revisions, member)
    check = RevisionCheck(version, tuple(revisions), problems)
    return check if check.pinned or problems else None


def newer_revisions(version: LaunchFormVersion) -> list[NewerRevision]:
    """Return the definitions of which there is a newer active revision, in document order.

    It is newer than the pinned one; or, if the form names no revision, than those registered when it was saved.
    """
    references = {name: DefinitionReference.parse(name) for name in named_definitions(version.document)}
    rows = _registered_revisions(version.form, [reference.name for reference in references.values()])
    result = []
    for name, reference in references.items():
        revisions = rows.get(reference.name, [])
        # Of a definition in several accounts, the queue decides which one runs.
        if len({revision.definition_id for revision in revisions}) != 1:
            continue
        newest = next((revision for revision in revisions if revision.is_runnable), None)
        if reference.number is None:
            former = next((revision for revision in revisions if _is_before(revision, version)), None)
            number = former.number if former else None
        else:
            number = reference.number
            former = next((revision for revision in revisions if revision.number == number), None)
        if newest and newest.number and number and newest.number > number:
            result.append(NewerRevision(name, former, newest, reference.number is not None))
    return result


def use_newer_revisions(
    form: LaunchForm, member: Member, *, number: int, names: Sequence[str]
) -> tuple[LaunchFormVersion, bool]:
    """Save version `number` of a form with the newest revisions, and return the new version.

    `names`: the definitions with the revisions that the person was shown. Raise LaunchFormError, also if these or the
    form are other ones now.
    """
    with transaction.atomic():
        form = LaunchForm.objects.select_for_update().get(pk=form.pk)
        version = newest_version(form.versions)
        if version is None:
            raise _changed(form)
        version.form = form
        pinned = [revision for revision in newer_revisions(version) if revision.is_pinned]
        if version.number != number or not pinned or [revision.pinned_name for revision in pinned] != list(names):
            raise _changed(form)
        document = with_definitions(
            form_document(version), {revision.name: revision.pinned_name for revision in pinned}
        )
        content = LaunchContent(
            form.name,
            json.dumps(document, indent=2, ensure_ascii=False) + "\n",
            version.section_list,
            form.description,
            tuple(form.labels),
            _reason(pinned),
        )
        return create_version(form, member, content)


def _changed(form: LaunchForm) -> LaunchFormError:
    message = f"{form.name} or its definition has changed meanwhile. Nothing was saved. Check the revisions again."
    return LaunchFormError([Problem("", message, rule="form.changed")])


def _reason(revisions: Sequence[NewerRevision]) -> str:
    parts = [f"revision {revision.newest.number} of {revision.newest.definition.name}" for revision in revisions]
    reason = f"Use {join_words(parts)}"
    return reason if len(reason) <= MAX_TEXT_LENGTH else f"Use the newest revisions of {len(parts)} definitions"


def _registered_revisions(form: LaunchForm, names: Sequence[str]) -> Mapping[str, list[Revision]]:
    """Return by name the revisions that the team can use with its queues, newest first, without their documents."""
    if not names:
        return {}
    accounts = QueueGrant.objects.filter(team=form.team).values("queue__account")
    definitions = Definition.objects.usable_by(form.team).active().filter(account__in=accounts, name__in=names)
    revisions = Revision.objects.filter(definition__in=definitions, registration=Registration.REGISTERED)
    rows: dict[str, list[Revision]] = {}
    for revision in revisions.select_related("definition").defer("document").order_by("-number"):
        rows.setdefault(revision.definition.name, []).append(revision)
    return rows


def _is_before(revision: Revision, version: LaunchFormVersion) -> bool:
    return (revision.registered_at or revision.created_at) <= version.created_at


def _problems(version: LaunchFormVersion, revisions: Sequence[NewerRevision], member: Member) -> tuple[Problem, ...]:
    keys = {row.pk for revision in revisions for row in (revision.former, revision.newest) if row}
    documents = dict(Revision.objects.filter(pk__in=keys).values_list("pk", "document"))
    before = {revision.name: documents[revision.former.pk] for revision in revisions if revision.former}
    after = {revision.name: documents[revision.newest.pk] for revision in revisions}
    former_names = {
        revision.name: with_number(revision.name, revision.former.number)
        for revision in revisions
        if revision.former and revision.former.number
    }
    try:
        problems_before = _preview(version, former_names, member)
        problems_after = _preview(version, {revision.name: revision.pinned_name for revision in revisions}, member)
    except TooLongError as error:
        return (Problem("", str(error), rule="form.too-long"),)
    return new_problems(problems_before, problems_after, lost_places(version.document, before, after))


def _preview(version: LaunchFormVersion, names: Mapping[str, str], member: Member) -> tuple[Problem, ...]:
    reading = parse(version.text)
    document: Document = with_definitions(reading.document, names)
    content = LaunchContent(version.form.name, "", version.section_list)
    return preview_form(content, replace(reading, document=document), member).problems
