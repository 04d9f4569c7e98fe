"""Two teams with people, queues, definitions and generated jobs."""

from dataclasses import dataclass

from django.core.management import call_command

from jobs.management.demo.profiles import JOB_PROFILES
from jobs.models import ApiToken, Role, Team, User
from jobs.models.token import digest, new_secret
from tests import make
from tests.demo_queues import GPU_ENVIRONMENTS

TEAMS = ("scale-one", "scale-two")
QUEUES = 5  # a team
YEARS = 2.0


@dataclass(frozen=True)
class World:
    """The first team, as its lead and with a token of it."""

    team: Team
    lead: User
    secret: str
    is_new: bool


def build_world(job_count: int, *, people: int = 100, active_jobs: int = 200) -> World:
    """Return the world of this database, and build it first if the database is empty.

    `people` and `active_jobs`, which run and so have no end, are of each team; `job_count` of all.
    """
    is_new = not Team.objects.filter(slug=TEAMS[0]).exists()
    if is_new:
        for slug in TEAMS:
            _build_team(slug, people, active_jobs)
        add_history(job_count)
    team = Team.objects.get(slug=TEAMS[0])
    lead = User.objects.get(username=f"{team.slug}-lead")
    secret = new_secret()
    ApiToken.objects.create(team=team, person=lead, name="bench", prefix=secret[:12], digest=digest(secret))
    return World(team, lead, secret, is_new)


def add_history(job_count: int) -> None:
    call_command("seed_history", jobs=job_count, years=YEARS, team=list(TEAMS), seed=1, yes=True, verbosity=0)


def _build_team(slug: str, people: int, active_jobs: int) -> None:
    account, team = make.account(), make.team(slug)
    lead = make.member(team, Role.LEAD, User.objects.create(username=f"{slug}-lead"))
    for number in range(people - 1):
        make.member(team, who=User.objects.create(username=f"{slug}-{number}"))
    for number in range(QUEUES):
        # Jobs of one queue are priced by instance types.
        make.queue(f"queue-{number}", of=account, teams=(team,), environments=[] if number else GPU_ENVIRONMENTS)
    for name in JOB_PROFILES:
        make.revision(name, of=team, where=account)
    for _ in range(active_jobs):
        make.job(make.submission(lead, account), state="RUNNING")
