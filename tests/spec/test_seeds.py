"""The documents of the guide, which have to work whatever else changes."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from jobs.spec.documents import DocumentKind
from jobs.spec.parsing.parser import ParseResult, parse
from jobs.spec.patch import apply_patch
from jobs.spec.problems import Severity, has_errors
from jobs.spec.rules import validate, workflow
from jobs.spec.rules.required_size import DefaultSize, apply_default_size
from jobs.spec.rules.workflow import StepDependency

SEEDS = Path(__file__).parent.parent / "seeds"

CHAIN = [
    ("preprocess-dataset-42", ()),
    ("train-model-42", (StepDependency(0, ""),)),
    ("evaluate-model-42", (StepDependency(1, ""),)),
]


def seed(name: str) -> ParseResult:
    return parse((SEEDS / name).read_bytes())


def rules(name: str) -> list[tuple[str, str]]:
    result = validate.validate_parsed(seed(name))
    assert {problem.severity for problem in result} <= {Severity.WARNING, Severity.INFO}
    return [(problem.pointer, problem.rule) for problem in result]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("my-job-definition.json", DocumentKind.DEFINITION),
        ("my-job-submission.json", DocumentKind.SUBMISSION),
        ("finance-team-job.json", DocumentKind.SUBMISSION),
        ("ci-job-submission.json", DocumentKind.SUBMISSION),
    ],
)
def test_the_plain_documents_have_nothing_wrong_with_them(name: str, kind: DocumentKind) -> None:
    assert seed(name).kind is kind
    assert rules(name) == []


def test_the_comment_of_the_guide_is_left_out_and_said() -> None:
    reading = seed("finance-team-job.json")
    assert [change.message for change in reading.changes] == [
        "The comment on line 3 was left out: JSON has no comments."
    ]
    assert reading.document["jobQueue"] == "finance-team-queue"


def test_the_definition_without_type_and_size_needs_a_default_size() -> None:
    reading = seed("s3-data-processor.json")
    assert reading.document["type"] == "container"
    assert [change.pointer for change in reading.changes] == ["/type"]
    [problem] = validate.validate_parsed(reading)
    assert (problem.pointer, problem.rule, problem.severity) == (
        "/containerProperties",
        "definition.no-size",
        Severity.ERROR,
    )
    document, changes = apply_default_size(reading.document, DefaultSize.parse("1,2048"), "Research")
    assert [change.message for change in changes] == [
        "vCPU was set to 1 by Research",
        "Memory was set to 2 GiB by Research",
    ]
    assert validate.validate_document(reading.kind, document) == []


def test_the_workflow_waits_as_it_says() -> None:
    assert rules("workflow-jobs.json") == [
        ("/jobs/1/dependsOn/0/type", "workflow.sequential-is-plain"),
        ("/jobs/2/dependsOn/0/type", "workflow.sequential-is-plain"),
    ]
    problems = validate.validate_parsed(seed("workflow-jobs.json"))
    assert {problem.severity for problem in problems} == {Severity.INFO}
    plan = workflow.plan_workflow(seed("workflow-jobs.json").document)
    assert [(step.name, step.dependencies) for step in plan.steps] == CHAIN
    assert plan.order == (0, 1, 2)


def test_the_workflow_that_a_shell_has_mangled_waits_the_same() -> None:
    assert rules("workflow-jobs.mangled.json") == [
        ("/jobs/1/dependsOn/0/jobId", "workflow.shell-rest"),
        ("/jobs/1/dependsOn/0/type", "workflow.sequential-is-plain"),
        ("/jobs/2/dependsOn/0/jobId", "workflow.shell-rest"),
        ("/jobs/2/dependsOn/0/type", "workflow.sequential-is-plain"),
    ]
    mangled = seed("workflow-jobs.mangled.json").document
    assert [(step.name, step.dependencies) for step in workflow.plan_workflow(mangled).steps] == CHAIN


def test_the_fixes_of_the_mangled_workflow_give_back_the_one_that_was_written() -> None:
    document = seed("workflow-jobs.mangled.json").document
    for problem in validate.validate_document(DocumentKind.WORKFLOW, document):
        if problem.rule == "workflow.shell-rest":
            document = apply_patch(document, problem.fix)
    assert document == json.loads((SEEDS / "workflow-jobs.json").read_text())


def test_the_steps_of_the_workflow_can_be_sent_as_they_are() -> None:
    for step in workflow.plan_workflow(seed("workflow-jobs.json").document).steps:
        assert not has_errors(validate.validate_document(DocumentKind.SUBMISSION, step.document))
        assert "dependsOn" not in step.document


@pytest.mark.process
@pytest.mark.skipif(not shutil.which("dash"), reason="there is no dash here")
def test_the_mangled_workflow_is_what_a_shell_makes_of_the_guide(tmp_path: Path) -> None:
    script = tmp_path / "guide.sh"
    script.write_text(f"cat > out.json << EOF\n{(SEEDS / 'workflow-jobs.json').read_text()}EOF\n")
    subprocess.run(["dash", str(script)], cwd=tmp_path, env={"PATH": "/usr/bin:/bin"}, check=True)
    assert (tmp_path / "out.json").read_text() == (SEEDS / "workflow-jobs.mangled.json").read_text()
