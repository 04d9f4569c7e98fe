"""Two teams and everyone who may knock: built once for all tests of a module, and left as it was after each knock.

Every text of a team holds the team's own word, so that a page of one team which holds the other's word leaks.
"""

import gzip
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.test import Client, override_settings
from django.test.client import ClientHandler
from django.utils.timezone import now

from jobs import audit, sessions
from jobs.access import Member
from jobs.aws.logs import LogEvent, LogEvents
from jobs.models import (
    Account,
    AccountStatus,
    ActualDelivery,
    ApiToken,
    Approval,
    ArrayChild,
    AuditEntry,
    BulkAction,
    BulkItem,
    BulkKind,
    CostExplorerCost,
    CostExplorerMonth,
    CostLine,
    Definition,
    Draft,
    FormPreset,
    InstancePrice,
    InstanceType,
    ItemOutcome,
    Job,
    JobDependency,
    JobTag,
    LaunchFormVersion,
    Queue,
    Rate,
    Repricing,
    Revision,
    Role,
    SavedView,
    StateChange,
    Submission,
    TagRule,
    Team,
    TemplateVersion,
    User,
)
from jobs.models.actual_cost import DeliveredCosts, parts_of_jobs, replace_costs
from jobs.models.cost_total import add_costs
from jobs.models.ids import to_text
from jobs.models.token import digest, new_secret
from jobs.spec.launch_forms.fields import FieldMode, FormSection, LaunchField
from jobs.spec.launch_forms.file_format import LaunchContent
from jobs.spec.template_parameters import Parameter
from jobs.states import Delivery
from tests import make

OURS, THEIRS, SECRET = "numbat", "quokka", "wombat"
"""The word in every text of our team, of the other team, and in every password of either."""

SESSIONS = ("anonymous", "deactivated", "stranger", "other-lead", "viewer", "analyst", "lead", "admin")
TOKENS = ("token-read", "token-submit", "token-expired", "token-other")
IDENTITIES = SESSIONS + TOKENS

CSRF = "c" * 32


@dataclass(frozen=True)
class Side:
    """A team and what it has, one thing of each kind that an address can name."""

    word: str
    team: Team
    account: Account
    queue: Queue
    definition: Definition
    revision: Revision
    submission: Submission
    job: Job
    token: ApiToken
    approval: Approval
    draft: Draft
    version: TemplateVersion
    form_version: LaunchFormVersion
    preset: FormPreset
    view: SavedView
    bulk_action: BulkAction
    viewer: User
    analyst: User
    lead: User
    session: str
    """The id of a session of the analyst, beside the one that knocks."""

    @property
    def ids(self) -> dict[tuple[str, str], str]:
        """What stands in an address: after which word, for which parameter."""
        return {
            ("teams", "slug"): self.team.slug,
            ("submissions", "text_id"): self.submission.text_id,
            ("jobs", "text_id"): self.job.text_id,
            ("definitions", "text_id"): to_text(self.definition.public_id),
            ("revisions", "revision"): self.revision.text_id,
            ("tokens", "text_id"): to_text(self.token.public_id),
            ("members", "text_id"): to_text(self.viewer.public_id),
            ("approvals", "text_id"): self.approval.text_id,
            ("drafts", "text_id"): self.draft.text_id,
            ("templates", "text_id"): self.version.template.text_id,
            ("versions", "version"): self.version.text_id,
            ("launch-forms", "text_id"): self.form_version.form.text_id,
            ("forms", "text_id"): self.form_version.form.text_id,
            ("versions", "form_version"): self.form_version.text_id,
            ("presets", "preset"): self.preset.text_id,
            ("views", "text_id"): self.view.text_id,
            ("sessions", "text_id"): self.session,
            ("queues", "number"): str(self.queue.pk),
            ("bulk", "text_id"): self.bulk_action.text_id,
        }


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


def document_of(word: str, command: str = "echo") -> dict[str, Any]:
    """A definition in which everything that is free text holds the word, with a password among its variables."""
    return {
        "jobDefinitionName": f"{word}-definition",
        "type": "container",
        "parameters": {f"{word}Parameter": word, "apiKey": f"{SECRET}-parameter-secret"},
        "tags": {f"{word}-key": f"{word} value", "AccessToken": f"{SECRET}-tag-secret"},
        "containerProperties": {
            "image": f"{word}/image:1",
            "command": [*command.split(), word, "--password", f"{SECRET}-flag-secret"],
            "environment": [
                {"name": f"{word.upper()}_PLACE", "value": word},
                {"name": "DB_PASSWORD", "value": f"{SECRET}-definition-secret-{command}"},
                {"name": "MYSQL_PWD", "value": f"{SECRET}-another-secret"},
                {"name": "DATABASE_URL", "value": f"postgres://{word}:{SECRET}-address-secret@db.example.org/{word}"},
            ],
            "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "512"}],
        },
    }


def submission_of(word: str, **fields: Any) -> dict[str, Any]:
    return {
        "jobName": f"{word}-job",
        "jobQueue": f"{word}-queue",
        "jobDefinition": f"{word}-definition",
        "tags": {f"{word}-key": f"{word} value", "AccessToken": f"{SECRET}-tag-secret"},
        "parameters": {"apiKey": f"{SECRET}-parameter-secret"},
        "containerOverrides": {
            "command": [
                "run",
                word,
                f"--token={SECRET}-flag-secret",
                "sh -c 'export DB_PWD=" + SECRET + "-word-secret'",
            ],
            "environment": [
                {"name": f"{word.upper()}_PLACE", "value": word},
                {"name": "API_TOKEN", "value": f"{SECRET}-submission-secret"},
                {"name": "SESSION_COOKIE", "value": f"{SECRET}-cookie-secret"},
                {"name": "CALLBACK", "value": f"https://{word}:{SECRET}-address-secret@example.org/"},
            ],
        },
        **fields,
    }


def side(word: str, shared: Account) -> Side:
    """A team whose every text holds its word: its queue is in an account that both teams use."""
    team = make.team(
        f"{word}-team", name=f"{word.capitalize()} Team", approval_array_size=4, leads_manage_members=True
    )
    own = make.account(
        name=f"{word} account", region="eu-west-1" if word == THEIRS else "us-west-2", status={"last_error": word}
    )
    make.queue(f"{word}-own-queue", of=own, teams=(team,))
    arn = f"arn:aws:batch:{shared.region}:{shared.number}:job-queue/{word}-queue"
    queue = make.queue(f"{word}-queue", of=shared, teams=(team,), arn=arn, status_reason=word)
    people = {
        role: make.member(
            team, role, make.user(f"{word}-{role}", first_name=word.capitalize(), email=f"{role}@{word}.example")
        ).user
        for role in (Role.VIEWER, Role.ANALYST, Role.LEAD)
    }
    analyst = Member(people[Role.ANALYST], team, Role.ANALYST)
    revision = make.revision(
        f"{word}-definition",
        of=team,
        where=shared,
        document=document_of(word),
        registered_by=people[Role.LEAD],
        note=f"{word} why",
        arn=f"arn:aws:batch:{shared.region}:{shared.number}:job-definition/{word}-definition:1",
    )
    make.revision(f"{word}-definition", where=shared, document=document_of(word, "echo again"), note=f"{word} again")
    Definition.objects.filter(pk=revision.definition_id).update(description=f"{word} purpose")
    document = submission_of(word)
    submission = make.submission(
        analyst,
        shared,
        name=f"{word}-submission",
        job_count=3,
        text=json.dumps(document, indent=2),
        document=document,
        notes=[{"pointer": "", "message": f"{word} note", "severity": "warning"}],
    )
    job = _job(submission, word, queue, revision)
    for state in ("RUNNING", "FAILED"):
        JobDependency.objects.create(job=_job(submission, word, queue, revision, state), parent=job)
    Job.objects.filter(pk=job.pk).update(array_size=10)
    job.array_size = 10
    ArrayChild.objects.create(
        job=job, index=7, state="FAILED", reason=f"{word} child", log_stream=f"{word}/default/child"
    )
    token = ApiToken.objects.create(
        team=team, person=people[Role.LEAD], name=f"{word} token", prefix="bpt_start", digest=digest(new_secret())
    )
    audit.record(
        "make",
        person=people[Role.LEAD],
        team=team,
        target=token,
        before={f"{word}-key": f"{word} before", "password": f"{SECRET}-audit-secret"},
        after={f"{word}-key": f"{word} after"},
    )
    draft = Draft.objects.create(
        team=team,
        person=people[Role.ANALYST],
        kind="job",
        name=f"{word}-draft",
        text=json.dumps(document),
        updated_at=now(),
    )
    approval = _waiting_request(analyst, word, queue, revision)
    version = _template(analyst, word)
    form_version = _launch_form(analyst, word)
    session_of(analyst.user)
    session = sessions.active_sessions(analyst.user, None)[0].text_id
    values = {"place": f"{word} preset"}
    preset = FormPreset.objects.create(form=form_version.form, name=f"{word}-preset", values=values)
    view = SavedView.objects.create(team=team, name=f"{word}-view", search=f"queue:{word}-queue")
    bulk_action = _bulk_action(analyst, word, job)
    nouns = (
        queue,
        revision.definition,
        revision,
        submission,
        job,
        token,
        approval,
        draft,
        version,
        form_version,
        preset,
        view,
        bulk_action,
    )
    viewer, analyst_user, lead = (people[role] for role in Role)
    return Side(word, team, shared, *nouns, viewer, analyst_user, lead, session)


def _bulk_action(analyst: Member, word: str, job: Job) -> BulkAction:
    """One that has begun: an item is refused, nothing else has happened."""
    action = BulkAction.objects.create(
        person=analyst.user, kind=BulkKind.STOP, request_key=word, item_count=1, channel="web", due_at=now()
    )
    BulkItem.objects.create(action=action, position=0, job=job, outcome=ItemOutcome.REFUSED, note=f"{word} note")
    return action


def _template(analyst: Member, word: str) -> TemplateVersion:
    """A template whose second version is the newest, with a secret in its document and among its defaults."""
    parameters = (Parameter("place", f"{word} label", f"{word} help", default=word), Parameter("word", default="x"))
    key = Parameter("apiKey", default=f"{SECRET}-default-secret")
    step = submission_of(word, parameters={"apiKey": "${param.apiKey}", "place": "${param.place}-${param.word}"})
    workflow = {"jobs": [step]}
    version = make.template_version(
        analyst, f"{word}-template", workflow, (*parameters, key), note=f"{word} why", description=f"{word} purpose"
    )
    step["parameters"] = {"apiKey": "${param.apiKey}", "place": "${param.place}/${param.word}"}
    make.template_version(analyst, f"{word}-template", workflow, (*parameters, key), note=f"{word} again")
    return version


def _launch_form(analyst: Member, word: str) -> LaunchFormVersion:
    """A form whose second version is the newest, with a locked field and a secret in its document."""
    queue = LaunchField("queue", f"{word} label", f"{word} help", mode=FieldMode.LOCKED, default=f"{word}-queue")
    sections = (FormSection(f"{word} section", (LaunchField("place", default=word), queue)),)
    content = LaunchContent(f"{word}-form", "", sections, f"{word} purpose", (f"{word}-mark",), f"{word} why")
    document = submission_of(word, parameters={"place": "${param.place}", "apiKey": f"{SECRET}-form-secret"})
    document = {**document, "jobQueue": "${param.queue}"}
    version = make.launch_form_version(analyst, content, document)
    make.launch_form_version(
        analyst, replace(content, note=f"{word} again"), {**document, "retryStrategy": {"attempts": 2}}
    )
    return version


def _waiting_request(analyst: Member, word: str, queue: Queue, revision: Any) -> Approval:
    """A request that waits, and that its team's lead or an admin may approve."""
    document = submission_of(word, arrayProperties={"size": 10})
    submission = make.submission(
        analyst, queue.account, name=f"{word}-request", text=json.dumps(document, indent=2), document=document
    )
    asked = {key: value for key, value in document.items() if key != "tags"}
    make.job(
        submission,
        name=f"{word}-job",
        queue=queue,
        revision=revision,
        document=asked,
        tags=document["tags"],
        array_size=10,
        vcpus=1,
        memory_mib=512,
        delivery=Delivery.AWAITING,
        delivery_note=f"{word} waits",
    )
    return make.approval(submission, reasons=[{"rule": "approval.array-size", "message": f"{word} is large."}])


def _job(submission: Submission, word: str, queue: Queue, revision: Any, state: str = "SUCCEEDED") -> Job:
    """A job that AWS has told of, charged if it has ended."""
    moment, position = now(), submission.jobs.count()
    ended = {"ended_at": moment, "stopped_at": moment, "charged_at": moment} if state != "RUNNING" else {}
    document = submission_of(word)
    job = make.job(
        submission,
        name=f"{word}-job-{position}",
        queue=queue,
        revision=revision,
        position=position,
        state=state,
        document={key: value for key, value in document.items() if key != "tags"},
        tags=document["tags"],
        status_reason=f"{word} reason",
        container_reason=f"{word} container",
        delivery_note=f"{word} delivery",
        log_stream=f"{word}/default/{position}",
        raw={"jobName": word, "container": {"environment": document["containerOverrides"]["environment"]}},
        started_at=moment - timedelta(hours=1),
        stop_reason=word,
        **ended,
    )
    for note in ("SUBMITTED", state):
        StateChange.objects.create(job=job, delivery="SENT", state=note, note=f"{word} change", source="poll")
    JobTag.objects.create(job=job, team=job.team, key=f"{word}-key", value=f"{word} value")
    if ended:
        line = CostLine.objects.create(
            job=job,
            attempt=1,
            day=moment.date(),
            team=job.team,
            account=job.account,
            queue=queue,
            definition=revision.definition,
            person=submission.person,
            succeeded=state == "SUCCEEDED",
            billed_seconds=60,
            usd=Decimal("1.5"),
            receipt={},
        )
        add_costs([line])
    return job


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


def session_of(person: User, *, is_verified: bool = False) -> str:
    """The key of a session in which someone is signed in, and perhaps has shown a second factor."""
    browser = Client()
    browser.force_login(person)
    if is_verified:
        make.second_factor(person, browser)
    return browser.cookies[settings.SESSION_COOKIE_NAME].value


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
