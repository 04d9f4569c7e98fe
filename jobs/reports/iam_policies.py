"""IAM policies that an account needs."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from jobs.aws.arns import account_number, partition, principal
from jobs.aws.cost_exports import split_address
from jobs.models import AccessMethod, Account, Feature, RoleGrant, Team

PolicyDocument = dict[str, Any]

READ_ACTIONS = (
    "batch:DescribeComputeEnvironments",
    "batch:DescribeJobDefinitions",
    "batch:DescribeJobQueues",
    "batch:DescribeJobs",
    "batch:DescribeSchedulingPolicies",
    "batch:GetJobQueueSnapshot",
    "batch:ListJobs",
)
COST_EXPLORER_ACTIONS = ("ce:GetCostAndUsage", "ce:GetTags", "ce:ListCostAllocationTags")
PRICE_ACTIONS = (
    "ec2:DescribeInstanceTypes",
    "ec2:DescribeSpotPriceHistory",
    "pricing:GetPriceListFileUrl",
    "pricing:ListPriceLists",
)
PLACEHOLDER_PRINCIPAL = "arn:aws:iam::PORTAL_ACCOUNT:role/PORTAL_ROLE"


def breaker_summary(account: Account) -> str:
    breaker = account.status.breaker
    if not breaker.is_open:
        return "Not paused."
    retry_text = f" The portal tries again at {breaker.retry_at:%H:%M:%S} UTC." if breaker.retry_at else ""
    since = f"{breaker.opened_at:%Y-%m-%d %H:%M:%S}"
    return f"Paused since {since} UTC: {breaker.reason}{retry_text} Jobs stay queued meanwhile."


@dataclass(frozen=True)
class PermissionResult:
    action: str
    status: str
    message: str


@dataclass(frozen=True)
class ConnectionReport:
    caller: str
    problem: str
    permissions: tuple[PermissionResult, ...]
    policy: str
    trust: str
    assume_role_policy: str

    @property
    def missing(self) -> list[str]:
        return [permission.action for permission in self.permissions if permission.status == "missing"]


def connection_report(account: Account) -> ConnectionReport:
    result = _stored_result(account)
    by_role = account.access == AccessMethod.ROLE
    return ConnectionReport(
        caller=result.get("caller", ""),
        problem=result.get("error", ""),
        permissions=tuple(PermissionResult(**check) for check in result.get("checks", ())),
        policy=_to_json(minimal_policy(account)),
        trust=_to_json(trust_policy(account)) if by_role else "",
        assume_role_policy=_to_json(assume_role_policy(account)) if by_role and account.role_arn else "",
    )


def _stored_result(account: Account) -> Mapping[str, Any]:
    """Rename fields of results stored by earlier versions."""
    stored: Mapping[str, Any] = account.status.connection_test
    if "findings" not in stored:
        return stored
    checks = [
        {
            "action": finding["action"],
            "status": "granted" if finding["answer"] == "there" else finding["answer"],
            "message": finding["words"],
        }
        for finding in stored["findings"]
    ]
    return {
        "caller": stored["caller"],
        "portal_arn": stored["asks_as"],
        "checks": checks,
        "error": stored["trouble"],
    }


def minimal_policy(account: Account) -> PolicyDocument:
    """Allow the account's queues by name, the portal's jobs by tag, and no more."""
    return {"Version": "2012-10-17", "Statement": list(_statements(account))}


def trust_policy(account: Account) -> PolicyDocument:
    principal_arn = principal(_stored_result(account).get("portal_arn", "")) or PLACEHOLDER_PRINCIPAL
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": principal_arn},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": account.external_id}},
            }
        ],
    }


def assume_role_policy(account: Account) -> PolicyDocument:
    return {"Version": "2012-10-17", "Statement": [_allow("Assume", "sts:AssumeRole", account.role_arn)]}


def _statements(account: Account) -> Iterator[PolicyDocument]:
    part = partition(account.region)
    number = account.number or account_number(account.role_arn) or "*"
    batch = f"arn:{part}:batch:{account.region}:{number}"
    teams = list(Team.objects.filter(active=True, queue_grants__queue__account=account).distinct())
    queues = account.queues.filter(removed_at=None).order_by("name")

    yield _allow("Read", list(READ_ACTIONS), "*")
    submitted = [queue.arn or f"{batch}:job-queue/{queue.name}" for queue in queues] or [f"{batch}:job-queue/*"]
    yield _allow("Submit", "batch:SubmitJob", [*submitted, f"{batch}:job-definition/*", f"{batch}:job/*"])
    instances = f"arn:{part}:ecs:{account.region}:{number}:container-instance/*"
    yield _allow("InstanceTypes", "ecs:DescribeContainerInstances", instances)
    if account.refreshes_prices:
        yield _allow("Prices", list(PRICE_ACTIONS), "*")
    if account.cost_explorer_requests:
        yield _allow("CostExplorer", list(COST_EXPLORER_ACTIONS), "*")
    if account.cost_export:
        bucket, prefix = split_address(account.cost_export)
        within = {"StringLike": {"s3:prefix": f"{prefix}*"}}
        yield _allow("ListCostExport", "s3:ListBucket", f"arn:{part}:s3:::{bucket}", within)
        yield _allow("CostExport", "s3:GetObject", f"arn:{part}:s3:::{bucket}/{prefix}*")
    own_jobs = {"StringEquals": {"aws:ResourceTag/portal:installation": settings.INSTALLATION}}
    yield _allow("Stop", ["batch:CancelJob", "batch:TerminateJob"], f"{batch}:job/*", own_jobs)
    yield _allow("Tag", "batch:TagResource", [f"{batch}:job/*", f"{batch}:job-definition/*"])
    groups = "*" if any(Feature.LOGS in team.features for team in teams) else "/aws/batch/*"
    log_groups = f"arn:{part}:logs:{account.region}:{number}:log-group:{groups}"
    yield _allow("Logs", ["logs:FilterLogEvents", "logs:GetLogEvents"], log_groups)
    if not teams or any(team.may_register for team in teams):
        privileged = any(Feature.PRIVILEGED in team.features for team in teams)
        unprivileged = None if privileged else {"BoolIfExists": {"batch:Privileged": "false"}}
        yield _allow("Register", "batch:RegisterJobDefinition", f"{batch}:job-definition/*", unprivileged)
        yield _allow("Deregister", "batch:DeregisterJobDefinition", f"{batch}:job-definition/*")
        if roles := _passable_roles(teams, f"arn:{part}:iam::{number}:role/"):
            passed_to_tasks = {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
            yield _allow("PassRole", "iam:PassRole", roles, passed_to_tasks)


def _passable_roles(teams: list[Team], prefix: str) -> list[str]:
    patterns = RoleGrant.objects.filter(team__in=teams).values_list("pattern", flat=True)
    prefix_patterns = {
        prefix + "*" for pattern in patterns if pattern.endswith("*") and prefix.startswith(pattern[:-1])
    }
    return sorted(prefix_patterns or {pattern for pattern in patterns if pattern.startswith(prefix)})


def _allow(name: str, action: str | list[str], resource: str | list[str], condition: Any = None) -> PolicyDocument:
    allowed: PolicyDocument = {"Sid": name, "Effect": "Allow", "Action": action, "Resource": resource}
    return {**allowed, "Condition": condition} if condition else allowed


def _to_json(policy: PolicyDocument) -> str:
    return json.dumps(policy, indent=2)
