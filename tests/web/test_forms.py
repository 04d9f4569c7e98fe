"""The form of a job."""

import json
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from jobs.models import QueueGrant, Submission
from tests import make
from tests.web.conftest import Research, SignIn
from tests.web.forms import controls, document_of, fill, page_text

JOB: dict[str, Any] = {"jobName": "train", "jobQueue": "cpu", "jobDefinition": "hello"}
FORMS = ["job_form", "definition_form"]
POSTED = ["job_form", "job_preview", "job_waits", "definition_form", "definition_preview", "open_form"]
SCRIPT = {"HX-Request": "true"}


@pytest.fixture
def browser(research: Research, signed_in: SignIn) -> Client:
    return signed_in(research.analyst.user)


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


def test_a_job_of_another_team_does_not_fill_a_form(research: Research, signed_in: SignIn) -> None:
    elsewhere = make.member(make.team("second"), who=research.analyst.user)
    job = make.job(make.submission(elsewhere, research.account))
    answer = signed_in(research.analyst.user).get(reverse("job_form", args=["research"]), {"again": job.text_id})

    assert answer.status_code == 404


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
    fields = controls(answer.content.decode())

    assert answer.status_code == 422
    assert Submission.objects.count() == 1
    for key, value in sent.items():
        # What was a new row is one of the text's own now.
        now = key.replace("environment-n0", "environment-o1").replace("tags-n0", "tags-o0")
        assert fields.get(now) == value, key
    assert json.loads(fields["document"])["unknownKey"] == [1, 2]
    assert fields["document"] == fields["base"]
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
    response = browser.post(reverse("open_form", args=["research"]), {"text": json.dumps(document)})
    page = response.content.decode()
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
    response = browser.post(
        reverse("job_waits", args=["research"]), {"waits_named": "PREP", "waits": ["", research.job.batch_id]}
    )
    page = page_text(response)

    assert f'value="{first.batch_id}"' in page
    assert f'value="{research.job.batch_id}" checked' in page
    assert "theirs" not in page
    assert "unsent" not in page
    assert f'value="{failed.batch_id}"' not in page

    answer = fill(browser, name="x", definition="hello", queue="cpu", waits=["", first.batch_id])
    assert answer.status_code == 302
    assert Submission.objects.latest("pk").jobs.get().dependencies.get().parent == first


def test_child_jobs_are_paired_without_scripts(browser: Client, research: Research) -> None:
    array = make.job(research.submission, name="parts", state="RUNNING", array_size=4)
    choices = page_text(browser.post(reverse("job_waits", args=["research"]), {"waits_named": "parts"}))
    assert f'name="n_to_n" value="{array.batch_id}"' in choices
    assert f'name="n_to_n" value="{research.job.batch_id}"' not in choices

    ids = ["", array.batch_id]
    answer = fill(browser, name="x", definition="hello", queue="cpu", array_size="3", waits=ids, n_to_n=ids)
    assert answer.status_code == 422
    problems = page_text(answer).split('id="problems-n_to_n"')[1].split("</fieldset>")[0]
    assert "N_TO_N needs arrays of equal size; this job has 3 child jobs and “parts” has 4." in problems
    answer = fill(browser, name="x", definition="hello", queue="cpu", array_size="4", waits=ids, n_to_n=ids)
    assert answer.status_code == 302
    document = Submission.objects.latest("pk").jobs.get().document
    assert document["dependsOn"] == [{"jobId": array.batch_id, "type": "N_TO_N"}]


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
