"""The readable part of a Signature Version 4: account, region, service and time.

The secret is not checked (anyone on this machine may try things out), but the age is. Like AWS, the sandbox rejects a
request that was signed more than five minutes ago: a lost request can't take effect after that.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from jobs.sandbox.context import Home
from jobs.sandbox.errors import ApiError

DEFAULT_ACCOUNT = "123456789012"
STAMP = "%Y%m%dT%H%M%SZ"

_CREDENTIAL = re.compile(r"Credential=([^/\s]+)/(\d{8})/([^/\s]+)/([^/\s]+)/aws4_request")
_ASSUMED_KEY = re.compile(r"ASIA0000(\d{12})")


@dataclass(frozen=True)
class Scope:
    """The account, region and service that a signature is for."""

    home: Home
    service: str


def assumed_key(account: str) -> str:
    """Return an access key that contains its account, so that no session needs storing."""
    return f"ASIA0000{account}"


@dataclass(frozen=True)
class Clock:
    """The time for checking signatures, and their maximum age."""

    skew_seconds: float = 0.0
    tolerance_seconds: float = 300.0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.skew_seconds)


EXACT = Clock()


def read_scope(headers: Mapping[str, str], clock: Clock = EXACT) -> Scope:
    """Return the account, region and service of a request. Reject a missing or expired signature."""
    header = headers.get("Authorization", "")
    if not header:
        raise ApiError("Missing Authentication Token", code="MissingAuthenticationTokenException", status=403)
    match = _CREDENTIAL.search(header)
    stamp = headers.get("X-Amz-Date", "")
    if not header.startswith("AWS4-HMAC-SHA256") or not match or not stamp:
        raise ApiError(
            "Authorization header requires an AWS4-HMAC-SHA256 Credential and a X-Amz-Date.",
            code="IncompleteSignatureException",
        )
    key, day, region, service = match.groups()
    _check_age(stamp, day, service, clock)
    assumed = _ASSUMED_KEY.fullmatch(key)
    return Scope(Home(assumed[1] if assumed else DEFAULT_ACCOUNT, region), service)


def _check_age(stamp: str, day: str, service: str, clock: Clock) -> None:
    # STS has its own code for the same message.
    code = "SignatureDoesNotMatch" if service == "sts" else "InvalidSignatureException"
    try:
        signed = datetime.strptime(stamp, STAMP).replace(tzinfo=UTC)
    except ValueError:
        raise ApiError(f"Date in X-Amz-Date is not valid: {stamp}", code="IncompleteSignatureException") from None
    now = clock.now()
    tolerance = timedelta(seconds=clock.tolerance_seconds)
    minutes = f"{clock.tolerance_seconds / 60:g} min."
    oldest, newest = now - tolerance, now + tolerance
    if signed < oldest:
        raise ApiError(
            f"Signature expired: {stamp} is now earlier than {oldest:{STAMP}} ({now:{STAMP}} - {minutes})",
            code=code,
            status=403,
        )
    if signed > newest:
        raise ApiError(
            f"Signature not yet current: {stamp} is still later than {newest:{STAMP}} ({now:{STAMP}} + {minutes})",
            code=code,
            status=403,
        )
    if not stamp.startswith(day):
        raise ApiError(
            f"Date in Credential scope does not match YYYYMMDD from X-Amz-Date: {day}", code=code, status=403
        )
