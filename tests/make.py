"""Builds objects for tests: each call makes one thing and whatever it needs, and takes what the test is about."""

import itertools
import json
import time
from collections.abc import Iterable
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.test import Client

from jobs.access import Member
from jobs.models import (
    AccessMethod,
    Account,
    AccountStatus,
    Approval,
    Definition,
    ImageGrant,
    Job,
    JobTag,
    JobText,
    LaunchForm,
    LaunchFormVersion,
    Membership,
    Queue,
    QueueGrant,
    Registration,
    Revision,
    Role,
    RoleGrant,
    Source,
    Submission,
    Team,
    TemplateVersion,
    User,
    WorkflowTemplate,
)
from jobs.models.ids import new_id, to_text
from jobs.models.job_text import insert_texts
from jobs.spec.launch_forms.fields import fields_of
from jobs.spec.launch_forms.file_format import LaunchContent
from jobs.spec.normalize import fingerprint
from jobs.spec.template_parameters import Parameter
from jobs.states import Delivery, State

_number = itertools.count(1)


def user(username: str = "", **fields: Any) -> User:
    return User.objects.create_user(username or f"person{next(_number)}", password="demo", **fields)


def admin(username: str = "") -> User:
    return user(username, is_staff=True, is_superuser=True)


def second_factor(of: User, browser: Client | None = None, key: str = "JBSWY3DPEHPK3PXP") -> Authenticator:
    """A second factor, which the person has shown in that browser."""
    made: Authenticator = TOTP.activate(of, key).instance
    if browser:
        session = browser.session
        session["account_authentication_methods"] = [{"method": "mfa", "type": "totp", "at": time.time()}]
        session["account_authentication_methods_user"] = str(of.pk)
        session.save()
    return made


def team(
    slug: str = "", *, images: tuple[str, ...] = ("*",), roles: tuple[str, ...] = ("arn:*",), **fields: Any
) -> Team:
    """A team with every image and role, unless the test is about them."""
    slug = slug or f"team{next(_number)}"
    made = Team.objects.create(slug=slug, name=fields.pop("name", slug.capitalize()), **fields)
    ImageGrant.objects.bulk_create(ImageGrant(team=made, pattern=pattern) for pattern in images)
    RoleGrant.objects.bulk_create(RoleGrant(team=made, pattern=pattern) for pattern in roles)
    return made


def member(of: Team | None = None, role: str = Role.ANALYST, who: User | None = None) -> Member:
    of, who = of or team(), who or user()
    Membership.objects.create(team=of, user=who, role=role)
    return Member(who, of, role)


def account(*, status: dict[str, Any] | None = None, **fields: Any) -> Account:
    """`status`: fields of its AccountStatus."""
    defaults = {
        "name": f"Account {next(_number)}",
        "region": "us-west-2",
        "number": "123456789012",
        "access": AccessMethod.SANDBOX,
        "quarantine_seconds": 30,
        "poll_seconds": 1,
        "endpoint_url": "http://127.0.0.1:9",
    }
    made = Account.objects.create(**{**defaults, **fields})
    if status:
        AccountStatus.objects.filter(account=made).update(**status)
        made.status.refresh_from_db()
    return made


def queue(name: str = "", *, of: Account | None = None, teams: tuple[Team, ...] = (), **fields: Any) -> Queue:
    made = Queue.objects.create(account=of or account(), name=name or f"queue-{next(_number)}", **fields)
    for given in teams:
        QueueGrant.objects.create(team=given, queue=made)
    return made


def document(name: str = "hello", **fields: Any) -> dict[str, Any]:
    """A small definition."""
    return {
        "jobDefinitionName": name,
        "type": "container",
        "containerProperties": {
            "image": "busybox",
            "command": ["echo", "hello"],
            "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "512"}],
        },
        **fields,
    }


def definition(name: str = "", *, of: Team | None = None, where: Account | None = None, **fields: Any) -> Definition:
    return Definition.objects.create(
        account=where or account(), name=name or f"definition-{next(_number)}", team=of or team(), **fields
    )


def revision(name: str = "hello", *, of: Team | None = None, where: Account | None = None, **fields: Any) -> Revision:
    """A registered revision, the next of its definition."""
    where = where or account()
    parent = Definition.objects.filter(account=where, name=name).first() or definition(name, of=of, where=where)
    content = fields.pop("document", None) or document(name)
    defaults = {
        "number": parent.revisions.count() + 1,
        "registration": Registration.REGISTERED,
        "document": content,
        "fingerprint": fingerprint(content),
    }
    return Revision.objects.create(definition=parent, **{**defaults, **fields})


def submission(of: Member | None = None, where: Account | None = None, **fields: Any) -> Submission:
    of = of or member()
    defaults = {
        "team": of.team,
        "person": of.user,
        "account": where or account(),
        "name": "hello",
        "kind": "submission",
        "source": Source.JSON,
        "text": "{}",
        "document": {},
    }
    return Submission.objects.create(**{**defaults, **fields})


def template_version(
    of: Member, name: str, document: dict[str, Any], parameters: Iterable[Parameter] = (), **fields: Any
) -> TemplateVersion:
    """A version of a workflow template, the next of its name; unlike a saved one it is in no audit log."""
    description = fields.pop("description", "")
    template, _ = WorkflowTemplate.objects.get_or_create(
        team=of.team, name=name, defaults={"owner": of.user, "description": description}
    )
    return TemplateVersion.objects.create(
        template=template,
        number=template.versions.count() + 1,
        text=json.dumps(document, indent=2),
        document=document,
        parameters=[parameter.as_json() for parameter in parameters],
        created_by=of.user,
        **fields,
    )


def launch_form_version(of: Member, content: LaunchContent, document: dict[str, Any]) -> LaunchFormVersion:
    """A version of a launch form, the next of its name; unlike a saved one it is in no audit log."""
    form, _ = LaunchForm.objects.get_or_create(
        team=of.team,
        name=content.name,
        defaults={"owner": of.user, "description": content.description, "labels": list(content.labels)},
    )
    return LaunchFormVersion.objects.create(
        form=form,
        number=form.versions.count() + 1,
        text=json.dumps(document, indent=2),
        document=document,
        sections=[section.as_json() for section in content.sections],
        locks={field.name: of.user.display_name for field in fields_of(content.sections) if field.is_locked},
        note=content.note,
        created_by=of.user,
    )


def approval(of: Submission | None = None, **fields: Any) -> Approval:
    """A request that waits, with a reason and an estimate; its jobs are the test's."""
    of = of or submission()
    share = {"resource": "vcpu", "amount": "1", "usd_per_hour": "0.04", "valid_from": "2020-01-01"}
    totals = {
        "expected": {"usd": None, "vcpu_hours": None},
        "at_most": {"usd": "0.4", "vcpu_hours": "10"},
    }
    job = {
        "name": of.name,
        "runs": 10,
        "attempts": 1,
        "limit_seconds": 3600,
        "expected_seconds": None,
        "earlier_runs": 0,
        "unknown": [],
        "shares": [share],
        **totals,
    }
    defaults = {
        "submission": of,
        "team": of.team,
        "requester": of.person,
        "reasons": [{"rule": "approval.array-size", "message": "The submission has 10 array child jobs."}],
        "forecast": {
            **totals,
            "made_at": "2026-01-01T00:00:00+00:00",
            "jobs": [job],
            "more": {"jobs": 0, "at_most": {"usd": "0", "vcpu_hours": "0"}},
        },
    }
    return Approval.objects.create(**{**defaults, **fields})


def job(of: Submission | None = None, **fields: Any) -> Job:
    """A job that is accepted; with `state` or `batch_id`, one that AWS has."""
    of = of or submission()
    if ("state" in fields or "batch_id" in fields) and "delivery" not in fields:
        fields = {"delivery": Delivery.SENT, "state": State.SUBMITTED, **fields}
        fields.setdefault("batch_id", f"00000000-0000-4000-8000-{next(_number):012d}")
    public_id = new_id()
    name = fields.pop("name", "hello")
    given = fields.pop("queue", None) or Queue.objects.filter(account=of.account).first()
    defaults = {
        "public_id": public_id,
        "submission": of,
        "team": of.team,
        "person_id": of.person_id,
        "account": of.account,
        "queue": given or queue(of=of.account, teams=(of.team,)),
        "position": of.jobs.count(),
        "name": name,
        "marker": f"{name}-{to_text(public_id)}",
        "document": {"jobName": name, "jobQueue": "queue", "jobDefinition": "hello"},
    }
    if "revision" not in fields:
        known = Revision.objects.filter(definition__account=of.account).first()
        defaults["revision"] = known or revision(of=of.team, where=of.account)
    filled = {**defaults, **fields}
    filled.setdefault("step", filled["position"])
    return Job.objects.create(**{"definition_id": filled["revision"].definition_id, **filled})


def index_words(jobs: Iterable[Job] = ()) -> None:
    """Write the words of jobs that were made here, or of all, with their tags, as a submission does."""
    JobText.objects.all().delete()
    for row in jobs or Job.objects.select_related("submission", "revision"):
        tags = dict(JobTag.objects.filter(job=row).values_list("key", "value"))
        insert_texts([(row, row.revision.document, tags)])
