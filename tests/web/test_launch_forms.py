"""Launch forms on their pages: written as JSON, run with values, compared, exported."""

import html
import json
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from jobs.models import LaunchForm, LaunchFormVersion, Submission
from jobs.reports.launch_forms import form_file
from jobs.spec.launch_forms.file_format import from_file
from tests import make
from tests.web.conftest import Research, SignIn

FILE: dict[str, Any] = {
    "name": "Risk",
    "description": "Risk of a quarter",
    "labels": ["finance"],
    "note": "First.",
    "sections": [
        {
            "title": "Period",
            "fields": [
                {"name": "quarter", "label": "Quarter", "type": "choice", "choices": ["Q1", "Q2"], "default": "Q1"},
                {"name": "year", "type": "number", "min": 2020, "max": 2030, "default": 2026},
            ],
        },
        {
            "title": "",
            "fields": [
                {"name": "note", "label": "Note", "required": False},
                {"name": "digits", "shown_when": {"field": "quarter", "values": ["Q2"]}, "default": "2"},
                {"name": "queue", "label": "Queue", "mode": "locked", "default": "cpu"},
            ],
        },
    ],
    "document": {
        "jobName": "risk-${param.quarter}-${param.year}",
        "jobQueue": "${param.queue}",
        "jobDefinition": "hello",
        "containerOverrides": {
            "command": ["risk", "--digits=${param.digits}"],
            "environment": [{"name": "NOTE", "value": "${param.note}"}],
        },
    },
}
TEXT = json.dumps(FILE, indent=2)


@pytest.fixture
def browser(research: Research, signed_in: SignIn) -> Client:
    return signed_in(research.analyst.user)


@pytest.fixture
def form(research: Research) -> LaunchForm:
    content, document = from_file(FILE)
    return make.launch_form_version(research.analyst, content, document).form


def page(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status
    return html.unescape(answer.content.decode())


def address(name: str, *of: Any) -> str:
    return reverse(name, args=[getattr(row, "text_id", row) for row in of])


def submissions() -> Any:
    return Submission.objects.filter(form_version__isnull=False)


def values(**fields: str) -> dict[str, str]:
    return {"value-quarter": "Q1", "value-year": "2026", "value-note": "", **fields, "version": "1", "do": "submit"}


# -- Writing


def test_a_form_is_written_as_json_and_previewed(browser: Client) -> None:
    new = address("launch_form_new", "research")
    assert "Preview" in page(browser.get(new))

    preview = page(browser.post(new, {"text": TEXT}, headers={"HX-Request": "true"}))
    assert "Ready to save" in preview
    assert '<option value="Q1" selected>Q1</option>' in preview
    assert "Locked by" in preview
    assert "<html" not in preview

    saved = browser.post(new, {"text": TEXT, "do": "save"}, follow=True)
    assert "Saved version 1 of Risk." in page(saved)
    version = LaunchFormVersion.objects.get()
    assert version.document == FILE["document"]
    assert version.locks == {"queue": version.created_by.display_name}


def test_problems_are_at_their_lines(browser: Client) -> None:
    text = TEXT.replace('"max": 2030', '"max": 2000')

    answer = page(browser.post(address("launch_form_new", "research"), {"text": text, "do": "save"}), 422)

    assert "Nothing was saved" in answer
    assert "The maximum is below the minimum." in answer
    line = next(number for number, row in enumerate(text.splitlines(), 1) if '"max"' in row)
    assert f'data-line="{line}"' in answer
    assert not LaunchForm.objects.exists()


@pytest.mark.parametrize(
    "text", ["", "[1]", "{", '{"name": "x"}', '{"sections": [], "document": {"jobs": 1}, "name": "x"}']
)
def test_a_text_that_is_no_form_is_refused(browser: Client, text: str) -> None:
    assert "error" in page(browser.post(address("launch_form_new", "research"), {"text": text, "do": "save"}), 422)


def test_versions_are_compared_and_restored(browser: Client, form: LaunchForm) -> None:
    changed = {
        **FILE,
        "note": "More digits.",
        "document": {**FILE["document"], "jobName": "r-${param.quarter}-${param.year}"},
    }
    edit = address("launch_form_edit", form)
    assert '"jobName": "risk-' in page(browser.get(edit))
    browser.post(edit, {"text": json.dumps(changed), "do": "save"})
    assert form.versions.count() == 2

    assert "risk-${param.quarter}" in page(browser.get(address("launch_form_difference", form)))
    first = form.versions.get(number=1)
    browser.post(address("launch_form_version_restore", form, first))
    assert form.versions.get(number=3).document == first.document
    assert "No changes" in page(browser.post(edit, {"text": json.dumps(FILE), "do": "save"}, follow=True))


def test_the_exported_form_can_be_imported(browser: Client, form: LaunchForm) -> None:
    file = json.loads(browser.get(address("launch_form_export", form)).content)
    assert file == {**FILE, "version": 1} | {"sections": form_file(form.versions.get())["sections"]}

    browser.post(
        address("launch_form_new", "research"), {"text": json.dumps({**file, "name": "Again"}), "do": "save"}
    )

    again = LaunchForm.objects.get(name="Again")
    assert again.versions.get().section_list == form.versions.get().section_list


# -- Running


def test_the_form_asks_for_its_fields_only(browser: Client, form: LaunchForm) -> None:
    text = page(browser.get(address("launch_form_run", form)))

    assert 'name="value-quarter"' in text
    assert 'name="value-queue"' not in text
    assert 'name="value-digits"' not in text
    assert "Locked by" in text
    assert "2020 to 2030" in text
    assert "Submit risk-Q1-2026 to cpu" in text


def test_a_form_is_submitted_with_its_values(browser: Client, form: LaunchForm) -> None:
    browser.post(
        address("launch_form_run", form), values(**{"value-quarter": "Q2", "value-digits": "4", "value-note": "why"})
    )

    submission = submissions().get()
    assert submission.document["jobName"] == "risk-Q2-2026"
    assert submission.document["jobQueue"] == "cpu"
    assert submission.document["containerOverrides"]["command"] == ["risk", "--digits=4"]
    assert submission.form_version == form.versions.get()
    assert submission.form_values == {"quarter": "Q2", "year": "2026", "note": "why", "digits": "4", "queue": "cpu"}
    form.refresh_from_db()
    assert (form.run_count, bool(form.used_at)) == (1, True)


@pytest.mark.parametrize(
    ("forged", "words"),
    [
        ({"value-queue": "gpu"}, "is locked"),
        ({"value-image": "mine"}, "The form has no field"),
        ({"value-digits": "9"}, "isn't part of the form"),
        ({"value-year": "1999"}, "2020 to 2030"),
        ({"value-quarter": "Q9"}, "must be Q1 or Q2"),
    ],
)
def test_a_forged_value_is_refused(browser: Client, form: LaunchForm, forged: dict[str, str], words: str) -> None:
    assert words in page(browser.post(address("launch_form_run", form), values(**forged)), 422)
    assert not submissions().exists()


def test_what_is_posted_beside_the_values_changes_nothing(browser: Client, form: LaunchForm) -> None:
    extra = {"text": '{"jobQueue": "gpu"}', "document": "{}", "jobQueue": "gpu", "queue": "gpu"}
    browser.post(address("launch_form_run", form), values(**extra))

    assert submissions().get().document["jobQueue"] == "cpu"


def test_a_choice_shows_further_fields(browser: Client, form: LaunchForm) -> None:
    run = address("launch_form_run", form)

    text = page(browser.post(run, {"value-quarter": "Q2", "value-year": "2026"}))
    hidden = page(browser.post(run, {"value-quarter": "Q1", "value-year": "2026", "value-digits": "4"}))

    assert 'name="value-digits"' in text
    assert 'name="value-digits"' not in hidden
    assert "Ready" in hidden


def test_a_link_prefills_values_and_submits_nothing(browser: Client, form: LaunchForm) -> None:
    text = page(
        browser.get(
            address("launch_form_run", form), {"quarter": "Q2", "digits": "7", "queue": "gpu", "do": "submit"}
        )
    )

    assert '<option value="Q2" selected>Q2</option>' in text
    assert 'name="value-digits" value="7"' in text
    assert "prefilled" in text
    assert "fast" not in text
    assert not submissions().exists()


def test_a_submission_runs_again_with_its_values(browser: Client, form: LaunchForm) -> None:
    browser.post(address("launch_form_run", form), values(**{"value-year": "2025", "value-note": "x y"}))
    job = submissions().get().jobs.get()

    text = page(browser.get(job.get_absolute_url()))

    assert f"{address('launch_form_run', form)}?quarter=Q1&year=2025&note=x+y" in text
    assert "Risk, version 1" in text


def test_a_new_version_meanwhile_is_not_submitted_unseen(
    browser: Client, research: Research, form: LaunchForm
) -> None:
    content, document = from_file(FILE)
    make.launch_form_version(research.analyst, content, {**document, "jobName": "other"})

    assert "has a new version" in page(browser.post(address("launch_form_run", form), values()), 422)
    assert not submissions().exists()


def test_the_list_shows_purpose_use_and_success(browser: Client, form: LaunchForm) -> None:
    browser.post(address("launch_form_run", form), values())
    submissions().get().jobs.update(state="SUCCEEDED")

    text = page(browser.get(address("launch_forms", "research"), {"q": "finance"}))

    assert "Risk of a quarter" in text
    assert "100 %" in text
    assert "No forms match" in page(browser.get(address("launch_forms", "research"), {"q": "nothing"}))


def test_an_archived_form_runs_no_more(research: Research, signed_in: SignIn, form: LaunchForm) -> None:
    browser = signed_in(make.member(research.team, "lead").user)
    browser.post(address("launch_form_archive", form))
    assert "is archived" in page(browser.get(address("launch_form_run", form), follow=True))
    browser.post(address("launch_form_run", form), values())
    assert not submissions().exists()

    browser.post(address("launch_form_restore", form))
    assert "Archived" in page(browser.get(f"{address('launch_forms', 'research')}?archived=yes"))
    browser.post(address("launch_form_run", form), values())
    assert submissions().count() == 1


# -- Designing


def test_a_form_is_designed_from_a_job(browser: Client, form: LaunchForm) -> None:
    for quarter in ("Q1", "Q2"):
        browser.post(address("launch_form_run", form), values(**{"value-quarter": quarter, "value-note": "n"}))
    submission = submissions().order_by("-pk")[0]
    new = address("launch_form_new", "research")

    content = page(browser.get(new, {"submission": submission.text_id}))
    assert "Environment variable NOTE" in content
    assert "2 different values lately" in content

    rows = re.findall(r'<legend class="visually-hidden">([^<]*)</legend>.*?name="use-([0-9]+)"', content, re.DOTALL)
    numbers = dict(rows)
    note, queue = numbers["Environment variable NOTE"], numbers["Queue"]
    chosen = {
        f"use-{note}": "ask",
        f"label-{note}": "Note",
        f"type-{note}": "choice",
        f"choices-{note}": "n\nm",
        f"use-{queue}": "lock",
        f"type-{queue}": "text",
    }
    posted = {"submission": submission.text_id, "name": "Designed", "do": "design", **chosen}
    preview = page(browser.post(new, posted))
    assert "Ready to save" in preview

    [text] = re.findall(r'<textarea id="text".*?>\n(.*?)</textarea>', preview, re.DOTALL)
    browser.post(new, {"text": text, "again": submission.text_id, "do": "save"})
    version = LaunchFormVersion.objects.get(form__name="Designed")
    assert [field.name for field in version.field_list] == ["note", "queue"]
    assert version.field_list[0].choices == ("n", "m")
    assert version.field_list[1].is_locked
    assert version.document["jobName"] == submission.document["jobName"]
