"""The forms of a job and of a definition, as a browser sends them."""

import html
import json
import re
from typing import Any

from django.test import Client
from django.urls import reverse


def fill(browser: Client, page: str = "job_form", /, of: dict[str, Any] | None = None, **fields: Any) -> Any:
    """Send a form, with the document that its page carried."""
    carried = {} if of is None else {"document": json.dumps(of)}
    return browser.post(reverse(page, args=["research"]), {**carried, **fields})


def page_text(answer: Any) -> str:
    return html.unescape(answer.content.decode())


def controls(page: str) -> dict[str, str]:
    """What a browser would send of the form that it was shown."""
    form = page.partition("data-form")[2].partition("</form>")[0]
    form = re.sub(r"<template>.*?</template>", "", form, flags=re.DOTALL)
    values: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        if name := re.search(r'\sname="([^"]*)"', tag):
            value = re.search(r'\svalue="([^"]*)"', tag)
            if 'type="checkbox"' not in tag or "checked" in tag:
                values[name[1]] = html.unescape(value[1]) if value else ""
    for name_, inner in re.findall(r'<textarea[^>]*\sname="([^"]*)"[^>]*>(.*?)</textarea>', form, re.DOTALL):
        values[name_] = html.unescape(inner).removeprefix("\n").replace("\n", "\r\n")
    for name_, inner in re.findall(r'<select[^>]*\sname="([^"]*)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected>', inner) or re.search(
            r'<option value="([^"]*)"', inner
        )
        values[name_] = html.unescape(chosen[1]) if chosen else ""
    return values


def document_of(answer: Any) -> Any:
    """The document on the page."""
    return json.loads(controls(answer.content.decode())["document"])
