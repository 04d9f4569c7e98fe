"""What only a browser can tell: that pages follow what happens, look right in both themes and on a phone, and that
no page asks for what the Content-Security-Policy forbids."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now
from playwright.sync_api import Browser, BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from jobs import intake
from jobs.models import Account, ArrayChild, Draft, Job, Membership, Team
from jobs.models.ids import to_text
from jobs.reports.logs import Line, LogPage
from tests import make
from tests.eventually import eventually
from tests.threads import served_out
from tests.web.conftest import Research
from tests.writing import write, written

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    # Nothing is collected for tests; the test server finds the files where they are written.
    pytest.mark.filterwarnings("ignore:No directory at"),
]

# That an answer was a 404 or a 401 is what some of the tests are about; browser and htmx both report it. A preview
# whose place a newer one, or another page, has taken is none.
TOLERATED = re.compile(r"status of 4|Error Code 401|^htmx:(sendAbort|afterRequest),")
AT_END = "pane => pane.scrollHeight - pane.scrollTop - pane.clientHeight < 24"
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 800}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 800}},
    "phone": {"color_scheme": "light", "viewport": {"width": 375, "height": 700}},
}


@pytest.fixture(scope="module")
def browser(real_browser: Browser) -> Browser:
    return real_browser


@pytest.fixture(autouse=True)
def _plain_http(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test server has no TLS, and Playwright's own event loop makes Django suspect async code."""
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False
    settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME = "sessionid", "csrftoken"
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture
def enter(browser: Browser, live_server: LiveServer, research: Research) -> Iterator[Callable[..., Page]]:
    """Opens a page in which the analyst is signed in. Whatever the browser complains of fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def opened(path: str, look: str = "light") -> Page:
        context = browser.new_context(base_url=live_server.url, **LOOKS[look])
        contexts.append(context)
        session = Client()
        session.force_login(research.analyst.user)
        context.add_cookies(
            [{"name": "sessionid", "value": session.cookies["sessionid"].value, "url": live_server.url}]
        )
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path)
        return page

    yield opened
    for context in contexts:
        context.close()
    served_out()
    assert [said for said in complaints if not TOLERATED.search(said)] == []


def test_the_column_beside_a_long_page_stays_in_sight(enter: Callable[..., Page], research: Research) -> None:
    page = enter(reverse("job_form", args=[research.team.slug]))
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")

    assert page.evaluate("scrollY") > 0
    assert page.evaluate("document.querySelector('.side').getBoundingClientRect().top") == 0


def pleases(page: Page, path: str) -> None:
    """It fits, and whoever cannot see it, or use a mouse, can use it all the same."""
    page.goto(path)
    page.wait_for_load_state()
    wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    found = Axe().run(page).response["violations"]
    assert wider <= 0, path
    assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found] == [], path


@pytest.mark.parametrize("look", LOOKS)
def test_a_leads_pages_are_accessible_and_fit(look: str, enter: Callable[..., Page], research: Research) -> None:
    Team.objects.filter(pk=research.team.pk).update(approval_array_size=4)
    asker = make.member(Team.objects.get(pk=research.team.pk))
    array = {"jobName": "dear", "jobQueue": "cpu", "jobDefinition": "hello", "arrayProperties": {"size": 10}}
    approval = intake.accept(json.dumps(array), asker, source="json").approval
    Membership.objects.filter(user=research.analyst.user).update(role="lead")
    page = enter("/", look)

    for path in (
        reverse("team_home", args=[research.team.slug]),
        reverse("approvals", args=[research.team.slug]),
        reverse("approval", args=[to_text(approval.public_id)]),
        reverse("approval_edit", args=[to_text(approval.public_id)]),
        reverse("audit", args=[research.team.slug]),
        reverse("tokens", args=[research.team.slug]),
        reverse("definition", args=[to_text(research.definition.public_id)]),
    ):
        pleases(page, path)


def test_the_editor_of_a_request_fills_its_card(enter: Callable[..., Page], research: Research) -> None:
    Team.objects.filter(pk=research.team.pk).update(approval_array_size=4)
    asker = make.member(Team.objects.get(pk=research.team.pk))
    array = {"jobName": "dear", "jobQueue": "cpu", "jobDefinition": "hello", "arrayProperties": {"size": 10}}
    approval = intake.accept(json.dumps(array), asker, source="json").approval
    Membership.objects.filter(user=research.analyst.user).update(role="lead")
    page = enter(reverse("approval_edit", args=[to_text(approval.public_id)]))
    card, text = (page.locator(each).bounding_box() for each in (".editor", "#text"))

    assert card
    assert text
    assert text["width"] > card["width"] - 4


@pytest.mark.parametrize("look", LOOKS)
def test_each_page_is_accessible_and_fits(look: str, enter: Callable[..., Page], research: Research) -> None:
    make.job(research.submission, name="a-name-as-long-as-names-may-be-" * 4, state="FAILED", exit_code=1)
    sweep = make.job(research.submission, name="sweep", state="PENDING", array_size=5)
    for index, state in enumerate(["SUCCEEDED", "FAILED", "RUNNING", "RUNNABLE"]):
        ArrayChild.objects.create(job=sweep, index=index, state=state, reason="a reason " * 30, log_stream="s")
    Account.objects.update(polled_at=now() - timedelta(minutes=3))
    team = research.team.slug
    paths = [
        reverse("team", args=[team]),
        reverse("write", args=[team]) + "?example=workflow",
        reverse("definitions", args=[team]),
        reverse("queues", args=[team]),
        reverse("definition", args=[to_text(research.definition.public_id)]),
        research.submission.get_absolute_url(),
        research.job.get_absolute_url(),
        sweep.get_absolute_url(),
        reverse("job_children", args=[sweep.text_id]),
        reverse("child_log", args=[sweep.text_id, 1]),
        reverse("team_home", args=[team]),
        reverse("history", args=[team]),
        reverse("costs", args=[team]) + "?by=queue",
        reverse("receipt", args=[research.job.text_id]),
        reverse("job_form", args=[team]),
        reverse("definition_form", args=[team]),
        reverse("drafts", args=[team]),
        reverse("cli"),
        reverse("rights"),
        "/nothing/here/",
    ]
    page = enter(paths[0], look)

    for path in paths:
        pleases(page, path)


def test_a_text_is_judged_while_it_is_written(enter: Callable[..., Page]) -> None:
    page = enter(reverse("write", args=["research"]))
    write(page, '{"jobName": "hi", "jobQueue": "cpu",\n "jobDefinition": "nothing"}')
    eventually(lambda: "Error" in page.inner_text("#verdict"))
    page.click(".jump")

    assert page.is_disabled("#verdict button[type=submit]")
    assert page.evaluate("document.getElementById('text').selectionStart") > 30

    write(page, '{"jobName": "hi", "jobQueue": "cpu",\n "jobDefinition": "hello"}')
    eventually(lambda: "Submit hi to cpu" in page.inner_text("#verdict"))
    page.dblclick("#verdict button[type=submit]")
    page.wait_for_url("**/submissions/*/")
    assert Job.objects.filter(name="hi").count() == 1


def test_a_draft_outlives_its_page(enter: Callable[..., Page]) -> None:
    page = enter(reverse("write", args=["research"]))
    write(page, "{ not finished")
    eventually(lambda: page.evaluate("Object.keys(sessionStorage).some(key => key.endsWith('-research'))"))
    page.goto(reverse("team", args=["research"]))
    page.goto(reverse("write", args=["research"]))

    eventually(lambda: written(page).input_value() == "{ not finished")


def test_a_page_follows_a_job_to_its_end_and_says_so(enter: Callable[..., Page], research: Research) -> None:
    page = enter(research.submission.get_absolute_url())
    page.clock.install()
    page.reload()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "part=live" in request.url else None)
    Job.objects.filter(pk=research.job.pk).update(state="SUCCEEDED", ended_at=now())

    eventually(lambda: "Succeeded" in page.inner_text("#live"))
    eventually(lambda: "nightly: Succeeded." in page.inner_text("#said"))
    asked.clear()
    page.clock.run_for(10_000)
    assert asked == []


def test_announcements_of_one_moment_are_all_made_in_their_order(enter: Callable[..., Page]) -> None:
    page = enter(reverse("team", args=["research"]))
    page.evaluate(
        """for (const words of ["Copied.", "Copied.", "Good to go."])
             document.dispatchEvent(new CustomEvent("say", { detail: words }))"""
    )

    assert page.locator("#said > *").all_inner_texts() == ["Copied.", "Copied.", "Good to go."]
    assert page.locator("#said").get_attribute("aria-atomic") == "false"


def test_stopping_asks_first_and_the_question_outlives_a_refresh(
    enter: Callable[..., Page], research: Research
) -> None:
    page = enter(research.job.get_absolute_url())
    page.click("#stop")
    with page.expect_response(lambda answer: "part=live" in answer.url and answer.status == 200):
        Job.objects.filter(pk=research.job.pk).update(finished_attempts=1)
    assert page.is_visible("#confirm")

    page.click("#confirm [data-do]")
    eventually(lambda: "Stopping… asked by" in page.inner_text("main"))


def test_a_log_opens_at_its_end_follows_and_waits_for_a_reader(
    enter: Callable[..., Page], research: Research, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [Line(now(), f"line {number}") for number in range(200)]

    def after(_job: Job, token: str, _attempt: int | None = None) -> LogPage:
        lines.append(Line(now(), f"line {len(lines)}"))
        return LogPage(tuple(lines[int(token) :]), newer=str(len(lines)))

    monkeypatch.setattr("jobs.reports.logs.tail", lambda *_: LogPage(tuple(lines), newer=str(len(lines))))
    monkeypatch.setattr("jobs.reports.logs.after", after)
    page = enter(research.job.get_absolute_url())
    pane = page.locator("[data-lines]")
    count = page.locator(".line").count

    eventually(lambda: count() > 201)
    assert pane.evaluate(AT_END)

    pane.evaluate("pane => { pane.scrollTop = 100 }")
    before = count()
    eventually(lambda: count() > before)
    assert not pane.evaluate(AT_END)
    assert "jump to the end" in page.inner_text("[data-jump]")

    page.click("[data-jump]")
    assert pane.evaluate(AT_END)
    eventually(lambda: not page.is_visible("[data-jump]"))


def test_someone_signed_out_is_told_and_keeps_the_page(enter: Callable[..., Page], research: Research) -> None:
    page = enter(research.job.get_absolute_url())
    page.context.clear_cookies()

    eventually(lambda: "You are signed out" in page.inner_text("main"))
    assert research.job.name in page.inner_text("h1")


# -- Back and Reload, without pages that the browser keeps


def test_back_shows_what_was_typed_however_soon_the_page_was_left(enter: Callable[..., Page]) -> None:
    page = enter(reverse("job_form", args=["research"]))
    page.locator("#f-name").fill("typed-and-left")
    page.goto(reverse("team", args=["research"]))
    page.go_back()

    eventually(lambda: page.locator("#f-name").input_value() == "typed-and-left")
    page.reload()
    eventually(lambda: page.locator("#f-name").input_value() == "typed-and-left")


def test_back_shows_what_was_typed_though_the_portal_never_got_it(enter: Callable[..., Page]) -> None:
    page = enter(reverse("job_form", args=["research"]))
    page.route("**/jobs/new/", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    page.evaluate("navigator.sendBeacon = () => false")
    page.locator("#f-name").fill("never-arrived")
    page.goto(reverse("team", args=["research"]))
    page.unroute_all()
    assert not Draft.objects.exists()
    page.go_back()

    eventually(lambda: "?draft=" in page.url and page.locator("#f-name").input_value() == "never-arrived")


def test_back_after_submitting_shows_what_was_submitted_and_asks_for_nothing(enter: Callable[..., Page]) -> None:
    page = enter(reverse("write", args=["research"]))
    write(page, '{"jobName": "once", "jobQueue": "cpu",\n "jobDefinition": "hello"}')
    eventually(lambda: "Submit once to cpu" in page.inner_text("#verdict"))
    page.click("#verdict button[type=submit]")
    page.wait_for_url("**/submissions/*/")
    for _ in range(2):
        page.go_back()
        assert '"jobName": "once"' in written(page).input_value()
        assert "You sent this already" in page.inner_text("main")
        page.go_forward()
    assert Job.objects.filter(name="once").count() == 1


@pytest.mark.parametrize("leave", ["back", "reload"])
def test_a_refused_form_is_not_sent_again_by_back_or_reload(enter: Callable[..., Page], leave: str) -> None:
    page = enter(reverse("write", args=["research"]))
    write(page, '{"jobName": "no good"}')
    page.evaluate("document.querySelector('form.write').submit()")
    page.wait_for_selector(".verdict-refused")
    if leave == "back":
        page.goto(reverse("team", args=["research"]))
        page.go_back()
    else:
        page.reload()

    assert '"jobName": "no good"' in written(page).input_value()
    assert page.locator(".verdict-refused").count() == 0


def test_signing_out_takes_what_the_browser_kept_but_for_the_theme(enter: Callable[..., Page]) -> None:
    page = enter(reverse("team", args=["research"]))
    page.locator(".person-menu summary").click()
    page.locator("button[data-theme=dark]").click()
    other = page.context.new_page()
    other.goto(reverse("team", args=["research"]))
    for each in (page, other):
        each.evaluate("sessionStorage.setItem('typed:1:/x', 'secret'); localStorage.setItem('kept', 'secret')")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in/")

    for each in (page, other):
        eventually(partial(emptied, each))
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"
    page.go_back()
    assert "/sign-in/" in page.url
    assert page.locator(".team-name").count() == 0


def emptied(page: Page) -> bool:
    return bool(page.evaluate("sessionStorage.length + localStorage.length") == 0)


def test_a_session_that_ends_by_itself_leaves_what_was_typed(enter: Callable[..., Page], research: Research) -> None:
    page = enter(reverse("job_form", args=["research"]))
    page.context.clear_cookies(name="sessionid")
    page.locator("#f-name").fill("typed-too-late")
    eventually(lambda: "You are signed out" in page.inner_text("#kept"))
    page.reload()
    assert "/sign-in/" in page.url
    page.fill("[name=username]", research.analyst.user.username)
    page.fill("[name=password]", "demo")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/jobs/new/**")

    page.locator("[data-local-take]").click()
    eventually(lambda: page.locator("#f-name").input_value() == "typed-too-late")


def test_back_after_a_password_that_was_wrong_asks_for_nothing(
    enter: Callable[..., Page], research: Research
) -> None:
    page = enter(reverse("sign_in"))
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
