"""Jobs that were submitted outside the portal, and jobs of the portal that look like them at first."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from jobs import actions
from jobs.dispatch import delivery, delivery_log
from jobs.dispatch.delivery import deliver_due
from jobs.dispatch.submit_request import portal_tags
from jobs.failpoints import FailpointError
from jobs.models import AccountStatus, Job, Queue, Source, Team
from jobs.models.database_generation import enter_recovery
from jobs.models.ids import new_id, to_text
from jobs.policy.grants import queue_usage
from jobs.pricing import metering
from jobs.reports.job_search import Scope, search_page
from jobs.search import parse
from jobs.states import Delivery, State
from jobs.sync.compare import compare_queues
from jobs.sync.poll import poll
from jobs.sync.reconcile import reconcile
from tests import http_wire, make
from tests.api.conftest import token
from tests.sync.batch_jobs import ARN, Batch

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

CREATED_MS = 1_764_000_000_000


class SubmittableBatch(Batch):
    """Lists and describes also what is submitted to it."""

    def submitjob(self, request: dict[str, Any]) -> dict[str, Any]:
        self.has(request["jobName"], "from-the-portal", CREATED_MS, tags=request["tags"])
        return {"jobId": "from-the-portal"}


@pytest.fixture
def aws() -> Iterator[SubmittableBatch]:
    fake = SubmittableBatch()
    with http_wire.wire(fake) as server:
        fake.requests, fake.url = server.requests, server.url
        yield fake


@pytest.fixture
def queue(aws: SubmittableBatch) -> Queue:
    """A queue of two teams, so that a job without a tag is of neither."""
    account = make.account(endpoint_url=aws.url, adopts_outside_jobs=True)
    return make.queue("shared", of=account, teams=(make.team("research"), make.team("finance")))


def compare(queue: Queue) -> None:
    queue.account.refresh_from_db()
    compare_queues(queue.account, every=timedelta(0))


def container(**fields: Any) -> dict[str, Any]:
    sizes = [{"type": "VCPU", "value": "2"}, {"type": "MEMORY", "value": "4096"}]
    return {"image": "busybox", "command": ["sleep", "9"], "resourceRequirements": sizes, **fields}


def outside_job(aws: Batch, name: str = "by-hand", batch_id: str = "outside-1", **fields: Any) -> None:
    definition = {"jobDefinition": f"{ARN}:job-definition/tool:7", "container": container()}
    aws.has(name, batch_id, CREATED_MS, **{**definition, **fields})


# -- Adoption


def test_a_job_of_the_team_in_its_tag_joins_that_team_s_history(aws: SubmittableBatch, queue: Queue) -> None:
    outside_job(aws, tags={"portal:team": "finance", "Project": "Apollo"})
    for _ in range(2):
        compare(queue)
    job = Job.objects.get()

    assert (job.team.slug, job.name, job.batch_id, job.state) == ("finance", "by-hand", "outside-1", "RUNNING")
    assert (job.outside, job.submission.source, job.tags) == (True, Source.OUTSIDE, {"Project": "Apollo"})
    assert (int(job.vcpus), job.memory_mib) == (2, 4096)
    assert job.accepted_at == job.submission.created_at == job.submitted_at
    assert job.accepted_at.timestamp() * 1000 == CREATED_MS
    assert [(tag.key, tag.value) for tag in job.tag_rows.all()] == [("Project", "Apollo")]
    lead = make.member(job.team, "lead").user
    for text in ("source:outside", "image:busybox", "by-hand"):
        page = search_page(Scope(lead, job.team, mine=False), parse(text))
        assert [row.job.pk for row in page.rows] == [job.pk], text
    assert (job.person.display_name, job.person.is_active) == ("Outside the portal", False)


@pytest.mark.parametrize(
    ("teams", "tags", "owner"),
    [
        (("research",), {}, "research"),
        (("research",), {"portal:team": "unknown"}, "research"),
        (("research", "finance"), {}, "outside-the-portal"),
        ((), {}, "outside-the-portal"),
    ],
)
def test_a_job_without_a_team_s_tag_is_of_the_only_team_of_its_queue_or_of_none(
    teams: tuple[str, ...], tags: dict[str, str], owner: str, aws: SubmittableBatch
) -> None:
    account = make.account(endpoint_url=aws.url, adopts_outside_jobs=True)
    queue = make.queue(of=account, teams=tuple(make.team(slug) for slug in teams))
    outside_job(aws, tags=tags)
    compare(queue)

    assert Job.objects.get().team.slug == owner


def test_only_administrators_see_jobs_of_no_team(aws: SubmittableBatch, queue: Queue, client: Client) -> None:
    outside_job(aws)
    compare(queue)
    job = Job.objects.get()

    assert not Job.objects.visible_to(make.member(Team.objects.get(slug="research"), "lead").user).exists()
    client.force_login(make.admin())
    assert client.get(job.get_absolute_url()).status_code == 200


def test_nothing_is_adopted_unless_the_account_says_so(aws: SubmittableBatch, queue: Queue) -> None:
    queue.account.adopts_outside_jobs = False
    queue.account.save()
    outside_job(aws)
    compare(queue)

    assert not Job.objects.exists()


def test_jobs_since_the_backup_are_adopted_while_the_portal_recovers(aws: SubmittableBatch, queue: Queue) -> None:
    """Afterwards, only what is newer is listed."""
    enter_recovery("a backup was restored")
    outside_job(aws)
    compare(queue)

    assert Job.objects.get().outside


def test_a_job_that_cannot_be_read_keeps_no_queue_from_being_compared(aws: SubmittableBatch, queue: Queue) -> None:
    outside_job(aws, "fine", "outside-1", tags={"portal:team": "finance"})
    outside_job(aws, "broken", "outside-2", attempts="none")
    compare(queue)
    queue.refresh_from_db()

    assert [job.name for job in Job.objects.all()] == ["fine"]
    assert queue.compared_at


def test_a_definition_that_the_team_can_use_is_linked_and_another_is_only_named(
    aws: SubmittableBatch, queue: Queue
) -> None:
    research = Team.objects.get(slug="research")
    own = make.revision("tool", of=research, where=queue.account, number=7)
    for number, team in enumerate(("research", "finance")):
        outside_job(aws, f"job-{number}", f"outside-{number}", tags={"portal:team": team})
    compare(queue)
    linked, named = Job.objects.order_by("name")

    assert linked.revision == own
    assert str(named.revision) == "tool (outside):7"
    assert named.document["jobDefinition"] == "tool:7"
    assert not named.revision.is_runnable
    assert (own.definition.team, named.definition.team.slug) == (research, "outside-the-portal")


# -- What becomes of it


def test_it_is_polled_to_its_end_and_charged(aws: SubmittableBatch, queue: Queue) -> None:
    outside_job(aws, tags={"portal:team": "finance"})
    compare(queue)
    times = {"startedAt": CREATED_MS + 1000, "stoppedAt": CREATED_MS + 61_000}
    aws.jobs[0].update(status="SUCCEEDED", **times)
    Job.objects.update(next_poll_at=now())
    AccountStatus.objects.update(backoff_until=None)
    poll(queue.account)
    metering.charge_due(queue.account)
    job = Job.objects.get()

    assert (job.state, job.run_ms) == (State.SUCCEEDED, 60_000)
    assert job.charged_at
    assert job.cost_lines.get().billed_seconds == 60


def test_it_counts_against_no_quota(aws: SubmittableBatch, queue: Queue) -> None:
    finance = Team.objects.get(slug="finance")
    outside_job(aws, tags={"portal:team": "finance"})
    compare(queue)
    assert not queue_usage(finance, [queue.pk])

    make.job(make.submission(make.member(finance), queue.account), queue=queue, state="RUNNING")
    assert queue_usage(finance, [queue.pk])[queue.pk].jobs == 1


def test_it_cannot_be_stopped_or_run_again(aws: SubmittableBatch, queue: Queue, client: Client) -> None:
    lead = make.member(Team.objects.get(slug="finance"), "lead")
    outside_job(aws, tags={"portal:team": "finance"})
    compare(queue)
    job = Job.objects.get()
    client.force_login(lead.user)
    text = client.get(job.get_absolute_url()).text
    Job.objects.update(state="FAILED", exit_code=137, ended_at=now())
    text += client.get(job.get_absolute_url()).text
    Job.objects.update(state="RUNNING", ended_at=None)

    assert "Submitted outside the portal" in text
    for name, row, ask in (
        ("job_stop", job, client.post),
        ("job_release", job, client.post),
        ("job_again", job, client.get),
        ("submission_stop", job.submission, client.post),
        ("submission_again", job.submission, client.get),
        ("submission_run_again", job.submission, client.post),
    ):
        assert reverse(name, args=[row.text_id]) not in text
        assert ask(reverse(name, args=[row.text_id])).status_code == 403
    bearer = {"Authorization": f"Bearer {token(lead)}"}
    for row, verbs in ((job, ("stop", "run-again", "release")), (job.submission, ("stop", "run-again"))):
        for verb in verbs:
            path = f"/api/v1/{row._meta.model_name}s/{row.text_id}/{verb}"
            assert client.post(path, headers=bearer).status_code == 403
    assert not actions.stop(job, lead)
    assert actions.stop_all(job.submission, lead) == 0
    job.refresh_from_db()
    assert (job.stop_requested_at, aws.ended) == (None, [])


# -- Jobs of the portal


@pytest.mark.parametrize(
    "fields",
    [
        {"delivery": Delivery.ACCEPTED},
        {"delivery": Delivery.SENDING, "epoch": 1, "lease_until": now() + timedelta(hours=1)},
        {"delivery": Delivery.SENDING, "epoch": 1, "lease_until": now() - timedelta(hours=1)},
        {"delivery": Delivery.HELD},
        {"delivery": Delivery.WITHDRAWN},
        {"batch_id": "known"},
    ],
)
@pytest.mark.parametrize("is_tagged", [True, False])
def test_a_job_with_the_marker_of_the_portal_is_never_adopted_as_one_from_outside(
    fields: dict[str, Any], is_tagged: bool, aws: SubmittableBatch, queue: Queue
) -> None:
    job = make.job(make.submission(where=queue.account), queue=queue, **fields)
    aws.has(job.marker, "known", CREATED_MS, **({"tags": portal_tags(job)} if is_tagged else {}))
    compare(queue)

    assert [row.pk for row in Job.objects.filter(outside=False)] == [job.pk]
    assert not Job.objects.filter(outside=True).exists()


@pytest.mark.parametrize(("module", "point"), [(delivery, "answered"), (delivery_log, "settling")])
def test_a_job_whose_id_was_not_recorded_is_found_as_the_portal_s_own(
    module: Any, point: str, aws: SubmittableBatch, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(name: str) -> None:
        if name == point:
            raise FailpointError(name)

    member = make.member(Team.objects.get(slug="finance"))
    job = make.job(make.submission(member, queue.account), queue=queue)
    with monkeypatch.context() as patch:
        patch.setattr(module, "hit_failpoint", fail)
        deliver_due(queue.account)
    job.refresh_from_db()
    assert (job.delivery, len(aws.jobs)) == (Delivery.SENDING, 1)

    compare(queue)  # while its worker may still record the ID
    assert [(row.pk, row.delivery) for row in Job.objects.all()] == [(job.pk, Delivery.SENDING)]

    Job.objects.update(lease_until=now() - timedelta(seconds=1), next_try_at=None)
    reconcile(queue.account)
    compare(queue)
    [row] = Job.objects.all()
    assert (row.pk, row.delivery, row.batch_id, row.outside) == (job.pk, Delivery.SENT, "from-the-portal", False)


def test_a_job_of_this_installation_without_a_row_is_rebuilt_and_not_adopted(
    aws: SubmittableBatch, queue: Queue
) -> None:
    member = make.member(Team.objects.get(slug="finance"))
    text_id = to_text(new_id())
    tags = {
        "portal:installation": settings.INSTALLATION,
        "portal:job": text_id,
        "portal:team": "finance",
        "portal:user": to_text(member.user.public_id),
    }
    outside_job(aws, f"nightly-{text_id}", "forgotten", tags=tags)
    compare(queue)
    job = Job.objects.get()

    assert (job.outside, job.submission.source, job.person) == (False, Source.RECOVERED, member.user)


def test_a_job_with_the_tag_of_this_installation_is_not_adopted_whatever_its_name(
    aws: SubmittableBatch, queue: Queue
) -> None:
    outside_job(aws, "renamed", tags={"portal:installation": settings.INSTALLATION, "portal:team": "finance"})
    compare(queue)

    assert not Job.objects.exists()


def test_a_job_of_another_portal_is_adopted(aws: SubmittableBatch, queue: Queue) -> None:
    text_id = to_text(new_id())
    tags = {"portal:installation": "another", "portal:job": text_id, "portal:team": "finance"}
    outside_job(aws, f"nightly-{text_id}", "foreign", tags=tags)
    for _ in range(2):
        compare(queue)
    job = Job.objects.get()

    assert (job.outside, job.team.slug, job.text_id == text_id) == (True, "finance", False)


def test_all_jobs_of_a_name_that_ends_like_a_marker_are_adopted(aws: SubmittableBatch, queue: Queue) -> None:
    name = f"nightly-{to_text(new_id())}"
    for number in range(2):
        outside_job(aws, name, f"foreign-{number}")
    compare(queue)
    outside_job(aws, name, "foreign-2")
    compare(queue)

    assert {job.batch_id for job in Job.objects.filter(outside=True)} == {"foreign-0", "foreign-1", "foreign-2"}


def test_a_second_job_of_a_lost_row_is_not_adopted(aws: SubmittableBatch, queue: Queue) -> None:
    member = make.member(Team.objects.get(slug="finance"))
    text_id = to_text(new_id())
    tags = {
        "portal:installation": settings.INSTALLATION,
        "portal:job": text_id,
        "portal:team": "finance",
        "portal:user": to_text(member.user.public_id),
    }
    outside_job(aws, f"nightly-{text_id}", "first", tags=tags)
    outside_job(aws, f"nightly-{text_id}", "second")
    compare(queue)

    assert [(job.batch_id, job.outside) for job in Job.objects.all()] == [("first", False)]
