"""What the scripts do when things go wrong: jobs that fail, connections that break, people who interrupt."""

import json
import os
import re
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection

import pytest

from tests import make
from tests.cli.conftest import SHELLS, Desk
from tests.eventually import eventually
from tests.quickstart_process import Run, rows

pytestmark = pytest.mark.process


def python(name: str, *program: str, **more: object) -> dict[str, object]:
    """A job that runs a few lines of Python."""
    return {
        "jobName": name,
        "jobQueue": "cpu-job-queue",
        "jobDefinition": "data-preprocessing",
        "retryStrategy": {"attempts": 1},
        "containerOverrides": {"command": ["python", "-u", "-c", "; ".join(program)]},
        **more,
    }


def write_jobs(desk: Desk, *jobs: dict[str, object]) -> None:
    document = jobs[0] if len(jobs) == 1 else {"jobs": jobs}
    (desk.path / "jobs.json").write_text(json.dumps(document))


def submission_count(portal: Run, name: str) -> int:
    return int(rows(portal.state, f"select count(*) from jobs_submission where name = '{name}'")[0][0])  # noqa: S608


def test_a_failing_job_gives_its_exit_code_and_one_that_never_ran_does_not_hide_it(make_desk: Callable[..., Desk]):
    desks = [make_desk(shell) for shell in SHELLS]
    for each in desks:
        write_jobs(each, python("fails", "print('about to fail')", "raise SystemExit(3)"))
    flow = make_desk("dash", "workflow")
    waits = {"dependsOn": [{"jobId": "${first}"}]}
    write_jobs(flow, python("first", "raise SystemExit(42)"), python("second", "print('never')", **waits))
    begun = [each.start("./submit-job.sh jobs.json --monitor --output=ids.txt") for each in [*desks, flow]]

    assert [run.wait(120) for run in begun] == [3, 3, 42], (desks[0].err, flow.err)
    for each in desks:
        assert "about to fail\n" in each.out
        assert re.search(r"^==> \S+Z fails FAILED", each.out, re.MULTILINE)
        assert "/submissions/" in each.err
        assert re.fullmatch(r"[0-9a-f-]{36}\n", (each.path / "ids.txt").read_text())
    assert "second | never" not in flow.out
    assert "first: FAILED" in flow.err


def test_the_web_process_may_be_killed_while_a_job_is_followed(portal: Run, make_desk: Callable[..., Desk]):
    here = make_desk("dash")
    write_jobs(here, python("followed", "import time", "print('early')", "time.sleep(4)", "print('late')"))
    run = here.start("./submit-job.sh jobs.json --monitor")
    here.says("early")
    os.kill(portal.child("gunicorn"), signal.SIGKILL)

    assert run.wait(120) == 0, (here.out, here.err)
    assert re.findall(r"^(early|late)$", here.out, re.MULTILINE) == ["early", "late"]
    states = re.findall(r"^==> \S+ followed (\w+)", here.out, re.MULTILINE)
    assert states == list(dict.fromkeys(states))
    assert states[-1] == "SUCCEEDED"
    assert here.err.count("trying again") == 1
    assert submission_count(portal, "followed") == 1


@contextmanager
def lossy_proxy(portal: Run) -> Iterator[str]:
    """A way to the portal on which the answer to the first submission is lost, because the web process dies of it."""
    listener = socket.create_server(("127.0.0.1", 0))
    lost = threading.Event()

    def forward() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with closing(client):
                client.settimeout(5)
                answer = exchange(read_request(client))
                if answer:
                    client.sendall(answer)

    def exchange(request: bytes) -> bytes:
        try:
            with socket.create_connection(("127.0.0.1", portal.port), timeout=10) as line:
                line.sendall(request)
                answer = b"".join(iter(lambda: line.recv(65536), b""))
        except OSError:
            return b""
        if request.startswith(b"POST /api/v1/submissions") and not lost.is_set():
            assert b" 202 " in answer.partition(b"\r\n")[0], answer
            lost.set()
            os.kill(portal.child("gunicorn"), signal.SIGKILL)
            return b""
        return answer

    thread = threading.Thread(target=forward)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        assert lost.is_set()
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def read_request(client: socket.socket) -> bytes:
    """A whole request, with the wish to have the connection closed after it."""
    raw = b""
    while b"\r\n\r\n" not in raw:
        raw += client.recv(65536)
    head, _, body = raw.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)^content-length: *(\d+)", head, re.MULTILINE)
    while length and len(body) < int(length[1]):
        body += client.recv(65536)
    return head + b"\r\nConnection: close\r\n\r\n" + body


def test_a_submission_whose_answer_was_lost_is_not_submitted_twice(portal: Run, make_desk: Callable[..., Desk]):
    here = make_desk("bash")
    write_jobs(here, python("once", "print('hello')"))
    with lossy_proxy(portal) as address:
        assert here.run("./submit-job.sh jobs.json --output id.txt", BATCH_PORTAL_URL=address) == 0, here.err

    assert "lost, trying again" in here.err
    assert submission_count(portal, "once") == 1
    assert re.fullmatch(r"[0-9a-f-]{36}\n", (here.path / "id.txt").read_text())


def test_many_requests_of_one_key_at_once_give_one_submission(portal: Run):
    token = (portal.state / "token").read_text().strip()
    body = json.dumps(python("at-once", "pass"))
    answers: list[tuple[int, str]] = []

    def post() -> None:
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "at-once"}
        with closing(HTTPConnection("127.0.0.1", portal.port, timeout=30)) as line:
            line.request("POST", "/api/v1/submissions", body, headers)
            answer = line.getresponse()
            answers.append((answer.status, json.loads(answer.read())["id"]))

    threads = [threading.Thread(target=post) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 6
    assert len(set(answers)) == 1
    assert answers[0][0] == 202
    assert submission_count(portal, "at-once") == 1


def test_an_interrupt_leaves_the_jobs_running_and_says_how_to_stop_them(portal: Run, make_desk: Callable[..., Desk]):
    desks = [make_desk(shell) for shell in SHELLS]
    for each in desks:
        write_jobs(each, python("long", "import time", "print('begun')", "time.sleep(60)"))
    begun = [each.start("exec ./submit-job.sh jobs.json --monitor") for each in desks]
    for each, run in zip(desks, begun, strict=True):
        each.says("begun")
        os.killpg(run.pid, signal.SIGINT)

    assert [run.wait(120) for run in begun] == [130, 130], desks[0].err
    assert states(portal, "long") == ["RUNNING", "RUNNING"]
    for each in desks:
        assert "The jobs continue: http" in each.err
        (stop,) = re.findall(r"^  (curl -X POST .*)$", each.err, re.MULTILINE)
        assert each.run(stop) == 0
    eventually(lambda: states(portal, "long") == ["STOPPED", "STOPPED"], describe=lambda: states(portal, "long"))


@pytest.mark.parametrize("shell", SHELLS)
def test_what_cannot_work_is_said_at_once(portal: Run, make_desk: Callable[..., Desk], shell: str):
    here = make_desk(shell)
    write_jobs(here, python("never", "pass"))
    (here.path / "broken.json").write_text('{\n  "jobName": "a",\n  "jobQueue": 3\n}')
    (here.path / "no.json").write_text('{"jobName": ')
    mighty = make.document("mighty")
    mighty["containerProperties"]["jobRoleArn"] = "arn:aws:iam::123456789012:role/Admin"
    (here.path / "mighty.json").write_text(json.dumps(mighty, indent=2))

    for command, code, words in (
        ("./submit-job.sh", 64, "FILE is missing"),
        ("./submit-job.sh nowhere.json", 64, "nowhere.json cannot be read"),
        ("./submit-job.sh jobs.json --fast", 64, "Unknown option --fast"),
        ("./submit-job.sh jobs.json --region", 64, "--region needs"),
        ("./create-job-definition.sh a b", 64, "More than one file"),
        ("./submit-job.sh jobs.json --output nowhere/ids", 64, "nowhere/ids cannot be written"),
        ("./submit-job.sh broken.json", 65, "broken.json:3:3: error: "),
        ("./submit-job.sh no.json", 65, "no.json: error: Line 1, column "),
        ("./submit-job.sh jobs.json --region eu-west-1", 65, "no AWS account in eu-west-1. Its regions: us-west-2."),
        ("./create-job-definition.sh jobs.json", 65, "Send it to /api/v1/submissions"),
        ("./create-job-definition.sh mighty.json", 65, "The role “arn:aws:iam::123456789012:role/Admin”"),
        ("./create-job-definition.sh mighty.json", 65, "is not granted to Research"),
        ("BATCH_PORTAL_TOKEN= ./submit-job.sh jobs.json", 64, "set and export BATCH_PORTAL_TOKEN"),
        ("BATCH_PORTAL_TOKEN=bpt_wrong ./submit-job.sh jobs.json", 77, "The token isn't valid"),
        ("BATCH_PORTAL_URL=batch.example.org ./submit-job.sh jobs.json", 64, "must start with http"),
        ("./submit-job.sh --help", 0, ""),
    ):
        assert here.run(command) == code, (command, here.err)
        assert words in here.err, command
    assert here.out.startswith("usage: submit-job.sh FILE")
    assert submission_count(portal, "never") == 0


def states(portal: Run, name: str) -> list[str]:
    return [state for (state,) in rows(portal.state, f"select state from jobs_job where name = '{name}'")]  # noqa: S608
