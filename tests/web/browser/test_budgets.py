"""A budget in the browser: before it is reached, when it stops a submission, and on the pages of costs."""

import json
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from django.urls import reverse
from django.utils.timezone import now
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from jobs import actions
from jobs.access import Member
from jobs.models import ApiToken, Budget, Job
from jobs.models.token import digest, new_secret
from jobs.pricing import metering
from jobs.states import State
from tests.browser import NARROW, WIDE, assert_accessible
from tests.pages.json_page import JsonPage
from tests.reports import past
from tests.web.browser.conftest import OpenPage

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    # Nothing is collected for tests; the test server finds the files where they are written.
    pytest.mark.filterwarnings("ignore:No directory at"),
]

TAGS = {"Department": "Research", "Project": "GenAI", "CostCenter": "CC-123"}
JOB = {
    "jobName": "train",
    "jobQueue": "cpu-job-queue",
    "jobDefinition": "data-preprocessing",
    "timeout": {"attemptDurationSeconds": 36_000},
    "tags": TAGS,
}


def test_a_budget_of_a_tag_stops_the_job_that_would_exceed_it(open_page: OpenPage, analyst: Member) -> None:
    budget = Budget.objects.create(
        team=analyst.team, usd=1000, tag_key="Project", tag_value="GenAI", warn_percent=60, stop_percent=100
    )
    page = open_page(analyst.user, viewport=WIDE)
    json_page = JsonPage(page).open()
    json_page.submit(json.dumps(JOB))
    job = Job.objects.get()
    assert job.at_most_usd
    Budget.objects.filter(pk=budget.pk).update(usd=(job.at_most_usd * 3 / 2).quantize(Decimal("0.01")))

    json_page.open().editor.replace(json.dumps(JOB))
    expect(json_page.error).to_contain_text("budget for Project = GenAI in")
    expect(json_page.error).to_contain_text("reserved for active jobs")
    expect(json_page.submit_button).to_be_disabled()
    other = {**JOB, "tags": {**TAGS, "Project": "Fraud"}}
    json_page.editor.replace(json.dumps(other))
    expect(json_page.submit_button).to_have_text(re.compile("^Submit "))
    expect(json_page.submit_button).to_be_enabled()

    for name in ("team_home", "costs"):
        page.goto(reverse(name, args=[analyst.team.slug]))
        row = page.get_by_role("row", name="Project = GenAI")
        expect(row).to_contain_text("reserved for active jobs")
        for size in (NARROW, WIDE):
            page.set_viewport_size(size)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert_accessible(page)


def test_of_twenty_who_submit_at_once_the_last_is_stopped_and_the_page_says_why(
    open_page: OpenPage, analyst: Member, live_server: LiveServer
) -> None:
    result = actions.validate(json.dumps(JOB), analyst)
    assert result.estimate
    usd = result.estimate.cost.at_most.usd
    assert usd
    # Enough for 19 of them, and half of one.
    amount = (usd * Decimal("19.5")).quantize(Decimal("0.01"))
    Budget.objects.create(team=analyst.team, usd=amount, tag_key="Project", tag_value="GenAI", stop_percent=100)
    secret = new_secret()
    ApiToken.objects.create(
        team=analyst.team, person=analyst.user, name="ci", prefix=secret[:12], digest=digest(secret)
    )

    def submit(number: int) -> tuple[int, str]:
        headers = {"Authorization": f"Bearer {secret}", "Idempotency-Key": f"build-{number}"}
        request = Request(f"{live_server.url}/api/v1/submissions", json.dumps(JOB).encode(), headers)  # noqa: S310 - the test server
        try:
            with urlopen(request) as answer:  # noqa: S310
                return answer.status, ""
        except HTTPError as error:
            return error.code, error.read().decode()

    with ThreadPoolExecutor(20) as programs:
        answers = list(programs.map(submit, range(20)))
    assert Counter(status for status, _ in answers) == {202: 19, 422: 1}
    (refusal,) = (text for status, text in answers if status == 422)
    assert "policy.budget-reached" in refusal
    assert Job.objects.count() == 19

    page = open_page(analyst.user, viewport=WIDE)
    json_page = JsonPage(page).open()
    json_page.editor.replace(json.dumps(JOB))
    expect(json_page.error).to_contain_text(
        f"Research's budget for Project = GenAI in {now():%B %Y} stops submissions above ${amount:,}."
    )
    expect(json_page.error).to_contain_text("Shorten the time limit, wait until active jobs end")
    expect(json_page.submit_button).to_be_disabled()
    page.goto(reverse("costs", args=[analyst.team.slug]))
    expect(page.get_by_role("row", name="Project = GenAI")).to_contain_text("reserved for active jobs")


def test_tags_go_from_the_submission_to_the_stacked_bars_and_back_to_the_job(
    open_page: OpenPage, analyst: Member
) -> None:
    page = open_page(analyst.user, viewport=WIDE)
    JsonPage(page).open().submit(json.dumps(JOB))
    job = Job.objects.get()
    # What a worker does when AWS has ended the job.
    ended = {"state": State.SUCCEEDED, "ended_at": now(), "batch_id": "j-1", "delivery": "SENT"}
    Job.objects.filter(pk=job.pk).update(**ended, attempts=[past.attempt(now(), hours=200)])
    metering.charge(Job.objects.get(pk=job.pk))
    usd = Job.objects.get(pk=job.pk).cost_lines.get().usd
    assert usd > 1

    for key, value in TAGS.items():
        page.goto(f"{reverse('costs', args=[analyst.team.slug])}?by=tag:{key}")
        expect(page.locator(".legend")).to_have_text(value)
        bar = page.get_by_role("link", name=re.compile(rf"{value} \${usd:,.2f}\).*Show jobs"))
        expect(bar.locator("rect.c-1")).to_have_count(1)
        bar.click()
        expect(page.get_by_role("link", name="train", exact=True)).to_be_visible()
        page.go_back()
        page.get_by_role("link", name=value, exact=True).click()
        expect(page.get_by_role("link", name="train", exact=True)).to_be_visible()
