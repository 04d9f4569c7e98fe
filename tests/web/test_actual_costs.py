"""Actual costs beside estimates, on pages, in files and in the API."""

import csv
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.urls import reverse

from jobs.models import Account, ActualDelivery, JobTask
from tests import make
from tests.cost_exports import COLUMNS, content, deliver, fargate, split, task_arn
from tests.reports import past

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _rates():
    past.rates()


def run_job(of, task, hours=1, **more):
    job = past.job(of, "2026-11-02", hours, **more)
    JobTask.objects.add([(job.pk, task_arn(task))])
    return job


def load(folder):
    call_command("import_actual_costs", "--folder", str(folder), stdout=StringIO())


@pytest.fixture
def billed(research, tmp_path):
    """Two projects of a team, a job of another team, and a task of no job. An hour costs $0.05 by estimate."""
    run_job(research.submission, "1", 2, tags={"Project": "ALPHA"})
    run_job(research.submission, "2", tags={"Project": "BETA"})
    run_job(research.submission, "3")
    secret = make.submission(make.member(make.team("secret")), research.account)
    run_job(secret, "4", 100, queue=research.queue)
    past.job(research.submission, "2026-11-20", 50, tags={"Project": "ALPHA"})  # after the last day of the bill
    rows = [
        split(task_arn("1"), "2026-11-02", "0.12", "0.03"),
        split(task_arn("2"), "2026-11-03", "0.04", "0.01"),
        fargate(task_arn("3"), "2026-11-03", "0.07"),
        fargate(task_arn("4"), "2026-11-03", "77"),
        split(task_arn("other"), "2026-11-03", "8.5", "0.25"),
    ]
    load(deliver(tmp_path, rows))
    return research


def report(browser, *, team="research", **query):
    url = reverse("actual_costs", args=[team]) if team else reverse("actual_costs_of_all")
    return browser.get(url, {"month": "2026-11", **query})


def table(response):
    text = b"".join(response.streaming_content).decode()
    return [tuple(row.values()) for row in csv.DictReader(StringIO(text, newline=""))]


def test_estimate_and_bill_stand_side_by_side_for_the_days_of_the_bill(billed, signed_in):
    page = report(signed_in(billed.analyst.user), by="tag:Project")
    html = page.content.decode()
    rows = [(row.label, row.estimate, row.usd, row.idle) for row in page.context["report"].rows]
    assert rows == [
        ("ALPHA", Decimal("0.1"), Decimal("0.12"), Decimal("0.03")),
        ("BETA", Decimal("0.05"), Decimal("0.04"), Decimal("0.01")),
        ("Untagged", Decimal("0.05"), Decimal("0.07"), Decimal(0)),
    ]
    assert "data up to Nov 3, 2026" in html
    assert "AWS has billed up to November 3" in html
    assert "+20 %" in html
    assert "−20 %" in html


def test_only_who_sees_all_teams_sees_what_belongs_to_none(billed, signed_in):
    make.member(make.team("second"), who=billed.analyst.user)
    own = report(signed_in(billed.analyst.user), team="", by="team")
    assert [row.label for row in own.context["report"].rows] == ["Research"]
    assert own.context["report"].unallocated is None
    for text in ("Unallocated", "$77", "$8.50", "Secret"):
        assert text not in own.content.decode()

    every = report(signed_in(billed.admin), team="", by="team")
    assert [(row.label, row.usd) for row in every.context["report"].rows] == [
        ("Secret", Decimal(77)),
        ("Research", Decimal("0.23")),
    ]
    assert every.context["report"].unallocated.usd == Decimal("8.5")
    assert "$8.50" in every.content.decode()
    assert "Unallocated" not in report(signed_in(billed.admin)).content.decode()


def test_the_table_opened_again_is_the_page_to_the_last_digit(billed, signed_in):
    browser = signed_in(billed.analyst.user)
    rows = table(browser.get(reverse("actual_costs_csv", args=["research"]), {"month": "2026-11", "by": "queue"}))
    assert rows == [
        ("value", "cpu", "0.2000000000", "0.2300000000", "0.0400000000", "0.0300000000"),
        ("total", "Total", "0.2000000000", "0.2300000000", "0.0400000000", "0.0300000000"),
    ]
    every = table(signed_in(billed.admin).get(reverse("actual_costs_csv_of_all"), {"month": "2026-11"}))
    assert every[-1] == ("unallocated", "Unallocated", "", "8.5000000000", "0.2500000000", "")


def test_a_month_without_an_import_says_how_to_get_one(research, signed_in):
    html = report(signed_in(research.analyst.user)).content.decode()
    assert "No actual costs for November 2026" in html
    assert "split cost allocation data" in html


def test_what_is_missing_is_named(billed, signed_in, tmp_path):
    other = make.account(name="Other", number="999999999999")
    past.job(make.submission(billed.analyst, other), "2026-11-01", 1)
    columns = [name for name in COLUMNS if not name.startswith("split_")]
    folder = tmp_path / "flat"
    folder.mkdir()
    (folder / "flat-00001.csv.gz").write_bytes(content([fargate(task_arn("1"), "2026-11-04", "1")], columns))
    load(folder)
    html = report(signed_in(billed.analyst.user)).content.decode()
    assert "No cost export of Other in November 2026 has been imported" in html
    assert f"The cost export of {Account.objects.get(pk=billed.account.pk).name} has no split cost" in html


def test_groupings_that_a_bill_lacks_fall_back(billed, signed_in):
    page = report(signed_in(billed.analyst.user), by="instance")
    assert str(page.context["grouping"]) == "tag:Project"
    assert "by=instance" not in page.content.decode()


def test_the_receipt_of_a_job_says_what_aws_billed(billed, signed_in):
    job = billed.submission.jobs.get(tag_rows__value="ALPHA", actual_costs__isnull=False)
    html = signed_in(billed.analyst.user).get(reverse("receipt", args=[job.text_id])).content.decode()
    assert "AWS billed" in html
    assert 'title="AWS: $0.12"' in html
    assert "data up to Nov 3, 2026" in html


def test_the_page_takes_as_many_queries_for_many_rows(billed, signed_in, django_assert_max_num_queries):
    browser = signed_in(billed.analyst.user)
    report(browser)
    with django_assert_max_num_queries(24):
        report(browser)
    assert ActualDelivery.objects.count() == 1
