"""The same `actions` and `reports` as the pages have, for programs that bring a team's token; see `docs/api.md`.

A request goes one way:

    auth        whose token is it, and may it do that?
    parsing     the body, the key, the region: what is asked for
    definitions, submissions, jobs, costs
                one module a noun: ask `actions` or `reports`, and answer
    schemas     what answers hold, as classes; the OpenAPI document is made from them
    serializers how rows become these shapes
    renderers   JSON for programs, tab-separated lines for shell scripts
    errors      every answer that is not what was asked for
"""
