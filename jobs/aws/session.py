"""AWS clients of an account, one per purpose, cached for the life of the process.

SubmitJob and RegisterJobDefinition have no idempotency token: their client makes exactly one attempt.
"""

import functools
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any, Protocol

import botocore.session
from botocore.client import BaseClient
from botocore.config import Config
from botocore.credentials import (
    CredentialProvider,
    CredentialResolver,
    DeferredRefreshableCredentials,
)

from jobs.aws.deadline import limit_call_time
from jobs.aws.errors import AwsError, CredentialsError, FenceError, OutcomeUnknownError, RetryableError
from jobs.aws.outcomes import CallOutcome, OutcomeTracker
from jobs.aws.response_reader import ResponseReader, call, check_list_members
from jobs.failpoints import hit_failpoint

SANDBOX_KEY = "AKIASANDBOX000000000"
SANDBOX_SECRET = "sandbox"  # noqa: S105 - the sandbox checks the date of a signature, not its secret


class Purpose(Enum):
    SUBMIT = "submit"
    READ = "read"
    INTERACTIVE = "page"
    SQS = "queue"
    BILLED = "billed"


CLIENT_CONFIGS = {
    Purpose.SUBMIT: Config(
        retries={"mode": "standard", "total_max_attempts": 1},
        connect_timeout=3,
        read_timeout=30,
        max_pool_connections=100,
    ),
    Purpose.READ: Config(
        retries={"mode": "adaptive", "total_max_attempts": 3},
        connect_timeout=3,
        read_timeout=10,
        max_pool_connections=20,
    ),
    Purpose.SQS: Config(  # a receive waits up to 20 s for a message
        retries={"mode": "standard", "total_max_attempts": 3},
        connect_timeout=3,
        read_timeout=40,
    ),
    Purpose.BILLED: Config(  # each attempt costs money
        retries={"mode": "standard", "total_max_attempts": 1},
        connect_timeout=3,
        read_timeout=30,
        max_pool_connections=1,
    ),
    Purpose.INTERACTIVE: Config(
        retries={"mode": "standard", "total_max_attempts": 1},
        connect_timeout=2,
        read_timeout=3,
        max_pool_connections=8,
    ),
}
# Limits of whole calls; after a submission's, its outcome is unknown.
CALL_TIMEOUT_SECONDS = {
    Purpose.SUBMIT: 30.0,
    Purpose.READ: 15.0,
    Purpose.SQS: 45.0,
    Purpose.BILLED: 35.0,
    Purpose.INTERACTIVE: 3.0,
}
# A role is assumed while another call waits for the credentials.
ASSUME_ROLE_TIMEOUT_SECONDS = 6.0
ASSUME_ROLE_CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=2, read_timeout=3)


ASSUME_ROLE = "AssumeRole"
MAX_CREDENTIAL_LENGTH = 16_384  # AWS documents no limit for session tokens

SANDBOX_ACCESS = "sandbox"
ROLE_ACCESS = "role"


class AccountLike(Protocol):
    access: str
    region: str
    endpoint_url: str
    role_arn: str
    external_id: str


@dataclass(frozen=True)
class ClientConfig:
    """Equal ones share a client."""

    access: str
    region: str
    endpoint_url: str
    role_arn: str
    external_id: str


def client_for(account: AccountLike, service: str, purpose: Purpose) -> Any:
    return _client(_client_config(account), service, purpose)


def client_in_region(account: AccountLike, region: str, service: str, purpose: Purpose) -> Any:
    """Return a client with the account's credentials in another region."""
    return _client(replace(_client_config(account), region=region), service, purpose)


def _client_config(account: AccountLike) -> ClientConfig:
    return ClientConfig(account.access, account.region, account.endpoint_url, account.role_arn, account.external_id)


def clock_skew(account: AccountLike) -> float | None:
    """Return by how many seconds AWS's clock was ahead of this machine's in the last response to this process."""
    return _skews.get(_client_config(account))


def pop_clock_skew(account: AccountLike) -> float | None:
    """Return it once, so that no later measurement of another process is overwritten by it."""
    return _skews.pop(_client_config(account), None)


_skews: dict[ClientConfig, float] = {}
_outcomes = OutcomeTracker()


def pop_outcome(account: AccountLike) -> CallOutcome:
    """Return the outcome of reads since the last call. Submissions don't count."""
    return _outcomes.pop(_client_config(account))


def _record_clock_skew(config: ClientConfig, parsed: Mapping[str, Any], **_: object) -> None:
    date_text = ResponseReader(parsed).nested("ResponseMetadata").nested("HTTPHeaders").text("date")
    with suppress(ValueError, OverflowError, OSError):
        aws_time = parsedate_to_datetime(date_text).timestamp() + 0.5  # the header has whole seconds
        _skews[config] = aws_time - time.time()


def preload() -> None:
    config = ClientConfig(SANDBOX_ACCESS, "us-west-2", "http://127.0.0.1:9", "", "")
    for service in ("batch", "logs"):
        for purpose in (Purpose.SUBMIT, Purpose.READ):
            _new_client(config, service, purpose)


class Fence(threading.local):
    """Keeps a request from being sent after its deadline."""

    started: "DualClock | None" = None
    seconds = 0.0

    @contextmanager
    def open_for(self, seconds: float, since: "DualClock") -> Iterator[None]:
        self.started, self.seconds = since, seconds
        try:
            yield
        finally:
            self.started = None

    def check(self, **_: object) -> None:
        if self.started is None or self.started.elapsed_seconds() > self.seconds:
            raise FenceError("Not sent: too much time has passed since the intent was committed.")
        hit_failpoint("signed")


class DualClock:
    """A monotonic clock, and one that runs on while the machine is suspended."""

    def __init__(self) -> None:
        self._steady, self._wall = time.monotonic(), time.time()

    def elapsed_seconds(self) -> float:
        return max(time.monotonic() - self._steady, time.time() - self._wall)


fence = Fence()


@functools.cache
def _loader() -> Any:
    return botocore.session.get_session().get_component("data_loader")


_creation_lock = threading.Lock()


def _client(config: ClientConfig, service: str, purpose: Purpose) -> BaseClient:
    # botocore's sessions are not thread-safe while a client is created; clients are.
    with _creation_lock:
        return _cached_client(config, service, purpose)


def uncached_clients(account: AccountLike, *, own: bool = False) -> Callable[[str], Any]:
    """Assume the role again; `own`: use the machine's credentials."""
    config = _client_config(account)
    if own:
        config = replace(config, access="default", role_arn="", external_id="")
    session = _new_session(config)

    @functools.cache
    def client(service: str) -> Any:
        with _creation_lock:
            return _create_client(session, config, service, Purpose.INTERACTIVE)

    return client


def _create_client(
    session: botocore.session.Session, config: ClientConfig, service: str, purpose: Purpose
) -> BaseClient:
    client = session.create_client(
        service, region_name=config.region, endpoint_url=config.endpoint_url or None, config=CLIENT_CONFIGS[purpose]
    )
    limit_call_time(client, CALL_TIMEOUT_SECONDS[purpose])
    client.meta.events.register("before-parse", check_list_members)
    return client


@functools.lru_cache(maxsize=256)
def _cached_client(config: ClientConfig, service: str, purpose: Purpose) -> BaseClient:
    return _new_client(config, service, purpose)


def _new_client(config: ClientConfig, service: str, purpose: Purpose) -> BaseClient:
    client = _create_client(_session(config), config, service, purpose)
    if purpose is Purpose.SUBMIT:
        client.meta.events.register("before-send.batch.SubmitJob", fence.check)
    if purpose in (Purpose.SUBMIT, Purpose.READ):
        client.meta.events.register("after-call.batch", functools.partial(_record_clock_skew, config))
    if purpose is Purpose.READ:
        _outcomes.watch(client, config)
    return client


@functools.lru_cache(maxsize=64)
def _session(config: ClientConfig) -> botocore.session.Session:
    return _new_session(config)


def _new_session(config: ClientConfig) -> botocore.session.Session:
    session = botocore.session.Session()
    session.register_component("data_loader", _loader())
    if config.access == SANDBOX_ACCESS:
        session.set_credentials(SANDBOX_KEY, SANDBOX_SECRET)
    elif config.access == ROLE_ACCESS:
        session.register_component("credential_provider", CredentialResolver([_AssumeRoleProvider(config)]))
    return session


class _AssumeRoleProvider(CredentialProvider):
    METHOD = "portal-assume-role"

    def __init__(self, config: ClientConfig) -> None:
        super().__init__()
        self._config = config

    def load(self) -> DeferredRefreshableCredentials:
        return DeferredRefreshableCredentials(functools.partial(_assume_role, self._config), self.METHOD)


def _assume_role(config: ClientConfig) -> dict[str, str]:
    """Raise CredentialsError or RetryableError: the call itself was not sent.

    botocore's fetcher would cache a truncated response before checking it.
    """
    request = {"RoleArn": config.role_arn, "RoleSessionName": "batch-portal"}
    if config.external_id:
        request["ExternalId"] = config.external_id
    try:
        sts: Any = botocore.session.Session().create_client(
            "sts", region_name=config.region, endpoint_url=config.endpoint_url or None, config=ASSUME_ROLE_CONFIG
        )
        limit_call_time(sts, ASSUME_ROLE_TIMEOUT_SECONDS)
        credentials = call(sts.assume_role, **request).nested("Credentials")
        expires_at = credentials.raw.get("Expiration")
        if not isinstance(expires_at, datetime) or expires_at.timestamp() <= time.time():
            raise OutcomeUnknownError(
                "AWS returned no credentials for the role, or expired ones.", code="NoCredentials"
            )
        return {
            "access_key": credentials.required_text("AccessKeyId", max_length=MAX_CREDENTIAL_LENGTH),
            "secret_key": credentials.required_text("SecretAccessKey", max_length=MAX_CREDENTIAL_LENGTH),
            "token": credentials.required_text("SessionToken", max_length=MAX_CREDENTIAL_LENGTH),
            "expiry_time": expires_at.isoformat(),
        }
    except AwsError as error:
        raise _access_error(error) from error


def _access_error(error: AwsError) -> AwsError:
    failure = error
    if isinstance(error, OutcomeUnknownError):
        failure = RetryableError(error.message, code=error.code, request_id=error.request_id)
    elif not isinstance(error, RetryableError):
        failure = CredentialsError(error.message, code=error.code, request_id=error.request_id)
    failure.operation = ASSUME_ROLE
    return failure
