"""The shell scripts for CI, with this portal's address."""

import re
import shlex
from functools import cache
from pathlib import Path

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from jobs import access
from jobs.access import Member
from jobs.reports import options
from jobs.web.ci_samples import ci_samples
from jobs.web.shell.context import PageContext

SCRIPTS = ("create-job-definition.sh", "submit-job.sh")
SCRIPTS_DIR = Path(__file__).resolve().parent.parent / "cli"

_PORTAL_URL = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+")


@require_safe
def scripts_page(request: HttpRequest) -> HttpResponse:
    member = _member(request)
    queue = options.example_queue_name(member.team) if member else ""
    definition = options.example_definition_name(member.team) if member else ""
    url = portal_url(request)
    page = {
        "portal_url": url,
        "scripts": SCRIPTS,
        "samples": ci_samples(url, queue or "my-queue", definition or "my-definition"),
        "current_page": "cli",
        **({"member": member, "team": member.team} if member else {}),
    }
    return render(request, "jobs/cli_scripts.html", page)


def _member(request: HttpRequest) -> Member | None:
    if not request.user.is_authenticated:
        return None
    slug = request.GET.get("team", "")
    if slug:
        return access.membership(request.user, slug)
    return PageContext(request).last_member


@require_safe
def script(request: HttpRequest, name: str) -> HttpResponse:
    if name not in SCRIPTS:
        raise Http404("There is no such script.")
    text = _script_text(name).replace("@PORTAL@", shlex.quote(portal_url(request)))
    response = HttpResponse(text, content_type="text/x-shellscript; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def portal_url(request: HttpRequest) -> str:
    """Raise BadRequest for characters a shell could interpret."""
    url = f"{request.scheme}://{request.get_host()}"
    if not _PORTAL_URL.fullmatch(url):
        raise BadRequest("Invalid Host header.")
    return url


@cache
def _script_text(name: str) -> str:
    parts = [(SCRIPTS_DIR / part).read_text() for part in ("common.sh", name)]
    return "".join([f"#!/bin/sh\n# {name}: a command line for the Batch Portal.\n", *parts])
