"""A call ends within its time, whatever the other side does: seen on the wire, with sockets as they are."""

import datetime as dt
import socket
import ssl
import threading
import time
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path

import pytest
from botocore.config import Config
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from jobs.aws import batch, session
from jobs.aws.deadline import time_limit
from jobs.aws.errors import OutcomeUnknownError
from jobs.aws.session import DualClock, Purpose, client_for, fence
from jobs.models import Account
from tests import http_wire
from tests.eventually import at_some_pace

PATIENT = Config(retries={"mode": "standard", "total_max_attempts": 3}, connect_timeout=3, read_timeout=30)
AT_MOST = 2.0  # what is cut off at 0.3 s


def client_to(url: str, purpose: Purpose = Purpose.READ):
    return client_for(Account(access="sandbox", region="us-west-2", endpoint_url=url), "batch", purpose)


def describe_seconds(client, seconds: float) -> float:
    """How long an unanswered question was asked."""
    began = time.monotonic()
    with time_limit(seconds), pytest.raises(OutcomeUnknownError) as failure:
        batch.describe(client, ["x"])
    assert failure.value.code == "DeadlineError"
    return time.monotonic() - began


@pytest.mark.parametrize(
    "answer",
    [http_wire.hang(), http_wire.trickle(), http_wire.trickle(headers=False)],
    ids=["no answer", "a body byte by byte", "headers byte by byte"],
)
def test_an_answer_that_does_not_come_is_cut_off_and_not_asked_for_again(answer):
    def check(pace: float) -> None:
        with http_wire.wire(answer) as aws:
            assert 0.2 < describe_seconds(client_to(aws.url), 0.3 * pace) < AT_MOST * pace
            assert len(aws.requests) == 1

    at_some_pace(check)


def test_a_call_that_begins_too_late_does_not_leave():
    with http_wire.wire(http_wire.lists()) as aws, time_limit(0), pytest.raises(OutcomeUnknownError):
        batch.describe(client_to(aws.url), ["x"])
    assert aws.requests == []


def test_each_call_of_a_client_has_its_own_limit(monkeypatch):
    def check(pace: float) -> None:
        monkeypatch.setitem(session.CALL_TIMEOUT_SECONDS, Purpose.READ, 0.3 * pace)
        with http_wire.wire(http_wire.trickle(), http_wire.lists()) as aws:
            client = client_to(aws.url)
            with pytest.raises(OutcomeUnknownError):
                batch.describe(client, ["x"])

            assert batch.find_job_ids(client, "q", "x") == []

    at_some_pace(check, (OutcomeUnknownError,))


def test_a_limit_holds_over_all_attempts_of_a_call(monkeypatch):
    monkeypatch.setitem(session.CLIENT_CONFIGS, Purpose.READ, PATIENT.merge(Config(read_timeout=0.2)))
    with http_wire.wire(http_wire.hang()) as aws:
        assert describe_seconds(client_to(aws.url), 0.3) < AT_MOST + 1  # and the pause before the second attempt


def test_of_nested_limits_the_sooner_counts():
    with http_wire.wire(http_wire.hang()) as aws, time_limit(0.2):
        assert describe_seconds(client_to(aws.url), 30) < AT_MOST


def test_an_answer_in_time_is_read_to_its_end_and_the_connection_kept():
    body = b'{"jobs": []}'
    with http_wire.wire(http_wire.trickle(body, every=0.01)) as aws, time_limit(20):
        client = client_to(aws.url)
        assert batch.describe(client, ["x"]).observations == ()
        assert batch.describe(client, ["x"]).observations == ()


def test_a_submission_that_is_cut_off_is_unknown_never_unsent(monkeypatch):
    monkeypatch.setitem(session.CALL_TIMEOUT_SECONDS, Purpose.SUBMIT, 0.3)
    with http_wire.wire(http_wire.trickle()) as aws:
        with fence.open_for(10, DualClock()), pytest.raises(OutcomeUnknownError):
            batch.submit(client_to(aws.url, Purpose.SUBMIT), {"jobName": "x", "jobQueue": "q", "jobDefinition": "d"})

        assert aws.paths() == ["/v1/submitjob"]


def certificate(directory: Path) -> tuple[Path, Path]:
    """A key, and a certificate for 127.0.0.1 that it signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    key_file, certificate_file = directory / "key.pem", directory / "certificate.pem"
    certificate_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return key_file, certificate_file


def test_a_call_by_tls_is_cut_off_too(tmp_path):
    key_file, certificate_file = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_file, key_file)

    def trickle(listener: socket.socket, asked: list[bytes]) -> None:
        with suppress(OSError):  # the client has gone
            line, _ = listener.accept()
            with context.wrap_socket(line, server_side=True) as secure:
                asked.append(secure.recv(65536)[:4])
                while True:
                    secure.sendall(b"H")
                    time.sleep(0.05)

    def check(pace: float) -> None:
        asked: list[bytes] = []
        with socket.create_server(("127.0.0.1", 0)) as listener:
            server = threading.Thread(target=trickle, args=(listener, asked))
            server.start()
            client = client_to(f"https://127.0.0.1:{listener.getsockname()[1]}")
            client._endpoint.http_session._verify = str(certificate_file)
            assert 0.2 < describe_seconds(client, 0.5 * pace) < AT_MOST * pace
            server.join()
        assert asked == [b"POST"]

    at_some_pace(check)
