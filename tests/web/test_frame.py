"""What every page shares: its headers, its assets, its errors."""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings, settings
from django.test import Client, RequestFactory
from django.urls import reverse

from jobs.states import STATUSES
from jobs.web.shell import errors
from tests.web.conftest import Research, SignIn

STATIC = Path(settings.BASE_DIR) / "static"
TEMPLATES = Path(settings.BASE_DIR) / "templates"


def sources(folder: Path, *patterns: str) -> Iterator[tuple[Path, str]]:
    for pattern in patterns:
        for path in folder.rglob(pattern):
            yield path, path.read_text()


@pytest.mark.long
def test_each_page_forbids_foreign_and_inline_code(research: Research, signed_in: SignIn, client: Client) -> None:
    browser = signed_in(research.analyst.user)
    answers = [
        browser.get(reverse("jobs", args=["research"])),
        browser.get(reverse("write", args=["research"])),
        browser.get(research.job.get_absolute_url()),
        browser.get(research.submission.get_absolute_url()),
        browser.get("/nothing/here/"),
        signed_in(research.viewer.user).get(reverse("write", args=["research"])),
        browser.post(reverse("write", args=["research"]), {"text": "x" * 4_000_000}),
        client.get(reverse("sign_in")),
        client.get(reverse("livez")),
    ]

    for answer in answers:
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


def test_no_template_carries_inline_style_or_code() -> None:
    for path, text in sources(TEMPLATES, "*.html"):
        assert not re.search(r"\sstyle=|\son[a-z]+=|<style|javascript:|hx-on", text), path
        assert not re.search(r"<script(?![^>]*\ssrc=)", text), path


def test_nothing_is_fetched_from_elsewhere() -> None:
    for path, text in [*sources(TEMPLATES, "*.html"), *sources(STATIC, "*.css", "js/*.js")]:
        assert not re.search(r"(src|href|url\()\s*=?\s*[\"']?(https?:)?//", text), path


def test_vendored_files_are_those_of_the_manifest() -> None:
    manifest = json.loads((STATIC / "vendor/manifest.json").read_text())

    for entry in manifest:
        digest = hashlib.sha256((STATIC / entry["file"]).read_bytes()).hexdigest()
        assert digest == entry["sha256"], f"{entry['file']} has changed: say so in static/vendor/manifest.json"
    listed = {entry["file"] for entry in manifest} | {"vendor/manifest.json"}
    assert {str(path.relative_to(STATIC)) for path in (STATIC / "vendor").iterdir()} <= listed


def test_each_icon_that_is_used_is_in_the_sprite() -> None:
    there = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "icons.svg").read_text()))
    named = {status.icon for status in STATUSES.values()} | {"help", "copy"}
    for _, text in sources(TEMPLATES, "*.html"):
        named |= set(re.findall(r'{% icon "([\w-]+)"', text))

    assert named - there == set()


def test_each_select_has_an_arrow() -> None:
    """Those of the forms get it from form.css, the others from the class of Tabler."""
    for path, text in sources(TEMPLATES, "*.html"):
        is_form = "builder" in path.parts
        for tag in re.findall(r"<select\b[^>]*>", text):
            assert "form-select" in tag or (is_form and "form-control" in tag), (path, tag)


def test_scripts_stay_small() -> None:
    for path, text in sources(STATIC / "js", "*.js"):
        assert text.count("\n") < 200, path


@pytest.mark.parametrize("quickstart", [True, False])
def test_only_the_quick_start_tells_who_can_sign_in(
    quickstart: bool,
    client: Client,
    db: None,
    settings: LazySettings,
) -> None:
    settings.QUICKSTART = quickstart

    assert (b"This is the quick start" in client.get(reverse("sign_in")).content) == quickstart


def test_the_error_page_of_last_resort_needs_nothing(rf: RequestFactory) -> None:
    answer = errors.server_error(rf.get("/"))

    assert answer.status_code == 500
    assert b"Something went wrong" in answer.content


def test_an_unknown_host_is_refused_without_a_second_failure(client: Client, db: None) -> None:
    answer = client.get("/", headers={"Host": "evil.example"})

    assert answer.status_code == 400
    assert b"Bad request" in answer.content


def test_the_health_page_asks_no_database(client: Client) -> None:
    assert client.get(reverse("livez")).content == b"ok"
