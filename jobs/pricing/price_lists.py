"""Prices in files of AWS: price lists, sizes of instance types, history of Spot prices.

https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/reading-an-offer.html describes price lists: JSON with
products and terms, or CSV with five lines about the file before the header.
"""

import csv
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple, TextIO

from jobs.models import Architecture, Platform, PurchaseOption, Resource

MAX_USD = Decimal(10**5)
CSV_HEADER_LINE = 5
"""Lines of a CSV price list that come before its header."""

_MEMORY = re.compile(r"([\d,]+(?:\.\d+)?) GiB")
_ZONE = re.compile(r"([a-z]{2}(?:-[a-z]+)+-\d)[a-z]")
_FARGATE = re.compile(r"(?:^|-)Fargate-(?P<what>[\w:-]+)$")
_WINDOWS_PARTS = ("Windows-vCPU-Hours:perCPU", "Windows-OS-Hours:perCPU")
_FARGATE_RATES = {
    "vCPU-Hours:perCPU": [(Architecture.X86_64, Resource.VCPU)],
    "GB-Hours": [(Architecture.X86_64, Resource.MEMORY)],
    "ARM-vCPU-Hours:perCPU": [(Architecture.ARM64, Resource.VCPU)],
    "ARM-GB-Hours": [(Architecture.ARM64, Resource.MEMORY)],
    "Windows-GB-Hours": [(Architecture.WINDOWS, Resource.MEMORY)],
    "EphemeralStorage-GB-Hours": [
        (Architecture.X86_64, Resource.STORAGE),
        (Architecture.ARM64, Resource.STORAGE),
    ],
}
_CSV_ATTRIBUTES = {
    "servicecode": "serviceCode",
    "regionCode": "Region Code",
    "instanceType": "Instance Type",
    "operatingSystem": "Operating System",
    "tenancy": "Tenancy",
    "preInstalledSw": "Pre Installed S/W",
    "capacitystatus": "CapacityStatus",
    "marketoption": "MarketOption",
    "usagetype": "usageType",
    "vcpu": "vCPU",
    "memory": "Memory",
    "gpu": "GPU",
    "physicalProcessor": "Physical Processor",
}
"""Columns of a CSV price list by the names of attributes in JSON."""
_PLAIN_INSTANCE = {"operatingSystem": "Linux", "tenancy": "Shared", "preInstalledSw": "NA", "capacitystatus": "Used"}


_FORMAT_ERRORS = (ValueError, InvalidOperation, KeyError, TypeError, AttributeError)


class PriceFileError(Exception):
    """A file can't be read as what it seems to be. The message says where."""


class ListedType(NamedTuple):
    vcpus: int
    memory_mib: int
    gpus: int
    gpu_model: str
    architecture: str


class ListedPrice(NamedTuple):
    usd: Decimal
    valid_from: date


InstanceKey = tuple[str, str, str]
"""Type, region and purchase option."""
RateKey = tuple[str, str, str, str]
"""Platform, architecture, region and resource."""


@dataclass
class ListedPrices:
    """What files say; a later file has the last word."""

    types: dict[str, ListedType] = field(default_factory=dict)
    instances: dict[InstanceKey, ListedPrice] = field(default_factory=dict)
    rates: dict[RateKey, ListedPrice] = field(default_factory=dict)
    _windows: dict[str, dict[str, ListedPrice]] = field(default_factory=lambda: defaultdict(dict))

    def add_product(self, attributes: Mapping[str, str], price: ListedPrice) -> None:
        if attributes.get("servicecode") == "AmazonECS":
            self._add_fargate(attributes, price)
        elif attributes.get("marketoption", "OnDemand") in ("OnDemand", "") and all(
            attributes.get(name) == value for name, value in _PLAIN_INSTANCE.items()
        ):
            self._add_instance(attributes, price)

    def _add_instance(self, attributes: Mapping[str, str], price: ListedPrice) -> None:
        name, region = attributes.get("instanceType", ""), attributes.get("regionCode", "")
        memory = _MEMORY.fullmatch(attributes.get("memory", ""))
        vcpus = attributes.get("vcpu", "")
        if not (name and region and memory and vcpus.isdecimal() and price.usd):
            return
        gpus = attributes.get("gpu", "")
        is_arm = "Graviton" in attributes.get("physicalProcessor", "")
        memory_mib = int(Decimal(memory[1].replace(",", "")) * 1024)
        architecture = Architecture.ARM64 if is_arm else Architecture.X86_64
        self.instances[name, region, PurchaseOption.ON_DEMAND] = price
        size = ListedType(int(vcpus), memory_mib, int(gpus) if gpus.isdecimal() else 0, "", architecture)
        self.types.setdefault(name, size)

    def _add_fargate(self, attributes: Mapping[str, str], price: ListedPrice) -> None:
        region, usage = attributes.get("regionCode", ""), attributes.get("usagetype", "")
        match = _FARGATE.search(usage)
        if not match or not region or not price.usd:
            return
        platform = Platform.FARGATE_SPOT if "SpotUsage" in usage else Platform.FARGATE
        what = match["what"]
        for architecture, resource in _FARGATE_RATES.get(what, ()):
            self.rates[platform, architecture, region, resource] = price
        if what in _WINDOWS_PARTS and platform == Platform.FARGATE:
            parts = self._windows[region]
            parts[what] = price
            if len(parts) == len(_WINDOWS_PARTS):  # the licence is charged by the vCPU too
                total = sum((part.usd for part in parts.values()), Decimal(0))
                day = max(part.valid_from for part in parts.values())
                self.rates[platform, Architecture.WINDOWS, region, Resource.VCPU] = ListedPrice(total, day)


def read_file(file: TextIO, name: str, prices: ListedPrices) -> None:
    """Add what a file says. Raise PriceFileError."""
    try:
        if name.endswith(".csv"):
            _read_csv(file, prices)
            return
        document = json.load(file)
    except _FORMAT_ERRORS as error:
        raise _unreadable(name, error) from error
    read_document(document, name, prices)


def read_document(document: object, name: str, prices: ListedPrices) -> None:
    """Add what a price list or a response of EC2 says. Raise PriceFileError."""
    try:
        for key, read in _DOCUMENTS.items():
            if isinstance(document, dict) and key in document:
                read(document, prices)
                return
    except _FORMAT_ERRORS as error:
        raise _unreadable(name, error) from error
    raise PriceFileError(
        f"{name} is none of the known files: a price list, or the output of `aws ec2 describe-instance-types` or "
        "`aws ec2 describe-spot-price-history`."
    )


def _unreadable(name: str, error: Exception) -> PriceFileError:
    return PriceFileError(f"{name} can't be read: {type(error).__name__} {error}")


def _read_csv(file: TextIO, prices: ListedPrices) -> None:
    for _ in range(CSV_HEADER_LINE):
        file.readline()
    rows = csv.DictReader(file)
    missing = {"TermType", "PricePerUnit", "EffectiveDate", *_CSV_ATTRIBUTES.values()} - set(rows.fieldnames or ())
    if missing - {"GPU", "MarketOption"}:
        raise ValueError(f"line {CSV_HEADER_LINE + 1} has no column {min(missing)}")
    for row in rows:
        if row["TermType"] != "OnDemand" or row.get("Currency", "USD") != "USD":
            continue
        attributes = {name: row.get(column) or "" for name, column in _CSV_ATTRIBUTES.items()}
        try:
            prices.add_product(attributes, _price(row["PricePerUnit"], row["EffectiveDate"]))
        except (ValueError, InvalidOperation) as error:
            raise ValueError(f"line {rows.line_num + CSV_HEADER_LINE}: {error}") from error


def _read_price_list(document: Mapping[str, Any], prices: ListedPrices) -> None:
    terms = document["terms"].get("OnDemand", {})
    for sku, product in document["products"].items():
        for term in terms.get(sku, {}).values():
            for dimension in term["priceDimensions"].values():
                usd = dimension["pricePerUnit"].get("USD")
                if usd is not None:
                    prices.add_product(product["attributes"], _price(usd, term["effectiveDate"]))


def _read_instance_types(document: Mapping[str, Any], prices: ListedPrices) -> None:
    for entry in document["InstanceTypes"]:
        gpus = entry.get("GpuInfo", {}).get("Gpus", [])
        architectures = entry["ProcessorInfo"]["SupportedArchitectures"]
        prices.types[entry["InstanceType"]] = ListedType(
            int(entry["VCpuInfo"]["DefaultVCpus"]),
            int(entry["MemoryInfo"]["SizeInMiB"]),
            sum(int(gpu["Count"]) for gpu in gpus),
            str(gpus[0]["Name"]) if gpus else "",
            Architecture.ARM64 if "arm64" in architectures else Architecture.X86_64,
        )


def _read_spot_prices(document: Mapping[str, Any], prices: ListedPrices) -> None:
    """Take the newest price of each zone, and of these the highest: an instance's zone isn't known."""
    newest: dict[tuple[str, str], tuple[str, Decimal]] = {}
    for entry in document["SpotPriceHistory"]:
        if not entry["ProductDescription"].startswith("Linux/UNIX"):
            continue
        key, price = (
            (entry["InstanceType"], entry["AvailabilityZone"]),
            _price(entry["SpotPrice"], entry["Timestamp"]),
        )
        if key not in newest or newest[key][0] < entry["Timestamp"]:
            newest[key] = (entry["Timestamp"], price.usd)
    for (name, region), zones in _by_region(newest):
        time, _ = max(zones)
        usd = max(usd for _, usd in zones)
        prices.instances[name, region, PurchaseOption.SPOT] = _price(str(usd), time)


def _by_region(
    newest: Mapping[tuple[str, str], tuple[str, Decimal]],
) -> Iterable[tuple[tuple[str, str], list[tuple[str, Decimal]]]]:
    """Leave out local zones, whose prices differ."""
    regions: dict[tuple[str, str], list[tuple[str, Decimal]]] = defaultdict(list)
    for (name, zone), price in newest.items():
        match = _ZONE.fullmatch(zone)
        if match:
            regions[name, match[1]].append(price)
    return regions.items()


def _price(usd: str, day: str) -> ListedPrice:
    amount = Decimal(usd)
    if not 0 <= amount < MAX_USD:
        raise ValueError(f"{usd} is no price")
    return ListedPrice(amount.quantize(Decimal("1E-10")), date.fromisoformat(day[:10]))


_DOCUMENTS: Mapping[str, Callable[[Mapping[str, Any], ListedPrices], None]] = {
    "products": _read_price_list,
    "InstanceTypes": _read_instance_types,
    "SpotPriceHistory": _read_spot_prices,
}
