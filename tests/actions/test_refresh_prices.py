"""Prices from small files in AWS's formats."""

import gzip
import json
from datetime import date
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from jobs.models import AuditEntry, InstancePrice, InstanceType, Rate

pytestmark = pytest.mark.django_db

REGION = "eu-north-1"
COLUMNS = (
    "SKU", "TermType", "EffectiveDate", "Unit", "PricePerUnit", "Currency", "serviceCode", "Instance Type", "vCPU",
    "Physical Processor", "Memory", "Tenancy", "Operating System", "usageType", "CapacityStatus", "GPU",
    "MarketOption", "Pre Installed S/W", "Region Code",
)  # fmt: skip
M7G = {
    "SKU": "A1", "TermType": "OnDemand", "EffectiveDate": "2026-10-01", "Unit": "Hrs", "PricePerUnit": "0.1734000000",
    "Currency": "USD", "serviceCode": "AmazonEC2", "Instance Type": "m7g.xlarge", "vCPU": "4",
    "Physical Processor": "AWS Graviton3 Processor", "Memory": "16 GiB", "Tenancy": "Shared",
    "Operating System": "Linux", "usageType": "EUN1-BoxUsage:m7g.xlarge", "CapacityStatus": "Used", "GPU": "",
    "MarketOption": "OnDemand", "Pre Installed S/W": "NA", "Region Code": REGION,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _no_prices() -> None:
    InstanceType.objects.all().delete()
    Rate.objects.all().delete()


def csv_text(*rows: dict[str, str]) -> str:
    lines = [*(f'"Line {number}","of the file"' for number in range(1, 6)), ",".join(f'"{name}"' for name in COLUMNS)]
    return "\n".join([*lines, *(",".join(f'"{row[name]}"' for name in COLUMNS) for row in rows)])


def fargate(sku: str, usage: str, usd: str) -> tuple[dict[str, Any], dict[str, Any]]:
    attributes = {"servicecode": "AmazonECS", "regionCode": REGION, "usagetype": f"EUN1-{usage}"}
    dimension = {"unit": "hours", "pricePerUnit": {"USD": usd}}
    term = {"sku": sku, "effectiveDate": "2026-09-01T00:00:00Z", "priceDimensions": {f"{sku}.1": dimension}}
    return {sku: {"sku": sku, "productFamily": "Compute", "attributes": attributes}}, {sku: {f"{sku}.T": term}}


def price_list(*products: tuple[dict[str, Any], dict[str, Any]]) -> dict[str, Any]:
    return {
        "formatVersion": "v1.0",
        "offerCode": "AmazonECS",
        "products": {sku: row for product, _ in products for sku, row in product.items()},
        "terms": {"OnDemand": {sku: row for _, terms in products for sku, row in terms.items()}},
    }


TYPES = {
    "InstanceTypes": [
        {
            "InstanceType": "p3.2xlarge",
            "ProcessorInfo": {"SupportedArchitectures": ["x86_64"]},
            "VCpuInfo": {"DefaultVCpus": 8},
            "MemoryInfo": {"SizeInMiB": 62464},
            "GpuInfo": {"Gpus": [{"Name": "V100", "Manufacturer": "NVIDIA", "Count": 1}]},
        }
    ]
}


def spot(zone: str, usd: str, time: str, name: str = "p3.2xlarge") -> dict[str, str]:
    return {
        "AvailabilityZone": zone,
        "InstanceType": name,
        "ProductDescription": "Linux/UNIX",
        "SpotPrice": usd,
        "Timestamp": f"2026-11-{time}:00:00+00:00",
    }


def run(folder: Path, *arguments: str) -> str:
    out = StringIO()
    call_command("refresh_prices", "--folder", str(folder), "--region", REGION, *arguments, stdout=out)
    return out.getvalue()


def prices() -> list[tuple[str, str, Decimal, date]]:
    rows = InstancePrice.objects.order_by("pk")
    return list(rows.values_list("instance_type__name", "purchase_option", "usd_per_hour", "valid_from"))


def test_a_price_list_gives_types_and_on_demand_prices(tmp_path):
    others = ({"Operating System": "Windows"}, {"Tenancy": "Dedicated"}, {"TermType": "Reserved"})
    rows = [{**M7G, **other, "PricePerUnit": "9"} for other in others]
    rows += [{**M7G, "Region Code": "us-east-1", "PricePerUnit": "0.1632"}]
    with gzip.open(tmp_path / "ec2.csv.gz", "wt") as file:
        file.write(csv_text(*rows, M7G))
    message = run(tmp_path)

    assert prices() == [("m7g.xlarge", "ON_DEMAND", Decimal("0.1734"), date(2026, 10, 1))]
    row = InstanceType.objects.get()
    assert (row.vcpus, row.memory_mib, row.gpus, row.architecture) == (4, 16384, 0, "ARM64")
    assert message.startswith("Added 1 prices and 1 new or changed instance types.")
    assert AuditEntry.objects.filter(noun="prices").count() == 1


def test_a_price_list_of_fargate_gives_rates_of_all_platforms(tmp_path):
    products = (
        fargate("A", "Fargate-vCPU-Hours:perCPU", "0.0445"),
        fargate("B", "Fargate-GB-Hours", "0.0049"),
        fargate("C", "Fargate-ARM-vCPU-Hours:perCPU", "0.0356"),
        fargate("D", "SpotUsage-Fargate-vCPU-Hours:perCPU", "0.0135"),
        fargate("E", "Fargate-EphemeralStorage-GB-Hours", "0.000122"),
        fargate("F", "Fargate-Windows-vCPU-Hours:perCPU", "0.09"),
        fargate("G", "Fargate-Windows-OS-Hours:perCPU", "0.046"),
        fargate("H", "Lambda-GB-Second", "5"),
    )
    (tmp_path / "ecs.json").write_text(json.dumps(price_list(*products)))
    run(tmp_path)

    rows = Rate.objects.filter(valid_from=date(2026, 9, 1)).values_list(
        "platform", "architecture", "resource", "usd_per_hour"
    )
    assert set(rows) == {
        ("FARGATE", "X86_64", "vcpu", Decimal("0.0445")),
        ("FARGATE", "X86_64", "memory", Decimal("0.0049")),
        ("FARGATE", "ARM64", "vcpu", Decimal("0.0356")),
        ("FARGATE_SPOT", "X86_64", "vcpu", Decimal("0.0135")),
        ("FARGATE", "X86_64", "storage", Decimal("0.000122")),
        ("FARGATE", "ARM64", "storage", Decimal("0.000122")),
        ("FARGATE", "WINDOWS", "vcpu", Decimal("0.136")),
    }


def test_spot_costs_the_highest_of_the_newest_prices_of_the_zones(tmp_path):
    history = [spot("eu-north-1a", "0.9", "20T10"), spot("eu-north-1a", "1.1", "20T12")]
    history += [spot("eu-north-1b", "1.0", "21T10"), spot("eu-north-1-hel-1a", "9", "21T10")]
    (tmp_path / "types.json").write_text(json.dumps(TYPES))
    (tmp_path / "spot.json").write_text(json.dumps({"SpotPriceHistory": history}))
    run(tmp_path)

    assert prices() == [("p3.2xlarge", "SPOT", Decimal("1.1"), date(2026, 11, 21))]
    row = InstanceType.objects.get()
    assert (row.vcpus, row.memory_mib, row.gpus, row.gpu_model) == (8, 62464, 1, "V100")


def test_the_same_files_add_nothing_and_a_new_price_leaves_the_earlier_one(tmp_path):
    file = tmp_path / "ec2.csv"
    file.write_text(csv_text(M7G))
    run(tmp_path)
    assert "Added 0 prices and 0" in run(tmp_path)
    file.write_text(csv_text({**M7G, "PricePerUnit": "0.18", "EffectiveDate": "2026-11-01"}))
    assert "Would add 1 prices" in run(tmp_path, "--dry-run")
    assert len(prices()) == 1
    run(tmp_path)

    assert [(usd, since.month) for _, _, usd, since in prices()] == [(Decimal("0.1734"), 10), (Decimal("0.18"), 11)]


def test_a_pinned_price_is_not_replaced(tmp_path):
    file = tmp_path / "ec2.csv"
    file.write_text(csv_text(M7G))
    run(tmp_path)
    InstancePrice.objects.update(usd_per_hour="0.1", is_pinned=True)

    assert "1 pinned prices stay." in run(tmp_path)
    assert [usd for _, _, usd, _ in prices()] == [Decimal("0.1")]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("b.csv", csv_text({**M7G, "PricePerUnit": "-1"}), "line 7"),
        ("b.csv", csv_text({**M7G, "PricePerUnit": "free"}), "line 7"),
        ("b.csv", "1\n2\n3\n4\n5\nSKU\n", "line 6 has no column"),
        ("b.json", '{"products": {"A": {}}}', "b.json can't be read"),
        ("b.json", "{", "b.json can't be read"),
        ("b.json", "{}", "none of the known files"),
    ],
)
def test_a_broken_file_is_named_and_changes_nothing(tmp_path, name, text, message):
    (tmp_path / "a.csv").write_text(csv_text(M7G))
    (tmp_path / name).write_text(text)

    with pytest.raises(CommandError, match=message):
        run(tmp_path)
    assert not InstancePrice.objects.exists()
