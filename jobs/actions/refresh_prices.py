"""Update of rates and instance prices from files of AWS, or from AWS. Earlier prices stay, with their dates."""

import gzip
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TextIO, cast

import structlog
from django.db import transaction
from django.utils.timezone import now

from jobs import audit
from jobs.audit import AuditTarget
from jobs.aws import prices as aws_prices
from jobs.aws.errors import AwsError
from jobs.aws.session import Purpose, client_for, client_in_region
from jobs.models import Account, AccountStatus, InstancePrice, InstanceType, Rate
from jobs.pricing.price_lists import ListedPrice, ListedPrices, PriceFileError, read_document, read_file

log = structlog.get_logger(__name__)

SUFFIXES = (".json", ".csv", ".json.gz", ".csv.gz")
SOURCE = "AWS {what}, {region}, read on {day}."


@dataclass
class RefreshResult:
    types: int = 0
    prices: int = 0
    pinned: int = 0


def read_folder(folder: Path) -> ListedPrices:
    """Read all price files in a folder. Raise PriceFileError."""
    paths = sorted(path for path in folder.iterdir() if path.name.endswith(SUFFIXES))
    if not paths:
        raise PriceFileError(f"{folder} has no .json or .csv files.")
    prices = ListedPrices()
    for path in paths:
        with _open_text(path) as file:
            read_file(file, path.name.removesuffix(".gz"), prices)
    return prices


def download_prices(account: Account) -> ListedPrices:
    """Read the prices of the account's region from AWS. Raise AwsError or PriceFileError."""
    prices, time = ListedPrices(), now()
    pricing = client_in_region(account, aws_prices.PRICING_REGION, "pricing", Purpose.READ)
    ec2 = client_for(account, "ec2", Purpose.READ)
    url = aws_prices.price_list_url(pricing, "AmazonECS", account.region, time, "json")
    with aws_prices.open_price_list(url, aws_prices.MAX_SMALL_FILE_BYTES) as file:
        read_file(file, "AmazonECS.json", prices)
    url = aws_prices.price_list_url(pricing, "AmazonEC2", account.region, time, "csv")
    with aws_prices.open_price_list(url) as file:
        read_file(file, "AmazonEC2.csv", prices)
    for page in aws_prices.instance_types(ec2):
        read_document({"InstanceTypes": page}, "DescribeInstanceTypes", prices)
    entries = [entry for page in aws_prices.spot_prices(ec2, time) for entry in page]
    read_document({"SpotPriceHistory": entries}, "DescribeSpotPriceHistory", prices)
    return prices


def refresh_account(account: Account) -> RefreshResult | None:
    """Store the prices of its region, all or none. Return None with the reason on the account."""
    status = AccountStatus.objects.filter(pk=account.pk)
    status.update(prices_read_at=now(), prices_error="The update was interrupted.")
    try:
        result = store_prices(download_prices(account), {account.region})
    except (AwsError, PriceFileError) as error:
        log.warning("prices_unread", account=account.name, error=str(error))
        status.update(prices_error=str(error)[:1_000])
        return None
    status.update(prices_error="")
    return result


def _open_text(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return cast("TextIO", gzip.open(path, "rt", encoding="utf-8"))
    return path.open(encoding="utf-8")


def store_prices(prices: ListedPrices, regions: Collection[str], *, is_trial: bool = False) -> RefreshResult:
    """Add what differs from the newest known price, in these regions."""
    day = now().date()
    with transaction.atomic():
        result = RefreshResult()
        _store_types(prices, regions, result, day)
        _store_instances(prices, regions, result, day)
        _store_rates(prices, regions, result, day)
        if is_trial:
            transaction.set_rollback(True)
        elif result.types or result.prices:
            audit.record(
                "change",
                person=None,
                target=AuditTarget("prices", label=f"{result.prices} prices from AWS"),
                after={"prices": result.prices, "instance types": result.types, "regions": sorted(regions)},
            )
    return result


def _store_types(prices: ListedPrices, regions: Collection[str], result: RefreshResult, day: date) -> None:
    names = {name for name, region, _ in prices.instances if region in regions}
    stored = {row.name: row for row in InstanceType.objects.all()}
    for name, entry in prices.types.items():
        row = stored.get(name)
        if row is None and name not in names:
            continue
        values = entry._asdict()
        if row is not None and not entry.gpu_model:
            values["gpu_model"] = row.gpu_model  # price lists don't name it
        if row is None or any(getattr(row, key) != value for key, value in values.items()):
            source = f"AWS, read on {day}."
            InstanceType.objects.update_or_create(name=name, defaults={**values, "source": source})
            result.types += 1


def _store_instances(prices: ListedPrices, regions: Collection[str], result: RefreshResult, day: date) -> None:
    keys = dict(InstanceType.objects.values_list("name", "pk"))
    newest: dict[tuple[int, str, str], InstancePrice] = {}
    for row in InstancePrice.objects.filter(region__in=regions).order_by("valid_from"):
        newest[row.instance_type_id, row.region, row.purchase_option] = row
    for (name, region, option), entry in sorted(prices.instances.items()):
        if region not in regions or name not in keys:
            continue
        earlier = newest.get((keys[name], region, option))
        valid_from = _valid_from(earlier, entry, result, day)
        if valid_from:
            what = "Spot price history, highest of the zones" if option == "SPOT" else "price list"
            InstancePrice.objects.update_or_create(
                instance_type_id=keys[name],
                region=region,
                purchase_option=option,
                valid_from=valid_from,
                defaults={
                    "usd_per_hour": entry.usd,
                    "source": SOURCE.format(what=what, region=region, day=day),
                },
            )


def _store_rates(prices: ListedPrices, regions: Collection[str], result: RefreshResult, day: date) -> None:
    newest = {
        (row.platform, row.architecture, row.region, row.resource): row
        for row in Rate.objects.filter(region__in=regions).order_by("valid_from")
    }
    for key, entry in sorted(prices.rates.items()):
        platform, architecture, region, resource = key
        valid_from = _valid_from(newest.get(key), entry, result, day) if region in regions else None
        if valid_from:
            Rate.objects.update_or_create(
                platform=platform,
                architecture=architecture,
                region=region,
                resource=resource,
                valid_from=valid_from,
                defaults={
                    "usd_per_hour": entry.usd,
                    "source": SOURCE.format(what="price list of Fargate", region=region, day=day),
                },
            )


def _valid_from(
    newest: InstancePrice | Rate | None, entry: ListedPrice, result: RefreshResult, day: date
) -> date | None:
    """Return None if nothing is new. A price that is new but not newer holds from today."""
    if newest is not None and newest.is_pinned:
        result.pinned += 1
        return None
    if entry.usd <= Decimal(0) or (newest is not None and newest.usd_per_hour == entry.usd):
        return None
    result.prices += 1
    return entry.valid_from if newest is None or entry.valid_from > newest.valid_from else day
