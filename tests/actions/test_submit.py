import json
import re
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs import actions
from jobs.models import Job, Revision, Submission
from jobs.reports.job_search import Scope, search_page
from jobs.search import parse
from jobs.spec.parsing.parser import DocumentParseError
from tests import make

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

WORKFLOW: dict[str, Any] = {
    "jobs": [
        {"jobName": "first", "jobQueue": "cpu", "jobDefinition": "hello", "tags": {"Project": "GenAI"}},
        {
            "jobName": "second",
            "jobQueue": "cpu",
            "jobDefinition": "hello",
            "dependsOn": [{"jobId": "${first}"}],
        },
    ]
}


@pytest.fixture
def research():
    member = make.member(make.team("research"))
    queue = make.queue("cpu", teams=(member.team,))
    make.revision("hello", of=member.team, where=queue.account)
    return member


def accept(member, document=WORKFLOW, **options):
    return actions.submit(json.dumps(document), member, source="json", **options)


def test_a_workflow_becomes_a_submission_its_jobs_and_what_they_wait_for(research, enqueued):
    submission = accept(research)

    first, second = submission.jobs.order_by("position")
    assert (submission.name, submission.job_count) == ("first and 1 more", 2)
    assert first.marker == f"first-{first.text_id}"
    assert first.tags == {"Project": "GenAI"}
    assert [edge.parent for edge in second.dependencies.all()] == [first]
    assert [change.delivery for change in first.history.all()] == ["ACCEPTED"]
    assert enqueued == ["deliver"]


def test_jobs_are_found_by_their_words_at_once(research):
    accept(research)
    single = accept(research, {**WORKFLOW["jobs"][0], "jobName": "only-one"})

    def found(text: str) -> list[str]:
        page = search_page(Scope(research.user, research.team), parse(text))
        return [row.job.name for row in page.rows]

    assert found("tag.project:genai") == ["only-one", "first"]
    assert found("image:busybox -first") == ["only-one", "second"]
    assert found(single.jobs.get().text_id[:20]) == ["only-one"]


def test_a_refused_document_leaves_nothing_behind(research, enqueued):
    with pytest.raises(actions.ValidationFailedError):
        accept(research, {"jobs": [*WORKFLOW["jobs"], {"jobName": "third"}]})

    assert not Submission.objects.exists()
    assert not Job.objects.exists()
    assert enqueued == []


def test_what_is_no_document_is_no_submission(research):
    with pytest.raises(DocumentParseError):
        actions.submit("not json", research, source="json")


def test_the_same_key_asks_for_the_same_submission(research, enqueued):
    first = accept(research, request_key="k")
    second = accept(research, request_key="k")

    assert first == second
    assert Job.objects.count() == 2
    assert enqueued == ["deliver"]


def test_a_key_of_before_digests_were_kept_asks_for_its_submission_too(research):
    first = accept(research, request_key="k")
    Submission.objects.update(key_digest=None, body_digest="")

    assert accept(research, request_key="k") == first


def test_the_same_key_with_another_document_is_refused(research):
    accept(research, request_key="k")

    with pytest.raises(actions.IdempotencyConflictError):
        accept(research, WORKFLOW["jobs"][0], request_key="k")


def test_a_viewer_may_not_submit():
    viewer = make.member(role="viewer")

    with pytest.raises(PermissionDenied):
        accept(viewer)


def test_a_job_of_aws_that_is_named_is_waited_for_and_named_once(research):
    account = research.team.queue_grants.get().queue.account
    earlier = make.job(make.submission(research, account), batch_id="11111111-1111-4111-8111-111111111111")
    submission = accept(research, {**WORKFLOW["jobs"][0], "dependsOn": [{"jobId": earlier.batch_id}]})

    [edge] = submission.jobs.get().dependencies.all()
    assert (edge.parent, edge.batch_id) == (earlier, earlier.batch_id)


def test_a_long_name_leaves_room_for_the_marker(research):
    job = accept(research, {**WORKFLOW["jobs"][0], "jobName": "x" * 128}).jobs.get()

    assert len(job.marker) == 128
    assert job.marker.endswith(job.text_id)


@pytest.mark.parametrize("size", [10, 1000])
def test_any_number_of_steps_takes_the_same_statements_and_only_inserts_follow_the_checks_under_the_lock(
    research, size
):
    accept(research)  # begins the audit chain
    steps = [
        {**WORKFLOW["jobs"][1], "jobName": f"step-{number}", "dependsOn": [{"jobId": f"${{step-{number - 1}}}"}]}
        for number in range(1, size)
    ]
    with CaptureQueriesContext(connection) as queries:
        submission = accept(research, {"jobs": [{**WORKFLOW["jobs"][0], "jobName": "step-0"}, *steps]})

    statements = [describe(query["sql"]) for query in queries]
    lock = statements.index("SELECT jobs_team")
    assert len([statement for statement in statements[:lock] if statement.startswith("SELECT")]) == 5
    assert [statement for statement in statements[lock:] if not statement.startswith("COMMIT")] == [
        "SELECT jobs_team",
        "SELECT jobs_queuegrant",
        "INSERT jobs_submission",
        "INSERT jobs_job",
        "SELECT jobs_job",
        "INSERT jobs_jobdependency",
        "INSERT jobs_jobtag",
        "INSERT jobs_jobtext",
        "INSERT jobs_statechange",
        "SELECT jobs_auditchain",
        "INSERT jobs_auditentry",
        "UPDATE jobs_auditchain",
    ]
    assert submission.jobs.filter(dependencies__parent__isnull=False).count() == size - 1


def describe(sql: str) -> str:
    verb = re.search(r"SELECT|INSERT|COPY|UPDATE|COMMIT|BEGIN", sql)
    table = re.search(r"jobs_\w+", sql)
    return f"{verb[0] if verb else sql} {table[0] if table else ''}".replace("COPY", "INSERT")


def test_registering_keeps_a_revision_and_rings_once_for_the_same_text(research, enqueued):
    first = actions.register(json.dumps(make.document("new")), research)
    second = actions.register(json.dumps(make.document("new")), research)

    assert (first.is_reused, second.is_reused) == (False, True)
    assert first.revision == second.revision == Revision.objects.get(definition__name="new")
    assert enqueued == ["register"]


def test_another_text_under_the_same_name_is_another_revision(research):
    first = actions.register(json.dumps(make.document("new")), research).revision
    second = actions.register(
        json.dumps(make.document("new", timeout={"attemptDurationSeconds": 60})), research
    ).revision

    assert first != second
    assert first.definition == second.definition
