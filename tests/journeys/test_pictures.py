"""The pictures of the documentation, taken of a running portal.

Each run takes them and checks that they show what their name says. `make pictures` keeps them in docs/images.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.writing import write

pytestmark = [pytest.mark.browser, pytest.mark.process]

IMAGES = Path(__file__).parents[2] / "docs" / "images"
PNG = b"\x89PNG\r\n\x1a\n"
TRAINING = {
    "jobName": "train-model-42",
    "jobQueue": "gpu-job-queue",
    "jobDefinition": "model-training",
    "containerOverrides": {"environment": [{"name": "EPOCHS", "value": "12"}]},
    "tags": {"Department": "Research", "Project": "GenAI", "CostCenter": "CC-123"},
}


@pytest.fixture
def album(tmp_path: Path) -> Path:
    if os.environ.get("PICTURES") != "1":
        return tmp_path
    IMAGES.mkdir(parents=True, exist_ok=True)
    return IMAGES


@pytest.mark.parametrize("look", ["light", "dark"])
def test_a_job_that_runs(signed_in: Callable[..., Page], album: Path, look: str):
    page = signed_in("analyst", color_scheme=look, viewport={"width": 1280, "height": 860}, reduced_motion="reduce")
    page.goto("/teams/research/new/")
    write(page, json.dumps(TRAINING, indent=2))
    submit = page.locator("#verdict button[type=submit]")
    expect(submit).to_be_enabled()
    submit.click()
    page.get_by_role("link", name="train-model-42").click()
    expect(page.locator("[data-log]")).to_contain_text("epoch 4", timeout=60_000)

    picture = album / f"job-{look}.png"
    page.screenshot(path=picture)

    expect(page.locator(".title-line .st")).to_have_text("Running")
    assert picture.read_bytes().startswith(PNG)
    assert picture.stat().st_size > 30_000
