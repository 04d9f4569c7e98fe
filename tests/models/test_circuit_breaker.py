from datetime import UTC, datetime, timedelta

from jobs.models.circuit_breaker import FIRST_PAUSE, MAX_PAUSE, CircuitBreaker

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
CLOSED = CircuitBreaker()


def failed(breaker: CircuitBreaker, count: int = 1, *, timed_out: bool = False, at: datetime = NOON):
    return breaker.after_failures(count, "HTTP 500", at, timed_out=timed_out)


def test_two_failures_in_a_row_leave_it_closed_and_the_third_opens_it():
    twice = failed(failed(CLOSED))
    breaker = failed(twice)

    assert (twice.is_open, twice.may_probe(NOON)) == (False, False)
    assert breaker == CircuitBreaker(3, NOON, NOON + FIRST_PAUSE, "HTTP 500")


def test_failures_of_one_task_count_each():
    assert failed(CLOSED, 3).is_open


def test_one_call_without_an_answer_in_time_opens_it():
    assert failed(CLOSED, timed_out=True).is_open


def test_calls_that_were_under_way_when_it_opened_change_nothing():
    breaker = failed(CLOSED, timed_out=True)

    assert failed(breaker, timed_out=True, at=NOON + timedelta(seconds=4)) == breaker


def test_it_is_time_for_a_question_when_the_pause_is_over():
    breaker = failed(CLOSED, timed_out=True)

    assert not breaker.may_probe(NOON + FIRST_PAUSE - timedelta(seconds=1))
    assert breaker.may_probe(NOON + FIRST_PAUSE)


def test_while_it_is_shut_there_is_nothing_to_ask():
    assert not CLOSED.may_probe(NOON)


def test_while_one_asks_nobody_else_does():
    asking = failed(CLOSED, timed_out=True).with_probe_started(NOON + FIRST_PAUSE)

    assert asking.is_open
    assert not asking.may_probe(NOON + FIRST_PAUSE)


def test_each_question_without_an_answer_doubles_the_pause_up_to_half_a_minute():
    breaker, pauses = failed(CLOSED, timed_out=True), []
    for _ in range(20):
        breaker = breaker.after_failed_probe("no answer", NOON)
        pauses.append((breaker.retry_at - NOON).total_seconds())

    assert pauses[:4] == [10, 20, 30, 30]
    assert pauses[-1] == MAX_PAUSE.total_seconds()
    assert breaker.opened_at == NOON
