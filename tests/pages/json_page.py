"""The page on which any document is written or pasted as JSON."""

import re
from typing import Literal, Self

from playwright.sync_api import Locator, Page, expect

from tests.pages.json_editor import JsonEditor


class JsonPage:
    """The editor, and beside it what the portal says of the document, with the button that sends it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.editor = JsonEditor(page)
        self.file: Locator = page.locator("input[type=file]")
        self.feedback: Locator = page.locator("#feedback")
        self.restore_local_draft: Locator = page.locator("[data-local-restore]")
        self.rejection: Locator = page.locator(".feedback-rejection")
        self.submit_button: Locator = page.locator("#submit-button")
        self.error: Locator = self.feedback.locator(".problem-error")
        self.error_pointer: Locator = self.error.locator(".pointer")
        self.error_link: Locator = self.error.locator(".jump")

    def open(self, team: str = "research", wait_until: Literal["commit", "load"] = "load") -> Self:
        self.page.goto(f"/teams/{team}/new/", wait_until=wait_until)
        return self

    def document_button(self, name: str) -> Locator:
        """The button that opens one of several documents of the text."""
        return self.page.get_by_role("group", name="Documents in the text").get_by_role("button", name=name)

    def submit(self, text: str) -> None:
        """Write a document and press the button once the portal agrees."""
        self.editor.replace(text)
        expect(self.submit_button).to_have_text(re.compile(r"^(Submit|Register) "))
        expect(self.submit_button).to_be_enabled()
        self.submit_button.click()
        self.page.wait_for_url(lambda url: "/new/" not in url)

    def submit_unchecked(self) -> None:
        """Send the form as a browser does that looks at nothing before."""
        self.page.evaluate("document.querySelector('form.json-form').submit()")
