"""Corrections of past costs in the admin: a preview, then its application."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from jobs import periodic, tasks
from jobs.actions import reprice, repricing
from jobs.models import AuditEntry, CostLine, Rate, Repricing
from jobs.models.cost_rebuild import months_with_costs, wrong_totals
from tests import make
from tests.reports import past

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture
def costs() -> dict[str, Any]:
    """Two teams with hours at five cents, for one of which too little was charged for a vCPU."""
    past.rates()
    research, finance = (make.member(make.team(name)) for name in ("research", "finance"))
    for member, hours in ((research, 2), (research, 1), (finance, 4)):
        past.job(make.submission(member), "2026-11-02", hours)
    past.job(make.submission(finance), "2026-10-20", 8)
    Rate.objects.create(platform="EC2", resource="vcpu", usd_per_hour=Decimal("0.09"), valid_from=date(2026, 11, 1))
    return {"research": research.team, "finance": finance.team}


@pytest.fixture
def administrator() -> Any:
    return make.admin("administrator")


@pytest.fixture
def browser(administrator: Any) -> Client:
    client = Client()
    client.force_login(administrator)
    make.second_factor(administrator, browser=client)
    return client


@pytest.fixture
def ask(browser: Client, django_capture_on_commit_callbacks: Any) -> Any:
    """Post to a page of the admin, and return the page to which it leads."""

    def post(name: str, *args: Any, **form: Any) -> Any:
        with django_capture_on_commit_callbacks(execute=True):
            response = browser.post(reverse(f"admin:jobs_repricing_{name}", args=args), form)
        return browser.get(response["Location"]) if response.status_code == 302 else response

    return post


def request(**more: Any) -> dict[str, Any]:
    return {"first": "2026-11-01", "last": "2026-11-30", "team": "", "why": "The rate was wrong.", **more}


def corrections() -> list[tuple[str, Decimal]]:
    return list(CostLine.objects.filter(correction=1).order_by("job_id").values_list("team__slug", "usd"))


ALL = [("research", Decimal("0.1")), ("research", Decimal("0.05")), ("finance", Decimal("0.2"))]


def test_a_preview_counts_corrections_by_team_and_writes_none(costs, ask):
    before = list(CostLine.objects.order_by("pk").values())
    page = ask("add", **request())

    view = page.context["view"]
    assert [(team, counts.checked, counts.corrected, counts.usd) for team, counts in view.rows] == [
        ("Finance", 1, 1, Decimal("0.2")),
        ("Research", 2, 2, Decimal("0.15")),
    ]
    text = page.content.decode()
    assert "nothing has changed yet" in text
    assert "Add 3 corrections" in text
    assert "+$0.35" in text
    assert list(CostLine.objects.order_by("pk").values()) == before


def test_what_is_confirmed_is_added_once_and_audited_with_the_person(costs, ask, administrator):
    ask("add", **request())
    row = Repricing.objects.get()
    page = ask("apply", row.pk)

    assert corrections() == ALL
    assert "Applied at" in page.content.decode()
    assert page.context["view"].total.corrected == 3
    entries = AuditEntry.objects.filter(noun="costs")
    assert {(entry.team.slug, entry.person) for entry in entries} == {
        (name, administrator.public_id) for name in costs
    }
    assert {entry.channel for entry in entries} == {"admin"}
    assert all("The rate was wrong." in entry.after for entry in entries)
    for team in costs.values():
        assert not [line for month in months_with_costs(team.pk) for line in wrong_totals(team.pk, month)]

    again = ask("apply", row.pk)
    assert "was applied before" in again.content.decode()
    assert corrections() == ALL


def test_one_team_alone_is_corrected(costs, ask):
    ask("add", **request(team=costs["finance"].pk))
    ask("apply", Repricing.objects.get().pk)
    assert corrections() == [ALL[-1]]


def test_what_takes_long_continues_in_a_worker_without_counting_twice(
    costs, ask, enqueued, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(reprice, "BATCH_SIZE", 1)
    monkeypatch.setattr(repricing, "REQUEST_SECONDS", -1)
    page = ask("add", **request())
    row = Repricing.objects.get()
    text = page.content.decode()
    assert "The preview is being computed." in text
    assert "1 attempt checked so far" in text
    assert "Add " not in text.split('id="content-main"')[1]
    assert "no complete preview yet" in ask("apply", row.pk).content.decode()

    def work(times: int) -> None:
        for _ in range(times):
            with django_capture_on_commit_callbacks(execute=True):
                repricing.run_repricing(row.pk, -1)

    assert enqueued.count("run_repricing") == 1
    work(4)
    row.refresh_from_db()
    assert row.previewed_at is not None
    ask("apply", row.pk)
    assert len(corrections()) == 1

    original = reprice.reprice_batch

    def fail_after(*arguments: Any) -> Any:
        original(*arguments)
        raise RuntimeError("killed")

    monkeypatch.setattr(repricing, "reprice_batch", fail_after)
    with pytest.raises(RuntimeError):
        tasks.run_repricing(row.pk)
    assert len(corrections()) == 1  # what was added is undone with its count
    monkeypatch.setattr(repricing, "reprice_batch", original)
    work(5)
    row.refresh_from_db()
    assert corrections() == ALL
    assert (row.due_at, sum(counts["corrected"] for counts in row.result.values())) == (None, 3)


def test_the_clock_lets_a_worker_continue(costs, ask, enqueued, django_capture_on_commit_callbacks):
    ask("add", **request())
    with django_capture_on_commit_callbacks(execute=True):
        periodic.enqueue_repricings()
    assert enqueued == []
    Repricing.objects.update(due_at=now() - timedelta(seconds=1))
    with django_capture_on_commit_callbacks(execute=True):
        periodic.enqueue_repricings()
    assert enqueued == ["run_repricing"]


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"last": "2026-10-31"}, "Enter a day that isn&#x27;t before the first one."),
        ({"first": "2036-11-01", "last": "2036-12-01"}, "Enter a day that isn&#x27;t in the future."),
        ({"why": " "}, "This field is required."),
        ({"first": ""}, "This field is required."),
    ],
)
def test_what_is_entered_wrongly_is_said_at_its_field(costs, ask, more, problem):
    page = ask("add", **request(**more))
    assert problem in page.content.decode()
    assert not Repricing.objects.exists()


def test_a_preview_without_differences_offers_nothing_to_apply(costs, ask, browser):
    page = ask("add", **request(first="2026-10-01", last="2026-10-31"))
    assert "Nothing would change" in page.content.decode()
    assert "<button" not in page.content.decode().split('id="content-main"')[1]
    page = ask("add", **request(first="2026-09-01", last="2026-09-30"))
    assert "No attempts were charged" in page.content.decode()
    changelist = browser.get(reverse("admin:jobs_repricing_changelist")).content.decode()
    assert changelist.count("previewed") == 2
