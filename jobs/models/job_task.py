"""The ECS tasks in which attempts ran, by which AWS's bill is joined to jobs."""

import hashlib
from collections.abc import Collection, Iterable, Iterator
from datetime import date

from django.db import models
from django.db.models import Exists, OuterRef, Q

from jobs.models.cost import CostLine
from jobs.models.job import Job

BATCH_SIZE = 500


def task_digest(arn: str) -> str:
    return hashlib.blake2b(arn.encode(), digest_size=16).hexdigest()


def task_arns(job: Job) -> set[str]:
    """Return those of its attempts, and of the current one. Array jobs have none: their children do."""
    return {arn for arn in (job.task_arn, *(attempt.get("task_arn", "") for attempt in job.attempts)) if arn}


class JobTaskQuerySet(models.QuerySet["JobTask"]):
    def add(self, tasks: Iterable[tuple[int, str]]) -> None:
        """Add what is not there yet, by key of the job and ARN."""
        rows = {task_digest(arn): job for job, arn in tasks if arn}
        if rows:
            self.bulk_create(
                [JobTask(job_id=job, digest=digest) for digest, job in sorted(rows.items())],
                ignore_conflicts=True,
                batch_size=BATCH_SIZE,
            )

    def jobs_by_arn(self, arns: Collection[str]) -> dict[str, tuple[int, int]]:
        """Return the keys of the job and of its account for each known task."""
        digests = {task_digest(arn): arn for arn in arns}
        names, jobs = sorted(digests), {}
        for begin in range(0, len(names), BATCH_SIZE):
            rows = self.filter(digest__in=names[begin : begin + BATCH_SIZE])
            for digest, job, account in rows.values_list("digest", "job", "job__account"):
                jobs[digests[digest]] = (job, account)
        return jobs

    def add_missing(self, accounts: Collection[int], first: date, last: date) -> None:
        """Add the tasks of jobs that were charged before this table, on these days, and of those that run."""
        lines = CostLine.objects.filter(account__in=accounts, day__range=(first, last))
        charged = Q(Exists(lines.filter(job=OuterRef("pk"))))
        unknown = Job.objects.filter(account__in=accounts).exclude(Exists(JobTask.objects.filter(job=OuterRef("pk"))))
        for jobs in (unknown.filter(charged), Job.objects.filter(account__in=accounts, ended_at=None)):
            for batch in _batches(jobs.only("pk", "task_arn", "attempts")):
                self.add((job.pk, arn) for job in batch for arn in task_arns(job))


def _batches(jobs: models.QuerySet[Job]) -> Iterator[list[Job]]:
    last = 0
    while batch := list(jobs.filter(pk__gt=last).order_by("pk")[:BATCH_SIZE]):
        yield batch
        last = batch[-1].pk


class JobTask(models.Model):
    """Written when a job is charged: AWS Batch forgets it soon, its bill comes days later."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="tasks")
    digest = models.CharField(max_length=32, unique=True, help_text="Hash of the ARN.")

    objects = JobTaskQuerySet.as_manager()
