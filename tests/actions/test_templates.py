"""Workflow templates: what is stored of them, and what is started."""

import json

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404

from jobs import access, actions
from jobs.actions import IdempotencyConflictError, templates, versioned
from jobs.actions.templates import TemplateError
from jobs.models import AuditEntry, Job, Submission, TemplateVersion, WorkflowTemplate
from jobs.spec.parsing.parser import DocumentParseError
from jobs.spec.template_format import TemplateContent
from jobs.spec.template_parameters import Parameter, ParameterType
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

DATASET = Parameter("dataset", default="41")
SIZE = Parameter("size", type=ParameterType.NUMBER, default="2")


def step(name: str, **fields):
    return {"jobName": name, "jobQueue": "cpu", "jobDefinition": "hello", **fields}


def nightly(**fields) -> str:
    jobs = [
        step("load-${param.dataset}"),
        step(
            "train-${param.dataset}",
            dependsOn=[{"jobId": "${load-${param.dataset}}"}],
            arrayProperties={"size": "${param.size}"},
        ),
    ]
    return json.dumps({"name": "nightly-${param.dataset}", **fields, "jobs": jobs}, indent=2)


def content(**fields) -> TemplateContent:
    return TemplateContent(
        **{"name": "Nightly", "text": nightly(), "parameters": (DATASET, SIZE), "note": "First.", **fields}
    )


@pytest.fixture
def research(enqueued):
    member = make.member(make.team("research"), "lead")
    queue = make.queue("cpu", teams=(member.team,))
    make.revision("hello", of=member.team, where=queue.account)
    return member


@pytest.fixture
def template(research) -> WorkflowTemplate:
    return templates.create_template(research, content()).template


def pointers(error: pytest.ExceptionInfo[TemplateError]) -> list[tuple[str, str]]:
    return [(problem.pointer, problem.rule) for problem in error.value.problems]


def audit_entries():
    return list(AuditEntry.objects.order_by("pk").values_list("action", "noun", "label"))


def test_a_template_is_stored_with_its_first_version(research):
    version = templates.create_template(research, content(description="What runs at night"))
    version = TemplateVersion.objects.get(pk=version.pk)

    assert (version.number, version.note, version.created_by, version.text) == (1, "First.", research.user, nightly())
    assert version.parameter_list == (DATASET, SIZE)
    assert version.document["jobs"][1]["arrayProperties"] == {"size": "${param.size}"}
    assert (version.template.team, version.template.owner) == (research.team, research.user)
    assert audit_entries() == [("make", "workflow template", "Nightly")]


def test_conditions_and_what_no_form_shows_are_kept(research):
    conditions = [{"job": "train-${param.dataset}", "after": "load-${param.dataset}", "when": "always"}]
    jobs = [step("load-${param.dataset}"), step("train-${param.dataset}", timeout={"attemptDurationSeconds": 600})]
    text = json.dumps({"jobs": jobs, "conditions": conditions})
    version = templates.create_template(research, content(text=text, parameters=(DATASET,)))
    submission = templates.start_template(version.template, research, {"dataset": "q2"}, source="form")

    assert submission.document["conditions"] == [{"job": "train-q2", "after": "load-q2", "when": "always"}]
    assert submission.document["jobs"][1]["timeout"] == {"attemptDurationSeconds": 600}


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"name": " "}, "/name"),
        ({"name": "n" * 129}, "/name"),
        ({"description": "d" * 301}, "/description"),
        ({"note": "a\nb"}, "/note"),
        ({"parameters": (DATASET,)}, "/jobs/1/arrayProperties/size"),
        ({"parameters": (DATASET, SIZE, Parameter("more"))}, "/parameters/2/name"),
        ({"text": nightly(colour="blue")}, "/colour"),
    ],
)
def test_what_is_wrong_is_said_at_its_place_and_nothing_is_stored(research, fields, pointer):
    with pytest.raises(TemplateError) as error:
        templates.create_template(research, content(**fields))

    assert [problem.pointer for problem in error.value.problems] == [pointer]
    assert not WorkflowTemplate.objects.exists()


def test_a_template_is_a_workflow(research):
    with pytest.raises(DocumentParseError):
        templates.create_template(research, content(text=json.dumps(step("one"))))
    with pytest.raises(DocumentParseError):
        templates.create_template(research, content(text="{\0}"))


def test_a_name_is_a_teams_own(research, template):
    with pytest.raises(TemplateError) as error:
        templates.create_template(research, content())
    assert pointers(error) == [("/name", "template.name")]
    other = make.member(make.team("other"), "analyst")

    assert templates.create_template(other, content()).template.name == "Nightly"


def test_versions_are_numbered_and_the_same_again_is_none(research, template):
    first, is_new = templates.create_version(template, research, content(note="Again."))
    assert (first.number, is_new) == (1, False)
    changes = content(text=nightly(name="weekly-${param.dataset}"), note="Weekly.")
    second, is_new = templates.create_version(template, research, changes)
    third, _ = templates.restore_version(first, research)

    assert (second.number, is_new, third.number) == (2, True, 3)
    assert (third.text, third.note) == (first.text, "Restored version 1.")
    assert [version.number for version in template.versions.all()] == [3, 2, 1]
    assert audit_entries()[1:] == [
        ("make", "template version", "Nightly version 2"),
        ("make", "template version", "Nightly version 3"),
    ]


def test_masked_values_come_back_from_the_version_that_was_opened(research):
    secret = {"environment": [{"name": "DB_PASSWORD", "value": "hunter2-of-the-team"}]}
    text = json.dumps({"jobs": [step("a-1", containerOverrides=secret, parameters={"apiKey": "${param.token}"})]})
    token = Parameter("token", default="s3cr3t-token")
    first = templates.create_template(research, content(text=text, parameters=(token,)))
    edited = text.replace("hunter2-of-the-team", "••••").replace('"a-1"', '"b-1"')
    changes = content(text=edited, parameters=(Parameter("token", label="Token", default="••••"),))
    with pytest.raises(TemplateError) as error:
        templates.create_version(first.template, research, changes)
    assert pointers(error) == [
        ("/jobs/0/containerOverrides/environment/0/value", "secrets.masked-value"),
    ]
    second, _ = templates.create_version(first.template, research, changes, source_id=first.text_id)

    assert second.document["jobs"][0]["containerOverrides"] == secret
    assert second.parameter_list == (Parameter("token", label="Token", default="s3cr3t-token"),)
    assert "s3cr3t-token" not in "".join(AuditEntry.objects.values_list("after", flat=True))


def test_a_version_that_would_show_a_secret_does_not_start(research, template):
    """It was saved before such a place was refused."""
    command = {"command": ["login", "${param.token}"]}
    document = {"jobs": [step("a", containerOverrides=command)]}
    entries = [Parameter("token", default="s3cr3t-token").as_json()]
    template.versions.update(text=json.dumps(document), document=document, parameters=entries)
    with pytest.raises(TemplateError) as error:
        templates.start_template(template, research, {}, source="json")
    assert pointers(error) == [("/jobs/0/containerOverrides/command/1", "template.visible-secret")]
    document["jobs"][0]["containerOverrides"]["command"] = ["login", "--token=${param.token}"]
    template.versions.update(text=json.dumps(document), document=document)
    with pytest.raises(TemplateError) as error:
        templates.start_template(template, research, {"token": "s3cr3t token"}, source="json")
    assert pointers(error) == [("/values/token", "template.visible-secret")]
    assert not Submission.objects.exists()


def test_a_started_template_is_an_ordinary_submission_that_knows_where_it_is_from(research, template):
    submission = templates.start_template(template, research, {"dataset": "q2"}, source="api", on_refusal="keep")
    submission.refresh_from_db()
    template.refresh_from_db()

    assert submission.name == "nightly-q2"
    assert submission.template_version == template.versions.get()
    assert submission.template_values == {"dataset": "q2", "size": "2"}
    assert (submission.on_refusal, submission.source) == ("keep", "api")
    assert list(Job.objects.order_by("position").values_list("name", "array_size")) == [
        ("load-q2", None),
        ("train-q2", 2),
    ]
    assert submission.jobs.get(name="train-q2").dependencies.get().parent.name == "load-q2"
    assert (template.run_count, template.used_at) != (0, None)
    assert json.loads(AuditEntry.objects.get(action="submit").after)["template"] == "Nightly version 1"


def test_what_is_started_is_what_the_same_json_would_be(research, template):
    by_template = templates.start_template(template, research, {"dataset": "q2", "size": 3}, source="api")
    text = nightly().replace('"${param.size}"', "3").replace("${param.dataset}", "q2")
    by_hand = actions.submit(text, research, source="api")

    assert by_template.document == by_hand.document
    assert json.loads(by_template.text) == json.loads(by_hand.text)
    assert by_template.notes == by_hand.notes


@pytest.mark.parametrize(
    ("entries", "pointer"),
    [
        ({"dataset": ""}, "/values/dataset"),
        ({"size": "many"}, "/values/size"),
        ({"colour": "blue"}, "/values/colour"),
    ],
)
def test_a_wrong_value_starts_nothing(research, template, entries, pointer):
    with pytest.raises(TemplateError) as error:
        templates.start_template(template, research, entries, source="api")

    assert [problem.pointer for problem in error.value.problems] == [pointer]
    assert not Submission.objects.exists()


def test_what_the_workflow_may_not_is_refused_as_everywhere(research, template):
    research.team.queue_grants.all().delete()

    with pytest.raises(actions.ValidationFailedError):
        templates.start_template(template, research, {}, source="api")
    template.refresh_from_db()
    assert (template.run_count, Submission.objects.count()) == (0, 0)


def test_a_key_means_one_start_also_after_a_new_version(research, template):
    first = templates.start_template(template, research, {"dataset": "q2"}, source="api", request_key="build-1")
    templates.create_version(template, research, content(text=nightly(name="weekly-${param.dataset}")))
    again = templates.start_template(template, research, {"dataset": "q2"}, source="api", request_key="build-1")

    assert (again.pk, again.is_repeat) == (first.pk, True)
    with pytest.raises(IdempotencyConflictError):
        templates.start_template(template, research, {"dataset": "q3"}, source="api", request_key="build-1")
    template.refresh_from_db()
    assert template.run_count == 1


def test_a_version_can_be_chosen(research, template):
    templates.create_version(template, research, content(text=nightly(name="weekly-${param.dataset}")))

    names = [templates.start_template(template, research, {}, source="api", number=n).name for n in (1, None)]
    assert names == ["nightly-41", "weekly-41"]
    with pytest.raises(TemplateError) as error:
        templates.start_template(template, research, {}, source="api", number=9)
    assert pointers(error) == [("/version", "template.version")]


def test_an_archived_template_starts_nothing_until_it_is_restored(research, template):
    assert versioned.archive(template, research)
    assert not versioned.archive(template, research)
    template.refresh_from_db()
    for attempt in (
        lambda: templates.start_template(template, research, {}, source="api"),
        lambda: templates.create_version(template, research, content(text=nightly(name="weekly"))),
    ):
        with pytest.raises(TemplateError) as error:
            attempt()
        assert pointers(error) == [("", "template.archived")]
    assert versioned.restore(template, research)
    template.refresh_from_db()

    assert templates.start_template(template, research, {}, source="api").name == "nightly-41"
    assert [action for action, *_ in audit_entries()] == ["make", "archive", "restore", "submit"]


def test_the_last_values_are_the_persons_own_without_secrets(research):
    text = json.dumps({"jobs": [step("a-${param.dataset}", parameters={"apiKey": "${param.word}"})]})
    version = templates.create_template(research, content(text=text, parameters=(DATASET, Parameter("word"))))
    colleague = make.member(research.team)
    values = {"dataset": "q2", "word": "hunter2-of-me"}
    submission = templates.start_template(version.template, research, values, source="form")

    assert submission.template_values == {"dataset": "q2", "word": "••••"}
    assert templates.last_values(version, research) == {"dataset": "q2"}
    assert templates.last_values(version, colleague) == {}


@pytest.mark.parametrize(
    ("role", "refused"),
    [
        ("viewer", ["create", "version", "restore", "describe", "archive", "start"]),
        ("analyst", ["archive"]),
        ("lead", []),
    ],
)
def test_who_may_save_and_who_may_start(research, template, role, refused):
    member = make.member(research.team, role)
    attempts = {
        "create": lambda: templates.create_template(member, content(name="Mine")),
        "version": lambda: templates.create_version(template, member, content(text=nightly(name="mine"))),
        "restore": lambda: templates.restore_version(template.versions.get(number=1), member),
        "describe": lambda: versioned.set_description(template, "What it is for", member),
        "start": lambda: templates.start_template(template, member, {}, source="form"),
        "archive": lambda: versioned.archive(template, member),
    }
    denied = []
    for name, attempt in attempts.items():
        try:
            attempt()
        except PermissionDenied:
            denied.append(name)

    assert sorted(denied) == sorted(refused)


def test_another_teams_template_does_not_exist(research, template):
    stranger = make.member(make.team("other"), "lead")
    version = template.versions.get()

    for find in (access.template, access.template_version):
        row = template if find is access.template else version
        assert find(research.user, row.text_id)[0] == row
        with pytest.raises(Http404):
            find(stranger.user, row.text_id)
    assert templates.find_version(stranger, version.text_id) is None
    assert templates.find_version(research, version.text_id) == version
    assert templates.find_version(research, "nonsense") is None
