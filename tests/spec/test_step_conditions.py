"""Conditions between steps: what is wrong with them, and the plan with them."""

from typing import Any

import pytest

from jobs.spec.documents import Document
from jobs.spec.patch import apply_patch
from jobs.spec.rules import workflow as judge
from jobs.spec.rules.workflow import StepDependency
from tests.spec.samples import pointers_and_rules, step, workflow


def with_conditions(*conditions: Any, steps: tuple[Document, ...] = ()) -> Document:
    return {
        **workflow(*(steps or (step("load"), step("train", "${load}"), step("clean")))),
        "conditions": list(conditions),
    }


def condition(job: str, after: str, when: str = "failure") -> Document:
    return {"job": job, "after": after, "when": when}


@pytest.mark.parametrize("when", ["success", "failure", "always"])
def test_a_condition_is_an_edge_of_the_plan_and_leaves_the_steps_as_they_are(when: str) -> None:
    document = with_conditions(condition("clean", "train", when))

    assert judge.check_workflow(document) == []
    plan = judge.plan_workflow(document)
    assert [each.dependencies for each in plan.steps] == [
        (),
        (StepDependency(0, ""),),
        (StepDependency(1, "", when),),
    ]
    assert plan.order == (0, 1, 2)
    assert [each.document for each in plan.steps] == [
        each.document for each in judge.plan_workflow(workflow(*document["jobs"])).steps
    ]


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (condition("clean", "trian"), ("/conditions/0/after", "workflow.condition-step")),
        (condition("cleen", "train"), ("/conditions/0/job", "workflow.condition-step")),
        (condition("clean", "clean"), ("/conditions/0/after", "workflow.condition-step")),
        (condition("train", "load"), ("/conditions/0", "workflow.condition-twice")),
        (condition("load", "train"), ("/conditions/0/after", "workflow.cycle")),
        (condition("clean", "train", "sometimes"), ("/conditions/0/when", "schema.unknown-value")),
        ({"job": "clean", "after": "train"}, ("/conditions/0", "schema.missing-key")),
        ({**condition("clean", "train"), "unless": "x"}, ("/conditions/0/unless", "schema.unknown-key")),
        ("clean", ("/conditions/0", "schema.wrong-type")),
    ],
)
def test_what_is_wrong_is_said_at_its_place(wrong: Any, problem: tuple[str, str]) -> None:
    assert pointers_and_rules(judge.check_workflow(with_conditions(wrong))) == [problem]


def test_a_pair_of_steps_has_one_condition() -> None:
    document = with_conditions(condition("clean", "train"), condition("clean", "train", "always"))
    assert pointers_and_rules(judge.check_workflow(document)) == [("/conditions/1", "workflow.condition-twice")]


def test_a_name_that_is_nearly_right_is_put_right() -> None:
    document = with_conditions(condition("clean", "trian"))
    [problem] = judge.check_workflow(document)

    assert problem.message == "No step is named “trian”. Did you mean “train”?"
    assert judge.check_workflow(apply_patch(document, problem.fix)) == []
