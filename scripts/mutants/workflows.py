"""Mutants of workflows: which steps run, what a refusal stops, and what runs again."""

from scripts.mutants.source import mutants_of

CONDITIONS = ("tests/dispatch/test_conditions.py",)
REFUSED = tuple(
    f"tests/dispatch/test_delivery.py::test_{each}"
    for each in (
        "a_refusal_in_the_middle_stops_the_other_steps_unless_they_are_kept",
        "a_refusal_is_recorded_with_its_stops_or_not_at_all",
        "a_refusal_of_a_job_that_another_worker_has_meanwhile_stops_nothing",
        "a_step_that_runs_again_and_is_refused_stops_only_what_runs_again_with_it",
        "an_index_that_runs_again_and_is_refused_stops_nothing",
    )
)
REQUESTED = (
    "tests/dispatch/test_delivery.py::test_a_parent_that_has_succeeded_is_not_named_because_aws_may_have_forgotten_it",
    "tests/dispatch/test_conditions.py::test_a_step_is_sent_when_another_has_ended_as_it_waits_for",
)
RERUNS = ("tests/actions/test_run_again.py",)

STEPS = (
    *mutants_of(
        "jobs/models/job.py",
        CONDITIONS,
        (
            "steps: a parent of Batch's own dependency is sent first",
            "Q(condition=Condition.BATCH, parent__batch_id__isnull=False)",
            "Q(condition=Condition.BATCH)",
        ),
        (
            "steps: after a success",
            "Q(condition__in=[Condition.SUCCESS, Condition.ALWAYS]) & PARENT_SUCCEEDED",
            "Q(condition__in=[Condition.SUCCESS, Condition.ALWAYS])",
        ),
        (
            "steps: after a failure",
            "Q(condition__in=[Condition.FAILURE, Condition.ALWAYS]) & PARENT_FAILED",
            "Q(condition__in=[Condition.FAILURE, Condition.ALWAYS])",
        ),
        ("steps: after a skipped one", "            | Q(condition=Condition.ALWAYS) & PARENT_SKIPPED\n", ""),
        ("steps: all conditions hold", ".exclude(Exists(edges.exclude(met)))", ".filter(Exists(edges.filter(met)))"),
        ("steps: withdrawn after a failure", "Exists(failed) | Exists(needless)", "Exists(needless)"),
        (
            "steps: skipped when nothing needs them",
            "Exists(failed) | Exists(needless)",
            "Exists(failed) | Q(pk=None)",
        ),
        ("steps: skipped when no failure can come", "Exists(needless) & ~Exists(open_edges)", "Exists(needless)"),
    ),
    *mutants_of(
        "jobs/models/job_dependency.py",
        CONDITIONS,
        (
            "steps: one that was skipped has not failed",
            "FINAL_DELIVERIES - {Delivery.SKIPPED}",
            "FINAL_DELIVERIES",
        ),
    ),
    *mutants_of(
        "jobs/dispatch/delivery.py",
        CONDITIONS,
        (
            "steps: skipped for no other reason",
            "is_skipped = bool(reasons) and all(",
            "is_skipped = bool(reasons) and any(",
        ),
        (
            "steps: a whole chain at once",
            "if not jobs and was_idle and not withdrawn_count:",
            "if not jobs and was_idle:",
        ),
    ),
)

REFUSALS = mutants_of(
    "jobs/dispatch/delivery.py",
    REFUSED,
    ("refusal: kept if that was chosen", "submission.on_refusal == OnRefusal.STOP and ", ""),
    ("refusal: of an index", " and not is_index:", ":"),
    ("refusal: only what runs again with it", "filter(rerun=job.rerun_id, repeats", "filter(repeats"),
    (
        "refusal: with its stops or not at all",
        '        with transaction.atomic():\n            _record_outcome(intent, "refused"',
        '        if True:\n            _record_outcome(intent, "refused"',
    ),
    (
        "refusal: by who still has the job",
        "    if not job.advance(Delivery.REFUSED, ",
        "    if job.advance(Delivery.REFUSED, ",
    ),
    (
        "refusal: a stop for what AWS has",
        "    request_stop(others, reason, user=None)\n",
        "    pass\n",
    ),
)

REQUESTS = mutants_of(
    "jobs/dispatch/submit_request.py",
    REQUESTED,
    (
        "request: no parent that has succeeded",
        "and not edge.batch_id and edge.parent.state != State.SUCCEEDED",
        "and not edge.batch_id",
    ),
    (
        "request: no parent of a condition",
        "if edge.parent and not edge.condition and not",
        "if edge.parent and not",
    ),
)

AGAIN = mutants_of(
    "jobs/actions/run_again.py",
    RERUNS,
    (
        "run again: what depends on it too",
        "tuple(sorted(with_dependents(roots, parents) & jobs.keys()))",
        "tuple(sorted(roots))",
    ),
    ("run again: only what has ended", "    _check_states(plan)\n", ""),
    ("run again: not to be withdrawn at once", "        _check_parents(plan, roots[0])\n", "        pass\n"),
    (
        "run again: after the steps that stay",
        "            if edge.parent not in numbers and edge.parent in self.jobs\n",
        "            if False\n",
    ),
    (
        "run again: as they ran last",
        "        if job.repeats_id is not None and number < len(steps):",
        "        if False:",
    ),
)

UNDER_THE_LOCK = mutants_of(
    "jobs/actions/reruns.py",
    ("tests/actions/test_rerun_indexes.py",),
    ("run again: unchanged under the lock", "        plan.check_unchanged()\n", ""),
)

MUTANTS = (*STEPS, *REFUSALS, *REQUESTS, *AGAIN, *UNDER_THE_LOCK)
