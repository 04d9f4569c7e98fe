"""Jobs of several containers: ECS tasks, nodes of multi-node parallel jobs, and EKS pods."""

import time
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from jobs.sandbox import Sandbox
from jobs.sandbox.groups import expand_references
from tests.sandbox.bench import Bench
from tests.sandbox.test_restart import processes_of

pytestmark = pytest.mark.process

SIZES = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "128"}]


def container(name: str, script: str = "true", **more: Any) -> dict[str, Any]:
    command = ["sh", "-c", script]
    return {"name": name, "image": "busybox", "command": command, "resourceRequirements": SIZES, **more}


def define_task(bench: Bench, *containers: dict[str, Any]) -> None:
    properties: Any = {"taskProperties": [{"containers": list(containers)}]}
    bench.batch.register_job_definition(jobDefinitionName="task", type="container", ecsProperties=properties)


def ends(job: Any) -> dict[str, Any]:
    """The exit codes of a task's containers by name."""
    (task,) = job["ecsProperties"]["taskProperties"]
    return {entry["name"]: entry.get("exitCode") for entry in task["containers"]}


def stream_of(job: Any, name: str) -> str:
    (task,) = job["ecsProperties"]["taskProperties"]
    return str(next(entry["logStreamName"] for entry in task["containers"] if entry["name"] == name))


def test_containers_of_a_task_start_when_their_conditions_are_met(bench: Bench) -> None:
    waits = [
        {"containerName": "prepare", "condition": "SUCCESS"},
        {"containerName": "report", "condition": "COMPLETE"},
        {"containerName": "side", "condition": "START"},
    ]
    define_task(
        bench,
        container("main", "echo main; exit 4", dependsOn=waits),
        container("prepare", "sleep 0.3; echo prepared", essential=False),
        container("report", "exit 3", essential=False),
        container("side", "trap 'echo stopped; exit 0' TERM; echo side; sleep 60 & wait", essential=False),
    )
    job = bench.wait(bench.submit("task"))
    (attempt,) = job["attempts"]
    (task,) = attempt["taskProperties"]

    assert (job["status"], job["statusReason"]) == ("FAILED", "Essential container in task exited")
    assert ends(job) == {"main": 4, "prepare": 0, "report": 3, "side": 0}
    assert [entry["exitCode"] for entry in task["containers"]] == [4, 0, 3, 0]
    assert task["taskArn"] == job["ecsProperties"]["taskProperties"][0]["taskArn"]
    assert job["container"] == {}
    assert stream_of(job, "main").startswith("task/main/")
    times = [bench.logs.get_log_events(logGroupName="/aws/batch/job", logStreamName=stream_of(job, name))["events"][0]
             for name in ("prepare", "main")]  # fmt: skip
    assert times[0]["timestamp"] <= times[1]["timestamp"]
    assert bench.lines(stream_of(job, "side")) == ["side", "stopped"]


def test_a_container_that_ends_at_once_is_never_missed(bench: Bench) -> None:
    waits = [{"containerName": "prepare", "condition": "SUCCESS"}]
    define_task(bench, container("main", dependsOn=waits), container("prepare", essential=False))
    array = bench.wait(bench.submit("task", arrayProperties={"size": 40}))

    assert array["arrayProperties"]["statusSummary"]["SUCCEEDED"] == 40


def test_a_container_whose_condition_cannot_be_met_fails_the_task(bench: Bench) -> None:
    waits = [{"containerName": "prepare", "condition": "SUCCESS"}]
    define_task(bench, container("main", dependsOn=waits), container("prepare", "exit 9", essential=False))
    job = bench.wait(bench.submit("task"))

    assert (job["status"], job["statusReason"]) == ("FAILED", "Task failed to start")
    assert ends(job) == {"main": None, "prepare": 9}


def test_overrides_reach_the_container_of_their_name(bench: Bench) -> None:
    define_task(bench, container("main"), container("side", "sleep 60", essential=False))
    override: Any = {"taskProperties": [{"containers": [{"name": "main", "command": ["sh", "-c", "exit 5"]}]}]}
    job = bench.wait(bench.submit("task", ecsPropertiesOverride=override))

    assert ends(job) == {"main": 5, "side": 143}


@pytest.mark.parametrize("is_essential", [True, False])
def test_terminating_a_task_ends_all_its_containers(bench: Bench, *, is_essential: bool) -> None:
    define_task(bench, container("main", "sleep 60"), container("side", "sleep 60", essential=is_essential))
    job_id = bench.submit("task")
    bench.wait(job_id, lambda job: job["status"] == "RUNNING" and len(processes_of(job_id)) >= 2)
    bench.batch.terminate_job(jobId=job_id, reason="enough")
    job = bench.wait(job_id)

    assert (job["statusReason"], ends(job)) == ("enough", {"main": 143, "side": 143})
    assert processes_of(job_id) == []


def define_nodes(bench: Bench, *groups: tuple[str, str], count: int = 3, main: int = 1, **more: Any) -> None:
    ranges: Any = [
        {
            "targetNodes": target,
            "container": {"image": "busybox", "command": ["sh", "-c", script], "resourceRequirements": SIZES},
        }
        for target, script in groups
    ]
    bench.batch.register_job_definition(
        jobDefinitionName="nodes",
        type="multinode",
        nodeProperties={"numNodes": count, "mainNode": main, "nodeRangeProperties": ranges},
        **more,
    )


def arrive() -> str:
    """A script's end: tell the main node that this one is about to end."""
    return "touch $SANDBOX_BUCKETS/$AWS_BATCH_JOB_NODE_INDEX"


def join(count: int) -> str:
    """A script of the main node: wait until so many others are about to end, and a little longer."""
    return f"until [ $(ls $SANDBOX_BUCKETS | wc -l) -ge {count} ]; do sleep 0.05; done; sleep 0.5"


def nodes(bench: Bench, job_id: str, count: int = 3) -> list[Any]:
    return [bench.describe(f"{job_id}#{index}") for index in range(count)]


def test_each_node_is_a_process_that_knows_its_index_and_the_main_one(bench: Bench) -> None:
    define_nodes(bench, ("0:", f"env; {arrive()}"), ("1:1", f"env; {join(2)}"))
    job_id = bench.submit("nodes")
    job = bench.wait(job_id)
    children = nodes(bench, job_id)
    variables = [dict(line.split("=", 1) for line in bench.output(child) if "=" in line) for child in children]

    assert job["status"] == "SUCCEEDED"
    assert "container" not in job
    assert job["nodeProperties"]["numNodes"] == 3
    assert job["attempts"][0]["container"]["exitCode"] == 0
    assert [child["status"] for child in children] == ["SUCCEEDED"] * 3
    assert [child["nodeDetails"] for child in children] == [
        {"nodeIndex": index, "isMainNode": index == 1} for index in range(3)
    ]
    for index, own in enumerate(variables):
        assert own["AWS_BATCH_JOB_ID"] == f"{job_id}#{index}"
        assert own["AWS_BATCH_JOB_NODE_INDEX"] == str(index)
        assert own["AWS_BATCH_JOB_MAIN_NODE_INDEX"] == "1"
        assert own["AWS_BATCH_JOB_NUM_NODES"] == "3"
        assert ("AWS_BATCH_JOB_MAIN_NODE_PRIVATE_IPV4_ADDRESS" in own) == (index != 1)
    assert len({child["container"]["taskArn"] for child in children}) == 3
    assert children[1]["startedAt"] <= min(children[0]["startedAt"], children[2]["startedAt"])
    listing = bench.batch.list_jobs(multiNodeJobId=job_id, jobStatus="SUCCEEDED")["jobSummaryList"]
    assert [node["jobId"] for node in listing] == [f"{job_id}#{index}" for index in range(3)]
    assert listing[1]["nodeProperties"] == {"isMainNode": True, "numNodes": 3, "nodeIndex": 1}
    assert bench.batch.list_jobs(multiNodeJobId=job_id)["jobSummaryList"] == []


def test_the_job_ends_with_its_main_node_and_other_nodes_do_not_fail_it(bench: Bench, tmp_path: Path) -> None:
    until_go = "until [ -e $SANDBOX_BUCKETS/go ]; do sleep 0.05; done"
    define_nodes(bench, ("0:0", "exit 7"), ("1:1", until_go), ("2:2", "sleep 60"))
    job_id = bench.submit("nodes")
    bench.wait(f"{job_id}#0", lambda node: node["status"] == "FAILED")
    bench.wait_for(f"{job_id}#2", "RUNNING")
    assert bench.describe(job_id)["status"] == "RUNNING"
    (tmp_path / "state.sqlite3.files" / "buckets" / "go").touch()
    job = bench.wait(job_id)

    assert job["status"] == "SUCCEEDED"
    assert [node["container"]["exitCode"] for node in nodes(bench, job_id)] == [7, 0, 143]
    assert [node["status"] for node in nodes(bench, job_id)] == ["FAILED", "SUCCEEDED", "FAILED"]
    assert processes_of(f"{job_id}#2") == []


def test_only_a_failure_of_the_main_node_is_tried_again(bench: Bench) -> None:
    define_nodes(bench, (":", "test $AWS_BATCH_JOB_NODE_INDEX != 1 || test $AWS_BATCH_JOB_ATTEMPT = 2"))
    job_id = bench.submit("nodes", retryStrategy={"attempts": 3})
    job = bench.wait(job_id)

    assert job["status"] == "SUCCEEDED"
    assert [attempt["container"]["exitCode"] for attempt in job["attempts"]] == [1, 0]
    assert len(bench.describe(f"{job_id}#1")["attempts"]) == 2


def test_nodes_are_overridden_by_range_and_number(bench: Bench) -> None:
    define_nodes(bench, ("0:0", "true"), ("1:", arrive()), main=0)
    override: Any = {
        "numNodes": 2,
        "nodePropertyOverrides": [
            {"targetNodes": "0:0", "containerOverrides": {"command": ["sh", "-c", f"{join(1)}; exit 6"]}}
        ],
    }
    job_id = bench.submit("nodes", nodeOverrides=override)
    job = bench.wait(job_id)

    assert job["nodeProperties"]["numNodes"] == 2
    assert [node["container"]["exitCode"] for node in nodes(bench, job_id, 2)] == [6, 0]
    assert bench.batch.describe_jobs(jobs=[f"{job_id}#2", f"{job_id}#x"])["jobs"] == []


@pytest.mark.parametrize(
    ("problem", "override"),
    [
        ("NodeOverride targets should match job definition", {"nodePropertyOverrides": [{"targetNodes": "0:1"}]}),
        ("numNodes of the override", {"numNodes": 1}),
        ("open upper boundary", {"numNodes": 5}),
    ],
)
def test_submission_refuses_node_overrides_that_aws_refuses(bench: Bench, problem: str, override: Any) -> None:
    define_nodes(bench, ("0:" if override.get("numNodes") != 5 else "0:2", "true"))
    with pytest.raises(ClientError, match=problem):
        bench.submit("nodes", nodeOverrides=override)


def test_overrides_of_another_kind_are_refused(bench: Bench) -> None:
    define_nodes(bench, (":", "true"))
    bench.define()
    with pytest.raises(ClientError, match="containerOverrides is not applicable"):
        bench.submit("nodes", containerOverrides={"command": ["true"]})
    with pytest.raises(ClientError, match="nodeOverrides is not applicable"):
        bench.submit("job", nodeOverrides={"numNodes": 2})
    with pytest.raises(ClientError, match="arrayProperties is not applicable"):
        bench.submit("nodes", arrayProperties={"size": 2})


def test_nodes_take_room_together_and_wait_for_it(tmp_path: Path) -> None:
    with Sandbox(tmp_path / "state.sqlite3", delay=0.02, vcpus=3) as small:
        bench = Bench(small.url)
        define_nodes(bench, (":", "sleep 60"), count=2, main=0)
        first, second = bench.submit("nodes"), bench.submit("nodes")
        bench.wait_for(f"{first}#1", "RUNNING")
        time.sleep(0.2)
        assert bench.describe(f"{second}#1")["status"] == bench.describe(second)["status"] == "RUNNABLE"
        bench.batch.terminate_job(jobId=first, reason="enough")
        bench.wait(first)
        assert [node["statusReason"] for node in nodes(bench, first, 2)] == ["enough"] * 2
        bench.wait_for(second, "RUNNING")
        bench.close()
    assert processes_of(f"{first}#1") == processes_of(f"{second}#1") == []


@pytest.fixture
def pods(bench: Bench) -> Bench:
    """The sandbox with a queue of an EKS cluster."""
    bench.create_eks_queue()
    return bench


def pod_container(name: str, script: str, **more: Any) -> dict[str, Any]:
    resources = {"limits": {"cpu": "0.5", "memory": "128Mi"}}
    return {
        "name": name,
        "image": "busybox",
        "command": ["sh", "-c"],
        "args": [script],
        "resources": resources,
        **more,
    }


def define_pod(bench: Bench, *containers: Any, init: tuple[Any, ...] = (), **pod: Any) -> None:
    properties: Any = {"podProperties": {"containers": list(containers), "initContainers": list(init), **pod}}
    bench.batch.register_job_definition(jobDefinitionName="pod", type="container", eksProperties=properties)


def submit_pod(bench: Bench, **more: Any) -> Any:
    return bench.wait(bench.submit("pod", jobQueue="eks-queue", **more))


def pod_output(bench: Bench, name: str) -> list[str]:
    events = bench.logs.filter_log_events(logGroupName="fluent-bit-cloudwatch")["events"]
    return [event["message"] for event in events if f"_{name}-" in event["logStreamName"]]


def test_init_containers_of_a_pod_run_one_after_the_other_before_the_others(pods: Bench) -> None:
    define_pod(
        pods,
        pod_container("first", "echo first $(GREETING) $$HOME; sleep 0.2", env=[{"name": "GREETING", "value": "hi"}]),
        pod_container("second", "echo second"),
        init=(pod_container("one", "sleep 0.2; echo one"), pod_container("two", "echo two")),
    )
    job = submit_pod(pods)
    pod = job["eksProperties"]["podProperties"]
    (attempt,) = job["eksAttempts"]
    events = pods.logs.filter_log_events(logGroupName="fluent-bit-cloudwatch")["events"]

    assert (job["status"], job["attempts"]) == ("SUCCEEDED", [])
    assert [event["message"] for event in events][:2] == ["one", "two"]
    assert pod_output(pods, "first")[0].startswith("first hi /")
    assert pod_output(pods, "second") == ["second"]
    assert [entry["exitCode"] for entry in [*pod["containers"], *pod["initContainers"]]] == [0, 0, 0, 0]
    assert not any("logStreamName" in entry for entry in pod["containers"])
    assert pod["podName"].startswith("aws-batch.")
    assert (attempt["podName"], attempt["podNamespace"]) == (pod["podName"], "pods")
    assert attempt["eksClusterArn"] == "arn:aws:eks:us-west-2:123456789012:cluster/pods"
    assert "container" not in job


def test_a_failure_in_a_pod_fails_the_job_and_is_tried_again(pods: Bench) -> None:
    define_pod(pods, pod_container("main", "exit 3"), pod_container("other", "true"))
    job = submit_pod(pods, retryStrategy={"attempts": 2})

    assert job["status"] == "FAILED"
    assert [entry["exitCode"] for entry in job["eksProperties"]["podProperties"]["containers"]] == [3, 0]
    assert [attempt["containers"][0]["exitCode"] for attempt in job["eksAttempts"]] == [3, 3]


def test_nothing_runs_in_a_pod_after_an_init_container_failed(pods: Bench) -> None:
    define_pod(pods, pod_container("main", "echo ran"), init=(pod_container("one", "exit 2"),))
    job = submit_pod(pods)
    pod = job["eksProperties"]["podProperties"]

    assert job["status"] == "FAILED"
    assert pod["initContainers"][0]["exitCode"] == 2
    assert "exitCode" not in pod["containers"][0]
    assert pod_output(pods, "main") == []


def test_overrides_of_a_pod_replace_words_and_merge_variables(pods: Bench) -> None:
    variables = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    define_pod(pods, pod_container("main", "true", env=variables))
    change = {"args": ["echo $A$B$AWS_BATCH_JOB_ID"], "env": [{"name": "B", "value": "3"}]}
    override: Any = {"podProperties": {"containers": [change], "metadata": {"labels": {"team": "x"}}}}
    job = submit_pod(pods, eksPropertiesOverride=override)

    assert pod_output(pods, "main") == [f"13{job['jobId']}"]
    assert job["eksProperties"]["podProperties"]["metadata"]["labels"] == {"team": "x"}
    for problem, wrong in (
        ("not in the job definition", {"containers": [{"name": "other"}]}),
        ("whole integer", {"containers": [{"resources": {"limits": {"nvidia.com/gpu": "1.5"}}}]}),
        ("Namespace", {"metadata": {"namespace": "default"}}),
    ):
        with pytest.raises(ClientError, match=problem):
            pods.submit("pod", jobQueue="eks-queue", eksPropertiesOverride={"podProperties": wrong})


def test_pods_need_a_queue_of_a_cluster_and_other_jobs_another(pods: Bench) -> None:
    define_pod(pods, pod_container("main", "true"))
    pods.define()
    with pytest.raises(ClientError, match="does not accept jobs of an EKS job definition"):
        pods.submit("pod")
    with pytest.raises(ClientError, match="does not accept jobs of an ECS job definition"):
        pods.submit("job", jobQueue="eks-queue")


def test_nodes_can_be_pods(pods: Bench) -> None:
    pod: Any = {"podProperties": {"containers": [pod_container("main", "sleep 0.3; exit $AWS_BATCH_JOB_NODE_INDEX")]}}
    pods.batch.register_job_definition(
        jobDefinitionName="pod-nodes",
        type="multinode",
        nodeProperties={
            "numNodes": 2,
            "mainNode": 0,
            "nodeRangeProperties": [{"targetNodes": "0:", "eksProperties": pod}],
        },
    )
    job_id = pods.submit("pod-nodes", jobQueue="eks-queue")
    assert pods.wait(job_id)["status"] == "SUCCEEDED"
    assert [
        node["eksProperties"]["podProperties"]["containers"][0].get("exitCode") for node in nodes(pods, job_id, 2)
    ] in ([0, 1], [0, 143])


@pytest.mark.parametrize(
    ("text", "expanded"),
    [("$(A)-$(B)", "1-$(B)"), ("$$(A)", "$(A)"), ("$$$(A)", "$1"), ("$A", "$A"), ("$()", "$()")],
)
def test_references_of_pods_are_expanded_as_kubernetes_does(text: str, expanded: str) -> None:
    assert expand_references(text, {"A": "1"}) == expanded
