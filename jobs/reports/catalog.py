"""The catalog of definitions. Of a shared one a team's own jobs count only."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import chain, count
from statistics import median
from typing import Any, NamedTuple

from django.core.cache import caches
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.timezone import now

from jobs.models import Definition, Job, Revision, Team, User
from jobs.models.pagination import KeysetPage, key_of, paginate
from jobs.pricing import exact_sum
from jobs.pricing.run_statistics import DurationStats
from jobs.reports import versioned
from jobs.states import State

PAGE_SIZE = 24
SAMPLE_SIZE = 50
"""Newest ended jobs of a definition that count."""
CACHE_SECONDS = 600
MAX_JOBS_SHOWN = 15
LOWEST_KEY = -(2**63)
UNUSED_PERIOD = timedelta(days=90)
MAX_TEAMS = 10
"""Those that used the definition last."""


@dataclass(frozen=True)
class RunOutcomes:
    succeeded: int = 0
    failed: int = 0
    median_time: timedelta | None = None
    usd: Decimal | None = None

    @property
    def runs(self) -> int:
        return self.succeeded + self.failed

    @property
    def rate(self) -> int | None:
        """Return per cent; 100 only without failures, 0 only without successes."""
        if not self.runs:
            return None
        if not self.failed or not self.succeeded:
            return 100 if self.succeeded else 0
        return min(max(round(100 * self.succeeded / self.runs), 1), 99)

    @property
    def tone(self) -> str:
        rate = self.rate
        return "off" if rate is None else "good" if rate >= 90 else "warn" if rate >= 50 else "bad"


@dataclass(frozen=True)
class DefinitionCard:
    definition: Definition
    revision: Revision | None
    outcomes: RunOutcomes
    used_at: datetime | None

    @property
    def is_unused(self) -> bool:
        """Whether the team didn't run it for 90 days, although it could have."""
        start = now() - UNUSED_PERIOD
        return self.definition.created_at < start and (self.used_at is None or self.used_at < start)


@dataclass(frozen=True)
class DefinitionUsage:
    outcomes: RunOutcomes
    used_at: datetime | None
    jobs: list[Job]
    people: list[tuple[str, int]]


def definition_page(
    team: Team, *, text: str = "", after: str = "", retired: bool = False, cards: int = PAGE_SIZE
) -> KeysetPage[DefinitionCard]:
    """Return definitions by name. Raise InvalidPageCursorError."""
    definitions = versioned.with_words(
        Definition.objects.usable_by(team).filter(archived_at__isnull=not retired), text
    )
    page = paginate(
        _with_usage(definitions, team),
        "name",
        "pk",
        size=cards,
        cursor_of=lambda definition: definition.text_id,
        after=key_of(definitions, after, "name", "pk"),
    )
    return page.with_rows(_cards(page.rows, team))


def runnable_cards(team: Team, text: str, limit: int) -> list[DefinitionCard]:
    definitions = _with_usage(versioned.with_words(Definition.objects.usable_by(team).runnable(), text), team)
    return _cards(definitions.order_by(F("used_at").desc(nulls_last=True), "name", "pk")[:limit], team)


def cards_in_order(team: Team, keys: Sequence[int]) -> list[DefinitionCard]:
    """Return cards of those definitions that the team can run, in the order of their keys."""
    definitions = _with_usage(Definition.objects.usable_by(team).runnable().filter(pk__in=keys), team)
    cards = {card.definition.pk: card for card in _cards(definitions, team)}
    return [cards[key] for key in keys if key in cards]


def cards_by_key(team: Team, keys: Sequence[int]) -> dict[int, DefinitionCard]:
    definitions = _with_usage(Definition.objects.usable_by(team).filter(pk__in=keys), team)
    return {card.definition.pk: card for card in _cards(definitions, team)}


def _with_usage(definitions: QuerySet[Definition], team: Team) -> QuerySet[Definition]:
    team_jobs = Job.objects.filter(definition=OuterRef("pk"), team=team)
    newest = Revision.objects.filter(definition=OuterRef("pk"))
    revision_pk = Coalesce(
        Subquery(newest.runnable().order_by("-number").values("pk")[:1]),
        Subquery(newest.order_by("-pk").values("pk")[:1]),
    )
    return definitions.select_related("team", "account", "owner", "successor").annotate(
        shown=revision_pk,
        used_at=Subquery(_newest_first(team_jobs).values("accepted_at")[:1]),
        counted_from=_oldest_sample_pk(team_jobs),
    )


def _cards(definitions: Iterable[Any], team: Team) -> list[DefinitionCard]:
    rows = list(definitions)
    revisions = Revision.objects.in_bulk([row.shown for row in rows if row.shown])
    outcomes = _outcomes([(row.pk, team.pk, row.counted_from) for row in rows if row.used_at])
    none = RunOutcomes()
    return [DefinitionCard(row, revisions.get(row.shown), outcomes.get(row.pk, none), row.used_at) for row in rows]


def definition_usage(definition: Definition, user: User) -> DefinitionUsage:
    team_jobs = Job.objects.filter(definition=definition, team=OuterRef("pk"))
    teams: Iterable[Any] = (
        Team.objects.visible_to(user)
        .annotate(
            newest=Subquery(_newest_first(team_jobs).values("pk")[:1]),
            listed_from=Coalesce(
                Subquery(_newest_first(team_jobs).values("pk")[MAX_JOBS_SHOWN - 1 : MAX_JOBS_SHOWN]), LOWEST_KEY
            ),
            counted_from=_oldest_sample_pk(team_jobs),
        )
        .filter(newest__isnull=False)
        .order_by("-newest")[:MAX_TEAMS]
    )
    used_by = list(teams)
    if not used_by:
        return DefinitionUsage(RunOutcomes(), None, [], [])
    newest = _any_sample(((definition.pk, team.pk, team.listed_from) for team in used_by), "pk")
    # As values: with the sample as a subquery, PostgreSQL may read all jobs from the newest on.
    keys = [pk for (pk,) in newest.order_by("-pk")[:MAX_JOBS_SHOWN]]
    jobs = list(
        Job.objects.filter(pk__in=keys)
        .select_related("person", "team", "revision")
        .defer("document", "raw", "attempts", "revision__document")
        .order_by("-pk")
    )
    sample = _samples([(definition.pk, team.pk, team.counted_from) for team in used_by]).get(definition.pk, [])
    numbers = Counter(row.person for row in sample)
    people: Counter[str] = Counter()
    users = User.objects.only("username", "first_name", "last_name").in_bulk(numbers)
    for pk, number in numbers.items():
        people[users[pk].display_name] += number
    return DefinitionUsage(_count_outcomes(sample), jobs[0].accepted_at, jobs, people.most_common())


def unused_name(definition: Definition) -> str:
    stem = f"{definition.name[:118]}-copy"
    similar = Definition.objects.filter(account=definition.account, name__startswith=stem)
    used_names = set(similar.values_list("name", flat=True))
    names = chain([stem], (f"{stem}-{number}" for number in count(2)))
    return next(name for name in names if name not in used_names)


class _SampleRow(NamedTuple):
    person: int
    state: str
    started_at: Any
    stopped_at: Any
    charged_at: datetime | None
    usd_units: int


SampleBound = tuple[int, int, int]
"""A definition, a team, and the key of the team's oldest job of it that counts."""


def _newest_first(jobs: QuerySet[Job]) -> QuerySet[Job]:
    return jobs.order_by("-pk")


def _oldest_sample_pk(jobs: QuerySet[Job]) -> Coalesce:
    ended = _newest_first(jobs.filter(ended_at__isnull=False))
    return Coalesce(Subquery(ended.values("pk")[SAMPLE_SIZE - 1 : SAMPLE_SIZE]), LOWEST_KEY)


def _any_sample(bounds: Iterable[SampleBound], *columns: str, ended: bool = False) -> QuerySet[Job, Any]:
    """Return columns of the jobs within any of the bounds.

    A union of ranges of an index: for an OR of them, SQLite scans all jobs.
    """
    conditions = {"ended_at__isnull": False} if ended else {}
    first, *others = (
        Job.objects.filter(definition=definition, team=team, pk__gte=pk, **conditions)
        .order_by()
        .values_list(*columns)
        for definition, team, pk in bounds
    )
    return first.union(*others, all=True)


def _samples(bounds: Sequence[SampleBound]) -> Mapping[int, list[_SampleRow]]:
    """Return by definition its newest ended jobs within the bounds."""
    if not bounds:
        return {}
    columns = ("definition", "pk", "person", "state", "started_at", "stopped_at", "charged_at", "usd_units")
    rows: dict[int, list[_SampleRow]] = {}
    for definition, _, *row in _any_sample(bounds, *columns, ended=True).order_by("-pk"):
        rows.setdefault(definition, []).append(_SampleRow._make(row))
    return {definition: sample[:SAMPLE_SIZE] for definition, sample in rows.items()}


def _outcomes(bounds: Sequence[SampleBound]) -> dict[int, RunOutcomes]:
    """Return by definition what its newest ended jobs within the bounds came to.

    Those of a full sample are cached once all its jobs are charged: its oldest job tells which others it has.
    """
    names = {f"outcomes-{team}-{definition}-{pk}": definition for definition, team, pk in bounds if pk != LOWEST_KEY}
    outcomes = {names[name]: value for name, value in caches["memory"].get_many(names).items()}
    samples = _samples([bound for bound in bounds if bound[0] not in outcomes])
    new = {definition: _count_outcomes(sample) for definition, sample in samples.items()}
    final = {
        name: new[definition]
        for name, definition in names.items()
        if definition in new and all(row.charged_at for row in samples[definition])
    }
    caches["memory"].set_many(final, CACHE_SECONDS)
    return outcomes | new


def _count_outcomes(sample: Iterable[_SampleRow]) -> RunOutcomes:
    outcomes = [row for row in sample if row.state in (State.SUCCEEDED, State.FAILED)]
    good = [row for row in outcomes if row.state == State.SUCCEEDED]
    runs = [row for row in good if row.started_at and row.stopped_at]
    durations = DurationStats.of((row.stopped_at - row.started_at).total_seconds() for row in runs)
    usd = [exact_sum.usd(row.usd_units) for row in runs if row.charged_at]
    return RunOutcomes(
        succeeded=len(good),
        failed=len(outcomes) - len(good),
        median_time=timedelta(seconds=durations.median) if durations else None,
        usd=median(usd) if usd else None,
    )
