"""A workflow of the largest size that is taken: accepted, sent, read at every door, stopped."""

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models import CharField
from django.db.models.functions import Cast
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from jobs import actions
from jobs.access import Member
from jobs.api import cursor
from jobs.dispatch.claim import claim_jobs
from jobs.models import Account, ApiToken, Job, JobDependency, Queue, Revision, StateChange, Submission
from jobs.models.ids import new_id, to_text
from jobs.models.token import digest, new_secret
from jobs.reports import audit
from jobs.reports.job_search import Scope, search_rows
from jobs.reports.submissions import JOB_PAGE_SIZE, job_page
from jobs.search import Search
from jobs.spec.rules.workflow import MAX_PARENTS, MAX_STEPS
from jobs.states import Delivery
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@dataclass(frozen=True)
class Ground:
    member: Member
    queue: Queue
    revision: Revision

    @property
    def account(self) -> Account:
        return self.queue.account


@pytest.fixture
def ground() -> Ground:
    member = make.member(make.team("research"), "lead")
    queue = make.queue("cpu", teams=(member.team,))
    return Ground(member, queue, make.revision("hello", of=member.team, where=queue.account))


def workflow(steps: int) -> str:
    """A chain: each step waits for the one before it."""
    jobs: list[dict[str, Any]] = [
        {"jobName": f"s{number}", "jobQueue": "cpu", "jobDefinition": "hello"} for number in range(steps)
    ]
    for number, job in enumerate(jobs[1:]):
        job["dependsOn"] = [{"jobId": f"${{s{number}}}"}]
    return json.dumps({"jobs": jobs})


def chain(ground: Ground, steps: int, **fields: Any) -> Submission:
    """The rows of such a workflow, without its acceptance."""
    submission = make.submission(ground.member, ground.account, name="chain", kind="workflow", job_count=steps)
    jobs = []
    for number in range(steps):
        public_id = new_id()
        row = {
            "public_id": public_id,
            "submission": submission,
            "team": ground.member.team,
            "account": ground.account,
            "person_id": submission.person_id,
            "queue": ground.queue,
            "revision": ground.revision,
            "definition": ground.revision.definition,
            "position": number,
            "step": number,
            "name": f"s{number}",
            "marker": f"s{number}-{to_text(public_id)}",
            "document": {"jobName": f"s{number}"},
        }
        jobs.append(Job(**{**row, **fields}))
    Job.objects.bulk_create(jobs)
    JobDependency.objects.bulk_create(
        JobDependency(job=job, parent=parent) for parent, job in itertools.pairwise(jobs)
    )
    StateChange.objects.bulk_create(StateChange(job=job, delivery=job.delivery, source="person") for job in jobs)
    return submission


def browser(ground: Ground) -> Client:
    client = Client()
    client.force_login(ground.member.user)
    return client


def staff() -> Client:
    admin, client = make.admin(), Client()
    client.force_login(admin)
    make.second_factor(admin, client)
    return client


def token(ground: Ground) -> dict[str, str]:
    secret = new_secret()
    ApiToken.objects.create(
        team=ground.member.team,
        person=ground.member.user,
        name="CI",
        prefix=secret[:12],
        digest=digest(secret),
        may_submit=True,
        expires_at=now() + timedelta(days=1),
    )
    return {"authorization": f"Bearer {secret}"}


def get(client: Client, address: str, **options: Any) -> None:
    answer = client.get(address, **options)
    assert answer.status_code == 200, answer
    b"".join(answer)  # what is streamed is read to its end


Read = Callable[[Ground, Submission], Callable[[], object]]

READS: dict[str, Read] = {
    "page": lambda ground, of: page_getter(browser(ground), of.get_absolute_url()),
    "last page": lambda ground, of: page_getter(browser(ground), f"{of.get_absolute_url()}?first={of.job_count}"),
    "live part": lambda ground, of: page_getter(browser(ground), f"{of.get_absolute_url()}?part=live"),
    "job": lambda ground, of: page_getter(browser(ground), of.jobs.get(position=1).get_absolute_url()),
    "run again": lambda ground, of: page_getter(browser(ground), f"{of.get_absolute_url()}again/", follow=True),
    "workflows": lambda ground, _: page_getter(browser(ground), "/teams/research/workflows/"),
    "home": lambda ground, _: page_getter(browser(ground), "/teams/research/home/"),
    "jobs": lambda ground, _: page_getter(browser(ground), "/teams/research/jobs/"),
    "admin": lambda *_: page_getter(staff(), "/admin/jobs/auditentry/"),
    "health": lambda *_: page_getter(staff(), "/health/"),
    "API": lambda ground, of: page_getter(Client(headers=token(ground)), f"/api/v1/submissions/{of.text_id}"),
    "API since": lambda ground, of: page_getter(
        Client(headers=token(ground)), f"/api/v1/submissions/{of.text_id}?since=0"
    ),
    "CSV": lambda ground, _: lambda: list(search_rows(Scope(ground.member.user, ground.member.team), Search())),
    "dispatch": lambda ground, _: lambda: claim_jobs(ground.account, 100),
    "report": lambda *_: lambda: call_command("reconcile", "--report"),
    "audit": lambda ground, _: lambda: audit.audit_page(ground.member.team, audit.AuditFilter()),
    # The last: a submission with a request for approval is read with one statement more.
    "approval": lambda ground, of: page_getter(browser(ground), make.approval(of).get_absolute_url()),
}
GROWING = {"CSV"}  # reads thousands by the thousand


def page_getter(client: Client, address: str, **options: Any) -> Callable[[], object]:
    return lambda: get(client, address, **options)


def statements(read: Callable[[], object]) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        read()
    return [query["sql"] for query in queries.captured_queries]


@pytest.mark.long
def test_every_read_of_a_workflow_of_the_largest_size_works_and_asks_no_more_than_of_a_small_one(ground: Ground):
    small = {name: statements(read(ground, chain(ground, 3))) for name, read in READS.items()}
    Job.objects.update(lease_until=None, epoch=0)
    StateChange.objects.all().delete()
    JobDependency.objects.all().delete()
    Job.objects.all().delete()
    large_one = chain(ground, MAX_STEPS)
    for name, read in READS.items():
        large = statements(read(ground, large_one))
        assert len(large) <= len(small[name]) + 30 * (name in GROWING), (name, large)
        longest = max(map(len, large), default=0)
        assert longest < 20_000, f"{name} names its rows one by one: a statement has {longest:,} characters"


@pytest.mark.long
def test_a_workflow_of_the_largest_size_is_accepted_and_stopped_by_few_statements(ground: Ground):
    counted = {}
    for steps in (3, MAX_STEPS):
        text = workflow(steps)
        accepted = len(statements(partial(actions.submit, text, ground.member, source="json")))
        submission = Submission.objects.latest("pk")
        assert submission.jobs.count() == steps
        stopped = len(statements(partial(actions.stop_all, submission, ground.member)))
        assert set(submission.jobs.values_list("delivery", flat=True)) == {Delivery.WITHDRAWN}
        counted[steps] = (accepted, stopped)
    # Rows are written by the hundred on SQLite, which takes 999 values in a statement of Django's.
    assert counted[MAX_STEPS][0] < counted[3][0] + 4 * MAX_STEPS / 20, counted
    assert counted[MAX_STEPS][1] < counted[3][1] + MAX_STEPS / 50, counted


@pytest.mark.long
def test_a_hundred_jobs_that_wait_for_twenty_others_each_are_taken_together(ground: Ground):
    parents = chain(ground, 60 * MAX_PARENTS).jobs
    parents.update(delivery=Delivery.SENT, batch_id=Cast("pk", CharField()))
    rows = list(parents.order_by("pk"))
    waiting = chain(ground, 60)
    JobDependency.objects.filter(job__submission=waiting).delete()
    JobDependency.objects.bulk_create(
        JobDependency(job=job, parent=rows[place * MAX_PARENTS + number])
        for place, job in enumerate(waiting.jobs.order_by("position"))
        for number in range(MAX_PARENTS)
    )

    taken = claim_jobs(ground.account, 100)

    assert len(taken) == 60
    assert {edge.parent.batch_id for job in taken for edge in job.dependencies.all()} == {
        row.batch_id for row in rows
    }


def test_the_jobs_of_a_submission_are_paged_without_a_gap(ground: Ground):
    submission = chain(ground, 7)
    first, seen = 1, []
    while True:
        page = job_page(submission, first, size=3)
        seen += [job.position for job, _ in page.jobs]
        if page.later is None:
            break
        assert job_page(submission, page.later, size=3).earlier == first
        first = page.later

    assert seen == list(range(7))
    assert [[edge.parent.name for edge in edges] for _, edges in job_page(submission, 2, size=2).jobs] == [
        ["s0"],
        ["s1"],
    ]


@pytest.mark.parametrize("first", ["", "0", "x", "-1", "99999999", "²"])
def test_a_page_that_is_none_is_the_first_or_an_empty_one(ground: Ground, first: str):
    submission = chain(ground, 2)

    assert browser(ground).get(submission.get_absolute_url(), {"first": first}).status_code == 200


@pytest.mark.long
def test_a_page_of_a_submission_shows_so_many_jobs_and_leads_to_the_next(ground: Ground):
    submission = chain(ground, JOB_PAGE_SIZE + 1)
    page = browser(ground).get(submission.get_absolute_url()).content.decode()

    assert page.count("row-link") == JOB_PAGE_SIZE
    assert f'href="?first={JOB_PAGE_SIZE + 1}#job-list"' in page
    assert f"Jobs 1–{JOB_PAGE_SIZE} of {JOB_PAGE_SIZE + 1}" in page


def entry_points(ground: Ground, text: str, folder: Any) -> Iterator[tuple[str, str]]:
    address = "/teams/research/new/"
    yield "page", browser(ground).post(address, {"text": text, "request_key": "k"}).content.decode()
    client = Client(headers=token(ground))
    for name in ("submissions", "validate"):
        sent = client.post(f"/api/v1/{name}", text, content_type="application/json")
        yield name, sent.content.decode()
    file = folder / "workflow.json"
    file.write_text(text)
    yield "judge", str(file)


@pytest.mark.long
def test_a_workflow_with_one_step_more_is_refused_at_every_door_with_the_limit_and_the_count(
    ground: Ground, tmp_path: Any, capsys: pytest.CaptureFixture[str]
):
    text = json.dumps({"jobs": [{}] * (MAX_STEPS + 1)})
    for door, answer in entry_points(ground, text, tmp_path):
        said = answer
        if door == "judge":
            with pytest.raises(SystemExit):
                call_command("judge", answer)
            said = capsys.readouterr().out
        assert "The workflow has 5,001 jobs; the limit is 5,000." in said, door
    assert not Submission.objects.exists()


def test_a_cursor_of_thousands_of_jobs_fits_into_an_address():
    counts = [2 + number * 7919 % 11 for number in range(MAX_STEPS)]
    word = cursor.encode(counts)

    assert len(word) < 4_000
    assert cursor.parse(word, MAX_STEPS) == counts


@pytest.mark.parametrize("word", ["z", "z!", "zAAAA", "z" + "A" * 4000, "eJw"])
def test_what_only_looks_like_a_packed_cursor_is_none(word: str):
    with pytest.raises(Exception, match="cursor"):
        cursor.parse(word, 3)


@pytest.mark.long
def test_the_audit_of_a_large_submission_keeps_its_first_jobs_and_how_many_more(ground: Ground):
    actions.submit(workflow(120), ground.member, source="json")

    [entry] = audit.audit_page(ground.member.team, audit.AuditFilter()).rows
    told = {change.name: change.after for change in entry.changes}
    assert told["more jobs"] == "20"
    assert "document SHA-256" in told
