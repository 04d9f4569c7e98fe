import csv
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from io import StringIO
from urllib.parse import quote

import pytest
from django.core.management import call_command
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now

from jobs.models import Job, JobTag
from jobs.states import Delivery, State
from jobs.web.job_list import csv_rows as export
from jobs.web.job_list.columns import COLUMNS
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


def test_the_list_shows_what_its_search_asks_for(research, browser):
    past.job(research.submission, "2026-11-03", 1, name="good-one", tags={"Project": "ALPHA"})
    past.job(research.submission, "2026-11-04", 1, name="bad-one", state=State.FAILED, tags={"Project": "BETA"})
    make.index_words()

    def names(search: str) -> set[str]:
        page = browser.get(reverse("jobs", args=["research"]), {"search": search}).content.decode()
        return set(re.findall(r">(good-one|bad-one)</a>", page))

    assert names("") == {"good-one", "bad-one"}
    assert names("status:failed") == {"bad-one"}
    assert names("tag.Project:ALPHA one") == {"good-one"}
    assert names("-tag.Project:ALPHA") == {"bad-one"}


def test_a_job_that_waits_has_its_wait_time(research, browser):
    job = make.job(research.submission, state=State.RUNNABLE, name="waits")
    Job.objects.filter(pk=job.pk).update(accepted_at=now() - timedelta(hours=3, minutes=5))
    page = browser.get(reverse("jobs", args=["research"]), {"search": "status:runnable"}).content.decode()
    row = page[page.index("waits") :]

    assert "3 h 5 min" in row


def test_times_are_the_same_in_the_list_in_the_submission_and_in_the_csv(research, browser):
    start = datetime(2026, 11, 3, 12, tzinfo=UTC)
    times = {"started_at": start, "stopped_at": start + timedelta(minutes=5), "ended_at": start}
    job = make.job(research.submission, state=State.SUCCEEDED, name="array", array_size=3, **times)
    make.job(research.submission, state=State.FAILED, ended_at=start, name="never-started")
    Job.objects.update(accepted_at=start - timedelta(seconds=90))
    make.index_words()

    def cells(address: str, name: str) -> list[str]:
        row = next(row for row in browser.get(address).text.split("<tr")[1:] if f">{name}</a>" in row)
        return re.findall(r"<td class=\"[^\"]*end\"[^>]*>(?:<span class=\"num\">)?([^<\n]+)<", row)

    lists = reverse("jobs", args=["research"]), job.submission.get_absolute_url()
    assert [cells(address, "array")[:2] for address in lists] == [["1 min 30 s", "5 min"]] * 2
    assert [cells(address, "never-started")[:2] for address in lists] == [["—", "—"]] * 2
    exported = csv_rows(browser.get(reverse("jobs_csv", args=["research"]), {"search": "array"}))
    assert [(row["waited_seconds"], row["ran_seconds"]) for row in exported] == [("90", "300")]


def test_a_column_sorts_by_its_highest_then_its_lowest_then_as_before_and_filters_keep_the_order(research, browser):
    for hours in (1, 3, 2):
        past.job(research.submission, "2026-11-03", hours, name=f"hours-{hours}")
    make.index_words()
    address = reverse("jobs", args=["research"])

    def page_of(query: str) -> tuple[list[str], str]:
        page = browser.get(f"{address}?{query}").text
        (link,) = re.findall(r'<a class="sort-link" href="\?([^"]*)">Cost', page)
        return re.findall(r">(hours-.)</a>", page), link

    first = page_of("search=hours")
    highest = page_of(first[1].replace("&amp;", "&"))
    lowest = page_of(highest[1].replace("&amp;", "&"))
    assert first == (["hours-2", "hours-3", "hours-1"], "search=hours&amp;sort=-cost")
    assert highest == (["hours-3", "hours-2", "hours-1"], "search=hours&amp;sort=cost")
    assert lowest == (["hours-1", "hours-2", "hours-3"], "search=hours")
    tile = "?search=hours+status%3ASUCCEEDED&amp;sort=-cost"
    assert tile in browser.get(f"{address}?search=hours&sort=-cost").text
    assert "Unknown sort order “name”. It was ignored." in browser.get(f"{address}?sort=name").text


def test_tiles_count_and_lead_to_their_jobs_and_back(research, browser):
    past.job(research.submission, "2026-11-04", 1, name="bad-one", state=State.FAILED)
    make.index_words()

    def tiles(search: str) -> list[tuple[str, int, str, bool]]:
        page = browser.get(reverse("jobs", args=["research"]), {"search": search})
        return [(tile.status.name, tile.number, tile.query, tile.is_selected) for tile in page.context["tiles"]]

    assert tiles("bad") == [("FAILED", 1, "search=bad+status%3AFAILED", False)]
    assert tiles("bad status:failed") == [("FAILED", 1, "search=bad", True)]
    assert ("LOST", 0, "search=bad+status%3AFAILED", True) in tiles("bad status:failed,lost")


@pytest.mark.parametrize(
    ("search", "selected", "count"),
    [
        ("status:failed,succeeded", ["SUCCEEDED", "FAILED"], 2),
        ("status:failed status:succeeded", [], None),
        ("status:failed,succeeded -status:failed", [], None),
        ("-status:failed", [], None),
    ],
)
def test_several_status_terms_select_no_tile_and_have_no_count(research, browser, search, selected, count):
    for state in (State.SUCCEEDED, State.FAILED):
        past.job(research.submission, "2026-11-04", 1, state=state)
    context = browser.get(reverse("jobs", args=["research"]), {"search": search}).context

    assert [tile.status.name for tile in context["tiles"] if tile.is_selected] == selected
    assert context["match_count"] == count


def test_without_a_match_all_teams_are_suggested_unless_they_were_searched(research, browser):
    address = reverse("jobs", args=["research"])

    assert "or search all teams" in browser.get(address, {"search": "nothing"}).text
    text = browser.get(address, {"search": "nothing", "scope": "all"}).text
    assert "Remove a filter." in text
    assert "search all teams" not in text


def test_chips_negate_and_remove_their_term_and_keep_the_others(research, browser):
    given = {"search": 'queue:cpu -status:failed,lost "a b" cost>1', "scope": "all"}
    chips = browser.get(reverse("jobs", args=["research"]), given).context["chips"]

    assert [(chip.label, chip.value, chip.is_negated) for chip in chips] == [
        ("queue", "cpu", False),
        ("status", "Failed or Lost", True),
        ("Phrase", "a b", False),
        ("cost >", "1", False),
    ]
    assert QueryDict(chips[0].query_negated)["search"] == '-queue:cpu -status:FAILED,LOST "a b" cost>1'
    assert QueryDict(chips[1].query_negated)["search"] == 'queue:cpu status:FAILED,LOST "a b" cost>1'
    assert QueryDict(chips[1].query_without).dict() == {"search": 'queue:cpu "a b" cost>1', "scope": "all"}


def test_a_problem_is_shown_at_its_place_with_a_button_that_fixes_it(research, browser):
    page = browser.get(reverse("jobs", args=["research"]), {"search": "nightly statsu:failed"})
    (problem,) = page.context["problems"]

    assert (problem.before, problem.part) == ("nightly ", "statsu:")
    assert QueryDict(problem.query)["search"] == "nightly status:failed"
    assert f'href="?{problem.query}">Use {problem.suggestion}</a>' in page.text
    assert "nightly</a>" not in page.text
    csv_answer = browser.get(reverse("jobs_csv", args=["research"]), {"search": "statsu:failed"})
    assert (csv_answer.status_code, problem.message in csv_answer.text) == (400, True)


@pytest.mark.parametrize(
    ("text", "caret", "parts"),
    [
        ("statsu:failed x", 15, ["statsu:"]),
        ("statsu:", 7, []),
        ("status:fa", 9, []),
        ("status:fa x", 11, ["fa"]),
        ("cost:1 stauts:failed ", 21, ["cost:", "stauts:"]),
        ('x "open', 7, []),
        ('x "open', 0, ['"open']),
    ],
)
def test_problems_are_told_while_the_search_is_typed_but_not_of_what_is_unfinished(browser, text, caret, parts):
    answer = browser.get(reverse("jobs_suggest", args=["research"]), {"search": text, "caret": caret}).json()

    assert [unescape(part) for part in re.findall("<mark>(.*?)</mark>", answer["problems"])] == parts


def test_what_is_typed_is_escaped_in_its_problems(browser):
    given = {"search": "<b>:1 cost:<i> x"}
    problems = browser.get(reverse("jobs_suggest", args=["research"]), given).json()["problems"]

    assert "&lt;b&gt;" in problems
    assert "<b>" not in problems


@pytest.mark.parametrize(("who", "actions"), [("viewer", ["compare"]), ("analyst", ["stop", "again", "compare"])])
def test_those_who_see_jobs_select_them_to_compare_and_others_to_do_more(research, signed_in, who, actions):
    page = signed_in(getattr(research, who).user).get(reverse("jobs", args=["research"])).text

    assert f'name="job" value="{research.job.text_id}"' in page
    assert re.findall(r'<button type="submit" class="btn btn-sm" id="bulk-(\w+)"', page) == actions
    assert ("data-bulk-page" in page) == (who == "analyst")


@pytest.mark.parametrize(("scope", "names"), [("mine", {"nightly"}), ("team", {"nightly", "theirs"})])
def test_a_scope_is_whose_jobs_are_listed(research, browser, scope, names):
    make.job(make.submission(research.viewer, research.account), name="theirs")
    make.job(name="foreign")
    page = browser.get(reverse("jobs", args=["research"]), {"scope": scope})

    assert {row.job.name for row in page.context["listing"].rows} == names


def test_all_teams_are_those_of_the_person_and_each_row_names_its_team(research, browser, signed_in):
    other = make.team("second")
    make.job(make.submission(make.member(other), research.account), name="second-job")
    address = reverse("jobs", args=["research"])

    assert "second-job" not in browser.get(address, {"scope": "all"}).text
    make.member(other, who=research.analyst.user)
    page = browser.get(address, {"scope": "all"})
    assert {row.job.name for row in page.context["listing"].rows} == {"nightly", "second-job"}
    assert 'data-label="Team">Second</td>' in page.text
    assert "second-job" in signed_in(research.admin).get(address, {"scope": "all"}).text


@pytest.mark.parametrize(
    ("old", "search"),
    [
        ("status=FAILED&status=LOST", "status:FAILED,LOST"),
        ("status=FAILED,STOPPED&sort=-cost", "status:FAILED,STOPPED"),
        ("q=two+words", '"two words"'),
        ("queue=cpu&person=ann&definition=hello", "queue:cpu user:ann def:hello"),
        ("tag=a%253Db%3Dc%3Dd&untagged=Project", "tag.a=b:c=d untagged:Project"),
        ("tag=Project+%3D+ALPHA&month=2026-10", "tag.Project:ALPHA month:2026-10"),
        ("from=2026-11-01&to=2026-11-30", "after:2026-11-01 before:2026-12-01"),
        ("queue=cpu&to=9999-12-31", "queue:cpu"),
        ("status=FINE&from=yesterday&tag=Project&search=kept", "kept"),
    ],
)
def test_an_old_link_leads_to_its_search(research, browser, old, search):
    for name in ("jobs", "jobs_csv"):
        answer = browser.get(f"{reverse(name, args=['research'])}?{old}")
        query = QueryDict(answer["Location"].partition("?")[2])
        assert (answer.status_code, query["search"]) == (302, search)
        assert query.get("sort") == QueryDict(old).get("sort")


def test_the_address_of_a_team_leads_to_its_jobs(research, browser):
    answer = browser.get("/teams/research/?part=live&seen=x")

    assert (answer.status_code, answer["Location"]) == (302, "/teams/research/jobs/?part=live&seen=x")


@pytest.mark.parametrize("tag", [("Project", "ALPHA"), ("a=b %", " c=d "), (" Ünï ", "x"), ("k" * 128, "v" * 256)])
def test_an_old_link_to_a_tag_finds_its_jobs_whatever_is_in_it(research, browser, tag):
    past.job(research.submission, "2026-11-03", 1, name="tagged", tags=dict([tag]))
    make.index_words()
    given = {"tag": f"{quote(tag[0], safe='/:+-@._')}={tag[1]}"}
    page = browser.get(reverse("jobs", args=["research"]), given, follow=True)

    assert [row.job.name for row in page.context["listing"].rows] == ["tagged"]


def test_the_csv_opened_again_is_what_the_page_shows(research, browser):
    Job.objects.all().update(delivery=Delivery.REFUSED, state="", batch_id=None)
    for number in range(1, 6):
        tags = {"Project": "ALPHA", "Ünï": 'a;b, "c"\nd'}
        past.job(research.submission, f"2026-11-0{number}", number, number / 7, name=f"job-{number}", tags=tags)
    make.index_words()
    given = {"search": "tag.Project:ALPHA"}

    page_rows = browser.get(reverse("jobs", args=["research"]), given).context["listing"].rows
    rows = csv_rows(browser.get(reverse("jobs_csv", args=["research"]), given))

    assert [row["id"] for row in rows] == [row.job.text_id for row in page_rows]
    assert [row["usd_estimate"] for row in rows] == [f"{row.usd:f}" for row in page_rows]
    assert [row["accepted_at"] for row in rows] == [
        row.job.accepted_at.isoformat(timespec="seconds") for row in page_rows
    ]
    assert [row["name"] for row in rows] == ["job-5", "job-4", "job-3", "job-2", "job-1"]
    assert rows[0]["tags"] == 'Project=ALPHA; Ünï=a;b, "c"\nd'
    assert rows[0]["status"] == "Succeeded"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_a_cell_that_a_spreadsheet_would_run_is_text(research, browser, start):
    formula = f'{start}HYPERLINK("http://evil.example")'
    Job.objects.filter(pk=research.job.pk).update(name=formula, status_reason=formula)
    JobTag.objects.create(job=research.job, team=research.team, key=formula, value=formula)

    (row,) = csv_rows(browser.get(reverse("jobs_csv", args=["research"])))
    assert row["name"] == row["reason"] == f"'{formula}"
    assert row["tags"].startswith(f"'{start}")
    assert not any(value.startswith(start) for value in row.values())


def test_the_reason_in_the_csv_has_all_that_the_page_of_the_job_says(research, browser):
    make.job(research.submission, delivery=Delivery.REFUSED, delivery_note="No such role", ended_at=now())
    Job.objects.filter(pk=research.job.pk).update(
        state="FAILED", container_reason="OutOfMemoryError: killed", status_reason="Essential container exited"
    )

    rows = csv_rows(browser.get(reverse("jobs_csv", args=["research"])))
    assert [row["reason"] for row in rows] == ["No such role", "OutOfMemoryError: killed; Essential container exited"]


def test_a_cell_has_no_characters_that_steer_a_terminal_or_reorder_text():
    assert format_cell("\x1b[31mred\x1b[0m\u202efdp.exe\x07\n\ttwo") == "red fdp.exe \n\ttwo"
    assert format_cell("\x1b[0m=HYPERLINK()") == "'=HYPERLINK()"


def test_other_cells_are_left_as_they_are():
    values = ["a=b", "", None, True, 7, "'quoted", "2026-11-01"]
    assert [format_cell(value) for value in values] == ["a=b", "", "", "yes", "7", "'quoted", "2026-11-01"]


def test_a_csv_that_was_cut_says_so(research, browser, monkeypatch):
    monkeypatch.setattr(export, "EXPORT_LIMIT", 1)
    monkeypatch.setattr("jobs.web.job_list.views.EXPORT_LIMIT", 1)
    make.job(research.submission)

    rows = csv_rows(browser.get(reverse("jobs_csv", args=["research"])))
    assert len(rows) == 2
    assert rows[1]["id"].startswith("Limited to 1 jobs")


@pytest.mark.parametrize(
    "name", ["jobs", "jobs_csv", "jobs_suggest", "workflows", "costs", "costs_csv", "cost_lines_csv"]
)
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

    for given in ({"search": other.text_id}, {"search": "secret", "scope": "all"}, {"before": other.text_id}):
        assert "secret</a>" not in browser.get(reverse("jobs", args=["research"]), given).content.decode()
        assert "secret" not in [
            row["name"] for row in csv_rows(browser.get(reverse("jobs_csv", args=["research"]), given))
        ]


ADDRESSES = (
    "/teams/research/jobs/",
    "/teams/research/jobs/?search=status:failed,stopped",
    "/teams/research/jobs/?search=tag.Project:ATLAS+a+queue:cpu+user:x+def:hello+after:2020-01-01+before:2030-01-01",
    "/teams/research/jobs/?search=untagged:Project+month:{month}",
    "/teams/research/jobs/?search=month:{month}&before={middle}&scope=all",
    "/teams/research/jobs/?columns=team,exit,reason,size,id,aws,tags&sort=-cost",
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
    most = dict(zip(ADDRESSES, short, strict=True))
    assert max(count for address, count in most.items() if "/costs" not in address) <= 13  # one: is it in recovery
    assert max(most.values()) <= 22  # with totals, jobs that run, budgets, a forecast, rates and their coverage


def test_heads_and_cells_have_the_order_of_the_columns(research, browser):
    past.job(research.submission, "2026-11-03", 1, name="nightly")
    page = browser.get(reverse("jobs", args=["research"]), {"columns": ",".join(COLUMNS)}).text
    head, _, rows = page.partition("</thead>")
    labels = [column.label for column in COLUMNS.values() if not column.is_beside_name]
    assert re.findall(r'<th scope="col"[^>]*>(?:<a[^>]*>)?([^<]+)', head) == ["Name", *labels]
    # The cost has no label: it stands beside the name on a small screen.
    assert [*re.findall(r'data-label="([^"]+)"', rows.partition("</tr>")[0]), "Cost"] == labels
