"""The cache in the database: what all processes see, for as long as it is worth something."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.utils.timezone import now

from jobs.models import CacheEntry
from tests.live_db import database_for_threads


def expire_all() -> None:
    CacheEntry.objects.update(until=now() - timedelta(seconds=1))


@pytest.mark.django_db
def test_a_value_is_kept_as_json_until_it_lapses():
    cache.set("tries", [1.5, 2.5], 60)
    assert cache.get("tries") == [1.5, 2.5]
    assert CacheEntry.objects.get().value == [1.5, 2.5]
    assert 50 < (CacheEntry.objects.get().until - now()).total_seconds() <= 60

    cache.set("tries", [3.5], 60)
    assert cache.get("tries") == [3.5]
    expire_all()
    assert (cache.get("tries"), cache.get("tries", "none")) == (None, "none")


@pytest.mark.django_db
def test_what_is_there_is_not_added_and_what_has_lapsed_is():
    assert [cache.add("lock", True, 60), cache.add("lock", True, 60)] == [True, False]
    expire_all()
    assert cache.add("lock", True, 60)
    assert cache.delete("lock")
    assert not cache.delete("lock")
    assert cache.add("lock", True, None)
    assert cache.touch("lock", 60)
    cache.clear()
    assert not cache.touch("lock", 60)


@pytest.mark.django_db
def test_what_has_lapsed_is_swept_out(monkeypatch):
    cache.set("old", 1, 60)
    expire_all()
    monkeypatch.setattr("portal.cache.SWEEP_PROBABILITY", 1)
    cache.set("new", 1, 60)

    assert CacheEntry.objects.count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_many_who_add_at_once_one_has_it(tmp_path):
    def add(_: int) -> bool:
        try:
            return cache.add("lock", True, 60)
        finally:
            connection.close()

    with database_for_threads(tmp_path), ThreadPoolExecutor(4) as people:
        won = list(people.map(add, range(4)))

    assert sorted(won) == [False, False, False, True]
