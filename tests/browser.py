"""Pages in headless Chromium. Whatever a page complains of fails the test that opened it."""

import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from axe_playwright_python.base import AXE_SCRIPT
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize

from tests.http_client import Visitor

if TYPE_CHECKING:
    from jobs.models import User  # the benchmarks open pages too, and have no Django

TIMEOUT_MS = 60_000  # only a bound: a busy machine takes its time
Cookies = Sequence[Any]  # Playwright exports no type for them
# htmx reports a preview whose place a newer one, or another page, has taken. A preview of a wrong document is a 422.
EXPECTED = r"^htmx:(sendAbort|afterRequest),|status of 422"
# From each to the next, a page of the first and back, as little changes as can be.
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 900}},
    "phone": {"color_scheme": "light", "viewport": {"width": 375, "height": 700}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 900}},
}


# Windows between which a test goes with one page
NARROW: ViewportSize = {"width": 375, "height": 700}
WIDE: ViewportSize = {"width": 1440, "height": 900}
# Between two links of a path stands a slash, after its last none.
AFTER_CRUMBS = """() => [...document.querySelectorAll(".crumbs")].map((path) =>
  [...path.children].map((link) => getComputedStyle(link, "::after").content.replaceAll('"', "")))"""


class PageOpener:
    """Open pages, each in a browser context of its own, and collect their complaints.

    A complaint is an error or a warning in the console, which a violation of the Content-Security-Policy is too, or
    an error that no script caught.
    """

    def __init__(self, browser: Browser) -> None:
        self.complaints: list[str] = []
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self._expected = [EXPECTED]

    def __call__(self, base_url: str, cookies: Cookies = (), *, look: str = "light", **options: Any) -> Page:
        """Open an empty page. The options are those of a browser context."""
        context = self._browser.new_context(base_url=base_url, **{**LOOKS[look], **options})
        self._contexts.append(context)
        context.set_default_timeout(TIMEOUT_MS)
        context.add_cookies(cookies)
        context.on("console", self._note)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        return context.new_page()

    def expect_complaint(self, pattern: str) -> None:
        """Let complaints pass that a test is about, as of a status that it provokes."""
        self._expected.append(pattern)

    def unexpected_complaints(self) -> list[str]:
        return [each for each in self.complaints if not re.search("|".join(self._expected), each)]

    def close(self) -> None:
        """Close all pages."""
        while self._contexts:
            self._contexts.pop().close()

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)


def session_cookies(user: "User", url: str) -> Cookies:
    """Return the cookie of a new session of the user, in the test's database."""
    client = Client()
    client.force_login(user)
    return [{"name": name, "value": morsel.value, "url": url} for name, morsel in client.cookies.items()]


def visitor_cookies(url: str, username: str) -> Cookies:
    """Return the cookies of someone of the demo who has signed in to a running portal."""
    visitor = Visitor(url)
    visitor.sign_in(username)
    return [{"name": cookie.name, "value": cookie.value, "url": url} for cookie in visitor.jar]


# Another theme changes colours and nothing else: these are axe's rules about them, which take most of its time.
COLOUR_RULES = ["color-contrast", "link-in-text-block"]
# Colours of what is visible at a desk are not looked at again on a phone, unless they are others there.
NOTE_COLOURS = """() => {
  window.coloursOf = (element) => {
    const { color, backgroundColor, backgroundImage, opacity, fontSize } = getComputedStyle(element);
    return [color, backgroundColor, backgroundImage, opacity, fontSize].join();
  };
  window.visibleElements = () => [...document.body.querySelectorAll("*")].filter((each) => each.checkVisibility());
  window.coloursAtDesk = new WeakMap(visibleElements().map((each) => [each, coloursOf(each)]));
}"""
# What fades from one theme to the other is looked at when it has arrived.
# The page takes the theme in the frame after the change, and only then do colours begin to change.
SETTLE = """async () => {
  for (let frame = 0; frame < 2; frame += 1) await new Promise((done) => requestAnimationFrame(done));
  document.getAnimations().forEach((each) => {
    if (each.effect.getComputedTiming().iterations !== Infinity) each.finish();
  });
}"""
RUN_AXE = """async ([look, colourRules]) => {
  const ofColours = { resultTypes: ["violations"], runOnly: { type: "rule", values: colourRules } };
  const runs = [];
  if (look === "light") runs.push([document, { resultTypes: ["violations"] }]);
  if (look === "dark") runs.push([document, ofColours]);
  if (look === "phone") {
    const others = Object.fromEntries(colourRules.map((rule) => [rule, { enabled: false }]));
    runs.push([document, { resultTypes: ["violations"], rules: others }]);
    const changed = visibleElements().filter((each) => coloursAtDesk.get(each) !== coloursOf(each));
    if (changed.length) runs.push([{ include: changed }, ofColours]);
  }
  const found = [];
  for (const run of runs) found.push(...(await axe.run(...run)).violations);
  return found.map((rule) => [rule.id, rule.nodes[0].html]);
}"""


def assert_accessible(page: Page, looks: Collection[str] = tuple(LOOKS)) -> None:
    """Check that people who cannot see the page or use a mouse can use it, in these looks, and that it fits."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    before = page.viewport_size
    for look, options in LOOKS.items():
        if look not in looks:
            continue
        page.emulate_media(color_scheme=options["color_scheme"], reduced_motion="reduce")
        _set_viewport(page, options["viewport"])
        page.evaluate(SETTLE)

        if look == "light":
            page.evaluate(NOTE_COLOURS)
        wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        violations = page.evaluate(RUN_AXE, [look, COLOUR_RULES])

        assert (wider <= 0, violations) == (True, []), (page.url, look, wider, violations)
    page.emulate_media(color_scheme="null", reduced_motion="null")
    if before:
        _set_viewport(page, before)


def _set_viewport(page: Page, size: ViewportSize) -> None:
    """Set it if it is another: a page lays itself out anew for the same, too."""
    if page.viewport_size != size:
        page.set_viewport_size(size)
