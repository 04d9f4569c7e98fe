"""What differs between a job that was and the form in which it runs again, in sentences."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from jobs.models import Revision
from jobs.spec.difference import Difference, Sort, differences
from jobs.spec.documents import Document, Kind, text_at
from jobs.spec.normal import normalise
from jobs.web import secrets
from jobs.web.builder.rerun import Again

MOST = 30
_WORDS = {Sort.ADDED: "is new", Sort.REMOVED: "is gone", Sort.CHANGED: "has another value"}


@dataclass(frozen=True)
class Compared:
    """The job then against the form now, and its definition then against the revision that would run."""

    again: Again
    job: tuple[str, ...]
    definition: tuple[str, ...]
    now: Revision | None
    left_off: int = 0


def compared(again: Again | None, document: Document, revision: Revision | None) -> Compared | None:
    if again is None:
        return None
    then = {**again.asked, "jobDefinition": again.job.revision.pinned}
    now = {**document, "jobDefinition": revision.pinned} if revision else document
    job = list(_told(differences(normalise(then, Kind.SUBMISSION), normalise(now, Kind.SUBMISSION))))
    definition: list[str] = []
    if revision and revision.pk != again.job.revision_id:
        both = (normalise(each.document, Kind.DEFINITION) for each in (again.job.revision, revision))
        definition = list(_told(differences(*both)))
    left_off = max(0, len(job) - MOST) + max(0, len(definition) - MOST)
    return Compared(again, tuple(job[:MOST]), tuple(definition[:MOST]), revision, left_off)


def _told(found: Iterable[Difference]) -> Iterator[str]:
    """Sentences that say no value of a variable whose name looks secret."""
    for each in found:
        entry = each.after if isinstance(each.after, dict) else each.before
        name = text_at(entry, "name") if isinstance(entry, dict) else ""
        yield f"{name} {_WORDS[each.kind]}." if name and secrets.looks_secret(name) else each.sentence
