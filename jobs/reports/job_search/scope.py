"""The jobs that a search covers: of a team, of a person, or all that one may see."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar, cast

from django.db.models import F, Q
from django.db.models.lookups import In

from jobs.models import Team, User
from jobs.models.job_count import count_jobs

T = TypeVar("T")
ROWS = 50
"""About as many as a page has."""


@dataclass(frozen=True)
class Scope:
    """Jobs of a team that the user may see, or of all of them; with `mine` only what the user submitted.

    It is for one request: what was looked up for it once is not looked up again.
    """

    user: User
    team: Team | None = None
    mine: bool = False
    _results: dict[Hashable, object] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def team_keys(self) -> tuple[int, ...] | None:
        """Return the keys of the teams; None for all that there are."""
        if self.team:
            return (self.team.pk,)
        if self.user.is_staff and self.user.is_active:
            return None
        return tuple(Team.objects.visible_to(self.user).order_by("pk").values_list("pk", flat=True))

    @cached_property
    def searched_team_keys(self) -> tuple[int, ...]:
        """Return the keys also if they are all: an index that begins with the team is searched for each."""
        keys = self.team_keys
        return tuple(Team.objects.order_by("pk").values_list("pk", flat=True)) if keys is None else keys

    @cached_property
    def is_wide(self) -> bool:
        """Whether a page of its jobs is found sooner among all jobs, in their order, than among its own.

        In a share s of N jobs, 50 are among 50 / s of all, and its own, which would be sorted, are s * N.
        """
        if self.team_keys is None:
            return True
        if self.mine or len(self.team_keys) == 1:
            return False
        own, total = count_jobs(self.team_keys)
        return own * own > ROWS * total

    @property
    def condition_beside_order(self) -> Q:
        """Select the same as `condition`, but not by an index if that would hide the order of another one."""
        if not self.is_wide or self.team_keys is None:
            return self.condition
        return (Q(person=self.user) if self.mine else Q()) & Q(In(F("team") + 0, self.team_keys))

    @property
    def condition(self) -> Q:
        """Select the rows that have a `team` in the scope, and a `person`."""
        condition = Q(person=self.user) if self.mine else Q()
        if self.team_keys is None:
            return condition
        # A list of one would be another condition for the planner.
        is_single = len(self.team_keys) == 1
        return condition & (Q(team=self.team_keys[0]) if is_single else Q(team__in=self.team_keys))

    def once(self, key: Hashable, look_up: Callable[[], T]) -> T:
        """Return the result of the first call with this key: a page and its counts need the same."""
        if key not in self._results:
            self._results[key] = look_up()
        return cast("T", self._results[key])
