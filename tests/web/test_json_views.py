"""The page where a document is pasted."""

import html
import json
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from jobs.models import Registration, Revision, Submission
from tests import make
from tests.web.conftest import Research, SignIn

JOB: dict[str, Any] = {"jobName": "say-hello", "jobQueue": "cpu", "jobDefinition": "hello"}
WORKFLOW: dict[str, Any] = {
    "jobs": [JOB, {**JOB, "jobName": "again", "dependsOn": [{"jobId": "${say-hello}"}]}],
}


@pytest.fixture
def browser(research: Research, signed_in: SignIn) -> Client:
    return signed_in(research.analyst.user)


def send(browser: Client, text: str, **more: Any) -> Any:
    return browser.post(reverse("write", args=["research"]), {"text": text, **more})


def preview(browser: Client, text: str) -> str:
    answer = browser.post(reverse("judge", args=["research"]), {"text": text}, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def text_field(page: str) -> str:
    """What a browser has in the text field: HTML drops one line break after the tag."""
    inner = page.partition("<textarea")[2].partition(">")[2].partition("</textarea>")[0]
    return html.unescape(inner.removeprefix("\n"))


def test_a_job_is_submitted_and_its_page_opens(browser: Client) -> None:
    text = json.dumps(JOB, indent=3)
    answer = send(browser, text)
    submission = Submission.objects.latest("pk")

    [job] = submission.jobs.all()
    page = browser.get(job.get_absolute_url())

    assert answer.headers["Location"] == job.get_absolute_url()
    assert submission.text == text
    assert f'href="{submission.get_absolute_url()}"' in page.content.decode()


def test_after_a_workflow_the_page_of_its_submission_opens(browser: Client) -> None:
    answer = send(browser, json.dumps(WORKFLOW))

    assert answer.headers["Location"] == Submission.objects.latest("pk").get_absolute_url()


@pytest.mark.parametrize(
    "text",
    [
        '{"jobName": "x", "jobQueue": "nowhere", "jobDefinition": "hello"}',
        "\n\n  {not json\t</textarea><script>alert(1)</script>  \n\n",
        "  ",
        '{\r\n  "jobName": "é—中",  // why\r\n  "jobQueue": "cpu"\r\n}\r\n',
    ],
)
def test_a_refused_text_comes_back_unchanged(text: str, browser: Client) -> None:
    before = Submission.objects.count()
    answer = send(browser, text)

    assert answer.status_code == 422
    assert text_field(answer.content.decode()) == text
    assert Submission.objects.count() == before


def test_the_first_problem_of_a_refused_text_has_the_focus(browser: Client) -> None:
    page = send(browser, json.dumps({**JOB, "jobQueue": "nowhere"})).content.decode()

    assert "Nothing was submitted" in page
    assert page.count("autofocus") == 1
    assert "autofocus" in page.partition('class="problems"')[2]


def test_a_double_click_submits_once(browser: Client) -> None:
    before = Submission.objects.count()
    first, second = (send(browser, json.dumps(JOB), request_key="one-click") for _ in range(2))

    assert Submission.objects.count() == before + 1
    assert first.headers["Location"] == second.headers["Location"]
    told = [str(message) for message in get_messages(second.wsgi_request)]
    assert told[-1] == f"{Submission.objects.latest('pk')} was submitted already. It wasn't submitted again."


@pytest.mark.long
def test_another_text_from_the_same_page_is_not_taken_for_the_first(browser: Client) -> None:
    send(browser, json.dumps(JOB), request_key="one-page")
    other = json.dumps({**JOB, "jobName": "other"})
    answer = send(browser, other, request_key="one-page")

    assert answer.status_code == 422
    assert text_field(answer.content.decode()) == other
    assert 'value="one-page"' not in answer.content.decode()


def test_a_file_is_read_in_place_of_the_text(browser: Client) -> None:
    file = SimpleUploadedFile("job.json", json.dumps(JOB).encode())
    send(browser, "", file=file)

    assert Submission.objects.latest("pk").text == json.dumps(JOB)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\xff\xfe{\x00}\x00", "UTF-16"),
        (b'{"jobName": "\xe4"}', "UTF-8"),
        (b" " * (1024 * 1024 + 1), "The limit is 1 MiB"),
    ],
)
def test_a_file_that_is_no_document_is_refused_by_name(content: bytes, told: str, browser: Client) -> None:
    answer = send(browser, "what was there", file=SimpleUploadedFile("job.json", content))

    assert answer.status_code == 422
    assert told in html.unescape(answer.content.decode())
    assert text_field(answer.content.decode()) == "what was there"


def test_a_text_of_two_megabytes_is_refused_in_words(browser: Client) -> None:
    answer = send(browser, "x" * 2_000_000)

    assert answer.status_code == 422
    assert "too large" in answer.content.decode()


def test_a_request_of_four_megabytes_is_refused_in_words(browser: Client) -> None:
    answer = send(browser, "x" * 4_000_000)

    assert answer.status_code == 413
    assert "Request too large" in answer.content.decode()


def test_a_nul_character_is_refused_at_its_line(browser: Client) -> None:
    answer = send(browser, "// a\n// \0\n" + json.dumps(JOB))

    assert answer.status_code == 422
    assert "Line 2" in answer.content.decode()


def test_a_definition_is_registered_and_its_page_says_so_while_it_waits(browser: Client) -> None:
    answer = send(browser, json.dumps(make.document("fresh")))
    revision = Revision.objects.get(definition__name="fresh")
    page = browser.get(answer.headers["Location"]).content.decode()

    assert answer.headers["Location"] == revision.get_absolute_url()
    assert "Registering" in page
    assert "data-live" in page

    Revision.objects.filter(pk=revision.pk).update(registration=Registration.REGISTERED, number=1)
    later = browser.get(answer.headers["Location"]).content.decode()
    assert "Revision 1" in later
    assert " data-live " not in later


@pytest.mark.long
def test_the_panel_says_what_a_text_is_and_the_button_what_it_does(browser: Client) -> None:
    assert "<h2>Job say-hello</h2>" in preview(browser, json.dumps(JOB))
    assert "Submit say-hello to cpu" in preview(browser, json.dumps(JOB))
    assert "<h2>Workflow of 2 jobs</h2>" in preview(browser, json.dumps(WORKFLOW))
    assert "Submit 2 jobs to cpu" in preview(browser, json.dumps(WORKFLOW))
    assert "Register fresh" in preview(browser, json.dumps(make.document("fresh")))


def test_the_panel_names_a_problem_its_line_and_its_pointer(browser: Client) -> None:
    panel = preview(browser, json.dumps({**JOB, "jobQueue": "nowhere"}, indent=1))

    assert "Error" in panel
    assert 'data-line="3"' in panel
    assert "/jobQueue" in panel
    assert "disabled" in panel


def test_the_panel_says_what_was_read_otherwise_than_written(browser: Client) -> None:
    assert "comment on line 1" in preview(browser, "// for later\n" + json.dumps(JOB))


def test_a_text_that_is_no_json_is_answered_at_its_place(browser: Client) -> None:
    panel = preview(browser, '{\n  "jobName": oops\n}')

    assert "Not a valid document" in panel
    assert 'data-line="2"' in panel


@pytest.mark.long
def test_an_example_can_be_submitted_as_it_stands(browser: Client) -> None:
    for kind in ("submission", "workflow"):
        text = text_field(browser.get(reverse("write", args=["research"]), {"example": kind}).content.decode())
        assert send(browser, text).status_code == 302


def test_a_submission_can_be_the_beginning_of_the_next(browser: Client, research: Research) -> None:
    earlier = make.submission(research.analyst, research.account, text="\n{ as it was }")
    page = browser.get(reverse("write", args=["research"]), {"from": earlier.text_id}).content.decode()

    assert text_field(page) == "\n{ as it was }"


def test_what_another_team_submitted_is_no_beginning(browser: Client, research: Research, signed_in: SignIn) -> None:
    secret = make.submission(make.member(make.team("private")), research.account, text="private text")
    answer = browser.get(reverse("write", args=["research"]), {"from": secret.text_id})

    assert answer.status_code == 404


def test_a_pasted_script_with_an_unset_variable_stays_and_asks_for_its_value(browser: Client) -> None:
    text = "aws batch submit-job --job-name a --job-queue $QUEUE --job-definition d"
    pasted = browser.post(reverse("read_pasted", args=["research"]), {"whole": text, "pasted": text}).json()
    panel = browser.post(reverse("judge", args=["research"]), {"text": text}).content.decode()
    form = browser.post(reverse("open_form", args=["research"]), {"text": text}).content.decode()

    assert (pasted["kind"], pasted["text"]) == ("submission", None)
    for page in (panel, form):
        assert "“$QUEUE” is a shell variable that this text doesn" in page


def test_a_text_with_several_documents_offers_each(browser: Client) -> None:
    jobs = [{"jobName": name, "jobQueue": "small", "jobDefinition": "hello"} for name in ("first", "second")]
    text = "\n".join(json.dumps(job) for job in jobs)
    panel = browser.post(reverse("judge", args=["research"]), {"text": text}).content.decode()
    response = browser.post(reverse("write", args=["research"]), {"text": text, "document": "2"})

    for number, name in ((1, "first"), (2, "second")):
        assert f'name="document" value="{number}" aria-label="Open job {name} (line {number})">' in panel
    assert "&quot;jobName&quot;: &quot;second&quot;" in response.content.decode()
    assert "first" not in response.content.decode().partition("<textarea")[2].partition("</textarea>")[0]


@pytest.mark.parametrize(("pasted", "is_rewritten"), [("some words", False), ('{"jobName": "b"}', True)])
def test_what_is_pasted_behind_a_document_is_not_thrown_away(
    pasted: str, is_rewritten: bool, browser: Client
) -> None:
    whole = f'{{"jobName": "a", "jobQueue": "cpu", "jobDefinition": "hello"}}\n{pasted}'
    answer = browser.post(reverse("read_pasted", args=["research"]), {"whole": whole, "pasted": pasted}).json()

    assert (answer["text"] is not None) == is_rewritten


@pytest.mark.parametrize(
    ("text", "form", "copied", "message"),
    [
        (
            '{"jobDefinitionName": "a", "containerProperties": {"image": "x"}}',
            "terraform",
            "aws_batch_job_definition",
            "",
        ),
        (json.dumps(JOB), "boto3", "submit_job", ""),
        (json.dumps(JOB), "terraform", None, "A job can't be copied in this form."),
        ("{", "terraform", None, "the { on line 1 is not closed"),
    ],
)
def test_a_text_is_copied_in_another_form(
    text: str, form: str, copied: str | None, message: str, browser: Client
) -> None:
    answer = browser.post(reverse("read_pasted", args=["research"]), {"whole": text, "copy_as": form}).json()
    assert (answer["copied"] is None) if copied is None else (copied in answer["copied"])
    assert message in answer["message"]
