"""The SubmitJob request of a job, with marker and tags."""

import copy
from typing import Any

from django.conf import settings

from jobs.models import Job
from jobs.models.ids import to_text
from jobs.spec.rules.reserved_names import JOB_ID_VARIABLE, PORTAL_VARIABLES
from jobs.spec.time_limit import without_empty_timeout
from jobs.states import State


def submit_request(job: Job) -> dict[str, Any]:
    """Return the request, for which every parent needs its id in AWS.

    It names no parent that has succeeded: AWS Batch forgets a job some time after its end.
    """
    request: dict[str, Any] = copy.deepcopy(without_empty_timeout(job.document))
    request["jobName"] = job.marker
    request["jobQueue"] = job.queue.arn or job.queue.name
    request["jobDefinition"] = job.revision.qualified_name
    request["tags"] = {**job.tags, **portal_tags(job)}

    edges = sorted(job.dependencies.all(), key=lambda edge: edge.pk)
    succeeded_ids = {edge.batch_id for edge in edges if edge.parent and edge.parent.state == State.SUCCEEDED}
    own_entries = [entry for entry in request.pop("dependsOn", ()) if entry.get("jobId") not in succeeded_ids]
    parents = [
        (edge.parent.batch_id, edge.kind)
        for edge in edges
        if edge.parent and not edge.condition and not edge.batch_id and edge.parent.state != State.SUCCEEDED
    ]
    dependencies = [{"jobId": batch_id, "type": kind} if kind else {"jobId": batch_id} for batch_id, kind in parents]
    if own_entries or dependencies:
        request["dependsOn"] = [*own_entries, *dependencies]

    if "containerProperties" in job.revision.document:
        overrides = request.setdefault("containerOverrides", {})
        variables = [entry for entry in overrides.get("environment", ()) if entry.get("name") not in PORTAL_VARIABLES]
        overrides["environment"] = [*variables, {"name": JOB_ID_VARIABLE, "value": job.text_id}]
    return request


def portal_tags(job: Job) -> dict[str, str]:
    submission = job.submission
    tags = {
        "portal:installation": settings.INSTALLATION,
        "portal:job": job.text_id,
        "portal:submission": submission.text_id,
        "portal:team": job.team.slug,
        "portal:user": to_text(submission.person.public_id),
    }
    if submission.key_digest:
        tags["portal:request"] = f"{submission.key_digest}.{submission.body_digest}"
    return tags
