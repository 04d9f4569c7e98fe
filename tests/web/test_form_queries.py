"""Queries of a form's requests: each parses and validates once, however many jobs and definitions the team has."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from jobs.models import Job, Submission
from tests import make

pytestmark = pytest.mark.django_db

FIELDS: dict[str, Any] = {"name": "train", "queue": "cpu", "definition": "hello"}
MAX_QUERIES_OF_PREVIEW = 8
MAX_QUERIES_UNTIL_SAVED = 21
"""From the request until the rows and their audit entry are written: 2 for the session, 4 for rate limit, membership
and idempotency key, 5 for the validation, 3 under the lock of the team, 3 for the rows, 3 for the audit entry."""


@pytest.fixture
def browser() -> Client:
    member = make.member(make.team("research"))
    queue = make.queue("cpu", teams=(member.team,))
    make.revision("hello", where=queue.account, of=member.team)
    browser = Client()
    browser.force_login(member.user)
    return browser


def statements(queries: CaptureQueriesContext) -> list[str]:
    """The statements without savepoints, which stand for the test's own transaction."""
    return [each["sql"] for each in queries.captured_queries if not each["sql"].startswith(("SAVEPOINT", "RELEASE"))]


def test_a_preview_takes_eight_queries(browser: Client) -> None:
    address = reverse("job_preview", args=["research"])
    browser.post(address, FIELDS)  # Django asks SQLite once whether it has JSON
    with CaptureQueriesContext(connection) as queries:
        response = browser.post(address, FIELDS)

    assert response.status_code == 200
    assert len(statements(queries)) <= MAX_QUERIES_OF_PREVIEW


def test_a_submitted_form_reads_and_validates_once(browser: Client) -> None:
    address = reverse("job_form", args=["research"])
    browser.post(address, {**FIELDS, "request_key": "first"})  # begins the chain and the rate limit

    with CaptureQueriesContext(connection) as queries:
        response = browser.post(address, {**FIELDS, "request_key": "second"})
    until_saved = next(
        number for number, sql in enumerate(statements(queries), 1) if sql.startswith('UPDATE "jobs_auditchain"')
    )

    assert response.status_code == 302
    assert (Submission.objects.count(), Job.objects.count()) == (2, 2)
    assert until_saved <= MAX_QUERIES_UNTIL_SAVED
