"""Detection of a restored backup by a random token.

Nothing is sent until every queue was compared with AWS, when no request from before the restore can arrive.
"""

import secrets
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.utils.timezone import now

from jobs.models.account import Account
from jobs.models.queue import Queue, QueueQuerySet
from jobs.models.team import Team

log = structlog.get_logger(__name__)

ROTATION_INTERVAL = timedelta(seconds=5)
FILE_MISSING = "The file that detects a restored database (INCARNATION_FILE) is missing."
TOKEN_MISMATCH = "This is not the database that the portal last used: it was restored or replaced."  # noqa: S105 - a message


class DatabaseGeneration(models.Model):
    current = models.CharField(max_length=40)
    previous = models.CharField(
        max_length=40, blank=True, help_text="The previous token; after a crash the file may still have it."
    )
    rotated_at = models.DateTimeField()
    recovering_since = models.DateTimeField(
        null=True, help_text="Submissions are paused until every queue has been compared with AWS."
    )
    reason = models.TextField(blank=True)


def rotate() -> float:
    """Change the token if it is old enough. Return in how many seconds to call this again."""
    row = DatabaseGeneration.objects.first()
    if row and (age := now() - row.rotated_at) < ROTATION_INTERVAL:
        return (ROTATION_INTERVAL - max(age, timedelta())).total_seconds()
    token = _read_file()
    with transaction.atomic():
        row = DatabaseGeneration.objects.select_for_update().first()
        current_time = now()
        generation = DatabaseGeneration(current=secrets.token_hex(16), rotated_at=current_time)
        if row is None:
            generation.recovering_since, generation.reason = (current_time, TOKEN_MISMATCH) if token else (None, "")
            generation.save()
        else:
            mismatch = _find_mismatch(row, token)
            row.previous, row.current, row.rotated_at = row.current, generation.current, current_time
            if mismatch:
                row.recovering_since, row.reason = current_time, mismatch
                log.error("recovery_entered", reason=mismatch)
            row.save()
    _write_file(generation.current)
    return ROTATION_INTERVAL.total_seconds()


def enter_recovery(reason: str) -> None:
    DatabaseGeneration.objects.get_or_create(defaults={"current": secrets.token_hex(16), "rotated_at": now()})
    DatabaseGeneration.objects.update(recovering_since=now(), reason=reason)
    log.error("recovery_entered", reason=reason)


def is_submission_paused(account: Account) -> bool:
    since = _detect_recovery()
    return since is not None and queues_to_compare(account, since).exists()


def unknown_keys_window(team: Team) -> tuple[datetime, datetime] | None:
    """Return since and at least until when AWS may know keys that this database lacks."""
    since = _detect_recovery()
    if since is None:
        return None
    accounts = Account.objects.usable_by(team)
    deadlines = [
        recovery_deadline(account, since) for account in accounts if queues_to_compare(account, since).exists()
    ]
    return (since, max(deadlines)) if deadlines else None


def _detect_recovery() -> datetime | None:
    token = _read_file()  # read before the row, since the clock writes the row first
    row = DatabaseGeneration.objects.first()
    if row is None:
        return None
    if token and (mismatch := _find_mismatch(row, token)):
        enter_recovery(mismatch)
        return recovering_since()
    return row.recovering_since


def recovering_since() -> datetime | None:
    return DatabaseGeneration.objects.values_list("recovering_since", flat=True).first()


def finish_recovery() -> bool:
    since = recovering_since()
    if since is None or any(queues_to_compare(account, since).exists() for account in Account.objects.active()):
        return False
    log.warning("recovery_left")
    return bool(DatabaseGeneration.objects.filter(recovering_since=since).update(recovering_since=None, reason=""))


def recovery_deadline(account: Account, since: datetime) -> datetime:
    """Return from when AWS lists all that was sent before the restore."""
    return since + timedelta(seconds=account.quarantine_seconds)


def queues_to_compare(account: Account, since: datetime) -> QueueQuerySet:
    not_yet = Q(compared_at=None) | Q(compared_at__lt=recovery_deadline(account, since))
    return Queue.objects.filter(not_yet, account=account, removed_at=None)


def _find_mismatch(row: DatabaseGeneration, token: str) -> str:
    if token and token in (row.current, row.previous):
        return ""
    if not token and not _can_write_file():
        return ""  # no file was ever written; the health page reports it
    return TOKEN_MISMATCH if token else FILE_MISSING


def _file_path() -> Path:
    return Path(settings.INCARNATION_FILE)


def _read_file() -> str:
    try:
        return _file_path().read_text().strip()
    except OSError:
        return ""


def _can_write_file() -> bool:
    probe = _file_path().with_suffix(".probe")
    try:
        probe.parent.mkdir(parents=True, exist_ok=True)
        probe.write_text("")
        probe.unlink()
    except OSError:
        return False
    return True


def _write_file(name: str) -> None:
    temporary = _file_path().with_suffix(".new")
    try:
        temporary.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(name)
        temporary.replace(_file_path())
    except OSError as error:
        log.warning("database_generation_not_saved", file=str(_file_path()), error=str(error))
