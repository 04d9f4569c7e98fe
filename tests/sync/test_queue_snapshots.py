"""The front of a queue as read from AWS."""

from typing import Any

import pytest

from jobs.aws.errors import MalformedResponseError, RejectedError
from jobs.models import QueueSnapshot
from jobs.sync.queue_snapshots import read_snapshot
from tests import http_wire, make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

ARN = "arn:aws:batch:us-west-2:123456789012:job/"


def front(*ids: str) -> dict[str, Any]:
    jobs = [{"jobArn": f"{ARN}{job_id}", "earliestTimeAtPosition": 1} for job_id in ids]
    return {"frontOfQueue": {"jobs": jobs, "lastUpdatedAt": 2}}


def test_the_jobs_at_the_front_are_kept_in_their_order() -> None:
    with http_wire.wire(http_wire.reply(200, front("b", "a:7"))) as aws:
        queue = make.queue(name="cpu", of=make.account(endpoint_url=aws.url), arn="arn:queue")
        QueueSnapshot.objects.create(queue=queue, error="Denied.")
        read_snapshot(queue)
    snapshot = QueueSnapshot.objects.get()

    assert (snapshot.job_ids, snapshot.error) == (["b", "a:7"], "")
    assert [snapshot.position(job_id) for job_id in ("b", "a", "c", None)] == [1, 2, None, None]
    assert aws.paths() == ["/v1/getjobqueuesnapshot"]
    assert aws.requests[0][1] == {"jobQueue": "arn:queue"}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (http_wire.reply(403, {"message": "No."}, "AccessDeniedException"), RejectedError),
        (http_wire.reply(200, {"frontOfQueue": {"jobs": [{"jobArn": 5}]}}), MalformedResponseError),
    ],
)
def test_an_answer_that_can_not_be_read_leaves_the_last_places(answer: Any, error: type[Exception]) -> None:
    with http_wire.wire(answer) as aws:
        queue = make.queue(name="cpu", of=make.account(endpoint_url=aws.url))
        QueueSnapshot.objects.create(queue=queue, job_ids=["a"])
        with pytest.raises(error):
            read_snapshot(queue)
    snapshot = QueueSnapshot.objects.get()

    assert snapshot.job_ids == ["a"]
    assert snapshot.error


def test_an_empty_queue_has_an_empty_front() -> None:
    with http_wire.wire(http_wire.reply(200, {})) as aws:
        queue = make.queue(name="cpu", of=make.account(endpoint_url=aws.url))
        QueueSnapshot.objects.create(queue=queue, job_ids=["a"])
        read_snapshot(queue)

    assert QueueSnapshot.objects.get().job_ids == []
