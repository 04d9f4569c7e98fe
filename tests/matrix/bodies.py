"""What is sent with a POST, so that it would do something if it were let in."""

import json
from typing import Any

from tests.matrix.world import OURS, World, document_of, submission_of


def body_of(route: str, world: World) -> Any:
    """The body for a route; for most an empty form."""
    submission, definition = submission_of(OURS), document_of(OURS)
    return {
        "api:submit": submission,
        "api:register": definition,
        "api:validate": definition,
        "sign_in": {"username": world.ours.viewer.username, "password": "demo"},
        "write": {"text": json.dumps(submission)},
        "judge": {"text": json.dumps(submission)},
        "further_fields": {"document": json.dumps(submission), "further_words": "priority"},
        "further_part": {"document": json.dumps(submission), "at": "/retryStrategy"},
        "tokens": {"name": "CI", "scope": "submit", "days": "90"},
    }.get(route, None if route.startswith(("api:", "/api/")) else {})
