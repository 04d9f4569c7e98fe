import time
import uuid

import pytest

from jobs.models.ids import from_text, new_id, to_text


def test_an_id_survives_being_written_down():
    public_id = new_id()

    assert from_text(to_text(public_id)) == public_id
    assert len(to_text(public_id)) == 26


def test_later_ids_sort_after_earlier_ones_in_both_spellings():
    earlier = new_id()
    time.sleep(0.002)
    later = new_id()

    assert earlier < later
    assert to_text(earlier) < to_text(later)


def test_ids_of_one_millisecond_are_in_order(monkeypatch):
    monkeypatch.setattr("jobs.models.ids._newest", 0)  # and back: others must get no id of that time
    monkeypatch.setattr(time, "time_ns", lambda: 1_800_000_000_000_000_000)
    ids = [new_id() for _ in range(1_000)]

    assert ids == sorted(set(ids))
    assert {public_id.version for public_id in ids} == {7}
    assert {public_id.variant for public_id in ids} == {uuid.RFC_4122}


def test_a_clock_that_is_set_back_makes_no_id_that_sorts_before_another(monkeypatch):
    earlier = new_id()
    monkeypatch.setattr(time, "time_ns", lambda: 1)

    assert new_id() > earlier


@pytest.mark.parametrize(
    "text", ["", "short", "A" * 26, "z" * 26, "0" * 27, "../../etc/passwd/aaaaaaaaaa", "0" * 25 + "1"]
)
def test_what_is_no_id_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        from_text(text)


def test_an_id_is_a_uuid_of_version_7():
    assert new_id().version == 7
    assert new_id().variant == uuid.RFC_4122
