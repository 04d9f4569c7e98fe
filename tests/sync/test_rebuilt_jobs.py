"""Jobs of AWS without a row, rebuilt from their tags."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils.timezone import now

from jobs.actions.new_jobs import batch_job_name
from jobs.dispatch.submit_request import portal_tags
from jobs.models import Discrepancy, DiscrepancyKind, Job
from jobs.models.array_reruns import index_reruns
from jobs.states import State
from jobs.sync.compare import compare_queues
from tests import make
from tests.sync.batch_jobs import ARN, Batch, forgotten_job

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


def test_a_job_of_ours_without_a_row_is_rebuilt_from_its_tags(aws):
    lost = forgotten_job(aws)
    compare_queues(lost.account)

    job = Job.objects.get()
    assert (job.public_id, job.marker, job.name) == (lost.public_id, lost.marker, "forgotten")
    assert (job.team, job.submission.person, job.submission.source) == (
        lost.team,
        lost.submission.person,
        "recovered",
    )
    assert (job.batch_id, job.state, job.revision.qualified_name) == ("b-1", State.RUNNING, "found:4")
    assert (job.tags, int(job.vcpus)) == ({"Project": "GenAI"}, 4)
    assert job.document["containerOverrides"]["command"] == ["train"]
    assert list(job.tag_rows.values_list("key", "value")) == [("Project", "GenAI")]
    assert Discrepancy.objects.get().kind == DiscrepancyKind.ORPHAN

    compare_queues(lost.account, every=timedelta(0))
    assert Job.objects.count() == 1


@pytest.mark.parametrize("is_newer", [True, False])
def test_a_rebuilt_job_of_a_step_that_has_run_before_is_another_run_of_it(aws, is_newer):
    lost = forgotten_job(aws)
    member = make.member(lost.team, who=make.user("someone"))
    kept = make.submission(member, lost.account, kind="workflow", job_count=2)
    other = make.job(kept, name="load", state="SUCCEEDED", ended_at=now())
    known = make.job(kept, name="forgotten", state="FAILED", ended_at=now())
    if is_newer:
        Job.objects.filter(pk=known.pk).update(public_id=UUID(int=1))
    aws.jobs[0]["tags"]["portal:submission"] = kept.text_id
    compare_queues(lost.account)

    job = Job.objects.get(public_id=lost.public_id)
    known.refresh_from_db()
    assert (job.step, job.position) == (1, 2)
    assert (job.repeats, known.superseded, job.superseded) == (known if is_newer else None, is_newer, not is_newer)
    kept.refresh_from_db()
    assert kept.job_count == 2
    assert other in kept.jobs.current_steps()


@pytest.fixture
def swept(aws: Batch) -> Job:
    """An array that failed, in the backup."""
    workflow = make.submission(where=make.account(endpoint_url=aws.url), kind="workflow", job_count=2)
    make.job(workflow, name="load", state="SUCCEEDED", ended_at=now())
    document = {"jobName": "sweep", "arrayProperties": {"size": 20}}
    return make.job(workflow, name="sweep", state="FAILED", ended_at=now(), array_size=20, document=document)


def forget_rerun(aws: Batch, array_job: Job, name: str, **fields: Any) -> Job:
    """A job of the array's submission that AWS has and the backup does not have."""
    lost = make.job(array_job.submission, name=name)
    variable = ("ARRAY_INDEXES", "2 3 5") if "arrayProperties" in fields else ("ARRAY_INDEX", name.rpartition("-")[2])
    environment = [{"name": variable[0], "value": variable[1]}]
    definition = f"{ARN}:job-definition/found:4"
    tags = portal_tags(lost)
    container = {"command": ["train"], "environment": environment}
    aws.has(lost.marker, f"id-{lost.pk}", tags=tags, jobDefinition=definition, container=container, **fields)
    lost.delete()
    return lost


def test_a_rebuilt_job_of_an_index_is_another_run_of_that_index(aws: Batch, swept: Job) -> None:
    lost = forget_rerun(aws, swept, "sweep-17")
    compare_queues(swept.account)

    job = Job.objects.get(public_id=lost.public_id)
    assert (job.repeats, job.array_index, job.step, job.superseded) == (swept, 17, swept.step, False)
    assert index_reruns(swept)[17].job == job
    assert job.history.earliest("pk").note.endswith("It runs index 17 of sweep again.")
    workflow = job.submission
    assert workflow.job_count == workflow.jobs.current_steps().count() == 2


def test_a_rebuilt_array_of_indexes_runs_each_of_them(aws: Batch, swept: Job) -> None:
    lost = forget_rerun(aws, swept, "sweep-again", arrayProperties={"size": 3})
    compare_queues(swept.account)

    job = Job.objects.get(public_id=lost.public_id)
    assert (job.repeats, job.array_index) == (swept, 2)
    assert {index: rerun.job for index, rerun in index_reruns(swept).items()} == {2: job, 3: job, 5: job}


def test_of_two_rebuilt_runs_of_a_step_the_later_repeats_the_earlier(aws: Batch, swept: Job) -> None:
    earlier, later = forget_rerun(aws, swept, "train"), forget_rerun(aws, swept, "train")
    compare_queues(swept.account)

    first, second = (Job.objects.get(public_id=lost.public_id) for lost in (earlier, later))
    assert (first.superseded, second.repeats, second.superseded) == (True, first, False)
    assert first.step == second.step


@pytest.mark.parametrize("is_newer", [True, False])
def test_of_two_rebuilt_runs_of_an_index_the_newer_counts(aws: Batch, swept: Job, is_newer: bool) -> None:
    fields = {"name": "sweep-17", "step": swept.step, "repeats": swept, "array_index": 17, "state": "FAILED"}
    lost = forget_rerun(aws, swept, "sweep-17")
    known = make.job(swept.submission, **fields, ended_at=now())
    if is_newer:
        between = (swept.public_id.int + lost.public_id.int) // 2
        Job.objects.filter(pk=known.pk).update(public_id=UUID(int=between))
    compare_queues(swept.account)

    job = Job.objects.get(public_id=lost.public_id)
    known.refresh_from_db()
    assert (job.superseded, known.superseded) == (not is_newer, is_newer)
    assert index_reruns(swept)[17].job == (job if is_newer else known)


def test_a_rebuilt_index_of_an_array_that_ran_twice_is_of_the_run_before_it(aws: Batch, swept: Job) -> None:
    lost = forget_rerun(aws, swept, "sweep-17")
    Job.objects.filter(pk=swept.pk).update(superseded=True)
    fields = {"name": "sweep", "step": swept.step, "repeats": swept, "array_size": 20, "document": swept.document}
    make.job(swept.submission, **fields, state="RUNNING")
    compare_queues(swept.account)

    assert Job.objects.get(public_id=lost.public_id).repeats == swept


def test_an_array_and_its_index_that_are_both_rebuilt_are_together_again(aws: Batch, swept: Job) -> None:
    lost = forget_rerun(aws, swept, "sweep-17")
    tags = portal_tags(swept)
    definition = f"{ARN}:job-definition/found:4"
    aws.has(swept.marker, "array", tags=tags, jobDefinition=definition, arrayProperties={"size": 20}, status="FAILED")
    aws.jobs.reverse()  # newest first, as AWS lists them
    submission, account = swept.submission, swept.account
    Job.objects.all().delete()
    submission.delete()
    compare_queues(account)

    job = Job.objects.get(public_id=lost.public_id)
    assert job.repeats is not None
    assert (job.repeats.public_id, job.array_index) == (swept.public_id, 17)
    assert (job.submission.public_id, job.submission.job_count) == (submission.public_id, 1)


def test_an_index_that_is_rebuilt_before_its_array_joins_it(aws: Batch, swept: Job) -> None:
    lost = forget_rerun(aws, swept, "sweep-17")
    tags = portal_tags(swept)
    definition = f"{ARN}:job-definition/found:4"
    submission, account = swept.submission, swept.account
    other = make.job(submission, name="report")
    aws.has(other.marker, "report", tags=portal_tags(other), jobDefinition=definition)
    Job.objects.all().delete()
    submission.delete()
    compare_queues(account, every=timedelta())
    rebuilt = Job.objects.get(public_id=lost.public_id)
    assert (rebuilt.array_index, rebuilt.submission.kind, rebuilt.submission.job_count) == (None, "workflow", 2)

    aws.has(swept.marker, "array", tags=tags, jobDefinition=definition, arrayProperties={"size": 20}, status="FAILED")
    compare_queues(account, every=timedelta())
    job = Job.objects.get(public_id=lost.public_id)
    array_job = Job.objects.get(public_id=swept.public_id)
    assert (job.repeats, job.array_index, job.step, job.superseded) == (array_job, 17, array_job.step, False)
    assert job.history.latest("pk").note.endswith("It runs index 17 of sweep again.")
    workflow = job.submission
    assert [step["jobName"] for step in workflow.document["jobs"]] == ["report", "sweep"]
    assert [(step.name, step.step) for step in workflow.jobs.current_steps().order_by("step")] == [
        ("report", 0),
        ("sweep", 1),
    ]
    assert (workflow.job_count, workflow.name) == (2, "report and 1 more")


def test_an_index_that_is_rebuilt_before_its_array_joins_it_in_a_kept_workflow(aws: Batch, swept: Job) -> None:
    lost = forget_rerun(aws, swept, "sweep-17")
    tags = portal_tags(swept)
    submission = swept.submission
    swept.delete()
    compare_queues(submission.account, every=timedelta())
    assert Job.objects.get(public_id=lost.public_id).array_index is None
    definition = f"{ARN}:job-definition/found:4"
    aws.has(swept.marker, "array", tags=tags, jobDefinition=definition, arrayProperties={"size": 20}, status="FAILED")
    compare_queues(submission.account, every=timedelta())

    job = Job.objects.get(public_id=lost.public_id)
    assert job.repeats is not None
    assert (job.repeats.public_id, job.array_index) == (swept.public_id, 17)


def test_runs_of_an_index_that_are_rebuilt_before_its_array_all_join_it(aws: Batch, swept: Job) -> None:
    first, second = forget_rerun(aws, swept, "sweep-17"), forget_rerun(aws, swept, "sweep-17")
    tags = portal_tags(swept)
    submission = swept.submission
    count = submission.job_count
    swept.delete()
    compare_queues(submission.account, every=timedelta())
    definition = f"{ARN}:job-definition/found:4"
    aws.has(swept.marker, "array", tags=tags, jobDefinition=definition, arrayProperties={"size": 20}, status="FAILED")
    compare_queues(submission.account, every=timedelta())

    rebuilt = Job.objects.filter(public_id__in=[first.public_id, second.public_id]).order_by("public_id")
    array_job = Job.objects.get(public_id=swept.public_id)
    assert [(job.repeats, job.array_index, job.superseded) for job in rebuilt] == [
        (array_job, 17, True),
        (array_job, 17, False),
    ]
    submission.refresh_from_db()
    assert submission.job_count == count + 1


@pytest.mark.parametrize(
    ("name", "size"),
    [("sweep-17", 17), ("other-17", 20)],
    ids=["an index that the array lacks", "the name of no array"],
)
def test_a_rebuilt_job_that_fits_no_array_is_a_step_and_says_what_it_may_be(
    aws: Batch, swept: Job, name: str, size: int
) -> None:
    Job.objects.filter(pk=swept.pk).update(document={"jobName": "sweep", "arrayProperties": {"size": size}})
    lost = forget_rerun(aws, swept, name)
    compare_queues(swept.account)

    job = Job.objects.get(public_id=lost.public_id)
    assert (job.repeats, job.array_index, job.step) == (None, None, 2)
    note = "It may run index 17 of an array job again, but the portal doesn't have that array job."
    assert job.history.earliest("pk").note.endswith(note)


def test_a_rebuilt_run_of_a_step_that_is_called_like_an_index_is_of_the_step(aws: Batch, swept: Job) -> None:
    step = make.job(swept.submission, name="sweep-17", state="FAILED", ended_at=now())
    lost = forget_rerun(aws, swept, "sweep-17")
    compare_queues(swept.account)

    job = Job.objects.get(public_id=lost.public_id)
    assert (job.repeats, job.array_index) == (step, None)


def test_a_rebuilt_run_of_a_step_is_found_by_the_part_of_its_name_that_aws_has(aws: Batch) -> None:
    lost = forgotten_job(aws)
    member = make.member(lost.team, who=make.user("someone"))
    workflow = make.submission(member, lost.account, kind="workflow", job_count=1)
    name = "n" * 120
    known = make.job(workflow, name=name, marker="n" * 101, state="FAILED", ended_at=now())
    Job.objects.filter(pk=known.pk).update(public_id=UUID(int=1))
    aws.jobs[0]["tags"]["portal:submission"] = workflow.text_id
    aws.jobs[0]["jobName"] = batch_job_name(name, lost.public_id)
    compare_queues(lost.account)

    job = Job.objects.get(public_id=lost.public_id)
    assert (job.repeats, job.name) == (known, name)


def test_a_rebuilt_job_of_several_nodes_is_as_large_as_aws_runs_it(aws):
    lost = forgotten_job(aws)
    container = make.document()["containerProperties"]
    del aws.jobs[0]["container"]
    aws.jobs[0]["nodeProperties"] = {
        "numNodes": 6,
        "mainNode": 0,
        "nodeRangeProperties": [{"targetNodes": "0:5", "container": container}],
    }
    aws.definition = {"type": "multinode", "containerProperties": None}
    compare_queues(lost.account)

    assert (int(Job.objects.get().vcpus), Job.objects.get().memory_mib) == (6, 6 * 512)


@pytest.mark.parametrize(
    ("tag", "value", "kinds"),
    [
        ("portal:installation", "another", []),
        ("portal:team", "nobody", ["unreadable"]),
        ("portal:user", "nobody", ["unreadable"]),
        ("portal:job", "another", ["unreadable"]),
    ],
)
def test_what_cannot_be_told_to_be_ours_gets_no_row(aws, tag, value, kinds):
    lost = forgotten_job(aws)
    aws.jobs[0]["tags"][tag] = value
    compare_queues(lost.account)

    assert not Job.objects.exists()
    assert list(Discrepancy.objects.values_list("kind", flat=True)) == kinds
    assert aws.ended == []
