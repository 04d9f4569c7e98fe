"""The HTTP API: the same `actions` and `reports` as the pages, for programs with an API token; see `docs/api.md`.

A request passes through:

    auth        authentication and permission of the token
    parsing     document, idempotency key and region of the request
    definitions, submissions, jobs, costs
                one module a noun: calls `actions` or `reports`, and responds
    schemas     the responses as classes; the OpenAPI document is made from them
    serializers from rows to schemas
    renderers   JSON for programs, by ninja
    text_format tab-separated lines for shell scripts
    errors      every other response
"""
