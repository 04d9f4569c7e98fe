"""The home pages and the board of queues, walked as people do, at three sizes and in both themes."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import now
from playwright.sync_api import Page, expect

from jobs.models import Job, Membership, Queue, Role, Source
from jobs.models.job_failure import add_failures
from tests import make
from tests.browser import WIDE, assert_accessible
from tests.web.browser.conftest import OpenPage
from tests.web.conftest import Research

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    # Nothing is collected for tests; the test server finds the files where they are written.
    pytest.mark.filterwarnings("ignore:No directory at"),
]

ENVIRONMENT = {
    "computeEnvironmentName": "spot",
    "state": "ENABLED",
    "status": "VALID",
    "computeResources": {"type": "SPOT", "maxvCpus": 16, "instanceTypes": ["m5.large", "m5.xlarge"]},
}


@pytest.fixture
def busy(research: Research) -> Research:
    """A queue in which jobs ran, run and wait, also those of a team that the analyst isn't in."""
    Queue.objects.update(environments=[ENVIRONMENT, {**ENVIRONMENT, "status": "INVALID", "statusReason": "no role"}])
    times = {"submitted_at": now() - timedelta(hours=9), "started_at": now() - timedelta(hours=8)}
    for _ in range(3):
        ended = {"stopped_at": now() - timedelta(hours=7), "ended_at": now()}
        make.job(research.submission, name="done", state="SUCCEEDED", queue=research.queue, **times, **ended)
    make.job(research.submission, name="slow", state="RUNNING", queue=research.queue, vcpus=4, **times)
    size = {"vcpus": 8, "memory_mib": 1024}
    make.job(research.submission, name="next", state="RUNNABLE", queue=research.queue, submitted_at=now(), **size)
    stranger = make.submission(make.member(), research.account)
    make.job(stranger, name="hidden", state="RUNNING", queue=research.queue, vcpus=2, started_at=now())
    make.approval(make.submission(make.member(research.team), research.account))
    killed = make.job(research.submission, name="killed", state="FAILED", exit_code=137, ended_at=now())
    add_failures([killed])
    killed.failures.update(cause="out-of-memory", exit_code=137, last_line="Killed", family="f")
    return research


@pytest.fixture
def outside(research: Research) -> Job:
    submission = make.submission(research.analyst, research.account, source=Source.OUTSIDE)
    return make.job(submission, name="elsewhere", state="RUNNING", queue=research.queue, outside=True)


def test_from_home_to_the_queue_that_jobs_wait_in(open_page: OpenPage, busy: Research) -> None:
    team = busy.team.slug
    page = open_page(busy.analyst.user, reverse("team_home", args=[team]), viewport=WIDE)
    row = page.get_by_role("row", name="slow")
    expect(row.get_by_text("Far longer than usual")).to_be_visible()
    expect(row.get_by_role("img", name="Running for 8 h")).to_be_visible()
    expect(page.get_by_role("link", name="Run… hello")).to_be_visible()
    assert_accessible_everywhere(page)

    page.keyboard.press("g")
    page.keyboard.press("q")
    page.wait_for_url(f"**{reverse('queues', args=[team])}")
    expect(page.get_by_role("img", name="6 of 16 vCPU are in use: Research 4, Other teams 2.")).to_be_visible()
    expect(page.get_by_text("Compute environment spot is invalid.")).to_be_visible()
    assert_accessible_everywhere(page)

    page.get_by_role("link", name="cpu", exact=True).click()
    expect(page.get_by_role("heading", name="cpu", exact=True)).to_be_visible()
    expect(page.get_by_role("row", name="Other teams")).to_contain_text("2")
    expect(page.get_by_role("img", name="Waits of the last")).to_be_visible()
    assert_accessible_everywhere(page)
    make.job(busy.submission, name="another", state="STARTING", queue=busy.queue)
    expect(page.get_by_role("link", name="1 Starting")).to_be_visible()


def test_home_has_what_a_person_of_several_roles_needs_once(open_page: OpenPage, busy: Research) -> None:
    Membership.objects.filter(user=busy.analyst.user).update(role=Role.LEAD)
    make.member(make.team("second"), who=busy.analyst.user)
    busy.analyst.user.is_staff = True
    busy.analyst.user.save()
    page = open_page(busy.analyst.user, "/", viewport=WIDE)
    expect(page.get_by_role("heading", name="Needs attention")).to_have_count(1)
    expect(page.get_by_role("table", name="What needs an administrator")).to_contain_text("Clock")
    expect(page.get_by_role("row", name="slow")).to_have_count(1)
    expect(page.get_by_text("1 waiting for approval")).to_be_visible()
    assert_accessible_everywhere(page)

    page.get_by_role("link", name="Research", exact=True).click()
    expect(page.get_by_role("heading", name="Needs attention")).to_be_visible()
    expect(page.get_by_text("Usually 1 h, 90% end within 1 h")).to_be_visible()
    expect(page.get_by_role("row", name="Can never start")).to_contain_text("next")
    expect(page.get_by_role("link", name="Out of memory")).to_be_visible()
    assert_accessible_everywhere(page)
    page.get_by_role("link", name="Failures by cause").click()
    expect(page.get_by_role("heading", name="Failures", exact=True)).to_be_visible()
    expect(page.get_by_role("row", name="Out of memory")).to_contain_text("exit code 137")
    assert_accessible_everywhere(page)
    page.goto(reverse("queues_of_all"))
    expect(page.get_by_role("link", name="a job of another team")).to_have_count(0)
    assert_accessible_everywhere(page)
    page.goto(reverse("queue_of_all", args=[busy.queue.pk]))
    assert_accessible_everywhere(page)


def test_an_outside_job_is_marked_and_only_shown(open_page: OpenPage, research: Research, outside: Job) -> None:
    page = open_page(research.analyst.user, outside.get_absolute_url(), viewport=WIDE)
    expect(page.get_by_text("Submitted outside the portal")).to_be_visible()
    expect(page.get_by_role("button", name="Stop job")).to_have_count(0)
    expect(page.get_by_role("link", name="Run again")).to_have_count(0)
    assert_accessible_everywhere(page)


def assert_accessible_everywhere(page: Page) -> None:
    """Check both themes and all widths: `assert_accessible` looks at a phone too."""
    for width in (1440, 1024):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
    assert_accessible(page)
    page.set_viewport_size(WIDE)
