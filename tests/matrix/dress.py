"""What every answer wears, whoever asked and whatever came of it."""

from collections.abc import Iterator
from typing import Any

POLICY = ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'")


def missing_parts(answer: Any) -> list[str]:
    """What is missing."""
    return list(_missing(answer))


def _missing(answer: Any) -> Iterator[str]:
    policy = answer.headers.get("Content-Security-Policy", "")
    for part in POLICY:
        if part not in policy:
            yield f"Content-Security-Policy has no {part}"
    if "unsafe" in policy or "*" in policy:
        yield f"Content-Security-Policy lets too much through: {policy}"
    for name, value in (
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Referrer-Policy", "same-origin"),
    ):
        if answer.headers.get(name) != value:
            yield f"{name} is {answer.headers.get(name)}"
    same_for_everyone = answer.request["PATH_INFO"].startswith(("/static/", "/schemas/"))
    to_https = answer.status_code == 301  # before anyone is known
    if not (same_for_everyone or to_https) and answer.headers.get("Cache-Control") != "no-store, private":
        yield f"Cache-Control is {answer.headers.get('Cache-Control')}"
    for name, cookie in answer.cookies.items():
        if cookie.value and not (cookie["httponly"] and cookie["samesite"] == "Lax" and cookie["secure"]):
            yield f"The cookie {name} can be read or sent elsewhere: {cookie.OutputString()}"
