"""How much of a submission's history someone has seen: for each job, how many changes, as a short word.

Counted for each job, because changes of one job are written in order, and those of several at once are not.
`4x2.3` means: four of each of the first two jobs, three of the third. What would be too long for an address, as the
word of thousands of jobs can be, is packed: `z`, and the counts as characters by zlib and base64url.
"""

import base64
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby

from jobs.api.errors import Trouble
from jobs.models import StateChange, Submission
from jobs.spec.rules.workflow import MAX_STEPS

# Longer words are packed: web servers take addresses of 4,094 characters.
_LONGEST_PLAIN = 1_000
# Bytes that the counts of the largest submission have at most; what unpacks to more is no cursor of ours.
_LONGEST_UNPACKED = 4 * MAX_STEPS

_WORD = re.compile(r"\d{1,6}(x\d{1,6})?(\.\d{1,6}(x\d{1,6})?)*", re.ASCII)


def seen(cursor: str, jobs: int) -> list[int]:
    """How many changes of each job were seen. Raises Trouble for what is no cursor."""
    if packed := _unpacked(cursor):
        return [*packed[:jobs], *[0] * (jobs - len(packed))]
    if not _WORD.fullmatch(cursor):
        raise Trouble(422, "No such cursor", "Give back the “cursor” of an earlier answer, or 0 for all there is.")
    counts: list[int] = []
    for part in cursor.split("."):
        count, _, times = part.partition("x")
        counts += [int(count)] * min(int(times or 1), jobs - len(counts))
    return counts + [0] * (jobs - len(counts))


def anything_new(submission: Submission, counts: Iterable[int]) -> bool:
    return StateChange.objects.filter(job__submission=submission).count() > sum(counts)


def since(submission: Submission, counts: Sequence[int]) -> tuple[list[StateChange], str]:
    """What was not seen yet, and the cursor that goes on from there."""
    positions = dict(submission.jobs.values_list("pk", "position"))
    counters: Counter[int] = Counter()
    changes: list[StateChange] = []
    for change in StateChange.objects.filter(job__submission=submission).order_by("pk"):
        place = positions[change.job_id]
        counters[place] += 1
        if counters[place] > counts[place]:
            changes.append(change)
    return changes, written(counters[place] for place in range(submission.job_count))


def written(counts: Iterable[int]) -> str:
    values = list(counts)
    runs = [(count, sum(1 for _ in run)) for count, run in groupby(values)]
    text = ".".join(f"{count}x{times}" if times > 1 else str(count) for count, times in runs)
    if len(text) <= _LONGEST_PLAIN:
        return text
    packed = zlib.compress("".join(map(chr, values)).encode("utf-8", "surrogatepass"), 9)
    return "z" + base64.urlsafe_b64encode(packed).decode().rstrip("=")


def _unpacked(cursor: str) -> list[int]:
    """The counts of a packed cursor; none for any other text."""
    if not cursor.startswith("z"):
        return []
    try:
        packed = base64.b64decode(cursor[1:] + "=" * (-len(cursor[1:]) % 4), altchars=b"-_", validate=True)
        raw = zlib.decompressobj().decompress(packed, _LONGEST_UNPACKED)
        return [ord(character) for character in raw.decode("utf-8", "surrogatepass")]
    except (ValueError, zlib.error):
        return []
