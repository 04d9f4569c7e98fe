"""What cannot be submitted is said at its place, in words, and leaves nothing behind."""

import html
import json
import re
from typing import Any

import pytest
from django.urls import reverse

from jobs.models import Job, Revision, Submission
from tests.web.conftest import Research, SignIn


def job(name: str = "one", **fields: Any) -> dict[str, Any]:
    return {"jobName": name, "jobQueue": "cpu", "jobDefinition": "hello", **fields}


def dependencies(*names: str) -> list[dict[str, str]]:
    return [{"jobId": f"${{{name}}}"} for name in names]


def text(document: Any) -> str:
    return json.dumps(document, indent=2)


CIRCLE = {
    "jobs": [
        job("a", dependsOn=dependencies("b")),
        job("b", dependsOn=dependencies("c")),
        job("c", dependsOn=dependencies("a")),
    ]
}
DANGLING = {"jobs": [job("load"), job("train", dependsOn=dependencies("laod"))]}
HOSTILE = {
    "not JSON": ("jobs] one", 1, "", "double quotes"),
    "YAML with a step that is none": ("jobs: [one]", 1, "/jobs/0", "object"),
    "a shell line": ("aws batch\n  submit-jab {]", 1, "", ""),
    "two megabytes": (text(job(parameters={"a": "x" * 2_000_000})), 1, "", "MiB"),
    "a depth of 200": ('{"jobName": ' + "[" * 200 + "]" * 200 + "}", 1, "", "32"),
    "a key that is there twice": (
        '{"jobName": "a",\n "jobQueue": "cpu",\n "jobName": "b"}',
        3,
        "/jobName",
        "jobName",
    ),
    "a wrong type": (text(job(arrayProperties={"size": [2]})), 6, "/arrayProperties/size", "number"),
    "an unknown field": (text(job(jobQueu="cpu")), 5, "/jobQueu", "jobQueue"),
    "an unknown queue": (text(job(jobQueue="cpuu")), 3, "/jobQueue", "Did you mean “cpu”?"),
    "an unknown definition": (text(job(jobDefinition="helo")), 4, "/jobDefinition", "Did you mean “hello”?"),
    "a circle": (text(CIRCLE), None, "/jobs/", "a → "),
    "a name that leads nowhere": (text(DANGLING), 14, "/jobs/1/dependsOn/0/jobId", "load"),
    "a name used twice": (text({"jobs": [job("a"), job("a")]}), None, "/jobs/1/jobName", "a"),
    "a bad array": (text(job(arrayProperties={"size": 1})), None, "/arrayProperties/size", "2"),
    "a foreign job": (
        text(job(dependsOn=[{"jobId": "11111111-1111-4111-8111-111111111111"}])),
        None,
        "/dependsOn/0/jobId",
        "no job",
    ),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_mistake_is_told_at_its_place_and_nothing_is_submitted(what: str, research: Research, signed_in: SignIn):
    written, line, pointer, told = HOSTILE[what]
    before = Submission.objects.count(), Job.objects.count(), Revision.objects.count()

    answer = signed_in(research.analyst.user).post(reverse("write", args=["research"]), {"text": written})

    page = html.unescape(answer.content.decode())
    assert answer.status_code == 422
    findings = re.findall(r'<li class="problem problem-error">(.*?)</li>', page, re.DOTALL)
    assert findings, page[:500]
    assert any(told in finding and pointer in finding for finding in findings), findings
    if line is not None:
        assert any(f'data-line="{line}"' in finding for finding in findings), findings
    assert (Submission.objects.count(), Job.objects.count(), Revision.objects.count()) == before
