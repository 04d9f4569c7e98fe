"""The request bodies and headers of the OpenAPI document."""

from typing import Any

DOCUMENT: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The document as JSON; comments and trailing commas are read over. 1 MiB at most.",
        "content": {"application/json": {"schema": {"type": "object"}}, "text/plain": {"schema": {"type": "string"}}},
    }
}

KEY: dict[str, Any] = {
    "parameters": [
        {
            "in": "header",
            "name": "Idempotency-Key",
            "required": False,
            "description": "The same key and request again give the same result; another request gives 422. "
            "After the portal was restored from a backup, a key that it cannot know yet gives 503 with Retry-After.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 80},
        }
    ]
}
