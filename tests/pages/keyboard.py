"""Going through a page by keyboard alone."""

import json

from playwright.sync_api import Page


def tab_to(page: Page, selector: str) -> None:
    """Come to an element by the Tab key alone."""
    for _ in range(250):
        if page.evaluate(f"document.activeElement.matches({json.dumps(selector)})"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"The Tab key does not lead to {selector}.")
