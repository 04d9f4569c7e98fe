"""A plan of faults is judged before it is followed, does the same for the same seed, and the ledger keeps count."""

import contextlib
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, HTTPClientError
from django.core.management import CommandError, call_command

from jobs.sandbox import Sandbox
from jobs.sandbox.faults import FaultEffect, FaultPlan, FaultPlanError
from tests.eventually import eventually
from tests.sandbox.bench import Bench, unique_name

ANY = (BotoCoreError, ClientError)


@pytest.fixture
def bench(faulty_sandbox: Bench) -> Bench:
    return faulty_sandbox


def test_the_ledger_has_every_acceptance_with_its_tags_and_request(bench: Bench) -> None:
    name = unique_name()
    arn = bench.define(name, tags={"kind": "definition"})
    answer = bench.batch.submit_job(
        jobName=name, jobQueue="cpu-job-queue", jobDefinition=name, tags={"portal:job": "j"}
    )
    with pytest.raises(ClientError):
        bench.submit("nowhere-defined", jobName=name)
    defined, submitted = bench.ledger(name)

    assert (defined["operation"], defined["accepted"], defined["tags"]) == (
        "RegisterJobDefinition", arn, {"kind": "definition"},
    )  # fmt: skip
    assert (submitted["operation"], submitted["accepted"]) == ("SubmitJob", answer["jobId"])
    assert submitted["tags"] == {"portal:job": "j"}
    assert submitted["request_id"] == answer["ResponseMetadata"]["RequestId"]
    assert abs(submitted["at"] / 1000 - time.time()) < 5
    assert bench.control("GET", f"ledger?after={defined['number']}")["accepted"][0] == submitted


STORM = [
    {"does": "accept-drop", "chance": 0.2},
    {"does": "throttle", "chance": 0.1, "burst": 2},
    {"does": "late", "chance": 0.1, "seconds": [0.0, 0.05]},
    {"does": "accept-fail", "chance": 0.2},
    {"does": "drop", "chance": 0.2},
]


def storm(bench: Bench, seed: int, threads: int, name: str = "a-job") -> dict[int, str]:
    """Forty submissions under one plan: which of them were struck, by what."""

    def submit(_: int) -> None:
        with contextlib.suppress(*ANY):
            bench.submit(jobName=name)

    bench.plan(*STORM, seed=seed)
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(submit, range(40)))
    return {strike["number"]: strike["does"] for strike in bench.control("GET", "faults")["struck"]}


@pytest.mark.long
def test_the_same_seed_does_the_same_however_requests_interleave(bench: Bench) -> None:
    first = storm(bench, 7, threads=1)

    assert len(first) > 10
    assert storm(bench, 7, threads=4) == first
    assert storm(bench, 8, threads=1) != first


@pytest.mark.long
def test_ledger_and_acceptances_are_equal_after_a_storm(bench: Bench) -> None:
    name = unique_name()
    struck = storm(bench, 11, threads=4, name=name)
    happened = 40 - sum(does in {"drop", "throttle"} for does in struck.values())
    eventually(lambda: len(bench.accepted(name)) >= happened)

    assert len(bench.accepted(name)) == happened
    assert sorted(bench.accepted(name)) == sorted(bench.listed(name))


def test_the_ledger_outlives_the_sandbox_and_so_does_what_was_forgotten(tmp_path: Path) -> None:
    state = tmp_path / "state.sqlite3"
    with Sandbox(state, delay=3600, faults_api=True) as first:
        bench = Bench(first.url)
        bench.define()
        kept, gone = bench.submit(), bench.submit()
        bench.control("PUT", "forgotten", {"jobs": [gone]})
        bench.close()

    with Sandbox(state, delay=3600, faults_api=True) as second:
        bench = Bench(second.url)
        assert [one["accepted"] for one in bench.ledger()][1:] == [kept, gone]
        assert [job["jobId"] for job in bench.batch.describe_jobs(jobs=[kept, gone])["jobs"]] == [kept]
        bench.close()


def test_a_plan_from_the_beginning_needs_no_door_and_leaves_none_open(tmp_path: Path) -> None:
    plan = FaultPlan.parse({"faults": [{"does": "accept-drop", "count": 1}]})
    with Sandbox(tmp_path / "state.sqlite3", delay=3600, faults=plan) as running:
        bench = Bench(running.url)
        bench.define()
        with pytest.raises(HTTPClientError):
            bench.submit()
        assert bench.submit()
        with pytest.raises(AssertionError, match="Missing Authentication Token"):
            bench.ledger()
        bench.close()


def test_a_sandbox_that_ends_loses_what_was_late_and_waits_for_nobody(tmp_path: Path) -> None:
    state = tmp_path / "state.sqlite3"
    plan = FaultPlan.parse({"faults": [{"does": "late", "seconds": 60, "count": 1}, {"does": "slow", "seconds": 60}]})
    with Sandbox(state, delay=3600, faults=plan, faults_api=True) as running:
        bench = Bench(running.url)
        bench.define()
        with pytest.raises(HTTPClientError):
            bench.submit()
        with ThreadPoolExecutor(1) as pool:
            held = pool.submit(bench.submit)
            eventually(lambda: len(bench.struck()) == 2)
            began = time.monotonic()
            running.stop()
            assert isinstance(held.exception(), HTTPClientError | EndpointConnectionError)
        assert time.monotonic() - began < 30  # the request is held for 60
        bench.close()
        running.start()
        again = Bench(running.url)
        assert [one["operation"] for one in again.ledger()] == ["RegisterJobDefinition"]
        again.close()


@pytest.mark.parametrize(
    ("plan", "where"),
    [
        ([], "plan is a JSON object"),
        ({"fault": []}, "plan has no 'fault'"),
        ({"faults": {}}, "plan.faults is a list"),
        ({"faults": [{}]}, r"plan.faults\[0\].does is one of drop, fail"),
        ({"faults": [{"does": "explode"}]}, r"plan.faults\[0\].does"),
        ({"faults": [{"does": "drop", "chance": 2}]}, "chance is from 0 to 1"),
        ({"faults": [{"does": "drop", "operations": "SubmitJob"}]}, "operations is a list"),
        ({"faults": [{"does": "late", "seconds": [3, 1]}]}, "the smaller first"),
        ({"faults": [{"does": "late", "seconds": "long"}]}, "number of seconds"),
        ({"faults": [{"does": "fail", "status": 404}]}, "status"),
        ({"faults": [{"does": "drop", "burst": 0}]}, "at least 1"),
        ({"faults": [{"does": "drop", "count": 1.5}]}, "whole number"),
        ({"outages": [{"how": "quietly"}]}, "close, 503"),
        ({"outages": [{"for_seconds": -1}]}, "not below 0"),
        ({"list_lag_seconds": True}, "is a number"),
        ({"describe_omits": "often"}, "is a number"),
    ],
)
def test_a_plan_that_cannot_be_meant_is_refused_with_its_place(bench: Bench, plan: Any, where: str) -> None:
    with pytest.raises(FaultPlanError, match=where):
        FaultPlan.parse(plan)
    with pytest.raises(AssertionError, match="ValidationException"):
        bench.control("PUT", "faults", plan)


def test_a_plan_is_given_as_json_or_as_a_file_and_the_command_lines_seed_is_the_one(tmp_path: Path) -> None:
    text = '{"seed": 1, "faults": [{"does": "late", "seconds": [1, 2], "operations": ["*"]}]}'
    (tmp_path / "plan.json").write_text(text)
    plan = FaultPlan.from_text(text)

    assert plan == FaultPlan.from_text(str(tmp_path / "plan.json"))
    assert (plan.faults[0].does, plan.faults[0].seconds) == (FaultEffect.LATE, (1.0, 2.0))
    assert (plan.seed, FaultPlan.from_text(text, seed=9).seed) == (1, 9)
    for wrong, why in (("{", "not JSON"), (str(tmp_path / "none.json"), "nor a file|neither")):
        with pytest.raises(FaultPlanError, match=why):
            FaultPlan.from_text(wrong)


@pytest.mark.parametrize("plan", ["{", "no-such-plan.json", '{"faults": [{"does": "explode"}]}'])
def test_the_command_refuses_a_plan_it_cannot_read_before_anything_starts(tmp_path: Path, plan: str) -> None:
    with pytest.raises(CommandError, match="plan"):
        call_command("sandbox", "--state", str(tmp_path / "state.sqlite3"), "--faults", plan)

    assert list(tmp_path.iterdir()) == []
