"""What the program of an index sees when it runs again, in each way that the portal offers."""

from itertools import product
from typing import Any

import pytest

from jobs.spec.index_rerun import IndexRerunPlan, IndexSource, RerunKind, rerun_steps
from jobs.spec.sweep import SweepTable, sweep_document
from tests.sandbox.bench import Bench

pytestmark = pytest.mark.process

FAILING = (2, 3, 5, 7, 11, 13, 17)
SCRIPT = """i=$AWS_BATCH_JOB_ARRAY_INDEX
case " 2 3 5 7 11 13 17 " in *" $i "*) [ -n "$AGAIN" ] || exit 3;; esac
echo "$1 $i"
"""
"""Fails for seven of the indexes, unless it runs again."""
BY_PORTAL = {
    RerunKind.SINGLE: 'echo "$1 $ARRAY_INDEX"',
    RerunKind.ARRAY: 'n=$((AWS_BATCH_JOB_ARRAY_INDEX + 1)); echo "$1 $(echo $ARRAY_INDEXES | cut -d" " -f$n)"',
}


@pytest.mark.parametrize(("kind", "source"), [*product(RerunKind, IndexSource)])
def test_each_of_seven_failed_children_sees_its_own_index_again(
    bench: Bench, kind: RerunKind, source: IndexSource
) -> None:
    script = SCRIPT if source is IndexSource.WRAPPER else BY_PORTAL[kind]
    command = ["sh", "-c", script, "sh", "saw it"]
    definition = {"containerProperties": {"image": "busybox", "command": command}}
    bench.define("job", *command)
    again = {"environment": [{"name": "AGAIN", "value": "1"}]}
    array = {"jobName": "a-job", "arrayProperties": {"size": 20}, "containerOverrides": again}

    steps = rerun_steps(array, definition, FAILING, IndexRerunPlan(kind, source))
    ids = [bench.submit(**{key: value for key, value in step.document.items() if key != "jobName"}) for step in steps]
    jobs = [bench.wait(batch_id) for batch_id in ids]
    if kind is RerunKind.ARRAY:
        children = [f"{ids[0]}:{child}" for child in range(len(FAILING))]
        jobs = bench.batch.describe_jobs(jobs=children)["jobs"]

    assert seen(bench, jobs) == [["saw it " + str(index)] for index in FAILING]


def test_the_seven_had_failed(bench: Bench) -> None:
    bench.define("job", "sh", "-c", SCRIPT, "sh", "saw it")
    batch_id = bench.submit(arrayProperties={"size": 20})
    bench.wait(batch_id)
    children = bench.batch.describe_jobs(jobs=[f"{batch_id}:{child}" for child in range(20)])["jobs"]

    assert {child["arrayProperties"]["index"] for child in children if child["status"] == "FAILED"} == set(FAILING)


def seen(bench: Bench, jobs: Any) -> list[list[str]]:
    return [list(bench.lines(job["container"]["logStreamName"])) for job in jobs]


@pytest.mark.parametrize("plan", [IndexRerunPlan(RerunKind.ARRAY, source) for source in IndexSource])
def test_each_child_of_a_sweep_sees_the_values_of_its_row(bench: Bench, plan: IndexRerunPlan) -> None:
    rows = (("a b", "1"), ("it's $HOME", "2"), ('"*"', "3"))
    read = 'n=$((AWS_BATCH_JOB_ARRAY_INDEX + 1)); eval "$(echo "$SWEEP_VALUES" | sed -n "${n}p")"; '
    script = ("" if plan.source is IndexSource.WRAPPER else read) + 'printf "%s|%s\\n" "$NAME" "$SEED"'
    command = ["sh", "-c", script]
    definition = {"containerProperties": {"image": "busybox", "command": command}}
    bench.define("job", *command)

    job = sweep_document({"jobName": "a-job"}, definition, SweepTable(("NAME", "SEED"), rows), plan)
    batch_id = bench.submit(**{key: value for key, value in job.items() if key != "jobName"})
    bench.wait(batch_id)

    children = bench.batch.describe_jobs(jobs=[f"{batch_id}:{child}" for child in range(3)])["jobs"]
    assert seen(bench, children) == [[f"{name}|{seed}"] for name, seed in rows]
