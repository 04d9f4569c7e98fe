"""A backup is restored that is older than a submission: its Idempotency-Key still stands for it."""

import json
import uuid
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils.timezone import now

from jobs import actions
from jobs.access import Member
from jobs.actions.idempotency import idempotent_register
from jobs.dispatch.delivery import deliver_due
from jobs.dispatch.submit_request import submit_request
from jobs.models import Account, DatabaseGeneration, Job, Submission
from jobs.models.database_generation import enter_recovery, recovering_since
from jobs.models.ids import new_id, to_text
from jobs.models.tag_secret import tag_digest
from jobs.spec.rules.reserved_names import MAX_PORTAL_TAGS, PORTAL_TAG_PREFIX
from jobs.sync.compare import compare_queues
from tests import http_wire, make
from tests.api.conftest import token

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

KEY = "build-4711"
ONE = {"jobName": "nightly", "jobQueue": "cpu", "jobDefinition": "hello"}
TWO = {"jobs": [ONE, {**ONE, "jobName": "report", "dependsOn": [{"jobId": "${nightly}"}]}]}


class Batch:
    """AWS Batch, as far as it keeps what was submitted, lists it and describes it."""

    def __init__(self) -> None:
        self.jobs: list[dict[str, Any]] = []
        self.requests: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        request = self.requests[-1][1]
        http_wire.reply(200, getattr(self, handler.path.rpartition("/")[2])(request))(handler)

    def submitjob(self, request: dict[str, Any]) -> dict[str, Any]:
        job = {"jobId": str(uuid.uuid4()), "createdAt": len(self.jobs) + 1, "status": "RUNNING", **request}
        self.jobs.append(job)
        return {"jobId": job["jobId"], "jobName": job["jobName"]}

    def listjobs(self, request: dict[str, Any]) -> dict[str, Any]:
        [condition] = request["filters"]
        named = condition["values"][0] if condition["name"] == "JOB_NAME" else ""
        return {"jobSummaryList": [job for job in self.jobs if not named or job["jobName"] == named]}

    def describejobs(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"jobs": [job for job in self.jobs if job["jobId"] in request["jobs"]]}


@pytest.fixture
def aws() -> Iterator[Batch]:
    batch = Batch()
    with http_wire.wire(batch) as server:
        batch.requests = server.requests
        make.account(endpoint_url=server.url)
        yield batch


@pytest.fixture
def research(aws: Batch) -> Member:
    member = make.member(make.team("research"))
    account = Account.objects.get()
    make.queue("cpu", of=account, teams=(member.team,))
    make.revision("hello", of=member.team, where=account)
    return member


def accept(member: Member, document: dict[str, Any], key: str | None = KEY) -> Submission:
    return actions.submit(json.dumps(document), member, source="api", request_key=key)


def lose(member: Member, document: dict[str, Any]) -> str:
    """Submit and send it, then bring the database back to where it was before. The id that was answered."""
    backup = transaction.savepoint()
    submission = accept(member, document)
    while deliver_due(Account.objects.get()):
        pass
    assert not submission.jobs.exclude(delivery="SENT").exists()
    transaction.savepoint_rollback(backup)
    assert not Submission.objects.exists()
    enter_recovery("A backup was restored.")
    return submission.text_id


def recover() -> None:
    """So much later that nothing of the former life can arrive any more, every queue is compared."""
    DatabaseGeneration.objects.update(recovering_since=now() - timedelta(hours=1))
    compare_queues(Account.objects.get())
    assert recovering_since() is None


@pytest.mark.long
def test_the_same_key_after_a_restore_is_answered_with_the_same_submission_and_nothing_is_sent_twice(
    aws: Batch, research: Member
):
    before = lose(research, ONE)
    recover()

    again = accept(research, ONE)

    assert (again.text_id, again.request_key) == (before, KEY)
    assert Job.objects.count() == 1
    deliver_due(Account.objects.get())
    assert len(aws.jobs) == 1
    assert accept(research, ONE) == again


@pytest.mark.long
def test_the_same_key_with_another_body_is_refused_after_a_restore_too(research: Member):
    lose(research, ONE)
    recover()

    with pytest.raises(actions.IdempotencyConflictError):
        accept(research, {**ONE, "jobName": "another"})
    assert Job.objects.count() == 1


@pytest.mark.long
def test_the_same_key_of_another_team_is_another_key_after_a_restore_too(research: Member):
    lose(research, ONE)
    recover()
    finance = make.member(make.team("finance"))
    account = Account.objects.get()
    make.queue("cpu-2", of=account, teams=(finance.team,))
    make.revision("theirs", of=finance.team, where=account)

    assert accept(finance, {**ONE, "jobQueue": "cpu-2", "jobDefinition": "theirs"}).jobs.count() == 1
    assert Submission.objects.count() == 2


@pytest.mark.long
def test_the_jobs_of_a_workflow_are_one_submission_again(research: Member):
    before = lose(research, TWO)
    recover()

    submission = Submission.objects.get()
    assert submission.text_id == before
    assert (submission.job_count, submission.kind, submission.name) == (2, "workflow", "nightly and 1 more")
    assert sorted(submission.jobs.values_list("position", "name")) == [(0, "nightly"), (1, "report")]
    assert [job["jobName"] for job in submission.document["jobs"]] == ["nightly", "report"]
    assert accept(research, TWO) == submission


def test_until_every_queue_was_compared_a_key_that_may_be_an_old_one_waits_and_all_else_is_held(
    aws: Batch, research: Member
):
    lose(research, ONE)

    with pytest.raises(actions.RecoveryError) as waits:
        accept(research, ONE)
    assert 30 <= waits.value.retry_after <= Account.objects.get().quarantine_seconds + 1
    keyless, fresh = accept(research, ONE, key=None), accept(research, ONE, key=to_text(new_id()))
    assert deliver_due(Account.objects.get()) == 0
    assert accept(research, ONE, key=fresh.request_key) == fresh
    assert {job.submission for job in Job.objects.all()} == {keyless, fresh}
    assert len(aws.jobs) == 1


def test_another_teams_account_keeps_no_key_waiting(research: Member):
    other = make.member(make.team("other"))
    make.queue("elsewhere", of=make.account(), teams=(other.team,))
    enter_recovery("A backup was restored.")
    DatabaseGeneration.objects.update(recovering_since=now() - timedelta(hours=1))
    compare_queues(Account.objects.order_by("pk")[0])
    assert recovering_since() is not None

    assert accept(research, ONE).request_key == KEY
    with pytest.raises(actions.RecoveryError):
        accept(other, {**ONE, "jobQueue": "elsewhere"})


def test_an_account_that_is_not_used_keeps_no_key_waiting(research: Member):
    make.queue("old", of=make.account(active=False), teams=(research.team,))
    make.queue("of another team")
    enter_recovery("A backup was restored.")
    DatabaseGeneration.objects.update(recovering_since=now() - timedelta(hours=1))
    compare_queues(Account.objects.order_by("pk")[0])
    assert recovering_since() is not None

    assert accept(research, ONE).request_key == KEY


@pytest.mark.long
def test_the_api_says_when_to_come_back_and_takes_a_key_that_was_made_since(research: Member):
    lose(research, ONE)
    client = Client(headers={"authorization": f"Bearer {token(research)}"})

    def post(key: str) -> Any:
        sent = json.dumps(ONE)
        return client.post("/api/v1/submissions", sent, "application/json", headers={"Idempotency-Key": key})

    answer = post(KEY)
    assert (answer.status_code, answer["Content-Type"]) == (503, "application/problem+json")
    assert int(answer["Retry-After"]) >= 30
    assert "restored from a backup" in answer.json()["detail"]
    assert post(client.get("/api/v1/key").json()["key"]).status_code == 202


@pytest.mark.long
def test_a_form_of_before_the_restore_says_so_and_keeps_what_was_written(research: Member):
    enter_recovery("A backup was restored.")
    browser = Client()
    browser.force_login(research.user)

    page = browser.post("/teams/research/new/", {"text": json.dumps(ONE), "request_key": KEY})

    assert page.status_code == 422
    assert "was submitted before" in page.content.decode()
    assert "nightly" in page.content.decode()
    assert KEY in page.content.decode()
    assert not Submission.objects.exists()


def test_the_tags_of_a_job_tell_nobody_the_key_or_the_document(research: Member):
    submission = accept(research, ONE)
    tags = submit_request(submission.jobs.get())["tags"]

    assert KEY not in str(tags)
    assert submission.request_hash[:16] not in str(tags)
    own = [key for key in tags if key.startswith(PORTAL_TAG_PREFIX)]
    assert len(own) == MAX_PORTAL_TAGS
    assert all(len(value) <= 256 for value in tags.values())


@pytest.mark.long
def test_a_new_secret_key_of_the_portal_changes_no_digest(research: Member, settings: Any):
    lose(research, ONE)
    settings.SECRET_KEY = "another, as after a rotation, and as long as it must be to be taken"
    recover()

    assert accept(research, ONE).source == "recovered"


def test_a_digest_stands_for_the_key_or_the_document_of_one_team():
    digests = {tag_digest(kind, team, KEY) for kind in ("key", "body") for team in (1, 2)}

    assert len(digests) == 4


@pytest.mark.long
def test_a_key_that_came_again_before_its_job_was_found_is_the_later_submissions(aws: Batch, research: Member):
    lose(research, ONE)
    DatabaseGeneration.objects.update(recovering_since=None)
    later = accept(research, ONE)
    Job.objects.update(delivery="HELD")
    compare_queues(Account.objects.get(), every=timedelta(0))

    assert Job.objects.count() == 2
    assert accept(research, ONE) == later


@pytest.mark.long
def test_a_key_of_a_submission_of_before_the_restore_is_none_of_a_definition(research: Member):
    lose(research, ONE)
    recover()

    with pytest.raises(actions.IdempotencyConflictError):
        idempotent_register(research, KEY, "{}", pytest.fail)


@pytest.mark.long
@pytest.mark.parametrize("whose", ["team", "account"])
def test_a_tag_that_names_another_submission_does_not_join_it(aws: Batch, research: Member, whose: str):
    lose(research, ONE)
    where = Account.objects.get()
    theirs = make.submission(where=where) if whose == "team" else make.submission(research, make.account())
    aws.jobs[0]["tags"]["portal:submission"] = theirs.text_id
    DatabaseGeneration.objects.update(recovering_since=now() - timedelta(hours=1))
    compare_queues(where)

    assert Job.objects.get().submission != theirs
    assert Job.objects.get().team == research.team
