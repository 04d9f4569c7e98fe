"""What another team has is not told apart from what does not exist: in addresses, queries, forms and API bodies."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from jobs.models import Submission
from tests.examples import QUICK
from tests.matrix.bodies import request_body
from tests.matrix.routes import Route, all_routes
from tests.matrix.sides import OURS, THEIRS, document_of, submission_of
from tests.matrix.test_matrix import EXPECTED
from tests.matrix.world import World, text, unused_ids

NOBODYS = "quikka"
"""Of the length and look of the other team's word, and nobody's."""
NAMING = [
    route
    for route in all_routes()
    if route.area != "admin" and any(noun[0] not in ("cli", "schemas") for noun in route.nouns)
]


_NEW_EACH_TIME = re.compile(
    r'name="csrfmiddlewaretoken" value="[^"]+"|name="(request_key|draft)"[^>]+|nonce="[^"]+"|data-draft-id="[^"]+"'
    r'|<time.*?</time>|<span class="num" data-since.*?</span>|\d{4}-\d\d-\d\d[T ][\d:.+Z]+',
    re.DOTALL,
)


def normalized_body(answer: Any, *ids: str) -> tuple[int, str]:
    """Status and body, without what is new in each answer and without what was asked for."""
    body = _NEW_EACH_TIME.sub("", text(answer))
    for each in sorted({*ids, THEIRS, NOBODYS, THEIRS.capitalize(), NOBODYS.capitalize()}, key=len, reverse=True):
        body = body.replace(each, "…")
    return answer.status_code, body


@pytest.mark.long
@pytest.mark.parametrize("route", NAMING, ids=str)
def test_an_address_of_another_team_is_an_address_of_nothing(world: World, route: Route):
    theirs = world.theirs.ids
    nothing = unused_ids(theirs)
    people = ["token-submit", "token-read"] if route.area == "api" else ["analyst", "viewer", "lead"]
    for method in ("GET", "POST"):
        if (route.name, method) not in EXPECTED:
            continue
        body = request_body(route.name, world) if method == "POST" else None
        for noun in theirs.keys() & set(route.nouns):  # an index says nothing without the array before it
            for who in people[: 1 if QUICK else None]:
                told = [
                    world.ask(who, method, route.address({**world.ids, noun: ids[noun]}), body)
                    for ids in (theirs, nothing)
                ]
                first, second = (normalized_body(answer, theirs[noun], nothing[noun]) for answer in told)
                assert first == second, f"{who}: {method} {route.name} with another team's {noun[0]}"
                assert first[0] in (403, 404), f"{who}: {first[0]}"


def queries(world: World) -> list[str]:
    """Pages that take names or ids in their query."""
    team = f"/teams/{world.ours.team.slug}"
    return [
        f"{team}/workflows/?before={{submission}}",
        f"{team}/jobs/?before={{job}}",
        f"{team}/jobs/?after={{job}}",
        f"{team}/jobs/?search={{job}}",
        f"{team}/jobs/?search={{batch}}",
        f"{team}/jobs/?search={{word}}-job",
        f"{team}/jobs/?search={{word}}-job&scope=all",
        f"{team}/jobs/?search=queue:{{word}}-queue",
        f"{team}/jobs/?search=user:{{word}}-analyst",
        f"{team}/jobs/?search=def:{{word}}-definition",
        f"{team}/jobs/?search=tag.{{word}}-key:%22{{word}}%20value%22",
        f"{team}/jobs/?search=untagged:{{word}}-key",
        f"{team}/jobs/suggestions/?search=queue:{{word}}",
        f"{team}/jobs/suggestions/?search=tag.{{word}}-key:&scope=all",
        f"{team}/jobs.csv?search=tag.{{word}}-key:%22{{word}}%20value%22",
        f"{team}/jobs.csv?search=user:{{word}}-analyst&scope=all",
        f"{team}/costs/?by=tag:{{word}}-key",
        f"{team}/costs.csv?by=tag:{{word}}-key",
        f"{team}/costs/actual/?by=tag:{{word}}-key",
        f"{team}/actual-costs.csv?by=tag:{{word}}-key",
        f"{team}/definitions/?q={{word}}",
        f"{team}/definitions/?q={{word}}%20purpose",
        f"{team}/definitions/?after={{definition}}",
        f"{team}/definitions/?deactivated=yes&q={{word}}",
        f"/definitions/{world.ours.definition.text_id}/?before={{revision}}",
        f"/definitions/{world.ours.definition.text_id}/difference/?from={{revision}}",
        f"/definitions/{world.ours.definition.text_id}/difference/?to={{revision}}",
        f"{team}/new/?from={{submission}}",
        f"{team}/new/?revise={{definition}}",
        f"{team}/jobs/new/?again={{job}}",
        f"{team}/jobs/new/?definition={{word}}-definition",
        f"{team}/definitions/new/?revise={{definition}}",
        f"{team}/definitions/new/?clone={{definition}}",
    ]


@pytest.mark.long
def test_a_query_for_what_another_team_has_finds_nothing(world: World):
    theirs = names(world)
    nothing = {**unknown(theirs), "word": NOBODYS}
    for query in queries(world):
        told = [world.ask("analyst", "GET", query.format(**each)) for each in (theirs, nothing)]
        first, second = (normalized_body(answer, *theirs.values(), *nothing.values()) for answer in told)
        assert first == second, query
        assert first[0] in (200, 404), query


def names(world: World, of: str = THEIRS) -> dict[str, str]:
    side = world.theirs if of == THEIRS else world.ours
    return {
        "word": of,
        "submission": side.submission.text_id,
        "job": side.job.text_id,
        "definition": side.definition.text_id,
        "revision": side.revision.text_id,
        "batch": str(side.job.batch_id),
        "queue_arn": side.queue.arn,
        "definition_arn": side.revision.arn,
    }


def unknown(known: Mapping[str, str]) -> dict[str, str]:
    """The same of nobody: ids of the same age, names of the same look."""
    fresh = {key: unused_ids({("x", "text_id"): value})["x", "text_id"] for key, value in known.items()}
    arns = {key: value.replace(known["word"], NOBODYS) for key, value in known.items() if known["word"] in value}
    return {**fresh, **arns, "batch": f"ffffffff{known['batch'][8:]}"}


DOCUMENTS = {
    "a queue": lambda own, n: submission_of(own, jobQueue=f"{n['word']}-queue"),
    "a queue by its ARN": lambda own, n: submission_of(own, jobQueue=n["queue_arn"]),
    "a definition": lambda own, n: submission_of(own, jobDefinition=f"{n['word']}-definition"),
    "a revision": lambda own, n: submission_of(own, jobDefinition=f"{n['word']}-definition:1"),
    "a revision by its ARN": lambda own, n: submission_of(own, jobDefinition=n["definition_arn"]),
    "a job to wait for": lambda own, n: submission_of(own, dependsOn=[{"jobId": n["batch"]}]),
    "a child to wait for": lambda own, n: submission_of(own, dependsOn=[{"jobId": f"{n['batch']}:0"}]),
    "a job of a workflow's step": lambda own, n: {
        "jobs": [submission_of(own), submission_of(own, jobName="second", dependsOn=[{"jobId": n["batch"]}])]
    },
}
"""A document of a team's own that names one thing of another: it is in the body, not in the address."""


@pytest.mark.long
@pytest.mark.parametrize("what", DOCUMENTS)
def test_a_document_that_names_what_another_team_has_names_nothing(world: World, what: str):
    page = f"/teams/{world.ours.team.slug}"
    for who, address, shape in (
        ("analyst", f"{page}/new/", "text"),
        ("analyst", f"{page}/judge/", "text"),
        ("analyst", f"{page}/form/", "text"),
        ("token-submit", "/api/v1/submissions", ""),
        ("token-submit", "/api/v1/validate", ""),
        ("token-other", "/api/v1/submissions", ""),
        ("token-other", "/api/v1/validate", ""),
    ):
        own, others = (THEIRS, OURS) if who == "token-other" else (OURS, THEIRS)
        answers = []
        for each in known_and_unknown(world, others):
            document = DOCUMENTS[what](own, each)
            body = {shape: json.dumps(document)} if shape else document
            answers.append(normalized_body(world.ask(who, "POST", address, body), *each.values(), *spellings(others)))
        assert answers[0] == answers[1], f"{who}: {address}"
        assert answers[0][0] in (200, 422), f"{who}: {address}"
        if address.endswith("/submissions"):
            assert answers[0][0] == 422, f"{who}: {address}"
    assert world.ours.team.submissions.count() == world.theirs.team.submissions.count() == 2


@pytest.mark.long
def test_the_same_document_with_the_teams_own_names_is_taken(world: World):
    """Else the refusals above would prove nothing."""
    for who, own in (("token-submit", OURS), ("token-other", THEIRS)):
        for what, document in DOCUMENTS.items():
            answer = world.ask(who, "POST", "/api/v1/submissions", document(own, names(world, own)))
            assert answer.status_code == 202, f"{who}: {what}: {text(answer)}"


def known_and_unknown(world: World, others: str) -> tuple[dict[str, str], dict[str, str]]:
    """What another team has, and what nobody has."""
    known = names(world, others)
    return known, {**unknown(known), "word": NOBODYS}


def spellings(word: str) -> tuple[str, str]:
    return word, word.capitalize()


def test_the_search_for_jobs_to_wait_for_finds_the_teams_own(world: World):
    address = f"/teams/{world.ours.team.slug}/jobs/new/waits/"
    content = text(world.ask("analyst", "POST", address, {"waits_named": "-job"}))
    assert OURS in content
    assert THEIRS not in content

    theirs = names(world)
    nothing = unknown(theirs)
    told = [
        world.ask("analyst", "POST", address, {"waits_named": each["batch"], "waits": each["batch"]})
        for each in (theirs, nothing)
    ]
    first, second = (normalized_body(answer, theirs["batch"], nothing["batch"]) for answer in told)
    assert first == second


@pytest.mark.long
def test_a_name_in_an_account_that_a_team_has_not_is_free_to_it(world: World):
    """In an account that both use, a name that is taken must be refused; it is not said by whom."""
    world.ours.team.queue_grants.filter(queue__name=f"{OURS}-own-queue").delete()  # the region then says where
    for who, other in (("token-submit", world.theirs), ("token-other", world.ours)):
        for address in ("/api/v1/definitions?region=us-west-2", "/api/v1/validate?region=us-west-2"):
            answer = world.ask(who, "POST", address, document_of(other.word))
            assert answer.status_code == (422 if "definitions" in address else 200), f"{who}: {address}"
            assert "belongs to another team in Common account" in text(answer), f"{who}: {address}"
            assert other.team.name not in text(answer)
    told = [
        normalized_body(
            world.ask("token-submit", "POST", f"/api/v1/validate?region={region}", document_of(OURS)), region
        )
        for region in ("eu-west-1", "ap-south-1")
    ]
    assert told[0] == told[1]
    assert told[0][0] == 422


def test_a_key_that_another_team_used_is_a_new_key(world: World):
    """Keys are the team's own: neither the other's answer comes back, nor a refusal that would tell of it."""
    key = {"Idempotency-Key": "build-4711"}
    Submission.objects.filter(pk=world.theirs.submission.pk).update(request_key="build-4711", request_hash="x")
    made = world.ask("token-submit", "POST", "/api/v1/submissions", submission_of(OURS), headers=key)

    assert made.status_code == 202
    assert THEIRS not in text(made)


@pytest.mark.parametrize("attempt", ["", "1", "2", "999"])
@pytest.mark.parametrize("place", ["", "f/quokka/default/0", "b/quokka/default/0"])
def test_a_log_is_read_from_the_jobs_own_streams_whatever_is_asked(world: World, attempt: str, place: str):
    job = world.ours.job
    for address in (
        f"/jobs/{job.text_id}/log/?attempt={attempt}&after={place}",
        f"/jobs/{job.text_id}/log/?attempt={attempt}&before={place}&stream={THEIRS}/default/0",
    ):
        assert world.ask("viewer", "GET", address).status_code == 200
    world.ask("token-read", "GET", f"/api/v1/jobs/{job.text_id}/log?next={attempt or 1}.{place}&stream={THEIRS}")

    assert all(stream.startswith(OURS) for stream in world.read_streams)


def test_a_form_cannot_say_for_whom_it_is(world: World):
    """Team, person and price follow from who asks and what is asked, never from what the body says."""
    body = {"text": json.dumps(submission_of(OURS)), "team": world.theirs.team.pk, "person": world.theirs.lead.pk}
    before = world.theirs.team.submissions.count()
    answer = world.ask("analyst", "POST", f"/teams/{world.ours.team.slug}/new/", body, keep_changes=True)
    assert answer.status_code == 302
    made = world.ours.team.submissions.first()

    assert (made.person, world.theirs.team.submissions.count()) == (world.ours.analyst, before)
