"""What makes a page fail its test, and what does not."""

import os
import re

import pytest
from playwright.sync_api import Browser

from tests.browser import PageOpener, assert_accessible
from tests.quickstart_process import processes

pytestmark = pytest.mark.browser

SITE = "http://portal.test"
POLICY = {"Content-Security-Policy": "default-src 'none'; script-src 'nonce-ours'"}


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("<script nonce='ours'>console.error('not good')</script>", "not good"),
        ("<script nonce='ours'>console.warn('not quite good')</script>", "not quite good"),
        ("<script nonce='ours'>nothing.like.this()</script>", "nothing is not defined"),
        ("<script>document.title = 'theirs'</script>", "Content Security Policy"),
        ("<img src='http://elsewhere.test/pixel.png'>", "Content Security Policy"),
    ],
)
def test_a_page_that_complains_fails_its_test(browser: Browser, body: str, complaint: str) -> None:
    opener = PageOpener(browser)
    open_with(opener, body)

    assert any(complaint in each for each in opener.unexpected_complaints()), opener.complaints


def test_a_page_may_say_what_its_test_expects(browser: Browser) -> None:
    opener = PageOpener(browser)
    opener.expect_complaint("not good")
    open_with(opener, "<script nonce='ours'>console.info('a remark'); console.error('not good')</script>")

    assert opener.complaints == ["not good"]
    assert opener.unexpected_complaints() == []


def open_with(opener: PageOpener, body: str) -> None:
    page = opener(SITE)
    page.route("**/*", lambda route: route.fulfill(body=body, content_type="text/html", headers=POLICY))
    page.goto(SITE)
    opener.close()


GREY = "color: #999"  # on white: too little contrast
ON_A_PHONE = "@media (width < 600px)"


@pytest.mark.parametrize(
    ("style", "text", "look"),
    [
        ("", "words", ""),
        (f"p {{ {GREY} }}", "words", "light"),
        (f"{ON_A_PHONE} {{ p {{ {GREY} }} }}", "words", "phone"),
        (f"{ON_A_PHONE} {{ main {{ background: #333 }} }}", "words", "phone"),
        (f"p {{ {GREY}; display: none }} {ON_A_PHONE} {{ p {{ display: block }} }}", "words", "phone"),
        (f"p {{ display: none }} {ON_A_PHONE} {{ p {{ display: block }} }}", "<button></button>", "phone"),
        (f"@media (prefers-color-scheme: dark) {{ p {{ {GREY} }} }}", "words", "dark"),
    ],
)
def test_a_page_is_accessible_in_each_look(browser: Browser, style: str, text: str, look: str) -> None:
    opener = PageOpener(browser)
    page = opener(SITE)
    page.set_content(
        f"<!doctype html><html lang='en'><title>Jobs</title><style>body {{ background: #fff }} {style}</style>"
        f"<main><h1>Jobs</h1><p>{text}</p></main>"
    )
    try:
        assert_accessible(page)
        problem = ""
    except AssertionError as error:
        problem = str(error).partition("', '")[2].partition("'")[0]
    opener.close()

    assert problem == look


def test_what_playwright_switches_off_stays_switched_off(browser: Browser) -> None:
    """Of several --disable-features Chromium follows the last, which is ours."""
    tree = {pid: (parent, command) for pid, parent, command in processes()}
    below = {os.getpid()}
    while more := {pid for pid, (parent, _) in tree.items() if parent in below} - below:
        below |= more
    launched = [  # the browser, and the shell of the script that starts it
        command
        for pid, (_, command) in tree.items()
        if pid in below and "--remote-debugging-pipe" in command and "--type=" not in command
    ]
    features = [re.findall(r"--disable-features=(\S+)", command) for command in launched]

    assert features
    for playwrights, *_, last in features:
        assert set(playwrights.split(",")) < set(last.split(","))
