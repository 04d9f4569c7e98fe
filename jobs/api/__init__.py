"""The same `intake` and `reports` as the pages have, for programs that bring a team's token; see `docs/api.md`.

A request goes one way:

    door        whose token is it, and may it do that?
    asking      the body, the key, the region: what is asked for
    definitions, submissions, jobs, costs
                one module a noun: ask `intake` or `reports`, and answer
    shapes      what answers hold, as classes; the OpenAPI document is made from them
    words       how rows become these shapes
    answers     JSON for programs, tab-separated lines for shell scripts
    troubles    every answer that is not what was asked for
"""
