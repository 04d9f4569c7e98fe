"""The builder: a form for a job or a definition, beside its document as JSON."""

import re
from typing import Literal, Self

from playwright.sync_api import Locator, Page, expect

from tests.pages.json_editor import JsonEditor
from tests.pages.keyboard import tab_to
from tests.pages.schema_fields import SchemaFields


class BuilderForm:
    """What the forms for jobs and for definitions have in common."""

    path: str

    def __init__(self, page: Page) -> None:
        self.page = page
        self.editor = JsonEditor(page)
        self.schema_fields = SchemaFields(page)
        self.name = self.field("name")
        self.preview: Locator = page.locator("#preview")
        self.effective: Locator = self.preview.locator("[data-fold=effective]")
        self.fix: Locator = self.preview.locator("[data-fix]")
        self.frozen_notice: Locator = page.locator("[data-frozen]")
        self.json_only_fields: Locator = page.locator("#json-only-fields")
        self.draft_status: Locator = page.locator("#draft-status")
        self.restore_local_draft: Locator = page.locator("[data-local-restore]")
        self.submit_label: Locator = page.locator("#submit-label")
        self.submit_button: Locator = page.locator(self.SUBMIT)
        self.notice: Locator = page.locator(".notice").first

    SUBMIT = "button[value=submit]"

    @staticmethod
    def selector(name: str) -> str:
        return f"#f-{name}"

    def open(self, query: str = "", team: str = "research", wait_until: Literal["commit", "load"] = "load") -> Self:
        self.page.goto(f"/teams/{team}/{self.path}{query}", wait_until=wait_until)
        return self

    def field(self, name: str) -> Locator:
        return self.page.locator(self.selector(name))

    def message(self, name: str) -> Locator:
        """What the portal says at a field."""
        return self.page.locator(f"#problems-{name}")

    def hint(self, name: str) -> Locator:
        """What a field says of itself: its default, where that comes from."""
        return self.page.locator(f"#help-{name}")

    def problem(self, text: str) -> Locator:
        """The link from the list of problems to the field that the text names."""
        return self.preview.locator(".problem a", has_text=text)

    def expect_submit_label(self, words: str) -> None:
        """Wait until the button that sends says this; what it may cost can follow."""
        expect(self.submit_label).to_have_text(submit_label_pattern(words))

    def expect_ready(self) -> None:
        """Wait until the document as it is now may be sent."""
        expect(self.preview.locator(".feedback-head .st")).to_have_text("Ready")
        expect(self.submit_button).to_be_enabled()

    def submit(self, words: str) -> None:
        """Press the button once it says this, and wait for the page that follows."""
        self.expect_submit_label(words)
        self.submit_button.click()
        self.page.wait_for_url(lambda url: "/new/" not in url)

    def copy_as(self, tool: str) -> None:
        self.page.get_by_text("Copy as", exact=True).click()
        self.page.locator(f"[data-copy-as={tool}]").click()

    def tab_to(self, selector: str) -> None:
        """Come to an element by the Tab key alone."""
        tab_to(self.page, selector)

    def type_into(self, name: str, text: str) -> None:
        """Fill in a field by keyboard alone."""
        self.tab_to(self.selector(name))
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(text)

    def choose(self, name: str, label: str) -> None:
        """Choose in a list by keyboard alone: by typing how the label begins."""
        self.tab_to(self.selector(name))
        self.page.keyboard.type(label)


def submit_label_pattern(words: str) -> re.Pattern[str]:
    """Return the pattern of what the button that sends says, with what it may cost."""
    return re.compile(f"^{re.escape(words)}(, (expected|at most|less than) .*)?$")
