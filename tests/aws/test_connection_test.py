"""What a way in may do is found out without changing anything, and without guessing."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils.timezone import now

from jobs.aws.arns import account_number, partition, principal
from jobs.models import Account
from jobs.reports import iam_policies
from jobs.sandbox import Sandbox
from jobs.sync.connection_test import run_connection_test
from jobs.sync.queues import sync_queues
from tests import make
from tests.sandbox.bench import Bench

pytestmark = pytest.mark.django_db

ROLE = "arn:aws:iam::111122223333:role/batch-portal"


@pytest.fixture(scope="module")
def denying_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A sandbox that denies what it is told to deny; no job ever starts in it."""
    with Sandbox(tmp_path_factory.mktemp("permissions") / "state.sqlite3", delay=3600, faults_api=True) as running:
        bench = Bench(running.url)
        bench.define()
        yield bench
        bench.close()


@pytest.fixture
def aws(denying_sandbox: Bench) -> Iterator[Bench]:
    yield denying_sandbox
    denying_sandbox.plan()


@pytest.fixture
def account(aws: Bench) -> Account:
    made = make.account(endpoint_url=aws.batch.meta.endpoint_url)
    sync_queues(made)
    return made


def permission_statuses(account: Account) -> dict[str, str]:
    """The answers after a test of the connection, by permission."""
    run_connection_test(account)
    account.refresh_from_db()
    return {check.action: check.status for check in iam_policies.connection_report(account).permissions}


def denies(aws: Bench, *operations: str) -> None:
    aws.plan({"does": "deny", "operations": list(operations)})


@pytest.mark.long
def test_where_everything_is_allowed_everything_is_there_but_what_cannot_be_told(account, aws):
    definitions = aws.batch.describe_job_definitions()["jobDefinitions"]
    answers = permission_statuses(account)

    assert {action for action, answer in answers.items() if answer != "granted"} == {"iam:PassRole"}
    assert len(answers) == 17
    assert account.status.connection_test["caller"] == "arn:aws:iam::123456789012:user/sandbox"
    assert account.status.connection_test["error"] == ""
    # Nothing has changed by it.
    assert aws.ledger("portal-connection-test") == []
    assert aws.batch.describe_job_definitions()["jobDefinitions"] == definitions


@pytest.mark.long
@pytest.mark.parametrize(
    "operation",
    [
        "DescribeJobQueues",
        "DescribeComputeEnvironments",
        "DescribeSchedulingPolicies",
        "GetJobQueueSnapshot",
        "DescribeJobDefinitions",
        "DescribeJobs",
        "ListJobs",
        "SubmitJob",
        "RegisterJobDefinition",
        "DeregisterJobDefinition",
        "TagResource",
        "DescribeContainerInstances",
        "GetLogEvents",
        "FilterLogEvents",
    ],
)
def test_each_permission_that_is_missing_is_named(account, aws, operation):
    denies(aws, operation)
    permission_statuses(account)
    report = iam_policies.connection_report(account)

    assert [action.partition(":")[2] for action in report.missing] == [operation]
    [message] = [check.message for check in report.permissions if check.status == "missing"]
    assert "not authorized" in message


@pytest.mark.long
def test_that_jobs_may_not_be_stopped_is_known_once_a_job_has_ended(account, aws):
    denies(aws, "TerminateJob", "CancelJob")
    assert permission_statuses(account)["batch:TerminateJob"] == "unknown"

    make.job(make.submission(where=account), state="SUCCEEDED", batch_id=aws.submit())
    answers = permission_statuses(account)
    assert (answers["batch:TerminateJob"], answers["batch:CancelJob"]) == ("missing", "missing")


def test_without_a_queue_a_denied_submission_says_nothing(aws):
    denies(aws, "SubmitJob")

    assert permission_statuses(make.account(endpoint_url=aws.batch.meta.endpoint_url))["batch:SubmitJob"] == "unknown"


@pytest.mark.long
def test_throttles_and_failures_leave_it_open(account, aws):
    aws.plan({"does": "throttle", "operations": ["ListJobs"]}, {"does": "fail", "operations": ["SubmitJob"]})
    answers = permission_statuses(account)

    assert (answers["batch:ListJobs"], answers["batch:SubmitJob"]) == ("unknown", "unknown")


def test_where_nobody_listens_nothing_more_is_asked():
    account = make.account()
    answers = permission_statuses(account)

    assert set(answers.values()) == {"unknown"}
    assert "127.0.0.1:9" in account.status.connection_test["error"]


@pytest.fixture
def role_account(aws: Bench, monkeypatch: pytest.MonkeyPatch) -> Account:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDSANDBOX")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "anything")
    return make.account(
        endpoint_url=aws.batch.meta.endpoint_url, access="role", role_arn=ROLE, number="", external_id="the word"
    )


@pytest.mark.long
def test_a_role_is_assumed_anew_and_its_trust_policy_names_who_asks(role_account, aws):
    assert permission_statuses(role_account)["sts:AssumeRole"] == "granted"
    assert role_account.status.connection_test["caller"].startswith("arn:aws:iam::111122223333:")
    [statement] = iam_policies.trust_policy(role_account)["Statement"]
    assert statement["Principal"] == {"AWS": "arn:aws:iam::123456789012:user/sandbox"}
    assert statement["Condition"] == {"StringEquals": {"sts:ExternalId": "the word"}}
    assert ROLE in iam_policies.connection_report(role_account).assume_role_policy

    denies(aws, "AssumeRole")
    answers = permission_statuses(role_account)
    assert answers.pop("sts:AssumeRole") == "missing"
    assert set(answers.values()) == {"unknown"}
    assert "not authorized" in role_account.status.connection_test["error"]


@pytest.mark.long
def test_a_way_in_that_leads_elsewhere_is_said_so(role_account):
    role_account.number = "999999999999"
    role_account.save()
    permission_statuses(role_account)

    assert (
        role_account.status.connection_test["error"]
        == "These credentials belong to account 111122223333, not to 999999999999."
    )


@pytest.mark.long
def test_no_credential_is_kept(role_account, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wombat-secret")
    permission_statuses(role_account)

    kept = str({field.name: getattr(role_account, field.name) for field in Account._meta.fields})
    assert not any(word in kept for word in ("wombat", "sandbox-secret", "ASIA", "AKID"))


# -- The policies


def statements(account: Account) -> dict[str, Any]:
    return {statement["Sid"]: statement for statement in iam_policies.minimal_policy(account)["Statement"]}


def test_the_policy_names_the_queues_and_stops_only_jobs_of_this_portal(settings):
    settings.INSTALLATION = "portal-one"
    account, team = make.account(region="eu-west-1"), make.team(roles=())
    arn = "arn:aws:batch:eu-west-1:123456789012:job-queue/"
    make.queue("a", of=account, teams=(team,), arn=f"{arn}a")
    make.queue("b", of=account)
    make.queue("gone", of=account, removed_at=now())
    told = statements(account)

    assert told["Submit"]["Resource"][:2] == [f"{arn}a", f"{arn}b"]
    assert not any("gone" in resource for resource in told["Submit"]["Resource"])
    assert told["Stop"]["Condition"] == {"StringEquals": {"aws:ResourceTag/portal:installation": "portal-one"}}
    assert told["Register"]["Condition"] == {"BoolIfExists": {"batch:Privileged": "false"}}
    assert told["Logs"]["Resource"].endswith(":log-group:/aws/batch/*")
    assert "PassRole" not in told
    assert set(told["Read"]["Action"]) == set(iam_policies.READ_ACTIONS)


def test_the_policy_follows_what_teams_were_given():
    account = make.account()
    mine = "arn:aws:iam::123456789012:role/"
    roles = (f"{mine}batch-*", f"{mine}nightly", "arn:aws:iam::999999999999:role/other")
    team = make.team(roles=roles, features=["privileged", "logs"])
    make.queue("a", of=account, teams=(team,))
    told = statements(account)
    assert told["PassRole"]["Resource"] == [f"{mine}batch-*", f"{mine}nightly"]
    assert told["PassRole"]["Condition"] == {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
    assert "Condition" not in told["Register"]
    assert told["Logs"]["Resource"].endswith(":log-group:*")

    make.queue("b", of=account, teams=(make.team(roles=("arn:*",)),))
    assert statements(account)["PassRole"]["Resource"] == [f"{mine}*"]


def test_whoever_registers_nothing_needs_no_permission_to():
    account = make.account()
    make.queue("a", of=account, teams=(make.team(may_register=False),))

    assert not {"Register", "Deregister", "PassRole"} & set(statements(account))


@pytest.mark.parametrize(
    ("region", "part"), [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_a_region_has_its_partition(region, part):
    assert partition(region) == part


@pytest.mark.parametrize(
    ("arn", "number"), [(ROLE, "111122223333"), ("", ""), ("arn:aws:s3:::bucket", ""), ("nonsense", "")]
)
def test_an_arn_tells_its_account(arn, number):
    assert account_number(arn) == number


def test_a_session_of_a_role_is_trusted_as_the_role():
    assert (
        principal("arn:aws:sts::123456789012:assumed-role/portal/i-0abc") == "arn:aws:iam::123456789012:role/portal"
    )
    assert principal("arn:aws:iam::123456789012:user/ci") == "arn:aws:iam::123456789012:user/ci"
