"""Workflow templates through the API: saved, read, and started with plain values."""

import json
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from jobs.models import Submission, TemplateVersion, WorkflowTemplate
from tests import make
from tests.api.conftest import Program, World, document, lines, token

pytestmark = pytest.mark.django_db


def file(**fields: Any) -> dict[str, Any]:
    load = document(jobName="load-${param.dataset}")
    train = document(
        jobName="train-${param.dataset}",
        dependsOn=[{"jobId": "${load-${param.dataset}}"}],
        arrayProperties={"size": "${param.size}"},
    )
    return {
        "name": "Nightly",
        "description": "What runs at night",
        "note": "First.",
        "parameters": [
            {"name": "dataset", "label": "Dataset", "default": "41"},
            {"name": "size", "type": "number", "default": 2},
        ],
        "document": {"jobs": [load, train]},
        **fields,
    }


@pytest.fixture
def template(world: World) -> str:
    answer = world.program.post("/templates", file())
    assert answer.status_code == 201
    text_id: str = answer.json()["id"]
    return text_id


def problems(answer: Any) -> list[str]:
    assert answer.status_code == 422, answer.content
    return [problem["pointer"] for problem in answer.json()["problems"]]


def test_a_template_is_created_read_and_listed(
    world: World, template: str, django_assert_num_queries: DjangoAssertNumQueries
):
    version = TemplateVersion.objects.get()
    with django_assert_num_queries(5):
        content = world.program.get(f"/templates/{template}").json()

    assert content["url"] == f"http://testserver/templates/{template}/"
    assert (content["name"], content["version"], content["note"], content["runs"]) == ("Nightly", 1, "First.", 0)
    assert content["document"] == file()["document"]
    assert content["parameters"][1] == {
        "name": "size", "label": "", "help": "", "type": "number", "default": "2", "required": True, "choices": [],
    }  # fmt: skip
    assert (version.template.owner, version.template.team) == (world.member.user, world.member.team)
    listed = world.program.get("/templates?q=night").json()
    assert ([row["id"] for row in listed["templates"]], listed["next"]) == ([template], "")
    assert "parameters" not in listed["templates"][0]
    assert world.program.get("/templates?q=weekly").json()["templates"] == []
    assert problems(world.program.get("/templates?after=nonsense")) == [""]
    assert lines(world.program.get("/templates", accept="text/plain")) == [["template", template, "1", "Nightly"]]
    assert lines(world.program.get(f"/templates/{template}", accept="text/plain"))[1:] == [
        ["parameter", "dataset", "text", "1", "41"],
        ["parameter", "size", "number", "1", "2"],
    ]


def test_an_export_is_imported_as_it_is(world: World, template: str):
    exported = {**file(), "version": 7}
    again = world.program.post("/templates", {**exported, "name": "Copy"})

    assert (again.status_code, again.json()["version"]) == (201, 1)


def test_a_version_is_new_only_if_something_changed(world: World, template: str):
    path = f"/templates/{template}/versions"
    assert world.program.post(path, file()).status_code == 200
    changed = file(note="Four by default.", parameters=[{"name": "dataset"}, {"name": "size", "default": "4"}])
    answer = world.program.post(path, changed)

    assert (answer.status_code, answer.json()["version"]) == (201, 2)
    assert world.program.get(f"/templates/{template}?version=1").json()["note"] == "First."
    assert world.program.get(f"/templates/{template}?version=9").status_code == 404


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"name": "Nightly"}, "/name"),
        ({"colour": "blue"}, "/colour"),
        ({"parameters": [{"name": "dataset"}]}, "/document/jobs/1/arrayProperties/size"),
        (
            {"parameters": [{"name": "dataset"}, {"name": "size", "type": "number", "default": "x"}]},
            "/parameters/1/default",
        ),
        ({"document": {"jobs": [], "name": "${param.x}"}, "parameters": []}, "/document/name"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_at_its_place(world: World, template: str, fields: Any, pointer: str):
    answer = world.program.post("/templates", file(**{"name": "New", **fields}))

    assert problems(answer)[0] == pointer
    assert WorkflowTemplate.objects.count() == 1
    assert answer.json()["detail"] == "Nothing was saved."


def test_a_template_is_started_with_plain_values(world: World, template: str, enqueued: list[str]):
    path = f"/templates/{template}/submissions"
    answer = world.program.post(path, {"values": {"dataset": "q2", "size": 3}, "on_refusal": "keep"})
    content = answer.json()
    submission = Submission.objects.get()

    assert answer.status_code == 202
    assert content["template"] == {
        "id": template, "name": "Nightly", "version": 1, "values": {"dataset": "q2", "size": "3"},
    }  # fmt: skip
    assert [job["name"] for job in content["jobs"]] == ["load-q2", "train-q2"]
    assert (content["problems"], content["changes"]) == ([], [])
    assert (submission.source, submission.on_refusal, submission.person) == ("api", "keep", world.member.user)
    assert world.program.get(f"/submissions/{content['id']}").json()["template"] == content["template"]
    text = lines(world.program.get(f"/submissions/{content['id']}", accept="text/plain"))
    assert ["template", template, "1", "Nightly"] in text
    assert [job["name"] for job in world.program.post(path).json()["jobs"]] == ["load-41", "train-41"]


def test_the_same_key_starts_once(world: World, template: str, enqueued: list[str]):
    path = f"/templates/{template}/submissions"
    first = world.program.post(path, {"values": {"dataset": "q2"}}, Idempotency_Key="build-1").json()
    world.program.post(
        f"/templates/{template}/versions",
        file(note="x", parameters=[{"name": "dataset"}, {"name": "size", "default": 4}]),
    )
    again = world.program.post(path, {"values": {"dataset": "q2"}}, Idempotency_Key="build-1").json()
    other = world.program.post(path, {"values": {"dataset": "q3"}}, Idempotency_Key="build-1")

    assert again["id"] == first["id"]
    assert other.json()["title"] == "Idempotency-Key already used"
    assert Submission.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"values": {"size": "many"}}, ["/values/size"]),
        ({"values": {"size": 3, "colour": "blue"}}, ["/values/colour"]),
        ({"values": {"dataset": ""}}, ["/values/dataset"]),
        ({"values": {"dataset": None, "size": [1]}}, ["/values/size"]),
        ({"values": {"dataset": "a b"}}, ["/values/dataset", "/values/dataset"]),
        ({"version": 9}, ["/version"]),
        ({"values": []}, [""]),
        ({"version": "1"}, [""]),
        ({"on_refusal": "maybe"}, [""]),
        ({"value": {}}, [""]),
        ("[1]", [""]),
    ],
)
def test_a_start_with_wrong_values_is_refused_at_their_places(
    world: World, template: str, body: Any, pointers: list[str]
):
    answer = world.program.post(f"/templates/{template}/submissions", body)

    assert problems(answer) == pointers
    assert not Submission.objects.exists()


@pytest.mark.parametrize("on_refusal", [[], {}, 1, None, "other"])
def test_a_choice_that_is_none_is_refused(world: World, template: str, on_refusal: Any):
    answer = world.program.post(f"/templates/{template}/submissions", {"on_refusal": on_refusal})
    assert (answer.status_code, answer.json()["detail"]) == (422, "on_refusal must be stop or keep.")


@pytest.mark.postgres
def test_a_search_ignores_nul(world: World, template: str):
    assert [row["id"] for row in world.program.get("/templates?q=ni%00ght").json()["templates"]] == [template]


@pytest.mark.parametrize("fields", [{"9" * 5000: 1}, {"parameters": {"9" * 5000: 1}}])
def test_a_name_of_many_digits_is_no_index(world: World, fields: dict[str, Any]):
    jobs = [document(jobName="a-${param.word}", **fields)]
    answer = world.program.post("/templates", file(document={"jobs": jobs}, parameters=[{"name": "word"}]))
    assert answer.status_code in (201, 422)


def test_what_the_workflow_may_not_is_refused_as_everywhere(world: World, template: str):
    world.member.team.queue_grants.all().delete()
    answer = world.program.post(f"/templates/{template}/submissions", {})

    assert problems(answer)[0] == "/jobs/0/jobQueue"
    assert answer.json()["detail"] == "Nothing was submitted."


def test_an_archived_template_is_not_started(world: World, template: str):
    WorkflowTemplate.objects.update(archived_at="2026-01-01T00:00:00Z")

    assert (
        "is archived" in world.program.post(f"/templates/{template}/submissions", {}).json()["problems"][0]["message"]
    )
    assert [row["archived"] for row in world.program.get("/templates?archived=true").json()["templates"]] == [True]


def test_another_team_has_no_such_template_and_a_reader_only_reads(world: World, template: str, client: Client):
    stranger = Program(client, token(make.member(make.team("elsewhere"))))
    for ask in (
        lambda: stranger.get(f"/templates/{template}"),
        lambda: stranger.post(f"/templates/{template}/versions", file()),
        lambda: stranger.post(f"/templates/{template}/submissions", {}),
    ):
        assert ask().status_code == 404
    reader = Program(client, token(world.member, may_submit=False))
    assert reader.get(f"/templates/{template}").status_code == 200
    assert reader.post(f"/templates/{template}/submissions", {}).status_code == 403
    viewer = Program(client, token(make.member(world.member.team, "viewer")))
    assert viewer.post(f"/templates/{template}/submissions", {}).status_code == 403
    assert viewer.post("/templates", file(name="Mine")).status_code == 403


def test_secrets_are_masked(world: World):
    secret = {"environment": [{"name": "DB_PASSWORD", "value": "hunter2-of-ci"}]}
    job = document(jobName="a-${param.word}", containerOverrides=secret, parameters={"apiKey": "${param.key}"})
    parameters = [{"name": "word", "default": "x"}, {"name": "key", "default": "s3cr3t-of-ci"}]
    content = world.program.post("/templates", file(document={"jobs": [job]}, parameters=parameters))
    started = world.program.post(f"/templates/{content.json()['id']}/submissions", {"values": {"word": "y"}})

    for answer in (
        content,
        started,
        world.program.get("/templates"),
        world.program.get(f"/templates/{content.json()['id']}"),
    ):
        assert answer.status_code < 300
        assert "hunter2" not in json.dumps(answer.json(), ensure_ascii=False)
        assert "s3cr3t-of" not in json.dumps(answer.json(), ensure_ascii=False)
