"""Documents as they come: out of shells, Markdown, answers of AWS, skeletons and other conventions."""

import contextlib
import json
import random
from typing import Any

import pytest
from botocore.session import Session
from botocore.utils import ArgumentGenerator

from jobs.spec.documents import Document, DocumentKind
from jobs.spec.parsing.parser import MAX_SLOW_FORMAT_LENGTH, DocumentParseError, ParseResult, TextPosition, parse
from jobs.spec.rules.validate import validate_parsed
from tests.spec.samples import JOB_ID, definition, step, submission, workflow

PLAIN = json.dumps(submission())


def change_messages(reading: ParseResult) -> list[str]:
    return [change.message for change in reading.changes]


def parse_error(text: str) -> DocumentParseError:
    with pytest.raises(DocumentParseError) as refused:
        parse(text)
    return refused.value


def test_commas_before_closing_brackets_are_left_out_and_it_is_said() -> None:
    reading = parse('{"jobName": "a,}",\n "dependsOn": [{"jobId": "x",},\n],\n}')
    assert reading.document == {"jobName": "a,}", "dependsOn": [{"jobId": "x"}]}
    assert change_messages(reading) == ["The commas before closing brackets on lines 2 and 3 were left out."]
    assert reading.position("/dependsOn/0/jobId") == TextPosition(2, 17)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("cat > job.json << EOF\n", "\nEOF\n./submit-job.sh job.json --monitor\n"),
        ("Here is my job:\n\n```json\n", "\n```\nIs it right?"),
        ("job = ", ";"),
        ("The set {a, b} means:\n", ""),
        ("", "\n\nSent from my telephone"),
    ],
)
def test_what_stands_around_the_document_is_left_out_and_it_is_said(before: str, after: str) -> None:
    reading = parse(before + PLAIN + after)
    assert reading.document == submission()
    [message] = change_messages(reading)
    assert message.endswith("is not part of the document and was left out.")
    assert reading.position("/jobQueue").line == 1 + before.count("\n")


def test_of_two_documents_none_is_chosen() -> None:
    message = parse_error(PLAIN + "\n" + PLAIN).message
    assert message == "The text has 2 documents: job hello (line 1) and job hello (line 2). Choose one of them."


def test_slow_formats_are_tried_on_64_kib_only() -> None:
    assert parse(PLAIN + " x" + " " * (MAX_SLOW_FORMAT_LENGTH - len(PLAIN) - 2)).document == submission()
    assert "remove the rest" in parse_error(PLAIN + " x" + " " * MAX_SLOW_FORMAT_LENGTH).message


@pytest.mark.parametrize(
    "keys",
    [
        ("JobName", "JobQueue", "JobDefinition", "ContainerOverrides", "Environment", "Name", "Value"),
        ("job_name", "job_queue", "job_definition", "container_overrides", "environment", "name", "value"),
        ("job-name", "JOBQUEUE", "jobdefinition", "Container-Overrides", "ENVIRONMENT", "NAME", "vaLue"),
    ],
)
def test_keys_are_read_in_any_convention_and_it_is_said(keys: tuple[str, ...]) -> None:
    name, queue, definition_key, overrides, environment, variable, value = keys
    written = {name: "a", queue: "q", definition_key: "d", overrides: {environment: [{variable: "X", value: "1"}]}}
    text = json.dumps(written, indent=1)
    reading = parse(text)
    assert reading.kind is DocumentKind.SUBMISSION
    assert reading.document == {
        "jobName": "a",
        "jobQueue": "q",
        "jobDefinition": "d",
        "containerOverrides": {"environment": [{"name": "X", "value": "1"}]},
    }
    [message] = change_messages(reading)
    assert f"{name} as jobName" in message
    place = reading.position("/containerOverrides/environment/0/value")
    assert text.splitlines()[place.line - 1][place.column - 1 :].startswith(json.dumps(value))


def test_keys_of_free_maps_are_the_persons_own() -> None:
    maps = {
        "parameters": {"JobName": "x", "job_queue": "y"},
        "tags": {"Image": "x", "jobname": "y"},
        "containerProperties": {
            "image": "i",
            "vcpus": 1,
            "memory": 4,
            "logConfiguration": {"logDriver": "awslogs", "options": {"AwsLogs-Group": "x"}},
        },
    }
    document = {"jobDefinitionName": "a", "type": "container", **maps}
    assert parse(json.dumps(document)).document == document
    labels = {"eksProperties": {"podProperties": {"metadata": {"labels": {"Name": "x"}}}}}
    assert parse(json.dumps({"jobDefinitionName": "a", "type": "container", **labels})).changes == ()


def test_a_key_that_stands_in_two_conventions_is_left_to_the_judge() -> None:
    document = submission(JobName="b")
    reading = parse(json.dumps(document))
    assert reading.document == document
    assert [problem.pointer for problem in validate_parsed(reading)] == ["/JobName"]


def test_values_of_the_wrong_type_are_put_right_and_it_is_said_without_the_value() -> None:
    document = {
        **submission(),
        "timeout": {"attemptDurationSeconds": "90"},
        "propagateTags": "True",
        "tags": {"n": 3},
        "containerOverrides": {"environment": [{"name": "PIN", "value": 736455}], "command": ["x", 1.5, True]},
    }
    reading = parse(json.dumps(document))
    assert reading.document["timeout"] == {"attemptDurationSeconds": 90}
    assert reading.document["propagateTags"] is True
    assert reading.document["tags"] == {"n": "3"}
    assert reading.document["containerOverrides"]["command"] == ["x", "1.5", "true"]
    assert [change.pointer for change in reading.changes] == [
        "/timeout/attemptDurationSeconds",
        "/propagateTags",
        "/tags/n",
        "/containerOverrides/environment/0/value",
        "/containerOverrides/command/1",
        "/containerOverrides/command/2",
    ]
    assert "736455" not in repr(reading.changes)
    assert validate_parsed(reading) == []


def test_many_values_are_put_right_in_a_few_sentences() -> None:
    reading = parse(json.dumps(submission(parameters={f"p{number}": number for number in range(500)})))
    assert len(reading.changes) == 21
    assert change_messages(reading)[-1] == "480 more values are read as the type that AWS Batch expects."


def test_what_cannot_be_put_right_stays_for_the_judge() -> None:
    document = submission(timeout={"attemptDurationSeconds": "soon"}, tags=[])
    assert parse(json.dumps(document)).document == document


DESCRIBED = {
    **definition(),
    "jobDefinitionArn": "arn:aws:batch:us-west-2:123456789012:job-definition/greet:7",
    "revision": 7,
    "status": "ACTIVE",
    "containerOrchestrationType": "ECS",
    "tags": {"team": "x", "portal:job": "y"},
}


def test_an_answer_about_definitions_becomes_the_definition() -> None:
    text = json.dumps({"jobDefinitions": [{**DESCRIBED, "revision": 6}, DESCRIBED]}, indent=1)
    reading = parse(text)
    assert reading.kind is DocumentKind.DEFINITION
    assert reading.document == definition(tags={"team": "x"})
    assert change_messages(reading) == [
        "The response has 2 revisions; the newest, 7, is used.",
        (
            "jobDefinitionArn, revision, status and containerOrchestrationType are only in AWS responses "
            "and were left out."
        ),
        "The tag “portal:job” is set by the portal and was left out.",
    ]
    assert validate_parsed(reading) == []
    assert reading.position("/containerProperties/image").line > len(text.splitlines()) / 2


def test_one_definition_out_of_an_answer_is_read_too() -> None:
    assert parse(json.dumps(DESCRIBED)).document == definition(tags={"team": "x"})


def test_an_answer_about_several_definitions_is_not_guessed_at() -> None:
    both = [DESCRIBED, {**DESCRIBED, "jobDefinitionName": "other"}]
    assert parse_error(json.dumps({"jobDefinitions": both})).message == (
        "The text has 2 documents: job definition greet (line 1) and job definition other (line 1). "
        "Choose one of them."
    )
    assert "has no job definition." in parse_error('{"jobDefinitions": []}').message


def job(name: str, job_id: str, **more: Any) -> Document:
    return {
        **submission(jobName=name),
        "jobArn": "arn",
        "jobId": job_id,
        "status": "SUCCEEDED",
        "createdAt": 1,
        "container": {
            "image": "busybox",
            "command": ["run"],
            "vcpus": 1,
            "memory": 512,
            "environment": [{"name": "A", "value": "1"}, {"name": "AWS_BATCH_JOB_ID", "value": "x"}],
            "exitCode": 0,
        },
        **more,
    }


def test_an_answer_about_a_job_becomes_the_submission_that_would_run_it_again() -> None:
    text = json.dumps({"jobs": [job("a", JOB_ID, arrayProperties={"size": 3, "statusSummary": {}})]}, indent=1)
    reading = parse(text)
    assert reading.kind is DocumentKind.SUBMISSION
    assert reading.document == submission(
        jobName="a",
        arrayProperties={"size": 3},
        containerOverrides={
            "command": ["run"],
            "environment": [{"name": "A", "value": "1"}],
            "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "512"}],
        },
    )
    assert validate_parsed(reading) == []
    assert text.splitlines()[reading.position("/containerOverrides/command").line - 1].strip().startswith('"command"')


def test_an_answer_about_several_jobs_becomes_a_workflow_that_waits_alike() -> None:
    other = "99999999-90ab-cdef-1234-567890abcdef"
    reading = parse(json.dumps({"jobs": [job("a", JOB_ID), job("b", other, dependsOn=[{"jobId": JOB_ID}])]}))
    assert reading.kind is DocumentKind.WORKFLOW
    assert [one["jobName"] for one in reading.document["jobs"]] == ["a", "b"]
    assert reading.document["jobs"][1]["dependsOn"] == [{"jobId": "${a}"}]
    assert validate_parsed(reading) == []


def test_a_workflow_is_no_answer() -> None:
    document = workflow(step("a"), step("b", "${a}"))
    assert parse(json.dumps(document)).document == document


SKELETON: Document = {
    "jobDefinitionName": "greet", "type": "container", "parameters": {"KeyName": ""}, "schedulingPriority": 0,
    "containerProperties": {
        "image": "busybox", "vcpus": 0, "memory": 0, "command": [""], "jobRoleArn": "", "privileged": True,
        "volumes": [{"host": {"sourcePath": ""}, "name": "", "efsVolumeConfiguration": {
            "fileSystemId": "", "transitEncryption": "DISABLED", "authorizationConfig": {"iam": "ENABLED"}}}],
        "environment": [{"name": "", "value": ""}, {"name": "A", "value": "1"}],
        "ulimits": [{"hardLimit": 0, "name": "", "softLimit": 0}],
        "resourceRequirements": [{"value": "1", "type": "VCPU"}, {"value": "512", "type": "MEMORY"},
                                 {"value": "", "type": "GPU"}],
        "logConfiguration": {"logDriver": "gelf", "options": {"KeyName": ""}, "secretOptions": [{"name": ""}]},
    },
    "nodeProperties": {"numNodes": 0, "mainNode": 0,
                       "nodeRangeProperties": [{"targetNodes": "", "instanceTypes": [""]}]},
    "retryStrategy": {"attempts": 0, "evaluateOnExit": [{"onReason": "", "action": ""}]},
    "propagateTags": True, "timeout": {"attemptDurationSeconds": 600}, "tags": {"KeyName": "", "Team": "x"},
    "platformCapabilities": ["EC2"],
    "eksProperties": {"podProperties": {"hostNetwork": True, "containers": [{"image": "", "args": [""]}]}},
}  # fmt: skip


def test_of_a_skeleton_only_what_was_filled_in_is_left_and_it_is_said() -> None:
    text = json.dumps(SKELETON, indent=1)
    reading = parse(text)
    assert reading.document == definition(
        {"environment": [{"name": "A", "value": "1"}]},
        timeout={"attemptDurationSeconds": 600},
        tags={"Team": "x"},
        platformCapabilities=["EC2"],
    )
    assert change_messages(reading) == [
        "The empty parts of the skeleton were left out.",
        (
            "Settings that the skeleton sets to true were left out (privileged and propagateTags); "
            "add them again if you want them."
        ),
        (
            "Values that the skeleton chooses were left out (transitEncryption, iam and logDriver); "
            "add them again if you want them."
        ),
    ]
    assert validate_parsed(reading) == []
    place = reading.position("/containerProperties/environment/0/value")
    assert text.splitlines()[place.line - 1].strip() == '"value": "1"'


def test_empty_strings_of_other_documents_are_left_as_they_are() -> None:
    document = submission(parameters={"a": ""}, containerOverrides={"environment": [{"name": "A", "value": ""}]})
    assert parse(json.dumps(document)).document == document


REGISTER = """\
# a comment of the script
$ AWS_PROFILE=x aws --region us-west-2 batch register-job-definition \\
    --job-definition-name greet --type container \\
    --container-properties '{"image": "busybox", "vcpus": 1,
                             "memory": 512}' \\
    --retry-strategy attempts=3 --timeout attemptDurationSeconds=600 --platform-capabilities EC2 \\
    --parameters a=b,c="d e" --tags Team=x --no-propagate-tags > out.json
echo done
"""


def test_a_command_line_that_registers_is_read() -> None:
    reading = parse(REGISTER)
    assert reading.kind is DocumentKind.DEFINITION
    assert reading.document == {
        "jobDefinitionName": "greet",
        "type": "container",
        "containerProperties": {"image": "busybox", "vcpus": 1, "memory": 512},
        "retryStrategy": {"attempts": 3},
        "timeout": {"attemptDurationSeconds": 600},
        "platformCapabilities": ["EC2"],
        "parameters": {"a": "b", "c": "d e"},
        "tags": {"Team": "x"},
        "propagateTags": False,
    }
    assert change_messages(reading) == ["The command line was read: its options became the keys of the document."]
    assert reading.position("/containerProperties/image") == TextPosition(4, 5)
    assert reading.position("/tags/Team").line == 7


def test_a_command_line_that_submits_is_read() -> None:
    reading = parse(
        f"aws batch submit-job --job-name=a --job-queue q --job-definition d:3 --array-properties size=10 "
        f"--depends-on jobId={JOB_ID},type=N_TO_N jobId={JOB_ID} --region us-west-2 --output json "
        "--container-overrides 'command=echo,hi,environment=[{name=A,value=1},{name=B,value=\"x,y\"}]'"
    )
    assert reading.document == {
        "jobName": "a",
        "jobQueue": "q",
        "jobDefinition": "d:3",
        "arrayProperties": {"size": 10},
        "dependsOn": [{"jobId": JOB_ID, "type": "N_TO_N"}, {"jobId": JOB_ID}],
        "containerOverrides": {
            "command": ["echo", "hi"],
            "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "x,y"}],
        },
    }
    assert change_messages(reading)[1] == (
        "--region and --output configure the AWS CLI, not the job, and were left out."
    )


def test_a_command_line_with_a_whole_document_is_read_and_its_options_win() -> None:
    reading = parse(f"aws batch submit-job --job-name b --cli-input-json '{PLAIN}'")
    assert reading.document == submission(jobName="b")


def test_an_option_that_batch_does_not_have_is_told_by_the_judge() -> None:
    reading = parse("aws batch submit-job --job-name a --job-queue q --job-definition d --job-nam b")
    assert [problem.pointer for problem in validate_parsed(reading)] == ["/jobNam"]


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("aws batch submit-job --cli-input-json file://job.json", "names the file “file://job.json”"),
        (
            "aws batch submit-job --job-name a --container-overrides file://o.json",
            "paste the content of the file instead",
        ),
        ("aws batch submit-job --container-overrides '{a: 1}'", "the value of --container-overrides is not JSON"),
        ("aws batch submit-job --timeout soon", "neither JSON nor key=value"),
        ("aws batch submit-job --job-name 'a", "a quote of this command line is not closed"),
    ],
)
def test_a_command_line_that_cannot_be_read_says_why(line: str, hint: str) -> None:
    assert hint in parse_error(line).message


def test_a_kind_that_is_asked_for_needs_no_telltale_keys() -> None:
    reading = parse('{"containerProperties": {"image": "x"}}', DocumentKind.DEFINITION)
    assert reading.kind is DocumentKind.DEFINITION
    assert [problem.rule for problem in validate_parsed(reading)] == ["schema.missing-key", "definition.no-size"]


@pytest.mark.long
@pytest.mark.parametrize(
    "junk",
    [
        "aws -a ",
        "--a ",
        "a=",
        "a=[",
        "a={b=",
        "{",
        "[",
        "'",
        ",",
        "\\\n",
        "$(",
        "a=b ",
        "-",
        "aws batch submit-job ",
        '"',
        "<<A\n",
        "<<A\nA\n",
        "echo $(",
        "echo '\n",
        "\nX=`",
        "${",
        "\ncurl -d '",
        "$(aws batch submit-job --a ",
    ],
)
@pytest.mark.parametrize("head", ["", "aws batch submit-job --tags ", "aws batch submit-job --depends-on '", "aws "])
def test_slow_formats_meet_their_end_in_any_junk(head: str, junk: str) -> None:
    """By size, not by the clock: a pattern that goes back and forth would never end here."""
    text = head + junk * (MAX_SLOW_FORMAT_LENGTH // len(junk) - len(head))
    with contextlib.suppress(DocumentParseError):
        parse(text)


@pytest.mark.parametrize("seed", range(12))
def test_the_random_choices_of_a_skeleton_decide_nothing(seed: int) -> None:
    random.seed(seed)
    model = Session().get_service_model("batch").operation_model("RegisterJobDefinition")
    assert model.input_shape
    skeleton = json.loads(json.dumps(ArgumentGenerator().generate_skeleton(model.input_shape)))
    skeleton["jobDefinitionName"] = "greet"
    skeleton["containerProperties"] |= {"image": "busybox", "vcpus": 1, "memory": 512, "command": ["echo", ""]}
    reading = parse(json.dumps(skeleton))

    assert validate_parsed(reading) == []
    assert {**reading.document, "platformCapabilities": ["EC2"]} == {
        "jobDefinitionName": "greet",
        "type": "container",
        "containerProperties": {"image": "busybox", "vcpus": 1, "memory": 512, "command": ["echo"]},
        "platformCapabilities": ["EC2"],
    }


def test_the_platform_of_a_skeleton_stays_if_what_it_needs_was_filled_in() -> None:
    container = {**SKELETON["containerProperties"], "executionRoleArn": "arn:aws:iam::123456789012:role/Pull"}
    filled = {**SKELETON, "containerProperties": container, "platformCapabilities": ["FARGATE"]}
    assert parse(json.dumps(filled)).document["platformCapabilities"] == ["FARGATE"]
