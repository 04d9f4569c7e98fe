"""Costs by tag from AWS Cost Explorer, which bills each request.

https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_GetCostAndUsage.html
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from jobs.aws.errors import AwsError, MalformedResponseError, RejectedError
from jobs.aws.response_reader import ResponseReader, call

COST_EXPLORER_REGION = "us-east-1"
"""The only one with an endpoint, for the costs of all regions."""
REQUEST_USD = Decimal("0.01")
"""Price of a request, and so of a page: https://aws.amazon.com/aws-cost-management/pricing/"""
MAX_PAGES = 50
MAX_USD = Decimal(10**7)
"""Of a day and a group: more is taken for an error."""
METRIC = "AmortizedCost"
"""Under a savings plan or a reservation the effective cost, as in the import of cost exports."""
NOT_USAGE = ("Credit", "Refund", "Tax")

Spend = Callable[[], None]
"""Called before each request. What it raises ends the reading."""
TagValues = tuple[str, ...]
"""A value for each key of a group; empty for costs without the tag."""


@dataclass(frozen=True)
class CostScope:
    """Whose costs are asked for, and of which days: from the first up to, and without, the end."""

    account_number: str
    region: str
    first: date
    end: date


def active_tags(client: Any, spend: Spend, scope: CostScope) -> set[str]:
    """Return the keys that are activated as cost allocation tags. Raise AwsError.

    Only the account that pays may list them; others learn the keys of which there are costs.
    """
    try:
        pages = _pages(
            client.list_cost_allocation_tags, spend, "NextToken", Status="Active", Type="UserDefined", MaxResults=1000
        )
        entries = [entry for page in pages for entry in page.required_entries("CostAllocationTags")]
        return {entry.text("TagKey") for entry in entries if entry.text("Status") == "Active"}
    except RejectedError:
        pages = _pages(client.get_tags, spend, "NextPageToken", TimePeriod=_time_period(scope))
        return {key for page in pages for key in page.texts("Tags")}


def costs_by_tags(
    client: Any, spend: Spend, scope: CostScope, keys: Sequence[str]
) -> Mapping[tuple[date, TagValues], Decimal]:
    """Return US dollars by day and values of one or two keys. Raise AwsError."""
    own = [
        {"Dimensions": {"Key": "LINKED_ACCOUNT", "Values": [scope.account_number]}},
        {"Dimensions": {"Key": "REGION", "Values": [scope.region]}},
        {"Not": {"Dimensions": {"Key": "RECORD_TYPE", "Values": list(NOT_USAGE)}}},
    ]
    costs: dict[tuple[date, TagValues], Decimal] = {}
    pages = _pages(
        client.get_cost_and_usage,
        spend,
        "NextPageToken",
        TimePeriod=_time_period(scope),
        Granularity="DAILY",
        Metrics=[METRIC],
        Filter={"And": own},
        GroupBy=[{"Type": "TAG", "Key": key} for key in keys],
    )
    for page in pages:
        for result in page.required_entries("ResultsByTime"):
            day = _day(result, scope)
            for group in result.required_entries("Groups"):
                cell = day, _values(group, keys)
                if cell in costs:
                    raise MalformedResponseError(f"Cost Explorer returned a group of {day} twice.")
                costs[cell] = _usd(group)
    return costs


def _pages(operation: Any, spend: Spend, token_name: str, **request: Any) -> Iterator[ResponseReader]:
    token = ""
    tokens: set[str] = set()
    for _ in range(MAX_PAGES):
        spend()
        page = call(operation, **request, **({token_name: token} if token else {}))
        yield page
        token = page.text(token_name)
        if not token:
            return
        if token in tokens:
            break
        tokens.add(token)
    raise MalformedResponseError("The pages of Cost Explorer never end.")


def _time_period(scope: CostScope) -> dict[str, str]:
    return {"Start": scope.first.isoformat(), "End": scope.end.isoformat()}


def _day(result: ResponseReader, scope: CostScope) -> date:
    text = result.nested("TimePeriod").required_text("Start", max_length=40)
    try:
        day = date.fromisoformat(text[:10])
    except ValueError:
        raise MalformedResponseError(f"Cost Explorer returned “{text}” in place of a day.") from None
    if not scope.first <= day < scope.end:
        raise MalformedResponseError(f"Cost Explorer returned costs of {day}, which was not asked for.")
    return day


def _values(group: ResponseReader, keys: Sequence[str]) -> TagValues:
    """Read the names of a group, such as Project$ALPHA."""
    names = group.texts("Keys")
    if len(names) != len(keys) or not all(map(_is_of_key, names, keys)):
        raise MalformedResponseError("Cost Explorer returned a group of other tags.")
    return tuple(name[len(key) + 1 :] for name, key in zip(names, keys, strict=True))


def _is_of_key(name: str, key: str) -> bool:
    return name.startswith(f"{key}$")


def _usd(group: ResponseReader) -> Decimal:
    metric = group.nested("Metrics").nested(METRIC)
    text, unit = metric.required_text("Amount", max_length=60), metric.required_text("Unit", max_length=10)
    if unit != "USD":
        raise AwsError(f"Cost Explorer counts in {unit}. The portal counts US dollars only.", code="OtherCurrency")
    try:
        usd = Decimal(text)
    except InvalidOperation:
        usd = Decimal("NaN")
    if not usd.is_finite() or abs(usd) > MAX_USD:
        raise MalformedResponseError(f"Cost Explorer returned “{text}” in place of an amount.")
    return usd
