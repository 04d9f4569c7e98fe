"""The search for fields that the form has no place for, and the parts that it brings into the form."""

import re

from playwright.sync_api import Locator, Page


class SchemaFields:
    """Fields by their place in the document, a JSON pointer."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.part: Locator = page.locator("[data-part]")
        self.add_entry: Locator = self.part.get_by_role("button", name=re.compile("^Add "))

    def find(self, words: str, name: str) -> None:
        """Search for a field and take it into the form."""
        self._page.locator("#schema-search").fill(words)
        self._page.locator("#schema-results").get_by_role("button", name=name, exact=True).click()

    def control(self, pointer: str) -> Locator:
        return self._page.locator(f'[data-pointer="{pointer}"]')

    def first_control(self, pointer: str) -> Locator:
        """The first field below a place."""
        return self._page.locator(f'[data-pointer^="{pointer}/"]').first

    def remove(self, label: str) -> None:
        self.part.get_by_role("button", name=f"Remove {label}").click()
