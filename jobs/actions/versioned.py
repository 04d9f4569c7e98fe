"""Words, numbers and archiving of rows that have versions: templates and launch forms."""

import hashlib
from collections.abc import Iterator
from typing import Any, TypeVar

from django.db import models, transaction
from django.db.models import Max
from django.utils.timezone import now

from jobs import audit
from jobs.access import Member
from jobs.models.versioned import ItemVersion
from jobs.spec.problems import Problem
from jobs.spec.template_format import MAX_NAME_LENGTH, MAX_TEXT_LENGTH

MAX_VERSIONS = 1_000

Version = TypeVar("Version", bound=ItemVersion)


def check_words(prefix: str, *, name: str, description: str, note: str) -> Iterator[Problem]:
    """Yield problems at `/name`, `/description` and `/note`; `prefix` is that of their rules."""
    if not name.strip():
        yield name_problem(prefix, "Enter a name.")
    elif len(name) > MAX_NAME_LENGTH or not name.isprintable():
        yield name_problem(prefix, f"Use at most {MAX_NAME_LENGTH} characters on one line.")
    yield from check_length(prefix, "description", description)
    yield from check_length(prefix, "note", note)


def check_length(prefix: str, key: str, text: str) -> Iterator[Problem]:
    if len(text) > MAX_TEXT_LENGTH or (text and not text.isprintable()):
        message = f"Use at most {MAX_TEXT_LENGTH} characters on one line."
        yield Problem(f"/{key}", message, rule=f"{prefix}.words")


def name_problem(prefix: str, message: str) -> Problem:
    return Problem("/name", message, rule=f"{prefix}.name")


def next_number(versions: "models.Manager[Any]") -> int | None:
    """Return None if there can't be another. The caller has locked the row that the versions are of."""
    number: int = (versions.aggregate(Max("number"))["number__max"] or 0) + 1
    return number if number <= MAX_VERSIONS else None


def newest_version(versions: "models.Manager[Version]") -> Version | None:
    return versions.order_by("-number").first()


def numbered_version(versions: "models.Manager[Version]", number: int | None) -> Version | None:
    """Return the version of that number, the newest for None."""
    return newest_version(versions) if number is None else versions.filter(number=number).first()


def record_version(target: models.Model, member: Member, version: ItemVersion, kind: str, **facts: object) -> None:
    """Record that a person made a version. `kind` names the item, and `facts` are what only its versions have."""
    audit.record(
        "make",
        person=member.user,
        team=member.team,
        target=target,
        after={
            kind: getattr(version, kind).name,
            "version": version.number,
            **facts,
            "why": version.note,
            "document SHA-256": hashlib.sha256(version.text.encode()).hexdigest(),
        },
    )


def archive(row: models.Model, member: Member) -> bool:
    """Return False if it was archived already."""
    member.require("share")
    with transaction.atomic():
        active = _rows(row).filter(archived_at=None)
        if not active.update(archived_at=now(), archived_by=member.user):
            return False
        audit.record("archive", person=member.user, team=member.team, target=row)
    return True


def restore(row: models.Model, member: Member) -> bool:
    """Return False if it was active already."""
    member.require("share")
    with transaction.atomic():
        archived = _rows(row).filter(archived_at__isnull=False)
        if not archived.update(archived_at=None, archived_by=None):
            return False
        audit.record("restore", person=member.user, team=member.team, target=row)
    return True


def set_description(row: Any, text: str, member: Member) -> bool:
    """Return False if nothing changed."""
    member.require("register")
    before = row.description
    with transaction.atomic():
        if not _rows(row).exclude(description=text).update(description=text):
            return False
        audit.record(
            "change",
            person=member.user,
            team=member.team,
            target=row,
            before={"description": before},
            after={"description": text},
        )
    return True


def _rows(row: Any) -> "models.QuerySet[Any]":
    rows: models.QuerySet[Any] = type(row).objects.filter(pk=row.pk)
    return rows
