"""Prices that AWS publishes: files of the Price List API, and instance types and Spot prices of EC2."""

import io
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Any, TextIO
from urllib.parse import urlsplit

from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session
from urllib3.exceptions import HTTPError

from jobs.aws.errors import MalformedResponseError, RejectedError, RetryableError, translate_errors
from jobs.aws.response_reader import ResponseReader, call

PRICING_REGION = "us-east-1"
"""One of three with an endpoint of the Price List API, which has the prices of all regions."""
FILE_ORIGINS = frozenset(
    f"https://pricing.{region}.amazonaws.com" for region in ("us-east-1", "eu-central-1", "ap-south-1")
)
"""From which price lists are read, whatever the API says."""
MAX_FILE_BYTES = 2 * 1024**3
"""The list of EC2 of a large region has some hundred MB."""
MAX_SMALL_FILE_BYTES = 64 * 1024**2
"""Of a file that is read at once."""
DOWNLOAD_SECONDS = 600.0
MAX_PAGES = 200


def price_list_url(client: Any, service: str, region: str, at: datetime, file_format: str) -> str:
    """Return where the list that is valid at that time is."""
    answer = call(
        client.list_price_lists, ServiceCode=service, EffectiveDate=at, RegionCode=region, CurrencyCode="USD"
    )
    lists = answer.required_entries("PriceLists")
    if not lists:
        raise RejectedError(f"AWS has no price list of {service} for {region}.")
    arn = lists[0].required_text("PriceListArn", max_length=2_048)
    return call(client.get_price_list_file_url, PriceListArn=arn, FileFormat=file_format).required_text(
        "Url", max_length=2_048
    )


@contextmanager
def open_price_list(url: str, max_bytes: int = MAX_FILE_BYTES) -> Iterator[TextIO]:
    """Stream a price list from one of the known hosts.

    Reading raises RejectedError beyond `max_bytes`, and RetryableError for a connection that fails or takes too long.
    """
    parts = urlsplit(url)
    if f"{parts.scheme}://{parts.netloc}" not in FILE_ORIGINS:
        raise RejectedError(f"The Price List API named a file on an unknown host, {parts.netloc}.")
    request = AWSRequest(method="GET", url=url, stream_output=True).prepare()
    with translate_errors():
        response = URLLib3Session(timeout=30).send(request)
    with closing(response.raw):
        if response.status_code != 200:  # also for a redirection, which could lead elsewhere
            raise RetryableError(f"AWS answered {response.status_code} for a price list.")
        length = response.headers.get("Content-Length", "")
        stream = _LimitedStream(response.raw, max_bytes, int(length) if length.isdecimal() else None)
        yield io.TextIOWrapper(io.BufferedReader(stream, 1 << 18), encoding="utf-8")


class _LimitedStream(io.RawIOBase):
    def __init__(self, stream: Any, max_bytes: int, length: int | None) -> None:
        self._stream, self._max_bytes, self._length, self._count = stream, max_bytes, length, 0
        self._deadline = time.monotonic() + DOWNLOAD_SECONDS

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if time.monotonic() > self._deadline:
            raise RetryableError(f"A price list took longer than {DOWNLOAD_SECONDS:.0f} s.")
        try:
            content = self._stream.read(len(buffer))
        except (HTTPError, OSError) as error:
            raise RetryableError(f"A price list was cut off: {type(error).__name__}.") from error
        self._count += len(content)
        if self._count > self._max_bytes:
            raise RejectedError("A price list is larger than expected and was not read.")
        if not content and self._length not in (None, self._count):
            raise RetryableError("A price list was cut off.")
        buffer[: len(content)] = content
        return len(content)


def instance_types(client: Any) -> Iterator[list[Any]]:
    """Yield pages of the types that the region offers."""
    for page in _pages(client.describe_instance_types, MaxResults=100):
        yield [entry.raw for entry in page.entries("InstanceTypes")]


def spot_prices(client: Any, at: datetime) -> Iterator[list[Any]]:
    """Yield pages of the prices of each type and zone at that time, with times as text."""
    request = {"StartTime": at, "EndTime": at, "ProductDescriptions": ["Linux/UNIX"], "MaxResults": 1000}
    for page in _pages(client.describe_spot_price_history, **request):
        yield [_spot_price(entry) for entry in page.entries("SpotPriceHistory")]


def _spot_price(entry: ResponseReader) -> dict[str, Any]:
    at = entry.raw.get("Timestamp")
    if not isinstance(at, datetime):
        raise MalformedResponseError("AWS's response is malformed (no Timestamp).")
    return {**entry.raw, "Timestamp": f"{at:%Y-%m-%dT%H:%M:%SZ}"}


def _pages(operation: Any, **request: Any) -> Iterator[ResponseReader]:
    token = ""
    for _ in range(MAX_PAGES):
        page = call(operation, **request, **({"NextToken": token} if token else {}))
        yield page
        token = page.text("NextToken")
        if not token:
            return
    raise MalformedResponseError("AWS's pages of prices never end.")
