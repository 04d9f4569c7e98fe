"""The readable part of a Signature Version 4.

Like AWS, the sandbox rejects signatures older than five minutes: a lost request can't take effect after that.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from jobs.sandbox.context import AccountRegion
from jobs.sandbox.errors import ServiceError

DEFAULT_ACCOUNT = "123456789012"
DATE_FORMAT = "%Y%m%dT%H%M%SZ"

_CREDENTIAL = re.compile(r"Credential=([^/\s]+)/(\d{8})/([^/\s]+)/([^/\s]+)/aws4_request")
_ASSUMED_KEY = re.compile(r"ASIA0000(\d{12})")


@dataclass(frozen=True)
class SignatureScope:
    account_region: AccountRegion
    service: str


def role_access_key(account: str) -> str:
    """Put the account into the key, so that no session needs storing."""
    return f"ASIA0000{account}"


@dataclass(frozen=True)
class SignatureClock:
    skew_seconds: float = 0.0
    tolerance_seconds: float = 300.0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.skew_seconds)


EXACT_CLOCK = SignatureClock()


def parse_scope(headers: Mapping[str, str], clock: SignatureClock = EXACT_CLOCK) -> SignatureScope:
    header = headers.get("Authorization", "")
    if not header:
        raise ServiceError("Missing Authentication Token", code="MissingAuthenticationTokenException", status=403)
    match = _CREDENTIAL.search(header)
    stamp = headers.get("X-Amz-Date", "")
    if not header.startswith("AWS4-HMAC-SHA256") or not match or not stamp:
        raise ServiceError(
            "Authorization header requires an AWS4-HMAC-SHA256 Credential and a X-Amz-Date.",
            code="IncompleteSignatureException",
        )
    key, day, region, service = match.groups()
    _check_age(stamp, day, service, clock)
    assumed = _ASSUMED_KEY.fullmatch(key)
    return SignatureScope(AccountRegion(assumed[1] if assumed else DEFAULT_ACCOUNT, region), service)


def _check_age(stamp: str, day: str, service: str, clock: SignatureClock) -> None:
    # STS has its own code for the same message.
    code = "SignatureDoesNotMatch" if service == "sts" else "InvalidSignatureException"
    try:
        signed = datetime.strptime(stamp, DATE_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        raise ServiceError(f"Date in X-Amz-Date is not valid: {stamp}", code="IncompleteSignatureException") from None
    now = clock.now()
    tolerance = timedelta(seconds=clock.tolerance_seconds)
    minutes = f"{clock.tolerance_seconds / 60:g} min."
    oldest, newest = now - tolerance, now + tolerance
    if signed < oldest:
        raise ServiceError(
            f"Signature expired: {stamp} is now earlier than {oldest:{DATE_FORMAT}} "
            f"({now:{DATE_FORMAT}} - {minutes})",
            code=code,
            status=403,
        )
    if signed > newest:
        raise ServiceError(
            f"Signature not yet current: {stamp} is still later than {newest:{DATE_FORMAT}} "
            f"({now:{DATE_FORMAT}} + {minutes})",
            code=code,
            status=403,
        )
    if not stamp.startswith(day):
        raise ServiceError(
            f"Date in Credential scope does not match YYYYMMDD from X-Amz-Date: {day}", code=code, status=403
        )
