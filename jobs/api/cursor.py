"""How much of a submission's history someone has seen: for each job, how many changes, as a short word.

Counted for each job, because changes of one job are written in order, and those of several at once are not.
`4x2.3` means: four of each of the first two jobs, three of the third.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby

from jobs.api.troubles import Trouble
from jobs.models import StateChange, Submission

_WORD = re.compile(r"\d{1,6}(x\d{1,6})?(\.\d{1,6}(x\d{1,6})?)*", re.ASCII)


def seen(cursor: str, jobs: int) -> list[int]:
    """How many changes of each job were seen. Raises Trouble for what is no cursor."""
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
    met: Counter[int] = Counter()
    fresh: list[StateChange] = []
    for change in StateChange.objects.filter(job__submission=submission).order_by("pk"):
        place = positions[change.job_id]
        met[place] += 1
        if met[place] > counts[place]:
            fresh.append(change)
    return fresh, written(met[place] for place in range(submission.job_count))


def written(counts: Iterable[int]) -> str:
    runs = [(count, sum(1 for _ in run)) for count, run in groupby(counts)]
    return ".".join(f"{count}x{times}" if times > 1 else str(count) for count, times in runs)
