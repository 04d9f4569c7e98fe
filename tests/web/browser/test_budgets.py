"""A budget in the browser: before it is reached, when it stops a submission, and on the pages of costs."""

import json
import re
from decimal import Decimal

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from jobs.access import Member
from jobs.models import Budget, Job
from tests.browser import NARROW, WIDE, assert_accessible
from tests.pages.json_page import JsonPage
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
