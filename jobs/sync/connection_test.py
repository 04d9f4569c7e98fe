"""Test of an account's connection."""

from dataclasses import asdict

from django.conf import settings
from django.utils.timezone import now

from jobs.aws import connection_test
from jobs.aws.arns import account_number, partition
from jobs.aws.session import uncached_clients
from jobs.models import AccessMethod, Account, AccountStatus, Job
from jobs.states import State


def run_connection_test(account: Account) -> None:
    by_role = account.access == AccessMethod.ROLE
    report = connection_test.probe_permissions(uncached_clients(account), probe_targets(account))
    result = {
        "caller": report.caller,
        "portal_arn": connection_test.caller_arn(uncached_clients(account, own=True)("sts")) if by_role else "",
        "checks": [asdict(check) for check in report.checks],
        "error": report.error or _account_mismatch(account, report.number),
    }
    AccountStatus.objects.filter(pk=account.pk).update(connection_test=result, connection_tested_at=now())


def probe_targets(account: Account) -> connection_test.ProbeTargets:
    queue = account.queues.filter(removed_at=None).order_by("pk").first()
    job = Job.objects.filter(account=account, state=State.SUCCEEDED).exclude(batch_id="").order_by("-pk").first()
    return connection_test.ProbeTargets(
        region=account.region,
        number=account.number or account_number(account.role_arn),
        partition=partition(account.region),
        queue=(queue.arn or queue.name) if queue else "",
        ended_job=str(job.batch_id) if job else "",
        installation=settings.INSTALLATION,
        uses_role=account.access == AccessMethod.ROLE,
    )


def _account_mismatch(account: Account, number: str) -> str:
    if not number or not account.number or number == account.number:
        return ""
    return f"These credentials belong to account {number}, not to {account.number}."
