"""What looks written for a shell in a command, and the same with one."""

from typing import Any

import pytest

from jobs.spec.documents import Document
from jobs.spec.patch import apply_patch
from jobs.spec.rules.command import shell_syntax_has_shell
from tests.spec.samples import definition, submission


def overriding(command: list[Any]) -> Document:
    return submission(containerOverrides={"command": command})


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (["echo", "number", "$AWS_BATCH_JOB_ARRAY_INDEX"], 'echo number "$AWS_BATCH_JOB_ARRAY_INDEX"'),
        (["python", "run.py", "--out", "s3://b/${RUN_ID}/x y"], 'python run.py --out "s3://b/${RUN_ID}/x y"'),
        (["cat", "a b", "|", "wc", "-l"], "cat 'a b' | wc -l"),
        (["make", "&&", "make", "test"], "make && make test"),
        (["echo", 'say "$NAME"'], "echo 'say \"$NAME\"'"),
    ],
)
def test_shell_syntax_without_a_shell_is_a_warning_whose_fix_adds_one(command: list[Any], line: str) -> None:
    document = overriding(command)
    [problem] = shell_syntax_has_shell(document)

    assert problem.pointer == "/containerOverrides/command"
    assert apply_patch(document, problem.fix)["containerOverrides"]["command"] == ["sh", "-c", line]
    assert list(shell_syntax_has_shell(apply_patch(document, problem.fix))) == []


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["echo", "Hello from AWS Batch"],
        ["/bin/bash", "-lc", "echo $HOME | wc"],
        ["-c", "echo $HOME"],
        ["python", "-c", "print('$HOME')"],
        ["python", "train.py", "Ref::input", "costs $5", "a|b", "$lower"],
        [1, None],
    ],
)
def test_what_needs_no_shell_or_has_one_is_fine(command: list[Any]) -> None:
    assert list(shell_syntax_has_shell(overriding(command))) == []


def test_a_definition_is_checked_too_but_pods_replace_variables_themselves() -> None:
    pod = {"containers": [{"image": "x", "command": ["echo", "$NAME"]}]}
    document = definition({"command": ["echo", "$NAME"]}) | {"eksProperties": {"podProperties": pod}}

    assert [problem.pointer for problem in shell_syntax_has_shell(document)] == ["/containerProperties/command"]
