"""The form for a definition."""

from playwright.sync_api import Locator, Page

from tests.pages.builder import BuilderForm


class DefinitionForm(BuilderForm):
    """A definition to register."""

    path = "definitions/new/"

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self.image = self.field("image")
        self.command = self.field("command")
        self.memory = self.field("memory")
        self.pod_link: Locator = page.get_by_role("link", name="Kubernetes pod")
