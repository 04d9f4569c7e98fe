"""Who may ask what: tokens, scopes, teams, and cookies that count for nothing."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils.timezone import now
from pytest_django import DjangoAssertNumQueries

from jobs.access import Member
from jobs.api.schemas import JobOut, SubmissionOut
from jobs.models import ApiToken, Role, Source
from tests import make
from tests.api.conftest import Program, World, document, token

pytestmark = pytest.mark.django_db


def test_without_a_token_or_with_a_bad_one_the_answer_is_401_and_says_what_to_do(world: World):
    for secret, words in (("", "Send an API token"), ("bpt_wrong", "isn't valid"), ("x" * 5000, "isn't valid")):
        answer = Program(world.program.client, secret).get("/key")

        assert answer.status_code == 401
        assert answer["WWW-Authenticate"].startswith('Bearer realm="batch-portal"')
        assert answer["Content-Type"] == "application/problem+json"
        assert words in answer.json()["detail"]


@pytest.mark.parametrize("scheme", ["Basic {}", "Token {}", "{}", "Bearer", ""])
def test_only_a_bearer_token_opens_the_door(world: World, scheme: str):
    given = scheme.format(world.program.secret)
    assert world.program.client.get("/api/v1/key", headers={"Authorization": given}).status_code == 401


def test_an_expired_or_revoked_token_opens_nothing(world: World):
    moment = now()
    for fields in ({"expires_at": moment - timedelta(seconds=1)}, {"revoked_at": moment}):
        program = Program(world.program.client, token(world.member, **fields))
        assert program.get("/key").status_code == 401


def test_a_token_dies_with_its_owners_membership_account_or_team(world: World):
    assert world.program.get("/key").status_code == 200

    world.member.user.is_active = False
    world.member.user.save()
    assert world.program.get("/key").status_code == 401

    world.member.user.is_active = True
    world.member.user.save()
    world.member.team.active = False
    world.member.team.save()
    assert world.program.get("/key").status_code == 401

    world.member.team.active = True
    world.member.team.save()
    world.member.team.memberships.all().delete()
    assert world.program.get("/key").status_code == 401


def test_the_role_that_counts_is_the_owners_role_now(world: World):
    world.member.team.memberships.update(role=Role.VIEWER)
    job = make.job(make.submission(world.member, world.account))

    for act, path in (
        ("submit", "/submissions"),
        ("stop", f"/jobs/{job.text_id}/stop"),
        ("stop", f"/submissions/{job.submission.text_id}/stop"),
    ):
        answer = world.program.post(path, document())
        assert (answer.status_code, f"can't {act}" in answer.json()["detail"]) == (403, True), path
    assert world.program.get(f"/jobs/{job.text_id}").json()["stop_requested"] is False


def test_a_token_that_may_only_read_cannot_post(world: World):
    job = make.job(make.submission(world.member, world.account))
    program = Program(world.program.client, token(world.member, may_submit=False))

    assert program.get(f"/jobs/{job.text_id}").status_code == 200
    for path in ("/submissions", "/definitions", "/validate", f"/jobs/{job.text_id}/stop"):
        answer = program.post(path, document())
        assert (answer.status_code, "is read-only" in answer.json()["detail"]) == (403, True), path
    assert world.member.team.submissions.count() == 1


def test_of_a_bearer_and_a_cookie_of_different_people_the_bearer_counts(world: World):
    lead = make.member(make.team(), Role.LEAD)
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(lead.user)
    theirs = make.submission(lead)

    program = Program(browser, world.program.secret)
    made = program.post("/submissions", document()).json()
    assert world.member.team.submissions.get().person == world.member.user
    assert world.member.team.submissions.get().source == Source.API
    assert program.get(f"/submissions/{made['id']}").status_code == 200
    assert program.get(f"/submissions/{theirs.text_id}").status_code == 404
    assert Program(browser).get(f"/submissions/{theirs.text_id}").status_code == 401


def requests_of(owner: Member) -> list[tuple[str, str]]:
    job = make.job(make.submission(owner))
    submission = job.submission
    return [
        ("GET", f"/submissions/{submission.text_id}"),
        ("GET", f"/submissions/{submission.text_id}?since=0"),
        ("POST", f"/submissions/{submission.text_id}/stop"),
        ("GET", f"/jobs/{job.text_id}"),
        ("GET", f"/jobs/{job.text_id}/log"),
        ("POST", f"/jobs/{job.text_id}/stop"),
        ("POST", f"/jobs/{job.text_id}/release"),
        ("POST", f"/jobs/{job.text_id}/run-again"),
    ]


def test_what_belongs_to_strangers_does_not_exist(world: World):
    for method, path in requests_of(make.member()):
        answer = world.program.ask(method, path)
        assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json"), path


@pytest.mark.long
@pytest.mark.parametrize("staff", [False, True])
def test_a_token_sees_its_one_team_though_its_owner_sees_more(
    world: World, program_of: Callable[[Member], Program], staff: bool
):
    world.member.user.is_staff = staff
    world.member.user.save()
    other = make.member(who=world.member.user, role=Role.LEAD)
    asked = requests_of(other)

    for method, path in asked:
        assert world.program.ask(method, path).status_code == 404, path
    for method, path in asked:
        # Nothing has failed that could run again.
        expected = (422,) if path.endswith("/run-again") else (200, 202)
        assert program_of(other).ask(method, path).status_code in expected, path


def test_use_is_noted_once_a_minute(world: World, django_assert_max_num_queries: DjangoAssertNumQueries):
    world.program.get("/key")
    first = ApiToken.objects.get().used_at
    assert first is not None
    with django_assert_max_num_queries(3):
        world.program.get("/key")
    assert ApiToken.objects.get().used_at == first

    ApiToken.objects.update(used_at=first - timedelta(minutes=2))
    world.program.get("/key")
    assert ApiToken.objects.get().used_at >= first


@pytest.mark.long
def test_every_answer_is_private_and_of_the_type_it_says(world: World):
    job = make.job(make.submission(world.member, world.account))
    nobody = Program(world.program.client)
    for answer in (
        world.program.get(f"/jobs/{job.text_id}"),
        world.program.get("/nowhere"),
        world.program.get("/submissions"),
        world.program.post("/definitions", "{"),
        nobody.get("/key"),
        nobody.get("/openapi.json"),
    ):
        assert answer["Cache-Control"] == "no-store, private"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Type"] in ("application/json", "application/problem+json")


def test_json_is_compact_utf_8_with_times_to_the_microsecond(world: World):
    job = make.job(make.submission(world.member, world.account), status_reason="läuft")
    for path, schema in ((f"/jobs/{job.text_id}", JobOut), (f"/submissions/{job.submission.text_id}", SubmissionOut)):
        content = world.program.get(path).content
        assert "läuft".encode() in content
        assert content == schema.model_validate_json(content).model_dump_json().encode()


def test_an_unknown_path_or_method_is_refused_in_the_same_shape(world: World):
    for path in ("/nowhere", "/submissions/", "/jobs/"):
        assert world.program.get(path).json()["status"] == 404, path
    answer = world.program.get("/validate")
    assert (answer.status_code, answer["Allow"], answer.json()["status"]) == (405, "POST", 405)
    assert world.program.client.get("/api/").json()["status"] == 404


def test_the_openapi_document_names_every_route(world: World):
    paths = Program(world.program.client).get("/openapi.json").json()["paths"]

    assert sorted(paths) == [
        "/api/v1/approvals",
        "/api/v1/costs",
        "/api/v1/costs/actual",
        "/api/v1/definitions",
        "/api/v1/forms",
        "/api/v1/forms/{text_id}",
        "/api/v1/forms/{text_id}/submissions",
        "/api/v1/jobs",
        "/api/v1/jobs/{text_id}",
        "/api/v1/jobs/{text_id}/log",
        "/api/v1/jobs/{text_id}/release",
        "/api/v1/jobs/{text_id}/run-again",
        "/api/v1/jobs/{text_id}/stop",
        "/api/v1/key",
        "/api/v1/me",
        "/api/v1/queues",
        "/api/v1/submissions",
        "/api/v1/submissions/{text_id}",
        "/api/v1/submissions/{text_id}/run-again",
        "/api/v1/submissions/{text_id}/stop",
        "/api/v1/templates",
        "/api/v1/templates/{text_id}",
        "/api/v1/templates/{text_id}/submissions",
        "/api/v1/templates/{text_id}/versions",
        "/api/v1/validate",
    ]
