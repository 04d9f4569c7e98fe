"""What is wrong with a workflow, and the plan of one that is sound."""

from typing import Any

import pytest

from jobs.spec import step_references
from jobs.spec.documents import Document
from jobs.spec.patch import apply_patch
from jobs.spec.problems import Problem, Severity, has_errors
from jobs.spec.rules import workflow as judge
from jobs.spec.rules.queue import QueueFacts
from jobs.spec.rules.workflow import MAX_STEPS, StepDependency
from tests.spec.samples import JOB_ID, pointers_and_rules, step, submission, workflow


def only_problem(document: Document) -> Problem:
    [problem] = judge.check_workflow(document)
    return problem


def array(name: str, *after: str | Document, size: int = 2) -> Document:
    return step(name, *after, arrayProperties={"size": size})


def n_to_n(name: str) -> Document:
    return {"jobId": f"${{{name}}}", "type": "N_TO_N"}


def test_a_sound_workflow_has_no_problems() -> None:
    diamond = workflow(step("a"), step("b", "${a}"), step("c", "${a}", JOB_ID), step("d", "${b}", "${c}"))
    assert judge.check_workflow(diamond) == []


def test_each_step_is_judged_as_a_submission_at_its_own_place() -> None:
    document = workflow(
        step("a"), step("b", tags={"aws:x": "y"}, timeout={"attemptDurationSeconds": 5}), {"jobName": "c"}
    )
    assert set(pointers_and_rules(judge.check_workflow(document))) == {
        ("/jobs/1/tags/aws:x", "names.tag-of-aws"),
        ("/jobs/1/timeout/attemptDurationSeconds", "schema.too-small"),
        ("/jobs/2", "schema.missing-key"),
    }


def test_a_remembered_step_is_judged_anew_with_another_definition_queue_or_number() -> None:
    document = workflow(step("a", jobQueue="q", jobDefinition="d", shareIdentifier="s"))
    definition = {"jobDefinitionName": "d", "containerProperties": {"image": "i"}}
    sizes = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "512"}]
    sized = {**definition, "containerProperties": {"image": "i", "resourceRequirements": sizes}}
    plain, fair = QueueFacts(fair_share=False), QueueFacts(fair_share=True)

    def rules(definition: Document, queue: QueueFacts) -> set[str]:
        return {problem.rule for problem in judge.check_workflow(document, {"d": definition}, {"q": queue})}

    for _ in range(2):
        assert "share.not-fair" in rules(sized, plain)
        assert "share.not-fair" not in rules(sized, fair)
        assert rules(definition, fair) > rules(sized, fair)
    retries = [workflow(step("a", retryStrategy={"attempts": attempts})) for attempts in (1, True)]
    assert [bool(judge.check_workflow(each)) for each in retries] == [False, True]


def test_a_step_with_many_problems_is_read_only_up_to_the_limit() -> None:
    variables = [{"name": "AWS_BATCH_A", "value": "b"}] * 30_000
    document = workflow(step("a", containerOverrides={"environment": variables}))
    for _ in range(2):
        assert len(judge.check_workflow(document)) == 501


def test_a_fix_of_a_step_fits_the_workflow() -> None:
    document = workflow(step("a"), step("b", {"jobId": "${a}", "type": "SEQUENTIAL"}))
    problem = only_problem(document)
    assert (problem.pointer, problem.severity) == ("/jobs/1/dependsOn/0/type", Severity.INFO)
    assert problem.rule == "workflow.sequential-is-plain"
    assert judge.check_workflow(apply_patch(document, problem.fix)) == []


@pytest.mark.parametrize("jobs", [[], None, {}, "x", [None], [[]]])
def test_a_workflow_is_a_list_of_at_least_one_job(jobs: Any) -> None:
    assert has_errors(judge.check_workflow({"jobs": jobs}))


def test_a_name_stands_for_one_step() -> None:
    problem = only_problem(workflow(step("a"), step("b"), step("a")))
    assert (problem.pointer, problem.rule) == ("/jobs/2/jobName", "workflow.same-name")
    assert "job 1" in problem.message


def test_a_reference_to_nothing_names_the_nearest_step() -> None:
    document = workflow(step("prepare"), step("train", "${prepair}"))
    problem = only_problem(document)
    assert (problem.pointer, problem.rule) == ("/jobs/1/dependsOn/0/jobId", "workflow.unknown-step")
    assert "did you mean ${prepare}?" in problem.message
    assert judge.check_workflow(apply_patch(document, problem.fix)) == []
    assert only_problem(workflow(step("prepare"), step("train", "${zzzzzz}"))).fix == ()


def test_a_step_does_not_wait_for_itself() -> None:
    for waits in ["${a}", "a"]:
        document = workflow(step("a", waits), step("b"))
        problem = only_problem(document)
        assert (problem.pointer, problem.rule) == ("/jobs/0/dependsOn/0/jobId", "workflow.self-reference")
        assert judge.check_workflow(apply_patch(document, problem.fix)) == []


def test_a_circle_is_named_once_and_all_the_way_round() -> None:
    problem = only_problem(
        workflow(step("x"), step("a", "${x}", "${c}"), step("b", "${a}"), step("c", "${b}"), step("d", "${c}"))
    )
    assert (problem.pointer, problem.rule) == ("/jobs/1/dependsOn/1/jobId", "workflow.cycle")
    assert "a → c → b → a" in problem.message


@pytest.mark.long
def test_two_circles_are_two_problems_and_a_long_one_is_told_short() -> None:
    pairs = workflow(step("a", "${b}"), step("b", "${a}"), step("c", "${d}"), step("d", "${c}"))
    assert [problem.rule for problem in judge.check_workflow(pairs)] == ["workflow.cycle"] * 2
    ring = workflow(*(step(f"s{number}", f"${{s{(number + 1) % 5000}}}") for number in range(5000)))
    assert len(only_problem(ring).message) < 200


def test_a_job_waits_for_20_jobs_of_aws_at_most() -> None:
    ids = [f"{JOB_ID[:-2]}{number:02d}" for number in range(21)]
    assert judge.check_workflow(workflow(step("last", *ids[:20]))) == []
    problem = only_problem(workflow(step("last", *ids)))
    assert (problem.pointer, problem.rule) == ("/jobs/0/dependsOn", "workflow.too-many-parents")
    assert "21 jobs outside this workflow" in problem.message


def test_a_step_with_more_than_20_parents_is_held_until_all_have_succeeded() -> None:
    parents = [step(f"p{number}") for number in range(25)]
    names = [f"${{p{number}}}" for number in range(25)]
    assert judge.check_workflow(workflow(*parents, step("last", *names[:20]))) == []
    problem = only_problem(workflow(*parents, step("last", *names)))
    assert (problem.pointer, problem.severity) == ("/jobs/25/dependsOn", Severity.WARNING)
    assert problem.message == (
        "Depends on 25 jobs, and AWS Batch allows 20. The portal submits it when all have succeeded."
    )
    conditions = {number: edge.condition for number in (20, 25) for edge in _edges(parents, names[:number])}
    assert conditions == {20: "", 25: "success"}


def _edges(parents: list[Document], names: list[str]) -> tuple[StepDependency, ...]:
    return judge.plan_workflow(workflow(*parents, step("last", *names))).steps[-1].dependencies


def test_the_same_dependency_twice_is_warned_of() -> None:
    document = workflow(step("a"), step("b", "${a}", "${a}"))
    problem = only_problem(document)
    assert (problem.pointer, problem.severity) == ("/jobs/1/dependsOn/1", Severity.WARNING)
    assert judge.check_workflow(apply_patch(document, problem.fix)) == []


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (workflow(array("a"), array("b", n_to_n("a"))), []),
        (
            workflow(step("a"), array("b", n_to_n("a"))),
            [("/jobs/1/dependsOn/0/type", "workflow.n-to-n-without-array")],
        ),
        (
            workflow(array("a"), step("b", n_to_n("a"))),
            [("/jobs/1/dependsOn/0/type", "dependencies.n-to-n-without-array")],
        ),
        (
            workflow(array("a"), array("b", n_to_n("a"), size=3)),
            [("/jobs/1/dependsOn/0/type", "workflow.n-to-n-sizes")],
        ),
        (workflow(array("a", {"type": "SEQUENTIAL"})), []),
        (
            workflow(step("a", {"type": "SEQUENTIAL"})),
            [("/jobs/0/dependsOn/0", "dependencies.sequential-without-array")],
        ),
    ],
)
def test_children_are_joined_one_to_one_only_between_arrays_of_one_size(
    document: Document, expected: list[tuple[str, str]]
) -> None:
    assert pointers_and_rules(judge.check_workflow(document)) == expected


def test_a_name_that_a_shell_has_cut_is_read_as_the_step_it_came_from() -> None:
    document = workflow(step("load-data"), step("train-data-set", "data"), step("data-x"))
    problem = only_problem(document)
    assert (problem.pointer, problem.rule) == ("/jobs/1/dependsOn/0/jobId", "workflow.shell-rest")
    assert problem.severity is Severity.WARNING
    assert "${load-data}" in problem.message
    assert "'EOF'" in problem.message
    assert judge.plan_workflow(document).steps[1].dependencies == (StepDependency(0, ""),)
    assert judge.plan_workflow(apply_patch(document, problem.fix)).steps[1].dependencies == (StepDependency(0, ""),)
    assert judge.check_workflow(apply_patch(document, problem.fix)) == []


def test_a_rest_never_stands_for_its_own_step() -> None:
    document = workflow(step("train-model"), step("check-model", "model"))
    assert judge.plan_workflow(document).steps[1].dependencies == (StepDependency(0, ""),)


def test_a_rest_that_fits_several_steps_is_an_error_that_names_them() -> None:
    problem = only_problem(workflow(step("a-x"), step("b-x"), step("c", "x")))
    assert (problem.pointer, problem.rule) == ("/jobs/2/dependsOn/0/jobId", "workflow.ambiguous-rest")
    assert "${a-x} or ${b-x}" in problem.message


def test_a_rest_is_read_as_the_one_step_that_closes_no_circle() -> None:
    document = workflow(step("a-x"), step("c", "x"), step("b-x", "${c}"))
    assert pointers_and_rules(judge.check_workflow(document)) == [
        ("/jobs/1/dependsOn/0/jobId", "workflow.shell-rest")
    ]
    assert judge.plan_workflow(document).steps[1].dependencies == (StepDependency(0, ""),)


def test_a_rest_that_would_close_a_circle_is_no_reference() -> None:
    problem = only_problem(workflow(step("a-x", "${c}"), step("c", "x")))
    assert (problem.pointer, problem.rule) == ("/jobs/1/dependsOn/0/jobId", "workflow.neither-step-nor-id")
    assert "circular dependency" in problem.message


def test_rests_that_close_a_circle_only_together_are_none_of_them_references() -> None:
    problems = judge.check_workflow(workflow(step("a-x", "y"), step("b-y", "x")))
    assert [problem.rule for problem in problems] == ["workflow.neither-step-nor-id"] * 2


def test_a_name_without_its_dollar_and_braces_is_an_error_that_adds_them() -> None:
    document = workflow(step("a"), step("b", "a"))
    problem = only_problem(document)
    assert problem.rule == "workflow.bare-name"
    assert judge.check_workflow(apply_patch(document, problem.fix)) == []


def test_a_rest_that_is_also_a_name_is_not_guessed() -> None:
    problem = only_problem(workflow(step("data"), step("load-data"), step("c", "data")))
    assert problem.rule == "workflow.ambiguous-rest"
    assert "${data} or ${load-data}" in problem.message


@pytest.mark.parametrize(
    ("job_id", "rule"),
    [
        ("", "workflow.empty-reference"),
        ("nowhere", "workflow.neither-step-nor-id"),
        ("${a}:3", "workflow.reference-in-text"),
        ("${}", "workflow.unknown-step"),
        ("$a", "workflow.neither-step-nor-id"),
    ],
)
def test_what_is_neither_a_step_nor_a_job_is_an_error(job_id: str, rule: str) -> None:
    assert pointers_and_rules(judge.check_workflow(workflow(step("a"), step("b", job_id)))) == [
        ("/jobs/1/dependsOn/0/jobId", rule)
    ]


def test_an_empty_job_id_is_told_what_a_shell_does() -> None:
    assert "shell" in only_problem(workflow(step("a"), step("b", ""))).message


def test_the_plan_keeps_the_order_of_the_document_and_says_the_order_of_sending() -> None:
    plan = judge.plan_workflow(workflow(step("c", "${b}"), step("b", "${a}"), step("a"), step("d")))
    assert [planned.name for planned in plan.steps] == ["c", "b", "a", "d"]
    assert plan.order == (2, 1, 0, 3)
    assert [planned.index for planned in plan.steps] == [0, 1, 2, 3]


def test_the_plan_leaves_only_what_batch_can_be_told() -> None:
    first = array("a", {"type": "SEQUENTIAL"})
    second = array("b", n_to_n("a"), {"jobId": JOB_ID, "type": "SEQUENTIAL"}, {"jobId": f"{JOB_ID}:3"})
    third = step("c", "${a}", "${a}")
    plan = judge.plan_workflow(workflow(first, second, third))
    assert plan.steps[0].document == first
    assert plan.steps[1].document["dependsOn"] == [{"jobId": JOB_ID}, {"jobId": f"{JOB_ID}:3"}]
    assert plan.steps[1].dependencies == (StepDependency(0, "N_TO_N"),)
    assert "dependsOn" not in plan.steps[2].document
    assert plan.steps[2].dependencies == (StepDependency(0, ""),)
    assert "dependsOn" in third


def test_a_submission_is_a_plan_of_one_step() -> None:
    plan = judge.plan_workflow(submission(dependsOn=[{"jobId": JOB_ID}]))
    assert [(only.name, only.dependencies, only.document["dependsOn"]) for only in plan.steps] == [
        ("hello", (), [{"jobId": JOB_ID}])
    ]
    assert plan.order == (0,)


def test_a_circle_has_no_plan() -> None:
    with pytest.raises(ValueError, match="circular dependency"):
        judge.plan_workflow(workflow(step("a", "${b}"), step("b", "${a}")))


def test_a_workflow_of_more_steps_than_the_limit_is_refused_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "MAX_STEPS", 2)

    assert judge.check_workflow(workflow(step("a"), step("b"))) == []
    assert [each.rule for each in judge.check_workflow(workflow(*map(step, "abc")))] == ["workflow.too-many-steps"]


@pytest.mark.long
def test_the_most_steps_that_a_workflow_may_have_are_judged_and_planned_in_one_chain() -> None:
    chain = workflow(step("s0"), *(step(f"s{number}", f"${{s{number - 1}}}") for number in range(1, MAX_STEPS)))
    assert judge.check_workflow(chain) == []
    assert judge.plan_workflow(chain).order == tuple(range(MAX_STEPS))


@pytest.mark.long
def test_thousands_of_wrong_references_are_told_without_guessing_at_each() -> None:
    wrong = [step(f"name-of-step-{number}", f"${{nome-{number}}}") for number in range(3_000)]
    assert len(step_references.resolve_references(wrong).problems) == 3_000
    cut = [step(f"s{number}-x", "x") for number in range(3_000)]
    assert len(step_references.resolve_references(cut).problems) == 3_000


def test_a_plan_knows_its_layers_and_its_longest_path() -> None:
    plan = judge.plan_workflow(
        workflow(
            step("d", "${b}", "${c}"), step("a"), step("b", "${a}"), step("c", "${b}"), step("e"), step("f", "${e}")
        )
    )
    assert plan.layers == ((1, 4), (2, 5), (3,), (0,))
    assert plan.longest_path == (1, 2, 3, 0)
    assert judge.plan_workflow(submission()).layers == ((0,),)


def test_the_definitions_of_steps_are_looked_up_by_what_they_say() -> None:
    document = workflow(step("a", parameters={"x": "1"}), step("b", jobDefinition="other", parameters={"x": "1"}))
    sized = {"image": "i", "vcpus": 1, "memory": 4}
    definitions = {
        "greet": {"containerProperties": {**sized, "command": ["Ref::x"]}},
        "other": {"containerProperties": sized},
    }
    assert pointers_and_rules(judge.check_workflow(document, definitions)) == [
        ("/jobs/1/parameters/x", "parameters.not-in-command")
    ]
