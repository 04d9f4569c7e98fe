"""What was allowed when a job was accepted and is withdrawn before it is sent is not sent."""

import pytest

from jobs.dispatch.delivery import deliver_due
from jobs.models import ImageGrant, Job, QueueGrant, RoleGrant, TagRule, Team
from jobs.states import Delivery
from tests import http_wire, make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
ROLE = "arn:aws:iam::123456789012:role/BatchJobRole"


def accepted_at(url: str) -> Job:
    """A job that uses a bit of everything that is given."""
    member = make.member(make.team(name="Research", features=["user"]))
    account = make.account(endpoint_url=url)
    document = make.document()
    document["containerProperties"] |= {"jobRoleArn": ROLE, "user": "nobody"}
    revision = make.revision(of=member.team, where=account, document=document)
    return make.job(make.submission(member, account), revision=revision)


WITHDRAWALS = {
    "policy.queue-not-granted": lambda: QueueGrant.objects.all().delete(),
    "policy.role-not-granted": lambda: RoleGrant.objects.all().delete(),
    "policy.image-not-granted": lambda: ImageGrant.objects.update(pattern="alpine"),
    "policy.user-not-granted": lambda: Team.objects.update(features=[]),
    "policy.team-inactive": lambda: Team.objects.update(active=False),
    "policy.definition-not-shared": lambda: Team.objects.update(may_register=False),
    "policy.too-much-memory": lambda: QueueGrant.objects.update(max_memory_mib=256),
    "policy.no-time-limit": lambda: QueueGrant.objects.update(max_run_seconds=60),
}


@pytest.mark.parametrize("rule", WITHDRAWALS)
def test_what_was_withdrawn_meanwhile_is_refused_by_the_portal_with_the_rule_named(rule):
    with http_wire.wire(http_wire.accepts) as aws:
        job = accepted_at(aws.url)
        WITHDRAWALS[rule]()
        deliver_due(job.account)
        job.refresh_from_db()

    assert aws.requests == []
    assert (job.delivery, job.batch_id) == (Delivery.REFUSED, None)
    assert f"({rule})" in job.delivery_note
    assert job.history.last().note == job.delivery_note


def test_with_everything_still_given_it_is_sent():
    with http_wire.wire(http_wire.accepts) as aws:
        job = accepted_at(aws.url)
        TagRule.objects.create(key="CostCenter", required=True)  # of jobs to come
        QueueGrant.objects.update(max_active_jobs=1)  # it is the one
        deliver_due(job.account)

    assert aws.paths() == ["/v1/submitjob"]
