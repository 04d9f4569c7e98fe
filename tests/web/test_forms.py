"""The forms of a job and of a definition, and running again."""

import html
import json
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from jobs.models import QueueGrant, Registration, Revision, Submission, Team
from jobs.models.ids import to_text
from tests import make
from tests.web.conftest import Research, SignIn

JOB: dict[str, Any] = {"jobName": "train", "jobQueue": "cpu", "jobDefinition": "hello"}
FORMS = ["job_form", "definition_form"]
POSTED = ["job_form", "job_preview", "job_waits", "definition_form", "definition_preview", "open_form"]
SCRIPT = {"HX-Request": "true"}


@pytest.fixture
def browser(research: Research, signed_in: SignIn) -> Client:
    return signed_in(research.analyst.user)


def fill(browser: Client, page: str = "job_form", /, of: dict[str, Any] | None = None, **fields: Any) -> Any:
    """Send a form, with the document that its page carried."""
    carried = {} if of is None else {"document": json.dumps(of)}
    return browser.post(reverse(page, args=["research"]), {**carried, **fields})


def page_text(answer: Any) -> str:
    return html.unescape(answer.content.decode())


def controls(page: str) -> dict[str, str]:
    """What a browser would send of the form that it was shown."""
    form = page.partition("data-form")[2].partition("</form>")[0]
    form = re.sub(r"<template>.*?</template>", "", form, flags=re.DOTALL)
    found: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        if name := re.search(r'\sname="([^"]*)"', tag):
            value = re.search(r'\svalue="([^"]*)"', tag)
            if 'type="checkbox"' not in tag or "checked" in tag:
                found[name[1]] = html.unescape(value[1]) if value else ""
    for name_, inner in re.findall(r'<textarea[^>]*\sname="([^"]*)"[^>]*>(.*?)</textarea>', form, re.DOTALL):
        found[name_] = html.unescape(inner).removeprefix("\n").replace("\n", "\r\n")
    for name_, inner in re.findall(r'<select[^>]*\sname="([^"]*)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected>', inner) or re.search(
            r'<option value="([^"]*)"', inner
        )
        found[name_] = html.unescape(chosen[1]) if chosen else ""
    return found


def document_of(answer: Any) -> Any:
    """The document on the page."""
    return json.loads(controls(answer.content.decode())["document"])


# -- Whose they are
@pytest.mark.parametrize("name", FORMS)
def test_the_forms_of_one_team_do_not_exist_for_another(name: str, research: Research, signed_in: SignIn) -> None:
    address = reverse(name, args=["research"])

    assert signed_in(research.stranger).get(address).status_code == 404
    assert signed_in(research.viewer.user).get(address).status_code == 403
    assert signed_in(research.admin).get(address).status_code == 403


@pytest.mark.long
@pytest.mark.parametrize("name", POSTED)
def test_nobody_but_a_member_who_may_sends_a_form(name: str, research: Research, signed_in: SignIn) -> None:
    address, before = reverse(name, args=["research"]), Submission.objects.count()

    assert signed_in(research.stranger).post(address, {"do": "submit"}).status_code == 404
    assert signed_in(research.viewer.user).post(address, {"do": "submit"}).status_code == 403
    assert Client().post(address, headers=SCRIPT).status_code == 401
    assert Submission.objects.count() == before


@pytest.mark.long
def test_only_who_may_submit_runs_a_job_again(research: Research, signed_in: SignIn) -> None:
    for address in (
        reverse("job_again", args=[research.job.text_id]),
        reverse("submission_again", args=[research.submission.text_id]),
    ):
        assert signed_in(research.stranger).get(address).status_code == 404
        assert signed_in(research.viewer.user).get(address).status_code == 403
        assert signed_in(research.analyst.user).get(address).status_code == 302


def test_a_job_of_another_team_does_not_fill_a_form(research: Research, signed_in: SignIn) -> None:
    elsewhere = make.member(make.team("second"), who=research.analyst.user)
    job = make.job(make.submission(elsewhere, research.account))
    answer = signed_in(research.analyst.user).get(reverse("job_form", args=["research"]), {"again": job.text_id})

    assert answer.status_code == 404


# -- A job
@pytest.mark.long
def test_a_job_is_submitted_by_form(browser: Client, research: Research) -> None:
    sent: dict[str, Any] = {
        "name": "train",
        "definition": "hello",
        "queue": "cpu",
        "command": "python train.py --name 'a b'",
        "environment": "rows",
        "environment-n0-name": "EPOCHS",
        "environment-n0-value": "10",
        "environment-n1-name": "",
        "memory": "2 GiB",
        "time_limit": "2 h",
        "tags": "rows",
        "tags-n0-name": "Department",
        "tags-n0-value": "",
        "tags-n0-offered": "1",
        "tags-n1-name": "Project",
        "tags-n1-value": "GenAI",
    }
    answer = fill(browser, **sent)
    submission = Submission.objects.latest("pk")

    assert answer.headers["Location"] == submission.jobs.get().get_absolute_url()
    assert submission.source == "form"
    assert submission.document == {
        **JOB,
        "containerOverrides": {
            "command": ["python", "train.py", "--name", "a b"],
            "environment": [{"name": "EPOCHS", "value": "10"}],
            "resourceRequirements": [{"type": "MEMORY", "value": "2048"}],
        },
        "timeout": {"attemptDurationSeconds": 7200},
        "tags": {"Project": "GenAI"},
    }
    assert json.loads(submission.text) == submission.document


def test_a_form_opens_with_the_usual_queue_and_what_the_team_may_use(browser: Client, research: Research) -> None:
    usual = make.queue("usual", of=research.account)
    QueueGrant.objects.create(team=research.team, queue=usual, is_default=True)
    make.queue("not-ours", of=research.account)
    make.revision("not-theirs", of=make.team(), where=research.account)
    page = page_text(browser.get(reverse("job_form", args=["research"])))

    assert controls(page)["queue"] == "usual"
    assert '<option value="hello"' in page
    assert "not-ours" not in page
    assert "not-theirs" not in page


def test_a_definition_to_run_opens_with_the_queue_where_it_last_ran(browser: Client, research: Research) -> None:
    other = make.queue("where-it-ran", of=research.submission.account, teams=(research.team,))
    address = reverse("job_form", args=["research"])
    usual = controls(page_text(browser.get(address)))["queue"]
    make.job(research.submission, queue=other, revision=research.definition.revisions.get())

    assert usual != "where-it-ran"
    assert controls(page_text(browser.get(f"{address}?definition=hello")))["queue"] == "where-it-ran"
    assert controls(page_text(browser.get(f"{address}?definition=never-ran")))["queue"] == usual


def test_a_definition_shows_what_it_sets_and_hints_at_what_it_would_be(browser: Client, research: Research) -> None:
    document = make.document("large")
    document["containerProperties"] |= {
        "jobRoleArn": "arn:aws:iam::123456789012:role/Trainer",
        "volumes": [{"name": "scratch", "host": {"sourcePath": "/mnt"}}],
        "environment": [{"name": "STAGE", "value": "prod"}, {"name": "DB_PASSWORD", "value": "hunter2!"}],
    }
    make.revision("large", of=research.team, where=research.account, document=document)
    page = page_text(browser.get(reverse("job_form", args=["research"]), {"definition": "large"}))

    for told in ("role/Trainer", "scratch (/mnt)", "STAGE=prod", "large:1", "busybox"):
        assert told in page
    assert "hunter2!" not in page
    assert 'Definition: <span class="hint-value">512 MiB</span>' in page
    assert 'placeholder="echo hello"' in page


@pytest.mark.long
def test_the_preview_says_what_is_made_and_what_is_wrong_at_its_field(browser: Client) -> None:
    filled: dict[str, Any] = {"name": "no good", "queue": "cpu", "definition": "hello", "memory": "lots"}
    page = page_text(fill(browser, "job_preview", **filled))
    at = dict(re.findall(r'<div id="problems-(\w+)" hx-swap-oob="innerHTML">(.*?)</div>', page, re.DOTALL))

    assert document_of(fill(browser, **filled, do="check"))["jobName"] == "no good"
    assert "Name must be" in at["name"]
    assert "Enter a size, such as 512 MiB" in at["memory"]
    assert at["queue"].strip() == ""
    assert "Fix 2 errors to continue" in page
    assert "<html" not in page


@pytest.mark.long
def test_what_is_still_to_fill_in_is_no_error_before_it_is_sent(browser: Client) -> None:
    preview = page_text(fill(browser, "job_preview", queue="cpu"))
    sent = fill(browser, queue="cpu")

    assert "Required: name and definition" in preview
    assert "Enter a job name." not in preview
    assert sent.status_code == 422
    assert "Enter a job name." in page_text(sent)


def test_the_button_is_a_sentence(browser: Client) -> None:
    assert "Submit train to cpu" in page_text(
        fill(browser, "job_preview", name="train", queue="cpu", definition="hello")
    )


def test_nothing_that_was_filled_in_is_lost_when_it_is_refused(browser: Client) -> None:
    base = {**JOB, "unknownKey": [1, 2], "containerOverrides": {"environment": [{"name": "A", "value": "x\ny"}]}}
    sent: dict[str, Any] = {
        "name": "no good",
        "definition": "hello",
        "queue": "cpu",
        "command": "bash -c 'echo \"unfinished",
        "memory": "lots",
        "environment": "rows",
        "environment-o0-name": "A",
        "environment-o0-value": "x\r\ny",
        "environment-n0-name": "</textarea><script>",
        "environment-n0-value": " two\r\n lines ",
        "tags": "rows",
        "tags-n0-name": "Project",
        "tags-n0-value": "",
    }
    answer = fill(browser, of=base, **sent)
    shown = controls(answer.content.decode())

    assert answer.status_code == 422
    assert Submission.objects.count() == 1
    for key, value in sent.items():
        # What was a new row is one of the text's own now.
        now = key.replace("environment-n0", "environment-o1").replace("tags-n0", "tags-o0")
        assert shown.get(now) == value, key
    assert json.loads(shown["document"])["unknownKey"] == [1, 2]
    assert shown["document"] == shown["base"]
    assert "<script>" not in answer.content.decode()


@pytest.mark.long
def test_a_form_that_is_sent_as_it_was_opened_asks_for_the_same(browser: Client, research: Research) -> None:
    document = {
        "parameters": {"z": "1"},
        **JOB,
        "retryStrategy": {"evaluateOnExit": [{"onReason": "*", "action": "EXIT"}], "attempts": 3},
        "containerOverrides": {
            "environment": [{"value": "first", "name": "B"}, {"name": "A", "value": "é\n\t中"}],
            "command": ["sh", "-c", "echo \"$A\" 'x'\n"],
            "resourceRequirements": [{"value": "1000", "type": "MEMORY"}],
        },
        "tags": {"b": "", "a": "1"},
        "timeout": {"attemptDurationSeconds": 90},
    }
    opened = browser.post(reverse("open_form", args=["research"]), {"text": json.dumps(document)})
    page = opened.content.decode()
    answer = browser.post(reverse("job_form", args=["research"]), {**controls(page), "do": "submit"})

    assert "1 field only in JSON" in page
    assert answer.status_code == 302, page_text(answer)
    assert json.dumps(json.loads(Submission.objects.latest("pk").text)) == json.dumps(document)


@pytest.mark.long
def test_a_forged_form_is_judged_as_every_document_is(browser: Client, research: Research) -> None:
    other = make.team()
    make.queue("secret-queue", of=research.account, teams=(other,))
    make.revision("secret-definition", of=other, where=research.account)
    good: dict[str, Any] = {"name": "train", "definition": "hello", "queue": "cpu"}

    for forged in (
        fill(browser, **{**good, "queue": "secret-queue"}),
        fill(browser, **{**good, "definition": "secret-definition"}),
        fill(browser, of={**JOB, "containerProperties": {"image": "evil"}}, **good),
        fill(browser, of={**JOB, "containerOverrides": {"image": "evil"}}, **good),
        fill(browser, of={**JOB, "teleport": True}, **good),
        fill(browser, **good, waits=["", "00000000-0000-4000-8000-000000000099"]),
    ):
        assert forged.status_code == 422
    assert Submission.objects.count() == 1


@pytest.mark.long
def test_a_document_of_another_kind_or_none_is_no_form_of_a_job(browser: Client) -> None:
    for text in (json.dumps(make.document()), "not json", "[]"):
        answer = browser.post(reverse("job_form", args=["research"]), {"document": text, "do": "submit"})
        assert answer.status_code == 422
        assert "Not a valid document" in page_text(answer)


@pytest.mark.long
def test_a_double_click_submits_once_and_a_changed_form_is_a_new_wish(browser: Client) -> None:
    first, second = (fill(browser, name="a", definition="hello", queue="cpu", request_key="one") for _ in range(2))
    changed = fill(browser, name="b", definition="hello", queue="cpu", request_key="one")

    assert first.headers["Location"] == second.headers["Location"]
    assert changed.status_code == 422
    assert 'value="one"' not in changed.content.decode()
    assert Submission.objects.filter(name__in="ab").count() == 1


def test_what_nobody_understands_is_told_in_the_words_of_the_form(browser: Client) -> None:
    sent: dict[str, Any] = {"name": "x", "definition": "hello", "queue": "cpu"}
    answer = fill(browser, **sent, command="echo 'x", memory="lots", time_limit="a while")

    assert answer.status_code == 422
    for told in ("Unclosed quote", "Enter a size, such as", "Enter a time, such as"):
        assert page_text(answer).count(told) == 3  # at the field, beside, and as the editor's mark
    assert "3 errors" in page_text(answer)


def test_the_same_tag_twice_is_told(browser: Client) -> None:
    rows: dict[str, Any] = {"tags-n0-name": "a", "tags-n0-value": "1", "tags-n1-name": "a", "tags-n1-value": "2"}
    answer = fill(browser, name="train", definition="hello", queue="cpu", tags="rows", **rows)

    assert answer.status_code == 422
    assert "Duplicate tag a." in page_text(answer)


@pytest.mark.long
def test_another_definition_does_not_take_the_revision_along(browser: Client, research: Research) -> None:
    make.revision("hello", of=research.team, where=research.account)
    make.revision("other", of=research.team, where=research.account)
    sent: dict[str, Any] = {"name": "x", "queue": "cpu", "revision": "1", "revision_of": "hello", "do": "check"}
    kept = fill(browser, definition="hello", **sent)
    moved = fill(browser, definition="other", **sent)

    assert document_of(kept)["jobDefinition"] == "hello:1"
    assert document_of(moved)["jobDefinition"] == "other"


@pytest.mark.long
def test_jobs_to_wait_for_are_found_by_name_and_the_chosen_stay(browser: Client, research: Research) -> None:
    first = make.job(research.submission, name="prepare", state="SUCCEEDED")
    make.job(research.submission, name="unsent")
    failed = make.job(research.submission, name="prepare-again", state="FAILED")
    make.job(make.submission(make.member(make.team()), research.account), name="prepare-theirs", state="RUNNING")
    found = browser.post(
        reverse("job_waits", args=["research"]), {"waits_named": "PREP", "waits": ["", research.job.batch_id]}
    )
    page = page_text(found)

    assert f'value="{first.batch_id}"' in page
    assert f'value="{research.job.batch_id}" checked' in page
    assert "theirs" not in page
    assert "unsent" not in page
    assert f'value="{failed.batch_id}"' not in page

    answer = fill(browser, name="x", definition="hello", queue="cpu", waits=["", first.batch_id])
    assert answer.status_code == 302
    assert Submission.objects.latest("pk").jobs.get().dependencies.get().parent == first


def test_the_values_a_team_uses_are_offered_for_its_tags(browser: Client, research: Research) -> None:
    research.job.tag_rows.create(team=research.team, key="Project", value="Apollo")
    theirs = make.job(make.submission(make.member(make.team()), research.account), name="their-job", state="RUNNING")
    theirs.tag_rows.create(team=theirs.team, key="Project", value="Hidden")
    page = page_text(browser.get(reverse("job_form", args=["research"])))

    assert '<datalist id="values-project"><option value="Apollo">' in page
    assert "Hidden" not in page
    assert "their-job" not in page


@pytest.mark.long
@pytest.mark.parametrize("jobs", [1, 40])
def test_the_form_asks_few_questions_however_much_there_is(
    jobs: int, browser: Client, research: Research, django_assert_max_num_queries: Any
) -> None:
    for number in range(jobs):
        job = make.job(research.submission, name=f"j{number}", state="SUCCEEDED")
        job.tag_rows.create(team=research.team, key="Project", value=str(number))
        make.revision(f"d{number}", of=research.team, where=research.account)
    with django_assert_max_num_queries(14):
        browser.get(reverse("job_form", args=["research"]))
    with django_assert_max_num_queries(14):
        browser.get(reverse("definition_form", args=["research"]))


# -- JSON
@pytest.mark.long
def test_a_field_that_is_changed_is_laid_over_the_text_and_all_else_in_it_stays(browser: Client) -> None:
    taken = fill(browser, of={**JOB, "parameters": {"a": "b"}}, name="no good", memory="4 GiB", do="check")
    text = controls(taken.content.decode())["document"]
    back = browser.post(reverse("open_form", args=["research"]), {"text": text})

    assert json.loads(text)["parameters"] == {"a": "b"}
    assert controls(back.content.decode())["name"] == "no good"
    assert controls(back.content.decode())["memory"] == "4 GiB"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"jobName": "a", "jobName": "b", "jobQueue": "c"}', "The form can't show both"),
        ("{oops", "Not a valid document"),
    ],
)
def test_what_no_form_shows_without_loss_stays_json(text: str, told: str, browser: Client) -> None:
    answer = browser.post(reverse("open_form", args=["research"]), {"text": text})

    assert answer.status_code == 422
    assert told in page_text(answer)
    assert text in page_text(answer)


def test_a_workflow_opens_in_its_form_as_it_is_with_its_validation(browser: Client) -> None:
    text = '{"jobs": [{"jobName": "a", "jobQueue": "cpu", "jobDefinition": "hello"}]}'
    answer = browser.post(reverse("open_form", args=["research"]), {"text": text})

    assert answer.status_code == 200
    assert 'data-builder="workflow"' in answer.content.decode()
    assert "Workflow of 1 job" in page_text(answer)
    assert "Not a valid document" not in page_text(answer)
    assert text in page_text(answer)


# -- Run again
def rerun(browser: Client, research: Research, document: dict[str, Any], **query: str) -> str:
    submission = make.submission(research.analyst, research.account, name="earlier", document=document)
    first = Revision.objects.filter(definition=research.definition).order_by("number")[0]
    job = make.job(submission, name="train", document=document, revision=first, state="FAILED")
    sent_on = browser.get(reverse("job_again", args=[job.text_id])).headers["Location"]
    return page_text(browser.get(sent_on, query | {"again": job.text_id}))


@pytest.mark.long
def test_a_job_runs_again_with_the_same_document_and_one_change(browser: Client, research: Research) -> None:
    document = {
        **JOB,
        "containerOverrides": {"environment": [{"name": "EPOCHS", "value": "3"}]},
        "parameters": {"a": "b"},
    }
    page = rerun(browser, research, document)
    answer = browser.post(
        reverse("job_form", args=["research"]), {**controls(page), "environment-o0-value": "5", "do": "submit"}
    )
    submission = Submission.objects.latest("pk")
    document["containerOverrides"]["environment"][0]["value"] = "5"

    assert "of the submission" in page
    assert answer.headers["Location"] == submission.jobs.get().get_absolute_url()
    assert submission.source == "rerun"
    assert "of the submission" in page_text(
        browser.post(reverse("job_form", args=["research"]), {**controls(page), "name": "", "do": "submit"})
    )
    assert json.dumps(submission.document) == json.dumps(document)


@pytest.mark.long
def test_a_job_runs_again_with_the_revision_of_then_or_the_latest(browser: Client, research: Research) -> None:
    make.revision("hello", of=research.team, where=research.account)
    then = rerun(browser, research, JOB)
    latest = rerun(browser, research, JOB, revision="latest")

    assert controls(then)["revision"] == "1"
    assert "The latest is 2" in then
    assert "Use the latest" in then
    assert controls(latest)["revision"] == ""
    assert "Use revision 1" in latest
    assert "Latest (2)" in then


def test_a_step_runs_again_without_the_steps_it_waited_for(browser: Client, research: Research) -> None:
    known = research.job.batch_id
    step = {**JOB, "dependsOn": [{"jobId": "${prepare}"}, {"jobId": known}]}
    workflow = make.submission(research.analyst, research.account, kind="workflow", document={"jobs": [step]})
    job = make.job(workflow, name="train", document=step, tags={"Project": "x"}, state="FAILED")
    page = page_text(browser.get(reverse("job_form", args=["research"]), {"again": job.text_id}))
    carried = json.loads(controls(page)["document"])

    assert "Its dependency on another step is removed" in page
    assert carried["dependsOn"] == [{"jobId": known}]
    assert carried["tags"] == {"Project": "x"}


@pytest.mark.long
def test_a_workflow_runs_again_as_json(browser: Client, research: Research) -> None:
    text = json.dumps({"jobs": [JOB, {**JOB, "jobName": "next", "dependsOn": [{"jobId": "${train}"}]}]})
    workflow = make.submission(research.analyst, research.account, kind="workflow", text=text)
    address = browser.get(reverse("submission_again", args=[workflow.text_id])).headers["Location"]
    page = page_text(browser.get(address))
    answer = browser.post(reverse("write", args=["research"]), {"text": text, "again": workflow.text_id})

    assert text in page
    assert workflow.get_absolute_url() in page
    assert answer.status_code == 302
    assert Submission.objects.latest("pk").source == "rerun"


# -- A definition
def test_a_definition_is_registered_by_form(browser: Client) -> None:
    Team.objects.update(features=["logs"])
    answer = fill(
        browser,
        "definition_form",
        name="fresh",
        image="busybox",
        command="echo hi",
        vcpus="0.5",
        memory="1 GiB",
        platform="FARGATE",
        execution_role="arn:aws:iam::123456789012:role/Pull",
        log_group="/my/log",
        retries="2",
    )
    revision = Revision.objects.get(definition__name="fresh")

    assert answer.headers["Location"] == revision.get_absolute_url()
    assert revision.document == {
        "jobDefinitionName": "fresh",
        "type": "container",
        "containerProperties": {
            "image": "busybox",
            "resourceRequirements": [{"type": "VCPU", "value": "0.5"}, {"type": "MEMORY", "value": "1024"}],
            "command": ["echo", "hi"],
            "executionRoleArn": "arn:aws:iam::123456789012:role/Pull",
            "logConfiguration": {"options": {"awslogs-group": "/my/log"}, "logDriver": "awslogs"},
        },
        "platformCapabilities": ["FARGATE"],
        "retryStrategy": {"attempts": 2},
    }


@pytest.mark.parametrize("empties", [{"tags": {}, "platformCapabilities": [], "parameters": None}, {"newKey": []}])
def test_empty_members_block_no_form(empties: dict[str, Any], browser: Client) -> None:
    container = {"image": "busybox", "volumes": [], "networkConfiguration": {"interfaceConfigurations": []}}
    sizes = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "512"}]
    document = {
        "jobDefinitionName": "fresh",
        "type": "container",
        "containerProperties": {**container, "resourceRequirements": sizes},
        **empties,
    }
    opened = browser.post(reverse("open_form", args=["research"]), {"text": json.dumps(document)})
    posted = controls(opened.content.decode())
    answer = browser.post(reverse("definition_form", args=["research"]), posted)
    revision = Revision.objects.get(definition__name="fresh")

    assert answer.headers["Location"] == revision.get_absolute_url()
    assert revision.document == {
        "jobDefinitionName": "fresh",
        "type": "container",
        "containerProperties": {"image": "busybox", "resourceRequirements": sizes},
    }


@pytest.mark.parametrize(
    ("vcpus", "sizes"),
    [("0.25", ["512 MiB", "1 GiB", "2 GiB"]), ("32", ["60 GiB", "120 GiB", "244 GiB"])],
)
def test_fargate_offers_the_memory_that_goes_with_its_vcpu(browser: Client, vcpus: str, sizes: list[str]) -> None:
    chosen = {"name": "x", "image": "i", "platform": "FARGATE", "vcpus": vcpus, "memory": sizes[0]}
    answer = browser.post(
        reverse("definition_preview", args=["research"]), chosen, headers={**SCRIPT, "HX-Trigger-Name": "platform"}
    )
    memory = page_text(answer).partition('id="f-memory"')[2].partition("</select>")[0]

    assert re.findall(r'<option value="([^"]*)"', memory) == sizes
    assert "executionRoleArn" in page_text(answer)


@pytest.mark.long
def test_a_revision_begins_as_the_newest_and_a_clone_has_another_name(browser: Client, research: Research) -> None:
    text_id = to_text(research.definition.public_id)
    revised = controls(page_text(browser.get(reverse("definition_form", args=["research"]), {"revise": text_id})))
    cloned = controls(page_text(browser.get(reverse("definition_form", args=["research"]), {"clone": text_id})))
    answer = browser.post(
        reverse("definition_form", args=["research"]), {**revised, "memory": "1 GiB", "do": "submit"}
    )
    newest = Revision.objects.filter(definition=research.definition).order_by("-pk")[0]

    assert (revised["name"], cloned["name"]) == ("hello", "hello-copy")
    assert answer.status_code == 302
    assert newest.registration == Registration.ACCEPTED
    assert newest.document["containerProperties"]["resourceRequirements"][1] == {"type": "MEMORY", "value": "1024"}
    assert newest.document["containerProperties"]["command"] == ["echo", "hello"]


def test_what_another_team_shares_is_copied_and_what_it_hides_is_not_there(
    browser: Client, research: Research
) -> None:
    shared = make.definition("shared", of=make.team(), where=research.account, shared=True)
    make.revision("shared", where=research.account)
    hidden = make.definition("hidden", of=make.team(), where=research.account)
    address = reverse("definition_form", args=["research"])

    assert controls(page_text(browser.get(address, {"revise": to_text(shared.public_id)})))["name"] == "shared-copy"
    assert browser.get(address, {"revise": to_text(hidden.public_id)}).status_code == 404


def test_a_refused_definition_comes_back_with_its_problems(browser: Client) -> None:
    answer = fill(browser, "definition_form", name="", image="", vcpus="many", memory="2 GiB")

    assert answer.status_code == 422
    assert controls(answer.content.decode())["vcpus"] == "many"
    for told in ("Enter a definition name.", "Enter a container image.", "found the string “many”"):
        assert told in page_text(answer)


@pytest.mark.long
def test_a_team_with_two_accounts_says_where(browser: Client, research: Research) -> None:
    second = make.account(region="eu-west-1")
    make.queue("far", of=second, teams=(research.team,))
    foreign = make.account()
    page = page_text(browser.get(reverse("definition_form", args=["research"])))
    good: dict[str, Any] = {"name": "fresh", "image": "busybox", "vcpus": "1", "memory": "2 GiB"}

    assert f'<option value="{second.pk}"' in page
    assert fill(browser, "definition_form", **good).status_code == 422
    assert fill(browser, "definition_form", **good, account=str(foreign.pk)).status_code == 422
    assert fill(browser, "definition_form", **good, account=str(second.pk)).status_code == 302
    assert Revision.objects.get(definition__name="fresh").definition.account == second
