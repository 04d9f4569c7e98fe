"""Launch forms through the API: pushed as files by CI, and submitted with plain values."""

from typing import Any

import pytest

from jobs.models import LaunchForm, LaunchFormVersion, Submission
from tests.api.conftest import World, document, lines

pytestmark = pytest.mark.django_db


def file(**fields: Any) -> dict[str, Any]:
    return {
        "name": "Risk",
        "description": "Risk of a quarter",
        "note": "First.",
        "sections": [
            {
                "title": "Period",
                "fields": [
                    {"name": "quarter", "type": "choice", "choices": ["Q1", "Q2"], "default": "Q1"},
                    {"name": "attempts", "type": "number", "mode": "locked", "default": 2},
                ],
            }
        ],
        "document": document(jobName="risk-${param.quarter}", retryStrategy={"attempts": "${param.attempts}"}),
        **fields,
    }


@pytest.fixture
def form(world: World) -> str:
    answer = world.program.post("/forms", file())
    assert answer.status_code == 201, answer.content
    text_id: str = answer.json()["id"]
    return text_id


def problems(answer: Any) -> list[str]:
    assert answer.status_code == 422, answer.content
    return [problem["pointer"] for problem in answer.json()["problems"]]


def test_the_same_file_again_changes_nothing(world: World, form: str):
    again = world.program.post("/forms", file())
    described = world.program.post("/forms", file(description="Other words", labels=["finance"]))
    changed = world.program.post("/forms", file(document=document(jobName="r-${param.quarter}-${param.attempts}")))

    assert (again.status_code, again.json()["id"], again.json()["version"]) == (200, form, 1)
    assert (described.status_code, described.json()["description"]) == (200, "Other words")
    assert (changed.status_code, changed.json()["version"]) == (201, 2)
    assert LaunchForm.objects.get().versions.count() == 2


def test_a_form_is_read_and_listed(world: World, form: str):
    content = world.program.get(f"/forms/{form}").json()
    [listed] = world.program.get("/forms?q=quarter").json()["forms"]

    assert content["document"] == file()["document"]
    assert content["locked_by"] == {"attempts": LaunchFormVersion.objects.get().created_by.display_name}
    assert (listed["name"], listed["version"], listed["runs"]) == ("Risk", 1, 0)
    assert world.program.get(f"/forms/{form}?version=7").status_code == 404


def test_what_is_wrong_with_a_file_is_at_its_place(world: World):
    assert problems(world.program.post("/forms", {"name": "x"})) == ["", ""]
    assert problems(world.program.post("/forms", file(document={"jobDefinitionName": "x"}))) == ["/document"]
    unknown = file(document=document(jobName="${param.x}-${param.quarter}-${param.attempts}"))
    assert problems(world.program.post("/forms", unknown)) == ["/document/jobName"]
    assert not LaunchForm.objects.exists()


def test_a_form_is_submitted_with_plain_values(world: World, form: str):
    answer = world.program.post(f"/forms/{form}/submissions", {"values": {"quarter": "Q2"}})

    assert answer.status_code == 202
    assert answer.json()["form"] == {
        "id": form,
        "name": "Risk",
        "version": 1,
        "values": {"quarter": "Q2", "attempts": "2"},
    }
    submission = Submission.objects.get()
    assert submission.document["jobName"] == "risk-Q2"
    assert submission.document["retryStrategy"] == {"attempts": 2}
    assert ["form", form, "1", "Risk"] in lines(
        world.program.get(f"/submissions/{submission.text_id}", accept="text/plain")
    )


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"attempts": 9}, "/values/attempts"),
        ({"jobQueue": "gpu"}, "/values/jobQueue"),
        ({"quarter": "Q9"}, "/values/quarter"),
        ({"quarter": [["Q1"]]}, "/values/quarter"),
    ],
)
def test_what_the_form_does_not_ask_for_is_refused(world: World, form: str, values: dict[str, Any], pointer: str):
    assert problems(world.program.post(f"/forms/{form}/submissions", {"values": values})) == [pointer]
    assert not Submission.objects.exists()


def test_a_document_beside_the_values_is_refused(world: World, form: str):
    answer = world.program.post(f"/forms/{form}/submissions", {"values": {}, "document": document()})

    assert answer.status_code == 422
    assert not Submission.objects.exists()


def test_a_problem_of_the_document_is_at_its_value(world: World):
    text = {"fields": [{"name": "queue", "default": "cpu"}]}
    form = world.program.post("/forms", file(sections=[text], document=document(jobQueue="${param.queue}"))).json()[
        "id"
    ]

    assert problems(world.program.post(f"/forms/{form}/submissions", {"values": {"queue": "nowhere"}})) == [
        "/values/queue"
    ]


def test_a_repeated_request_is_one_submission(world: World, form: str):
    request = {"values": {"quarter": "Q2"}}
    first = world.program.post(f"/forms/{form}/submissions", request, idempotency_key="k1").json()
    world.program.post("/forms", file(document=document(jobName="r-${param.quarter}-${param.attempts}")))
    again = world.program.post(f"/forms/{form}/submissions", request, idempotency_key="k1").json()

    assert first["id"] == again["id"]
    assert Submission.objects.count() == 1


def test_lists_of_values_make_a_job_for_each(world: World, form: str):
    address = f"/forms/{form}/submissions"
    answer = world.program.post(address, {"values": {"quarter": ["Q1", "Q2"]}})

    assert answer.status_code == 202, answer.content
    assert [job["name"] for job in answer.json()["jobs"]] == ["risk-Q1-0", "risk-Q2-1"]
    assert answer.json()["form"]["values"]["quarter"] == "Q1, Q2"
    assert problems(world.program.post(address, {"values": {"quarter": ["Q1", "Q9"]}})) == ["/values/quarter"]
    assert problems(world.program.post(address, {"values": {"attempts": [2, 3]}})) == ["/values/attempts"]
    assert problems(world.program.post(address, {"values": {"quarter": []}})) == ["/values"]
    assert world.program.post(address, {"values": {}, "combine": "all"}).status_code == 422
    zipped = world.program.post(address, {"values": {"quarter": ["Q2", "Q1"]}, "combine": "zip"})
    assert zipped.status_code == 202
    assert Submission.objects.filter(form_version__isnull=False).count() == 2


def test_lists_of_values_make_one_array_job(world: World):
    text = {"fields": [{"name": "rate", "type": "number", "max": 1}, {"name": "queue", "default": "q"}]}
    job = document(
        jobName="train",
        jobQueue="${param.queue}",
        containerOverrides={"environment": [{"name": "RATE", "value": "${param.rate}"}]},
    )
    form = world.program.post("/forms", file(sections=[text], document=job)).json()["id"]
    address = f"/forms/{form}/submissions"
    array = {"values": {"rate": [0.1, 0.01]}, "run_as": "array", "index_by": "variable"}
    answer = world.program.post(address, array)

    assert answer.status_code == 202, answer.content
    stored = Submission.objects.get().document
    assert stored["arrayProperties"] == {"size": 2}
    assert stored["containerOverrides"] == {"environment": [{"name": "SWEEP_VALUES", "value": "RATE=0.1\nRATE=0.01"}]}
    for values, pointer in (
        ({"rate": [0.1, 2]}, "/values/rate"),
        ({"rate": 0.1, "queue": ["q", "gpu"]}, "/values/queue"),
        ({"rate": [0.1, 0.01], "queue": "nowhere"}, "/values/queue"),
    ):
        assert problems(world.program.post(address, {**array, "values": values})) == [pointer]
    for wrong in ({"run_as": "both"}, {"run_as": ["array"]}, {"index_by": 1}):
        assert world.program.post(address, {**array, **wrong}).status_code == 422
    assert Submission.objects.count() == 1
