"""The form for a job."""

from playwright.sync_api import Locator, Page

from tests.pages.builder import BuilderForm
from tests.pages.rows import Rows


class JobForm(BuilderForm):
    """A job to submit: its definition, its queue, and what it overrides."""

    path = "jobs/new/"

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self.definition = self.field("definition")
        self.queue = self.field("queue")
        self.memory = self.field("memory")
        self.gpus = self.field("gpus")
        self.retries = self.field("retries")
        self.time_limit = self.field("time_limit")
        self.variables = Rows(page, "environment")
        self.tags = Rows(page, "tags")
        self.definition_summary: Locator = page.locator("#definition-summary")

    def tag_value(self, key: str) -> Locator:
        """The field of a tag that the team has a rule for."""
        return self.page.locator(".tag-fields").get_by_label(key)
