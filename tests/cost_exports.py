"""Small files in the columns of AWS's Cost and Usage Report 2.0."""

import csv
import gzip
import io
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from jobs.pricing.cost_exports import ExportFile

ACCOUNT, REGION = "123456789012", "us-west-2"
COLUMNS = (
    "bill_billing_period_start_date", "bill_payer_account_id", "identity_line_item_id", "line_item_currency_code",
    "line_item_line_item_type", "line_item_product_code", "line_item_resource_id", "line_item_unblended_cost",
    "line_item_usage_account_id", "line_item_usage_start_date", "line_item_usage_type", "resource_tags",
    "savings_plan_savings_plan_effective_cost", "split_line_item_parent_resource_id", "split_line_item_split_cost",
    "split_line_item_unused_cost",
)  # fmt: skip
Row = dict[str, str]


def task_arn(name: str, *, account: str = ACCOUNT, region: str = REGION) -> str:
    return f"arn:aws:ecs:{region}:{account}:task/AWSBatch-cluster/{name}"


def split(task: str, day: str, usd: str, idle: str = "0", **more: str) -> Row:
    """An hour of vCPU or memory of a task on EC2."""
    split_cost = {"split_line_item_split_cost": usd, "split_line_item_unused_cost": idle}
    parent = {"split_line_item_parent_resource_id": "i-0123456789abcdef0", "line_item_unblended_cost": "0"}
    return _row(day, line_item_resource_id=task, **{**split_cost, **parent, **more})


def fargate(task: str, day: str, usd: str, **more: str) -> Row:
    return _row(day, line_item_resource_id=task, line_item_unblended_cost=usd, **more)


def instance(day: str, usd: str) -> Row:
    return _row(day, line_item_resource_id="i-0123456789abcdef0", line_item_unblended_cost=usd)


def _row(day: str, **values: str) -> Row:
    usual = {
        "bill_billing_period_start_date": f"{day[:7]}-01T00:00:00.000Z",
        "line_item_currency_code": "USD",
        "line_item_line_item_type": "Usage",
        "line_item_usage_account_id": ACCOUNT,
        "line_item_usage_start_date": f"{day}T05:00:00.000Z",
        "resource_tags": '{"user_project":"ALPHA, or so"}',
    }
    return {**dict.fromkeys(COLUMNS, ""), **usual, **values}


def text(rows: Iterable[Row], columns: Iterable[str] = COLUMNS) -> str:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(columns), quoting=csv.QUOTE_ALL, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def content(rows: Iterable[Row], columns: Iterable[str] = COLUMNS) -> bytes:
    return gzip.compress(text(rows, columns).encode())


def file(data: bytes, name: str = "batch-00001.csv.gz") -> ExportFile:
    return ExportFile(name, datetime(2026, 11, 4, tzinfo=UTC), lambda: io.BytesIO(data))


def deliver(folder: Path, *parts: Iterable[Row], at: str = "2026-11-04") -> Path:
    """Put a delivery, of one file for each part, into a folder of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, rows in enumerate(parts, start=1):
        path = folder / f"batch-{number:05}.csv.gz"
        path.write_bytes(content(rows))
        time = datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp()
        os.utime(path, (time, time))
    return folder
