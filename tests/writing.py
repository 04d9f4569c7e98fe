"""The editor of documents as someone at a keyboard uses it, and the text that it holds."""

import re

from playwright.sync_api import Locator, Page


def written(page: Page) -> Locator:
    """The field that is sent with the form: it has what the editor has."""
    return page.locator("textarea.json-text")


def write(page: Page, text: str) -> None:
    """Replace what the editor has."""
    page.locator(".cm-content").focus()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def sentence(words: str) -> re.Pattern[str]:
    """What the button that sends says, with what it may cost."""
    return re.compile(f"^{re.escape(words)}(, (expected|at most|less than) .*)?$")
