"""What changes between the validation of a document and the lock of the team's row is noticed under the lock."""

import importlib
import json
from collections import Counter
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from django.utils.timezone import now

from jobs import actions
from jobs.models import Approval, Budget, ImageGrant, Job, Queue, QueueGrant, Revision, Submission, TagRule, Team
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

submit_module = importlib.import_module("jobs.actions.submit")
revalidate_module = importlib.import_module("jobs.actions.revalidate")

JOB = {"jobName": "train", "jobQueue": "cpu", "jobDefinition": "hello"}


@pytest.fixture
def member() -> Any:
    member = make.member(make.team("research"))
    queue = make.queue("cpu", teams=(member.team,))
    make.revision("hello", where=queue.account, of=member.team)
    return member


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Has something happen after the validation and before the lock."""

    def arrange(change: Callable[[], object]) -> None:
        validate = submit_module.validate

        def validate_and_change(*arguments: Any, **options: Any) -> Any:
            result = validate(*arguments, **options)
            change()
            return result

        monkeypatch.setattr(submit_module, "validate", validate_and_change)

    return arrange


def submit(member: Any, document: Any = JOB, **options: Any) -> Submission:
    return actions.submit(json.dumps(document), member, source="json", **options)


CHANGES: dict[str, tuple[Callable[[], object], str]] = {
    "queue taken away": (lambda: QueueGrant.objects.all().delete(), "portal.unknown-queue"),
    "queue disabled": (lambda: Queue.objects.update(state="DISABLED"), "policy.queue-closed"),
    "limit of the queue": (lambda: QueueGrant.objects.update(max_vcpus=0), "policy.too-many-vcpus"),
    "quota of the queue": (lambda: QueueGrant.objects.update(max_active_jobs=0), "policy.no-room-for-jobs"),
    "image": (lambda: ImageGrant.objects.update(pattern="other/*"), "policy.image-not-granted"),
    "required tag": (lambda: TagRule.objects.create(key="Project", required=True), "policy.tag-missing"),
    "revision": (
        lambda: Revision.objects.update(active=False, deactivated_at=now()),
        "portal.definition-deactivated",
    ),
    "team": (lambda: Team.objects.update(active=False), "policy.team-inactive"),
    "budget": (
        lambda: Budget.objects.create(team=Team.objects.get(), usd=1, stop_percent=100),
        "policy.budget-unknown",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_no_longer_allowed_is_refused_and_nothing_is_stored(name: str, member: Any, meanwhile: Any) -> None:
    change, rule = CHANGES[name]
    meanwhile(change)

    with pytest.raises(actions.ValidationFailedError) as error:
        submit(member)

    assert rule in {problem.rule for problem in error.value.verdict.errors}
    assert not Submission.objects.exists()


def test_room_in_a_quota_that_others_took_is_no_longer_there(member: Any, meanwhile: Any) -> None:
    QueueGrant.objects.update(max_active_jobs=1)
    queue = Queue.objects.get()
    meanwhile(lambda: make.job(make.submission(member, where=queue.account), queue=queue))

    with pytest.raises(actions.ValidationFailedError) as error:
        submit(member)

    assert [problem.rule for problem in error.value.verdict.errors] == ["policy.no-room-for-jobs"]


def test_room_in_a_budget_that_others_took_is_no_longer_there(member: Any, meanwhile: Any) -> None:
    Budget.objects.create(team=member.team, usd=1, stop_percent=100)
    queue = Queue.objects.get()
    meanwhile(lambda: make.job(make.submission(member, where=queue.account), queue=queue, at_most_usd=1))

    with pytest.raises(actions.ValidationFailedError) as error:
        submit(member, {**JOB, "timeout": {"attemptDurationSeconds": 60}})

    assert [problem.rule for problem in error.value.verdict.errors] == ["policy.budget-reached"]
    assert Job.objects.count() == 1


@pytest.mark.parametrize(("before", "after", "waits"), [(None, 0, True), (0, None, False)])
def test_thresholds_for_approval_are_those_under_the_lock(
    before: int | None, after: int | None, waits: bool, member: Any, meanwhile: Any
) -> None:
    member.team.approval_array_size = before
    member.team.save()
    meanwhile(lambda: Team.objects.update(approval_array_size=after, approval_gpus=after))
    array = {**JOB, "arrayProperties": {"size": 2}}

    actions.submit(json.dumps(array), member, source="json")

    assert Approval.objects.exists() is waits
    assert Job.objects.get().delivery == ("AWAITING" if waits else "ACCEPTED")


def test_a_repeat_that_finds_its_quota_used_up_by_the_first_is_that_first(member: Any, meanwhile: Any) -> None:
    QueueGrant.objects.update(max_active_jobs=1)
    first = submit(member, request_key="one")

    assert submit(member, request_key="one") == first


def test_of_two_requests_at_once_with_one_key_only_the_first_is_stored(member: Any, meanwhile: Any) -> None:
    submissions: list[Submission] = []
    once = iter([True])
    meanwhile(lambda: submissions.extend(submit(member, request_key="one") for _ in once))

    assert [submit(member, request_key="one")] == submissions
    assert (Submission.objects.count(), Job.objects.count()) == (1, 1)


def test_of_two_documents_at_once_with_one_key_only_the_first_is_stored(member: Any, meanwhile: Any) -> None:
    once = iter([True])
    meanwhile(lambda: next(once, False) and submit(member, request_key="one"))

    with pytest.raises(actions.IdempotencyConflictError):
        actions.submit(json.dumps({**JOB, "jobName": "other"}), member, source="json", request_key="one")
    assert Submission.objects.get().name == "train"


def test_the_document_is_validated_once_if_nothing_changed(member: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Counter[str]()

    def counting(module: ModuleType, name: str) -> None:
        function = getattr(module, name)

        def count_call(*arguments: Any, **options: Any) -> Any:
            calls[f"{module.__name__}.{name}"] += 1
            return function(*arguments)

        monkeypatch.setattr(module, name, count_call)

    counting(submit_module, "parse")
    counting(submit_module, "validate")
    counting(revalidate_module, "validate")

    submit(member)

    assert calls == {"jobs.actions.submit.parse": 1, "jobs.actions.submit.validate": 1}
