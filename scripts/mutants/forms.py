"""Mutants of launch forms: what a form doesn't ask for stays as it is, and who may use forms only."""

from scripts.mutants.source import mutants_of

FORMS = ("tests/spec/test_launch_forms.py",)
FORMS_ONLY = ("tests/actions/test_launch_forms_only.py",)
SWEEPS = ("tests/spec/test_form_sweep_documents.py", "tests/web/test_form_sweep.py")
DESIGNER = ("tests/spec/test_form_designer.py",)

MUTANTS = (
    *mutants_of(
        "jobs/spec/launch_forms/values.py",
        FORMS,
        (
            "forms: a locked field keeps its value",
            "is_asked = item.name in visible and not item.is_locked",
            "is_asked = item.name in visible",
        ),
        (
            "forms: a field that isn't shown takes no value",
            "is_asked = item.name in visible and not item.is_locked",
            "is_asked = not item.is_locked",
        ),
        (
            "forms: a hidden field shows no other",
            "return condition.field in visible and texts.get(condition.field) in condition.values",
            "return texts.get(condition.field) in condition.values",
        ),
        (
            "forms: unknown fields are refused",
            "    problems += _unknown_names(fields, entries)\n",
            "",
        ),
    ),
    *mutants_of(
        "jobs/policy/rules.py",
        FORMS_ONLY,
        (
            "forms only: leads",
            "return setting == FormsOnly.ALL if role == Role.LEAD else role == Role.ANALYST and bool(setting)",
            "return bool(setting)",
        ),
        (
            "forms only: analysts",
            "else role == Role.ANALYST and bool(setting)",
            "else False",
        ),
    ),
    *mutants_of(
        "jobs/actions/validate.py",
        FORMS_ONLY,
        (
            "forms only: a form under the lock",
            'return replace(_validate(source, member, account, "" if is_form else member.role), is_form=is_form)',
            'return _validate(source, member, account, "" if is_form else member.role)',
        ),
    ),
    *mutants_of(
        "jobs/actions/run_again.py",
        FORMS_ONLY,
        (
            "forms only: edited steps",
            "plan.submission.form_version_id is not None and reading.document == plan.document",
            "plan.submission.form_version_id is not None",
        ),
    ),
    *mutants_of(
        "jobs/actions/approval.py",
        FORMS_ONLY,
        (
            "forms only: role of the requester",
            "replace(member, team=submission.team, role=role)",
            "replace(member, team=submission.team)",
        ),
    ),
    *mutants_of(
        "jobs/actions/launch_forms.py",
        FORMS_ONLY,
        ("forms only: forms of one's own", "    if member.role != Role.ANALYST:", "    if True:"),
    ),
    *mutants_of(
        "jobs/actions/form_documents.py",
        SWEEPS,
        (
            "form sweeps: the rules hold for each value",
            "        row_problems = values.problems\n",
            "        row_problems = () if index else values.problems\n",
        ),
        (
            "form sweeps: all jobs count",
            "    count, limit = steps * len(sweep.rows), max_rows(sweep.plan)",
            "    count, limit = len(sweep.rows), max_rows(sweep.plan)",
        ),
        (
            "form sweeps: what child jobs share has one value",
            "    problems = tuple(check_array(source, fields, varying, secrets))",
            "    problems = ()",
        ),
        (
            "form sweeps: a child job needs each value",
            "        if variable not in line\n",
            "        if False\n",
        ),
    ),
    *mutants_of(
        "jobs/spec/launch_forms/sweep_documents.py",
        SWEEPS,
        (
            "form sweeps: secrets can't differ",
            'yield from (_single_problem(name, titles, "is a secret") for name in names if name in secrets)',
            "pass",
        ),
        (
            "form sweeps: steps wait for their own run",
            '        steps[edge.step]["dependsOn"][edge.entry]["jobId"] = f"${{{parent}}}"\n',
            "        del parent\n",
        ),
    ),
    *mutants_of(
        "jobs/spec/launch_forms/named_places.py",
        DESIGNER,
        (
            "designer: no secret by its pointer",
            "    if value_at(redact(document), *path) != value or",
            "    if",
        ),
        (
            "designer: a place is asked for once",
            "    if any(iter_references(value, path)) and isinstance(value, str):",
            "    if False:",
        ),
        (
            "designer: fields of AWS Batch only",
            "            raise NamedPlaceError(_unknown(path, depth, owner))",
            "            return None",
        ),
    ),
)
