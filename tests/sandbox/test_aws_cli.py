"""The AWS CLI against the sandbox: the guide, arrays, dependencies, retries, tags, nodes, pods, as a person types."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from awscli.clidriver import create_clidriver

from jobs.sandbox import Sandbox
from tests.eventually import eventually

pytestmark = [pytest.mark.long, pytest.mark.process]

SEEDS = Path(__file__).parent.parent / "seeds"
SIZES = '[{"type":"VCPU","value":"1"},{"type":"MEMORY","value":"128"}]'

Aws = Callable[..., Any]


@pytest.fixture(scope="module")
def driver() -> Any:
    """The CLI in this process: a command takes a tenth of the time of a process of its own."""
    return create_clidriver()


@pytest.fixture
def aws(
    sandbox: Sandbox, driver: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Aws:
    """Run a command; its JSON, or its words if it is refused."""
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    settings = {"AWS_ACCESS_KEY_ID": "AKIDSANDBOX", "AWS_SECRET_ACCESS_KEY": "anything", "AWS_PAGER": ""}
    for name, value in {**settings, "AWS_DEFAULT_REGION": "us-west-2", "AWS_ENDPOINT_URL": sandbox.url}.items():
        monkeypatch.setenv(name, value)

    def run(command: str, **options: Any) -> Any:
        words = command.split()
        for name, value in options.items():
            words += [f"--{name.replace('_', '-')}", *([value] if isinstance(value, str) else value)]
        code = driver.main([*words, "--output", "json"])
        output = capsys.readouterr()
        if code:
            return output.err.strip()
        return json.loads(output.out) if output.out.strip() else None

    return run


def seed(name: str, tmp_path: Path) -> str:
    """A document of the guide as a file without the guide's comments."""
    file = tmp_path / name
    file.write_text(re.sub(r"\s#.*", "", (SEEDS / name).read_text()))
    return f"file://{file}"


def submit(aws: Aws, definition: str, **options: Any) -> str:
    answer = aws(
        f"batch submit-job --job-name a-job --job-queue cpu-job-queue --job-definition {definition}", **options
    )
    assert isinstance(answer, dict), answer
    return str(answer["jobId"])


def wait(aws: Aws, job_id: str) -> Any:
    """The job as soon as it has ended."""
    job: Any = None

    def has_ended() -> bool:
        nonlocal job
        (job,) = aws(f"batch describe-jobs --jobs {job_id}")["jobs"]
        return job["status"] in {"SUCCEEDED", "FAILED"}

    eventually(has_ended, 60, describe=lambda: f"Still {job}.")
    return job


def define(aws: Aws, name: str, script: str) -> None:
    container = f'{{"image":"busybox","command":["sh","-c","{script}"],"resourceRequirements":{SIZES}}}'
    answer = aws(
        f"batch register-job-definition --type container --job-definition-name {name}", container_properties=container
    )
    assert answer["jobDefinitionArn"].endswith(f":job-definition/{name}:1")


def test_the_cli_submits_the_guides_training_and_reads_its_log(aws: Aws, tmp_path: Path) -> None:
    aws("batch register-job-definition", cli_input_json=seed("my-job-definition.json", tmp_path))
    hurry = '{"environment":[{"name":"PACE","value":"0.1"},{"name":"MODEL_TYPE","value":"resnet50"}]}'
    job_id = aws(
        "batch submit-job", cli_input_json=seed("my-job-submission.json", tmp_path), container_overrides=hurry
    )["jobId"]
    job = wait(aws, job_id)
    stream = job["container"]["logStreamName"]
    events = aws(f"logs get-log-events --log-group-name /aws/batch/job --log-stream-name {stream}")["events"]
    answer = aws("logs filter-log-events --log-group-name /aws/batch/job --filter-pattern epoch --max-items 3")

    assert job["status"] == "SUCCEEDED"
    assert any("epoch" in event["message"] for event in events)
    assert len(answer["events"]) == 3
    listing = aws("batch list-jobs --job-queue ml-training-queue --job-status SUCCEEDED")["jobSummaryList"]
    assert [entry["jobId"] for entry in listing] == [job_id]


def test_the_cli_submits_the_guides_workflow_and_its_other_jobs(aws: Aws, tmp_path: Path) -> None:
    for name in ("data-preprocessing", "model-training", "model-evaluation", "ci-test-job", "risk-analysis"):
        define(aws, name, "true")
    ids: dict[str, str] = {}
    for document in json.loads(re.sub(r"\s#.*", "", (SEEDS / "workflow-jobs.json").read_text()))["jobs"]:
        edges = [{"jobId": ids[edge["jobId"].strip("${}")]} for edge in document.pop("dependsOn", ())]
        request = json.dumps({**document, "dependsOn": edges, "containerOverrides": {"command": ["true"]}})
        ids[document["jobName"]] = aws("batch submit-job", cli_input_json=request)["jobId"]
    for name in ("ci-job-submission.json", "finance-team-job.json"):
        override = '{"command":["true"]}'
        answer = aws("batch submit-job", cli_input_json=seed(name, tmp_path), container_overrides=override)
        ids[name] = answer["jobId"]

    assert [wait(aws, job_id)["status"] for job_id in ids.values()] == ["SUCCEEDED"] * 5


def test_the_cli_runs_arrays_one_to_one_with_retries_and_parameters(aws: Aws) -> None:
    define(aws, "first", "exit $AWS_BATCH_JOB_ARRAY_INDEX")
    define(aws, "second", "echo $AWS_BATCH_JOB_ARRAY_INDEX")
    first = submit(
        aws,
        "first",
        array_properties="size=2",
        retry_strategy="attempts=2,evaluateOnExit=[{onExitCode=1,action=RETRY},{onReason=*,action=EXIT}]",
    )
    second = submit(aws, "second", array_properties="size=2", depends_on=f"jobId={first},type=N_TO_N")
    parent = wait(aws, second)
    children = aws(f"batch list-jobs --array-job-id {second} --job-status FAILED")["jobSummaryList"]

    assert (parent["status"], parent["arrayProperties"]["statusSummary"]["SUCCEEDED"]) == ("FAILED", 1)
    assert [child["jobId"] for child in children] == [f"{second}:1"]
    assert len(wait(aws, f"{first}:1")["attempts"]) == 2
    assert wait(aws, first)["retryStrategy"]["evaluateOnExit"][0] == {"onExitCode": "1", "action": "retry"}


def test_the_cli_is_refused_in_aws_words(aws: Aws) -> None:
    define(aws, "word", "true")
    command = "batch submit-job --job-name j --job-queue cpu-job-queue --job-definition word"

    missing = aws(command, container_overrides='{"command":["echo","Ref::word"]}')
    assert "(ClientException) when calling the SubmitJob operation" in missing
    assert "Unable to substitute value. No parameter found for reference word" in missing
    illegal = aws(command, tags="sample=2.8.1+mc(0.10.0)")
    assert "(BadRequestException)" in illegal
    assert "'2.8.1+mc(0.10.0)' is not a valid value for TagValue - it contains illegal characters" in illegal
    assert "RetryAttempts must be provided with retry strategy" in aws(command, retry_strategy="{}")
    assert aws("batch terminate-job --job-id unknown --reason x") is None


def test_the_cli_reads_and_writes_tags(aws: Aws) -> None:
    define(aws, "plain", "true")
    job_id = submit(aws, "plain", tags="Project=GenAI,Department=Research")
    (job,) = aws(f"batch describe-jobs --jobs {job_id}")["jobs"]
    arn = job["jobArn"]
    aws(f"batch tag-resource --resource-arn {arn} --tags CostCenter=CC-123")
    aws(f"batch untag-resource --resource-arn {arn} --tag-keys Department")

    tags = aws(f"batch list-tags-for-resource --resource-arn {arn}")["tags"]
    assert tags == {"Project": "GenAI", "CostCenter": "CC-123"}


def test_the_cli_runs_the_nodes_of_a_job(aws: Aws) -> None:
    script = "touch $SANDBOX_BUCKETS/$AWS_BATCH_JOB_NODE_INDEX; test $AWS_BATCH_JOB_NODE_INDEX = 1 || sleep 2"
    container = f'{{"image":"busybox","command":["sh","-c","{script}"],"resourceRequirements":{SIZES}}}'
    nodes = f'{{"numNodes":2,"mainNode":0,"nodeRangeProperties":[{{"targetNodes":"0:","container":{container}}}]}}'
    aws("batch register-job-definition --job-definition-name nodes --type multinode", node_properties=nodes)
    job_id = submit(aws, "nodes")
    job = wait(aws, job_id)
    listing = aws(f"batch list-jobs --multi-node-job-id {job_id} --job-status SUCCEEDED")["jobSummaryList"]

    assert (job["status"], job["attempts"][0]["container"]["exitCode"]) == ("SUCCEEDED", 0)
    assert [node["jobId"] for node in listing] == [f"{job_id}#0", f"{job_id}#1"]
    assert wait(aws, f"{job_id}#1")["nodeDetails"] == {"nodeIndex": 1, "isMainNode": False}


def test_the_cli_runs_a_pod_on_a_cluster_and_takes_the_queue_down(aws: Aws) -> None:
    aws(
        "batch create-compute-environment --compute-environment-name pods --type MANAGED",
        eks_configuration="eksClusterArn=arn:aws:eks:us-west-2:123456789012:cluster/c,kubernetesNamespace=jobs",
        compute_resources="type=EC2,maxvCpus=4,subnets=subnet-1,instanceTypes=m5.large",
    )
    order = "order=1,computeEnvironment=pods"
    aws("batch create-job-queue --job-queue-name pods --priority 1", compute_environment_order=order)
    resources = '{"limits":{"cpu":"1","memory":"128Mi"}}'
    main = f'{{"name":"main","image":"busybox","command":["true"],"resources":{resources}}}'
    prepare = f'{{"name":"prepare","image":"busybox","command":["true"],"resources":{resources}}}'
    pod = f'{{"podProperties":{{"containers":[{main}],"initContainers":[{prepare}]}}}}'
    aws("batch register-job-definition --job-definition-name pod --type container", eks_properties=pod)
    job_id = aws("batch submit-job --job-name pod --job-queue pods --job-definition pod")["jobId"]
    job = wait(aws, job_id)
    aws("batch update-job-queue --job-queue pods --state DISABLED")
    aws("batch delete-job-queue --job-queue pods")
    aws("batch update-compute-environment --compute-environment pods --state DISABLED")
    aws("batch delete-compute-environment --compute-environment pods")

    assert job["status"] == "SUCCEEDED"
    assert [entry["exitCode"] for entry in job["eksAttempts"][0]["initContainers"]] == [0]
    assert "pods" not in [queue["jobQueueName"] for queue in aws("batch describe-job-queues")["jobQueues"]]


def test_the_cli_runs_a_task_of_several_containers(aws: Aws) -> None:
    side = '{"name":"side","image":"busybox","command":["true"],"essential":false,'
    main = '{"name":"main","image":"busybox","command":["true"],"dependsOn":[{"containerName":"side",'
    containers = (
        f'[{side}"resourceRequirements":{SIZES}}},{main}"condition":"SUCCESS"}}],"resourceRequirements":{SIZES}}}]'
    )
    properties = f'{{"taskProperties":[{{"containers":{containers}}}]}}'
    aws("batch register-job-definition --job-definition-name task --type container", ecs_properties=properties)
    job = wait(aws, submit(aws, "task"))
    (task,) = job["ecsProperties"]["taskProperties"]

    assert job["status"] == "SUCCEEDED"
    assert {entry["name"]: entry["exitCode"] for entry in task["containers"]} == {"side": 0, "main": 0}
