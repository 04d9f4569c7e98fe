"""Copies of log streams.

CloudWatch finds no line by its number and answers ten requests a second for a whole account. A copy gives each line a
number that stays, serves all viewers, and needs no call once it is complete. It is a cache: any of it may be deleted.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Self

from django.db import models, transaction
from django.db.models import Q, Sum
from django.utils.timezone import now

from jobs.logs import chunks
from jobs.logs.lines import LogLine
from jobs.models.account import Account

LEASE_PERIOD = timedelta(seconds=10)  # longer than a request reads
VIEW_PRECISION = timedelta(hours=1)
UNVIEWED_PERIOD = timedelta(days=7)
"""Copies that weren't opened for so long are deleted."""


class LogCopyQuerySet(models.QuerySet["LogCopy"]):
    def unleased(self) -> Self:
        return self.filter(Q(lease_until=None) | Q(lease_until__lt=now()))

    def evict(self, max_bytes: int) -> int:
        """Delete what was not viewed lately, and more until the rest fits. Return the number of copies deleted."""
        old = list(self.filter(viewed_at__lt=now() - UNVIEWED_PERIOD).values_list("pk", flat=True))
        others = self.exclude(pk__in=old)
        excess = (others.aggregate(total=Sum("stored_bytes"))["total"] or 0) - max_bytes
        if excess > 0:
            for pk, size in others.order_by("viewed_at").values_list("pk", "stored_bytes"):
                old.append(pk)
                excess -= size
                if excess <= 0:
                    break
        for pk in old:
            with transaction.atomic():
                LogCopy.objects.select_for_update().filter(pk=pk).first()  # no chunk is appended meanwhile
                LogChunk.objects.filter(copy=pk).delete()
                LogCopy.objects.filter(pk=pk).delete()
        return len(old)


class LogCopy(models.Model):
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+", db_index=False)
    log_group = models.CharField(max_length=512)
    stream = models.CharField(max_length=512)
    line_count = models.PositiveBigIntegerField(default=0)
    stored_bytes = models.PositiveBigIntegerField(default=0)
    token = models.CharField(max_length=2048, blank=True, help_text="AWS's token for the lines after the last one.")
    last_event_ms = models.BigIntegerField(default=0, help_text="Time of the last line, in ms since 1970.")
    read_at = models.DateTimeField(null=True, help_text="When lines were last requested from AWS.")
    is_caught_up = models.BooleanField(default=False, help_text="Whether the end of the stream was reached once.")
    is_complete = models.BooleanField(default=False, help_text="Whether the stream has ended and is all here.")
    lease_until = models.DateTimeField(null=True)
    viewed_at = models.DateTimeField(default=now, db_index=True)

    objects = LogCopyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "log copies"
        constraints = [models.UniqueConstraint(fields=["account", "log_group", "stream"], name="one_copy_a_stream")]

    def claim(self) -> bool:
        """Lease the copy for reading on. False while another request reads."""
        claimed = LogCopy.objects.filter(pk=self.pk).unleased().update(lease_until=now() + LEASE_PERIOD)
        if claimed:
            self.refresh_from_db()
        return bool(claimed)

    def release(self) -> None:
        LogCopy.objects.filter(pk=self.pk).update(lease_until=None)

    def mark_viewed(self) -> None:
        if self.viewed_at < now() - VIEW_PRECISION:
            LogCopy.objects.filter(pk=self.pk).update(viewed_at=now())

    def append(self, lines: Sequence[LogLine], *, token: str, read_at: datetime, has_more: bool = False) -> bool:
        """Append what was read after the copy's last line. False if another request was first.

        With `has_more`, the copy is no longer caught up.
        """
        with transaction.atomic():
            last = self.chunks.order_by("-first_line").first() if lines else None
            if last and last.is_full:
                last = None
            first = last.first_line if last else self.line_count
            rows = list(_build_chunks(self, first, [*(last.lines() if last else ()), *lines]))
            times = [line.at for line in lines if line.at is not None]
            fields = {
                "line_count": self.line_count + len(lines),
                "stored_bytes": self.stored_bytes
                + sum(row.stored_bytes for row in rows)
                - (last.stored_bytes if last else 0),
                "token": token,
                "read_at": read_at,
                "last_event_ms": times[-1] if times else self.last_event_ms,
                "is_caught_up": self.is_caught_up and not has_more,
            }
            unchanged = LogCopy.objects.filter(pk=self.pk, line_count=self.line_count, token=self.token)
            if not unchanged.update(**fields):
                return False
            if last:
                last.delete()
            LogChunk.objects.bulk_create(rows)
        for name, value in fields.items():
            setattr(self, name, value)
        return True


class LogChunk(models.Model):
    copy = models.ForeignKey(LogCopy, on_delete=models.CASCADE, related_name="chunks", db_index=False)
    first_line = models.PositiveBigIntegerField()
    line_count = models.PositiveIntegerField()
    characters = models.PositiveIntegerField()
    texts = models.BinaryField()
    times = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["copy", "first_line"], name="one_chunk_a_line")]

    @property
    def stored_bytes(self) -> int:
        return len(self.texts) + len(self.times)

    @property
    def is_full(self) -> bool:
        return self.line_count >= chunks.MAX_LINES or self.characters >= chunks.MAX_CHARACTERS

    def lines(self) -> list[LogLine]:
        return chunks.unpack(bytes(self.texts), bytes(self.times))


def _build_chunks(copy: LogCopy, first: int, lines: Sequence[LogLine]) -> list[LogChunk]:
    rows = []
    for chunk in chunks.split_into_chunks(lines):
        texts, times = chunks.pack(chunk)
        characters = sum(len(line.text) for line in chunk)
        rows.append(
            LogChunk(
                copy=copy, first_line=first, line_count=len(chunk), characters=characters, texts=texts, times=times
            )
        )
        first += len(chunk)
    return rows
