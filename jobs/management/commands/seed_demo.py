"""`manage.py seed_demo`: adds to the demo what never existed, and changes nothing."""

import json
import socket
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from jobs import access, actions
from jobs.actions import launch_forms, templates
from jobs.actions.wait import wait_until
from jobs.aws.errors import AwsError
from jobs.dispatch.registration import register_due
from jobs.management.demo import MEMBERS, PASSWORD, QUEUE_LIMITS, TEAMS, DemoTeam, documents
from jobs.models import (
    AccessMethod,
    Account,
    ApiToken,
    Definition,
    ImageGrant,
    LaunchForm,
    Membership,
    Queue,
    QueueGrant,
    Registration,
    Revision,
    RoleGrant,
    Source,
    Submission,
    TagRule,
    TagSource,
    Team,
    User,
    WorkflowTemplate,
    quarantine,
)
from jobs.models.submission import DEMO_KEY_PREFIX
from jobs.models.token import digest, new_secret
from jobs.spec.launch_forms import file_format
from jobs.spec.template_format import from_file
from jobs.sync.queues import sync_queues

REGION = "us-west-2"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
SANDBOX_TIMEOUT_SECONDS = 60  # it is started at the same time
ENDPOINT_TIMEOUT_SECONDS = 2


class Command(BaseCommand):
    help = "Create the demo's users, teams, account, definitions and first jobs in the quick start's database."
    requires_system_checks = ["portal"]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--migrate", action="store_true", help="run migrations first")
        where = parser.add_mutually_exclusive_group()
        where.add_argument("--sandbox", metavar="URL", default="", help="use this sandbox as the demo's account")
        where.add_argument(
            "--endpoint", metavar="URL", default="", help="use this AWS endpoint as the demo's account"
        )
        parser.add_argument("--region", default=REGION, help="region of the account at --endpoint")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.QUICKSTART:
            raise CommandError("The demo has public passwords and can only be created in the quick start.")
        if options["migrate"]:
            call_command("migrate", interactive=False, verbosity=0)
        if not User.objects.exists():
            create_people_and_teams()
        for team in TEAMS:
            ensure_token(team, Path(settings.STATE))
            create_templates(team)
            create_forms(team)
        account = get_or_create_account(options["sandbox"], options["endpoint"], options["region"])
        if account and is_incomplete(account):
            try:
                wait_for_endpoint(
                    account.endpoint_url, SANDBOX_TIMEOUT_SECONDS if options["sandbox"] else ENDPOINT_TIMEOUT_SECONDS
                )
                fill_account(account)
            except (AwsError, OSError) as error:
                problem = f"The demo is incomplete: AWS at {account.endpoint_url} answered with an error ({error})"
                (Path(settings.STATE) / "notice").write_text(f"{problem}. The next start tries again.\n")


@transaction.atomic
def create_people_and_teams() -> None:
    teams = {demo.slug: get_or_create_team(demo) for demo in TEAMS}
    for name, roles in MEMBERS.items():
        user = User.objects.create_user(name, password=PASSWORD)
        for slug, role in roles.items():
            Membership.objects.create(team=teams[slug], user=user, role=role)
    User.objects.create_superuser("admin", password=PASSWORD)


def get_or_create_team(demo: DemoTeam) -> Team:
    limit = demo.default_time_limit_seconds
    team, is_new = Team.objects.get_or_create(
        slug=demo.slug,
        defaults={
            "name": demo.name,
            "features": list(demo.features),
            "default_time_limit_seconds": limit,
            **demo.default_size,
            **demo.approval,
        },
    )
    if is_new:
        RoleGrant.objects.bulk_create(RoleGrant(team=team, pattern=pattern) for pattern in demo.roles)
        ImageGrant.objects.bulk_create(ImageGrant(team=team, pattern=pattern) for pattern in demo.images)
        TagRule.objects.bulk_create(
            TagRule(team=team, key=key, default=value, filled_by=TagSource.TEAM) for key, value in demo.tags.items()
        )
    return team


def ensure_token(demo: DemoTeam, state: Path) -> None:
    """Keep a token that we know, valid or revoked."""
    file = state / demo.token_file
    is_valid = file.exists() and ApiToken.objects.filter(digest=digest(file.read_text().strip())).exists()
    member = Membership.objects.filter(team__slug=demo.slug, user__username=demo.actor).first()
    if is_valid or member is None:
        return
    secret = new_secret()
    file.touch(mode=0o600)
    file.chmod(0o600)
    file.write_text(secret + "\n")
    ApiToken.objects.create(
        team=member.team, person=member.user, name="Demo", prefix=secret[:12], digest=digest(secret)
    )


def create_templates(demo: DemoTeam) -> None:
    member = demo_member(demo)
    for _, text in documents("templates", demo):
        content, document = from_file(json.loads(text))
        if member and not WorkflowTemplate.objects.filter(team=member.team, name=content.name).exists():
            templates.create_template(member, replace(content, text=json.dumps(document, indent=2) + "\n"))


def create_forms(demo: DemoTeam) -> None:
    member = demo_member(demo)
    for _, text in documents("forms", demo):
        content, document = file_format.from_file(json.loads(text))
        if member and not LaunchForm.objects.filter(team=member.team, name=content.name).exists():
            launch_forms.create_form(member, replace(content, text=json.dumps(document, indent=2) + "\n"))


def get_or_create_account(sandbox: str, endpoint: str, region: str) -> Account | None:
    if not sandbox and not endpoint:
        return None
    is_local = urlsplit(sandbox or endpoint).hostname in LOOPBACK  # a Batch on this machine is polled every second
    account, _ = Account.objects.update_or_create(
        name="Sandbox" if sandbox else "AWS",
        defaults={"endpoint_url": sandbox or endpoint},
        create_defaults={
            "endpoint_url": sandbox or endpoint,
            "region": region,
            "number": "123456789012" if sandbox else "",
            "access": AccessMethod.SANDBOX if sandbox else AccessMethod.DEFAULT,
            **({"quarantine_seconds": quarantine.minimum_seconds(in_sandbox=True)} if sandbox else {}),
            "adopts_outside_jobs": bool(sandbox),
            **({"poll_seconds": 1} if is_local else {}),
        },
    )
    return account


def is_incomplete(account: Account) -> bool:
    if account.status.synced_at is None:
        return True
    names = [name for team in TEAMS for name, _ in documents("definitions", team)]
    revisions = Revision.objects.filter(definition__account=account, definition__name__in=names)
    return revisions.exclude(registration=Registration.ACCEPTED).values("definition").distinct().count() < len(names)


def fill_account(account: Account) -> None:
    with transaction.atomic():
        new = {change.name for change in sync_queues(account) if change.kind == "new"}
        for demo in TEAMS:
            grant_queues(account, demo, new)
    for demo in TEAMS:
        member = demo_member(demo)
        if member is None:
            continue
        for name, text in documents("definitions", demo):
            if not Definition.objects.filter(account=account, name=name).exists():
                actions.register(text, member, account=account)
    register_due(account)
    for demo in TEAMS:
        submit_first_jobs(account, demo)


def grant_queues(account: Account, demo: DemoTeam, new: set[str]) -> None:
    team = Team.objects.filter(slug=demo.slug).first()
    for name in demo.queues:
        if team and name in new:
            queue = Queue.objects.get(account=account, name=name)
            is_first = not QueueGrant.objects.filter(team=team, is_default=True).exists()
            QueueGrant.objects.get_or_create(
                team=team, queue=queue, defaults={"is_default": is_first, **QUEUE_LIMITS}
            )


def submit_first_jobs(account: Account, demo: DemoTeam) -> None:
    member = demo_member(demo)
    for name, text in documents("submissions", demo):
        key = f"{DEMO_KEY_PREFIX}{account.pk}-{name}"
        if member is None or Submission.objects.filter(team=member.team, request_key=key).exists():
            continue
        try:
            actions.submit(text, member, source=Source.JSON, request_key=key, account=account)
        except actions.ValidationFailedError:  # an endpoint without the demo's queues can't run its jobs
            continue


def demo_member(demo: DemoTeam) -> access.Member | None:
    membership = Membership.objects.filter(team__slug=demo.slug, user__username=demo.actor).first()
    return access.member_of(membership.user, membership.team) if membership else None


def wait_for_endpoint(url: str, timeout: float) -> None:
    parts = urlsplit(url)
    address = (parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))

    def is_listening() -> bool:
        with suppress(OSError), socket.create_connection(address, timeout=2):
            return True
        return False

    if not wait_until(is_listening, timeout):
        socket.create_connection(address, timeout=2).close()  # once more, for the error that says why
