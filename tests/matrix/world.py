"""Two teams and everyone who may knock: built once for all tests of a module, and left as it was after each knock.

Every text of a team holds the team's own word, so that a page of one team which holds the other's word leaks.
"""

import gzip
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.test import Client, override_settings
from django.test.client import ClientHandler
from django.utils.timezone import now

from jobs.aws.logs import LogEvent, LogEvents
from jobs.models import (
    AccountStatus,
    ActualDelivery,
    ApiToken,
    AuditEntry,
    CostExplorerCost,
    CostExplorerMonth,
    CostLine,
    InstancePrice,
    InstanceType,
    JobTag,
    Rate,
    Repricing,
    Role,
    TagRule,
    Team,
    User,
)
from jobs.models.actual_cost import DeliveredCosts, parts_of_jobs, replace_costs
from jobs.models.token import digest, new_secret
from tests import make
from tests.matrix.sides import OURS, THEIRS, Side, session_of, side

SESSIONS = ("anonymous", "deactivated", "stranger", "other-lead", "viewer", "analyst", "lead", "admin")
TOKENS = ("token-read", "token-submit", "token-expired", "token-other")
IDENTITIES = SESSIONS + TOKENS

CSRF = "c" * 32


@dataclass
class World:
    """What there is, and `ask` to knock anywhere as anyone."""

    ours: Side
    theirs: Side
    sessions: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    admin_ids: dict[tuple[str, str], str] = field(default_factory=dict)
    read_streams: list[str] = field(default_factory=list)
    handler: ClientHandler = field(default_factory=lambda: ClientHandler(enforce_csrf_checks=True))
    """One for all: a client's own would load the middleware anew for each of some thousand requests."""

    @property
    def ids(self) -> dict[tuple[str, str], str]:
        """What stands in an address when it is about our own."""
        return {
            **self.ours.ids,
            **self.admin_ids,
            ("children", "index"): "7",
            ("cli", "name"): "submit-job.sh",
            ("schemas", "kind"): "submission",
            ("forms", "kind"): "submission",
        }

    def ask(
        self,
        who: str,
        method: str,
        address: str,
        body: Any = None,
        *,
        csrf: bool = True,
        keep_changes: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The answer to one request. What it changed is undone, or with `keep_changes` at the test's end."""
        browser, given = Client(), dict(headers or {})
        browser.handler = self.handler
        if session := self.sessions.get(who):
            browser.cookies[settings.SESSION_COOKIE_NAME] = session
        if secret := self.secrets.get(who):
            given["Authorization"] = f"Bearer {secret}"
        if csrf:
            browser.cookies[settings.CSRF_COOKIE_NAME] = CSRF
            given["X-CSRFToken"] = CSRF
        if address.startswith("/api/") and body is not None:
            sent: dict[str, Any] = {"data": json.dumps(body), "content_type": "application/json"}
        else:
            sent = {"data": body} if body is not None else {}
        with transaction.atomic():
            answer = getattr(browser, method.lower())(address, headers=given, **sent)
            text(answer)  # what is streamed is made while it is read
            if not keep_changes:
                transaction.set_rollback(True)
        return answer


def text(answer: Any) -> str:
    """The body, streamed or not, and unpacked."""
    if answer.streaming:
        answer.whole = getattr(answer, "whole", None) or b"".join(answer.streaming_content)
        is_packed = answer.get("Content-Type") == "application/gzip"
        return str(gzip.decompress(answer.whole) if is_packed else answer.whole, "utf-8")
    return str(answer.content, "utf-8", "replace")


def add_actual_costs() -> None:
    """What AWS billed for the jobs that cost something, and for a task of no job."""
    costs: dict[int, DeliveredCosts] = {}
    for line in CostLine.objects.all():
        of_account = costs.setdefault(line.account_id, DeliveredCosts())
        of_account.add_job(line.job_id, parts_of_jobs([line.job_id])[line.job_id], {line.day: (10**10, 10**9)})
        of_account.add_unallocated(line.day, (10**10, 10**9))
    for account, of_account in costs.items():
        day = max(of_account.unallocated)
        delivery = ActualDelivery(
            account_id=account,
            month=day.replace(day=1),
            name="export",
            delivered_at=now(),
            imported_at=now(),
            data_through=day,
            lines=1,
            has_split=True,
        )
        replace_costs(delivery, of_account)
    _add_explorer_costs()


def _add_explorer_costs() -> None:
    """What Cost Explorer tells of the teams' tags, and of resources of no team."""
    today = now().date()
    for tag in JobTag.objects.select_related("job", "team"):
        account = tag.job.account_id
        AccountStatus.objects.filter(account=account).update(cost_explorer_read_at=now())
        reading, _ = CostExplorerMonth.objects.get_or_create(
            account_id=account,
            key=tag.key,
            month=today.replace(day=1),
            defaults={"read_at": now(), "data_through": today, "is_by_team": True},
        )
        for team in (tag.team, None):
            CostExplorerCost.objects.get_or_create(
                reading=reading, day=today, team=team, value=tag.value, defaults={"usd_units": 10**10}
            )


@contextmanager
def build_world() -> Iterator[World]:
    """The world, until the end of the block."""
    with transaction.atomic(), override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        shared = make.account(name="Common account")
        world = World(side(OURS, shared), side(THEIRS, shared))
        add_actual_costs()
        _people(world)
        _tokens(world)
        _admin_ids(world)
        yield world
        transaction.set_rollback(True)


def _people(world: World) -> None:
    deactivated = make.member(world.ours.team, Role.ANALYST, make.user(f"{OURS}-gone")).user
    people = {
        "deactivated": deactivated,
        "stranger": make.user("stranger"),
        "other-lead": world.theirs.lead,
        "viewer": world.ours.viewer,
        "analyst": world.ours.analyst,
        "lead": world.ours.lead,
        "admin": make.admin("administrator"),
    }
    for name, person in people.items():
        world.sessions[name] = session_of(person, is_verified=name == "admin")
    deactivated.is_active = False
    deactivated.save()


def _tokens(world: World) -> None:
    def token(team: Team, person: User, **fields: Any) -> str:
        secret = new_secret()
        name = f"token of {person.username}"
        ApiToken.objects.create(
            team=team, person=person, name=name, prefix=secret[:12], digest=digest(secret), **fields
        )
        return secret

    ours, theirs = world.ours, world.theirs
    world.secrets = {
        "token-read": token(ours.team, ours.analyst, may_submit=False),
        "token-submit": token(ours.team, ours.analyst),
        "token-expired": token(ours.team, ours.analyst, expires_at=now() - timedelta(seconds=1)),
        "token-other": token(theirs.team, theirs.lead),
    }


def _admin_ids(world: World) -> None:
    # Tests that commit leave tables empty behind them, those that a migration had filled too.
    rate = Rate.objects.first() or Rate.objects.create(
        platform="EC2", resource="vcpu", usd_per_hour="0.04", valid_from=date(2020, 1, 1), source="a test"
    )
    price = InstancePrice.objects.select_related("instance_type").first() or InstancePrice.objects.create(
        instance_type=InstanceType.objects.create(name="m5.xlarge", vcpus=4, memory_mib=16384),
        region="us-west-2",
        usd_per_hour="0.192",
        valid_from=date(2020, 1, 1),
    )
    group = Group.objects.create(name="a group")
    rows = {
        "account": world.ours.account,
        "queue": world.ours.queue,
        "definition": world.ours.definition,
        "team": world.ours.team,
        "user": world.ours.viewer,
        "apitoken": world.ours.token,
        "rate": rate,
        "instanceprice": price,
        "instancetype": price.instance_type,
        "tagrule": TagRule.objects.create(key="Matrix", team=world.ours.team),
        "group": group,
        "auditentry": AuditEntry.objects.get(team=world.ours.team),
        "repricing": Repricing.objects.create(
            person=world.ours.lead, first=date(2026, 11, 1), last=date(2026, 11, 2), why="a test", previewed_at=now()
        ),
    }
    for noun, row in rows.items():
        for name in ("object_id", "id", "pk"):
            world.admin_ids[noun, name] = str(row.pk)
    world.admin_ids["r", "content_type_id"] = str(ContentType.objects.get_for_model(Team).pk)
    world.admin_ids["r", "object_id"] = str(world.ours.team.pk)


def unused_ids(ids: Mapping[tuple[str, str], str]) -> dict[tuple[str, str], str]:
    """Ids of the same shape and age that nothing has."""
    return {key: value.replace(THEIRS, "quikka") if "slug" in key else _next(value) for key, value in ids.items()}


def _next(text_id: str) -> str:
    """The last character of an id carries two bits that are always zero; the one before is free."""
    if text_id.isdecimal():
        return str(int(text_id) + 1_000_000)
    other = "0" if text_id[-2] != "0" else "1"
    return text_id[:-2] + other + text_id[-1]


def fake_log(world: World) -> Any:
    """What stands for CloudWatch: each stream says its own name."""

    def read(_client: Any, _group: str, stream: str, *, token: str = "", **_: Any) -> LogEvents:
        world.read_streams.append(stream)
        line = LogEvent(datetime(2026, 1, 1, tzinfo=UTC), f"line of {stream}")
        return LogEvents(() if token else (line,) * 1200, "f/1", "b/1")

    return read
