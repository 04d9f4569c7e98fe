"""The table of causes: for each, when it applies, its words, the next step and one action."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from jobs.causes.entry import Action, Cause, CauseEntry
from jobs.causes.failure_entries import FAILURE_ENTRIES
from jobs.causes.waiting_entries import WAITING_ENTRIES

CAUSES: Mapping[Cause, CauseEntry] = MappingProxyType({**FAILURE_ENTRIES, **WAITING_ENTRIES})
WAITING_CAUSES = frozenset(WAITING_ENTRIES)


@dataclass(frozen=True)
class Explanation:
    """A job's state in words: one sentence, what shows it, the next step and one action."""

    sentence: str
    cause: Cause | None = None
    """None: the job runs, or ended well."""
    tone: str = "bad"
    icon: str = "circle-x"
    evidence: tuple[str, ...] = ()
    aws_messages: tuple[str, ...] = ()
    """Verbatim, to be marked as AWS's."""
    next_step: str = ""
    action: Action | None = None

    @property
    def label(self) -> str:
        """The cause in a word or two; empty without one."""
        return CAUSES[self.cause].label if self.cause else ""


def explain(cause: Cause, values: Mapping[str, object], **fields: Any) -> Explanation:
    """Put a cause into words. `values` are those of the sentence; `fields` take the place of what the table says."""
    entry = CAUSES[cause]
    defaults = {"tone": entry.tone, "icon": entry.icon, "next_step": entry.next_step, "action": entry.action}
    return Explanation(entry.sentence.format_map(values), cause, **{**defaults, **fields})
