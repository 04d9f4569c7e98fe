"""Teams with people, queues, definitions and generated jobs: two large ones, and many small ones beside them."""

from dataclasses import dataclass

from django.core.management import call_command

from jobs import audit
from jobs.management.demo.profiles import JOB_PROFILES
from jobs.models import ApiToken, Role, Team, User
from jobs.models.token import digest, new_secret
from tests import make
from tests.demo_queues import GPU_ENVIRONMENTS

TEAMS = ("scale-one", "scale-two")
QUEUES = 5  # a large team
SMALL_TEAMS = 198
SHARE_OF_LARGE = 400  # jobs of a large team for each job of a small one
YEARS = 2.0
MANAGER = "manager"


@dataclass(frozen=True)
class World:
    """The first team, as its lead and with a token of it; a small one, and a person who is in each team."""

    team: Team
    lead: User
    secret: str
    small_team: Team | None
    manager: User
    is_new: bool


def build_world(
    job_count: int, *, people: int = 100, active_jobs: int = 200, small_teams: int = SMALL_TEAMS
) -> World:
    """Return the world of this database, and build it first if the database is empty.

    `people` and `active_jobs`, which run and so have no end, are of each large team; `job_count` of all teams.
    """
    is_new = not Team.objects.filter(slug=TEAMS[0]).exists()
    if is_new:
        for slug in TEAMS:
            _build_team(slug, people, active_jobs, QUEUES)
        for number in range(small_teams):
            _build_team(f"small-{number}", 3, 0, 1)
        manager = User.objects.create(username=MANAGER)
        for team in Team.objects.all():
            make.member(team, Role.VIEWER, manager)
        add_history(job_count)
    team = Team.objects.get(slug=TEAMS[0])
    lead = User.objects.get(username=f"{team.slug}-lead")
    secret = new_secret()
    ApiToken.objects.create(team=team, person=lead, name="bench", prefix=secret[:12], digest=digest(secret))
    small_team = Team.objects.filter(slug__startswith="small-").order_by("pk").last()
    return World(team, lead, secret, small_team, User.objects.get(username=MANAGER), is_new)


def add_history(job_count: int) -> None:
    small = Team.objects.exclude(slug__in=TEAMS).values_list("slug", flat=True)
    teams = [*TEAMS * (SHARE_OF_LARGE if small else 1), *small]
    call_command("seed_history", jobs=job_count, years=YEARS, team=teams, seed=1, yes=True, verbosity=0)


def _build_team(slug: str, people: int, active_jobs: int, queues: int) -> None:
    account, team = make.account(), make.team(slug)
    lead = make.member(team, Role.LEAD, User.objects.create(username=f"{slug}-lead"))
    for number in range(people - 1):
        make.member(team, who=User.objects.create(username=f"{slug}-{number}"))
    for number in range(queues):
        # Jobs of one queue are priced by instance types.
        make.queue(f"queue-{number}", of=account, teams=(team,), environments=[] if number else GPU_ENVIRONMENTS)
    for name in JOB_PROFILES:
        make.revision(name, of=team, where=account)
    for _ in range(active_jobs):
        submission = make.submission(lead, account)
        make.job(submission, state="RUNNING")
        audit.record("submit", person=lead.user, team=team, target=submission)
