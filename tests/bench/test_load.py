"""The mixed load: its shares, and which answers are errors."""

import random

import pytest

from bench.load.generator import PlannedRequest, RequestResult, error_in
from bench.load.mix import SHARES, count_kinds, plan
from bench.load.people import Person, TeamContent
from bench.load.report import figures, goal, lines

CONTENT = TeamContent("one", ["/jobs/a/"], ["/submissions/b/"], ["training"], ["queue"])
PERSON = Person("sessionid=1", "secret", "one")
REQUEST = PlannedRequest("job", "/jobs/a/", ())


def results(seconds: list[float], error: str = "") -> list[RequestResult]:
    return [RequestResult(REQUEST, of_one, 0.0, error) for of_one in seconds]


def test_the_mix_has_exactly_its_shares_and_the_same_requests_each_time() -> None:
    requests, again = (plan(1500, [PERSON], {"one": CONTENT}, random.Random(1)) for _ in range(2))

    assert sum(SHARES.values()) == 100
    assert count_kinds(requests) == {kind: share * 15 for kind, share in SHARES.items()}
    assert requests == again


def test_submissions_carry_a_token_and_pages_a_session() -> None:
    for request in plan(100, [PERSON], {"one": CONTENT}, random.Random(1)):
        name = "Authorization" if request.kind == "submit" else "Cookie"
        assert next(header for header, _ in request.headers) == name
        assert request.to_bytes().startswith(b"POST" if request.kind == "submit" else b"GET")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"HTTP/1.1 200 OK\r\n", ""),
        (b"HTTP/1.1 202 Accepted\r\n", ""),
        (b"HTTP/1.1 302 Found\r\nLocation: /jobs/one/\r\n", ""),
        (b"HTTP/1.1 302 Found\r\nlocation: /sign-in/?next=/teams/one/\r\n", "signed out"),
        (b"HTTP/1.1 404 Not Found\r\n", "404"),
        (b"HTTP/1.1 503 Service Unavailable\r\n", "503"),
        (b"", "no response"),
    ],
)
def test_an_answer_that_is_no_success_is_an_error(answer: bytes, error: str) -> None:
    assert error_in(answer) == error


def test_the_goal_is_no_errors_and_at_25_a_second_a_limit() -> None:
    assert goal(25, {"errors": 0, "p95_ms": 300}) == "no errors, p95 ≤ 300 ms: met"
    assert goal(25, {"errors": 0, "p95_ms": 301}).endswith("MISSED")
    assert goal(40, {"errors": 0, "p95_ms": 900}) == "no errors: met"
    assert goal(40, {"errors": 1, "p95_ms": 100}).endswith("MISSED")


def test_errors_are_counted_by_what_was_requested() -> None:
    run = figures(40, 60, [*results([0.1, 0.2]), *results([10], "timeout")], {"web": 90})

    assert (run["requests"], run["errors"], run["p50_ms"], run["p99_ms"]) == (3, 1, 200, 10_000)
    assert run["error_texts"] == {"job: timeout": 1}
    assert run["cores"] == {"web": 1.5}
    assert "errors: job: timeout 1" in "\n".join(lines(run))
