"""Pages and the Batch of the running portal."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from playwright.sync_api import Page

from tests.browser import PageOpener, visitor_cookies
from tests.quickstart_process import Run

OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(new_page: PageOpener, portal: Run) -> OpenPage:
    """Open a page of someone of the demo who is signed in."""

    def open_as(username: str, path: str = "/", **options: Any) -> Page:
        page = new_page(portal.url, visitor_cookies(portal.url, username), **options)
        page.goto(path)
        return page

    return open_as


@pytest.fixture
def sandbox(portal: Run) -> Any:
    """The sandbox's Batch, asked directly."""
    return boto3.client(
        "batch",
        endpoint_url=portal.endpoint("sandbox"),
        region_name="us-west-2",
        aws_access_key_id="AKIASANDBOX000000000",
        aws_secret_access_key="sandbox",
    )


@pytest.fixture
def seed_text() -> Callable[[str], str]:
    """The guide's documents, by name."""
    return lambda name: (Path(__file__).parents[1] / "seeds" / name).read_text()
