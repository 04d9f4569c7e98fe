"""Django's cache in the database: failed sign-in attempts, and used codes.

They survive a Redis that is down or flushed: limits must hold just then.
"""

import random
from datetime import datetime, timedelta
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.db import IntegrityError, transaction
from django.utils.timezone import now

from jobs.models import CacheEntry

SWEEP_PROBABILITY = 0.01
"""Share of writes that delete expired rows."""
NO_TIMEOUT = timedelta(days=365)


class DatabaseCache(BaseCache):
    """One row a key. Only `add` is atomic: the first to add wins."""

    def __init__(self, _location: str, params: dict[str, Any]) -> None:
        super().__init__(params)

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        rows = CacheEntry.objects.filter(key=self._row_key(key, version), until__gt=now())
        for value in rows.values_list("value", flat=True):
            return value
        return default

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        name, until = self._row_key(key, version), self._expires_at(timeout)
        if CacheEntry.objects.filter(key=name, until__lte=now()).update(value=value, until=until):
            return True
        try:
            with transaction.atomic():
                CacheEntry.objects.create(key=name, value=value, until=until)
        except IntegrityError:
            return False
        return True

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        row = CacheEntry(key=self._row_key(key, version), value=value, until=self._expires_at(timeout))
        CacheEntry.objects.bulk_create(
            [row], update_conflicts=True, unique_fields=["key"], update_fields=["value", "until"]
        )
        if random.random() < SWEEP_PROBABILITY:
            CacheEntry.objects.filter(until__lte=now()).delete()

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        rows = CacheEntry.objects.filter(key=self._row_key(key, version), until__gt=now())
        return bool(rows.update(until=self._expires_at(timeout)))

    def delete(self, key: str, version: int | None = None) -> bool:
        count, _ = CacheEntry.objects.filter(key=self._row_key(key, version)).delete()
        return bool(count)

    def clear(self) -> None:
        CacheEntry.objects.all().delete()

    def _row_key(self, key: str, version: int | None) -> str:
        return self.make_and_validate_key(key, version=version)

    def _expires_at(self, timeout: Any) -> datetime:
        seconds = self.default_timeout if timeout is DEFAULT_TIMEOUT else timeout
        return now() + (NO_TIMEOUT if seconds is None else timedelta(seconds=seconds))
