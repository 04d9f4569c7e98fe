"""The portal's turn: a document is posted to its API, and its rows tell when each end was known."""

import http.client
import json
import time
from contextlib import closing, suppress

from django.db import OperationalError
from django.db.models import Max, QuerySet

from bench.delivery import workload
from bench.delivery.turn import Pace, Turn, turn_of
from bench.environment import BenchEnvironment
from bench.fake_aws.batch import QUEUE
from jobs import access, actions
from jobs.dispatch.registration import register_due
from jobs.models import (
    AccessMethod,
    Account,
    ApiToken,
    ImageGrant,
    Job,
    Membership,
    Queue,
    QueueGrant,
    Role,
    Team,
    User,
    quarantine,
)
from jobs.models.token import digest, new_secret
from jobs.states import FINAL_STATES
from jobs.sync.queues import sync_queues
from portal.quickstart.state_dir import LOOPBACK

TIMEOUT_SECONDS, CHARGE_TIMEOUT_SECONDS = 300.0, 60.0
LOOK_INTERVAL_SECONDS = 0.25


def prepare(url: str, rate: int, poll_seconds: int) -> str:
    """Create a team with a queue and a definition in an account at that address. Return a token of it."""
    account = Account.objects.create(
        name="Bench",
        region="us-west-2",
        number="123456789012",
        access=AccessMethod.SANDBOX,
        endpoint_url=url,
        quarantine_seconds=quarantine.minimum_seconds(in_sandbox=True),
        poll_seconds=poll_seconds,
        submits_per_second=rate,
    )
    sync_queues(account)
    team = Team.objects.create(slug="bench", name="Bench")
    person = User.objects.create_user("bench")
    Membership.objects.create(team=team, user=person, role=Role.LEAD)
    ImageGrant.objects.create(team=team, pattern="*")
    queue = Queue.objects.get(account=account, name=QUEUE)
    QueueGrant.objects.create(team=team, queue=queue, is_default=True)
    actions.register(workload.definition(), access.member_of(person, team), account=account)
    if not register_due(account):
        raise RuntimeError("The definition was not registered.")
    secret = new_secret()
    ApiToken.objects.create(team=team, person=person, name="bench", prefix=secret[:12], digest=digest(secret))
    return secret


def run(workflow: workload.Workflow, environment: BenchEnvironment, token: str, pace: Pace) -> Turn:
    before = Job.objects.aggregate(last=Max("pk"))["last"] or 0
    jobs = Job.objects.filter(pk__gt=before)
    environment.reset_aws_record()
    cpu, started_at = environment.cpu(), time.time()
    post(environment.web_port, token, workflow.document())
    accepted_at = time.time()
    _wait_until_none(jobs.exclude(state__in=FINAL_STATES), TIMEOUT_SECONDS, "have not ended")
    _wait_until_none(jobs.filter(charged_at=None), CHARGE_TIMEOUT_SECONDS, "have no receipt")
    after = environment.cpu()
    ends = jobs.values_list("batch_id", "ended_at")
    known_at = {batch_id: ended_at.timestamp() for batch_id, ended_at in ends if batch_id and ended_at}
    return turn_of(
        environment.aws_record(),
        known_at,
        jobs=len(workflow.jobs),
        started_at=started_at,
        accepted_at=accepted_at,
        pace=pace,
        cpu={name: after[name] - cpu[name] for name in after if name != "aws"},
    )


def post(port: int, token: str, text: str) -> None:
    with closing(http.client.HTTPConnection(LOOPBACK, port, timeout=TIMEOUT_SECONDS)) as connection:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        connection.request("POST", "/api/v1/submissions", text, headers)
        answer = connection.getresponse()
        body = answer.read()
    if answer.status != http.client.ACCEPTED:
        raise RuntimeError(f"The portal answered {answer.status}: {json.loads(body)}")


def _wait_until_none(jobs: QuerySet[Job], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while True:
        with suppress(OperationalError):  # SQLite is busy
            if not jobs.exists():
                return
        if time.monotonic() > deadline:
            raise RuntimeError(f"{jobs.count()} jobs {what} after {seconds:.0f} s.")
        time.sleep(LOOK_INTERVAL_SECONDS)
