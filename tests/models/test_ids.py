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


@pytest.mark.parametrize(
    "text", ["", "short", "A" * 26, "z" * 26, "0" * 27, "../../etc/passwd/aaaaaaaaaa", "0" * 25 + "1"]
)
def test_what_is_no_id_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        from_text(text)


def test_an_id_is_a_uuid_of_version_7():
    assert new_id().version == 7
    assert new_id().variant == uuid.RFC_4122
