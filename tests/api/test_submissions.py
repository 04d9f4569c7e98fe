import json
import time
from collections.abc import Callable

import pytest
from django.utils.timezone import now

from jobs.access import Member
from jobs.api import long_poll
from jobs.models import (
    Approval,
    ApprovalEdit,
    Job,
    Queue,
    QueueGrant,
    Rate,
    Role,
    Source,
    StateChange,
    Submission,
    User,
)
from jobs.models.ids import from_text
from jobs.states import Delivery, State
from tests import make
from tests.api.conftest import Committing, Program, World, document, lines

pytestmark = pytest.mark.django_db


def test_a_submission_is_accepted_and_told_with_its_jobs(
    world: World, enqueued: list[str], django_capture_on_commit_callbacks: Committing
):
    with django_capture_on_commit_callbacks(execute=True):
        answer = world.program.post("/submissions", document())
    made = world.member.team.submissions.get()
    job = made.jobs.get()

    assert answer.status_code == 202
    told = answer.json()
    assert told["id"] == made.text_id
    assert told["url"] == f"http://testserver/submissions/{made.text_id}/"
    assert (told["problems"], told["changes"]) == ([], [])
    assert [{key: told["jobs"][0][key] for key in ("id", "name", "state", "batch_job_id")}] == [
        {"id": job.text_id, "name": "a-job", "state": "ACCEPTED", "batch_job_id": None}
    ]
    assert (made.source, made.person) == (Source.API, world.member.user)
    assert enqueued == ["deliver"]


@pytest.mark.long
def test_validate_the_submission_and_its_approval_name_the_same_two_figures(world: World):
    Rate.objects.all().delete()
    for resource, usd in (("vcpu", 1), ("memory", 0)):
        Rate.objects.create(platform="EC2", resource=resource, usd_per_hour=usd, valid_from="2020-01-01")
    team = world.member.team
    team.approval_usd, team.default_time_limit_seconds = 10, 7200
    team.save()
    body = document(retryStrategy={"attempts": 10})
    validated = world.program.post("/validate", body).json()
    submitted = world.program.post("/submissions", body).json()
    seen = world.program.get(f"/submissions/{submitted['id']}").json()
    text = lines(world.program.post("/validate", body, accept="text/plain"))

    at_most = {"usd": "20", "vcpu_hours": "20"}
    for told in (validated, submitted, seen):
        unknown = {"usd": None, "vcpu_hours": None}
        assert told["estimate"] == {"expected": unknown, "expected_high": unknown, "at_most": at_most}
    reason = f"The maximum cost is $20.00. {team.name} requires approval above $10.00."
    assert validated["approval"] == submitted["approval"]["reasons"] == [reason]
    assert validated["changes"] == submitted["changes"]
    assert submitted["changes"] == [
        {
            "pointer": "/timeout/attemptDurationSeconds",
            "message": f"The time limit was set to 2 h by {team.name}",
        }
    ]
    assert ["estimate", "-", "20", "-", "20"] in text


def test_a_workflow_with_comments_says_what_was_read_otherwise(world: World):
    steps = [document("first"), document("second", dependsOn=[{"jobId": "${first}"}])]
    text = "# as people write it\n" + json.dumps({"jobs": steps})
    told = world.program.post("/submissions", text).json()

    assert [job["name"] for job in told["jobs"]] == ["first", "second"]
    assert told["changes"] == [
        {"pointer": "", "message": "The comment on line 1 was left out: JSON has no comments."}
    ]


def test_a_warning_of_an_accepted_submission_names_its_rule(world: World):
    told = world.program.post("/submissions", document(parameters={"unused": "1"})).json()

    assert [(problem["rule"], problem["pointer"]) for problem in told["problems"]] == [
        ("parameters.not-in-command", "/parameters/unused")
    ]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/submissions", ""),
        ("/submissions", '{"jobName": "a", "jobQueue": "qq", "jobDefinition": "hello", "x": 1}'),
        ("/submissions", '{"jobDefinitionName": "x"}'),
        ("/submissions?region=nowhere", '{"jobName": "a", "jobQueue": "q", "jobDefinition": "hello"}'),
        ("/definitions", '{"jobDefinitionName": "x", "type": "container"}'),
    ],
)
def test_every_problem_of_a_refusal_names_its_rule(world: World, path: str, body: str):
    answer = world.program.post(path, body)

    assert answer.status_code == 422
    assert all(problem["rule"] for problem in answer.json()["problems"])


def test_a_refused_document_names_every_problem_with_its_place(world: World):
    text = '{\n  "jobName": "a",\n  "jobQueue": "qq",\n  "jobDefinition": "hello"\n}'
    answer = world.program.post("/submissions", text)

    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
    told = answer.json()
    assert (told["type"], told["status"]) == ("about:blank", 422)
    (problem,) = told["problems"]
    assert (problem["pointer"], problem["severity"], problem["line"], problem["column"]) == (
        "/jobQueue",
        "error",
        3,
        3,
    )
    assert "Did you mean “q”?" in problem["message"]
    assert not world.member.team.submissions.exists()


@pytest.mark.parametrize(
    ("text", "words", "place"),
    [
        ("", "The text is empty.", (1, 1)),
        ('{\n "jobName" 1}', "Line 2, column", (2, 12)),
        (b"\xff\xfe{}", "UTF-16", (1, 1)),
        (b'{"jobName": "\xe9"}', "not UTF-8", (1, 14)),
        ('// \0\n{"jobName": "a"}', "NUL", (1, 1)),
        ("[" * 40, "deep", (1, 33)),
        ('{"a": 1}', "not an AWS Batch document", (1, 1)),
        ({"jobDefinitionName": "x"}, "Send it to /api/v1/definitions", (1, 1)),
    ],
)
def test_what_is_no_submission_is_refused_with_its_place(
    world: World, text: object, words: str, place: tuple[int, int]
):
    answer = world.program.post("/submissions", text)

    assert answer.status_code == 422
    (problem,) = answer.json()["problems"]
    assert words in problem["message"]
    assert (problem["pointer"], problem["line"], problem["column"]) == ("", *place)


@pytest.mark.parametrize("size", [1024**2 + 1, 4 * 1024**2])
def test_a_document_above_1_mib_is_413(world: World, size: int):
    for accept in ("*/*", "text/plain"):
        answer = world.program.post("/submissions", " " * size, accept=accept)
        assert answer.status_code == 413
    assert answer.content.startswith(b"error\tDocument too large\n")


def test_the_same_key_and_document_give_the_same_answer_and_one_submission(
    world: World, enqueued: list[str], django_capture_on_commit_callbacks: Committing
):
    with django_capture_on_commit_callbacks(execute=True):
        first, again = (world.program.post("/submissions", document(), Idempotency_Key="k 1") for _ in range(2))

    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert world.member.team.submissions.count() == 1
    assert enqueued == ["deliver"]


@pytest.mark.long
def test_a_key_with_another_document_region_or_kind_is_422(world: World):
    world.program.post("/submissions", document(), Idempotency_Key="k")
    elsewhere = make.account(region="eu-west-1")
    make.queue("q", of=elsewhere, teams=(world.member.team,))
    make.revision("hello", of=world.member.team, where=elsewhere)

    for path, body in (
        ("/submissions", document("other")),
        ("/submissions?region=eu-west-1", document()),
        ("/definitions?region=us-west-2", make.document()),
    ):
        answer = world.program.post(path, body, Idempotency_Key="k")
        assert (answer.status_code, answer.json()["title"]) == (422, "Idempotency-Key already used"), path
    assert world.member.team.submissions.count() == 1


@pytest.mark.long
def test_a_key_of_another_team_is_not_this_teams(world: World, program_of: Callable[[Member], Program]):
    other = make.member()
    QueueGrant.objects.create(team=other.team, queue=Queue.objects.get())
    make.revision("theirs", of=other.team, where=world.account)
    world.program.post("/submissions", document(), Idempotency_Key="k")
    answer = program_of(other).post("/submissions", document(jobDefinition="theirs"), Idempotency_Key="k")

    assert answer.status_code == 202
    assert other.team.submissions.count() == 1


@pytest.mark.parametrize("key", ["", "x" * 81, "é", "a\tb"])
def test_a_key_that_cannot_be_is_422(world: World, key: str):
    answer = world.program.post("/submissions", document(), Idempotency_Key=key)

    assert (answer.status_code, answer.json()["title"]) == (422, "Invalid Idempotency-Key")
    assert not world.member.team.submissions.exists()


def test_the_portal_hands_out_fresh_keys(world: World):
    keys = {world.program.get("/key").json()["key"] for _ in range(3)}

    assert len(keys) == 3
    assert all(len(key) >= 32 for key in keys)


@pytest.mark.long
def test_the_region_picks_the_teams_account_there(world: World):
    elsewhere = make.account(region="eu-west-1")
    make.queue("q", of=elsewhere, teams=(world.member.team,))
    make.revision("hello", of=world.member.team, where=elsewhere)

    assert world.program.post("/submissions", document()).status_code == 422  # which of two queues of that name?
    for region, account in (("eu-west-1", elsewhere), ("us-west-2", world.account)):
        answer = world.program.post(f"/submissions?region={region}", document())
        assert answer.status_code == 202
        assert world.member.team.submissions.first().account == account

    answer = world.program.post("/submissions?region=mars-1", document())
    assert answer.status_code == 422
    (problem,) = answer.json()["problems"]
    assert problem["message"].endswith("has no AWS account in mars-1. Its regions: eu-west-1 and us-west-2.")


def test_of_two_accounts_in_a_region_the_queue_says_which(world: World):
    second = make.account()
    make.queue("other", of=second, teams=(world.member.team,))
    make.revision("hello", of=world.member.team, where=second)

    answer = world.program.post("/submissions?region=us-west-2", document(jobQueue="other"))
    assert answer.status_code == 202
    assert world.member.team.submissions.get().account == second


def test_a_region_in_which_only_strangers_have_an_account_is_not_there(world: World):
    make.queue("theirs", of=make.account(region="eu-west-1"), teams=(make.team(),))

    answer = world.program.post("/submissions?region=eu-west-1", document())
    assert "Its regions: us-west-2." in answer.json()["detail"]


def test_a_submission_tells_its_state_and_what_happened_since(world: World):
    made = make.submission(world.member, world.account, job_count=2)
    one, two = make.job(made, name="one"), make.job(made, name="two", state=State.FAILED, exit_code=3)
    for job, states in ((one, ["", ""]), (two, ["", "RUNNING", "FAILED"])):
        for state in states:
            delivery = Delivery.SENT if state else Delivery.ACCEPTED
            StateChange.objects.create(job=job, delivery=delivery, state=state, source="poll", note="why")

    told = world.program.get(f"/submissions/{made.text_id}").json()
    assert (told["state"], told["final"], told["cursor"], told["history"]) == ("ACCEPTED", False, "", [])
    assert [(job["final"], job["exit_code"]) for job in told["jobs"]] == [(False, None), (True, 3)]

    all_of_it = world.program.get(f"/submissions/{made.text_id}?since=0").json()
    assert all_of_it["cursor"] == "2.3"
    assert len(all_of_it["history"]) == 5
    rest = world.program.get(f"/submissions/{made.text_id}?since=2.1").json()
    assert [(event["name"], event["state"]) for event in rest["history"]] == [("two", "RUNNING"), ("two", "FAILED")]
    assert world.program.get(f"/submissions/{made.text_id}?since=2.3").json()["history"] == []


@pytest.mark.parametrize("cursor", ["x", "1..2", "-1", "1x", "9" * 20, "1x9999999", "'"])
def test_what_is_no_cursor_is_422(world: World, cursor: str):
    made = make.job(make.submission(world.member, world.account)).submission

    assert world.program.get(f"/submissions/{made.text_id}?since={cursor}").status_code == 422


def test_a_cursor_longer_than_the_submission_is_harmless(world: World):
    made = make.job(make.submission(world.member, world.account)).submission

    assert world.program.get(f"/submissions/{made.text_id}?since=1x999999.2").status_code == 200


def test_waiting_ends_with_the_first_news(world: World, monkeypatch: pytest.MonkeyPatch):
    made = make.job(make.submission(world.member, world.account)).submission
    naps: list[float] = []

    def fake_sleep(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 2:
            StateChange.objects.create(job=made.jobs.get(), delivery=Delivery.SENDING, source="dispatch")

    monkeypatch.setattr("jobs.api.long_poll.time.sleep", fake_sleep)
    told = world.program.get(f"/submissions/{made.text_id}?since=0&wait=5").json()

    assert [event["state"] for event in told["history"]] == ["SENDING"]
    assert len(naps) == 2


def test_steps_that_run_again_during_the_wait_are_news(world: World, monkeypatch: pytest.MonkeyPatch):
    made = make.job(make.submission(world.member, world.account)).submission

    def fake_sleep(_seconds: float) -> None:
        again = make.job(made, repeats=made.jobs.get())
        StateChange.objects.create(job=again, delivery=Delivery.ACCEPTED, source="person")

    monkeypatch.setattr("jobs.api.long_poll.time.sleep", fake_sleep)
    told = world.program.get(f"/submissions/{made.text_id}?since=0&wait=5").json()

    assert ([event["state"] for event in told["history"]], told["cursor"]) == (["ACCEPTED"], "0.1")


def test_only_some_requests_wait_at_a_time_and_none_for_long(monkeypatch: pytest.MonkeyPatch):
    moments: list[float] = []
    monkeypatch.setattr(long_poll, "MAX_WAIT_SECONDS", 0.02)
    monkeypatch.setattr(long_poll, "FALLBACK_WAIT_SECONDS", 0.01)
    for seconds in (1e9, float("inf"), -1, float("nan")):
        began = time.monotonic()
        long_poll.wait_until(lambda: False, seconds)
        moments.append(time.monotonic() - began)
    assert max(moments) < 1

    taken = [long_poll._slots.acquire(blocking=False) for _ in range(long_poll.MAX_WAITING_REQUESTS)]
    assert all(taken)
    try:
        asked = iter([False])
        long_poll.wait_until(lambda: next(asked), 1)  # a second question would have no answer
    finally:
        for _ in taken:
            long_poll._slots.release()


def test_all_jobs_of_a_submission_are_stopped_at_once(world: World):
    made = make.submission(world.member, world.account, job_count=2)
    make.job(made, state=State.RUNNING)
    make.job(made)

    assert world.program.post(f"/submissions/{made.text_id}/stop").json() == {"stopping": 2}
    assert world.program.post(f"/submissions/{made.text_id}/stop").json() == {"stopping": 0}


def test_as_text_a_submission_is_lines_that_a_shell_can_read(world: World):
    text = "# a comment\n" + json.dumps(document())
    answer = world.program.post("/submissions", text, accept="text/plain", Idempotency_Key="k")
    made = world.member.team.submissions.get()
    job = made.jobs.get()

    assert answer.status_code == 202
    clock, *rest = lines(answer)
    assert clock[0] == "now"
    assert abs(int(clock[1]) - time.time()) < 60
    assert rest == [
        ["submission", made.text_id, f"http://testserver/submissions/{made.text_id}/"],
        ["estimate", "-", "-", "-", "-"],
        ["change", "-", "The comment on line 1 was left out: JSON has no comments."],
        ["job", job.text_id, "a-job", "ACCEPTED", "-", "0", "-", ""],
    ]


def test_as_text_an_error_keeps_its_status_and_place(world: World):
    answer = world.program.post("/submissions", '{\n"jobName": "a",\n"jobQueue": ""}', accept="text/plain")
    title, *problems = lines(answer)

    assert answer.status_code == 422
    assert title == ["error", "The document has errors"]
    assert {problem[0] for problem in problems} == {"problem"}
    assert all(len(problem) == 6 for problem in problems)
    assert ["problem", "error", "3", "1", "/jobQueue"] in [problem[:5] for problem in problems]


def test_names_that_would_be_commands_to_a_terminal_or_a_shell_stay_in_their_fields(world: World):
    evil = "a\tjob\t\x1b]0;owned\x07\r\n\u202ejob\t1\u2028$(reboot)`"
    made = make.submission(world.member, world.account, name=evil)
    job = make.job(made, state=State.FAILED, name="x", status_reason=evil, exit_code=1)
    job.name = evil
    job.save()
    StateChange.objects.create(job=job, delivery=Delivery.SENT, state=State.FAILED, note=evil, source="poll")

    answer = world.program.get(f"/submissions/{made.text_id}?since=0", accept="text/plain")
    rows = lines(answer)
    assert [len(row) for row in rows] == [2, 3, 2, 6, 8]
    assert all(field.isprintable() for row in rows for field in row)
    assert "$(reboot)`" in rows[3][5]  # as data, which no script evaluates


@pytest.mark.long
def test_who_made_a_waiting_request_larger_is_named(world: World):
    world.member.team.approval_array_size = 4
    world.member.team.save()
    told = world.program.post("/submissions", document(arrayProperties={"size": 10})).json()
    approval = Approval.objects.get()
    assert told["approval"]["raised_by"] == []

    for name in ("zoe", "adam"):
        make.member(world.member.team, Role.LEAD, make.user(name))
        editor = User.objects.get(username=name)
        ApprovalEdit.objects.create(approval=approval, editor=editor, escalations=["It runs more often."])
    assert world.program.get(f"/submissions/{told['id']}").json()["approval"]["raised_by"] == ["adam", "zoe"]


def test_one_of_several_documents_is_chosen_by_its_number(world: World) -> None:
    text = "\n".join(json.dumps(document(name)) for name in ("first", "second"))
    listed = world.program.ask("POST", "/validate", text).json()["problems"]
    refused = world.program.ask("POST", "/submissions", text)
    chosen = world.program.ask("POST", "/validate?document=2", text).json()

    assert "job first (line 1) and job second (line 2). Choose one of them. Add ?document=1" in listed[0]["message"]
    assert refused.status_code == 422
    assert refused.json()["detail"] == listed[0]["message"]
    assert chosen["document"]["jobName"] == "second"


def test_a_step_that_ran_again_is_told_by_its_last_job(world: World) -> None:
    made = make.submission(world.member, world.account, kind="workflow", job_count=2)
    first = make.job(made, name="load", state="FAILED")
    make.job(made, name="train", state="SUCCEEDED")
    Job.objects.filter(pk=first.pk).update(superseded=True)
    again = make.job(made, name="load", step=0, repeats=first, state="SUCCEEDED")
    StateChange.objects.create(job=first, delivery="SENT", state="FAILED", source="poll")

    told = world.program.get(f"/submissions/{made.text_id}?since=0").json()

    assert (told["state"], told["final"]) == ("SUCCEEDED", True)
    assert [job["id"] for job in told["jobs"]] == [again.text_id, told["jobs"][1]["id"]]
    assert [change["job"] for change in told["history"]] == [first.text_id]
    assert told["cursor"] == "1.0x2"


def test_a_workflow_runs_again_from_its_failed_step_and_once_for_a_key(world: World) -> None:
    steps = [document("load"), document("train", dependsOn=[{"jobId": "${load}"}])]
    answer = world.program.post("/submissions?on_refusal=keep", {"jobs": steps})
    made = Submission.objects.get(public_id=from_text(answer.json()["id"]))
    load, train = made.jobs.order_by("position")
    for job, state in ((load, "SUCCEEDED"), (train, "FAILED")):
        Job.objects.filter(pk=job.pk).update(delivery="SENT", batch_id=f"id-{job.pk}", state=state, ended_at=now())

    url = f"/submissions/{made.text_id}/run-again"
    first, second = (world.program.post(url, idempotency_key="again-1") for _ in range(2))
    refused = world.program.post(f"/submissions/{made.text_id}/run-again?start=all")

    assert made.on_refusal == "keep"
    assert [first.status_code, second.status_code, refused.status_code] == [202, 202, 422]
    assert [(job["name"], job["state"]) for job in second.json()["jobs"]] == [
        ("load", "SUCCEEDED"),
        ("train", "ACCEPTED"),
    ]
    assert made.jobs.count() == 3
