"""Every rule lets the good document of its case pass and points to what is wrong in the bad one (rule_cases.py)."""

import pytest

from jobs.spec.documents import Document, DocumentKind
from jobs.spec.parsing.parser import parse
from jobs.spec.patch import apply_patch
from jobs.spec.placement import EnvironmentFacts
from jobs.spec.rules import job, validate
from jobs.spec.rules.queue import QueueFacts
from jobs.spec.rules.registry import REGISTRY
from scripts import write_rules_doc as page
from tests.aws_answers import all_rows
from tests.spec.rule_cases import CASES, Case
from tests.spec.rule_documents import ROLE, fargate, override, size
from tests.spec.samples import definition, step, submission, workflow

QUEUE_CASES = [
    ("queue.platform", QueueFacts(platform="ECS"), QueueFacts(platform="ECS_FARGATE")),
    ("queue.service-jobs", QueueFacts(platform="ECS"), QueueFacts(platform="SAGEMAKER_TRAINING")),
    ("queue.nothing-fits", QueueFacts(), QueueFacts(environments=(EnvironmentFacts("off", state="DISABLED"),))),
]

TESTED_ELSEWHERE = {"reading.duplicate-key", "reading.no-document", "reading.unresolved-value", "reading.array-child",
                  "queue.platform",
                  "queue.service-jobs", "queue.nothing-fits", "workflow.too-many-steps",
                  "reading.more-problems"}  # fmt: skip
"""Rules about texts (test_parser.py, test_shell.py), queues (below), too many problems (test_problem_limit.py), and
the size of a workflow (reports/test_size.py)."""


def names(cases: list[Case]) -> list[str]:
    return [case.rule for case in cases]


@pytest.mark.parametrize("case", CASES, ids=names(CASES))
def test_a_rule_lets_the_good_pass_and_points_to_the_bad(case: Case) -> None:
    assert case.rule not in [problem.rule for problem in case.problems_of(case.good)]
    problems = [problem for problem in case.problems_of(case.bad) if problem.rule == case.rule]
    assert [problem.pointer for problem in problems][:1] == [case.pointer]
    assert {problem.severity for problem in problems} == {REGISTRY[case.rule].severity}
    assert all(problem.message.endswith((".", "?")) and len(problem.message) < 330 for problem in problems)


@pytest.mark.parametrize("case", CASES, ids=names(CASES))
def test_a_fix_is_the_end_of_its_problem(case: Case) -> None:
    for problem in case.problems_of(case.bad):
        if problem.rule == case.rule and problem.fix:
            fixed = case.problems_of(apply_patch(case.bad, problem.fix))
            assert (problem.rule, problem.pointer) not in [(left.rule, left.pointer) for left in fixed]


def test_rules_about_keys_say_nothing_of_a_job_without_these_keys() -> None:
    documents = [case.bad for case in CASES if case.kind is DocumentKind.SUBMISSION]
    documents += [row.submission for row in all_rows() if row.submission is not None]
    for document in documents:
        for keys, checks in job.RULES:
            if keys and job.part_keys(document).isdisjoint(keys):
                assert [problem for check in checks for problem in check(document)] == []


@pytest.mark.parametrize("case", [case for case in CASES if case.kind is DocumentKind.SUBMISSION])
def test_a_rule_for_a_job_holds_for_every_step_of_a_workflow(case: Case) -> None:
    document = workflow(step("first"), case.bad)
    problems = {(problem.pointer, problem.severity) for problem in case.problems_of(document)}
    # A workflow has rules of its own for what a jobId can be there.
    assert (f"/jobs/1{case.pointer}", REGISTRY[case.rule].severity) in problems


def test_every_rule_has_its_case() -> None:
    in_rows = {row.rule for row in all_rows() if row.rule}
    assert REGISTRY.keys() == {case.rule for case in CASES} | in_rows | TESTED_ELSEWHERE


@pytest.mark.parametrize(("rule", "good", "bad"), QUEUE_CASES)
def test_a_queue_takes_only_what_it_is_for(rule: str, good: QueueFacts, bad: QueueFacts) -> None:
    def problems_for(queue: QueueFacts) -> list[tuple[str, str]]:
        result = validate.validate_document(
            DocumentKind.SUBMISSION, submission(), {"greet": definition()}, {"small": queue}
        )
        return [(problem.rule, problem.pointer) for problem in result]

    assert problems_for(good) == []
    assert (rule, "/jobQueue") in problems_for(bad)


def test_the_page_of_rules_is_what_the_rules_say() -> None:
    assert page.main(["--check"]) == 0


def test_rules_of_steps_and_their_fixes_stand_at_their_place_in_the_workflow() -> None:
    document = workflow(step("a"), step("b", containerOverrides={"vcpus": 2}))
    [problem] = validate.validate_document(DocumentKind.WORKFLOW, document, {"greet": definition()})
    assert (problem.pointer, problem.rule) == ("/jobs/1/containerOverrides/vcpus", "overrides.legacy-loses")
    assert apply_patch(document, problem.fix)["jobs"][1]["containerOverrides"] == size(VCPU="2")


def test_what_no_submission_can_change_is_said_so() -> None:
    for key, value in {"image": "x", "jobRoleArn": ROLE, "volumes": [], "privileged": True}.items():
        [problem] = validate.validate_document(DocumentKind.SUBMISSION, override({key: value}))
        assert problem.message.startswith(f"A submission can't change {key};")
        assert apply_patch(override({key: value}), problem.fix) == override({})


def test_a_fargate_pair_is_judged_on_what_definition_and_override_say_together() -> None:
    document = override(size(MEMORY="4000"))
    [problem] = validate.validate_document(DocumentKind.SUBMISSION, document, {"greet": fargate()})
    assert (
        problem.message
        == "Fargate has no task size with 1 vCPU and 4000 MiB; the next larger size is 1 vCPU with 4,096 MiB."
    )
    assert (
        validate.validate_document(DocumentKind.SUBMISSION, apply_patch(document, problem.fix), {"greet": fargate()})
        == []
    )


def test_reading_and_judging_tell_of_a_text_together() -> None:
    reading = parse('{"JobName": "a", "jobQueue": "q", "jobDefinition": "d", "propagateTags": "true"}')
    assert validate.validate_parsed(reading) == []
    assert reading.document["propagateTags"] is True


@pytest.mark.parametrize(
    ("tags", "fixed"),
    [
        ({"sample": "2.8.1+mc(0.10.0)"}, {"sample": "2.8.1+mc-0.10.0"}),
        ({"a&b": "R&D, Berlin"}, {"a-b": "R-D- Berlin"}),
        ({"a#": "x"}, {"a": "x"}),
        ({"a": "{{ name }}"}, {"a": "name"}),
        ({"a": "#"}, None),
        ({"a#": "x", "a": "y"}, None),
    ],
)
def test_a_fix_cleans_a_tag_and_loses_none(tags: Document, fixed: Document | None) -> None:
    document = submission(tags=tags)
    [problem] = validate.validate_document(DocumentKind.SUBMISSION, document)
    assert bool(problem.fix) == (fixed is not None)
    if fixed:
        assert apply_patch(document, problem.fix)["tags"] == fixed
