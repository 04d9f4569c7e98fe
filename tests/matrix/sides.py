"""A team and what it has: one thing of each kind that an address can name."""

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.test import Client
from django.utils.timezone import now

from jobs import audit, sessions
from jobs.access import Member
from jobs.models import (
    Account,
    ApiToken,
    Approval,
    ArrayChild,
    BulkAction,
    BulkItem,
    BulkKind,
    CostLine,
    Definition,
    Draft,
    FormPreset,
    ItemOutcome,
    Job,
    JobDependency,
    JobTag,
    LaunchFormVersion,
    Queue,
    Revision,
    Role,
    SavedView,
    StateChange,
    Submission,
    Team,
    TemplateVersion,
    User,
)
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


def session_of(person: User, *, is_verified: bool = False) -> str:
    """The key of a session in which someone is signed in, and perhaps has shown a second factor."""
    browser = Client()
    browser.force_login(person)
    if is_verified:
        make.second_factor(person, browser)
    return browser.cookies[settings.SESSION_COOKIE_NAME].value
