"""Failures grouped over definitions by cause, exit code and normalized last line."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Max

from jobs.causes import CAUSES, Cause, CauseEntry
from jobs.models import Definition, Job, JobFailure, Team

MAX_FAILURES_SCANNED = 20_000
"""The newest of the period; what is older isn't counted."""
MAX_FAMILIES = 50


@dataclass(frozen=True)
class Family:
    """Jobs that failed alike."""

    key: str
    cause: Cause
    exit_code: int | None
    last_line: str
    job_count: int
    definitions: tuple[tuple[str, int], ...]
    """Names with numbers of jobs, the most frequent first."""
    last_ended_at: datetime
    sample: Job
    """The newest."""

    @property
    def entry(self) -> CauseEntry:
        return CAUSES[self.cause]

    @property
    def label(self) -> str:
        return self.entry.label

    @property
    def sample_id(self) -> str:
        return self.sample.text_id


@dataclass(frozen=True)
class Families:
    """The most frequent first."""

    families: tuple[Family, ...] = ()
    family_count: int = 0
    is_complete: bool = True
    """False if the period has more failures than are counted."""


@dataclass
class _Group:
    job_count: int = 0
    definitions: Counter[int] = field(default_factory=Counter)
    newest: int = 0


def families(
    teams: Team | Iterable[Team],
    since: datetime,
    limit: int = MAX_FAMILIES,
    max_scanned: int = MAX_FAILURES_SCANNED,
) -> Families:
    """Return the most frequent families of failures that ended since then, without those that a later run made good.

    It takes five queries, and two more if indexes of an array ran again.
    """
    team_list = [teams] if isinstance(teams, Team) else list(teams)
    failures = JobFailure.objects.filter(team__in=team_list, ended_at__gte=since).in_families()
    newest = failures.order_by("-ended_at").values("pk")[:max_scanned]
    rows = JobFailure.objects.filter(pk__in=newest).order_by()
    current = rows.current().values_list("family", "definition")
    groups: dict[str, _Group] = defaultdict(_Group)
    for family, definition, count, last in current.annotate(Count("job", distinct=True), Max("pk")):
        group = groups[family]
        group.job_count += count
        group.definitions[definition] += count
        group.newest = max(group.newest, last)
    most_frequent = sorted(groups.items(), key=lambda item: (-item[1].job_count, -item[1].newest))[:limit]
    return Families(_with_samples(dict(most_frequent)), len(groups), is_complete=newest.count() < max_scanned)


def _with_samples(groups: dict[str, _Group]) -> tuple[Family, ...]:
    names = dict(
        Definition.objects.filter(pk__in={pk for group in groups.values() for pk in group.definitions})
        .order_by()
        .values_list("pk", "name")
    )
    rows = JobFailure.objects.filter(pk__in=[group.newest for group in groups.values()]).select_related("job__queue")
    samples = {row.family: row for row in rows.only(*_SAMPLE_COLUMNS)}
    return tuple(
        Family(
            key=key,
            cause=Cause(samples[key].cause),
            exit_code=samples[key].exit_code,
            last_line=samples[key].last_line,
            job_count=group.job_count,
            definitions=_by_name(group.definitions, names),
            last_ended_at=samples[key].ended_at,
            sample=samples[key].job,
        )
        for key, group in groups.items()
        if key in samples  # its newest may have got another family meanwhile
    )


_SAMPLE_COLUMNS = (
    *("family", "cause", "exit_code", "last_line", "ended_at", "job_id"),
    *("job__public_id", "job__name", "job__delivery", "job__state", "job__queue__environments"),
    *("job__platform", "job__architecture", "job__vcpus", "job__memory_mib", "job__gpus", "job__ephemeral_gib"),
)


def _by_name(definitions: Counter[int], names: dict[int, str]) -> tuple[tuple[str, int], ...]:
    """Add up definitions of one name, which different accounts may have."""
    counts: Counter[str] = Counter()
    for pk, count in definitions.items():
        counts[names[pk]] += count
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
