"""Why a job failed: from AWS's own texts and exit codes to one cause with its words."""

import string
from typing import Any

import pytest

from jobs.causes import CAUSES, WAITING_CAUSES, Action, Cause, FailureFacts, explain_failure, failure_cause
from jobs.states import Delivery, State

PULL = "CannotPullContainerError: "
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/align"
DENIED = "User: arn:aws:sts::123456789012:assumed-role/ecsTaskExecutionRole/x is not authorized to perform: "
SECRETS = (
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
)

# As AWS words them: “Stopped tasks error messages” and “CannotPullContainer task errors”, Amazon ECS Developer Guide.
CONTAINER_REASONS = [
    ("OutOfMemoryError: Container killed due to memory usage", Cause.OUT_OF_MEMORY),
    (f"{PULL}pull image manifest has been retried 1 time(s): failed to resolve ref {ECR}:9: {ECR}:9: not found",
     Cause.IMAGE_NOT_FOUND),
    (f"{PULL}Error response from daemon: manifest for {ECR}:9 not found: manifest unknown: Requested image not found",
     Cause.IMAGE_NOT_FOUND),
    ((f"{PULL}Error response from daemon: pull access denied for align, repository does not exist or may require "
     "'docker login'"), Cause.IMAGE_NOT_FOUND),
    ((f"{PULL}Error response from daemon: pull access denied for {ECR}, repository does not exist or may require "
     f"'docker login': denied: {DENIED}ecr:BatchGetImage"), Cause.IMAGE_NOT_PERMITTED),
    (f"CannotPullECRContainerError: AccessDeniedException: {DENIED}ecr:GetAuthorizationToken",
     Cause.IMAGE_NOT_PERMITTED),
    (f"{PULL}Error response from daemon: Get https://{ECR}/v2/: no basic auth credentials",
     Cause.IMAGE_NOT_PERMITTED),
    (f"{PULL}failed to authorize: failed to fetch oauth token: 401 Unauthorized", Cause.IMAGE_NOT_PERMITTED),
    ((f"{PULL}Error response from daemon: Get https://{ECR}/v2/: net/http: request canceled while waiting for "
     "connection (Client.Timeout exceeded while awaiting headers)"), Cause.IMAGE_UNREACHABLE),
    (f"{PULL}failed to do request: dial tcp 3.5.7.9:443: i/o timeout", Cause.IMAGE_UNREACHABLE),
    ((f"{SECRETS}unable to retrieve ecr registry auth: service call has been retried 3 time(s): RequestError: send "
     "request failed"), Cause.IMAGE_UNREACHABLE),
    (("ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull registry auth from "
     "Amazon ECR: There is a connection issue between the task and Amazon ECR."), Cause.IMAGE_UNREACHABLE),
    (f"{PULL}invalid reference format", Cause.IMAGE_NAME_INVALID),
    (f"{PULL}inspect image has been retried 1 time(s): toomanyrequests: You have reached your pull rate limit",
     Cause.IMAGE_RATE_LIMIT),
    (f"{PULL}image Manifest does not contain descriptor matching platform 'linux/arm64'", Cause.IMAGE_ARCHITECTURE),
    (f"{PULL}failed to register layer: write /usr/lib/x.so: no space left on device", Cause.DISK_FULL),
    (f"{PULL}something new", Cause.IMAGE_NOT_PULLED),
    (f"{SECRETS}unable to retrieve secret from asm: service call has been retried 1 time(s): AccessDeniedException",
     Cause.SECRET_UNAVAILABLE),
    (f"{SECRETS}unable to retrieve secrets from ssm: invalid parameters: DB_PASSWORD", Cause.SECRET_UNAVAILABLE),
    (("ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed "
     "to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist."),
     Cause.LOG_GROUP_MISSING),
    (("CannotStartContainerError: Error response from daemon: failed to initialize logging driver: failed to create "
     f"Cloudwatch log stream: AccessDeniedException: {DENIED}logs:CreateLogStream"), Cause.LOG_NOT_WRITABLE),
    (("ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: mount.nfs4: "
     "Connection timed out"), Cause.STORAGE_NOT_MOUNTED),
    ("ResourceInitializationError: failed to download env files", Cause.INITIALIZATION_FAILED),
    (("CannotStartContainerError: Error response from daemon: OCI runtime create failed: unable to "
     'start container process: exec: "algin": executable file not found in $PATH'), Cause.COMMAND_NOT_FOUND),
    ('CannotStartContainerError: OCI runtime create failed: exec: "/run.sh": stat /run.sh: no such file or directory',
     Cause.COMMAND_NOT_FOUND),
    ('CannotStartContainerError: OCI runtime create failed: exec: "/run.sh": permission denied',
     Cause.NOT_EXECUTABLE),
    ("CannotStartContainerError: OCI runtime create failed: exec format error", Cause.IMAGE_ARCHITECTURE),
    ("DockerTimeoutError: Could not transition to started; timed out after waiting 3m0s",
     Cause.CONTAINER_NOT_STARTED),
]  # fmt: skip
STATUS_REASONS = [
    ("Job attempt duration exceeded timeout", Cause.TIME_LIMIT),
    ("Dependent Job failed", Cause.DEPENDENCY_FAILED),
    ("Host EC2 (instance i-0123456789abcdef0) terminated.", Cause.HOST_TERMINATED),
    ("Your Spot Task was interrupted.", Cause.SPOT_RECLAIMED),
    (("ECS was unable to assume the role 'arn:aws:iam::123456789012:role/x' that was provided for this task. Please "
     "verify that the role being passed has the proper trust relationship and permissions and that your IAM user has "
     "permissions to pass this role."), Cause.ROLE_NOT_ASSUMABLE),
    ("Canceled by JobStateTimeLimit action due to reason: MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
     Cause.NEVER_PLACED),
    ("Container Overrides length must be at most 8192", Cause.OVERRIDES_TOO_LONG),
    ("When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.",
     Cause.SECRET_UNAVAILABLE),
    ("Task failed to start", Cause.CONTAINER_NOT_STARTED),
    ("Job queue deleted", Cause.UNKNOWN),
    ("", Cause.UNKNOWN),
]  # fmt: skip
EXIT_CODES = [
    (1, Cause.APPLICATION_ERROR),
    (3, Cause.APPLICATION_ERROR),
    (125, Cause.CONTAINER_NOT_STARTED),
    (126, Cause.NOT_EXECUTABLE),
    (127, Cause.COMMAND_NOT_FOUND),
    (128, Cause.APPLICATION_ERROR),
    (137, Cause.OUT_OF_MEMORY),
    (139, Cause.SIGNAL),
    (192, Cause.SIGNAL),
    (193, Cause.APPLICATION_ERROR),
    (255, Cause.APPLICATION_ERROR),
    (0, Cause.UNKNOWN),
]
OTHERS = [
    (FailureFacts(state=State.LOST), Cause.LOST),
    (FailureFacts(state=State.STOPPED), Cause.STOPPED),
    (FailureFacts(delivery=Delivery.REFUSED, state=""), Cause.REFUSED),
    (FailureFacts(array_size=4, status_reason="Array Child Job failed"), Cause.CHILDREN_FAILED),
    (FailureFacts(array_size=4, status_reason="Dependent Job failed"), Cause.DEPENDENCY_FAILED),
    (FailureFacts(status_reason="Host EC2 (instance i-1) terminated.", uses_spot=True), Cause.SPOT_RECLAIMED),
]
ALL_FACTS = [
    *((FailureFacts(container_reason=text, status_reason="Task failed to start"), cause)
      for text, cause in CONTAINER_REASONS),
    *((FailureFacts(status_reason=text), cause) for text, cause in STATUS_REASONS),
    *((FailureFacts(exit_code=code, status_reason="Essential container in task exited"), cause)
      for code, cause in EXIT_CODES),
    *OTHERS,
]  # fmt: skip


@pytest.mark.parametrize(("facts", "cause"), ALL_FACTS)
def test_what_aws_says_leads_to_one_cause_with_its_words(facts: FailureFacts, cause: Cause) -> None:
    explanation = explain_failure(facts)

    assert failure_cause(facts) is explanation.cause is cause
    assert (explanation.tone, explanation.action) == (CAUSES[cause].tone, CAUSES[cause].action)
    assert explanation.sentence
    assert not set(explanation.sentence) & set("{}")


def test_each_cause_of_a_failure_is_among_the_examples() -> None:
    assert {cause for _, cause in ALL_FACTS} == set(Cause) - WAITING_CAUSES


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("Job attempt duration exceeded timeout", Cause.TIME_LIMIT),
        ("Host EC2 (instance i-1) terminated.", Cause.HOST_TERMINATED),
    ],
)
def test_a_kill_that_aws_gives_a_reason_for_is_no_lack_of_memory(reason: str, cause: Cause) -> None:
    assert failure_cause(FailureFacts(exit_code=137, status_reason=reason)) is cause


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"exit_code": 137, "memory_mib": 4096},
         "Killed with exit code 137, probably because the container needed more than its 4 GiB."),
        ({"exit_code": 137, "container_reason": "OutOfMemoryError: Container killed due to memory usage"},
         "Out of memory: the container needed more than it requested."),
        ({"status_reason": "Job attempt duration exceeded timeout", "time_limit_seconds": 5400},
         "The job was stopped at its time limit of 1 h 30 min."),
        ({"exit_code": 127}, "The command wasn't found in the image (exit code 127)."),
        ({"exit_code": 3}, "Failed with exit code 3: application error."),
        ({"exit_code": 139}, "Failed with exit code 139: segmentation fault (SIGSEGV)."),
        ({"status_reason": "Dependent Job failed", "parent_name": "train", "parent_state": State.STOPPED},
         "Nothing ran: it depends on train, which was stopped."),
        ({"array_size": 20, "failed_children": 4}, "4 of 20 child jobs failed."),
        ({"array_size": 6, "failed_children": 6}, "All 6 child jobs failed."),
        ({"array_size": 6}, "Child jobs failed."),
        ({"state": State.STOPPED, "stop_reason": "too slow."}, "The job was stopped: too slow."),
        ({"delivery": Delivery.REFUSED, "is_note_from_aws": True}, "AWS Batch refused the job. Nothing ran."),
    ],
)  # fmt: skip
def test_a_sentence_has_the_figures_that_are_known(fields: dict[str, Any], sentence: str) -> None:
    assert explain_failure(FailureFacts(**fields)).sentence == sentence


def test_what_the_portal_refused_comes_with_its_note_and_what_aws_refused_with_awss() -> None:
    portal = explain_failure(FailureFacts(delivery=Delivery.REFUSED, delivery_note="Above the limit."))
    aws = explain_failure(FailureFacts(delivery=Delivery.REFUSED, delivery_note="No queue.", is_note_from_aws=True))

    assert (portal.aws_messages, portal.next_step) == ((), "Above the limit.")
    assert (aws.aws_messages, aws.next_step) == (("No queue.",), "Correct the document and submit it again.")


def test_the_stop_reason_that_the_portal_gave_is_not_shown_as_awss() -> None:
    facts = FailureFacts(state=State.STOPPED, status_reason="Stopped by ann.", stop_reason="Stopped by ann.")

    assert explain_failure(facts).aws_messages == ()


@pytest.mark.parametrize(("reason", "step"), [("", ""), ("Job queue deleted", " Check the reason from AWS Batch.")])
def test_a_failure_without_a_log_sends_nobody_to_it(reason: str, step: str) -> None:
    assert explain_failure(FailureFacts(status_reason=reason, has_log=False)).next_step == f"There is no log.{step}"


def test_an_exit_code_that_the_sentence_leaves_out_is_evidence() -> None:
    memory = explain_failure(FailureFacts(exit_code=137, container_reason="OutOfMemoryError: x"))
    application = explain_failure(FailureFacts(exit_code=3))

    assert (memory.evidence, application.evidence) == (("Exit code 137",), ())


def test_a_reason_of_any_length_is_read_up_to_a_limit() -> None:
    assert failure_cause(FailureFacts(status_reason="x" * 10_000_000 + "OutOfMemory")) is Cause.UNKNOWN


def test_the_names_of_causes_and_actions_are_words_for_urls() -> None:
    allowed = set(string.ascii_lowercase + "-")

    assert all(set(name) <= allowed and not name.startswith("-") for name in (*Cause, *Action))
    assert set(CAUSES) == set(Cause)
