"""Fields that have a row for each name and value: variables of the environment, tags."""

from playwright.sync_api import Locator, Page

from tests.pages.json_editor import PASTE


class Rows:
    """The rows of one such field."""

    def __init__(self, page: Page, name: str) -> None:
        self.selector = f"[data-rows={name}]"
        self.lines: Locator = page.locator(f"{self.selector} [data-line]")
        self.add_selector = f"{self.selector} [data-add]"
        self.first_name_selector = f"{self.selector} [data-line] input"
        self.add: Locator = page.locator(self.add_selector)

    def name(self, number: int) -> Locator:
        """The name in a row; -1 is the last."""
        return self.lines.nth(number).locator("input").first

    def value(self, number: int) -> Locator:
        return self.lines.nth(number).locator("textarea")

    def paste(self, text: str) -> None:
        """Paste several lines into the last name, as of a file of variables."""
        self.name(-1).evaluate(PASTE, text)
