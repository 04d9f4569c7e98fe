"""What only a browser can tell: pages follow what happens, and lose nothing of what was typed."""

import re
from functools import partial

import pytest
from django.urls import reverse
from django.utils.timezone import now
from playwright.sync_api import Page, Route, expect

from jobs.actions import drafts
from jobs.models import Draft, Job
from tests.browser import NARROW, WIDE, PageOpener, assert_accessible
from tests.eventually import eventually
from tests.fake_stream import FakeStream
from tests.pages.job_form import JobForm
from tests.pages.job_page import JOB_ADDRESS
from tests.pages.json_page import JsonPage
from tests.web.browser.conftest import OpenPage
from tests.web.conftest import Research

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    # Nothing is collected for tests; the test server finds the files where they are written.
    pytest.mark.filterwarnings("ignore:No directory at"),
]

SIGNED_OUT = "status of 401|Error Code 401"


@pytest.fixture
def open_as_analyst(open_page: OpenPage, research: Research) -> OpenPage:
    """Open a page as the analyst."""
    return partial(open_page, research.analyst.user)


def test_the_column_beside_a_long_page_stays_in_sight(open_as_analyst: OpenPage, research: Research) -> None:
    page = open_as_analyst(reverse("job_form", args=[research.team.slug]))
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")

    assert page.evaluate("scrollY") > 0
    assert page.evaluate("document.querySelector('.side').getBoundingClientRect().top") == 0


def test_a_text_is_judged_while_it_is_written(open_as_analyst: OpenPage) -> None:
    page = open_as_analyst()
    written = JsonPage(page).open()
    written.editor.replace('{"jobName": "hi", "jobQueue": "cpu",\n "jobDefinition": "nothing"}')
    expect(written.feedback).to_contain_text("Error")
    written.error_link.click()

    expect(written.submit_button).to_be_disabled()
    assert written.editor.field.evaluate("area => area.selectionStart") > 30

    written.editor.replace('{"jobName": "hi", "jobQueue": "cpu",\n "jobDefinition": "hello"}')
    expect(written.submit_button).to_contain_text("Submit hi to cpu")
    written.submit_button.dblclick()
    page.wait_for_url(JOB_ADDRESS)
    assert Job.objects.filter(name="hi").count() == 1


def test_a_text_outlives_its_page_as_one_draft(open_as_analyst: OpenPage) -> None:
    page = open_as_analyst()
    written = JsonPage(page).open()
    written.editor.replace("{ not finished")
    page.goto(reverse("jobs", args=["research"]))
    eventually(Draft.objects.exists)
    draft = page.get_by_role("link", name="Untitled")
    for window in (NARROW, WIDE):
        page.set_viewport_size(window)
        written.open()
        expect(written.editor.field).to_have_value("")
        expect(written.restore_local_draft).to_be_hidden()
        expect(draft).to_be_visible()
    page.set_viewport_size(NARROW)
    draft.click()

    expect(written.editor.field).to_have_value("{ not finished")
    assert Draft.objects.count() == 1


def test_two_tabs_with_one_draft_lose_nothing(open_as_analyst: OpenPage) -> None:
    page = open_as_analyst()
    first = JobForm(page).open()
    first.name.fill("first-tab")
    expect(first.draft_status).to_contain_text("Draft saved")
    second = JobForm(page.context.new_page())
    second.page.goto(page.url)
    second.name.fill("second-tab")
    expect(second.draft_status).to_contain_text("Draft saved")
    first.name.fill("first-tab-again")
    expect(first.draft_status).to_contain_text("changed in another tab")
    first.name.fill("first-tab-once-more")
    expect(first.draft_status).not_to_contain_text("changed in another tab")

    assert set(Draft.objects.values_list("name", flat=True)) == {"first-tab-once-more", "second-tab"}
    page.reload()
    expect(first.name).to_have_value("first-tab-once-more")


def test_a_page_follows_a_job_to_its_end_and_says_so(open_as_analyst: OpenPage, research: Research) -> None:
    page = open_as_analyst(research.submission.get_absolute_url())
    page.clock.install()
    page.reload()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "part=live" in request.url else None)
    Job.objects.filter(pk=research.job.pk).update(state="SUCCEEDED", ended_at=now())

    eventually(lambda: "Succeeded" in page.inner_text("#live"))
    eventually(lambda: "nightly: Succeeded." in page.inner_text("#announcements"))
    asked.clear()
    page.clock.run_for(10_000)
    assert asked == []


def test_announcements_of_one_moment_are_all_made_in_their_order(open_as_analyst: OpenPage) -> None:
    page = open_as_analyst(reverse("jobs", args=["research"]))
    page.evaluate(
        """for (const words of ["Copied.", "Copied.", "Good to go."])
             document.dispatchEvent(new CustomEvent("announce", { detail: words }))"""
    )

    assert page.locator("#announcements > *").all_inner_texts() == ["Copied.", "Copied.", "Good to go."]
    assert page.locator("#announcements").get_attribute("aria-atomic") == "false"


def test_stopping_asks_first_and_the_question_outlives_a_refresh(
    open_as_analyst: OpenPage, research: Research
) -> None:
    page = open_as_analyst(research.job.get_absolute_url())
    page.click("#stop")
    with page.expect_response(lambda answer: "part=live" in answer.url and answer.status == 200):
        Job.objects.filter(pk=research.job.pk).update(finished_attempts=1)
    assert page.is_visible("#confirm")

    page.click("#confirm [data-confirm-label]")
    eventually(lambda: "Stopping… requested by" in page.inner_text("main"))


def test_a_row_opens_in_place_and_stays_open_while_its_list_is_polled(
    open_as_analyst: OpenPage, research: Research, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = FakeStream([f"line {number}" for number in range(40)])
    monkeypatch.setattr("jobs.reports.logs.client_for", lambda *_: None)
    monkeypatch.setattr("jobs.aws.logs.get_log_events", stream.respond)
    Job.objects.filter(pk=research.job.pk).update(log_stream="x/default/1")
    page = open_as_analyst(reverse("jobs", args=["research"]))
    details, button = page.locator(".row-details"), page.get_by_role("button", name="Details of")
    button.click()

    expect(button).to_have_attribute("aria-expanded", "true")
    expect(details.locator(".line > span")).to_have_text([f"line {number}" for number in range(28, 40)])
    expect(details.get_by_role("region", name="Last log lines")).to_be_visible()
    expect(details.get_by_role("link", name="Open job")).to_be_visible()
    assert_accessible(page)

    with page.expect_response(lambda answer: "part=live" in answer.url and answer.status == 200):
        Job.objects.filter(pk=research.job.pk).update(state="SUCCEEDED", ended_at=now())
    expect(page.locator("#live .st").first).to_have_text("Succeeded")
    expect(details.locator(".line")).to_have_count(12)
    expect(button).to_have_attribute("aria-expanded", "true")
    button.click()
    expect(details).to_have_count(0)


def test_on_a_phone_the_current_page_is_in_view_in_the_menu(open_as_analyst: OpenPage) -> None:
    page = open_as_analyst(look="phone")
    for name in ("queues", "costs", "jobs"):
        page.goto(reverse(name, args=["research"]))
        expect(page.locator(".nav-main [aria-current]")).to_be_in_viewport(ratio=1)


def test_someone_signed_out_is_told_and_keeps_the_page(
    open_as_analyst: OpenPage, research: Research, new_page: PageOpener
) -> None:
    new_page.expect_complaint(SIGNED_OUT)
    page = open_as_analyst(research.job.get_absolute_url())
    page.context.clear_cookies()

    eventually(lambda: "You're signed out" in page.inner_text("main"))
    assert research.job.name in page.inner_text("h1")


# -- Back and Reload, without pages that the browser keeps


def test_back_shows_what_was_typed_however_soon_the_page_was_left(open_as_analyst: OpenPage) -> None:
    page = open_as_analyst()
    form = JobForm(page).open()
    form.name.fill("typed-and-left")
    page.goto(reverse("jobs", args=["research"]))
    page.go_back()

    expect(form.name).to_have_value("typed-and-left")
    page.reload()
    expect(form.name).to_have_value("typed-and-left")


def test_back_shows_what_was_typed_though_the_portal_never_got_it(
    open_as_analyst: OpenPage, new_page: PageOpener
) -> None:
    new_page.expect_complaint("net::ERR_FAILED")
    page = open_as_analyst()
    form = JobForm(page).open()
    page.route("**/jobs/new/", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    page.evaluate("navigator.sendBeacon = () => false")
    form.name.fill("never-arrived")
    page.goto(reverse("jobs", args=["research"]))
    page.unroute_all()
    assert not Draft.objects.exists()
    page.go_back()

    page.wait_for_url("**?draft=*")
    expect(form.name).to_have_value("never-arrived")


def test_back_after_submitting_shows_what_was_submitted_and_asks_for_nothing(open_as_analyst: OpenPage) -> None:
    page = open_as_analyst()
    written = JsonPage(page).open()
    written.submit('{"jobName": "once", "jobQueue": "cpu",\n "jobDefinition": "hello"}')
    for window in (NARROW, WIDE):
        page.set_viewport_size(window)
        page.go_back()
        assert '"jobName": "once"' in written.editor.text
        expect(page.get_by_text("You sent this already")).to_be_in_viewport()
        page.go_forward()
    assert Job.objects.filter(name="once").count() == 1


def test_back_to_a_page_that_the_browser_has_kept_shows_that_it_was_submitted(open_as_analyst: OpenPage) -> None:
    """The back/forward cache restores a page as it was left. Here it is never left: the answer is that to stay."""
    page = open_as_analyst()
    written = JsonPage(page).open()

    def submit_and_stay(route: Route) -> None:
        if route.request.is_navigation_request() and route.request.method == "POST":
            route.fetch(max_redirects=0)
            route.fulfill(status=204)
        else:
            route.continue_()

    page.route("**/new/**", submit_and_stay)
    written.editor.replace('{"jobName": "once", "jobQueue": "cpu",\n "jobDefinition": "hello"}')
    expect(written.submit_button).to_have_text(re.compile("^Submit once"))
    written.submit_button.click()
    eventually(lambda: Job.objects.filter(name="once").exists())
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")

    page.wait_for_url("**?sent=*")
    expect(page.get_by_text("You sent this already")).to_be_visible()
    assert '"jobName": "once"' in written.editor.text
    assert Job.objects.filter(name="once").count() == 1


def test_a_draft_that_makes_room_is_named_for_as_long_as_the_page_is_open_and_all_are_deleted_at_once(
    open_as_analyst: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafts, "MAX_DRAFTS", 1)
    page = open_as_analyst()
    form = JobForm(page)
    for name in ("the-first", "the-second", "the-second-still"):
        if name != "the-second-still":
            form.open()
        form.name.fill(name)
        eventually(Draft.objects.filter(name=name).exists)
    expect(page.locator("[data-deleted-notice]")).to_contain_text("Deleted your oldest draft: the-first.")

    page.get_by_role("link", name="All drafts").last.click()
    page.get_by_role("button", name="Delete all drafts").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Your only draft in Research can't be restored.")
    dialog.get_by_role("button", name="Delete all drafts").click()
    expect(page.get_by_role("heading", name="No drafts")).to_be_visible()
    assert not Draft.objects.exists()


@pytest.mark.parametrize("leave", ["back", "reload"])
def test_a_refused_form_is_not_sent_again_by_back_or_reload(open_as_analyst: OpenPage, leave: str) -> None:
    page = open_as_analyst()
    written = JsonPage(page).open()
    written.editor.replace('{"jobName": "no good"}')
    written.submit_unchecked()
    expect(written.rejection).to_be_visible()
    if leave == "back":
        page.goto(reverse("jobs", args=["research"]))
        page.go_back()
    else:
        page.reload()

    assert '"jobName": "no good"' in written.editor.text
    assert written.rejection.count() == 0


def test_signing_out_takes_what_the_browser_kept_but_for_the_theme(
    open_as_analyst: OpenPage, new_page: PageOpener
) -> None:
    new_page.expect_complaint(SIGNED_OUT)
    page = open_as_analyst(reverse("jobs", args=["research"]))
    page.locator(".person-menu summary").click()
    page.locator("button[data-theme=dark]").click()
    other = page.context.new_page()
    other.goto(reverse("jobs", args=["research"]))
    for each in (page, other):
        each.evaluate("sessionStorage.setItem('typed:1:/x', 'secret'); localStorage.setItem('kept', 'secret')")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in/")

    for each in (page, other):
        eventually(partial(storage_is_empty, each))
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"
    page.go_back()
    assert "/sign-in/" in page.url
    assert page.locator(".team-name").count() == 0


def storage_is_empty(page: Page) -> bool:
    return bool(page.evaluate("sessionStorage.length + localStorage.length") == 0)


def test_a_lost_token_or_a_session_that_ends_by_itself_leaves_what_was_typed(
    open_as_analyst: OpenPage, research: Research, new_page: PageOpener
) -> None:
    new_page.expect_complaint(f"{SIGNED_OUT}|status of 403|Error Code 403")
    page = open_as_analyst()
    form = JobForm(page).open()
    page.context.clear_cookies(name="csrftoken")
    form.name.fill("typed-without-token")
    expect(form.draft_status).to_have_text(
        "This page has expired. Reload it to save. Your changes are saved in this browser."
    )
    expect(form.preview).to_contain_text("This page has expired. Reload it; your text stays in this browser.")
    page.reload()
    expect(form.name).to_have_value("typed-without-token")

    page.context.clear_cookies(name="sessionid")
    form.name.fill("typed-too-late")
    expect(form.draft_status).to_contain_text("You're signed out")
    page.reload()
    assert "/sign-in/" in page.url
    page.fill("[name=username]", research.analyst.user.username)
    page.fill("[name=password]", "demo")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/jobs/new/**")

    form.restore_local_draft.click()
    expect(form.name).to_have_value("typed-too-late")


def test_back_after_a_password_that_was_wrong_asks_for_nothing(open_as_analyst: OpenPage, research: Research) -> None:
    page = open_as_analyst(reverse("sign_in"))
    page.context.clear_cookies()
    page.goto(reverse("sign_in"))
    for password in ("wrong", "demo"):
        page.fill("[name=username]", research.analyst.user.username)
        page.fill("[name=password]", password)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_load_state()
    eventually(lambda: "/sign-in/" not in page.url)
    page.go_back()

    assert "/sign-in/" not in page.url  # who is signed in is led on
    assert "Research" in page.inner_text("body")


def test_shortcuts_open_pages_and_help_lists_them_but_none_works_while_one_types(
    open_as_analyst: OpenPage, research: Research
) -> None:
    written = JsonPage(open_as_analyst()).open()
    page, path = written.page, reverse("write", args=[research.team.slug])
    dialog = page.locator("#help")
    page.locator(".cm-content").click()
    page.keyboard.type("?n/gc")
    expect(page.locator(".cm-content")).to_contain_text("?n/gc")
    expect(dialog).to_be_hidden()
    assert path in page.url

    written.editor.replace("")
    page.locator("h1").click()
    page.keyboard.press("?")
    expect(dialog.get_by_role("heading", name="Help")).to_be_visible()
    expect(dialog.locator("[data-go-list] > div", has_text="Costs")).to_have_text("g c Costs")
    expect(dialog.locator("[data-go-list]")).not_to_contain_text("Tokens")  # those of a team are its leads'
    page.keyboard.press("g")
    page.keyboard.press("j")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert path in page.url
    page.keyboard.press("g")
    page.keyboard.press("c")
    page.wait_for_url(f"**{reverse('costs', args=[research.team.slug])}")
    page.set_viewport_size({"width": 375, "height": 800})
    page.get_by_role("button", name="Help", exact=True).click()
    expect(dialog.get_by_role("link", name="Command line, API and CI")).to_be_in_viewport()
    dialog.locator("summary").click()
    assert_accessible(page)
