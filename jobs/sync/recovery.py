"""Recovery of a job's rows from AWS, after a restore."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.timezone import now

from jobs.aws import batch
from jobs.aws.errors import AwsError
from jobs.aws.response_reader import ResponseReader
from jobs.aws.session import Purpose, client_for
from jobs.models import (
    Account,
    Definition,
    Job,
    JobTag,
    Queue,
    Registration,
    Revision,
    Source,
    StateChange,
    Submission,
    Team,
    User,
)
from jobs.models.array_reruns import supersede_reruns
from jobs.models.ids import TEXT_LENGTH, from_text
from jobs.models.job_text import insert_texts
from jobs.models.tag_secret import LENGTH as TAG_DIGEST
from jobs.spec import effective
from jobs.spec.documents import DocumentKind, list_at, text_at
from jobs.spec.index_rerun import MAX_NAME_LENGTH_IN_AWS, format_indexes, may_repeat, repeated_indexes
from jobs.spec.job_size import requested_size
from jobs.spec.normalize import fingerprint
from jobs.spec.redaction import redact_value
from jobs.spec.rules.reserved_names import PORTAL_VARIABLES
from jobs.spec.workflow_name import workflow_name
from jobs.states import Delivery, State
from jobs.sync.apply import apply

PORTAL_TAG_PREFIX = "portal:"
MAX_DEFINITION_NAME_LENGTH = 128


def rebuild_job(queue: Queue, observation: batch.Observation) -> tuple[Job | None, str]:
    """Return the job and a note; no job if its tags name unknown rows."""
    description = ResponseReader(observation.raw)
    tags = description.text_map("tags")
    name = description.text("jobName", max_length=batch.MAX_NAME_LENGTH)
    if tags.get("portal:job") != name[-TEXT_LENGTH:] or _parse_public_id(name) is None:
        return None, f"Its tag portal:job ({tags.get('portal:job', 'none')}) doesn't match its name {name!r}."
    team = Team.objects.filter(slug=tags.get("portal:team", "")).first()
    person = _find_person(tags.get("portal:user", ""))
    if team is None or person is None:
        return None, f"Unknown team {tags.get('portal:team')!r} or user {tags.get('portal:user')!r}."
    definition = parse_definition_arn(description.text("jobDefinition"))
    if definition is None:
        return None, f"Invalid job definition {description.text('jobDefinition')!r}."
    definition_document = _describe_definition(queue.account, *definition)
    with transaction.atomic():
        # Lock like a submission does: a key is looked up and assigned under the team's lock.
        team = Team.objects.select_for_update().get(pk=team.pk)
        revision = _get_or_create_revision(queue.account, team, *definition, definition_document)
        job = _create_job(queue, _get_or_create_submission(queue.account, team, person, tags), revision, observation)
        note = _rebuilt_note(job)
        StateChange.objects.create(
            job=job, delivery=Delivery.SENT, state=State.SUBMITTED, note=note, source="reconcile"
        )
        apply(job, observation, source="reconcile")
    return job, note


def _get_or_create_submission(account: Account, team: Team, person: User, tags: dict[str, str]) -> Submission:
    submission = Submission(
        team=team, account=account, person=person, source=Source.RECOVERED, job_count=0, document={}
    )
    with suppress(ValueError):
        public_id = from_text(tags.get("portal:submission", ""))
        existing = Submission.objects.filter(public_id=public_id).first()
        if existing and existing.team_id == team.pk and existing.account_id == account.pk:
            return existing
        if existing is None:
            submission.public_id = public_id
    key, dot, body = tags.get("portal:request", "").partition(".")
    if dot and not Submission.objects.filter(team=team, key_digest=key).exists():
        submission.key_digest, submission.body_digest = key[:TAG_DIGEST], body[:TAG_DIGEST]
    submission.save()
    return submission


def _add_step(submission: Submission, document: dict[str, Any]) -> None:
    if not submission.job_count:
        _describe_steps(submission, [document])
    elif submission.source == Source.RECOVERED:  # others keep their document as it was submitted
        steps = submission.document.get("jobs", [submission.document])
        _describe_steps(submission, [*steps, document])
    submission.job_count += 1
    submission.save(update_fields=["name", "kind", "document", "job_count"])


def _describe_steps(submission: Submission, steps: Sequence[dict[str, Any]]) -> None:
    names = [step["jobName"] for step in steps]
    if len(steps) == 1:
        submission.name, submission.kind, submission.document = names[0], DocumentKind.SUBMISSION, steps[0]
    else:
        submission.name, submission.kind = workflow_name({}, names), DocumentKind.WORKFLOW
        submission.document = {"jobs": [*steps]}


def _place(submission: Submission, public_id: UUID, document: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that place a job in its submission: a new step, or a later run of a step or of an index.

    The names of a workflow's steps are unique, and IDs are ordered by time.
    """
    last = submission.jobs.order_by("-position").values_list("position", flat=True).first()
    position = 0 if last is None else last + 1
    steps = _steps_by_name(submission, document["jobName"])
    if not steps and (place := _place_indexes(submission, public_id, document)):
        return {"position": position, **place}
    if len(steps) != 1 or submission.source == Source.RECOVERED:
        _add_step(submission, document)
        return {"position": position, "step": position}
    [current] = steps
    place = {"position": position, "step": current.step, "name": current.name}
    if public_id < current.public_id:
        return {**place, "superseded": True}
    Job.objects.filter(pk=current.pk).update(superseded=True)
    return {**place, "repeats_id": current.pk}


def _steps_by_name(submission: Submission, name: str) -> list[Job]:
    """Return the steps whose name is this in AWS, where long ones are cut."""
    steps = submission.jobs.current_steps().filter(name__startswith=name).only("name", "public_id", "step", "repeats")
    return [job for job in steps if job.name[:MAX_NAME_LENGTH_IN_AWS] == name]


def _place_indexes(submission: Submission, public_id: UUID, document: dict[str, Any]) -> dict[str, Any] | None:
    """Return the fields of a job that runs indexes of an array again; None if it doesn't, or if no array fits."""
    arrays = submission.jobs.filter(array_size__isnull=False, array_index=None, public_id__lt=public_id)
    newest_first = arrays.order_by("-public_id").only("public_id", "step", "document")
    array_job = next((job for job in newest_first if may_repeat(document, job.document)), None)
    if array_job is None:
        return None
    return {"step": array_job.step, "repeats": array_job, **_place_among_reruns(array_job, public_id, document)}


def _place_among_reruns(array_job: Job, public_id: UUID, document: dict[str, Any]) -> dict[str, Any]:
    indexes = repeated_indexes(document)
    first = supersede_reruns(array_job, public_id, indexes)
    return {"array_index": indexes[0] if first is None else first, "superseded": first is None}


def _adopt_reruns(array_job: Job) -> None:
    """Place the jobs that run its indexes again and were rebuilt before it, as steps of their own."""
    submission = array_job.submission
    is_recovered = submission.source == Source.RECOVERED
    first_step = 0 if is_recovered else len(list_at(submission.document, "jobs")) or 1
    later_jobs = submission.jobs.filter(array_index=None, public_id__gt=array_job.public_id, step__gte=first_step)
    removed_steps: set[int] = set()  # a later run of an index shares the step of the earlier one
    for job in later_jobs.order_by("public_id"):
        if may_repeat(job.document, array_job.document):
            place = _place_among_reruns(array_job, job.public_id, job.document)
            job.repeats, job.array_index = array_job, place["array_index"]
            Job.objects.filter(pk=job.pk).update(step=array_job.step, repeats=array_job, **place)
            note = _rebuilt_note(job)
            StateChange.objects.create(job=job, delivery=job.delivery, state=job.state, note=note, source="reconcile")
            if job.step not in removed_steps:
                _remove_step(submission, job)
                removed_steps.add(job.step)


def _remove_step(submission: Submission, job: Job) -> None:
    submission.job_count -= 1
    if submission.source == Source.RECOVERED:
        jobs = list_at(submission.document, "jobs")
        steps = [step for step in jobs if text_at(step, "jobName") != text_at(job.document, "jobName")]
        _describe_steps(submission, steps)
        numbers = submission.jobs.current_steps().order_by("step").values_list("step", flat=True)
        for number, step in enumerate(dict.fromkeys(numbers)):
            submission.jobs.filter(step=step).update(step=number)
    submission.save(update_fields=["name", "kind", "document", "job_count"])


def _rebuilt_note(job: Job) -> str:
    note = "Rebuilt from AWS: the portal's database did not have it."
    indexes = repeated_indexes(job.document)
    if not indexes:
        return note
    text = f"{'index' if len(indexes) == 1 else 'indexes'} {format_indexes(indexes)}"
    if job.array_index is not None and job.repeats:
        return f"{note} It runs {text} of {job.repeats.name} again."
    return f"{note} It may run {text} of an array job again, but the portal doesn't have that array job."


def _create_job(queue: Queue, submission: Submission, revision: Revision, observation: batch.Observation) -> Job:
    description = ResponseReader(observation.raw)
    tags, marker = description.text_map("tags"), description.text("jobName", max_length=batch.MAX_NAME_LENGTH)
    name = marker[: -TEXT_LENGTH - 1]
    document = job_document(name, queue, revision, description)
    own_tags = {key: value for key, value in tags.items() if not key.startswith(PORTAL_TAG_PREFIX)}
    public_id = from_text(marker[-TEXT_LENGTH:])
    place = _place(submission, public_id, document)
    document["jobName"] = place.setdefault("name", name)
    team = submission.team
    size = requested_size({**revision.document, **effective_properties(description)}, document)
    job = Job.objects.create(
        public_id=public_id,
        submission=submission,
        team=team,
        person_id=submission.person_id,
        account=queue.account,
        queue=queue,
        revision=revision,
        definition_id=revision.definition_id,
        **place,
        marker=marker,
        document=document,
        tags=own_tags,
        array_size=description.nested("arrayProperties").number("size"),
        **Job.size_fields(size),
        delivery=Delivery.SENT,
        epoch=1,
        batch_id=observation.batch_id,
        state=State.SUBMITTED,
        submitted_at=observation.submitted_at,
        next_poll_at=now(),
    )
    if job.array_size and job.array_index is None:
        _adopt_reruns(job)
    all_tags = effective.merge_tags(revision.document, {"tags": own_tags})
    JobTag.objects.bulk_create(
        JobTag(job=job, team=team, key=key, value=redact_value(key, value)) for key, value in all_tags.items()
    )
    insert_texts([(job, revision.document, all_tags)])
    return job


def job_document(name: str, queue: Queue, revision: Revision, description: ResponseReader) -> dict[str, Any]:
    """Return the request that AWS's description of a job corresponds to."""
    container = description.nested("container")
    overrides: dict[str, Any] = {}
    if "command" in container:
        overrides["command"] = container.texts("command")
    if "environment" in container:
        variables = container.entries("environment")
        overrides["environment"] = [
            entry.to_json() for entry in variables if entry.text("name") not in PORTAL_VARIABLES
        ]
    if "resourceRequirements" in container:
        overrides["resourceRequirements"] = [entry.to_json() for entry in container.entries("resourceRequirements")]
    document: dict[str, Any] = {"jobName": name, "jobQueue": queue.name, "jobDefinition": revision.qualified_name}
    document |= {key: value for key in ("parameters", "retryStrategy", "timeout")
                 if (value := description.nested(key).to_json())}  # fmt: skip
    if share := description.text("shareIdentifier"):
        document["shareIdentifier"] = share
    if overrides:
        document["containerOverrides"] = overrides
    if size := description.nested("arrayProperties").number("size"):
        document["arrayProperties"] = {"size": size}
    return document


def effective_properties(description: ResponseReader) -> dict[str, Any]:
    """Return the properties with which AWS runs a job that isn't one container."""
    parts = ("ecsProperties", "eksProperties", "nodeProperties")
    return {key: part for key in parts if (part := description.nested(key).to_json())}


def _find_person(text_id: str) -> User | None:
    try:
        return User.objects.filter(public_id=from_text(text_id)).first()
    except ValueError:
        return None


def _parse_public_id(marker: str) -> UUID | None:
    try:
        return from_text(marker[-TEXT_LENGTH:])
    except ValueError:
        return None


def parse_definition_arn(arn: str) -> tuple[str, int] | None:
    """Return name and revision, 0 without one; None if it has no name."""
    name, _, number = arn.rpartition("/")[2].partition(":")
    if not 0 < len(name) <= MAX_DEFINITION_NAME_LENGTH:
        return None
    return name, int(number) if number.isascii() and number.isdecimal() and len(number) < 10 else 0


def _describe_definition(account: Account, name: str, number: int) -> dict[str, Any]:
    if Revision.objects.filter(definition__account=account, definition__name=name, number=number).exists():
        return {}
    try:
        revisions = batch.find_revisions(client_for(account, "batch", Purpose.READ), name)
    except AwsError:
        return {}
    return next((dict(revision.raw) for revision in revisions if revision.revision == number), {})


def _get_or_create_revision(
    account: Account, team: Team, name: str, number: int, description: dict[str, Any]
) -> Revision:
    definition, _ = Definition.objects.get_or_create(account=account, name=name, defaults={"team": team})
    document = description or {"jobDefinitionName": name, "type": "container"}
    revision, _ = definition.revisions.get_or_create(
        number=number,
        defaults={
            "arn": ResponseReader(description).text("jobDefinitionArn", max_length=300),
            "document": document,
            "fingerprint": fingerprint(document),
            "registration": Registration.REGISTERED,
            "active": bool(description),
        },
    )
    return revision
