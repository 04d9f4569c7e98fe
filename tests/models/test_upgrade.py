"""A database of a former version comes to the present one with everything in it, and works.

`upgrade/COMMIT.sql` is what the demo of that commit left in SQLite after some minutes of use: jobs that ended well or
badly or wait, requests for approval in every state, drafts, tokens, a second factor. Sessions are left out.
"""

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.management import call_command
from django.db import connection, connections
from django.test import Client, override_settings
from pytest_django import DjangoDbBlocker

from jobs.models import Account, ApiToken, Approval, Definition, Draft, Job, Submission, TagRule, Team, User
from jobs.states import Delivery

OLDEST = "894990b"
# Later versions have only migrations before them that the oldest has too.
DUMPS = [
    pytest.param(path, id=path.stem, marks=() if path.stem == OLDEST else pytest.mark.only_in("fuzz"))
    for path in sorted((Path(__file__).parent / "upgrade").glob("*.sql"))
]
SETTINGS = {
    "SECRET_KEY": ("fixture " * 8).strip(),  # by which the second factors in the dumps are encrypted
    "SECRET_KEY_FALLBACKS": ["fixture " * 8],
    "MIGRATION_MODULES": {},  # quick runs make the tests' own tables without migrations
}
TOKEN = "bpt_fixture-of-the-upgrade-test"
TOOL = {
    "jobDefinitionName": "fixture-tool",
    "type": "container",
    "containerProperties": {
        "image": "busybox",
        "command": ["echo", "hello"],
        "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "512"}],
    },
}
"""The definition that was registered with the key `fixture-definition`."""
NEW_NAMES = {
    "jobs_apianswer": "jobs_idempotencyrecord",
    "jobs_audithead": "jobs_auditchain",
    "jobs_incarnation": "jobs_databasegeneration",
    "jobs_oddity": "jobs_discrepancy",
    "jobs_remembered": "jobs_cacheentry",
    "jobs_requestedit": "jobs_approvaledit",
}
"""Tables that a migration has given another name."""
GROWS = ("django_migrations", "django_content_type", "auth_permission", "jobs_rate")
"""Tables that migrations themselves add to."""

pytestmark = pytest.mark.long


@contextmanager
def migrated(path: Path, blocker: DjangoDbBlocker) -> Iterator[None]:
    """The database in that file, brought up to date, in place of the tests' own."""
    other = connections.create_connection("default")
    other.settings_dict = {**other.settings_dict, "NAME": str(path)}
    tests_own = connections["default"]
    connections["default"] = other
    try:
        with blocker.unblock(), override_settings(**SETTINGS):
            call_command("migrate", interactive=False, verbosity=0)
            yield
            other.close()
    finally:
        connections["default"] = tests_own


@pytest.fixture(scope="module")
def new_schema(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker) -> dict[str, object]:
    """The schema of a database that this version makes. Alone, these tests have no test database."""
    with migrated(tmp_path_factory.mktemp("new") / "portal.sqlite3", django_db_blocker):
        return schema()


@pytest.fixture(scope="module", params=DUMPS)
def rows_before(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    new_schema: dict[str, object],
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[Counter[str]]:
    """The database of a former version, migrated. How many rows each table had."""
    path = tmp_path_factory.mktemp("upgrade") / "portal.sqlite3"
    with closing(sqlite3.connect(path)) as file:
        file.executescript(request.param.read_text())
        tables = [name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        counts = {name: file.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}  # noqa: S608
    with migrated(path, django_db_blocker):
        yield Counter(counts)


def schema() -> dict[str, object]:
    """Columns, constraints, indexes and triggers of each table. Names of indexes are left out.

    SQLite's own statistics, which an upgrade makes, are none of the portal's.
    """
    values: dict[str, object] = {}
    with connection.cursor() as cursor:
        for table in sorted(set(connection.introspection.table_names(cursor)) - {"sqlite_stat1"}):
            cursor.execute(f"SELECT name, type, \"notnull\", pk FROM pragma_table_info('{table}')")  # noqa: S608
            values[table] = sorted(cursor.fetchall())
            constraints = connection.introspection.get_constraints(cursor, table)
            values[f"{table}: constraints"] = sorted(
                repr(sorted((key, value) for key, value in each.items() if key != "definition"))
                for each in constraints.values()
            )
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name")
        values["triggers"] = cursor.fetchall()
    return values


def signed_in(name: str) -> Client:
    browser = Client()
    browser.force_login(User.objects.get(username=name))
    return browser


def api_request(method: str, path: str, body: str = "", **headers: str) -> tuple[int, dict[str, Any]]:
    headers = {"Authorization": f"Bearer {TOKEN}", **headers}
    answer = Client().generic(method, f"/api/v1{path}", body, content_type="application/json", headers=headers)
    return answer.status_code, answer.json()


def test_the_schema_is_that_of_a_new_database(new_schema: dict[str, object], rows_before: Counter[str]) -> None:
    assert schema() == new_schema


def test_no_row_is_lost(rows_before: Counter[str]) -> None:
    with connection.cursor() as cursor:
        there = set(connection.introspection.table_names(cursor))
        for table, count in rows_before.items():
            if table.startswith("sqlite_") or table in GROWS:
                continue
            name = NEW_NAMES.get(table, table)
            assert name in there, f"{table} is gone: if it has another name now, say so in NEW_NAMES."
            cursor.execute(f"SELECT count(*) FROM {name}")  # noqa: S608
            assert cursor.fetchone()[0] == count, table


def test_every_job_is_on_the_page_of_jobs_and_has_its_own(rows_before: Counter[str]) -> None:
    lead = signed_in("lead")
    listings = {slug: lead.get(f"/teams/{slug}/jobs/").content.decode() for slug in ("research", "finance")}
    jobs = Job.objects.select_related("team")

    assert jobs.count() > 10
    for job in jobs:
        assert f"/jobs/{job.text_id}/" in listings[job.team.slug]
        assert job.name in lead.get(f"/jobs/{job.text_id}/").content.decode()


def test_every_page_of_a_team_opens(rows_before: Counter[str]) -> None:
    lead = signed_in("lead")
    pages = ("", "home/", "costs/", "definitions/", "queues/", "tokens/", "audit/", "approvals/", "drafts/", "new/")
    addresses = [f"/teams/{slug}/{page}" for slug in ("research", "finance") for page in pages]
    addresses += [f"/definitions/{definition.text_id}/" for definition in Definition.objects.all()]
    addresses += [f"/approvals/{approval.text_id}/" for approval in Approval.objects.all()]
    addresses += [f"/submissions/{submission.text_id}/" for submission in Submission.objects.all()]
    addresses.append(f"/jobs/{Job.objects.get(name='train').text_id}/again/")

    assert {address: lead.get(address, follow=True).status_code for address in addresses} == dict.fromkeys(
        addresses, 200
    )


def test_what_was_stored_as_json_is_shown(rows_before: Counter[str]) -> None:
    admin, lead = signed_in("admin"), signed_in("lead")
    job, account = Job.objects.get(name="prepare"), Account.objects.get()

    receipt = lead.get(f"/jobs/{job.text_id}/receipt/").content.decode()
    assert all(figure in receipt for figure in ("X86_64 in us-west-2", ">0.0344<", ">2020-01-01<"))
    for page, text in {
        f"account/{account.pk}/connection/": "User is not authorized to perform batch:TagResource.",
        f"account/{account.pk}/queues/": "gpu-job-queue",
        f"account/{account.pk}/change/": "Sandbox",
        f"team/{Team.objects.get(slug='research').pk}/change/": "containerProperties.futureField",
        f"tagrule/{TagRule.objects.get(team__slug='research', key='Project').pk}/change/": "GenAI",
    }.items():
        answer = admin.get(f"/admin/jobs/{page}")
        assert (page, answer.status_code) == (page, 200)
        assert text in answer.content.decode(), page


def test_what_was_observed_of_an_account_is_its_status(rows_before: Counter[str]) -> None:
    status = Account.objects.get().status

    assert status.polled_at
    assert status.synced_at
    assert status.rate_window_end
    assert status.clock_skew_seconds
    assert {queue["name"] for queue in status.queue_snapshot} >= {"gpu-job-queue", "fargate-queue"}
    assert (status.last_error, status.breaker.is_reset) == ("", True)


def test_the_audit_is_whole_and_sealed(rows_before: Counter[str]) -> None:
    output = StringIO()
    call_command("verify_audit", stdout=output)

    assert len(output.getvalue().splitlines()) == rows_before["jobs_audithead"]


def test_drafts_open_with_what_was_written(rows_before: Counter[str]) -> None:
    drafts = Draft.objects.select_related("team", "person")

    assert {draft.kind for draft in drafts} == {"job", "definition", "json"}
    for draft in drafts:
        page = signed_in(draft.person.username).get(draft.get_absolute_url(), follow=True)
        assert page.status_code == 200
        assert draft.name in page.content.decode()


def test_a_token_reads_and_a_repeated_request_is_answered_with_what_it_led_to(rows_before: Counter[str]) -> None:
    first = Submission.objects.get(name="sweep")
    status, answer = api_request("GET", f"/submissions/{first.text_id}")
    assert (status, [job["state"] for job in answer["jobs"]]) == (200, ["FAILED"])

    status, answer = api_request("POST", "/submissions", first.text, **{"Idempotency-Key": "fixture-array"})
    assert (status, answer["id"]) == (202, first.text_id)

    status, answer = api_request(
        "POST", "/definitions?region=us-west-2", json.dumps(TOOL), **{"Idempotency-Key": "fixture-definition"}
    )
    assert (status, answer["name"]) == (201, "fixture-tool")
    assert ApiToken.objects.get(name="Revoked").revoked_at
    assert Submission.objects.count() == rows_before["jobs_submission"]


def test_a_second_factor_is_still_one(rows_before: Counter[str]) -> None:
    lead = User.objects.get(username="lead")
    code = format_hotp_value(hotp_value("JBSWY3DPEHPK3PXP", int(time.time()) // 30))
    factor = Authenticator.objects.get(user=lead, type="totp").wrap()

    assert factor.validate_code(code)


def test_a_request_that_waited_can_be_approved(rows_before: Counter[str]) -> None:
    approval = Approval.objects.get(submission__name="waiting")
    answer = signed_in("admin").post(f"/approvals/{approval.text_id}/approve/", {"version": "1"})

    assert answer.status_code == 302
    assert approval.submission.jobs.get().delivery == Delivery.ACCEPTED
