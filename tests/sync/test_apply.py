import pytest

from jobs.aws.batch import AttemptObservation, Observation
from jobs.models import Job
from jobs.states import Delivery
from jobs.sync.apply import apply, mark_lost
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


def observation(job: Job, state: str, **fields) -> Observation:
    return Observation(batch_id=job.batch_id or "", state=state, raw={"status": state}, **fields)


def apply_states(job: Job, *states: str) -> list[bool]:
    return [apply(Job.objects.get(pk=job.pk), observation(job, state), source="poll") for state in states]


def states_of(job: Job) -> list[str]:
    return list(job.history.values_list("state", flat=True))


def test_late_and_repeated_news_changes_nothing():
    job = make.job(batch_id="j-1")

    assert apply_states(job, "RUNNABLE", "RUNNING", "RUNNABLE", "RUNNING") == [True, True, False, False]
    assert states_of(job) == ["RUNNABLE", "RUNNING"]


def test_nothing_leaves_an_end():
    job = make.job(batch_id="j-1")

    assert apply_states(job, "SUCCEEDED", "FAILED", "RUNNING") == [True, False, False]
    assert Job.objects.get(pk=job.pk).state == "SUCCEEDED"


def test_what_has_ended_is_not_lost_afterwards():
    job = make.job(batch_id="j-1", state="SUCCEEDED")

    assert not mark_lost(job, source="poll")
    assert Job.objects.get(pk=job.pk).state == "SUCCEEDED"


@pytest.mark.parametrize("delivery", [Delivery.ACCEPTED, Delivery.SENDING, Delivery.WITHDRAWN])
def test_there_is_no_news_of_a_job_that_was_not_sent(delivery):
    job = make.job(delivery=delivery)

    assert apply_states(job, "RUNNING") == [False]
    assert Job.objects.get(pk=job.pk).state == ""


def test_a_retry_goes_back_to_runnable_because_an_attempt_has_finished():
    job = make.job(batch_id="j-1")
    apply_states(job, "RUNNING")
    attempt = AttemptObservation(None, None, 1, "", "Essential container in task exited", "stream-1")

    assert apply(
        Job.objects.get(pk=job.pk),
        observation(job, "RUNNABLE", finished_attempts=1, attempts=(attempt,)),
        source="poll",
    )
    again = Job.objects.get(pk=job.pk)
    assert (again.state, again.finished_attempts) == ("RUNNABLE", 1)
    assert again.attempts[0]["log_stream"] == "stream-1"
    assert apply_states(job, "RUNNING") == [False]  # older: no attempt had finished by then


def test_a_job_that_someone_stopped_is_called_stopped():
    job = make.job(batch_id="j-1")

    apply(job, observation(job, "FAILED", stopped_by_request=True), source="poll")

    assert Job.objects.get(pk=job.pk).state == "STOPPED"


def test_two_observers_with_the_same_news_write_it_once():
    job = make.job(batch_id="j-1")
    first, second = Job.objects.get(pk=job.pk), Job.objects.get(pk=job.pk)

    assert [apply(copy, observation(job, "RUNNING"), source="poll") for copy in (first, second)] == [True, False]
    assert states_of(job) == ["RUNNING"]


def test_a_word_that_aws_invents_tomorrow_does_not_end_a_job():
    job = make.job(batch_id="j-1")

    assert apply_states(job, "SCHEDULED") == [False]
    assert apply_states(job, "RUNNING") == [True]


def test_what_is_learned_meanwhile_is_kept_without_calling_it_a_change():
    job = make.job(batch_id="j-1", state="RUNNING")

    assert not apply(job, observation(job, "RUNNING", log_stream="hello/default/1"), source="poll")
    again = Job.objects.get(pk=job.pk)
    assert again.log_stream == "hello/default/1"
    assert again.delivery == Delivery.SENT


def test_a_reason_counts_from_its_first_observation_in_the_same_state():
    job = make.job(batch_id="j-1")

    def since(state: str, reason: str, number: int):
        raw = {"status": state, "number": number}
        apply(Job.objects.get(pk=job.pk), Observation(batch_id="j-1", state=state, status_reason=reason, raw=raw),
              source="poll")  # fmt: skip
        return Job.objects.get(pk=job.pk).reason_since

    first = since("RUNNABLE", "CAPACITY:x", 1)
    assert first is not None
    assert since("RUNNABLE", "CAPACITY:x", 2) == first
    assert since("RUNNABLE", "CAPACITY:y", 3) > first
    assert since("RUNNABLE", "", 4) is None
    assert since("STARTING", "CAPACITY:x", 5) > first
