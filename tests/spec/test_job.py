"""What is wrong with a submission that stands alone."""

from typing import Any

import pytest

from jobs.spec.documents import Document
from jobs.spec.patch import apply_patch
from jobs.spec.problems import Severity
from jobs.spec.rules import job as judge
from jobs.spec.rules import sizes
from tests.spec.samples import JOB_ID, pointers_and_rules, submission


def job_with_dependencies(*entries: Document, **more: object) -> Document:
    return submission(dependsOn=list(entries), **more)


ARRAY: dict[str, Any] = {"arrayProperties": {"size": 2}}


@pytest.mark.parametrize(
    "document",
    [
        submission(),
        job_with_dependencies({"jobId": JOB_ID}, {"jobId": f"{JOB_ID}:17"}, {"jobId": JOB_ID.upper()}),
        job_with_dependencies({"jobId": JOB_ID, "type": "N_TO_N"}, {"type": "SEQUENTIAL"}, **ARRAY),
    ],
)
def test_a_sound_submission_has_no_problems(document: Document) -> None:
    assert judge.check_submission(document) == []


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (job_with_dependencies({"jobId": "${other}"}), ("/dependsOn/0/jobId", "submission.reference")),
        (job_with_dependencies({"jobId": ""}), ("/dependsOn/0/jobId", "submission.empty-job-id")),
        (job_with_dependencies({"jobId": "other"}), ("/dependsOn/0/jobId", "submission.job-id")),
        (job_with_dependencies({}), ("/dependsOn/0", "dependencies.no-job-id")),
        (job_with_dependencies({"type": "N_TO_N"}, **ARRAY), ("/dependsOn/0", "dependencies.no-job-id")),
        (job_with_dependencies({"type": "SEQUENTIAL"}), ("/dependsOn/0", "dependencies.sequential-without-array")),
        (
            job_with_dependencies({"jobId": JOB_ID, "type": "N_TO_N"}),
            ("/dependsOn/0/type", "dependencies.n-to-n-without-array"),
        ),
        (
            job_with_dependencies({"jobId": JOB_ID, "type": "SEQUENTIAL"}),
            ("/dependsOn/0/type", "workflow.sequential-is-plain"),
        ),
        (
            submission(containerOverrides={"environment": [{"name": "AWS_BATCH", "value": "x"}]}),
            ("/containerOverrides/environment/0/name", "names.variable-of-batch"),
        ),
        (submission(tags={"aws:x": "y"}), ("/tags/aws:x", "names.tag-of-aws")),
        (
            submission(retryStrategy={"evaluateOnExit": [{"onReason": "*", "action": "EXIT"}]}),
            ("/retryStrategy", "retries.no-attempts"),
        ),
        (
            submission(containerOverrides={"resourceRequirements": [{"type": "GPU", "value": "x"}]}),
            ("/containerOverrides/resourceRequirements/0/value", "sizes.value"),
        ),
        (
            submission(containerOverrides={"resourceRequirements": [{"type": "GPU", "value": "1"}] * 2}),
            ("/containerOverrides/resourceRequirements/1", "sizes.twice"),
        ),
        (
            submission(containerOverrides={"resourceRequirements": [{"type": "VCPU", "value": "1"}], "vcpus": 1}),
            ("/containerOverrides/vcpus", "sizes.legacy-beside-requirement"),
        ),
    ],
)
def test_each_rule_points_to_its_place(document: Document, expected: tuple[str, str]) -> None:
    assert pointers_and_rules(judge.check_submission(document)) == [expected]


@pytest.mark.parametrize(("fields", "severity"), [({}, Severity.INFO), (ARRAY, Severity.WARNING)])
def test_sequential_on_a_job_id_is_a_note_and_of_an_array_a_warning(
    fields: dict[str, Any], severity: Severity
) -> None:
    document = job_with_dependencies({"jobId": JOB_ID, "type": "SEQUENTIAL"}, **fields)
    [problem] = judge.check_submission(document)
    assert problem.severity is severity
    assert apply_patch(document, problem.fix) == job_with_dependencies({"jobId": JOB_ID}, **fields)


def test_a_job_has_44_tags_of_its_own_because_the_portal_adds_up_to_six() -> None:
    own = {f"k{number}": "v" for number in range(44)}
    assert judge.check_submission(submission(tags=own)) == []
    assert pointers_and_rules(judge.check_submission(submission(tags={**own, "portal:team": "x"}))) == [
        ("/tags/portal:team", "names.tag-of-portal")
    ]
    [problem] = judge.check_submission(submission(tags={**own, "one": "more"}))
    assert (problem.pointer, problem.rule) == ("/tags", "names.too-many-tags")
    assert "45 tags" in problem.message


def test_a_submission_leaves_the_portal_its_share_of_30_kib() -> None:
    room = (
        sizes.MAX_SUBMISSION_BYTES
        - sizes.PORTAL_RESERVED_BYTES
        - sizes.request_bytes(submission(parameters={"x": ""}))
    )
    assert judge.check_submission(submission(parameters={"x": "y" * room})) == []
    [problem] = judge.check_submission(submission(parameters={"x": "y" * (room + 1)}))
    assert (problem.pointer, problem.rule) == ("", "submission.too-large")
    assert "30 KiB" in problem.message


@pytest.mark.parametrize("odd", [None, 1, "x", [], [None], [[]], {}, [{"jobId": None}], [{"type": 1}]])
def test_no_odd_shape_breaks_a_rule(odd: object) -> None:
    for key in ("dependsOn", "tags", "arrayProperties", "containerOverrides", "retryStrategy", "jobName"):
        judge.check_submission(submission(**{key: odd}))
