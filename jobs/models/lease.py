"""Leases: named locks with an expiry."""

import time
from datetime import datetime, timedelta

from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.utils.timezone import now


class Lease(models.Model):
    name = models.CharField(max_length=40, primary_key=True)
    owner = models.CharField(max_length=80)
    until = models.DateTimeField()

    @classmethod
    def acquire(cls, name: str, owner: str, duration: timedelta) -> bool:
        current_time = now()
        available = Q(owner=owner) | Q(until__lt=current_time)
        if cls.objects.filter(available, name=name).update(owner=owner, until=current_time + duration):
            return True
        try:
            with transaction.atomic():
                cls.objects.create(name=name, owner=owner, until=current_time + duration)
        except IntegrityError:
            return False
        return True

    @classmethod
    def release(cls, name: str, owner: str) -> None:
        cls.objects.filter(name=name, owner=owner).delete()


class LeaseKeeper:
    """Keeps a lease for one owner, and writes only when a third of its time has passed."""

    def __init__(self, name: str, owner: str, duration: timedelta) -> None:
        self._name, self._owner, self._duration = name, owner, duration
        self._acquired_at: tuple[datetime, float] | None = None  # by both clocks

    def keep(self) -> bool:
        """Return whether the owner has the lease, for at least two thirds of its duration."""
        current_time, seconds = now(), time.monotonic()
        if self._acquired_at and self._is_recent(*self._acquired_at, current_time, seconds):
            return True
        is_owner = Lease.acquire(self._name, self._owner, self._duration)
        self._acquired_at = (current_time, seconds) if is_owner else None
        return is_owner

    def _is_recent(
        self, acquired_at: datetime, acquired_seconds: float, current_time: datetime, seconds: float
    ) -> bool:
        """Trust neither clock alone: one can be set back, the other stands still while a machine sleeps."""
        third = self._duration / 3
        return (
            timedelta() <= current_time - acquired_at < third and seconds - acquired_seconds < third.total_seconds()
        )

    def release(self) -> None:
        self._acquired_at = None
        Lease.release(self._name, self._owner)
