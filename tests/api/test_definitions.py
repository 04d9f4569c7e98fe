import json
from pathlib import Path

import pytest
from django.core.management import call_command

from jobs import actions
from jobs.models import IdempotencyRecord, Registration, Revision
from jobs.web.builder import feedback
from tests import make
from tests.api.conftest import Committing, World, document, lines

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """What AWS answers while the portal waits for it: registered, unless a test says otherwise."""
    says: dict[str, object] = {"registration": Registration.REGISTERED, "number": 7, "arn": "arn:aws:batch:x:7"}

    def answered(revision: Revision) -> Revision:
        Revision.objects.filter(pk=revision.pk, registration=Registration.ACCEPTED).update(**says)
        revision.refresh_from_db()
        return revision

    monkeypatch.setattr("jobs.actions.wait_for_registration", answered)
    return says


def test_a_definition_is_registered(
    world: World, enqueued: list[str], django_capture_on_commit_callbacks: Committing
):
    with django_capture_on_commit_callbacks(execute=True):
        answer = world.program.post("/definitions", make.document("fresh"))
    revision = Revision.objects.get(definition__name="fresh")

    assert answer.status_code == 201
    assert answer.json() == {
        "name": "fresh",
        "revision": 7,
        "arn": "arn:aws:batch:x:7",
        "url": f"http://testserver{revision.get_absolute_url()}",
        "reused": False,
        "problems": [],
        "changes": [],
    }
    assert revision.registered_by == world.member.user
    assert enqueued == ["register"]


def test_what_is_registered_already_is_used_again_and_said_so(world: World, aws: dict[str, object]):
    world.program.post("/definitions", make.document("d"))
    again = world.program.post("/definitions", make.document("d"))
    rows = lines(world.program.post("/definitions", make.document("d"), accept="text/plain"))

    assert (again.status_code, again.json()["revision"], again.json()["reused"]) == (201, 7, True)
    assert rows[1] == ["reused", "d"]
    assert Revision.objects.filter(definition__name="d").count() == 1


def test_when_aws_takes_long_the_answer_says_where_to_look_and_the_same_key_asks_again(
    world: World, aws: dict[str, object]
):
    patient = dict(aws)
    aws.clear()
    aws["refusal"] = ""
    answer = world.program.post("/definitions", make.document("slow"), Idempotency_Key="k")
    assert answer.status_code == 202
    assert (answer.json()["revision"], answer.json()["arn"]) == (None, None)
    assert "/definitions/" in answer.json()["url"]

    aws.update(patient)
    again = world.program.post("/definitions", make.document("slow"), Idempotency_Key="k")
    assert (again.status_code, again.json()["revision"]) == (201, 7)
    assert Revision.objects.filter(definition__name="slow").count() == 1


def test_what_aws_refuses_is_said_in_its_words(world: World, aws: dict[str, object]):
    aws.clear()
    aws.update({"registration": Registration.REFUSED, "refusal": "Error executing request: no such role"})
    answer = world.program.post("/definitions", make.document("wrong"))

    assert (answer.status_code, answer.json()["title"]) == (422, "AWS Batch refused the definition")
    assert answer.json()["problems"][0]["message"] == "Error executing request: no such role"

    aws.update({"refusal": "No such image. (policy.image-not-granted)", "refused_by_portal": True})
    answer = world.program.post("/definitions", make.document("withdrawn"))
    assert answer.json()["title"] == "The portal refused the definition"


def test_the_same_key_gives_the_same_revision_even_after_others(world: World, aws: dict[str, object]):
    first = world.program.post("/definitions", make.document("d"), Idempotency_Key="k")
    aws["number"] = 8
    world.program.post("/definitions", make.document("d", timeout={"attemptDurationSeconds": 60}))
    again = world.program.post("/definitions", make.document("d"), Idempotency_Key="k")

    assert first.json() == again.json()
    assert Revision.objects.filter(definition__name="d").count() == 2


@pytest.mark.long
def test_a_key_with_another_definition_is_422_but_one_whose_document_was_refused_is_free(world: World):
    world.program.post("/definitions", make.document("d"), Idempotency_Key="k")
    for path, body in (
        ("/definitions", make.document("e")),
        ("/definitions?region=us-west-2", make.document("d")),
        ("/submissions", document()),
    ):
        answer = world.program.post(path, body, Idempotency_Key="k")
        assert (answer.status_code, answer.json()["title"]) == (422, "Idempotency-Key already used"), path

    assert world.program.post("/definitions", make.document("a b"), Idempotency_Key="l").status_code == 422
    assert world.program.post("/definitions", make.document("ab"), Idempotency_Key="l").status_code == 201


def test_a_first_request_that_died_half_way_is_made_up_for(world: World):
    first = world.program.post("/definitions", make.document("d"), Idempotency_Key="k")
    IdempotencyRecord.objects.update(status=0, answer={})
    again = world.program.post("/definitions", make.document("d"), Idempotency_Key="k")

    assert first.json() == again.json()
    assert Revision.objects.filter(definition__name="d").count() == 1


def test_a_name_of_another_team_is_refused_at_its_place(world: World):
    make.definition("taken", where=world.account)
    answer = world.program.post("/definitions", make.document("taken"))

    assert answer.status_code == 422
    assert answer.json()["problems"][0]["pointer"] == "/jobDefinitionName"


def test_the_region_says_where_and_two_accounts_there_are_named(world: World):
    elsewhere = make.account(region="eu-west-1")
    make.queue("e", of=elsewhere, teams=(world.member.team,))
    assert world.program.post("/definitions?region=eu-west-1", make.document("d")).status_code == 201
    assert Revision.objects.get(definition__name="d").definition.account == elsewhere

    make.queue("f", of=make.account(region="eu-west-1", name="Second"), teams=(world.member.team,))
    answer = world.program.post("/definitions?region=eu-west-1", make.document("d"))
    assert (answer.status_code, "Second" in answer.json()["detail"]) == (422, True)


def test_as_text_a_definition_is_one_line_and_its_remarks(world: World):
    untyped = {key: value for key, value in make.document("d").items() if key != "type"}
    rows = lines(world.program.post("/definitions", untyped, accept="text/plain"))

    assert rows[0][:4] == ["definition", "d", "7", "arn:aws:batch:x:7"]
    assert rows[1][:2] == ["change", "/type"]


def test_validating_says_everything_and_keeps_nothing(world: World, enqueued: list[str]):
    good = world.program.post("/validate", document()).json()
    assert (good["kind"], good["ok"], good["problems"], good["document"]) == ("submission", True, [], document())

    bad = world.program.post("/validate", document(jobQueue="none")).json()
    assert (bad["ok"], bad["problems"][0]["pointer"], bad["problems"][0]["line"]) == (False, "/jobQueue", 1)
    assert world.program.post("/validate", make.document("d")).json()["kind"] == "definition"

    nothing = world.program.post("/validate", '{"jobName": ')
    assert (nothing.status_code, nothing.json()["ok"], nothing.json()["kind"]) == (200, False, None)
    assert (enqueued, world.member.team.submissions.exists()) == ([], False)
    assert not Revision.objects.filter(definition__name="d").exists()


def test_api_page_and_command_report_the_same_problems(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    text = json.dumps(
        {**make.document("d"), "retryStrategy": {"attempts": 11}, "timeout": {"attemptDurationSeconds": 10}}, indent=1
    )
    file = tmp_path / "definition.json"
    file.write_text(text)
    with pytest.raises(SystemExit):
        call_command("judge", str(file))
    by_command = json.loads(capsys.readouterr().out)["problems"]
    by_api = world.program.post("/validate", text).json()["problems"]
    on_page = feedback.from_result(actions.validate(text, world.member)).markers_as_json

    def same(problem: dict[str, object], *keys: str) -> dict[str, object]:
        return {key: problem[key] for key in ("pointer", "severity", "message", "rule", *keys)}

    assert len(by_command) == 2
    assert all(same(problem) in [same(other) for other in by_api] for problem in by_command)
    assert [same(each, "line", "column") for each in by_api] == [same(each, "line", "column") for each in on_page]
    assert [each["fix"] for each in by_command if each["fix"]] == [each["fix"] for each in on_page if each["fix"]]


def test_as_text_a_verdict_is_lines(world: World):
    rows = lines(world.program.post("/validate", document(jobQueue="none"), accept="text/plain"))
    assert rows[0] == ["document", "submission", "0"]
    assert rows[1][:2] == ["problem", "error"]
