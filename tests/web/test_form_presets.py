"""Presets of launch forms, and forms that people mark as favorites."""

import html
import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from jobs.actions import form_presets as actions
from jobs.models import AuditEntry, FavoriteForm, FormPreset, LaunchForm, Submission
from jobs.spec.launch_forms.file_format import from_file
from tests import make
from tests.web.conftest import Research, SignIn
from tests.web.test_launch_forms import FILE, values


@pytest.fixture
def browser(research: Research, signed_in: SignIn) -> Client:
    return signed_in(research.analyst.user)


@pytest.fixture
def lead(research: Research, signed_in: SignIn) -> Client:
    return signed_in(make.member(research.team, "lead").user)


@pytest.fixture
def form(research: Research) -> LaunchForm:
    content, document = from_file(FILE)
    return make.launch_form_version(research.analyst, content, document).form


def save(browser: Client, form: LaunchForm, name: str, **fields: str) -> Any:
    address = reverse("form_preset_save", args=[form.text_id])
    return browser.post(address, {**values(**fields), "preset_name": name}, follow=True)


def run_page(browser: Client, form: LaunchForm, **query: str) -> str:
    return html.unescape(browser.get(reverse("launch_form_run", args=[form.text_id]), query).content.decode())


def favorite(browser: Client, form: LaunchForm, on: str = "on", page: str = "home") -> Any:
    return browser.post(reverse("launch_form_favorite", args=[form.text_id]), {"favorite": on, "page": page})


def test_a_preset_starts_the_form_with_its_values_and_never_submits(browser: Client, form: LaunchForm) -> None:
    saved = save(browser, form, " Second  quarter ", **{"value-quarter": "Q2", "value-note": "mine"})

    assert "Saved preset Second quarter." in saved.content.decode()
    preset = FormPreset.objects.get()
    assert preset.values == {"quarter": "Q2", "year": "2026", "note": "mine", "digits": "2"}
    page = run_page(browser, form, _preset=preset.text_id, note="from a link")
    assert '<option value="Q2" selected>' in page
    assert 'value="from a link"' in page
    assert page.count("from the preset") == 3
    assert not Submission.objects.filter(form_version__isnull=False).exists()

    save(browser, form, "Second quarter", **{"value-quarter": "Q1"})
    assert FormPreset.objects.get().values["quarter"] == "Q1"
    assert [entry.action for entry in AuditEntry.objects.exclude(action="sign in").order_by("pk")] == [
        "make",
        "change",
    ]
    assert json.loads(AuditEntry.objects.latest("pk").after)["form"] == "Risk"


@pytest.mark.parametrize(
    ("name", "fields", "message"),
    [
        ("", {}, "Enter a name for the preset."),
        ("a", {"value-year": "1999"}, "Not saved. year must be 2020 to 2030."),
        ("a", {"value-queue": "gpu"}, "Not saved. Queue is locked."),
    ],
)
def test_what_the_form_would_refuse_is_not_stored(
    browser: Client, form: LaunchForm, name: str, fields: dict[str, str], message: str
) -> None:
    assert message in html.unescape(save(browser, form, name, **fields).content.decode())
    assert not FormPreset.objects.exists()


def test_own_presets_are_private_and_leads_keep_those_of_the_team(
    browser: Client, lead: Client, form: LaunchForm
) -> None:
    save(browser, form, "mine")
    assert save(browser, form, "ours", preset_team="on").status_code == 403
    save(lead, form, "ours", preset_team="on")
    mine, ours = FormPreset.objects.order_by("name")

    assert "mine" not in run_page(lead, form)
    assert ">ours</a>" in run_page(browser, form)
    for who, preset, status in ((lead, mine, 404), (browser, ours, 403), (browser, mine, 302), (lead, ours, 302)):
        address = reverse("form_preset_delete", args=[form.text_id, preset.text_id])
        assert who.post(address).status_code == status
    assert not FormPreset.objects.exists()
    assert AuditEntry.objects.filter(action="remove").count() == 2


def test_secrets_are_no_part_of_a_preset(browser: Client, research: Research) -> None:
    file = {
        "name": "Secret",
        "sections": [{"title": "", "fields": [{"name": "key"}, {"name": "word"}]}],
        "document": {
            "jobName": "${param.word}",
            "jobQueue": "cpu",
            "jobDefinition": "hello",
            "containerOverrides": {"environment": [{"name": "API_KEY", "value": "${param.key}"}]},
        },
    }
    content, document = from_file(file)
    form = make.launch_form_version(research.analyst, content, document).form
    address = reverse("form_preset_save", args=[form.text_id])

    browser.post(address, {"value-key": "hidden", "value-word": "w", "preset_name": "p"})
    assert FormPreset.objects.get().values == {"word": "w"}


def test_the_last_values_are_offered(browser: Client, form: LaunchForm) -> None:
    assert "My last values" not in run_page(browser, form)

    browser.post(reverse("launch_form_run", args=[form.text_id]), values(**{"value-year": "2029"}))
    assert "My last values" in run_page(browser, form)
    assert 'value="2029"' in run_page(browser, form, _last="1")


def test_presets_are_limited(browser: Client, form: LaunchForm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "MAX_PRESETS", 1)
    monkeypatch.setattr(actions, "MAX_FAVORITES", 0)
    save(browser, form, "one")

    assert "can have 1 presets" in save(browser, form, "two").content.decode()
    assert "Updated preset one." in save(browser, form, "one").content.decode()
    favorite(browser, form)
    assert not FavoriteForm.objects.exists()


def test_favorites_and_used_forms_are_on_home(browser: Client, research: Research, form: LaunchForm) -> None:
    content, document = from_file({**FILE, "name": "Other"})
    other = make.launch_form_version(research.analyst, content, document).form
    home = reverse("team_home", args=["research"])
    assert "Forms I use" not in browser.get(home).content.decode()

    make.submission(research.analyst, research.account, form_version=other.versions.get())
    assert favorite(browser, form).url == home
    page = browser.get(home).content.decode()
    assert "Remove Risk from favorites" in page
    assert page.index("Remove Risk") < page.index("Add Other to favorites")
    assert "Remove Risk from favorites" in browser.get(reverse("catalog", args=["research"])).content.decode()

    favorite(browser, form, on="")
    LaunchForm.objects.filter(pk=other.pk).update(archived_at=form.created_at)
    assert "Forms I use" not in browser.get(home).content.decode()


def test_who_does_not_see_a_form_marks_and_saves_nothing(
    research: Research, signed_in: SignIn, form: LaunchForm
) -> None:
    stranger = signed_in(research.stranger)

    assert favorite(stranger, form).status_code == 404
    assert save(stranger, form, "p").status_code == 404
    assert save(signed_in(research.viewer.user), form, "p").status_code == 403
