"""Tags that nobody wrote are filled in before a document is judged, and it is said by whom."""

import json

import pytest

from jobs import actions
from jobs.models import TagRule, TagSource
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
JOB = {"jobName": "one", "jobQueue": "cpu", "jobDefinition": "hello"}


@pytest.fixture
def research():
    member = make.member(make.team("research", name="Research"))
    queue = make.queue("cpu", teams=(member.team,))
    make.revision("hello", of=member.team, where=queue.account)
    TagRule.objects.create(
        team=member.team, key="CostCenter", required=True, default="CC-100", filled_by=TagSource.TEAM
    )
    return member


def accept(member, document):
    return actions.submit(json.dumps(document), member, source="json")


def test_a_verdict_says_what_was_filled_in_and_by_whom(research):
    verdict = actions.validate(json.dumps(JOB), research)

    assert verdict.is_valid
    assert [(change.pointer, change.message) for change in verdict.parse_result.changes] == [
        ("/tags/CostCenter", "CostCenter was set to CC-100 by Research")
    ]


def test_what_was_filled_in_is_on_the_job_and_the_text_stays_as_it_was_written(research):
    submission = accept(research, JOB)
    job = submission.jobs.get()

    assert job.tags == {"CostCenter": "CC-100"}
    assert [(row.key, row.value) for row in job.tag_rows.all()] == [("CostCenter", "CC-100")]
    assert json.loads(submission.text) == JOB
    assert submission.document["tags"] == {"CostCenter": "CC-100"}
    assert submission.notes[0]["message"] == "CostCenter was set to CC-100 by Research"


def test_the_jobs_of_a_workflow_are_told_of_once(research):
    steps = [{**JOB, "jobName": name} for name in ("a", "b")]
    submission = accept(research, {"jobs": [*steps, {**JOB, "jobName": "c", "tags": {"CostCenter": "CC-7"}}]})

    assert [job.tags["CostCenter"] for job in submission.jobs.order_by("position")] == ["CC-100", "CC-100", "CC-7"]
    assert [note["message"] for note in submission.notes] == ["CostCenter was set to CC-100 by Research (2 jobs)"]


def test_a_tag_that_nobody_may_fill_in_is_missed(research):
    TagRule.objects.create(team=None, key="Project", required=True)

    assert [problem.rule for problem in actions.validate(json.dumps(JOB), research).errors] == ["policy.tag-missing"]
    assert actions.validate(json.dumps({**JOB, "tags": {"Project": "GenAI"}}), research).is_valid


def test_tags_go_on_to_the_bill_unless_the_document_says_otherwise(research):
    assert accept(research, JOB).jobs.get().document["propagateTags"] is True
    quiet = {**JOB, "propagateTags": False}
    [problem] = actions.validate(json.dumps(quiet), research).errors
    assert (problem.rule, problem.pointer) == ("policy.untagged-costs-not-granted", "/propagateTags")

    research.team.features = ["untagged_costs"]
    research.team.save()
    silent = accept(research, quiet)

    assert silent.jobs.get().document["propagateTags"] is False
    assert "do not appear on AWS's bill" in silent.notes[-1]["message"]
