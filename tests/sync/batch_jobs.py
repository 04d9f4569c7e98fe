"""A queue's jobs in AWS, for what is compared with them."""

from typing import Any

from jobs.dispatch.submit_request import portal_tags
from jobs.models import Job
from tests import http_wire, make

ARN = "arn:aws:batch:us-west-2:123456789012"


class Batch:
    """A queue's jobs in AWS, as they would be listed and described."""

    url = ""

    def __init__(self) -> None:
        self.jobs: list[dict[str, Any]] = []
        self.ended: list[str] = []
        self.reasons: list[str] = []
        self.definition: dict[str, Any] = {}
        self.asked: list[dict[str, Any]] = []
        self.requests: list[tuple[str, dict[str, Any]]] = []

    def has(self, name: str, batch_id: str, created: int = 1, **fields) -> None:
        self.jobs.insert(0, {"jobName": name, "jobId": batch_id, "createdAt": created, "status": "RUNNING", **fields})

    def __call__(self, handler) -> None:
        request = self.requests[-1][1]
        http_wire.reply(200, getattr(self, handler.path.rpartition("/")[2])(request))(handler)

    def listjobs(self, request):
        self.asked.append(request)
        [condition] = request["filters"]
        named = condition["values"][0] if condition["name"] == "JOB_NAME" else ""
        return {"jobSummaryList": [job for job in self.jobs if not named or job["jobName"] == named]}

    def describejobs(self, request):
        return {"jobs": [job for job in self.jobs if job["jobId"] in request["jobs"]]}

    def terminatejob(self, request):
        self.ended.append(request["jobId"])
        self.reasons.append(request["reason"])
        return {}

    def describejobdefinitions(self, _):
        document = {
            **make.document("found"),
            **self.definition,
            "jobDefinitionArn": f"{ARN}:job-definition/found:4",
            "revision": 4,
        }
        return {"jobDefinitions": [document]}


def job_at(aws: Batch, **fields) -> Job:
    return make.job(make.submission(where=make.account(endpoint_url=aws.url)), **fields)


def tags_of(job: Job) -> dict[str, Any]:
    return {"tags": portal_tags(job)}


def reload(job: Job) -> Job:
    return Job.objects.get(pk=job.pk)


def forgotten_job(aws: Batch, **fields) -> Job:
    """A job that AWS has and whose rows a restored backup does not have."""
    job = job_at(aws, name="forgotten")
    aws.has(
        job.marker,
        "b-1",
        1_700_000_000_000,
        **{
            "tags": {**portal_tags(job), "Project": "GenAI"},
            "jobDefinition": f"{ARN}:job-definition/found:4",
            "container": {
                "command": ["train"],
                "resourceRequirements": [{"type": "VCPU", "value": "4"}, {"type": "MEMORY", "value": "512"}],
            },
            **fields,
        },
    )
    submission = job.submission
    Job.objects.all().delete()
    submission.delete()
    return job
