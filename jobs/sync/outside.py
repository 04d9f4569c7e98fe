"""Adoption of jobs that were submitted outside the portal: they join the history, and are polled and charged.

They are only observed: the portal never sends, stops or repeats them, and no quota counts them.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import structlog
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import Q
from django.utils.timezone import now

from jobs.aws import batch
from jobs.aws.response_reader import ResponseReader
from jobs.models import (
    Definition,
    Job,
    JobTag,
    Queue,
    QueueGrant,
    Registration,
    Revision,
    Source,
    StateChange,
    Submission,
    Team,
    User,
)
from jobs.models.job_text import insert_texts
from jobs.models.team import UNASSIGNED_SLUG
from jobs.spec.documents import DocumentKind
from jobs.spec.job_size import requested_size
from jobs.spec.normalize import fingerprint
from jobs.spec.redaction import redact_value
from jobs.states import Delivery, State
from jobs.sync.apply import apply_all
from jobs.sync.recovery import PORTAL_TAG_PREFIX, effective_properties, job_document, parse_definition_arn

log = structlog.get_logger(__name__)

SOURCE = "reconcile"
NOTE = "Submitted outside the portal, which found the job in AWS's list of jobs."
USERNAME = "outside-the-portal"
DEFINITION_SUFFIX = " (outside)"
"""No name in AWS contains a space, so a team can still register a definition of the same name."""
MAX_DEFINITION_NAME_LENGTH = 128


def unknown_ids(batch_ids: Sequence[str]) -> list[str]:
    """Return those that no job has."""
    existing_ids = set(Job.objects.filter(batch_id__in=batch_ids).values_list("batch_id", flat=True))
    return [batch_id for batch_id in batch_ids if batch_id not in existing_ids]


def adopt(queue: Queue, observations: Iterable[batch.Observation]) -> list[Job]:
    """Create jobs for those of no job's ID, but never for one with the tag of this installation.

    The caller has made sure that none has the marker of a job in its name: such a job may be one of unknown delivery.
    """
    foreign = [observation for observation in observations if not is_own(observation)]
    with transaction.atomic():
        Queue.objects.select_for_update().get(pk=queue.pk)  # another process may be comparing it
        new_ids = set(unknown_ids([observation.batch_id for observation in foreign]))
        new = sorted(
            (observation for observation in foreign if observation.batch_id in new_ids),
            key=lambda observation: observation.submitted_at or now(),
        )
        jobs = _create_jobs(queue, new) if new else []
        apply_all(zip(jobs, new, strict=True), source=SOURCE)
    if jobs:
        log.info("outside_jobs_adopted", queue=queue.name, count=len(jobs))
    return jobs


def is_own(observation: batch.Observation) -> bool:
    tags = ResponseReader(observation.raw).text_map("tags")
    return tags.get("portal:installation") == settings.INSTALLATION


def _create_jobs(queue: Queue, observations: Sequence[batch.Observation]) -> list[Job]:
    person, teams = _stand_in_person(), _teams(queue, observations)
    revisions: dict[tuple[int, str, int], Revision] = {}
    jobs = []
    for observation, team in zip(observations, teams, strict=True):
        description = ResponseReader(observation.raw)
        name, number = parse_definition_arn(description.text("jobDefinition")) or ("unknown", 0)
        key = (team.pk, name, number)
        if key not in revisions:
            revisions[key] = _revision(queue, team, name, number, description.text("jobDefinition"))
        jobs.append(_job(queue, team, person, revisions[key], observation))
        jobs[-1].document["jobDefinition"] = f"{name}:{number}"
    submissions = Submission.objects.bulk_create(job.submission for job in jobs)
    for submission, job in zip(submissions, jobs, strict=True):
        job.submission = submission
    Job.objects.bulk_create(jobs)
    _set_times(jobs)
    StateChange.objects.bulk_create(
        StateChange(job=job, delivery=Delivery.SENT, state=State.SUBMITTED, note=NOTE, source=SOURCE) for job in jobs
    )
    JobTag.objects.bulk_create(
        JobTag(job=job, team_id=job.team_id, key=key[:128], value=redact_value(key, value)[:256])
        for job in jobs
        for key, value in job.tags.items()
    )
    insert_texts(
        (job, _as_definition(job.revision, ResponseReader(observation.raw)), job.tags)
        for job, observation in zip(jobs, observations, strict=True)
    )
    return jobs


def _job(queue: Queue, team: Team, person: User, revision: Revision, observation: batch.Observation) -> Job:
    description = ResponseReader(observation.raw)
    name = description.text("jobName", max_length=batch.MAX_NAME_LENGTH) or observation.batch_id
    document = job_document(name, queue, revision, description)
    tags = description.text_map("tags")
    submission = Submission(
        team=team,
        account=queue.account,
        person=person,
        name=name,
        kind=DocumentKind.SUBMISSION,
        source=Source.OUTSIDE,
        document=document,
    )
    return Job(
        submission=submission,
        team=team,
        person=person,
        account=queue.account,
        queue=queue,
        revision=revision,
        definition_id=revision.definition_id,
        outside=True,
        name=name,
        marker=f"outside:{observation.batch_id}",
        document=document,
        tags={key: value for key, value in tags.items() if not key.startswith(PORTAL_TAG_PREFIX)},
        array_size=description.nested("arrayProperties").number("size"),
        **Job.size_fields(requested_size(_as_definition(revision, description), document)),
        delivery=Delivery.SENT,
        batch_id=observation.batch_id,
        state=State.SUBMITTED,
        submitted_at=observation.submitted_at,
        next_poll_at=now(),
    )


def _as_definition(revision: Revision, description: ResponseReader) -> dict[str, Any]:
    """Return what the size of a run is computed from, as AWS describes the job."""
    parts: dict[str, Any] = {
        "platformCapabilities": description.texts("platformCapabilities"),
        "containerProperties": description.nested("container").to_json(),
        **effective_properties(description),
    }
    return {**revision.document, **{key: part for key, part in parts.items() if part}}


def _set_times(jobs: Sequence[Job]) -> None:
    """Set when AWS accepted them: `auto_now_add` took the present."""
    for job in jobs:
        job.accepted_at = job.submission.created_at = job.submitted_at or job.accepted_at
    Job.objects.bulk_update(jobs, ["accepted_at"])
    Submission.objects.bulk_update([job.submission for job in jobs], ["created_at"])


def _teams(queue: Queue, observations: Sequence[batch.Observation]) -> list[Team]:
    """Return the team that each job's tag names, else the only team of the queue, else the one of unassigned jobs."""
    slugs = [ResponseReader(observation.raw).text_map("tags").get("portal:team", "") for observation in observations]
    by_slug = {team.slug: team for team in Team.objects.filter(slug__in=set(slugs))}
    grants = QueueGrant.objects.filter(queue=queue).select_related("team")[:2]
    other_team = grants[0].team if len(grants) == 1 else _unassigned_team()
    return [by_slug.get(slug) or other_team for slug in slugs]


def _revision(queue: Queue, team: Team, name: str, number: int, arn: str) -> Revision:
    """Return that of a definition that the team can use, else one that stands for it and can't be run."""
    usable = Q(definition__team=team) | Q(definition__shared=True)
    rows = Revision.objects.filter(usable, definition__account=queue.account, definition__name=name, number=number)
    if revision := rows.select_related("definition").first():
        return revision
    stand_in = f"{name[: MAX_DEFINITION_NAME_LENGTH - len(DEFINITION_SUFFIX)]}{DEFINITION_SUFFIX}"
    definition, _ = Definition.objects.get_or_create(
        account=queue.account, name=stand_in, defaults={"team": _unassigned_team(), "archived_at": now()}
    )
    document = {"jobDefinitionName": name, "type": "container"}
    revision, _ = definition.revisions.get_or_create(
        number=number,
        defaults={
            "arn": arn[:300],
            "document": document,
            "fingerprint": fingerprint(document),
            "registration": Registration.REGISTERED,
            "active": False,
        },
    )
    return revision


def _stand_in_person() -> User:
    """Return the user that stands for the unknown one, and can't sign in."""
    names = {"first_name": "Outside", "last_name": "the portal"}
    person, _ = User.objects.get_or_create(
        username=USERNAME, defaults={**names, "is_active": False, "password": make_password(None)}
    )
    return person


def _unassigned_team() -> Team:
    team, _ = Team.objects.get_or_create(slug=UNASSIGNED_SLUG, defaults={"name": "Unassigned", "active": False})
    return team
