"""Sessions and tokens of the people who send requests."""

import random
from dataclasses import dataclass

from django.conf import settings
from django.test import Client
from django.utils.timezone import now

from bench.scale.world import TEAMS
from jobs.models import Account, ApiToken, Definition, Job, Queue, Submission, Team, User
from jobs.models.token import digest, new_secret

PEOPLE = 200
JOBS_TO_OPEN = 500  # of each team, half of them its newest
POLL_SECONDS = 15  # the default of an account


@dataclass(frozen=True)
class Person:
    cookie: str
    token: str
    team: str


@dataclass(frozen=True)
class TeamContent:
    """What a team's people open. `jobs` and `submissions` are addresses."""

    slug: str
    jobs: list[str]
    submissions: list[str]
    definitions: list[str]
    queues: list[str]


def connect_accounts(url: str) -> None:
    """Have the accounts of the world at a fake AWS."""
    Account.objects.filter(queues__grants__team__slug__in=TEAMS).update(endpoint_url=url, poll_seconds=POLL_SECONDS)


def queue_names() -> list[str]:
    return sorted(Queue.objects.filter(grants__team__slug__in=TEAMS).values_list("name", flat=True).distinct())


def sign_in_people(count: int = PEOPLE) -> list[Person]:
    users = [
        (user, team)
        for team in Team.objects.filter(slug__in=TEAMS)
        for user in User.objects.filter(memberships__team=team).order_by("pk")[: count // len(TEAMS)]
    ]
    return [_sign_in(user, team) for user, team in users]


def _sign_in(user: User, team: Team) -> Person:
    client, secret = Client(), new_secret()
    client.force_login(user)
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    ApiToken.objects.create(team=team, person=user, name="bench", prefix=secret[:12], digest=digest(secret))
    return Person(cookie, secret, team.slug)


def content_of(slug: str, rng: random.Random) -> TeamContent:
    jobs = Job.objects.filter(team__slug=slug)
    newest = list(jobs.order_by("-pk")[: JOBS_TO_OPEN // 2])
    first, last = jobs.order_by("pk").values_list("pk", flat=True)[0], newest[0].pk
    others = jobs.filter(pk__in=[rng.randint(first, last) for _ in range(JOBS_TO_OPEN)])[: JOBS_TO_OPEN // 2]
    submissions = Submission.objects.filter(team__slug=slug).order_by("-pk")[: JOBS_TO_OPEN // 2]
    return TeamContent(
        slug,
        [job.get_absolute_url() for job in [*newest, *others]],
        [submission.get_absolute_url() for submission in submissions],
        list(Definition.objects.filter(team__slug=slug).values_list("name", flat=True)),
        list(Queue.objects.filter(grants__team__slug=slug, removed_at=None).values_list("name", flat=True)),
    )


def today() -> str:
    return now().date().isoformat()
