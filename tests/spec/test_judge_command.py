"""`manage.py judge`: one JSON object a file, and an exit code for scripts."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.spec.samples import definition, step, submission, workflow

ROOT = Path(__file__).resolve().parent.parent.parent


def run_judge(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    code = 0
    try:
        call_command("judge", *arguments)
    except SystemExit as ended:
        code = int(ended.code or 0)
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def written(name: str, document: Any) -> str:
        path = tmp_path / name
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return str(path)

    return written


def test_a_document_that_could_be_submitted_ends_with_0(capsys: pytest.CaptureFixture[str], write: Any) -> None:
    name = write("a.json", "# mine\n" + json.dumps(submission(tags={"portal:x": "y"})))
    code, [said] = run_judge(capsys, name)
    assert code == 0
    assert list(said) == ["file", "kind", "changes", "problems", "document", "effective"]
    assert (said["file"], said["kind"], said["effective"]) == (name, "submission", None)
    assert said["document"] == submission(tags={"portal:x": "y"})
    assert said["changes"] == [
        {"pointer": "", "message": "The comment on line 1 was left out: JSON has no comments."}
    ]
    assert said["problems"] == [
        {
            "pointer": "/tags/portal:x",
            "severity": "warning",
            "message": "The tag “portal:x” is set by the portal; remove it.",
            "rule": "names.tag-of-portal",
            "fix": [{"op": "remove", "path": "/tags/portal:x"}],
        }
    ]


def test_the_worst_file_decides_the_exit_code(capsys: pytest.CaptureFixture[str], write: Any) -> None:
    good, bad = write("good", submission()), write("bad", submission(jobName="a b"))
    assert run_judge(capsys, good, bad)[0] == 1
    code, said = run_judge(capsys, bad, write("none", "hello"), good, str(Path(good).parent / "missing"))
    assert code == 2
    assert [one["kind"] for one in said] == ["submission", None, "submission", None]
    assert [one["problems"][0]["rule"] if one["problems"] else "" for one in said] == [
        "schema.pattern",
        "reading.no-document",
        "",
        "reading.no-document",
    ]
    assert said[1]["document"] is None
    assert "Can't read the file" in said[3]["problems"][0]["message"]


def test_with_its_definition_what_will_run_is_judged_and_shown(
    capsys: pytest.CaptureFixture[str], write: Any
) -> None:
    name = write("definition.json", definition({"command": ["Ref::x"]}, parameters={"x": "1"}))
    code, [said] = run_judge(capsys, write("s", submission(containerOverrides={"vcpus": 2})), "--definition", name)
    assert (code, [problem["rule"] for problem in said["problems"]]) == (1, ["overrides.legacy-loses"])
    assert said["effective"]["containers"][0]["command"] == [{"value": "1", "from": "parameter default"}]
    both = workflow(step("a"), step("b", jobDefinition="other"))
    _, [said] = run_judge(capsys, write("w", both), "--definition", name)
    assert [bool(one) for one in said["effective"]] == [True, False]


def test_a_kind_can_be_demanded(capsys: pytest.CaptureFixture[str], write: Any) -> None:
    code, [said] = run_judge(capsys, write("a", "{}"), "--kind", "submission")
    assert (code, said["kind"]) == (1, "submission")
    with pytest.raises(CommandError, match="hello"):
        call_command("judge", write("b", "{}"), "--definition", write("hello", "hello"))


@pytest.mark.process
def test_it_needs_no_settings_no_database_no_redis_and_no_aws() -> None:
    environment = {key: value for key, value in os.environ.items() if key in ("PATH", "LANG", "HOME")}
    nowhere = {"DATABASE_URL": "postgres://nobody@127.0.0.1:9/none", "REDIS_URL": "redis://127.0.0.1:9/0"}
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "judge", "my-job-definition.json", "-"],
        cwd=ROOT / "tests" / "seeds",
        input=json.dumps(submission()).encode(),
        env=environment | nowhere,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert [json.loads(line)["kind"] for line in done.stdout.splitlines()] == ["definition", "submission"]


def test_a_default_size_is_filled_in_as_for_a_team_and_told(capsys: pytest.CaptureFixture[str], write: Any) -> None:
    document = definition()
    del document["containerProperties"]["resourceRequirements"]
    name = write("definition.json", document)

    code, [said] = run_judge(capsys, name)
    assert (code, [problem["rule"] for problem in said["problems"]]) == (1, ["definition.no-size"])
    code, [said] = run_judge(capsys, name, "--default-size", "1,2048")
    assert (code, said["problems"]) == (0, [])
    assert [change["message"] for change in said["changes"]] == [
        "vCPU was set to 1 by --default-size",
        "Memory was set to 2 GiB by --default-size",
    ]
    code, [said] = run_judge(
        capsys, write("job.json", submission()), "--definition", name, "--default-size", "1,2048"
    )
    assert (code, said["problems"]) == (0, [])
    with pytest.raises(CommandError, match="such as 1,2048"):
        run_judge(capsys, name, "--default-size", "large")


def test_one_of_several_documents_is_chosen_by_its_number(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "jobs.sh"
    file.write_text("\n".join(f"aws batch submit-job --job-name {name} --job-queue q" for name in ("a", "b")))
    code, [report] = run_judge(capsys, str(file))
    assert code == 2
    assert report["problems"][0]["message"] == (
        "The text has 2 documents: job a (line 1) and job b (line 2). Choose one of them. "
        "Add --document 1 for the first."
    )

    _, [report] = run_judge(capsys, str(file), "--document", "2")
    assert report["document"] == {"jobName": "b", "jobQueue": "q"}
