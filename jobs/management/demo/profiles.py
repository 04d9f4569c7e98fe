"""Profiles of generated jobs."""

from dataclasses import dataclass

# Relative numbers of submissions from Monday to Sunday, and in the 24 hours in UTC.
WEEKDAYS = (1.0, 1.1, 1.15, 1.1, 0.9, 0.18, 0.12)
HOURS = (2, 2, 2, 1, 1, 2, 4, 9, 18, 24, 24, 20, 15, 19, 23, 22, 19, 13, 8, 5, 4, 4, 3, 3)
GROWTH_FACTOR = 3.0  # work at the end, as a multiple of that at the beginning

SUCCESS_RATE = 0.92
STOPPED_RATE = 0.015
LOST_RATE = 0.001
RETRY_RATE = 0.04
UNTAGGED_RATE = 0.08
NO_PROJECT_RATE = 0.07
WORKFLOW_RATE = 0.08

PROJECTS = ("ALPHA", "BETA", "ATLAS", "ORION", "HELIX", "DELTA", "VEGA", "NOVA", "SIERRA", "TANGO")
TEAM_PROJECTS = {"Research": ("GenAI", "CC-123"), "Finance": ("Intraday", "CC-420"), "Genomics": ("Cohort", "CC-710")}
"""The largest project of a team of the demo, as its documents have it, and its cost center."""
DEPARTMENTS = ("Research", "Finance", "Genomics", "Operations")


@dataclass(frozen=True)
class JobProfile:
    names: tuple[str, ...]
    median_seconds: float
    spread: float
    weight: float
    array_rate: float = 0.02
    queue: str = "cpu-job-queue"
    log: tuple[str, ...] = ("Started", "Working", "Done")


TRAINING_LOG = (
    "Model type resnet50, 5 epochs, learning rate 0.1",
    "Read 4,213,904 samples",
    *(f"epoch {epoch}/5 loss={2.9 - epoch * 0.37:.4f} val_loss={3.0 - epoch * 0.34:.4f}" for epoch in range(1, 6)),
    "Training finished",
)

JOB_PROFILES = {
    "model-training": JobProfile(
        ("train-resnet-{n}", "train-baseline-{n}", "finetune-{w}"),
        8400,
        0.5,
        14,
        0.12,
        "ml-training-queue",
        TRAINING_LOG,
    ),
    "my-ml-training-job": JobProfile(
        ("my-ml-training-job-{n}", "training-experiment-{n}"), 6600, 0.5, 8, 0.12, "gpu-job-queue", TRAINING_LOG
    ),
    "data-preprocessing": JobProfile(
        ("preprocess-dataset-{n}", "tokenize-{w}", "clean-shards-{w}"),
        1100,
        0.6,
        18,
        log=("Reading s3://raw-data", "4,213,904 lines read", "312 lines skipped", "Stored s3://processed-data"),
    ),
    "model-evaluation": JobProfile(
        ("evaluate-checkpoint-{n}", "benchmark-{w}"),
        800,
        0.5,
        12,
        log=("Reading the model", "accuracy 0.912", "Done"),
    ),
    "ci-test-job": JobProfile(
        ("ci-main-{n}", "ci-pull-{n}", "nightly-{d}"),
        240,
        0.4,
        26,
        queue="ci-job-queue",
        log=("Check 1 of 2: every file compiles", "ok", "Check 2 of 2: tests", "Ran 214 tests"),
    ),
    "risk-analysis": JobProfile(
        ("daily-var-{d}", "stress-test-{w}", "portfolio-{n}", "quarter-end-{m}"),
        2600,
        0.8,
        20,
        array_rate=0.06,
        queue="finance-team-queue",
        log=(
            "Risk analysis: 64000 scenarios, 10 trading days",
            "VaR 99 % so far: 1,204,551 USD",
            "Stored the report",
        ),
    ),
    "align-reads": JobProfile(
        ("align-cohort-{n}", "align-{w}"),
        4500,
        0.6,
        14,
        array_rate=0.4,
        log=("Sample cohort, 40,000,000 reads", "aligned 20,000,000 of 40,000,000 reads", "Mismatch rate 1.14%"),
    ),
    "call-variants": JobProfile(
        ("call-variants-{n}", "joint-calling-{w}"),
        1900,
        0.5,
        16,
        queue="fargate-queue",
        log=("Calling variants", "4,102 variants", "Done."),
    ),
}
DEFAULT_PROFILE = JobProfile(("{definition}-{n}", "{definition}-{d}"), 900, 0.8, 10)


@dataclass(frozen=True)
class WorkflowProfile:
    steps: tuple[tuple[str, str], ...]


WORKFLOW_PROFILES = (
    WorkflowProfile(
        (
            ("data-preprocessing", "preprocess-dataset-{n}"),
            ("model-training", "train-model-{n}"),
            ("model-evaluation", "evaluate-model-{n}"),
        )
    ),
    WorkflowProfile((("align-reads", "align-sample-{n}"), ("call-variants", "call-variants-{n}"))),
)


@dataclass(frozen=True)
class JobEnding:
    exit_code: int | None
    status_reason: str
    container_reason: str = ""
    log: tuple[str, ...] = ()
    weight: float = 1.0

    @property
    def has_log(self) -> bool:
        return self.exit_code is not None


EXITED = "Essential container in task exited"
SUCCESS = JobEnding(0, EXITED)
DEPENDENCY_FAILED = JobEnding(None, "Dependent Job failed")
FAILURES = (
    JobEnding(1, EXITED, log=("Traceback (most recent call last):", "ValueError: 3 of 8 shards are empty"), weight=9),
    JobEnding(
        137,
        EXITED,
        "OutOfMemoryError: Container killed due to memory usage",
        log=("Loading the batch into memory: 15.8 GiB of 16 GiB",),
        weight=5,
    ),
    JobEnding(2, EXITED, log=("error: unrecognized arguments: --sampel-rate",), weight=2),
    JobEnding(
        143, "Job attempt duration exceeded timeout", log=("still waiting for a lock on the dataset",), weight=2
    ),
    JobEnding(
        None, "Task failed to start", "CannotPullContainerError: manifest for the image was not found", weight=2
    ),
    JobEnding(None, "Host EC2 (instance i-0f2c8a1b7d3e49560) terminated.", weight=3),
)
