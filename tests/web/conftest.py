"""A team with a queue and a definition, its people, and someone of another team."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.test import Client

from jobs.access import Member
from jobs.models import Account, Definition, Job, Queue, Submission, Team, User
from tests import make

SignIn = Callable[[User], Client]


@dataclass(frozen=True)
class Research:
    """What most pages are about."""

    team: Team
    account: Account
    queue: Queue
    analyst: Member
    viewer: Member
    stranger: User
    admin: User
    definition: Definition
    submission: Submission
    job: Job


@pytest.fixture
def research(db: None) -> Research:
    team, account = make.team("research"), make.account()
    queue = make.queue("cpu", of=account, teams=(team,))
    revision = make.revision("hello", of=team, where=account)
    analyst = make.member(team)
    submission = make.submission(analyst, account, name="nightly")
    return Research(
        team=team,
        account=account,
        queue=queue,
        analyst=analyst,
        viewer=make.member(team, "viewer"),
        stranger=make.member(make.team("elsewhere")).user,
        admin=make.admin(),
        definition=revision.definition,
        submission=submission,
        job=make.job(submission, name="nightly", queue=queue, revision=revision, state="RUNNING"),
    )


@pytest.fixture
def signed_in() -> SignIn:
    """A browser in which someone is signed in."""

    def sign_in(who: User) -> Client:
        client = Client()
        client.force_login(who)
        return client

    return sign_in
