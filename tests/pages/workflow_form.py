"""The form of a workflow: its steps, and the selected one in the sections of the job form."""

from playwright.sync_api import Locator, Page, expect

from tests.pages.job_form import JobForm


class WorkflowForm(JobForm):
    path = "workflows/new/"

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self.steps: Locator = page.locator("[data-step-list] > li")
        self.nodes: Locator = page.locator(".wf-node")
        self.title: Locator = page.locator("[data-step-title]")
        self.figures: Locator = page.locator("[data-step-figures]")
        self.waits: Locator = page.locator("[data-wait-list] > li")
        self.cuts: Locator = page.locator(".wf-cut")
        self.search: Locator = page.locator("[data-step-search]")
        self.picture: Locator = page.locator("[data-step-picture] [data-canvas]")
        self.add_summary: Locator = page.locator("[data-step-add] > summary")

    def step(self, name: str) -> Locator:
        return self.steps.filter(has=self.page.locator(".step-name", has_text=name))

    def paste(self, text: str) -> None:
        """Add the steps of a text, where an empty form offers that."""
        self.page.locator("#add-pasted").fill(text)
        self.page.locator("[data-add-step=pasted]").click()

    def draw_edge(self, first: str, second: str) -> None:
        """Draw an edge in the picture by mouse, once the picture is at rest."""
        expect(self.picture).not_to_have_attribute("aria-busy", "true")
        port = self.nodes.filter(has_text=first).locator(".wf-port").bounding_box()
        target = self.nodes.filter(has_text=second).locator(".wf-box").bounding_box()
        assert port
        assert target
        mouse = self.page.mouse
        mouse.move(port["x"] + port["width"] / 2, port["y"] + port["height"] / 2)
        mouse.down()
        mouse.move(target["x"] + 40, target["y"] + target["height"] / 2, steps=5)
        mouse.up()

    def cut_edge(self, first: str, second: str) -> None:
        """Remove an edge in the picture by mouse: its button shows when the mouse comes near it."""
        expect(self.picture).not_to_have_attribute("aria-busy", "true")
        left, right = (self.nodes.filter(has_text=name).locator(".wf-box").bounding_box() for name in (first, second))
        assert left
        assert right
        mouse = self.page.mouse
        x = (left["x"] + left["width"] + right["x"]) / 2
        y = (left["y"] + right["y"]) / 2 + left["height"] / 2
        mouse.move(x - 6, y)
        expect(self.page.locator(".wf-cut.is-shown")).to_have_count(1)
        mouse.click(x, y)

    def add_by_keyboard(self, definition: str) -> None:
        if not self._is_add_open():
            self.tab_to("[data-step-add] > summary")
            self.page.keyboard.press("Enter")
        self.tab_to("#add-definition")
        self.page.keyboard.type(definition)
        self.tab_to("[data-add-step=definition]")
        self.page.keyboard.press("Enter")

    def add_by_mouse(self, definition: str) -> None:
        if not self._is_add_open():
            self.add_summary.click()
        self.page.locator("#add-definition").select_option(definition)
        self.page.locator("[data-add-step=definition]").click()

    def _is_add_open(self) -> bool:
        return bool(self.page.locator("[data-step-add]").evaluate("details => details.open"))
