"""Costs by tag from Cost Explorer, by botocore's Stubber."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from botocore.stub import ANY, Stubber
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.utils.timezone import now
from time_machine import Traveller

from jobs import tasks
from jobs.actions.read_cost_explorer import read_cost_explorer
from jobs.aws.cost_explorer import COST_EXPLORER_REGION
from jobs.aws.session import Purpose, client_in_region
from jobs.models import (
    Account,
    AccountStatus,
    AuditEntry,
    CostExplorerCost,
    CostExplorerMonth,
    CostExplorerRequests,
    CostTagKey,
    Team,
)
from jobs.periodic import enqueue_cost_explorer
from jobs.reports.iam_policies import minimal_policy
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

TEAM_TAG = "portal:team"
Group = tuple[tuple[str, ...], str]
"""The values of its tags, and dollars."""


@pytest.fixture(autouse=True)
def _time(time_machine: Traveller) -> None:
    time_machine.move_to(datetime(2026, 11, 4, 6, tzinfo=UTC), tick=False)


@pytest.fixture
def account() -> Account:
    """An account with up to five requests a day, whose team tags jobs by project."""
    row = make.account(name="Main", cost_explorer_requests=5)
    team = make.team("research")
    make.queue(of=row, teams=(team,))
    CostTagKey.objects.create(team=team, key="Project")
    return row


def answer(keys: tuple[str, ...], days: dict[str, list[Group]], **more: Any) -> dict[str, Any]:
    """A page of Cost Explorer's costs."""
    return {
        "GroupDefinitions": [{"Type": "TAG", "Key": key} for key in keys],
        "ResultsByTime": [
            {
                "TimePeriod": {"Start": day, "End": str(date.fromisoformat(day) + timedelta(days=1))},
                "Total": {},
                "Groups": [
                    {
                        "Keys": [f"{key}${value}" for key, value in zip(keys, values, strict=True)],
                        "Metrics": {"AmortizedCost": {"Amount": usd, "Unit": "USD"}},
                    }
                    for values, usd in groups
                ],
                "Estimated": True,
            }
            for day, groups in days.items()
        ],
        **more,
    }


def active(*keys: str) -> dict[str, Any]:
    return {"CostAllocationTags": [{"TagKey": key, "Type": "UserDefined", "Status": "Active"} for key in keys]}


LIST = {"Status": "Active", "Type": "UserDefined", "MaxResults": 1000}
BOTH = (TEAM_TAG, "Project")
DAYS: dict[str, list[Group]] = {
    "2026-10-31": [(("research", "ALPHA"), "1.5")],
    "2026-11-03": [
        (("research", "ALPHA"), "0.25"),
        (("research", ""), "0.0000000005"),
        (("", "ALPHA"), "3"),
        (("elsewhere", "ALPHA"), "4"),
        (("", ""), "900"),
    ],
}


def request(*keys: str, **more: Any) -> dict[str, Any]:
    return {
        "TimePeriod": {"Start": "2026-10-01", "End": "2026-11-04"},
        "Granularity": "DAILY",
        "Metrics": ["AmortizedCost"],
        "GroupBy": [{"Type": "TAG", "Key": key} for key in keys],
        "Filter": ANY,
        **more,
    }


@contextmanager
def aws(account: Account) -> Iterator[Stubber]:
    client = client_in_region(account, COST_EXPLORER_REGION, "ce", Purpose.BILLED)
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def add_key(stubber: Stubber, days: dict[str, list[Group]] | None = None, keys: tuple[str, ...] = BOTH) -> None:
    stubber.add_response("get_cost_and_usage", answer(keys, DAYS if days is None else days), request(*keys))


def stored() -> list[tuple[str, str, str, int]]:
    rows = CostExplorerCost.objects.order_by("day", "team__slug", "value")
    return [
        (str(day), slug or "", value, units)
        for day, slug, value, units in rows.values_list("day", "team__slug", "value", "usd_units")
    ]


def error_of(account: Account) -> str:
    return AccountStatus.objects.get(pk=account.pk).cost_explorer_error


COSTS = [
    ("2026-10-31", "research", "ALPHA", 15_000_000_000),
    ("2026-11-03", "research", "", 5),
    ("2026-11-03", "research", "ALPHA", 2_500_000_000),
]
OF_NO_TEAM = ("2026-11-03", "", "ALPHA", 70_000_000_000)


def test_a_day_by_team_and_value_replaces_the_earlier_reading(account: Account, time_machine: Traveller) -> None:
    with aws(account) as ce:
        ce.add_response("list_cost_allocation_tags", active(*BOTH, "Owner"), LIST)
        add_key(ce)
        tasks.read_cost_explorer(account.pk)
    expected = sorted([*COSTS, OF_NO_TEAM], key=str)
    assert sorted(stored(), key=str) == expected
    months = CostExplorerMonth.objects.order_by("month").values_list("month", "data_through", "is_by_team")
    assert list(months) == [
        (date(2026, 10, 1), date(2026, 10, 31), True),
        (date(2026, 11, 1), date(2026, 11, 3), True),
    ]
    assert error_of(account) == ""
    assert "Project" in AuditEntry.objects.get(noun="actual costs").after

    time_machine.move_to(datetime(2026, 11, 4, 7, tzinfo=UTC), tick=False)
    with aws(account) as ce:
        ce.add_response("list_cost_allocation_tags", active(*BOTH), LIST)
        add_key(ce)
        read_cost_explorer(account)
    assert sorted(stored(), key=str) == expected

    with aws(account) as ce:
        ce.add_response("list_cost_allocation_tags", active(*BOTH), LIST)
        CostExplorerRequests.objects.update(number=0)
        add_key(ce, {"2026-11-02": [(("research", "BETA"), "1")]})
        read_cost_explorer(account)
    assert stored() == [("2026-11-02", "research", "BETA", 10_000_000_000)]


def test_only_usage_of_the_account_in_its_region_is_asked_for(account: Account) -> None:
    with aws(account) as ce:
        ce.add_response("list_cost_allocation_tags", active("Project"), LIST)
        parts = [
            {"Dimensions": {"Key": "LINKED_ACCOUNT", "Values": ["123456789012"]}},
            {"Dimensions": {"Key": "REGION", "Values": ["us-west-2"]}},
            {"Not": {"Dimensions": {"Key": "RECORD_TYPE", "Values": ["Credit", "Refund", "Tax"]}}},
        ]
        ce.add_response(
            "get_cost_and_usage",
            answer(("Project",), {"2026-11-03": [(("ALPHA",), "1"), (("",), "9")]}),
            request("Project", Filter={"And": parts}),
        )
        read_cost_explorer(account)
    assert stored() == [("2026-11-03", "", "ALPHA", 10_000_000_000)]
    assert not CostExplorerMonth.objects.filter(is_by_team=True).exists()


def test_pages_are_read_to_the_end_and_each_counts_as_a_request(account: Account) -> None:
    first, last = ({day: DAYS[day]} for day in DAYS)
    with aws(account) as ce:
        ce.add_response("list_cost_allocation_tags", {**active(TEAM_TAG), "NextToken": "2"}, LIST)
        ce.add_response("list_cost_allocation_tags", active("Project"), {**LIST, "NextToken": "2"})
        ce.add_response("get_cost_and_usage", answer(BOTH, first, NextPageToken="next"), request(*BOTH))
        ce.add_response("get_cost_and_usage", answer(BOTH, last), request(*BOTH, NextPageToken="next"))
        result = read_cost_explorer(account)
    assert len(stored()) == 4
    assert result.requests == CostExplorerRequests.objects.get().number == 4


def test_the_limit_of_the_day_ends_a_reading_between_pages_with_nothing_of_the_key(account: Account) -> None:
    CostTagKey.objects.create(team=Team.objects.get(slug="research"), key="Zone")
    Account.objects.update(cost_explorer_requests=3)
    account.refresh_from_db()
    with aws(account) as ce:
        ce.add_response("list_cost_allocation_tags", active(*BOTH, "Zone"), LIST)
        add_key(ce)
        zone = (TEAM_TAG, "Zone")
        ce.add_response("get_cost_and_usage", answer(zone, {}, NextPageToken="next"), request(*zone))
        result = read_cost_explorer(account)
        assert read_cost_explorer(account).requests == 0
    assert (result.keys, result.waiting, result.requests) == (["Project"], ["Zone"], 3)
    assert not CostExplorerMonth.objects.filter(key="Zone").exists()
    assert CostExplorerRequests.objects.get().number == 3
    assert error_of(account).startswith("The 3 requests of the day (UTC) have been made.")


def test_the_next_day_begins_with_the_tags_that_waited(account: Account, time_machine: Traveller) -> None:
    CostTagKey.objects.create(team=Team.objects.get(slug="research"), key="Zone")
    account.cost_explorer_requests = 2
    zone = (TEAM_TAG, "Zone")
    with aws(account) as ce:
        ce.add_response("list_cost_allocation_tags", active(*BOTH, "Zone"), LIST)
        add_key(ce)
        assert "Not read: Zone." in read_cost_explorer(account).problem
    time_machine.move_to(datetime(2026, 11, 4, 23, 59, tzinfo=UTC), tick=False)
    with aws(account):
        assert read_cost_explorer(account).requests == 0
    time_machine.move_to(datetime(2026, 11, 5, 0, 1, tzinfo=UTC), tick=False)
    with aws(account) as ce:
        ce.add_response("list_cost_allocation_tags", active(*BOTH, "Zone"), LIST)
        ce.add_response("get_cost_and_usage", answer(zone, DAYS), {**request(*zone), "TimePeriod": ANY})
        assert read_cost_explorer(account).keys == ["Zone"]


def _cut(change: dict[str, Any]) -> dict[str, Any]:
    whole = answer(BOTH, DAYS)
    return {**whole, "ResultsByTime": [{**whole["ResultsByTime"][0], **change}]}


METRIC = {"AmortizedCost": {"Amount": "1", "Unit": "USD"}}
KEYS = [f"{TEAM_TAG}$research", "Project$ALPHA"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"TimePeriod": {"Start": "2026-12-31", "End": "2027-01-01"}}, "2026-12-31, which was not asked for"),
        ({"TimePeriod": {"Start": "yesterday", "End": ""}}, "in place of a day"),
        ({"Groups": [{"Keys": KEYS[:1], "Metrics": METRIC}]}, "a group of other tags"),
        ({"Groups": [{"Keys": KEYS[::-1], "Metrics": METRIC}]}, "a group of other tags"),
        ({"Groups": [{"Keys": KEYS, "Metrics": METRIC}] * 2}, "twice"),
        ({"Groups": [{"Keys": KEYS, "Metrics": {}}]}, "no Amount"),
        (
            {"Groups": [{"Keys": KEYS, "Metrics": {"AmortizedCost": {"Amount": "NaN", "Unit": "USD"}}}]},
            "of an amount",
        ),
        ({"Groups": [{"Keys": KEYS, "Metrics": {"AmortizedCost": {"Amount": "1", "Unit": "CNY"}}}]}, "counts in CNY"),
    ],
)
def test_a_broken_answer_changes_nothing_and_is_told(account: Account, change: dict[str, Any], problem: str) -> None:
    with aws(account) as ce:
        ce.add_response("list_cost_allocation_tags", active(*BOTH), LIST)
        add_key(ce)
        read_cost_explorer(account)
    before = stored()
    with aws(account) as ce:
        ce.add_response("list_cost_allocation_tags", active(*BOTH), LIST)
        ce.add_response("get_cost_and_usage", _cut(change), request(*BOTH))
        read_cost_explorer(account)
    assert stored() == before
    assert problem in error_of(account)


def test_pages_that_never_end_change_nothing(account: Account) -> None:
    with aws(account) as ce:
        ce.add_response("list_cost_allocation_tags", active(*BOTH), LIST)
        ce.add_response("get_cost_and_usage", answer(BOTH, {}, NextPageToken="same"), request(*BOTH))
        ce.add_response(
            "get_cost_and_usage", answer(BOTH, {}, NextPageToken="same"), request(*BOTH, NextPageToken="same")
        )
        read_cost_explorer(account)
    assert not CostExplorerMonth.objects.exists()
    assert "never end" in error_of(account)


def test_a_tag_that_is_not_activated_costs_no_request_of_its_own(account: Account) -> None:
    with aws(account) as ce:
        ce.add_response("list_cost_allocation_tags", active(TEAM_TAG), LIST)
        result = read_cost_explorer(account)
    assert (result.inactive, result.requests) == (["Project"], 1)
    assert AccountStatus.objects.get(pk=account.pk).cost_explorer_keys == [TEAM_TAG]


def test_an_account_that_does_not_pay_learns_the_tags_from_their_costs(account: Account) -> None:
    with aws(account) as ce:
        ce.add_client_error("list_cost_allocation_tags", "AccessDeniedException", "Linked account", 400)
        tags = {"Tags": list(BOTH), "ReturnSize": 2, "TotalSize": 2}
        ce.add_response("get_tags", tags, {"TimePeriod": {"Start": "2026-10-01", "End": "2026-11-04"}})
        add_key(ce)
        assert read_cost_explorer(account).keys == ["Project"]


def test_denied_access_is_told_and_leaves_what_was_read(account: Account) -> None:
    with aws(account) as ce:
        ce.add_response("list_cost_allocation_tags", active(*BOTH), LIST)
        add_key(ce)
        read_cost_explorer(account)
    before = stored()
    with aws(account) as ce:
        for operation in ("list_cost_allocation_tags", "get_tags"):
            ce.add_client_error(operation, "AccessDeniedException", "Not authorized to perform: ce:GetTags", 400)
        with pytest.raises(CommandError, match="Not authorized"):
            call_command("read_cost_explorer", "--account", "Main")
    assert stored() == before
    assert error_of(account) == "Not authorized to perform: ce:GetTags"


@pytest.mark.parametrize(
    ("requests", "hours", "is_due"), [(0, None, False), (1, None, True), (1, 23, False), (1, 25, True)]
)
def test_cost_explorer_is_read_once_a_day_where_an_administrator_allows_requests(
    enqueued: list[str], django_capture_on_commit_callbacks: Any, requests: int, hours: int | None, is_due: bool
) -> None:
    account = make.account(cost_explorer_requests=requests)
    account.status.cost_explorer_read_at = now() - timedelta(hours=hours) if hours else None
    account.status.cost_explorer_error = "an earlier one"
    with django_capture_on_commit_callbacks(execute=True):
        enqueue_cost_explorer(account)
    assert enqueued == (["read_cost_explorer"] if is_due else [])


def test_without_requests_nothing_is_read(account: Account) -> None:
    Account.objects.update(cost_explorer_requests=0)
    with aws(account):
        tasks.read_cost_explorer(account.pk)  # of an entry from before it was switched off
        with pytest.raises(CommandError, match="may make no Cost Explorer requests"):
            call_command("read_cost_explorer", "--account", "Main")
    assert not CostExplorerRequests.objects.exists()


def test_the_policy_allows_it_only_where_it_is_on(account: Account) -> None:
    statements = {row["Sid"]: row for row in minimal_policy(account)["Statement"]}
    assert statements["CostExplorer"]["Action"] == ["ce:GetCostAndUsage", "ce:GetTags", "ce:ListCostAllocationTags"]
    assert "CostExplorer" not in {row["Sid"] for row in minimal_policy(make.account(region="eu-west-1"))["Statement"]}


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"cost_explorer_requests": 101}, "less than or equal to 100"),
        ({"number": ""}, "Enter the account number too"),
    ],
)
def test_requests_need_a_number_of_the_account_and_are_limited(
    account: Account, fields: dict[str, Any], problem: str
) -> None:
    for name, value in fields.items():
        setattr(account, name, value)
    with pytest.raises(ValidationError, match=problem):
        account.full_clean()
