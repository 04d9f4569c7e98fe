"""The cursor of a submission's history: how many changes of each job were seen.

`4x2.3` means four of each of the first two jobs and three of the third. A long text is packed: `z`, then the counts,
by zlib and base64url.
"""

import base64
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby

from jobs.actions.run_again import MAX_JOBS
from jobs.api.errors import ApiProblemError
from jobs.models import StateChange, Submission
from jobs.reports import submissions as reports

# Longer texts are packed: web servers accept URLs of 4,094 characters.
_MAX_PLAIN_LENGTH = 1_000
# The counts of the largest submission in bytes; a cursor that unpacks to more is not ours.
_MAX_UNPACKED_LENGTH = 4 * MAX_JOBS

_PATTERN = re.compile(r"\d{1,6}(x\d{1,6})?(\.\d{1,6}(x\d{1,6})?)*", re.ASCII)


def parse(cursor: str, jobs: int) -> list[int]:
    """Raise ApiProblemError."""
    if packed := _unpack(cursor):
        return [*packed[:jobs], *[0] * (jobs - len(packed))]
    if not _PATTERN.fullmatch(cursor):
        raise ApiProblemError(
            422, "Invalid cursor", "Use the “cursor” of an earlier response, or 0 for the whole history."
        )
    counts: list[int] = []
    for part in cursor.split("."):
        count, _, times = part.partition("x")
        counts += [int(count)] * min(int(times or 1), jobs - len(counts))
    return counts + [0] * (jobs - len(counts))


def has_new_changes(submission: Submission, counts: Iterable[int]) -> bool:
    return reports.count_state_changes(submission) > sum(counts)


def changes_since(submission: Submission, counts: Sequence[int]) -> tuple[list[StateChange], str]:
    counters: Counter[int] = Counter()
    changes: list[StateChange] = []
    for change, place in reports.state_changes(submission):
        counters[place] += 1
        # Steps that have run again since the cursor was read have places beyond its counts.
        if counters[place] > (counts[place] if place < len(counts) else 0):
            changes.append(change)
    return changes, encode(counters[place] for place in range(reports.count_jobs(submission)))


def encode(counts: Iterable[int]) -> str:
    values = list(counts)
    runs = [(count, sum(1 for _ in run)) for count, run in groupby(values)]
    text = ".".join(f"{count}x{times}" if times > 1 else str(count) for count, times in runs)
    if len(text) <= _MAX_PLAIN_LENGTH:
        return text
    packed = zlib.compress("".join(map(chr, values)).encode("utf-8", "surrogatepass"), 9)
    return "z" + base64.urlsafe_b64encode(packed).decode().rstrip("=")


def _unpack(cursor: str) -> list[int]:
    if not cursor.startswith("z"):
        return []
    try:
        packed = base64.b64decode(cursor[1:] + "=" * (-len(cursor[1:]) % 4), altchars=b"-_", validate=True)
        raw = zlib.decompressobj().decompress(packed, _MAX_UNPACKED_LENGTH)
        return [ord(character) for character in raw.decode("utf-8", "surrogatepass")]
    except (ValueError, zlib.error):
        return []
