"""The editor of documents as someone at a keyboard uses it, and the text that it holds."""

import json
from typing import Any

from playwright.sync_api import Locator, Page

PASTE = """(element, text) => {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/plain", text);
  element.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
}"""

DISPATCH = """(element, insert) => {
  const view = (element.cmTile ?? element.cmView).view;
  view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert }, userEvent: "input.type" });
}"""


class JsonEditor:
    """The editor, and the field beneath it that is sent with the form."""

    def __init__(self, page: Page) -> None:
        self.keyboard = page.keyboard
        self.content: Locator = page.locator(".cm-content")
        self.active_line: Locator = page.locator(".cm-activeLine")
        self.field: Locator = page.locator("textarea.json-text")
        self.message: Locator = page.locator("[data-editor-message]")
        self.completions: Locator = page.locator(".cm-tooltip-autocomplete li")

    @property
    def text(self) -> str:
        return self.field.input_value()

    @property
    def document(self) -> Any:
        return json.loads(self.text)

    def replace(self, text: str) -> None:
        """Type a text in the place of all there is."""
        self._select_all()
        self.keyboard.insert_text(text)

    def set(self, text: str) -> None:
        """Put a text in the place of all there is, past the browser: it takes seconds to type a thousand lines."""
        self.content.evaluate(DISPATCH, text)

    def paste(self, text: str) -> None:
        """Paste a text in the place of all there is."""
        self._select_all()
        self.content.evaluate(PASTE, text)

    def undo(self, times: int = 1) -> None:
        self.content.focus()
        for _ in range(times):
            self.keyboard.press("Control+z")

    def _select_all(self) -> None:
        self.content.focus()
        self.keyboard.press("Control+a")
