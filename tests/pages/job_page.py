"""The pages of a job and of a submission."""

import re

from playwright.sync_api import Locator, Page, expect

MINUTE_MS = 60_000
JOB_ADDRESS = re.compile(r"^\w+://[^/]+/jobs/\w+/$")
BATCH_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


class JobPage:
    """A job or a submission, its state, and the log that a job has."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.state: Locator = page.locator(".title-line .st")
        self.log: Locator = page.locator("[data-log]")
        self.chips: Locator = page.locator(".job-chips")
        self.run_again: Locator = page.locator("#rerun")

    def expect_state(self, name: str) -> None:
        """Wait until it has come to this state, however long a job takes to run."""
        expect(self.state).to_have_text(name, timeout=MINUTE_MS)

    def expect_log(self, text: str) -> None:
        expect(self.log).to_contain_text(text, timeout=MINUTE_MS)

    def job_links(self) -> dict[str, str]:
        """The addresses of a submission's jobs by their names."""
        links = self.page.locator("table.rows a[href^='/jobs/']").all()
        return {link.inner_text(): link.get_attribute("href") or "" for link in links}

    def batch_id(self) -> str:
        """The job's id in AWS, from the button that copies it."""
        copied: list[str] = self.page.locator("[data-copy]").evaluate_all("all => all.map(one => one.dataset.copy)")
        return next(text for text in copied if BATCH_ID.fullmatch(text))

    def stop(self) -> None:
        """Press Stop, and say in the dialog that it is meant."""
        self.page.get_by_role("button", name="Stop").first.click()
        self.page.locator("dialog[open]").get_by_role("button", name=re.compile("Stop")).click()
