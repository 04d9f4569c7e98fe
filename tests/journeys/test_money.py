"""A job's tags, from the document to the stacked bar, and the CSVs beside the pages."""

import csv
import io
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from portal.quickstart.state_dir import find_free_port
from tests.eventually import eventually
from tests.journeys.conftest import OpenPage
from tests.pages.job_page import JobPage
from tests.pages.json_page import JsonPage
from tests.quickstart_process import Run, running

pytestmark = [pytest.mark.browser, pytest.mark.process]

TAGS = {"Department": "Research", "Project": "Orchid", "CostCenter": "CC-77"}
JOB = {"jobName": "grow-orchid", "jobQueue": "cpu-job-queue", "jobDefinition": "data-preprocessing", "tags": TAGS}


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A portal of its own: a chart names the largest values only, and jobs of other tests would be among them."""
    with running(tmp_path_factory.mktemp("money") / "state", find_free_port([])) as run:
        yield run


@pytest.fixture(scope="module")
def two_year_portal(portal: Run) -> None:
    """A history behind the demo's own few jobs."""
    portal.manage("seed_history", "--jobs", "400", "--years", "2", "--seed", "7")


def download_csv(page: Page, name: str) -> list[dict[str, str]]:
    """A CSV as Python's own reader sees it."""
    with page.expect_download() as waiting:
        page.get_by_role("link", name=name, exact=True).click()
    text = Path(waiting.value.path()).read_text(encoding="utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def cents(text: str) -> Decimal:
    return Decimal(re.sub(r"[^0-9.]", "", text) or 0)


def rows(page: Page) -> dict[str, str]:
    """The cost table: what is in its first column, and the money in its second."""
    amounts = {}
    for row in page.locator("table.rows tbody tr").filter(has=page.locator("th[scope=row]")).all():
        label = row.locator("th").inner_text().strip()
        amounts[label] = row.locator("td").first.locator("[title]").first.get_attribute("title") or ""
    return amounts


def test_a_tag_goes_from_the_document_to_the_bar_and_back_to_the_job(open_page: OpenPage, two_year_portal: None):
    page = open_page("analyst")
    JsonPage(page).open().submit(json.dumps(JOB))
    JobPage(page).expect_state("Succeeded")

    page.goto("/teams/research/jobs/?tag=Project%3DOrchid")
    expect(page.locator("table.rows tbody tr")).to_have_count(1)
    expect(page.locator("table.rows tbody")).to_contain_text("grow-orchid")
    assert [line["name"] for line in download_csv(page, "Export jobs")] == ["grow-orchid"]

    for key, value in TAGS.items():

        def link_count(key: str = key, value: str = value) -> int:
            page.goto(f"/teams/research/costs/?by=tag:{key}")
            return page.get_by_role("link", name=value, exact=True).count()

        eventually(link_count)  # an end is charged within seconds
        expect(page.locator(".legend")).to_contain_text(value)
    page.goto("/teams/research/costs/?by=tag:Project")
    expect(page.locator("svg.bars-plot")).to_be_visible()
    expect(page.locator("table.rows tbody").first).to_contain_text("Untagged")
    page.get_by_role("link", name="Orchid", exact=True).click()
    expect(page.locator("table.rows tbody")).to_contain_text("grow-orchid")


def test_the_table_of_a_month_and_its_csv_say_the_same(open_page: OpenPage, two_year_portal: None):
    page = open_page("lead")
    page.goto("/teams/research/costs/?by=tag:Project")
    page.get_by_role(
        "link", name=re.compile(r"^(January|February|March|April|May|June|July|August|Sept|Octo|Nov|Dec)")
    ).first.click()
    page.wait_for_load_state()
    month = page.locator("h1").inner_text()

    lines = rows(page)
    told = download_csv(page, "Export table")

    assert len(lines) >= 2
    amount = next(name for name in told[0] if "USD" in name or "usd" in name)
    first = next(iter(told[0]))
    assert {line[first]: Decimal(line[amount]) for line in told if line[first] in lines} == {
        label: cents(title) for label, title in lines.items()
    }
    page.goto("/teams/research/costs/?by=tag:Project")
    assert page.locator("h1").inner_text() != month
