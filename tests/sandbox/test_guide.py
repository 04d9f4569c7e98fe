"""The guide's documents, with programs that really run."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.bench import Bench

pytestmark = pytest.mark.process

SEEDS = Path(__file__).parent.parent / "seeds"
HURRY = {"name": "PACE", "value": "0.1"}
ML_IMAGE = "123456789012.dkr.ecr.us-west-2.amazonaws.com/ml-training:latest"


def seed(name: str) -> Any:
    return json.loads(re.sub(r"\s#.*", "", (SEEDS / name).read_text()))


def test_the_guides_training_job_really_trains(bench: Bench) -> None:
    bench.batch.register_job_definition(**seed("my-job-definition.json"))
    submission = seed("my-job-submission.json")
    submission["containerOverrides"]["environment"].append(HURRY)
    job = bench.wait(bench.batch.submit_job(**submission)["jobId"])
    lines = bench.output(job)
    losses = [float(match[1]) for line in lines if (match := re.match(r"epoch .* loss=([\d.]+) ", line))]

    assert job["status"] == "SUCCEEDED", lines
    assert (job["container"]["vcpus"], job["container"]["memory"]) == (4, 16384)
    assert job["container"]["jobRoleArn"] == "arn:aws:iam::123456789012:role/BatchJobRole"
    assert "Model type resnet50, 10 epochs, learning rate 1.0" in lines
    assert "Dataset s3://my-datasets/experiment-42" in lines
    assert len(losses) == 10
    assert losses == sorted(losses, reverse=True)


def test_the_guides_workflow_hands_its_results_from_job_to_job(bench: Bench) -> None:
    for name, program in (
        ("data-preprocessing", "preprocess.py"),
        ("model-training", "train.py"),
        ("model-evaluation", "evaluate.py"),
    ):
        bench.define(name, "python", program, container={"image": ML_IMAGE, "environment": [HURRY]})
    ids: dict[str, str] = {}
    for document in seed("workflow-jobs.json")["jobs"]:
        for dependency in document.get("dependsOn", ()):
            dependency["jobId"] = ids[dependency["jobId"].strip("${}")]
        ids[document["jobName"]] = bench.batch.submit_job(**document)["jobId"]
    preprocess, train, evaluate = (bench.wait(job_id) for job_id in ids.values())

    assert preprocess["stoppedAt"] <= train["startedAt"]
    assert train["stoppedAt"] <= evaluate["startedAt"]
    sizes = {entry["type"]: entry["value"] for entry in train["container"]["resourceRequirements"]}
    assert sizes["GPU"] == "2"
    assert any(re.match(r"Read \d+ characters to learn from", line) for line in bench.output(train))
    assert "It was trained for 10 epochs" in bench.output(evaluate)
    assert "Stored the metrics in s3://evaluations/model-42" in bench.output(evaluate)


@pytest.mark.parametrize(
    ("seed_name", "image", "expected"),
    [
        ("finance-team-job.json", "risk-model:2", "Report Q2 2025"),
        ("ci-job-submission.json", "ci-runner", "All checks passed."),
    ],
)
def test_the_guides_other_submissions_run(bench: Bench, seed_name: str, image: str, expected: str) -> None:
    document = seed(seed_name)
    bench.define(document["jobDefinition"], container={"image": image, "command": [], "environment": [HURRY]})
    job = bench.wait(bench.batch.submit_job(**document)["jobId"])

    assert job["status"] == "SUCCEEDED"
    assert expected in bench.output(job)


def test_the_guides_data_processor_runs_once_it_has_sizes(bench: Bench) -> None:
    document = seed("s3-data-processor.json")
    sizes = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "512"}]
    document["containerProperties"]["resourceRequirements"] = sizes
    bench.batch.register_job_definition(type="container", **document)
    job = bench.wait(bench.submit("s3-data-processor", containerOverrides={"environment": [HURRY]}))

    assert "Stored the result in s3://restricted-data-bucket/sales-by-region.json" in bench.output(job)


def test_an_unknown_image_is_simulated_and_keeps_secrets_to_itself(bench: Bench) -> None:
    environment = [{"name": "DB_PASSWORD", "value": "hunter2"}, {"name": "MODE", "value": "fast"}, HURRY]
    bench.define("strange", "run-it", "--all", container={"image": "quay.io/x/unknown:1", "environment": environment})
    job = bench.wait(bench.submit("strange"))
    lines = bench.output(job)

    assert job["status"] == "SUCCEEDED"
    assert lines[0] == "The sandbox does not have the image quay.io/x/unknown:1: this is a simulation of it."
    assert "Command: ['run-it', '--all']" in lines
    assert "  MODE=fast" in lines
    assert "  DB_PASSWORD=********" in lines
    assert not any("hunter2" in line for line in lines)


def test_evaluating_without_a_model_says_so(bench: Bench) -> None:
    bench.define("lonely", "python", "evaluate.py", container={"image": "ml-training", "environment": [HURRY]})
    lines = bench.output(bench.wait(bench.submit("lonely")))

    assert "No model is stored there: evaluating an untrained one." in lines
