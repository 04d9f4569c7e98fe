"""Approval thresholds hold for the worst case: whatever ran before, however it is split, however many ask at once."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from django.db import connection
from django.db.models import Sum
from django.test import Client
from django.utils.timezone import now

from jobs import actions
from jobs.access import Member
from jobs.actions.daily_usage import daily_usage
from jobs.models import Approval, Job, QueueGrant, Rate, Role, Submission
from jobs.policy.approval import DailyUsage
from jobs.pricing.metering import charge
from tests import make
from tests.api.conftest import Program, token
from tests.live_db import database_for_threads

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

HOUR = 3600
JOB = {"jobName": "one", "jobQueue": "cpu", "jobDefinition": "hello"}


class Research:
    """A team that requires approval above $100. A run of `hello` costs a dollar an hour and has one vCPU."""

    def __init__(self, **fields: Any) -> None:
        self.team = make.team("research", name="Research", **{"approval_usd": 100, **fields})
        self.analyst = make.member(self.team, who=make.user("ana"))
        self.lead = make.member(self.team, Role.LEAD, make.user("lead"))
        self.queue = make.queue("cpu", teams=(self.team,))
        make.revision("hello", of=self.team, where=self.queue.account)
        Rate.objects.all().delete()
        for resource, usd in (("vcpu", 1), ("memory", 0), ("gpu", 0)):
            Rate.objects.create(platform="EC2", resource=resource, usd_per_hour=usd, valid_from="2020-01-01")

    def define(self, name: str, **fields: Any) -> None:
        document = make.document(name, **fields)
        make.revision(name, of=self.team, where=self.queue.account, document=document)

    def submit(self, document: Any = JOB, who: Member | None = None, source: str = "json") -> Submission:
        return actions.submit(json.dumps(document), who or self.analyst, source=source)

    def waits(self, document: Any = JOB, who: Member | None = None) -> list[str]:
        """Submit it, and return by which rules it waits."""
        request = self.submit(document, who).approval_or_none
        return [reason["rule"] for reason in request.reasons] if request else []


@pytest.fixture
def research():
    return Research()


def job_of_hours(hours: float, **fields: Any) -> dict[str, Any]:
    """A job with a time limit."""
    return {**JOB, "timeout": {"attemptDurationSeconds": int(hours * HOUR)}, **fields}


def end(job: Job, seconds: float, at: datetime | None = None) -> None:
    """Let a job succeed after so many seconds, and charge it."""
    at = at or now()
    times = {"started_at": at - timedelta(seconds=seconds), "stopped_at": at, "ended_at": at}
    Job.objects.filter(pk=job.pk).update(
        delivery="SENT", state="SUCCEEDED", batch_id=f"id-{job.pk}", submitted_at=at, **times
    )
    job.refresh_from_db()
    charge(job)


# -- The worst case


WHERE = ("definition", "submission", "both", "team", "nowhere")


FAST_CASES = [
    ("definition", 10, 0, 1),
    ("submission", 10, 5, 1),
    ("both", 1, 0, 3),
    ("team", 1, 5, 1),
    ("nowhere", 1, 0, 1),
]
CASES = [*product(WHERE, (1, 10), (0, 5), (1, 3)), *product(("submission",), range(2, 10), (0,), (1,))]


@pytest.mark.parametrize(
    ("where", "attempts", "size", "steps"),
    [case if case in FAST_CASES else pytest.param(*case, marks=pytest.mark.long) for case in CASES],
)
def test_what_is_compared_is_limit_times_attempts_times_runs_wherever_they_stand(where, attempts, size, steps):
    of_team = {"default_time_limit_seconds": 2 * HOUR} if where == "team" else {}
    research = Research(**of_team)
    limit, longer = ({"timeout": {"attemptDurationSeconds": hours * HOUR}} for hours in (2, 9))
    retries = {"retryStrategy": {"attempts": attempts}}
    research.define("hello", **({"both": longer, "definition": limit}.get(where, {})), **retries)
    step = {**JOB, **(limit if where in ("submission", "both") else {})}
    if size:
        step["arrayProperties"] = {"size": size}
    several = {"jobs": [{**step, "jobName": f"step-{number}"} for number in range(steps)]}
    document = step if steps == 1 else several
    dollars = 2 * attempts * max(1, size) * steps

    research.team.__class__.objects.update(approval_usd=dollars)
    at = research.submit(document)
    Job.objects.all().delete()
    research.team.__class__.objects.update(approval_usd=dollars - Decimal("0.01"))
    below = research.submit(document)
    if where == "nowhere":
        assert [reason["rule"] for reason in at.approval_or_none.reasons] == ["approval.price-unknown"]
        assert at.estimate["at_most"] == {"usd": None, "vcpu_hours": None}
    else:
        assert at.approval_or_none is None
        assert [reason["rule"] for reason in below.approval_or_none.reasons] == ["approval.price"]
        assert below.estimate["at_most"] == {"usd": str(dollars), "vcpu_hours": str(dollars)}
        assert below.jobs.aggregate(sum=Sum("at_most_usd"))["sum"] == dollars


@pytest.mark.parametrize("timeout", [{}, None], ids=["empty", "absent"])
def test_an_empty_timeout_is_none_and_is_not_sent(research, timeout):
    document = JOB if timeout is None else {**JOB, "timeout": timeout}
    assert research.waits(document) == ["approval.price-unknown"]

    research.define("limited", timeout={"attemptDurationSeconds": HOUR})
    submission = research.submit({**document, "jobDefinition": "limited"})
    assert submission.estimate["at_most"]["usd"] == "1"
    assert "timeout" not in submission.jobs.get().document


def test_retries_are_not_free(research):
    # Four vCPU, two hours and ten attempts: $8 an attempt.
    large = {"resourceRequirements": [{"type": "VCPU", "value": "4"}, {"type": "MEMORY", "value": "512"}]}
    research.define("large", containerProperties={**make.document()["containerProperties"], **large})
    retried = job_of_hours(2, jobDefinition="large", retryStrategy={"attempts": 10})
    research.team.__class__.objects.update(approval_usd=50)

    assert research.submit(retried).approval_or_none.reasons == [
        {
            "rule": "approval.price",
            "message": "The maximum cost is $80.00. Research requires approval above $50.00.",
        }
    ]


@pytest.mark.parametrize("array", [True, False])
def test_a_cheap_rehearsal_changes_nothing(research, array):
    dear = job_of_hours(11, jobName="dear", retryStrategy={"attempts": 10})
    if array:
        dear["arrayProperties"] = {"size": 10}
    assert research.waits(dear) == ["approval.price"]
    for _ in range(3):  # fewer are no estimate
        rehearsal = research.submit({**job_of_hours(1), "containerOverrides": {"command": ["true"]}})
        end(rehearsal.jobs.get(), 1)

    assert research.waits(dear) == ["approval.price"]
    verdict = actions.validate(json.dumps(dear), research.analyst)
    estimate = verdict.estimate.cost
    assert estimate.expected.usd < 1
    assert estimate.at_most.usd == 110 * (10 if array else 1)


@pytest.mark.long
def test_hours_gpus_and_arrays_have_their_worst_case_too(research):
    research.team.__class__.objects.update(
        approval_usd=None, approval_vcpu_hours=10, approval_gpus=0, approval_array_size=1
    )
    two_gpus = {"resourceRequirements": [{"type": "GPU", "value": "2"}]}

    assert research.waits(job_of_hours(6, retryStrategy={"attempts": 2})) == ["approval.vcpu-hours"]
    assert research.waits(JOB) == ["approval.vcpu-hours-unknown"]
    assert research.waits(job_of_hours(1, containerOverrides=two_gpus)) == ["approval.gpus"]
    assert research.waits(job_of_hours(1, arrayProperties={"size": 2})) == ["approval.array-size"]


# -- The team's default


def test_the_teams_default_limit_is_filled_in_said_and_sent():
    research = Research(default_time_limit_seconds=24 * HOUR)
    steps = [{**JOB, "jobName": name} for name in ("a", "b")]
    own = job_of_hours(1, jobName="c")
    submission = research.submit({"jobs": [*steps, own]})

    limits = [job.document["timeout"]["attemptDurationSeconds"] for job in submission.jobs.order_by("position")]
    assert limits == [24 * HOUR, 24 * HOUR, HOUR]
    assert submission.notes == [
        {
            "pointer": "/jobs/0/timeout/attemptDurationSeconds",
            "message": "The time limit was set to 1 d by Research (2 jobs)",
            "severity": "change",
            "by": "team",
        }
    ]
    assert submission.estimate["at_most"]["usd"] == "49"


def test_a_definitions_own_limit_counts_and_nothing_is_filled_in():
    research = Research(default_time_limit_seconds=24 * HOUR)
    research.define("limited", timeout={"attemptDurationSeconds": HOUR})
    submission = research.submit({**JOB, "jobDefinition": "limited"})

    assert submission.notes == []
    assert "timeout" not in submission.jobs.get().document
    assert submission.estimate["at_most"]["usd"] == "1"


def test_where_the_queue_allows_less_that_is_filled_in():
    research = Research(default_time_limit_seconds=24 * HOUR)
    QueueGrant.objects.update(max_run_seconds=2 * HOUR)
    job = research.submit().jobs.get()

    assert job.document["timeout"] == {"attemptDurationSeconds": 2 * HOUR}


@pytest.mark.parametrize("kind", ["multinode", "eks"])
def test_it_is_filled_in_for_every_kind_of_job(kind):
    research = Research(default_time_limit_seconds=24 * HOUR)
    container = {
        "image": "busybox",
        "resourceRequirements": make.document()["containerProperties"]["resourceRequirements"],
    }
    nodes = {"targetNodes": "0:1", "container": container}
    pod = {"containers": [{"image": "busybox", "resources": {"limits": {"cpu": "1", "memory": "512Mi"}}}]}
    document = {
        "multinode": {
            "type": "multinode",
            "nodeProperties": {"numNodes": 2, "mainNode": 0, "nodeRangeProperties": [nodes]},
        },
        "eks": {"type": "container", "eksProperties": {"podProperties": pod}},
    }[kind]
    make.revision(
        "other", of=research.team, where=research.queue.account, document={"jobDefinitionName": "other", **document}
    )
    verdict = actions.validate(json.dumps({**JOB, "jobDefinition": "other"}), research.analyst)

    assert verdict.parse_result.document["timeout"] == {"attemptDurationSeconds": 24 * HOUR}


# -- A person's day


def test_a_hundred_jobs_of_99_dollars_do_not_pass_a_limit_of_100(research):
    answers = [research.waits(job_of_hours(99)) for _ in range(3)]

    assert answers == [[], ["approval.price-of-day"], ["approval.price-of-day"]]
    message = Approval.objects.first().reasons[0]["message"]
    assert message == (
        "With ana's other jobs today ($99.00), the maximum cost is $198.00. "
        "Research requires approval above $100.00 per person and day."
    )


@pytest.mark.long
@pytest.mark.parametrize("delivery", ["ACCEPTED", "SENDING", "HELD", "SENT"])
def test_a_job_counts_with_its_ceiling_until_it_has_ended(research, delivery):
    submission = research.submit(job_of_hours(60))
    sent = {"batch_id": "x", "state": "RUNNABLE"} if delivery == "SENT" else {}
    Job.objects.update(delivery=delivery, accepted_at=now() - timedelta(days=9), **sent)

    assert research.waits(job_of_hours(41)) == ["approval.price-of-day"]
    assert research.waits(job_of_hours(40)) == []
    assert submission.approval_or_none is None


@pytest.mark.long
def test_what_ended_today_counts_with_what_it_cost(research):
    end(research.submit(job_of_hours(90)).jobs.get(), 30 * HOUR)

    assert research.waits(job_of_hours(70.5)) == ["approval.price-of-day"]
    assert research.waits(job_of_hours(70)) == []


def test_the_day_is_that_of_utc_and_what_ended_before_it_counts_no_more(research):
    job = research.submit(job_of_hours(90)).jobs.get()
    midnight = now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    end(job, 30 * HOUR, midnight)
    assert daily_usage(research.analyst.user, research.team, now()).usd == 30
    Job.objects.update(ended_at=midnight - timedelta(seconds=1))

    assert daily_usage(research.analyst.user, research.team, now()) == DailyUsage()


def test_until_it_is_charged_or_if_its_end_was_never_seen_a_job_keeps_its_ceiling(research):
    job = research.submit(job_of_hours(90)).jobs.get()
    Job.objects.update(delivery="SENT", batch_id="x", state="SUCCEEDED", ended_at=now())
    assert daily_usage(research.analyst.user, research.team, now()).usd == 90
    Job.objects.update(state="LOST", charged_at=now())
    assert daily_usage(research.analyst.user, research.team, now()).usd == 90
    Job.objects.update(state="SUCCEEDED")

    assert daily_usage(research.analyst.user, research.team, now()).usd == 0
    assert job.at_most_usd == 90


@pytest.mark.parametrize("delivery", ["REFUSED", "WITHDRAWN", "DECLINED", "AWAITING"])
def test_what_is_not_sent_counts_nothing(research, delivery):
    research.submit(job_of_hours(90))
    Job.objects.update(delivery=delivery, ended_at=None if delivery == "AWAITING" else now())

    assert research.waits(job_of_hours(99)) == []


@pytest.mark.long
def test_what_went_through_an_approval_does_not_count_neither_active_nor_ended(research):
    approved = [research.submit(job_of_hours(200)) for _ in range(2)]
    assert research.waits(job_of_hours(50)) == [], "what waits does not count"
    for submission in approved:
        actions.approve(submission.approval_or_none, research.lead, 1)
    end(approved[1].jobs.get(), 150 * HOUR)

    assert research.waits(job_of_hours(50)) == []
    assert research.waits(job_of_hours(1)) == ["approval.price-of-day"]


@pytest.mark.long
def test_another_persons_jobs_and_those_in_another_team_do_not_count(research):
    other = make.team("other", name="Other", approval_usd=100)
    other_queue = make.queue("cpu", teams=(other,), of=make.account(number="999999999999"))
    make.revision("hello", of=other, where=other_queue.account)
    there = make.member(other, who=research.analyst.user)
    assert research.waits(job_of_hours(99)) == []

    assert research.waits(job_of_hours(99), research.lead) == []
    assert research.waits(job_of_hours(99), there) == []
    assert research.waits(job_of_hours(2), there) == ["approval.price-of-day"]


def test_jobs_whose_ceiling_is_unknown_ask_for_approval_of_the_next(research):
    research.team.__class__.objects.update(approval_usd=None)
    research.submit(JOB)
    research.team.__class__.objects.update(approval_usd=100)

    assert research.waits(job_of_hours(1)) == ["approval.price-of-day"]


@pytest.mark.long
def test_each_threshold_counts_for_the_day(research):
    research.team.__class__.objects.update(
        approval_usd=None, approval_vcpu_hours=10, approval_gpus=2, approval_array_size=5
    )
    two_gpus = {"resourceRequirements": [{"type": "GPU", "value": "2"}]}
    array = {"arrayProperties": {"size": 3}}
    for document, rule in (
        (job_of_hours(6), "approval.vcpu-hours-of-day"),
        (job_of_hours(1, containerOverrides=two_gpus), "approval.gpus-of-day"),
        (job_of_hours(1, **array), "approval.array-size-of-day"),
    ):
        Job.objects.all().delete()
        assert [research.waits(document) for _ in range(2)] == [[], [rule]], rule


def test_gpus_of_what_ended_are_free_and_its_hours_and_array_jobs_are_not(research):
    two_gpus = {"resourceRequirements": [{"type": "GPU", "value": "2"}]}
    job = research.submit(job_of_hours(4, containerOverrides=two_gpus)).jobs.get()
    end(job, 2 * HOUR)
    array = research.submit(job_of_hours(1, arrayProperties={"size": 3})).jobs.get()
    Job.objects.filter(pk=array.pk).update(
        delivery="SENT", batch_id="y", state="SUCCEEDED", ended_at=now(), charged_at=now()
    )

    today = daily_usage(research.analyst.user, research.team, now())
    assert (today.vcpu_hours, today.gpus, today.array_jobs) == (Decimal(2), 0, 3)


def test_ceilings_beyond_all_measure_add_up_all_the_same(research):
    submission = make.submission(research.analyst, research.queue.account)
    for _ in range(2):
        make.job(submission, state="RUNNING", at_most_usd=Decimal("6E14"), at_most_vcpu_hours=Decimal("6E14"))

    assert daily_usage(research.analyst.user, research.team, now()).usd == Decimal("12E14")
    assert research.waits(job_of_hours(1)) == ["approval.price-of-day"]


# -- Every path


@pytest.mark.long
def test_tokens_pages_workflows_and_arrays_share_the_day_of_their_person(research, client):
    """A hundred dollars: 40 by one token, 30 by a workflow on a page; 40 by another token are too many."""
    client.force_login(research.analyst.user)
    two_steps = {"jobs": [job_of_hours(15, jobName=name) for name in ("a", "b")]}
    array = job_of_hours(20, arrayProperties={"size": 2})

    def by_token(document: Any) -> Any:
        program = Program(Client(), token(research.analyst))
        return program.post("/submissions", document).json()["approval"]

    assert by_token(job_of_hours(40)) is None
    page = client.post("/teams/research/new/", {"text": json.dumps(two_steps)})
    assert page.status_code == 302, page.text
    assert Job.objects.filter(delivery="ACCEPTED").count() == 3
    asked = by_token(array)
    assert asked["state"] == "waiting"
    assert "With ana's other jobs today ($70.00), the maximum cost is $110.00." in asked["reasons"][0]
    assert by_token(job_of_hours(30)) is None
    assert by_token(job_of_hours(1)) is not None


def test_running_again_goes_through_the_same_rule(research):
    research.submit(job_of_hours(99))

    assert research.submit(job_of_hours(99), source="rerun").approval_or_none


@pytest.mark.long
def test_an_edit_is_weighed_by_its_worst_case_and_by_the_day_of_who_asked(research):
    research.submit(job_of_hours(99))
    request = research.submit(job_of_hours(30)).approval_or_none
    second = make.member(research.team, Role.LEAD, make.user("second"))
    verdict, raises = actions.preview_edit(request, research.lead, json.dumps(job_of_hours(40)))
    assert [reason.rule for reason in verdict.approval_reasons] == ["approval.price-of-day"]
    assert [reason.rule for reason in raises] == ["edit.price", "edit.time-limit"]
    assert raises[0].message == "The maximum cost increased from $30.00 to $40.00."

    assert not actions.edit_request(request, research.lead, 1, json.dumps(job_of_hours(40)))
    job = request.submission.jobs.get()
    request.refresh_from_db()
    assert (job.at_most_usd, request.forecast["at_most"]["usd"]) == (40, "40")
    assert Submission.objects.get(pk=request.submission_id).estimate["at_most"]["usd"] == "40"
    actions.approve(request, second, 2)


@pytest.mark.long
def test_an_edit_that_adds_attempts_costs_more_whatever_ran_before(research):
    end(research.submit(job_of_hours(1)).jobs.get(), 1)
    request = research.submit(job_of_hours(200)).approval_or_none
    retried = job_of_hours(200, retryStrategy={"attempts": 2})
    _, raises = actions.preview_edit(request, research.lead, json.dumps(retried))

    assert [reason.rule for reason in raises] == ["edit.price", "edit.attempts"]


# -- Costs of the rule itself


@pytest.mark.long
@pytest.mark.parametrize("jobs", [1, 40])
def test_the_day_is_read_in_one_query_however_much_there_is(research, jobs, django_assert_num_queries):
    submission = make.submission(research.analyst, research.queue.account)
    for number in range(jobs):
        state = "SUCCEEDED" if number % 2 else "RUNNING"
        made = make.job(submission, state=state, at_most_usd=2, at_most_vcpu_hours=3)
        if number % 2:
            Job.objects.filter(pk=made.pk).update(ended_at=now())
    with django_assert_num_queries(1):
        used = daily_usage(research.analyst.user, research.team, now())

    assert (used.usd, used.vcpu_hours) == (2 * jobs, 3 * jobs)


@pytest.mark.long
@pytest.mark.postgres_itself
@pytest.mark.django_db(transaction=True)
def test_of_twenty_who_submit_at_once_with_one_name_as_many_pass_as_the_limit_takes(tmp_path):
    research = Research()

    def submit_in_a_thread(_: int) -> bool:
        try:
            return research.submit(job_of_hours(30)).approval_or_none is None
        finally:
            connection.close()

    with database_for_threads(tmp_path), ThreadPoolExecutor(20) as people:
        passed = list(people.map(submit_in_a_thread, range(20)))

    assert passed.count(True) == 3
    assert Job.objects.filter(delivery="AWAITING").count() == 17


def test_no_number_of_gpus_is_too_large_for_the_sum(research):
    job = research.submit(job_of_hours(1)).jobs.get()
    Job.objects.filter(pk=job.pk).update(gpus=2**31 - 1, array_size=10_000)

    assert daily_usage(research.analyst.user, research.team, now()).gpus == (2**31 - 1) * 10_000
