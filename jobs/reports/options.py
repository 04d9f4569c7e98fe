"""Options of a team in forms. Every list is bounded and costs one query."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from jobs.models import (
    Account,
    Definition,
    ImageGrant,
    Job,
    JobTag,
    Queue,
    QueueGrant,
    Revision,
    RoleGrant,
    Team,
)
from jobs.spec.documents import text_at
from jobs.spec.job_size import requested_size
from jobs.spec.redaction import MASK
from jobs.states import ACTIVE_STATES, FINAL_STATES, State, Status

CLOSED_NOTE = "not accepting jobs"
COMMON_TAGS = ("Department", "Project", "CostCenter")
MAX_DEFINITIONS = 300
MAX_EXAMPLES = 20
"""Newest revisions among which an example is chosen."""
MAX_REVISIONS = 50
MAX_DEPENDENCIES = 30
MAX_TAG_VALUES = 40
RECENT_JOB_LIMIT = 200
"""Newest jobs that are read for usual values."""
SEARCHED_JOB_LIMIT = 5000
"""Newest jobs that are searched by name."""


@dataclass(frozen=True)
class Choice:
    value: str
    label: str
    note: str = ""
    status: Status | None = None
    array_size: int | None = None


@dataclass(frozen=True)
class RecentValues:
    keys: tuple[str, ...] = ()
    tags: Mapping[str, list[str]] = field(default_factory=dict)
    dependencies: tuple[Choice, ...] = ()


def queue_choices(team: Team) -> tuple[list[Choice], str]:
    grants = list(
        QueueGrant.objects.filter(team=team, queue__account__active=True, queue__removed_at=None)
        .select_related("queue__account")
        .order_by("queue__name", "queue__account__name")
    )
    several = len({grant.queue.account_id for grant in grants}) > 1
    choices = [
        Choice(
            grant.queue.arn if several and grant.queue.arn else grant.queue.name,
            f"{grant.queue.name} ({grant.queue.account})" if several else grant.queue.name,
            ", ".join(filter(None, (grant.queue.platform_name, "" if grant.queue.is_open else CLOSED_NOTE))),
        )
        for grant in grants
    ]
    default = next((number for number, grant in enumerate(grants) if grant.is_default), 0)
    return choices, choices[default].value if choices else ""


def usual_queue(team: Team, definition_name: str, choices: Collection[Choice]) -> str:
    """Return the choice in which the team last ran the definition; "" if there is none."""
    definitions = Definition.objects.usable_by(team).filter(name=definition_name)
    jobs = Job.objects.filter(team=team, definition__in=definitions).order_by("-pk")
    values = jobs.values_list("queue__arn", "queue__name").first() or ()
    return next((choice.value for choice in choices if choice.value in values), "")


def open_queues(team: Team) -> list[Queue]:
    return list(Queue.objects.granted_to(team).filter(removed_at=None).select_related("account"))


def usable_accounts(team: Team) -> list[Account]:
    return list(Account.objects.usable_by(team).order_by("name"))


def example_queue_name(team: Team) -> str:
    granted = Queue.objects.granted_to(team).filter(removed_at=None).order_by("-grants__is_default", "name")
    return granted.values_list("name", flat=True).first() or ""


def example_definition_name(team: Team) -> str:
    """Return the smallest of the newest definitions of one container."""
    usable = Revision.objects.runnable().filter(definition__in=Definition.objects.usable_by(team))
    newest = usable.order_by("-registered_at").values_list("definition__name", "document")[:MAX_EXAMPLES]
    sizes = {name: requested_size(document, {}) for name, document in newest if "containerProperties" in document}
    return min(sizes, key=lambda name: (sizes[name].gpus, sizes[name].vcpus, sizes[name].memory_mib), default="")


def definition_choices(team: Team) -> list[Choice]:
    usable = Definition.objects.usable_by(team).runnable()
    rows = usable.select_related("team").order_by("name", "pk")[:MAX_DEFINITIONS]
    by_name: dict[str, Choice] = {}
    for definition in rows:
        note = "" if definition.team_id == team.pk else f"shared by {definition.team.name}"
        by_name.setdefault(definition.name, Choice(definition.name, definition.name, note))
    return list(by_name.values())


def runnable_revisions(team: Team, name: str) -> list[Revision]:
    if not name:
        return []
    return list(
        Revision.objects.runnable()
        .filter(definition__in=Definition.objects.usable_by(team), definition__name=name)
        .select_related("definition__team", "definition__account")
        .order_by("-number", "-pk")[:MAX_REVISIONS]
    )


def image_suggestions(team: Team) -> list[str]:
    patterns = ImageGrant.objects.filter(team=team).order_by().values_list("pattern", flat=True)
    newest = Revision.objects.runnable().filter(definition__team=team).order_by("-pk")[:MAX_REVISIONS]
    used = (text_at(item.document, "containerProperties", "image") for item in newest.only("document"))
    return sorted({*(item for item in patterns if not item.endswith("*")), *filter(None, used)})


def granted_values(team: Team) -> dict[str, list[str]]:
    roles = RoleGrant.objects.filter(team=team).exclude(pattern__endswith="*").order_by("pattern")
    role_arns = list(roles.values_list("pattern", flat=True))
    return {"image": image_suggestions(team), "job_role": role_arns, "execution_role": role_arns}


def recent_values(team: Team, selected_ids: Collection[str] = ()) -> RecentValues:
    recent = list(Job.objects.filter(team=team).order_by("-pk").only(*_JOB_COLUMNS)[:RECENT_JOB_LIMIT])
    return RecentValues(
        *_tag_values(recent),
        dependencies=tuple(
            _order_choices(
                [job for job in recent if job.batch_id and job.state not in _UNSUCCESSFUL_STATES],
                selected_ids,
                _jobs_not_in(team, recent, selected_ids),
            )
        ),
    )


def dependency_choices(team: Team, text: str, selected_ids: Collection[str]) -> list[Choice]:
    newest = Job.objects.filter(team=team).order_by("-pk").values("pk")[:SEARCHED_JOB_LIMIT]
    rows = Job.objects.filter(pk__in=newest, batch_id__isnull=False).exclude(state__in=_UNSUCCESSFUL_STATES)
    if text:
        rows = rows.filter(name__icontains=text)
    jobs = list(rows.order_by("-pk").only(*_JOB_COLUMNS)[:RECENT_JOB_LIMIT])
    return _order_choices(jobs, selected_ids, _jobs_not_in(team, jobs, selected_ids))


_UNSUCCESSFUL_STATES = FINAL_STATES - {State.SUCCEEDED}
_JOB_COLUMNS = ("pk", "public_id", "name", "batch_id", "delivery", "state", "accepted_at", "array_size")


def _jobs_not_in(team: Team, jobs: Iterable[Job], selected_ids: Collection[str]) -> list[Job]:
    missing_ids = set(selected_ids) - {job.batch_id for job in jobs}
    return list(Job.objects.filter(team=team, batch_id__in=missing_ids).only(*_JOB_COLUMNS)) if missing_ids else []


def _order_choices(jobs: list[Job], selected_ids: Collection[str], extra_jobs: Iterable[Job]) -> list[Choice]:
    by_id = {str(job.batch_id): job for job in [*jobs, *extra_jobs]}
    unknown = [Choice(job_id, job_id, "unknown job") for job_id in selected_ids if job_id not in by_id]
    selected = [job_id for job_id in selected_ids if job_id in by_id]
    active = [str(job.batch_id) for job in jobs if job.state in ACTIVE_STATES]
    newest = [str(job.batch_id) for job in jobs]
    order = list(dict.fromkeys([*selected, *active, *newest]))[: max(MAX_DEPENDENCIES, len(selected))]
    ordered_jobs = [(job_id, by_id[job_id]) for job_id in order]
    return [
        *unknown,
        *(Choice(job_id, job.name, status=job.status, array_size=job.array_size) for job_id, job in ordered_jobs),
    ]


def _tag_values(recent: Iterable[Job]) -> tuple[tuple[str, ...], dict[str, list[str]]]:
    rows = JobTag.objects.filter(job__in=[job.pk for job in recent]).values_list("key", "value").distinct()
    values: dict[str, set[str]] = {key: set() for key in COMMON_TAGS}
    for key, value in rows:
        values.setdefault(key, set()).update([value] if MASK not in value else [])
    keys = (*COMMON_TAGS, *sorted(values.keys() - set(COMMON_TAGS))[:MAX_TAG_VALUES])
    return keys, {key: sorted(values[key])[:MAX_TAG_VALUES] for key in keys if values[key]}
