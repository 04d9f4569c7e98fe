import csv
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils.timezone import now

from jobs import actions
from jobs.models import CostLine, InstancePrice, InstanceType, Job, JobTag, Source, StateChange, Submission
from jobs.models.cost_rebuild import rebuild_month
from jobs.pricing import metering
from jobs.reports.costs import Bar, CostSeries
from jobs.reports.periods import Period, PeriodKind
from jobs.states import State
from jobs.templatetags.money import exact, hours_up, money, per_cent, usd_text
from jobs.web.costs.bar_chart import bar_chart
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
    text = b"".join(response.streaming_content).decode()
    return list(csv.DictReader(StringIO(text, newline="")))


def costs_page(browser, month="2026-11", by="tag:Project"):
    return browser.get(reverse("costs", args=["research"]), {"month": month, "by": by})


@pytest.mark.long
@pytest.mark.postgres
def test_tags_go_from_the_submission_to_the_stacked_bar(research, browser):
    make.revision("spend", of=research.team, where=research.account)
    text = """{"jobName": "quarter", "jobQueue": "cpu", "jobDefinition": "spend",
               "tags": {"Department": "Risk", "Project": "ALPHA", "CostCenter": "CC-1"}}"""
    submission = actions.submit(text, research.analyst, source=Source.JSON)
    job = submission.jobs.get()
    ended = {"state": State.SUCCEEDED, "ended_at": now(), "batch_id": "j-1", "delivery": "SENT"}
    attempts = [past.attempt(datetime(2026, 11, 5, 12, tzinfo=UTC), hours=2)]
    Job.objects.filter(pk=job.pk).update(**ended, attempts=attempts)
    metering.charge(Job.objects.get(pk=job.pk))
    # The definition asks for 1 vCPU and 512 MiB: 2 h × (0.04 + 0.5 × 0.01) = 0.09

    assert 'title="Estimate: $0.09"' in browser.get(job.get_absolute_url()).content.decode()
    for key, value in (("Department", "Risk"), ("Project", "ALPHA"), ("CostCenter", "CC-1")):
        page = costs_page(browser, by=f"tag:{key}")
        html = page.content.decode()
        assert f">{value}</a>" in html
        assert "November 5: $0.09" in html
        assert f"{value} $0.09" in html
        bar = re.search(
            r"<title>November 5[^<]*</title><rect[^>]*/><rect class=\"c-1\"[^>]*height=\"([\d.]+)\"", html
        )
        assert bar
        assert float(bar[1]) == 90.0  # of an axis that ends at ten cents


def test_a_second_month_has_its_own_page_and_is_compared_with_the_first(research, browser):
    past.job(research.submission, "2026-10-03", 2, tags={"Project": "ALPHA"})
    past.job(research.submission, "2026-11-03", 3, tags={"Project": "ALPHA"})

    november, october = costs_page(browser), costs_page(browser, "2026-10")
    assert november.context["report"].total.usd == Decimal("0.15")
    assert november.context["report"].total.before_usd == october.context["report"].total.usd == Decimal("0.1")
    assert "+50 %" in november.content.decode()


@pytest.mark.long
@pytest.mark.parametrize("by", ["tag:Project", "tag:None", "queue", "definition", "person"])
def test_the_table_opened_again_is_the_page_to_the_last_digit(research, browser, by):
    past.job(research.submission, "2026-11-03", 1 / 3, 1 / 7, tags={"Project": "ALPHA"})
    past.job(research.submission, "2026-11-04", 1 / 11, tags={"Project": "=BETA"})
    past.job(research.submission, "2026-11-05", 1 / 13, state=State.FAILED)

    report = costs_page(browser, by=by).context["report"]
    *rows, total = csv_rows(browser.get(reverse("costs_csv", args=["research"]), {"month": "2026-11", "by": by}))
    names = [row.label if row.value is None else row.value.replace("=", "'=") for row in report.rows]
    assert [(row["value"], row["usd_estimate"], row["jobs"]) for row in rows] == [
        (name, f"{row.usd:f}", str(row.jobs)) for name, row in zip(names, report.rows, strict=True)
    ]
    assert sum(Decimal(row["usd_estimate"]) for row in rows) == Decimal(total["usd_estimate"]) == report.total.usd


def test_the_lines_opened_again_add_up_to_the_page(research, browser):
    past.job(research.submission, "2026-11-03", 1 / 3, 1 / 7, tags={"Project": "ALPHA", "Department": "Risk"})
    past.job(research.submission, "2026-11-04", 1 / 11)
    past.job(research.submission, "2026-12-04", 5)

    lines = csv_rows(browser.get(reverse("cost_lines_csv", args=["research"]), {"month": "2026-11"}))
    assert [(line["day"], line["attempt"], line["succeeded"]) for line in lines] == [
        ("2026-11-03", "1", "no"),
        ("2026-11-03", "2", "yes"),
        ("2026-11-04", "1", "yes"),
    ]
    assert lines[0]["tags"] == "Department=Risk; Project=ALPHA"
    spent = sum(Decimal(line["usd_estimate"]) for line in lines)
    assert spent == costs_page(browser).context["report"].total.usd


@pytest.mark.long
def test_each_row_leads_to_its_jobs(research, browser):
    past.job(research.submission, "2026-11-03", 1, name="alpha-job", tags={"Project": "A=L & PHA"})
    past.job(research.submission, "2026-11-04", 1, name="plain-job")
    past.job(research.submission, "2026-10-04", 1, name="old-job", tags={"Project": "A=L & PHA"})
    make.index_words()

    for by, expected in {
        "tag:Project": [["alpha-job"], ["plain-job"]],
        "queue": [["plain-job", "alpha-job"]],
        "definition": [["plain-job", "alpha-job"]],
        "person": [["plain-job", "alpha-job"]],
    }.items():
        html = costs_page(browser, by=by).content.decode()
        links = re.findall(r'class="row-link" href="([^"]+)"', html)
        listings = [browser.get(link.replace("&amp;", "&")).context["listing"].rows for link in links]
        assert [[row.job.name for row in rows] for rows in listings] == expected


def various_costs(research) -> None:
    """Of two teams and accounts, on several instance types. In November attempts of 319 hours at a nickel each."""
    other = make.member(make.team("other"), who=research.analyst.user)
    elsewhere = make.submission(other, make.account(name="Second account"))
    colleague = make.submission(make.member(research.team), research.account)
    past.job(research.submission, "2026-11-03", 1, 2, 4, tags={"Project": "A=L, %", "Cost Center": "1"})
    past.job(research.submission, "2026-11-04", 8, tags={"Project": "A"}, state=State.FAILED)
    past.job(colleague, "2026-11-04", 16, tags={"Project": ""}, queue=make.queue("gpu", of=research.account))
    past.job(elsewhere, "2026-11-30", 32, revision=make.revision("other", of=other.team, where=elsewhere.account))
    past.job(research.submission, "2026-10-31", 64, tags={"Project": "A"})
    mixed = past.job(research.submission, "2026-11-30", 128, 256)
    CostLine.objects.filter(job=mixed, attempt=1).update(day=date(2026, 10, 31))
    CostLine.objects.filter(attempt=2).update(instance_type="m5.xlarge")
    CostLine.objects.filter(attempt=3).update(instance_type="m5.large")
    CostLine.objects.filter(job=mixed, attempt=2).update(instance_type="m5.large")
    for team in (research.team, other.team):
        for month in (date(2026, 10, 1), date(2026, 11, 1)):
            rebuild_month(team.pk, month)
    make.index_words()


def jobs_behind(browser, link: str):
    return browser.get(link).context["listing"].rows


@pytest.mark.postgres
@pytest.mark.parametrize(
    "by", ["tag:Project", "tag:Cost Center", "queue", "definition", "person", "team", "account", "state", "instance"]
)
def test_jobs_behind_each_row_add_up_to_it(research, browser, by):
    various_costs(research)

    page = browser.get(reverse("costs_of_all"), {"month": "2026-11", "by": by})
    rows = page.context["rows"]
    assert len(rows) > 1
    assert sum(row.usd for row, _, _ in rows) == Decimal("0.05") * 319
    for row, link, _ in rows:
        jobs = jobs_behind(browser, link)
        assert sum(job.usd for job in jobs) == row.usd, row.label
        assert len(jobs) == row.jobs or by == "instance"


@pytest.mark.parametrize("period", [{"month": "2026-11"}, {"from": "2026-10-31", "to": "2026-11-04"}])
def test_jobs_behind_each_crossed_cell_add_up_to_it(research, browser, period):
    various_costs(research)

    page = browser.get(reverse("costs_of_all"), {"by": "tag:Project", "and": "instance", **period})
    cells = [cell for _, row in page.context["cross_rows"] for cell in row]
    assert sum(usd for usd, _, _ in cells) == page.context["report"].total.usd > 0
    for usd, _, link in cells:
        assert bool(usd) is bool(link)
        assert not link or sum(job.usd for job in jobs_behind(browser, link)) == usd


@pytest.mark.parametrize("by", ["tag:Project", "queue", "instance"])
def test_costs_so_far_lead_to_the_running_jobs(research, browser, by):
    running = research.job
    Job.objects.filter(pk=running.pk).update(started_at=now() - timedelta(hours=2), vcpus=1, memory_mib=1024)
    make.index_words([running])

    page = browser.get(reverse("costs", args=["research"]), {"by": by, "and": "person"})
    ((_, link, running_link),) = [item for item in page.context["rows"] if item[0].running_usd]
    assert not link
    assert [job.job for job in jobs_behind(browser, running_link)] == [running]
    assert not any(link for _, row in page.context["cross_rows"] for _, _, link in row)


def test_values_that_a_search_does_not_tell_apart_have_no_link(research, browser):
    for number, tags in enumerate(({"Project": "a"}, {"Project": "A"}, {"Project": "b*"}, {"Project": "c"})):
        past.job(research.submission, f"2026-11-0{number + 1}", 1, tags=tags)
    assert [row.value for row, link, _ in costs_page(browser).context["rows"] if link] == ["c"]

    past.job(research.submission, "2026-11-05", 1, tags={"project": "c"})
    assert not [row.value for row, link, _ in costs_page(browser).context["rows"] if link]


def test_the_page_says_estimate_and_how_and_from_which_rates(research, browser):
    past.job(research.submission, "2026-11-03", 1)
    html = costs_page(browser).content.decode()

    assert html.count('class="estimate"') >= 6
    for words in ('id="how"', "vCPU × rate", "Not included:", "a test", "2020-01-01", "0.04", "UTC day"):
        assert words in html


def test_an_empty_month_says_so_and_nonsense_is_this_month(research, browser):
    assert "No costs in March 2026" in costs_page(browser, "2026-03").content.decode()
    page = costs_page(browser, "2026-99", "tag:")
    assert page.context["period"] == Period.containing(PeriodKind.MONTH, now().date())
    assert str(page.context["grouping"]) == "queue"


def test_a_receipt_shows_the_sum_and_each_part(research, browser):
    job = past.job(research.submission, "2026-11-03", 2, 1)
    html = browser.get(reverse("receipt", args=[job.text_id])).content.decode()

    assert "Attempt 1, failed or stopped" in html
    assert "Attempt 2, succeeded" in html
    for figure in ("0.0800000000", "0.0200000000", "0.1000000000", "$0.15"):
        assert figure in html


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"state": State.LOST, "charged_at": now()}, "run time is unknown"),
        ({"delivery": "REFUSED"}, "never sent"),
        ({"state": State.RUNNING}, "hasn&#x27;t ended"),
        ({"state": State.SUCCEEDED}, "just ended"),
        ({"state": State.FAILED, "charged_at": now()}, "never started"),
    ],
)
def test_a_job_without_a_receipt_says_why(research, browser, fields, words):
    job = make.job(research.submission, **fields)

    assert words in browser.get(reverse("receipt", args=[job.text_id])).content.decode()


@pytest.mark.parametrize(
    ("usd", "cents", "digits"),
    [
        ("0", "$0.00", "0.00"),
        ("0.0049999999", "<$0.01", "0.0049999999"),
        ("0.005", "$0.01", "0.005"),
        ("1234.5650000000", "$1,234.57", "1234.565"),
        ("2", "$2.00", "2.00"),
    ],
)
def test_money_is_rounded_for_the_eye_only(usd, cents, digits):
    assert (usd_text(Decimal(usd)), exact(Decimal(usd))) == (cents, digits)
    assert money(Decimal(usd)) == (
        f'<span class="num" title="Estimate: ${digits}">{cents.replace("<", "&lt;")}</span>'
    )


def test_vcpu_hours_at_most_are_rounded_up():
    assert [hours_up(Decimal(hours)) for hours in ("8000.0000", "8000.0001", "0.01")] == ["8,000", "8,000.1", "0.1"]


def test_small_shares_keep_a_digit():
    assert [per_cent(Decimal(number)) for number in ("0.04", "9.96", "12.5", "-3.2")] == [
        "0.0 %",
        "10.0 %",
        "13 %",
        "−3.2 %",
    ]
    assert per_cent(None) == "—"


def test_bars_are_stacked_from_the_axis_and_end_below_a_round_number():
    series = [CostSeries("A", "1", [Decimal(1), Decimal(3)]), CostSeries("B", "2", [Decimal(1), Decimal(0)])]
    days = [date(2026, 11, 1), date(2026, 11, 2)]
    drawn = bar_chart([Bar(day, day) for day in days], series, ["", ""])

    assert drawn.ticks == ["$4", "$3", "$2", "$1", "$0"]
    assert [[(segment.colour, segment.y, segment.height) for segment in bar.segments] for bar in drawn.bars] == [
        [("1", "75.000", "25.000"), ("2", "50.000", "25.000")],
        [("1", "25.000", "75.000")],
    ]
    assert drawn.bars[0].description == "November 1: $2.00 (A $1.00, B $1.00)"
    assert drawn.summary == "The most expensive day is November 2 with $3.00."


@pytest.mark.long
def test_history_can_be_made_up_and_lies_before_what_there_is(research):
    make.revision("model-training", of=research.team, where=research.account)
    call_command("seed_history", jobs=200, years=1.0, team=["research"], seed=5, verbosity=0)

    made = Job.objects.exclude(pk=research.job.pk)
    assert made.count() == 200
    assert Job.objects.order_by("-pk").first() == research.job
    assert [job.pk for job in made.order_by("accepted_at", "pk")] == [job.pk for job in made.order_by("pk")]
    assert all(job.status.is_final and job.charged_at and job.ended_at < now() for job in made)
    assert 0.8 < made.filter(state=State.SUCCEEDED).count() / 200 <= 1
    assert CostLine.objects.exclude(usd=0).count() > 190
    assert set(JobTag.objects.values_list("key", flat=True)) >= {"Department", "Project", "CostCenter"}
    assert made.filter(tag_rows=None).exists()
    assert StateChange.objects.filter(job__in=made).count() >= 800
    assert not Submission.objects.filter(jobs__in=made, created_at__gte=now()).exists()


def test_the_same_seed_makes_the_same_history_and_twice_is_no_clash(research):
    def costs(number):
        call_command("seed_history", jobs=number, years=0.2, team=["research"], seed=5, verbosity=0)
        newest = CostLine.objects.order_by("-pk")[:5]
        return [(line.usd, line.receipt) for line in newest]

    assert costs(20) == costs(20)


def test_real_teams_are_not_filled_by_accident(research, settings):
    settings.QUICKSTART = False
    with pytest.raises(CommandError, match="--yes"):
        call_command("seed_history", jobs=1)
    settings.QUICKSTART = True
    with pytest.raises(CommandError, match="no team nowhere"):
        call_command("seed_history", jobs=1, team=["nowhere"])


# -- Periods, teams and pairs


def links_of(html: str) -> list[str]:
    return [link.replace("&amp;", "&") for link in re.findall(r'href="([^"]+)"', html)]


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ({}, "November 2026"),
        ({"month": "2026-03"}, "March 2026"),
        ({"period": "day", "on": "2026-11-03"}, "November 3, 2026"),
        ({"period": "week", "on": "2026-11-03"}, "November 2, 2026 – November 8, 2026"),
        ({"period": "quarter"}, "Q4 2026"),
        ({"period": "year", "on": "2025-02-01"}, "2025"),
        ({"from": "2026-10-15", "to": "2026-11-03"}, "October 15, 2026 – November 3, 2026"),
        ({"period": "decade", "on": "x"}, "November 2026"),
    ],
)
def test_a_period_is_in_the_address_and_leads_back_to_itself(research, browser, time_machine, parameters, name):
    time_machine.move_to("2026-11-20T12:00Z")
    page = browser.get(reverse("costs", args=["research"]), parameters)
    assert page.context["period"].name == name

    again = browser.get(f"{reverse('costs', args=['research'])}?{page.context['costs'].query}")
    assert again.context["period"] == page.context["period"]


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (("2026-11-03", "2026-11-01"), "The first day must not be after the last."),
        (("2020-01-01", "2026-11-01"), "Choose at most 1,100 days."),
        (("2026-11-03", ""), "Enter the first and the last day"),
    ],
)
def test_days_that_are_no_period_are_refused_with_words(research, browser, days, words):
    page = browser.get(reverse("costs", args=["research"]), dict(zip(("from", "to"), days, strict=True)))

    assert words in page.content.decode()


def test_rows_and_bars_lead_to_the_jobs_of_their_days(research, browser):
    past.job(research.submission, "2026-11-03", 1, name="alpha-job", tags={"Project": "ALPHA"})
    past.job(research.submission, "2026-11-09", 1, name="late-job", tags={"Project": "ALPHA"})
    make.index_words()

    week = {"period": "week", "on": "2026-11-03", "by": "tag:Project"}
    links = links_of(browser.get(reverse("costs", args=["research"]), week).content.decode())
    of_jobs = [link for link in links if "charged" in link]
    assert len(of_jobs) == 2  # a bar and a row
    for link in of_jobs:
        assert [row.job.name for row in browser.get(link).context["listing"].rows] == ["alpha-job"]


def test_two_groupings_are_a_table_and_a_file(research, browser):
    past.job(research.submission, "2026-11-03", 1, tags={"Project": "Total"})
    past.job(research.submission, "2026-11-03", 2, tags={"Project": "Untagged"})
    past.job(research.submission, "2026-11-03", 4)
    parameters = {"month": "2026-11", "by": "tag:Project", "and": "state"}

    page = browser.get(reverse("costs", args=["research"]), parameters)
    assert "Project × Status" in page.content.decode()
    rows = csv_rows(browser.get(reverse("costs_csv", args=["research"]), parameters))
    assert [(row["kind"], row["Project"], row["Succeeded"], row["Total"]) for row in rows] == [
        ("value", "Untagged", "0.1000000000", "0.1000000000"),
        ("value", "Total", "0.0500000000", "0.0500000000"),
        ("untagged", "Untagged", "0.2000000000", "0.2000000000"),
        ("total", "Total", "0.3500000000", "0.3500000000"),
    ]


def test_a_file_tells_the_total_and_the_untagged_from_tags_of_these_names(research, browser):
    past.job(research.submission, "2026-11-03", 1, tags={"Project": "Total"})
    past.job(research.submission, "2026-11-03", 2, tags={"Project": "Untagged"})

    parameters = {"month": "2026-11", "by": "tag:Project"}
    rows = csv_rows(browser.get(reverse("costs_csv", args=["research"]), parameters))
    assert [(row["value"], row["kind"]) for row in rows] == [
        ("Untagged", "value"),
        ("Total", "value"),
        ("Untagged", "untagged"),
        ("Total", "total"),
    ]


def test_costs_of_all_teams_are_of_those_that_one_may_see(research, browser):
    past.job(research.submission, "2026-11-03", 1)
    past.job(make.submission(make.member(make.team("secret"))), "2026-11-03", 100)

    page = browser.get(reverse("costs_of_all"), {"month": "2026-11"})
    assert str(page.context["grouping"]) == "team"
    assert page.context["report"].total.usd == Decimal("0.05")
    assert "Secret" not in page.content.decode()
    rows = csv_rows(browser.get(reverse("costs_csv_of_all"), {"month": "2026-11"}))
    assert [(row["value"], row["usd_estimate"]) for row in rows] == [
        ("Research", "0.0500000000"),
        ("Total", "0.0500000000"),
    ]


def test_a_person_without_a_team_has_no_costs_of_all_teams(db, signed_in):
    assert signed_in(make.user()).get(reverse("costs_of_all")).status_code == 404


def test_this_month_has_a_forecast_with_a_band(research, browser, time_machine):
    for day in range(1, 18):
        past.job(research.submission, f"2026-11-{day:02}", day % 5 + 1)
    time_machine.move_to("2026-11-18T12:00Z")

    forecast = costs_page(browser).context["forecast"]
    assert forecast.low < forecast.usd < forecast.high
    assert "in four of five cases" in costs_page(browser).content.decode()
    assert costs_page(browser, "2026-10").context["forecast"] is None


def test_displayed_cents_add_up(research, browser):
    for name in ("A", "B", "C"):
        past.job(research.submission, "2026-11-03", 0.0667, tags={"Project": name})  # a third of a cent each

    report = costs_page(browser).context["report"]
    assert sorted(row.cents["spent"] for row in report.visible_rows) == [0, 0, 0, Decimal("0.01")]
    assert report.total.spent > Decimal("0.01")


@pytest.fixture
def _november(time_machine):
    time_machine.move_to("2026-11-30T12:00Z")


@pytest.mark.usefixtures("_november")
@pytest.mark.parametrize(
    ("parameters", "queries"),
    [
        ({"month": "2026-11", "by": "tag:Project"}, 23),
        ({"month": "2026-11", "by": "person", "and": "queue"}, 30),
        ({"from": "2026-09-15", "to": "2026-11-10", "by": "person", "and": "queue"}, 38),
    ],
)
def test_a_page_takes_as_many_queries_however_much_there_is(
    research, browser, parameters, queries, django_assert_num_queries
):
    for number in range(1, 9):
        past.job(research.submission, f"2026-1{number % 2}-0{number}", 1, tags={"Project": f"P{number}"})
        if number in (1, 8):
            browser.get(reverse("costs", args=["research"]), parameters)
            with django_assert_num_queries(queries):
                browser.get(reverse("costs", args=["research"]), parameters)


def test_the_page_tells_for_how_many_types_and_regions_prices_are_known(research, browser):
    region = research.account.region
    InstancePrice.objects.exclude(region="us-east-1").delete()
    page = costs_page(browser).content.decode()
    assert f"<strong>{region}</strong>: no prices, so that jobs on EC2 and EKS there have no rate" in page
    assert "In other regions: us-east-1 307" in page

    row = InstanceType.objects.earliest("pk")
    InstancePrice.objects.create(
        instance_type=row, region=region, usd_per_hour="1", valid_from="2026-10-05", purchase_option="SPOT"
    )
    page = costs_page(browser).content.decode()
    assert f"<strong>{region}</strong>: 0 types on demand, 1 on Spot; newest price of 2026-10-05" in page
