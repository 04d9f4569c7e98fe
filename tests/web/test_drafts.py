"""Drafts: kept while someone types, listed, opened, thrown away, and nobody else's."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from bench.documents import large_workflow
from jobs.access import Member
from jobs.actions import drafts
from jobs.models import Draft, Membership, Submission
from jobs.models.ids import from_text, new_id, to_text
from jobs.spec.parsing.parser import MAX_TEXT_BYTES
from tests import make
from tests.web.conftest import Research, SignIn
from tests.web.forms import controls, fill, page_text

SCRIPT = {"X-Requested-With": "fetch"}
FILLED: dict[str, Any] = {"name": "train", "queue": "cpu", "definition": "hello"}
JOB = {"jobName": "train", "jobQueue": "cpu", "jobDefinition": "hello"}
HALF = '{\n  // the second try\n  "jobName": "train",\n  "jobQueue": "c'


@pytest.fixture
def browser(research: Research, signed_in: SignIn) -> Client:
    return signed_in(research.analyst.user)


def form_controls(browser: Client, page: str = "job_form", **query: str) -> dict[str, str]:
    return controls(browser.get(reverse(page, args=["research"]), query).content.decode())


def save_typing(browser: Client, key: str, page: str = "job_form", **fields: Any) -> Any:
    """What the page's script sends while someone types."""
    sent = {"draft": key, "do": "keep", "begin": "1", **fields}
    return browser.post(reverse(page, args=["research"]), sent, headers=SCRIPT)


def page_controls(answer: Any) -> dict[str, str]:
    """What a browser would send of the form or the JSON page."""
    return controls(answer.content.decode().replace("data-editor", "data-form", 1))


def draft_of(who: Member, **fields: Any) -> Draft:
    made = drafts.save_draft(who, to_text(new_id()), fields.pop("kind", "job"), fields.pop("text", HALF), **fields)
    return Draft.objects.get(public_id=from_text(made.text_id))


@pytest.mark.long
def test_what_is_typed_is_kept_under_the_id_of_its_page_and_opened_again(browser: Client) -> None:
    key = form_controls(browser)["draft"]
    first = save_typing(browser, key, **FILLED, memory="lots")
    save_typing(browser, key, **{**FILLED, "name": "train-2"}, memory="2 GiB")
    [kept] = Draft.objects.all()
    again = form_controls(browser, draft=key)

    assert page_text(first).startswith("<a href=")
    assert "Draft</a> saved" in page_text(first)
    assert (kept.text_id, kept.name, kept.kind) == (key, "train-2", "job")
    assert (again["name"], again["memory"], again["draft"]) == ("train-2", "2 GiB", key)
    assert Submission.objects.count() == 1


@pytest.mark.long
def test_a_text_that_is_no_document_yet_is_kept_to_the_letter(browser: Client) -> None:
    key = form_controls(browser)["draft"]
    save_typing(browser, key, document=HALF, follows="")
    page = browser.get(reverse("draft", args=["research", key]), follow=True)

    assert Draft.objects.get().text == HALF
    assert controls(page.content.decode())["document"] == HALF.replace("\n", "\r\n")


def test_a_form_that_nobody_touched_leaves_no_draft(browser: Client) -> None:
    form = form_controls(browser)
    untouched = {**form, "do": "keep"}
    answer = browser.post(reverse("job_form", args=["research"]), untouched, headers=SCRIPT)

    assert (answer.status_code, answer.content.strip()) == (200, b"")
    assert not Draft.objects.exists()


def test_the_button_of_an_empty_form_leaves_no_draft(browser: Client) -> None:
    answer = browser.post(reverse("job_form", args=["research"]), {**form_controls(browser), "do": "submit"})

    assert answer.status_code == 422
    assert not Draft.objects.exists()


def test_a_draft_without_a_name_is_listed_by_its_definition(browser: Client) -> None:
    save_typing(browser, to_text(new_id()), queue="cpu", definition="hello")

    assert Draft.objects.get().name == "hello"


@pytest.mark.long
@pytest.mark.parametrize("page", ["job_form", "definition_form", "write"])
def test_every_page_of_the_builder_keeps_lists_and_opens(page: str, browser: Client) -> None:
    document = json.dumps({"jobName": "kept"} if page != "definition_form" else {"jobDefinitionName": "kept"})
    key = form_controls(browser, page)["draft"] if page != "write" else to_text(new_id())
    save_typing(browser, key, page, document=document, text=document)
    listed = page_text(browser.get(reverse("drafts", args=["research"])))
    sent_on = browser.get(reverse("draft", args=["research", key])).headers["Location"]

    assert ">kept</a>" in listed
    assert sent_on == f"{reverse(page, args=['research'])}?draft={key}"
    assert "kept" in page_text(browser.get(sent_on))


@pytest.mark.long
def test_what_was_submitted_is_no_draft_any_more_and_does_not_come_back(browser: Client) -> None:
    key = form_controls(browser)["draft"]
    save_typing(browser, key, **FILLED, request_key="one")
    sent = fill(browser, **FILLED, draft=key, request_key="one")
    save_typing(browser, key, **FILLED, request_key="one")

    assert sent.status_code == 302
    assert not Draft.objects.unsent().exists()
    assert browser.get(reverse("draft", args=["research", key])).status_code == 404
    assert "train" not in page_text(browser.get(reverse("drafts", args=["research"])))


@pytest.mark.long
@pytest.mark.parametrize("page", ["job_form", "definition_form", "write"])
def test_whoever_goes_back_to_a_form_that_was_sent_finds_what_was_sent_as_a_new_draft(
    page: str, browser: Client
) -> None:
    text = json.dumps(make.document("fresh") if page == "definition_form" else JOB)
    key, request_key = to_text(new_id()), "one"
    body = {"document": text, "text": text, "follows": "", "draft": key, "request_key": request_key, "do": "submit"}
    assert browser.post(reverse(page, args=["research"]), body).status_code == 302
    back = browser.get(f"{reverse(page, args=['research'])}?draft={key}", follow=True)
    form = page_controls(back)

    assert form["text" if page == "write" else "document"].replace("\r\n", "\n") == text
    assert "already" in page_text(back)
    assert form["draft"] != key
    assert form["request_key"] != request_key


@pytest.mark.long
def test_what_was_sent_is_edited_as_another_draft_and_stays_for_another_back(browser: Client) -> None:
    key = form_controls(browser)["draft"]
    fill(browser, **FILLED, draft=key, request_key="one")
    fresh = form_controls(browser, sent=key)["draft"]
    save_typing(browser, fresh, **{**FILLED, "name": "train-again"}, request_key="two")

    assert form_controls(browser, draft=fresh)["name"] == "train-again"
    assert form_controls(browser, sent=key)["name"] == "train"


def test_what_was_sent_is_forgotten_after_ten_others_or_a_day(
    research: Research, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafts, "MAX_SENT", 2)
    for name in ("first", "second", "third"):
        drafts.mark_sent(research.analyst, to_text(new_id()), "job", name)
    assert sorted(Draft.objects.values_list("text", flat=True)) == ["second", "third"]

    Draft.objects.filter(text="second").update(sent_at=now() - timedelta(days=2))
    drafts.mark_sent(research.analyst, to_text(new_id()), "job", "fourth")
    assert sorted(Draft.objects.values_list("text", flat=True)) == ["fourth", "third"]


def test_what_was_sent_takes_no_draft_its_place(research: Research, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts, "MAX_DRAFTS", 1)
    draft_of(research.analyst, name="unsent")
    for _ in range(3):
        drafts.mark_sent(research.analyst, to_text(new_id()), "job", "x")

    assert Draft.objects.unsent().get().name == "unsent"


def test_a_text_that_arrives_after_its_registration_is_no_draft(research: Research) -> None:
    key = to_text(new_id())
    drafts.mark_sent(research.analyst, key, "definition", "{}")

    assert drafts.save_draft(research.analyst, key, "definition", "{}") is None
    assert not Draft.objects.unsent().exists()


def test_what_someone_sent_is_shown_to_nobody_else(research: Research, signed_in: SignIn) -> None:
    key = to_text(new_id())
    drafts.mark_sent(research.analyst, key, "json", '{"jobName": "secret-plan"}')
    lead = signed_in(make.member(research.team, "lead").user)

    for name in ("draft", "sent"):
        answer = lead.get(f"{reverse('write', args=['research'])}?{name}={key}")
        assert (answer.status_code, "secret-plan" in page_text(answer)) == (200, False)


def test_a_refused_text_is_found_again_by_its_address(browser: Client) -> None:
    key = to_text(new_id())
    browser.post(reverse("write", args=["research"]), {"text": HALF, "draft": key, "request_key": "one"})
    back = browser.get(f"{reverse('write', args=['research'])}?draft={key}")

    assert page_controls(back)["text"] == HALF.replace("\n", "\r\n")


def test_a_page_that_answered_a_post_says_so_to_the_browser(browser: Client) -> None:
    address = reverse("write", args=["research"])
    posted = browser.post(address, {"text": HALF}).content.decode()

    assert " data-posted" in posted
    assert " data-posted" not in browser.get(address).content.decode()


@pytest.mark.long
def test_a_refused_form_and_a_fixed_one_are_kept_too(browser: Client, research: Research) -> None:
    key = to_text(new_id())
    fill(browser, **{**FILLED, "name": "no good"}, draft=key)
    assert '"jobName": "no good"' in Draft.objects.get().text

    base = {"jobName": "a", "jobQueue": "cpu", "jobDefinition": "hello", "shareIdentifier": "x"}
    research.queue.raw = {"jobQueueArn": "x"}
    research.queue.save()
    fill(browser, of=base, draft=key, do="fix:share.not-fair@/shareIdentifier")
    assert "shareIdentifier" not in Draft.objects.get().text


@pytest.mark.long
def test_drafts_are_offered_where_something_new_is_begun(browser: Client, research: Research) -> None:
    for name in ("one", "two", "three", "four"):
        draft_of(research.analyst, name=name)
    for page in ("job_form", "definition_form", "write", "team_home"):
        told = page_text(browser.get(reverse(page, args=["research"])))
        assert [name in told for name in (">four</a>", ">three</a>", ">two</a>", ">one</a>")] == [True] * 3 + [False]


def test_a_draft_is_thrown_away_once(browser: Client, research: Research) -> None:
    address = reverse("draft_discard", args=["research", draft_of(research.analyst).text_id])

    assert browser.post(address).status_code == 302
    assert browser.post(address).status_code == 404
    assert not Draft.objects.exists()


def test_all_drafts_of_a_team_are_deleted_after_a_question_and_no_others(browser: Client, research: Research) -> None:
    for name in ("one", "two"):
        draft_of(research.analyst, name=name)
    elsewhere = draft_of(make.member(make.team("second"), who=research.analyst.user))
    of_lead = draft_of(make.member(research.team, "lead"))
    drafts.mark_sent(research.analyst, to_text(new_id()), "job", HALF)
    page = browser.get(reverse("drafts", args=["research"])).content.decode()
    answer = browser.post(reverse("drafts_discard", args=["research"]), follow=True)

    assert 'data-confirm="Your 2 drafts in ' in page
    assert "Deleted 2 drafts." in page_text(answer)
    assert "No drafts" in page_text(answer)
    assert set(Draft.objects.unsent()) == {elsewhere, of_lead}
    assert Draft.objects.sent().count() == 1


@pytest.mark.long
def test_drafts_are_their_writers_alone(research: Research, signed_in: SignIn) -> None:
    draft = draft_of(research.analyst, name="secret-plan", text='{"jobName": "secret-plan"}')
    lead = make.member(research.team, "lead").user
    staff = make.member(research.team, "lead", research.admin).user
    for who in (lead, staff):
        other = signed_in(who)
        for address in (
            reverse("draft", args=["research", draft.text_id]),
            f"{reverse('job_form', args=['research'])}?draft={draft.text_id}",
            f"{reverse('definition_form', args=['research'])}?draft={draft.text_id}",
            f"{reverse('write', args=['research'])}?draft={draft.text_id}",
        )[1:]:
            answer = other.get(address)  # as good as any other id that nothing is kept under
            assert (answer.status_code, "secret-plan" in page_text(answer)) == (200, False)
        assert other.get(reverse("draft", args=["research", draft.text_id])).status_code == 404
        assert other.post(reverse("draft_discard", args=["research", draft.text_id])).status_code == 404
        assert "secret-plan" not in page_text(other.get(reverse("drafts", args=["research"])))
    assert Draft.objects.get() == draft


def test_an_id_that_another_has_is_as_good_as_any_and_tells_nothing(research: Research, signed_in: SignIn) -> None:
    draft = draft_of(research.analyst, text="mine")
    lead = signed_in(make.member(research.team, "lead").user)
    answer = save_typing(lead, draft.text_id, **FILLED)

    assert "Draft</a> saved" in page_text(answer)
    assert Draft.objects.get(pk=draft.pk).text == "mine"
    assert Draft.objects.count() == 2


def test_who_is_no_member_any_more_has_no_drafts_there(browser: Client, research: Research) -> None:
    draft = draft_of(research.analyst)
    Membership.objects.filter(user=research.analyst.user).delete()

    assert browser.get(reverse("drafts", args=["research"])).status_code == 404
    assert browser.get(reverse("draft", args=["research", draft.text_id])).status_code == 404


def test_a_draft_of_another_team_is_not_opened_in_this_one(browser: Client, research: Research) -> None:
    elsewhere = make.member(make.team("second"), who=research.analyst.user)
    draft = draft_of(elsewhere)

    assert browser.get(reverse("draft", args=["research", draft.text_id])).status_code == 404
    assert browser.get(reverse("draft", args=["second", draft.text_id])).status_code == 302


def test_the_oldest_goes_and_it_is_said(research: Research, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts, "MAX_DRAFTS", 2)
    for name in ("first", "second", "third"):
        told = drafts.save_draft(research.analyst, to_text(new_id()), "job", "x", name=name)

    assert told.deleted_names == ("first",)
    assert "Draft limit reached. Deleted your oldest draft: first." in render_to_string(
        "jobs/builder/draft_status.html", {"save_result": told, "team": research.team}
    )
    assert sorted(Draft.objects.values_list("name", flat=True)) == ["second", "third"]


def test_a_draft_that_was_changed_elsewhere_is_not_overwritten(research: Research) -> None:
    key, who = to_text(new_id()), research.analyst
    first = drafts.save_draft(who, key, "job", "one")
    second = drafts.save_draft(who, key, "job", "two", version=first.version)
    repeated = drafts.save_draft(who, key, "job", "two", version=first.version)
    copy = drafts.save_draft(who, key, "job", "three", version=first.version)

    assert (second.text_id, repeated.text_id, repeated.version) == (key, key, second.version)
    assert (copy.is_copy, copy.text_id == key) == (True, False)
    assert sorted(Draft.objects.values_list("text", flat=True)) == ["three", "two"]
    assert drafts.save_draft(who, key, "job", "four", version="x").text_id == key


def test_a_workflow_of_a_thousand_steps_is_kept(browser: Client) -> None:
    save_typing(browser, to_text(new_id()), "write", text=large_workflow())

    assert json.loads(Draft.objects.get().text)["jobs"][-1]["jobName"] == "step-999"


@pytest.mark.parametrize("text", ["x" * (MAX_TEXT_BYTES + 1), "nul\0"])
def test_what_cannot_be_kept_is_said_to_be_so(text: str, browser: Client) -> None:
    answer = save_typing(browser, to_text(new_id()), "write", text=text)

    assert "Not saved as a draft" in page_text(answer)
    assert not Draft.objects.exists()


@pytest.mark.parametrize("key", ["", "x", "../../etc", "0" * 26, "é" * 26])
def test_an_id_that_is_none_is_replaced(key: str, browser: Client) -> None:
    answer = save_typing(browser, key, **FILLED)

    assert answer.status_code == 200
    assert Draft.objects.count() == 1


def test_who_is_signed_out_is_told_so_and_nothing_is_kept(research: Research) -> None:
    assert save_typing(Client(), to_text(new_id()), **FILLED).status_code == 401
    assert not Draft.objects.exists()


@pytest.mark.long
def test_running_again_stays_running_again(browser: Client, research: Research) -> None:
    key = to_text(new_id())
    save_typing(browser, key, **{**FILLED, "name": "again-train"}, again=research.job.text_id)
    page = browser.get(reverse("draft", args=["research", key]), follow=True)

    assert "of the submission" in page_text(page)
    assert controls(page.content.decode())["again"] == research.job.text_id
