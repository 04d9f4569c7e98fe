"""Prices read from AWS: its APIs by botocore's Stubber, its files from a local server."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore.stub import ANY, Stubber
from django.core.management import CommandError, call_command
from django.utils.timezone import now

from jobs import periodic, tasks
from jobs.actions.refresh_prices import refresh_account
from jobs.aws import prices as aws_prices
from jobs.aws.session import Purpose, client_for, client_in_region
from jobs.models import Account, AccountStatus, InstancePrice, InstanceType, Rate
from tests import make
from tests.actions.test_refresh_prices import M7G, REGION, TYPES, csv_text, fargate, price_list, spot

pytestmark = pytest.mark.django_db

EC2_FILE = csv_text(M7G)
ECS_FILE = json.dumps(price_list(fargate("A", "Fargate-vCPU-Hours:perCPU", "0.0445")))


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Files by path, served from a known host, whose address is “origin”."""
    contents: dict[str, Any] = {"/ec2.csv": EC2_FILE, "/ecs.json": ECS_FILE}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = contents.get(self.path)
            if content is None:
                self.send_response(302)
                self.send_header("Location", "/ec2.csv")
                self.end_headers()
                return
            body = content.encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body) + contents.get("missing bytes", 0)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    origin = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(aws_prices, "FILE_ORIGINS", frozenset({origin}))
    contents["origin"] = origin
    yield contents
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def account() -> Account:
    InstanceType.objects.all().delete()
    Rate.objects.all().delete()
    return make.account(region=REGION, name="Research", refreshes_prices=True)


@contextmanager
def aws(account: Account, files: dict[str, Any], ec2_path: str = "/ec2.csv") -> Iterator[None]:
    pricing = Stubber(client_in_region(account, aws_prices.PRICING_REGION, "pricing", Purpose.READ))
    ec2 = Stubber(client_for(account, "ec2", Purpose.READ))
    for service, path, file_format in (("AmazonECS", "/ecs.json", "json"), ("AmazonEC2", ec2_path, "csv")):
        arn = f"arn:aws:pricing:::price-list/aws/{service}/USD/20261001000000/{REGION}"
        pricing.add_response(
            "list_price_lists",
            {"PriceLists": [{"PriceListArn": arn, "RegionCode": REGION, "CurrencyCode": "USD"}]},
            {"ServiceCode": service, "EffectiveDate": ANY, "RegionCode": REGION, "CurrencyCode": "USD"},
        )
        address = path if path.startswith("http") else files["origin"] + path
        pricing.add_response(
            "get_price_list_file_url", {"Url": address}, {"PriceListArn": arn, "FileFormat": file_format}
        )
    ec2.add_response("describe_instance_types", {"InstanceTypes": [], "NextToken": "2"}, {"MaxResults": 100})
    ec2.add_response("describe_instance_types", TYPES, {"MaxResults": 100, "NextToken": "2"})
    entries = [{**spot(f"{REGION}a", "1.1", "21T10"), "Timestamp": datetime(2026, 11, 21, tzinfo=UTC)}]
    ec2.add_response("describe_spot_price_history", {"SpotPriceHistory": entries})
    with pricing, ec2:
        yield


def stored() -> list[tuple[str, str, Decimal, date]]:
    rows = InstancePrice.objects.order_by("instance_type__name")
    return list(rows.values_list("instance_type__name", "purchase_option", "usd_per_hour", "valid_from"))


def test_prices_of_a_region_come_from_its_lists_types_and_spot_history(account: Account, files: Any) -> None:
    with aws(account, files):
        tasks.refresh_prices(account.pk)

    assert stored() == [
        ("m7g.xlarge", "ON_DEMAND", Decimal("0.1734"), date(2026, 10, 1)),
        ("p3.2xlarge", "SPOT", Decimal("1.1"), date(2026, 11, 21)),
    ]
    assert InstanceType.objects.get(name="p3.2xlarge").gpu_model == "V100"
    assert Rate.objects.get().usd_per_hour == Decimal("0.0445")
    status = AccountStatus.objects.get(pk=account.pk)
    assert (status.prices_error, status.prices_read_at is not None) == ("", True)


@pytest.mark.parametrize(
    ("path", "change", "error"),
    [
        ("https://example.com/ec2.csv", {}, "unknown host, example.com"),
        ("http://pricing.us-east-1.amazonaws.com/ec2.csv", {}, "unknown host"),
        ("/moved.csv", {}, "AWS answered 302"),
        ("/ec2.csv", {"missing bytes": 10}, "was cut off"),
        ("/ec2.csv", {"/ec2.csv": csv_text(M7G, {**M7G, "PricePerUnit": "x"})}, "line 8"),
    ],
)
def test_a_list_that_is_elsewhere_cut_off_or_broken_changes_nothing_and_is_told(
    account: Account, files: Any, path: str, change: dict[str, Any], error: str
) -> None:
    files |= change
    with aws(account, files, path):
        assert refresh_account(account) is None

    assert not InstancePrice.objects.exists()
    assert not Rate.objects.exists()
    assert error in AccountStatus.objects.get(pk=account.pk).prices_error


def test_a_list_beyond_the_limit_is_not_read(account: Account, files: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws_prices, "MAX_SMALL_FILE_BYTES", 100)
    with aws(account, files), pytest.raises(CommandError, match="larger than expected"):
        call_command("refresh_prices", "--account", "Research")
    assert not Rate.objects.exists()


def test_prices_are_read_once_a_week_where_an_administrator_allows_it(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    enqueued: list[int] = []
    monkeypatch.setattr(periodic, "enqueue_on_commit", lambda _task, pk, **_: enqueued.append(pk))

    def is_enqueued(**fields: Any) -> bool:
        enqueued.clear()
        AccountStatus.objects.filter(pk=account.pk).update(**fields)
        periodic.enqueue_prices(Account.objects.select_related("status").get(pk=account.pk))
        return bool(enqueued)

    assert is_enqueued()
    assert not is_enqueued(prices_read_at=now() - timedelta(days=6))
    assert is_enqueued(prices_read_at=now() - timedelta(days=8))
    assert is_enqueued(prices_read_at=now() - timedelta(days=2), prices_error="AccessDenied")
    Account.objects.update(refreshes_prices=False)
    assert not is_enqueued(prices_read_at=None)
    tasks.refresh_prices(account.pk)  # of an entry from before it was switched off
    assert AccountStatus.objects.get(pk=account.pk).prices_read_at is None
