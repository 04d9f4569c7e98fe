"""Starting points for a new job."""

from collections.abc import Sequence
from dataclasses import dataclass

from jobs.models import Team, User
from jobs.reports import catalog, submissions
from jobs.reports.catalog import DefinitionCard
from jobs.reports.submissions import SubmissionRow

MAX_CARDS = 12
MAX_SUBMISSIONS = 6


@dataclass(frozen=True)
class StartingPoints:
    cards: Sequence[DefinitionCard]
    has_more_cards: bool
    submissions: Sequence[SubmissionRow]
    are_own: bool
    """Whether the submissions are the person's own; else they are of anyone in the team."""


def starting_points(team: Team, user: User, text: str = "") -> StartingPoints:
    cards = catalog.runnable_cards(team, text, MAX_CARDS + 1)
    own = submissions.recent_rows(team, MAX_SUBMISSIONS, user)
    return StartingPoints(
        cards[:MAX_CARDS],
        len(cards) > MAX_CARDS,
        own or submissions.recent_rows(team, MAX_SUBMISSIONS),
        are_own=bool(own),
    )
