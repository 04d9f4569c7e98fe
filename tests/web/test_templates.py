"""Workflow templates on their pages: saved from the builder, started by a form, compared, exported and imported."""

import html
import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from jobs.actions import templates
from jobs.models import Submission, TemplateVersion, WorkflowTemplate
from jobs.spec.template_format import TemplateContent
from jobs.spec.template_parameters import Parameter, ParameterType
from tests import make
from tests.web.conftest import Research, SignIn

JOB: dict[str, Any] = {"jobName": "load-${param.dataset}", "jobQueue": "cpu", "jobDefinition": "hello"}
TRAIN: dict[str, Any] = {
    **JOB,
    "jobName": "train-${param.dataset}",
    "dependsOn": [{"jobId": "${load-${param.dataset}}"}],
    "arrayProperties": {"size": "${param.size}"},
}
TEXT = json.dumps({"jobs": [JOB, TRAIN]}, indent=2)
PARAMETERS = (
    Parameter("dataset", "Dataset", "A folder below raw-data", default="41"),
    Parameter("size", type=ParameterType.NUMBER, default="2"),
)


@pytest.fixture
def browser(research: Research, signed_in: SignIn) -> Client:
    return signed_in(research.analyst.user)


@pytest.fixture
def template(research: Research) -> WorkflowTemplate:
    return templates.create_template(research.analyst, TemplateContent("Nightly", TEXT, PARAMETERS)).template


def page(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status
    return html.unescape(answer.content.decode())


def address(name: str, *of: Any) -> str:
    return reverse(name, args=[getattr(row, "text_id", row) for row in of])


# -- Saving


def test_the_builder_offers_to_save_a_workflow_with_parameters(browser: Client) -> None:
    content = page(browser.post(address("workflow_preview", "research"), {"document": TEXT, "step": ""}))
    assert "Save as template…" in content
    assert "Ready" in content
    plain = json.dumps({"jobs": [{**JOB, "jobName": "load"}]})
    assert "Submit 1 job" in page(browser.post(address("workflow_preview", "research"), {"document": plain}))

    saving = page(browser.post(address("workflow_form", "research"), {"document": TEXT, "do": "submit"}))
    assert not Submission.objects.filter(kind="workflow").exists()
    assert "${param.dataset}" in saving
    assert 'name="label-1"' in saving


def test_what_the_page_asks_for_is_saved(browser: Client, research: Research) -> None:
    fields = {
        "document": TEXT,
        "name": " Nightly  training ",
        "description": "What runs at night",
        "note": "First.",
        "name-0": "dataset",
        "label-0": "Dataset",
        "type-0": "choice",
        "choices-0": "41\r\n42\r\n\r\n42",
        "default-0": "42",
        "required-0": "yes",
        "name-1": "size",
        "type-1": "number",
        "default-1": "2",
        "required-1": "yes",
        "do": "save",
    }
    answer = browser.post(address("template_new", "research"), fields)
    version = TemplateVersion.objects.get()

    assert answer["Location"] == version.get_absolute_url()
    assert (version.template.name, version.template.description) == ("Nightly training", "What runs at night")
    assert (version.note, version.text, version.created_by) == ("First.", TEXT, research.analyst.user)
    assert version.parameter_list == (
        Parameter("dataset", "Dataset", type=ParameterType.CHOICE, default="42", choices=("41", "42")),
        Parameter("size", type=ParameterType.NUMBER, default="2"),
    )


def test_what_is_wrong_is_said_at_its_field(browser: Client) -> None:
    fields = {"document": TEXT, "name": "", "name-0": "dataset", "name-1": "size", "type-1": "number", "do": "save"}
    fields |= {"required-0": "yes", "required-1": "yes"}
    content = page(browser.post(address("template_new", "research"), {**fields, "default-1": "many"}), 422)

    assert "Enter a name." not in content  # the workflow first
    assert "size must be a number" in content
    content = page(browser.post(address("template_new", "research"), {**fields, "default-1": "2"}), 422)
    assert "Enter a name." in content
    wrong = TEXT.replace('"cpu"', '"cpu", "colour": "blue"', 1)
    content = page(browser.post(address("template_new", "research"), {**fields, "document": wrong, "name": "x"}), 422)
    assert "Line " in content
    assert "colour" in content
    assert not WorkflowTemplate.objects.exists()


def test_new_parameters_of_an_edited_document_are_asked_for(browser: Client) -> None:
    fields = {"document": TEXT, "name-0": "dataset", "label-0": "Dataset", "do": "check"}
    content = page(browser.post(address("template_new", "research"), fields))

    assert content.index('value="Dataset"') < content.index('name="name-1" value="size"')


def test_a_submitted_workflow_becomes_a_template_with_its_masked_values(browser: Client, research: Research) -> None:
    secret = {"environment": [{"name": "DB_PASSWORD", "value": "hunter2-of-research"}]}
    document = {"name": "weekly", "jobs": [{**JOB, "jobName": "a", "containerOverrides": secret}]}
    submission = make.submission(
        research.analyst,
        research.account,
        kind="workflow",
        text=json.dumps(document),
        document=document,
        name="weekly",
    )
    assert address("template_new", "research") in page(browser.get(submission.get_absolute_url()))
    content = page(browser.get(address("template_new", "research"), {"submission": submission.text_id}))
    assert "hunter2" not in content
    assert 'value="weekly"' in content
    masked = json.dumps(document, ensure_ascii=False).replace("hunter2-of-research", "••••")
    fields = {"document": masked, "again": submission.text_id, "name": "Weekly", "do": "save"}

    assert browser.post(address("template_new", "research"), fields).status_code == 302
    assert TemplateVersion.objects.get().document["jobs"][0]["containerOverrides"] == secret


def test_a_template_is_edited_in_the_builder_and_saved_as_a_new_version(
    browser: Client, template: WorkflowTemplate
) -> None:
    version = template.versions.get()
    form = page(browser.get(address("workflow_form", "research"), {"template": version.text_id}))
    assert "Edit Nightly" in form
    assert f'name="again" value="{version.text_id}"' in form
    edited = TEXT.replace("train-", "fit-")
    fields = {"document": edited, "again": version.text_id}
    assert "Save new version…" in page(browser.post(address("workflow_preview", "research"), fields))
    saving = page(browser.post(address("workflow_form", "research"), {**fields, "do": "submit"}))
    assert "New version of Nightly" in saving
    assert 'value="A folder below raw-data"' in saving

    for note in ("Renamed a step.", "Again."):
        posted = {f"{key}-{n}": value for n, each in enumerate(PARAMETERS) for key, value in each.as_json().items()}
        answer = browser.post(
            address("template_version_new", template), {**posted, **fields, "note": note, "do": "save"}
        )
        assert answer["Location"] == template.get_absolute_url()
    assert list(template.versions.values_list("number", "note")) == [(2, "Renamed a step."), (1, "")]
    assert template.versions.first().document["jobs"][1]["jobName"] == "fit-${param.dataset}"


def test_a_draft_of_an_edited_template_knows_its_template(browser: Client, template: WorkflowTemplate) -> None:
    version = template.versions.get()
    fields = {"document": TEXT.replace("train-", "fit-"), "again": version.text_id, "do": "keep", "begin": "1"}
    browser.post(address("workflow_form", "research"), fields)
    draft = version.created_by.drafts.get()

    assert "Edit Nightly" in page(browser.get(draft.get_absolute_url(), follow=True))
    saving = browser.post(address("workflow_form", "research"), {**fields, "do": "submit", "draft": draft.text_id})
    assert f'name="draft" value="{draft.text_id}"' in page(saving)
    posted = {f"{key}-{n}": value for n, each in enumerate(PARAMETERS) for key, value in each.as_json().items()}
    browser.post(
        address("template_version_new", template), {**posted, **fields, "draft": draft.text_id, "do": "save"}
    )
    assert template.versions.count() == 2
    assert not version.created_by.drafts.exists()


# -- List and page


def test_templates_are_listed_beside_definitions(
    browser: Client, template: WorkflowTemplate, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    assert address("templates", "research") in page(browser.get(address("definitions", "research")))
    with django_assert_num_queries(7):
        content = page(browser.get(address("templates", "research")))

    assert "Dataset, size" in content
    assert address("template_start", template) in content
    assert "Nightly" not in page(browser.get(address("templates", "research"), {"q": "weekly"}))
    assert "Nightly" not in page(browser.get(address("templates", "research"), {"archived": "yes"}))


@pytest.mark.postgres
def test_the_page_of_a_template_has_steps_parameters_versions_and_runs(
    browser: Client,
    research: Research,
    template: WorkflowTemplate,
    enqueued: list[str],
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    templates.start_template(template, research.analyst, {"dataset": "q2"}, source="form")
    with django_assert_num_queries(10):
        content = page(browser.get(template.get_absolute_url()))

    graph = json.loads(content.split('id="template-graph" type="application/json">')[1].split("</script>")[0])
    assert graph["edges"] == [[0, 1, ""]]
    assert [step["name"] for step in graph["steps"]] == ["load-${param.dataset}", "train-${param.dataset}"]
    for text in ("A folder below raw-data", "dataset = q2, size = 2", "Version 1", "Workflow for other scripts"):
        assert text in content


def test_a_former_version_is_shown_compared_and_restored(
    browser: Client, research: Research, template: WorkflowTemplate
) -> None:
    content = TemplateContent("", TEXT.replace("train-", "fit-"), PARAMETERS, note="Renamed a step.")
    templates.create_version(template, research.analyst, content)
    former = template.versions.get(number=1)
    assert "This is version 1." in page(browser.get(template.get_absolute_url(), {"version": "1"}))
    html = page(browser.get(address("template_difference", template)))
    assert 'class="old-value"' in html
    assert "fit-${param.dataset}" in html
    same = page(browser.get(address("template_difference", template), {"from": former.text_id, "to": "1"}))
    assert "No differences" in same
    browser.post(address("template_version_restore", template, former))

    assert list(template.versions.values_list("number", "note")) == [
        (3, "Restored version 1."),
        (2, "Renamed a step."),
        (1, ""),
    ]
    assert page(browser.get(template.get_absolute_url(), {"version": "9"}), 404)


def test_a_template_is_described_archived_and_restored(
    signed_in: SignIn, research: Research, template: WorkflowTemplate
) -> None:
    lead = signed_in(make.member(research.team, "lead").user)
    lead.post(address("template_describe", template), {"text": "What runs at night"})
    lead.post(address("template_archive", template))
    template.refresh_from_db()
    assert (template.description, template.archived_at is None) == ("What runs at night", False)
    assert "Archived" in page(lead.get(template.get_absolute_url()))
    assert lead.get(address("template_start", template))["Location"] == template.get_absolute_url()
    assert "Nightly" in page(lead.get(address("templates", "research"), {"archived": "yes"}))
    lead.post(address("template_restore", template))
    template.refresh_from_db()

    assert template.archived_at is None


# -- Starting


def test_the_form_begins_with_the_link_then_the_last_values_then_the_defaults(
    browser: Client, research: Research, template: WorkflowTemplate, enqueued: list[str]
) -> None:
    def values(**query: str) -> list[str]:
        content = page(browser.get(address("template_start", template), query))
        return [content.split(f'name="value-{name}" value="')[1].split('"')[0] for name in ("dataset", "size")]

    assert values() == ["41", "2"]
    templates.start_template(template, research.analyst, {"dataset": "q2"}, source="form")
    templates.start_template(template, make.member(research.team), {"size": 7}, source="form")
    assert values() == ["q2", "2"]
    assert values(dataset="q3", size="many", colour="blue") == ["q3", "many"]
    assert template.versions.get().submissions.count() == 2


def test_the_form_says_what_would_be_submitted(
    browser: Client, template: WorkflowTemplate, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(13):
        content = page(browser.get(address("template_start", template)))
    assert "Submit 2 jobs to cpu" in content
    assert '"jobName": "load-41"' in content
    assert "Pre-flight checks" in content

    fields = {"value-dataset": "a b", "value-size": "3", "version": "1", "do": "check"}
    content = page(browser.post(address("template_start", template), fields))
    field = content[content.index('id="problems-value-dataset"') :]
    assert "jobName must be" in field[: field.index("</div>")]
    assert "errors to continue" in content


@pytest.mark.postgres
def test_a_start_is_submitted_and_the_submission_shows_it(
    browser: Client, template: WorkflowTemplate, enqueued: list[str]
) -> None:
    fields = {"value-dataset": "q2", "value-size": "3", "version": "1", "request_key": "k1", "do": "submit"}
    answer = browser.post(address("template_start", template), {**fields, "on_refusal": "keep"})
    submission = Submission.objects.get(kind="workflow")
    assert answer["Location"] == submission.get_absolute_url()
    assert (submission.source, submission.on_refusal) == ("form", "keep")
    again = browser.post(address("template_start", template), fields)
    assert again["Location"] == submission.get_absolute_url()
    content = page(browser.get(submission.get_absolute_url()))

    assert "Nightly, version 1" in content
    assert f"{address('template_start', template)}?dataset=q2&size=3" in content
    changed = page(browser.post(address("template_start", template), {**fields, "value-size": "4"}), 422)
    assert "already started the template with other values" in changed
    assert Submission.objects.filter(kind="workflow").count() == 1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"value-dataset": "", "value-size": "3", "version": "1"}, "Enter a value for Dataset."),
        ({"value-dataset": "q2", "value-size": "many", "version": "1"}, "size must be a number"),
        ({"value-dataset": "q2", "value-size": "3", "version": "7"}, "has a new version"),
        ({"value-dataset": "q 2", "value-size": "3", "version": "1"}, "jobName must be"),
    ],
)
def test_nothing_is_started_with_wrong_values(
    browser: Client, template: WorkflowTemplate, fields: dict[str, str], message: str
) -> None:
    content = page(browser.post(address("template_start", template), {**fields, "do": "submit"}), 422)

    assert message in content
    assert "Nothing was submitted." in content
    assert not Submission.objects.filter(kind="workflow").exists()


# -- Files


def test_an_exported_template_is_imported(browser: Client, research: Research, template: WorkflowTemplate) -> None:
    answer = browser.get(address("template_export", template))
    assert answer["Content-Disposition"] == 'attachment; filename="nightly-1.json"'
    file = SimpleUploadedFile("nightly.json", answer.content)
    content = page(browser.post(address("template_new", "research"), {"file": file, "do": "import"}))

    assert 'value="Nightly"' in content
    assert 'value="A folder below raw-data"' in content
    for text in (TEXT, json.dumps({"document": {"jobs": [JOB]}})):
        assert "dataset" in page(browser.post(address("template_new", "research"), {"text": text, "do": "import"}))
    for text in ("", "[1]", json.dumps({"document": {}, "colour": 1}), json.dumps({**JOB, "jobName": "a"})):
        content = page(browser.post(address("template_new", "research"), {"text": text, "do": "import"}), 422)
        assert 'role="alert"' in content


def test_the_workflow_for_other_scripts_has_values_and_nothing_else(
    browser: Client, research: Research, template: WorkflowTemplate
) -> None:
    conditions = [{"job": "train-${param.dataset}", "after": "load-${param.dataset}", "when": "always"}]
    document = {"name": "n", "jobs": [JOB, {**TRAIN, "dependsOn": []}], "conditions": conditions}
    content = TemplateContent("", json.dumps(document), PARAMETERS)
    templates.create_version(template, research.analyst, content)
    html = page(browser.get(template.get_absolute_url()))
    assert "1 condition: steps that wait for a failure or an end start at once." in html
    workflow = browser.get(address("template_workflow", template), {"dataset": "q2"}).json()

    assert list(workflow) == ["jobs"]
    assert [(job["jobName"], job.get("arrayProperties")) for job in workflow["jobs"]] == [
        ("load-q2", None),
        ("train-q2", {"size": 2}),
    ]


# -- Who may


def test_who_may_not_submit_sees_a_template_and_cannot_start_it(
    signed_in: SignIn, research: Research, template: WorkflowTemplate
) -> None:
    viewer, stranger = signed_in(research.viewer.user), signed_in(research.stranger)
    content = page(viewer.get(template.get_absolute_url()))

    assert address("template_start", template) not in content
    for name in ("template_start", "template_version_new", "template_archive", "template_describe"):
        assert viewer.post(address(name, template), {"do": "submit"}).status_code == 403
    for name in ("template", "template_start", "template_difference", "template_export", "template_workflow"):
        assert stranger.get(address(name, template)).status_code == 404


def test_a_secret_is_masked_wherever_its_parameter_stands(browser: Client, research: Research) -> None:
    command = {"command": ["sh", "-c", "login --token ${param.token} ${param.word}"]}
    text = json.dumps({"jobs": [{**JOB, "jobName": "a-${param.word}", "containerOverrides": command}]})
    parameters = (Parameter("word", default="x"), Parameter("token", default="s3cr3t-of-research"))
    template = templates.create_template(research.analyst, TemplateContent("Secrets", text, parameters)).template
    for name in ("template_start", "template_workflow"):
        content = page(browser.get(address(name, template)))
        assert "login --token •••• x" in content, name
        assert "s3cr3t-of" not in content, name


def test_a_default_that_was_typed_survives_a_refusal_and_a_mask_is_no_default(browser: Client) -> None:
    command = {"command": ["sh", "-c", "login --token ${param.token}"]}
    document = json.dumps({"jobs": [{**JOB, "jobName": "a", "containerOverrides": command}]})
    fields = {"document": document, "name": "", "name-0": "token", "default-0": "s3cr3t-of-mine", "do": "save"}
    assert 'value="s3cr3t-of-mine"' in page(browser.post(address("template_new", "research"), fields), 422)

    fields |= {"name": "Secrets", "default-0": "••••"}
    assert "The default is masked" in page(browser.post(address("template_new", "research"), fields), 422)
    assert not WorkflowTemplate.objects.exists()


def test_masked_values_stay_masked_on_every_page(browser: Client, research: Research) -> None:
    secret = {"environment": [{"name": "DB_PASSWORD", "value": "hunter2-of-research"}]}
    text = json.dumps(
        {
            "jobs": [
                {
                    **JOB,
                    "jobName": "a-${param.word}",
                    "containerOverrides": secret,
                    "parameters": {"apiKey": "${param.key}"},
                }
            ]
        }
    )
    parameters = (Parameter("word", default="x"), Parameter("key", default="s3cr3t-of-research"))
    template = templates.create_template(research.analyst, TemplateContent("Secrets", text, parameters)).template
    for name in (
        "template",
        "template_start",
        "template_difference",
        "template_export",
        "template_workflow",
        "template_version_new",
    ):
        content = page(browser.get(address(name, template)))
        assert "hunter2" not in content, name
        assert "s3cr3t-of" not in content, name
    fields = {"value-word": "y", "value-key": "••••", "version": "1", "do": "submit"}
    assert browser.post(address("template_start", template), fields).status_code == 302
    submission = Submission.objects.get(kind="workflow")

    assert submission.document["jobs"][0]["parameters"] == {"apiKey": "s3cr3t-of-research"}
    assert submission.template_values == {"word": "y", "key": "••••"}
