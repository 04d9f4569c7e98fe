"""Fills in the tags that nobody wrote, before a document is judged, and says so."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from jobs.intake.resolution import Target
from jobs.policy.grants import Grants
from jobs.policy.tags import PORTAL, Filled, fill
from jobs.spec.documents import Document, Kind, is_object, list_at
from jobs.spec.problems import Change, cut, join
from jobs.spec.reading import Reading


def filled_in(reading: Reading, targets: Sequence[Target], grants: Grants) -> Reading:
    """The reading with the tags that the team's rules fill in. The text stays as it was written."""
    if reading.kind is Kind.DEFINITION or not grants.tags:
        return reading
    steps = list_at(reading.document, "jobs") if reading.kind is Kind.WORKFLOW else [reading.document]
    filled: dict[Filled, list[str]] = {}  # to where each was put
    whole: list[Document] = []
    for step, target in zip(steps, targets, strict=True):
        definition = target.revision.document if target.revision else {}
        new = list(fill(step, definition, grants.tags, grants.team)) if is_object(step) else []
        whole.append(_with_tags(step, new) if new else step)
        for tag in new:
            filled.setdefault(tag, []).append(target.pointer + join("tags", tag.key))
    if not filled:
        return reading
    document = {**reading.document, "jobs": whole} if reading.kind is Kind.WORKFLOW else whole[0]
    changes = [_told(tag, places) for tag, places in filled.items()]
    return replace(reading, document=document, changes=(*reading.changes, *changes))


def _with_tags(step: Document, new: Iterable[Filled]) -> Document:
    return {**step, "tags": {**step.get("tags", {}), **{tag.key: tag.value for tag in new}}}


def _told(tag: Filled, places: Sequence[str]) -> Change:
    where = f" ({len(places)} jobs)" if len(places) > 1 else ""
    message = f"{cut(tag.key)} was filled in by {tag.by}: {cut(tag.value)}{where}"
    return Change(places[0], message, by="portal" if tag.by == PORTAL else "team")
