"""Names of submissions, chosen and changed."""

import json

import pytest
from django.core.exceptions import PermissionDenied

from jobs import actions
from jobs.models import AuditEntry
from tests import make


@pytest.fixture
def research(db, enqueued):
    member = make.member(make.team("research"))
    queue = make.queue("cpu", teams=(member.team,))
    make.revision("hello", of=member.team, where=queue.account)
    return member


def workflow(**fields):
    steps = [{"jobName": name, "jobQueue": "cpu", "jobDefinition": "hello"} for name in ("load-42", "train-42")]
    return json.dumps({**fields, "jobs": steps})


def test_a_workflow_has_the_name_of_its_document(research):
    submission = actions.submit(workflow(name="nightly-42"), research, source="api")

    assert submission.name == "nightly-42"
    assert [job.name for job in submission.jobs.order_by("position")] == ["load-42", "train-42"]


def test_a_workflow_without_one_has_a_derived_name(research):
    assert actions.submit(workflow(), research, source="api").name == "workflow-42"


def test_a_new_name_is_kept_and_audited(research):
    submission = actions.submit(workflow(), research, source="api")

    assert actions.rename(submission, "nightly", research)
    submission.refresh_from_db()
    assert submission.name == "nightly"
    entry = AuditEntry.objects.filter(action="change").get()
    assert (json.loads(entry.before), json.loads(entry.after)) == ({"name": "workflow-42"}, {"name": "nightly"})


def test_the_same_name_again_changes_nothing(research):
    submission = actions.submit(workflow(), research, source="api")

    assert not actions.rename(submission, "workflow-42", research)
    assert not AuditEntry.objects.filter(action="change").exists()


def test_who_may_not_submit_may_not_rename(research):
    submission = actions.submit(workflow(), research, source="api")

    with pytest.raises(PermissionDenied):
        actions.rename(submission, "mine", make.member(research.team, "viewer"))
