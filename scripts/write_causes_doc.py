"""Writer of docs/causes.md from the table of causes: `--check` only compares."""

import sys
from collections.abc import Iterable
from pathlib import Path

from jobs.causes import CAUSES, WAITING_CAUSES, Action, Cause

PAGE = Path(__file__).resolve().parent.parent / "docs" / "causes.md"

HEAD = """\
# Why a job waits or failed

A job's page says in one sentence why it waits or failed, what to do, and offers one action. Lists and the API
(`cause`, `cause_label`, `next_step`) have the same cause. AWS Batch's own words stay below the sentence.

- Of the causes of a wait, the first one of the table that applies is shown: what can't end without a change (red)
  comes before what passes.
- AWS Batch gives a reason only for the job at the head of a queue, and it may pass. A `MISCONFIGURATION` counts as a
  mistake once the portal has seen it again after 5 minutes.
- Whether a size fits is known before the job is sent: the pre-flight checks of the form use the same comparison.
- *Queue full* adds up the vCPU of the jobs that the portal has started in the queue's compute environments, by team.
  Teams that you can't see are *other teams*.
- The place in a queue comes from AWS (`GetJobQueueSnapshot`, the first 100 jobs). It is read at most every 30 seconds
  while someone views a job that waits there, and every 5 minutes while one waits for longer than 10 minutes. The IAM
  policy of the account has to allow it; without it the page has no place.
- The action opens a form with the proposed values filled in, such as twice the memory. Nothing is submitted or
  stopped until you do so.
"""
TAIL = "`make rules` writes this page from `jobs/causes`.\n"

ACTIONS = {
    Action.MORE_MEMORY: "run again with more memory",
    Action.LONGER_LIMIT: "run again with a longer time limit",
    Action.CHANGE_SIZE: "run in a queue that fits, or with a size that fits",
    Action.OTHER_QUEUE: "run in another queue",
    Action.RUN_AGAIN: "run again",
    Action.RUN_CHILDREN_AGAIN: "run the failed child jobs again",
    Action.OPEN_PARENT: "open the job that failed",
}


def page() -> str:
    failures = [cause for cause in Cause if cause not in WAITING_CAUSES]
    waits = [cause for cause in Cause if cause in WAITING_CAUSES]
    parts = [HEAD, *_table("Why it waits", waits), *_table("Why it failed", failures), TAIL]
    return "\n".join(parts)


def _table(title: str, causes: Iterable[Cause]) -> list[str]:
    lines = [f"## {title}", "", "| cause | name | when | next step | action |", "|---|---|---|---|---|"]
    for cause in causes:
        entry = CAUSES[cause]
        action = ACTIONS[entry.action] if entry.action else ""
        cells = (entry.label, f"`{cause}`", entry.condition, entry.next_step, action)
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, ""]


def main(arguments: list[str]) -> int:
    if arguments == ["--check"]:
        current = PAGE.exists() and PAGE.read_text() == page()
        if not current:
            sys.stderr.write("docs/causes.md is out of date. Run `make rules`.\n")
        return 0 if current else 1
    PAGE.write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
