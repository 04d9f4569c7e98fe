"""Pages that only show write nothing, but for a hint to the poller once in ten seconds."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now

from jobs.actions import poll_hint
from jobs.models import Job, Membership, Role
from tests import make
from tests.web.conftest import Research, SignIn

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

WRITE = re.compile(r"\s*(INSERT|UPDATE|DELETE|REPLACE)\b", re.IGNORECASE)
LATER = timedelta(seconds=11)


def writes(get: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as queries:
        answer = get()
    assert answer.status_code in (200, 204, 302)
    return sum(bool(WRITE.match(query["sql"])) for query in queries)


@pytest.fixture
def browser(research: Research, signed_in: SignIn) -> Client:
    Membership.objects.filter(user=research.analyst.user).update(role=Role.LEAD)
    browser = signed_in(research.analyst.user)
    browser.get(reverse("home"))  # the session's last use is written once a minute
    return browser


def running(research: Research, **fields: Any) -> Job:
    return make.job(
        research.submission, state="RUNNING", position=7, next_poll_at=now() + timedelta(minutes=3), **fields
    )


@pytest.mark.parametrize("name", ["job", "array", "children", "submission", "team_home"])
def test_a_live_page_writes_once_in_ten_seconds_however_often_it_is_fetched(
    browser: Client, research: Research, name: str
) -> None:
    is_array = name in ("array", "children")
    job = running(research, array_size=3 if is_array else None)
    addresses = {
        "job": job.get_absolute_url(),
        "array": job.get_absolute_url(),
        "children": reverse("job_children", args=[job.text_id]),
        "submission": job.submission.get_absolute_url(),
        "team_home": reverse("team_home", args=[research.team.slug]),
    }

    def get() -> Any:
        return browser.get(addresses[name], {"part": "live"})

    once = 2 if name == "array" else 1  # the poll of the job, and its children
    assert (writes(get), writes(get), writes(get)) == (once, 0, 0)
    Job.objects.update(viewed_at=now() - LATER, children_requested_at=now() - LATER)
    assert (writes(get), writes(get)) == (once, 0)


def test_the_api_writes_one_hint_for_a_submission_however_many_jobs_it_has(research: Research) -> None:
    for position in range(5):
        make.job(research.submission, state="RUNNING", position=position + 7)

    def hint() -> int:
        with CaptureQueriesContext(connection) as queries:
            poll_hint.hint_submission_poll(research.submission)
        return sum(bool(WRITE.match(query["sql"])) for query in queries)

    assert (hint(), hint()) == (1, 0)
    Job.objects.filter(pk__in=research.submission.jobs.all()[:2]).update(viewed_at=now() - LATER)
    assert (hint(), hint()) == (1, 0)


def test_only_far_polls_of_jobs_that_aws_has_are_brought_forward(research: Research) -> None:
    moment = now()
    far, soon = moment + timedelta(minutes=3), moment + timedelta(seconds=5)
    jobs = {
        "far": make.job(research.submission, state="RUNNABLE", position=7, next_poll_at=far),
        "soon": make.job(research.submission, state="RUNNABLE", position=8, next_poll_at=soon),
        "unsent": make.job(research.submission, position=9, next_poll_at=far),
        "just seen": make.job(research.submission, state="RUNNABLE", position=10, next_poll_at=far, viewed_at=moment),
        "never": make.job(research.submission, state="RUNNABLE", position=11, next_poll_at=None),
    }
    for hint in (
        lambda: poll_hint.hint_poll(jobs.values()),
        lambda: poll_hint.hint_submission_poll(research.submission),
    ):
        Job.objects.exclude(pk=jobs["just seen"].pk).update(viewed_at=None)
        Job.objects.filter(pk=jobs["far"].pk).update(next_poll_at=far)
        hint()
        kept = {name: Job.objects.get(pk=job.pk).next_poll_at for name, job in jobs.items()}
        assert kept.pop("far") < moment + timedelta(seconds=5)
        assert kept == {"soon": soon, "unsent": far, "just seen": far, "never": None}


@pytest.mark.parametrize(
    "name",
    [
        "home",
        "team_home",
        "jobs",
        "jobs_csv",
        "workflows",
        "costs",
        "definitions",
        "queues",
        "members",
        "tokens",
        "audit",
        "approvals",
        "drafts",
        "job_form",
        "definition_form",
        "write",
        "rights",
        "cli",
        "job",
        "receipt",
        "submission",
        "definition",
        "difference",
        "sessions",
    ],
)
def test_the_second_view_of_a_page_writes_nothing(browser: Client, research: Research, name: str) -> None:
    arguments = {
        **dict.fromkeys(("home", "rights", "cli", "sessions"), ()),
        **dict.fromkeys(("job", "receipt"), (research.job.text_id,)),
        "submission": (research.submission.text_id,),
        **dict.fromkeys(("definition", "difference"), (research.definition.text_id,)),
    }
    address = reverse(name, args=arguments.get(name, (research.team.slug,)))

    browser.get(address)
    assert writes(lambda: browser.get(address)) == 0
