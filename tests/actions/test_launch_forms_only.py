"""Teams whose analysts submit with launch forms only: every door refuses other documents and says where forms are."""

import json
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from jobs import actions
from jobs.access import Member
from jobs.actions import bulk, launch_forms
from jobs.models import Approval, BulkKind, FormsOnly, Job, QueueGrant, Submission
from jobs.models.submission import Source
from jobs.spec.launch_forms.fields import FormSection, LaunchField
from jobs.spec.launch_forms.file_format import LaunchContent
from tests import make
from tests.api.conftest import Program, token

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

RULE = "policy.launch-forms-only"
JOB: dict[str, Any] = {"jobName": "train", "jobQueue": "cpu", "jobDefinition": "hello"}
FORM_DOCUMENT = {**JOB, "jobName": "train-${param.dataset}"}
WORKFLOW = {"jobs": [JOB, {**JOB, "jobName": "report", "dependsOn": [{"jobId": "${train}"}]}]}
CONTENT = LaunchContent(
    "Train", json.dumps(FORM_DOCUMENT), (FormSection("", (LaunchField("dataset", default="small"),)),)
)


@pytest.fixture
def analyst() -> Member:
    member = make.member(make.team("research", name="Research"))
    queue = make.queue("cpu", teams=(member.team,))
    make.revision("hello", of=member.team, where=queue.account)
    return member


@pytest.fixture
def form(analyst: Member) -> Any:
    return launch_forms.create_form(analyst, CONTENT).form


def restrict(to: str = FormsOnly.ANALYSTS) -> None:
    QueueGrant.objects.update(forms_only=to)


def sign_in(member: Member) -> Client:
    client = Client()
    client.force_login(member.user)
    return client


def post(member: Member, url: str, page: dict[str, str]) -> str:
    return str(sign_in(member).post(url, page).content.decode())


def by_json_editor(member: Member) -> str:
    return post(member, reverse("write", args=["research"]), {"text": json.dumps(JOB)})


def by_job_form(member: Member) -> str:
    page = {"document": json.dumps(JOB), "do": "submit"}
    return post(member, reverse("job_form", args=["research"]), page)


def by_workflow_form(member: Member) -> str:
    page = {"document": json.dumps(WORKFLOW), "do": "submit"}
    return post(member, reverse("workflow_form", args=["research"]), page)


def by_template(member: Member) -> str:
    version = make.template_version(member, "Nightly", WORKFLOW)
    page = {"do": "submit", "version": "1"}
    return post(member, reverse("template_start", args=[version.template.text_id]), page)


def by_api(member: Member) -> str:
    return str(Program(Client(), token(member)).post("/submissions", JOB).content.decode())


def by_template_with_api(member: Member) -> str:
    version = make.template_version(member, "Nightly", WORKFLOW)
    path = f"/templates/{version.template.text_id}/submissions"
    return str(Program(Client(), token(member)).post(path, {"values": {}}).content.decode())


def by_bulk_rerun(member: Member) -> str:
    queue = QueueGrant.objects.get().queue
    submission = make.submission(member, queue.account, document=JOB, text=json.dumps(JOB))
    job = make.job(submission, queue=queue, state="FAILED", document=JOB)
    action = actions.start_bulk(member.user, BulkKind.RERUN, [job], bulk.RerunChanges(), request_key="k")
    actions.run_bulk_action(action.pk)
    return action.items.get().note


DOORS: dict[str, Callable[[Member], str]] = {
    "job form": by_job_form,
    "workflow form": by_workflow_form,
    "JSON editor": by_json_editor,
    "workflow template": by_template,
    "API": by_api,
    "workflow template by API": by_template_with_api,
    "bulk run again": by_bulk_rerun,
}


@pytest.mark.parametrize("door", DOORS)
def test_another_document_is_refused_and_the_answer_names_the_page_of_forms(door: str, analyst: Member) -> None:
    restrict()

    answer = DOORS[door](analyst)

    assert "analysts submit to cpu with launch forms only. Run one under Catalog, Launch forms." in answer
    assert not Submission.objects.exclude(text=json.dumps(JOB), jobs__state="FAILED").exists()


@pytest.mark.parametrize("door", DOORS)
def test_without_the_setting_the_same_document_is_submitted(door: str, analyst: Member) -> None:
    DOORS[door](analyst)

    assert Job.objects.filter(state="").exists()


def test_a_form_runs_as_before_on_its_page_and_with_the_api(analyst: Member, form: Any) -> None:
    restrict()
    page = {"value-dataset": "large", "do": "submit", "version": "1"}

    answer = sign_in(analyst).post(reverse("launch_form_run", args=[form.text_id]), page)
    program = Program(Client(), token(analyst))
    api_answer = program.post(f"/forms/{form.text_id}/submissions", {"values": {"dataset": "small"}})

    assert (answer.status_code, api_answer.status_code) == (302, 202)
    assert set(Submission.objects.values_list("name", flat=True)) == {"train-large", "train-small"}


@pytest.mark.parametrize(
    ("setting", "role", "is_refused"),
    [("", "analyst", False), ("analysts", "lead", False), ("all", "lead", True), ("all", "analyst", True)],
)
def test_the_setting_is_for_roles(setting: str, role: str, is_refused: bool, analyst: Member) -> None:
    restrict(setting)
    member = make.member(analyst.team, role)

    result = actions.validate(json.dumps(JOB), member)

    assert [problem.rule for problem in result.errors] == [RULE] * is_refused
    assert not actions.validate(json.dumps(JOB), member, is_form=True).errors


def test_a_setting_made_meanwhile_is_noticed_under_the_lock(analyst: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    module = import_module("jobs.actions.submit")
    validate = module.validate

    def validate_and_restrict(*arguments: Any, **options: Any) -> Any:
        result = validate(*arguments, **options)
        restrict()
        return result

    monkeypatch.setattr(module, "validate", validate_and_restrict)

    with pytest.raises(actions.ValidationFailedError):
        actions.submit(json.dumps(JOB), analyst, source=Source.JSON)

    restrict("")
    form = make.launch_form_version(make.member(analyst.team, "lead"), CONTENT, FORM_DOCUMENT).form
    assert launch_forms.start_form(form, analyst, {}, source=Source.FORM).name == "train-small"


def failed_run(member: Member, form: Any) -> Submission:
    submission = launch_forms.start_form(form, member, {}, source=Source.FORM)
    for number, job in enumerate(submission.jobs.order_by("position")):
        batch_id = f"00000000-0000-4000-8000-{number:012}"
        submission.jobs.filter(pk=job.pk).update(
            delivery="SENT", state="SUCCEEDED" if number else "FAILED", batch_id=batch_id
        )
    return submission


def test_steps_of_a_form_run_again_as_they_are_and_not_with_other_text(analyst: Member) -> None:
    content = LaunchContent(
        "Flow",
        json.dumps({"jobs": [{**FORM_DOCUMENT, "jobName": "train"}, {**JOB, "jobName": "r-${param.dataset}"}]}),
        CONTENT.sections,
    )
    form = launch_forms.create_form(analyst, content).form
    restrict()
    submission = failed_run(analyst, form)
    edited = json.dumps({"jobs": [{**JOB, "containerOverrides": {"command": ["rm"]}}]})

    with pytest.raises(actions.ValidationFailedError) as error:
        actions.run_again(submission, analyst, text=edited)
    assert [problem.rule for problem in error.value.verdict.errors] == [RULE]

    assert len(actions.run_again(submission, analyst).jobs) == 1


def test_a_request_for_approval_is_judged_by_the_role_of_the_requester(analyst: Member) -> None:
    type(analyst.team).objects.update(approval_array_size=1)
    array = {**JOB, "arrayProperties": {"size": 2}}
    actions.submit(json.dumps(array), analyst, source=Source.JSON)
    approval = Approval.objects.get()
    restrict()

    with pytest.raises(actions.ValidationFailedError):
        actions.approve(approval, make.member(analyst.team, "lead"), approval.version)


def test_analysts_with_forms_only_save_no_forms_and_leads_do(analyst: Member, form: Any) -> None:
    restrict(FormsOnly.ALL)
    lead = make.member(analyst.team, "lead")
    changed = LaunchContent("Train", json.dumps({**FORM_DOCUMENT, "jobName": "t-${param.dataset}"}), CONTENT.sections)

    for save in (
        lambda: launch_forms.save_form(analyst, changed),
        lambda: launch_forms.create_version(form, analyst, changed),
        lambda: launch_forms.restore_version(form.versions.get(), analyst),
    ):
        with pytest.raises(PermissionDenied, match="only leads can save forms"):
            save()
    for name, argument in (("launch_form_new", "research"), ("launch_form_edit", form.text_id)):
        assert sign_in(analyst).get(reverse(name, args=[argument])).status_code == 403
        assert sign_in(lead).get(reverse(name, args=[argument])).status_code == 200
    assert Program(Client(), token(analyst)).post("/forms", {**file_of(changed)}).status_code == 403
    assert launch_forms.create_version(form, lead, changed)[1]


def file_of(content: LaunchContent) -> dict[str, Any]:
    sections = [section.as_json() for section in content.sections]
    return {"name": content.name, "sections": sections, "document": json.loads(content.text)}
