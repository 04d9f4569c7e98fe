"""Benchmarks of pages: the same page with much content against little."""

from collections.abc import Iterator
from functools import partial

from django.test import Client

from bench.measure import Comparison, compare
from jobs.access import Member
from jobs.models import Submission
from jobs.states import State
from tests import make


def comparisons() -> Iterator[Comparison]:
    member = make.member()
    client = Client()
    client.force_login(member.user)
    many, few = (_submission_of(count, member).get_absolute_url() for count in (60, 3))
    yield compare("submission page, 60 jobs", partial(_page, client, many), "3 jobs", partial(_page, client, few))
    for number in range(60):
        make.submission(member, name=f"submission-{number}")
    home, sign_in = member.team.get_absolute_url(), "/sign-in/"
    yield compare("a team's submissions", partial(_page, client, home), "sign-in", partial(_page, Client(), sign_in))


def _submission_of(count: int, member: Member) -> Submission:
    submission = make.submission(member)
    for _ in range(count):
        make.job(submission, state=State.SUCCEEDED)
    return submission


def _page(client: Client, address: str) -> object:
    answer = client.get(address)
    if answer.status_code != 200:
        raise RuntimeError(f"{address} answered {answer.status_code}.")
    return answer
