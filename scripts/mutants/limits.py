"""Mutants of rate limits, of request size limits, and of what a submission checks again under the lock."""

from scripts.mutants.source import SourceMutant, mutants_of

TESTS = ("tests/test_rate_limit.py",)
COST = "cost = min(1 + length // bytes_per_unit, per_minute)"

LOCK = ("tests/actions/test_revalidate.py",)
GRANTS = ("tests/actions/test_validate.py", "tests/policy/test_grants.py")
BUDGETS = ("tests/policy/test_budgets.py", "tests/actions/test_budgets.py")

MUTANTS = (
    *mutants_of(
        "jobs/actions/revalidate.py",
        LOCK,
        ("lock: grants", "grants != result.grants", "False"),
        ("lock: queues", "grants.queue_versions != result.grants.queue_versions", "False"),
        ("lock: revisions", "not _are_revisions_runnable(result, rows)", "False"),
        ("lock: quotas", "not _are_quotas_kept(result, member)", "False"),
        ("lock: budgets", "if any(budget_violations(estimate.charges)):", "if False:"),
        (
            "lock: thresholds",
            "replace(result, estimate=compare_with_thresholds(estimate, member.team, member.user))",
            "result",
        ),
    ),
    *mutants_of(
        "jobs/policy/budgets.py",
        BUDGETS,
        (
            "budget: the submission counts",
            "self.state.usage.total + self.usd > self",
            "self.state.usage.total > self",
        ),
        (
            "budget: its tag",
            "if budget.tag is None or request.tags.get(budget.tag_key) == budget.tag_value",
            "if True",
        ),
        ("budget: an unknown maximum", "if percent is not None and charge.usd is None:", "if False:"),
        ("budget: approval", "    elif charge.exceeds(percent):", "    elif False:"),
    ),
    *mutants_of(
        "jobs/pricing/spend.py",
        BUDGETS,
        ("budget: active jobs are reserved", "active[0] + ended[0]", "ended[0]"),
        ("budget: jobs are reserved until they are charged", "active[0] + ended[0]", "active[0]"),
        ("budget: days of the period", "filter(team=team, day__range=(first_day, last_day))", "filter(team=team)"),
        ("budget: cost of the team", "filter(team=team, day__range", "filter(day__range"),
        ("budget: cost of the tag", 'lines.filter(Exists(_tags(tag, "job")))', "lines"),
    ),
    *mutants_of(
        "jobs/policy/grants.py",
        ("tests/actions/test_budgets.py",),
        (
            "budget: inactive ones",
            "Budget.objects.filter(team=team, active=True)",
            "Budget.objects.filter(team=team)",
        ),
        (
            "budget: of other teams",
            "Budget.objects.filter(team=team, active=True)",
            "Budget.objects.filter(active=True)",
        ),
    ),
    *mutants_of(
        "jobs/policy/grants.py",
        GRANTS,
        ("grants: queues of that team", "filter(team=team, queue__account__active=True)", "filter()"),
    ),
    *mutants_of(
        "jobs/rate_limit.py",
        TESTS,
        ("limit: a spent budget is refused", "if not limiter.hit(limit, budget, spender, cost=cost):", "if False:"),
        ("limit: a long document costs more", COST, "cost = 1"),
        ("limit: the longest can be sent", COST, "cost = 1 + length // bytes_per_unit"),
        ("limit: none where none is set", "    if not per_minute:\n", "    if False:\n"),
        ("limit: each spender has its own", "limiter.hit(limit, budget, spender,", "limiter.hit(limit, budget,"),
        ("limit: each budget by itself", "limiter.hit(limit, budget, spender,", "limiter.hit(limit, spender,"),
        (
            "limit: documents are counted for all processes",
            "return _in_database() if budget is RateLimit.DOCUMENTS else _in_this_process()",
            "return _in_this_process()",
        ),
        (
            "limit: what only reads writes nothing",
            "return _in_database() if budget is RateLimit.DOCUMENTS else _in_this_process()",
            "return _in_database()",
        ),
        ("limit: how long to wait", "max(1, math.ceil(seconds))", "0"),
    ),
    *mutants_of(
        "jobs/models/request_count.py",
        TESTS,
        ("limit: a minute later it is full again", "self.filter(until__gt=now())", "self.all()"),
        ("limit: counts are added up", "ELSE 0 END + excluded.count", "ELSE 0 END"),
        (
            "limit: a window that goes on is added to",
            "count = CASE WHEN jobs_requestcount.until > %(now)s THEN",
            "count = CASE WHEN jobs_requestcount.until < %(now)s THEN",
        ),
        (
            "limit: a minute later the count is new",
            "count = CASE WHEN jobs_requestcount.until > %(now)s THEN",
            "count = CASE WHEN true THEN",
        ),
        (
            "limit: a window doesn't grow",
            "until = CASE WHEN jobs_requestcount.until > %(now)s THEN",
            "until = CASE WHEN false THEN",
        ),
    ),
    *mutants_of(
        "jobs/web/shell/rate_limits.py",
        TESTS,
        ("limit: pages", "        if budget is None or not", "        if True or not"),
        ("limit: each person", 'f"person:{request.user.pk}"', '"person:0"'),
        ("limit: a form's length", "length if budget is not RateLimit.SEARCHES else 0", "0"),
        ("limit: forms", "    if name in DOCUMENT_VIEWS and", "    if False and"),
        ("limit: what is asked for while someone types", "    if name in PREVIEW_VIEWS:\n", "    if False:\n"),
        ("limit: searches", "    if name in SEARCH_VIEWS and request.GET:", "    if False:"),
    ),
    *mutants_of(
        "jobs/api/auth.py",
        TESTS,
        ("limit: the API", "        if budget:\n", "        if False:\n"),
        ("limit: each token", 'f"token:{api_token.pk}"', '"token:0"'),
        ("limit: what the API searches", "else _SEARCH_BUDGETS.get(request.path_info)", "else None"),
        (
            "limit: a document's length",
            'int(request.META.get("CONTENT_LENGTH") or 0))\n        return caller',
            "0)\n        return caller",
        ),
    ),
    SourceMutant(
        "limit: steps of a workflow",
        "jobs/spec/rules/workflow.py",
        "    if count > MAX_STEPS:\n",
        "    if False:\n",
        ("tests/spec/test_workflow.py",),
    ),
)
