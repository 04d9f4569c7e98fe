"""The guide's own commands, unchanged, with scripts fetched from a running portal and only curl on PATH."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import SHELLS, Desk
from tests.quickstart_process import Run, rows

pytestmark = pytest.mark.process

GUIDE = (Path(__file__).parents[1] / "seeds" / "guide.md").read_text()
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def block(heading: str, language: str = "bash") -> str:
    """The code below a heading of the guide."""
    _, _, below = GUIDE.partition(heading)
    return below.partition(f"```{language}\n")[2].partition("```")[0]


def ci_step() -> str:
    """What the CI system hands to its shell: the step's lines, its own expressions filled in."""
    lines = block("### CI/CD Integration", "yaml").partition("        run: |\n")[2].splitlines()
    step = "\n".join(line.removeprefix(" " * 10) for line in lines) + "\n"
    return step.replace("${{ github.sha }}", COMMIT).replace("${{ github.repository }}", "example/forecast")


def test_the_guides_commands_work_unchanged(portal: Run, make_desk: Callable[..., Desk]):
    one = "### 1. Developer Creating and Submitting a Job"
    two = "### 2. Developer Submitting a Multi-Job Workflow"
    texts = {"training": block(one), "workflow": block(two), "ci": ci_step()}
    desks = {(name, shell): make_desk(shell, name) for name in texts for shell in SHELLS}
    begun = {key: made.start(texts[key[0]]) for key, made in desks.items()}

    for key, run in begun.items():
        assert run.wait(90) == 0, (key, desks[key].out, desks[key].err)

    for shell in SHELLS:
        training, workflow, ci = (desks[name, shell] for name in texts)
        assert re.search(r"^(Registered|Already registered as) my-ml-training-job:\d+$", training.out, re.MULTILINE)
        assert "Model type resnet50, 10 epochs" in training.out
        assert re.search(r"^==> \S+Z train-model-experiment-42 SUCCEEDED", training.out, re.MULTILINE)

        assert "train-model-42 | Model type" in workflow.out
        written = (workflow.path / "job-ids.txt").read_text()
        assert re.fullmatch(
            r"preprocess-dataset-42\t\S{36}\ntrain-model-42\t\S{36}\nevaluate-model-42\t\S{36}\n", written
        )
        assert re.fullmatch(r"[0-9a-f-]{36}\n", (ci.path / "job-id.txt").read_text())

    guides = [f"ci-test-{COMMIT}", "workflow-42", "train-model-experiment-42"]
    kept = rows(portal.state, "select name from jobs_submission where source = 'api' order by name")
    assert [name for (name,) in kept if name in guides] == sorted(guides * 2)  # once for each shell
