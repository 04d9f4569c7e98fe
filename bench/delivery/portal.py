"""The portal's turn: a document is posted to its API, and its rows tell when each step happened."""

import http.client
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from django.db.models import Max, Min

from bench.delivery import workload
from bench.delivery.comparison import BenchRun
from bench.delivery.environment import BenchEnvironment
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

TIMEOUT_SECONDS = 120.0
POLL_INTERVAL_SECONDS = 0.1
SUBMITS_PER_SECOND = 1000  # jobs per second: more than either way reaches


def prepare(url: str) -> str:
    """Create a team with a queue and a definition in an account at that address. Return a token of it."""
    account = Account.objects.create(
        name="Bench",
        region="us-west-2",
        number="123456789012",
        access=AccessMethod.SANDBOX,
        endpoint_url=url,
        quarantine_seconds=quarantine.minimum_seconds(in_sandbox=True),
        poll_seconds=1,
        submits_per_second=SUBMITS_PER_SECOND,
    )
    sync_queues(account)
    team = Team.objects.create(slug="bench", name="Bench")
    person = User.objects.create_user("bench")
    Membership.objects.create(team=team, user=person, role=Role.LEAD)
    ImageGrant.objects.create(team=team, pattern="*")
    queue = Queue.objects.get(account=account, name=workload.QUEUE)
    QueueGrant.objects.create(team=team, queue=queue, is_default=True)
    actions.register(workload.definition(), access.member_of(person, team), account=account)
    if not register_due(account):
        raise RuntimeError("The definition was not registered.")
    secret = new_secret()
    ApiToken.objects.create(team=team, person=person, name="bench", prefix=secret[:12], digest=digest(secret))
    return secret


def run(workflow: workload.Workflow, environment: BenchEnvironment, token: str) -> BenchRun:
    calls, cpu = environment.calls(), environment.cpu()
    before = Job.objects.aggregate(last=Max("pk"))["last"] or 0
    started_at = time.time()
    post(environment.web_port, token, workflow.document())
    accepted = time.time()
    jobs = Job.objects.filter(pk__gt=before)
    _wait_until_ended(before)
    after = environment.cpu()
    summary = jobs.aggregate(end=Max("ended_at"), first=Min("sent_at"), last=Max("sent_at"))
    times = jobs.values_list("ended_at", "stopped_at")
    delays = sorted((ended - stopped).total_seconds() for ended, stopped in times if ended and stopped)
    return BenchRun(
        wall=summary["end"].timestamp() - started_at,
        cpu=sum(after.values()) - sum(cpu.values()),
        calls={name: count - calls.get(name, 0) for name, count in environment.calls().items()},
        accepted=accepted - started_at,
        started=summary["first"].timestamp() - started_at,
        sent=summary["last"].timestamp() - started_at,
        late=delays,
        cpu_by={name: after[name] - cpu[name] for name in after},
    )


def submit_concurrently(count: int, environment: BenchEnvironment, token: str) -> list[float]:
    """Post `count` submissions at the same time. Return the seconds that each took, sorted."""
    before = Job.objects.aggregate(last=Max("pk"))["last"] or 0
    text = workload.independent_jobs(1).document()
    barrier = threading.Barrier(count)

    def one(_: int) -> float:
        barrier.wait()
        started_at = time.perf_counter()
        post(environment.web_port, token, text)
        return time.perf_counter() - started_at

    with ThreadPoolExecutor(count) as threads:
        durations = sorted(threads.map(one, range(count)))
    _wait_until_ended(before)
    return durations


def post(port: int, token: str, text: str) -> None:
    with closing(http.client.HTTPConnection(LOOPBACK, port, timeout=TIMEOUT_SECONDS)) as connection:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        connection.request("POST", "/api/v1/submissions", text, headers)
        answer = connection.getresponse()
        body = answer.read()
    if answer.status != http.client.ACCEPTED:
        raise RuntimeError(f"The portal answered {answer.status}: {json.loads(body)}")


def _wait_until_ended(before: int) -> None:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while Job.objects.filter(pk__gt=before).exclude(state__in=FINAL_STATES).exists():
        if time.monotonic() > deadline:
            left = Job.objects.filter(pk__gt=before).exclude(state__in=FINAL_STATES).count()
            raise RuntimeError(f"{left} jobs have not ended after {TIMEOUT_SECONDS:.0f} s.")
        time.sleep(POLL_INTERVAL_SECONDS)
