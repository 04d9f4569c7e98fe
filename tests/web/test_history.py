import csv
import re
from datetime import UTC, date, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now

from jobs.models import Job, JobTag
from jobs.reports import history as reports
from jobs.states import Delivery, State
from jobs.web.history import filters as questions
from jobs.web.shell.csv_export import format_cell
from tests import make
from tests.reports import past

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _rates():
    past.rates()


@pytest.fixture
def browser(research, signed_in):
    return signed_in(research.analyst.user)


def csv_rows(response) -> list[dict[str, str]]:
    """A CSV as a program reads it."""
    text = b"".join(response.streaming_content).decode()
    return list(csv.DictReader(StringIO(text, newline="")))


def test_the_history_shows_what_the_url_asks_for(research, browser):
    past.job(research.submission, "2026-11-03", 1, name="good-one", tags={"Project": "ALPHA"})
    past.job(research.submission, "2026-11-04", 1, name="bad-one", state=State.FAILED, tags={"Project": "BETA"})
    address = reverse("history", args=["research"])

    page = browser.get(address).content.decode()
    assert "good-one" in page
    assert "bad-one" in page
    page = browser.get(address, {"status": "FAILED"}).content.decode()
    assert "good-one" not in page
    assert "bad-one" in page
    page = browser.get(address, {"tag": "Project=ALPHA", "q": "one"}).content.decode()
    assert "good-one" in page
    assert "bad-one" not in page


def test_a_job_that_waits_has_its_wait_time(research, browser):
    job = make.job(research.submission, state=State.RUNNABLE, name="waits")
    Job.objects.filter(pk=job.pk).update(accepted_at=now() - timedelta(hours=3, minutes=5))
    page = browser.get(reverse("history", args=["research"]), {"status": "RUNNABLE"}).content.decode()
    row = page[page.index("waits") :]

    assert "3 h 5 min" in row


def test_times_are_the_same_in_the_history_in_the_submission_and_in_the_csv(research, browser):
    start = datetime(2026, 11, 3, 12, tzinfo=UTC)
    times = {"started_at": start, "stopped_at": start + timedelta(minutes=5), "ended_at": start}
    job = make.job(research.submission, state=State.SUCCEEDED, name="array", array_size=3, **times)
    make.job(research.submission, state=State.FAILED, ended_at=start, name="never-started")
    Job.objects.update(accepted_at=start - timedelta(seconds=90))

    def cells(address: str, name: str) -> list[str]:
        row = next(row for row in browser.get(address).text.split("<tr")[1:] if f">{name}</a>" in row)
        return re.findall(r"<td class=\"[^\"]*end\">(?:<span class=\"num\">)?([^<\n]+)<", row)

    lists = reverse("history", args=["research"]), job.submission.get_absolute_url()
    assert [cells(address, "array")[:2] for address in lists] == [["1 min 30 s", "5 min"]] * 2
    assert [cells(address, "never-started")[:2] for address in lists] == [["—", "—"]] * 2
    exported = csv_rows(browser.get(reverse("history_csv", args=["research"]), {"q": "array"}))
    assert [(row["waited_seconds"], row["ran_seconds"]) for row in exported] == [("90", "300")]


def test_a_column_sorts_by_its_highest_then_its_lowest_then_as_before_and_filters_keep_the_order(research, browser):
    for hours in (1, 3, 2):
        past.job(research.submission, "2026-11-03", hours, name=f"hours-{hours}")
    address = reverse("history", args=["research"])

    def page_of(query: str) -> tuple[list[str], str, str]:
        page = browser.get(f"{address}?{query}").text
        (link,) = re.findall(r'<a class="sort-link" href="\?([^"]*)">Cost', page)
        (order,) = re.findall(r"Research, ([^.]*) first\.", page)
        return re.findall(r">(hours-.)</a>", page), link, order

    first = page_of("q=hours")
    highest = page_of(first[1].replace("&amp;", "&"))
    lowest = page_of(highest[1].replace("&amp;", "&"))
    assert first == (["hours-2", "hours-3", "hours-1"], "q=hours&amp;sort=-cost", "newest")
    assert highest == (["hours-3", "hours-2", "hours-1"], "q=hours&amp;sort=cost", "highest cost")
    assert lowest == (["hours-1", "hours-2", "hours-3"], "q=hours", "lowest cost")
    assert "?q=hours&amp;status=SUCCEEDED&amp;sort=-cost" in browser.get(f"{address}?q=hours&sort=-cost").text
    assert "Unknown sort order “name”. This filter was ignored." in browser.get(f"{address}?sort=name").text


def test_tiles_count_and_lead_to_their_jobs_and_back(research, browser):
    past.job(research.submission, "2026-11-04", 1, name="bad-one", state=State.FAILED)

    page = browser.get(reverse("history", args=["research"]), {"q": "bad"})
    (tile,) = page.context["tiles"]
    assert (tile.status.name, tile.number, tile.query, tile.is_selected) == (
        "FAILED",
        1,
        "q=bad&status=FAILED",
        False,
    )
    page = browser.get(reverse("history", args=["research"]), {"q": "bad", "status": "FAILED"})
    (tile,) = page.context["tiles"]
    assert (tile.query, tile.is_selected) == ("q=bad", True)


def test_what_is_not_understood_is_left_out_and_said(research, browser):
    given = {"status": "FINE", "from": "yesterday", "month": "2026-13", "tag": "Project", "q": "a\x00b"}
    page = browser.get(reverse("history", args=["research"]), given)

    assert page.status_code == 200
    assert len(page.context["history_query"].problems) == 5
    assert page.context["history_query"].filter == reports.JobFilter()


def test_mine_is_a_link_that_shows_a_colleague_the_same(research, browser):
    make.job(make.submission(research.viewer, research.account), name="theirs")

    page = browser.get(reverse("history", args=["research"]))
    mine = page.context["own_jobs_query"]
    assert mine == f"person={research.analyst.user.username}"
    page = browser.get(f"{reverse('history', args=['research'])}?{mine}").content.decode()
    assert "nightly" in page
    assert "theirs" not in page


def test_a_url_is_read_as_it_was_written():
    written = "status=FAILED&status=LOST&q=x&tag=a%253Db%3Dc%3Dd&untagged=Project&from=2026-11-01&month=2026-10"
    asked = questions.parse(QueryDict(written))

    assert asked.filter.tags == (("a=b", "c=d"),)
    assert asked.filter.since == date(2026, 11, 1)
    assert questions.parse(QueryDict(asked.query())) == asked
    assert questions.format_tag("a=b", "c=d") == "a%3Db=c=d"


@pytest.mark.parametrize("tag", [("Project", "ALPHA"), ("a=b %", " c=d "), (" Ünï ", ""), ("k" * 128, "v" * 256)])
def test_every_tag_can_be_asked_for_whatever_is_in_it(tag):
    given = QueryDict(mutable=True)
    given["tag"] = questions.format_tag(*tag)

    assert questions.parse(given).filter.tags == (tag,)
    given["tag"] = "Project = ALPHA"
    assert questions.parse(given).filter.tags == (("Project", "ALPHA"),)


def test_the_csv_opened_again_is_what_the_page_shows(research, browser):
    Job.objects.all().update(delivery=Delivery.REFUSED, state="", batch_id=None)
    for number in range(1, 6):
        tags = {"Project": "ALPHA", "Ünï": 'a;b, "c"\nd'}
        past.job(research.submission, f"2026-11-0{number}", number, number / 7, name=f"job-{number}", tags=tags)
    given = {"tag": "Project=ALPHA"}

    shown = browser.get(reverse("history", args=["research"]), given).context["listing"].rows
    rows = csv_rows(browser.get(reverse("history_csv", args=["research"]), given))

    assert [row["id"] for row in rows] == [row.job.text_id for row in shown]
    assert [row["usd_estimate"] for row in rows] == [f"{row.usd:f}" for row in shown]
    assert [row["accepted_at"] for row in rows] == [
        row.job.accepted_at.isoformat(timespec="seconds") for row in shown
    ]
    assert [row["name"] for row in rows] == ["job-5", "job-4", "job-3", "job-2", "job-1"]
    assert rows[0]["tags"] == 'Project=ALPHA; Ünï=a;b, "c"\nd'
    assert rows[0]["status"] == "Succeeded"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_a_cell_that_a_spreadsheet_would_run_is_text(research, browser, start):
    formula = f'{start}HYPERLINK("http://evil.example")'
    Job.objects.filter(pk=research.job.pk).update(name=formula, status_reason=formula)
    JobTag.objects.create(job=research.job, team=research.team, key=formula, value=formula)

    (row,) = csv_rows(browser.get(reverse("history_csv", args=["research"])))
    assert row["name"] == row["reason"] == f"'{formula}"
    assert row["tags"].startswith(f"'{start}")
    assert not any(value.startswith(start) for value in row.values())


def test_the_reason_in_the_csv_has_all_that_the_page_of_the_job_says(research, browser):
    make.job(research.submission, delivery=Delivery.REFUSED, delivery_note="No such role", ended_at=now())
    Job.objects.filter(pk=research.job.pk).update(
        state="FAILED", container_reason="OutOfMemoryError: killed", status_reason="Essential container exited"
    )

    rows = csv_rows(browser.get(reverse("history_csv", args=["research"])))
    assert [row["reason"] for row in rows] == ["No such role", "OutOfMemoryError: killed; Essential container exited"]


def test_a_cell_has_no_characters_that_steer_a_terminal_or_reorder_text():
    assert format_cell("\x1b[31mred\x1b[0m\u202efdp.exe\x07\n\ttwo") == "red fdp.exe \n\ttwo"
    assert format_cell("\x1b[0m=HYPERLINK()") == "'=HYPERLINK()"


def test_other_cells_are_left_as_they_are():
    values = ["a=b", "", None, True, 7, "'quoted", "2026-11-01"]
    assert [format_cell(value) for value in values] == ["a=b", "", "", "yes", "7", "'quoted", "2026-11-01"]


def test_a_csv_that_was_cut_says_so(research, browser, monkeypatch):
    monkeypatch.setattr(reports, "EXPORT_LIMIT", 1)
    export = reports.export_rows
    monkeypatch.setattr(reports, "export_rows", lambda team, wanted, sort: export(team, wanted, sort, limit=1))
    make.job(research.submission)

    rows = csv_rows(browser.get(reverse("history_csv", args=["research"])))
    assert len(rows) == 2
    assert rows[1]["id"].startswith("Limited to 1 jobs")


@pytest.mark.parametrize("name", ["history", "history_csv", "costs", "costs_csv", "cost_lines_csv"])
def test_strangers_find_nothing_and_viewers_and_staff_do(research, signed_in, client, name):
    address = reverse(name, args=["research"])

    assert signed_in(research.stranger).get(address).status_code == 404
    assert signed_in(research.viewer.user).get(address).status_code == 200
    assert signed_in(research.admin).get(address).status_code == 200
    assert client.get(address).status_code == 302


def test_a_stranger_finds_no_receipt(research, signed_in):
    address = reverse("receipt", args=[research.job.text_id])

    assert signed_in(research.stranger).get(address).status_code == 404
    assert signed_in(research.viewer.user).get(address).status_code == 200


@pytest.mark.long
def test_nobody_finds_another_teams_jobs_by_asking_for_them(research, browser):
    other = make.job(make.submission(), name="secret")

    for given in ({"q": other.text_id}, {"q": "secret"}, {"before": other.text_id}):
        assert "secret</a>" not in browser.get(reverse("history", args=["research"]), given).content.decode()
        assert "secret" not in [
            row["name"] for row in csv_rows(browser.get(reverse("history_csv", args=["research"]), given))
        ]


ADDRESSES = (
    "/teams/research/jobs/",
    "/teams/research/jobs/?status=FAILED&status=STOPPED",
    "/teams/research/jobs/?tag=Project%3DATLAS&q=a&queue=cpu&person=x&definition=hello&from=2020-01-01&to=2030-01-01",
    "/teams/research/jobs/?untagged=Project&month={month}",
    "/teams/research/jobs/?month={month}&before={middle}",
    "/teams/research/costs/?month={month}&by=tag:Project",
    "/teams/research/costs/?by=tag:Department",
    "/teams/research/costs/?month={month}&by=queue",
    "/teams/research/costs/?month={month}&by=person",
    "/teams/research/costs.csv?month={month}&by=person",
)


def queries(browser) -> list[int]:
    newest = Job.objects.exclude(name="nightly").order_by("-accepted_at")
    words = {"month": f"{newest[0].accepted_at:%Y-%m}", "middle": newest[newest.count() // 2].text_id}
    counted = []
    for address in ADDRESSES:
        with CaptureQueriesContext(connection) as asked:
            answer = browser.get(address.format(**words))
        assert answer.status_code == 200
        counted.append(len(asked))
    return counted


@pytest.mark.long
def test_a_long_history_costs_no_more_queries_than_a_short_one(research, browser):
    make.revision("model-training", of=research.team, where=research.account)
    fill = {"years": 0.5, "team": ["research"], "verbosity": 0}
    call_command("seed_history", jobs=100, seed=1, **fill)
    short = queries(browser)
    call_command("seed_history", jobs=1900, seed=2, **fill)

    assert queries(browser) == short
    assert max(short) <= 13  # one of them: whether the portal is in recovery
