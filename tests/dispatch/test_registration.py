from datetime import timedelta

import pytest
from django.utils.timezone import now

from jobs.actions import definitions
from jobs.aws import batch
from jobs.dispatch import registration
from jobs.dispatch.registration import deregister_due, register, register_due
from jobs.models import Definition, ImageGrant, Job, Registration, Revision
from jobs.states import Delivery
from tests import http_wire, make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

ARN = "arn:aws:batch:us-west-2:123456789012:job-definition/hello"


def accepted_revision(url: str, **fields) -> Revision:
    given = {"number": None, "registration": Registration.ACCEPTED, **fields}
    return make.revision(where=make.account(endpoint_url=url), **given)


def test_a_definition_is_registered_as_it_was_written():
    with http_wire.wire(http_wire.reply(200, {"jobDefinitionArn": f"{ARN}:7", "revision": 7})) as aws:
        revision = accepted_revision(aws.url)
        assert register_due(revision.definition.account) == 1
        assert register_due(revision.definition.account) == 0

    revision.refresh_from_db()
    assert aws.requests == [("/v1/registerjobdefinition", revision.document)]
    assert (revision.number, revision.arn, revision.registration) == (7, f"{ARN}:7", "REGISTERED")


def test_a_refusal_keeps_the_words_of_aws():
    with http_wire.wire(http_wire.reply(400, {"message": "vCPU is not provided."}, "ClientException")) as aws:
        revision = accepted_revision(aws.url)
        register_due(revision.definition.account)

    revision.refresh_from_db()
    assert (revision.registration, revision.refusal) == ("REFUSED", "vCPU is not provided.")


def test_a_lost_answer_is_found_again_and_nothing_is_registered_twice():
    with http_wire.wire(http_wire.hang_up) as aws:
        revision = accepted_revision(aws.url)
        register_due(revision.definition.account)
        described = {**revision.document, "jobDefinitionArn": f"{ARN}:3", "revision": 3, "status": "ACTIVE"}
        aws.answers[:] = [http_wire.reply(200, {"jobDefinitions": [described]})]
        Revision.objects.update(lease_until=now())
        assert register_due(revision.definition.account) == 1

    revision.refresh_from_db()
    assert aws.paths() == ["/v1/registerjobdefinition", "/v1/describejobdefinitions"]
    assert revision.number == 3


HANDS = [(None, True), (timedelta(seconds=-1), True), (timedelta(seconds=30), False)]


@pytest.mark.parametrize(("lease", "free"), HANDS)
def test_a_revision_in_another_workers_hands_is_left_to_it_until_its_lease_lapses(lease, free):
    with http_wire.wire(http_wire.reply(200, {"jobDefinitionArn": f"{ARN}:7", "revision": 7})) as aws:
        fields = {"number": None, "lease_until": lease and now() + lease}
        revision = accepted_revision(aws.url, **fields)
        assert register_due(revision.definition.account) == free
        Revision.objects.update(registration=Registration.ACCEPTED, sent_at=None, **fields)
        assert register(Revision.objects.get()) is free


def test_revisions_in_other_hands_keep_none_waiting(monkeypatch):
    monkeypatch.setattr(registration, "BATCH_SIZE", 1)
    with http_wire.wire(http_wire.reply(200, {"jobDefinitionArn": f"{ARN}:7", "revision": 7})) as aws:
        first = accepted_revision(aws.url, lease_until=now() + timedelta(seconds=30))
        make.revision("other", where=first.definition.account, number=None, registration=Registration.ACCEPTED)

        assert register_due(first.definition.account) == 1


def test_while_one_worker_asks_aws_another_does_not(monkeypatch):
    revision = accepted_revision("http://127.0.0.1:9")
    copy = Revision.objects.get()
    asked: list[int] = []

    def register_concurrently(*_: object) -> batch.RegisteredRevision:
        asked.append(1)
        if len(asked) == 1:
            register(copy)
        return batch.RegisteredRevision(f"{ARN}:7", 7)

    monkeypatch.setattr(batch, "register", register_concurrently)

    assert register(revision)
    assert len(asked) == 1


@pytest.mark.parametrize("answer", [Registration.REFUSED, Registration.REGISTERED])
def test_an_answer_that_comes_after_another_changes_nothing(monkeypatch, answer):
    revision = accepted_revision("http://127.0.0.1:9")

    asked: list[int] = []

    def answer_late(*_: object) -> batch.RegisteredRevision:
        asked.append(1)
        Revision.objects.update(registration=answer, number=3, lease_until=None)
        return batch.RegisteredRevision(f"{ARN}:7", 7)

    monkeypatch.setattr(batch, "register", answer_late)

    assert [register(each) for each in (revision, Revision.objects.get())] == [False, False]
    assert len(asked) == 1
    assert Revision.objects.get().number == 3


def test_what_was_withdrawn_meanwhile_is_refused_by_the_portal_and_never_asked_of_aws():
    with http_wire.wire(http_wire.reply(200, {"jobDefinitionArn": f"{ARN}:7", "revision": 7})) as aws:
        revision = accepted_revision(aws.url)
        ImageGrant.objects.filter(team=revision.definition.team).delete()
        assert register_due(revision.definition.account) == 0

    revision.refresh_from_db()
    assert aws.requests == []
    assert (revision.registration, revision.refused_by_portal, revision.active) == ("REFUSED", True, False)
    assert "policy.image-not-granted" in revision.refusal
    assert "busybox" in revision.refusal


def test_a_name_that_was_deactivated_meanwhile_is_not_registered():
    with http_wire.wire(http_wire.reply(200, {"jobDefinitionArn": f"{ARN}:7", "revision": 7})) as aws:
        revision = accepted_revision(aws.url)
        definitions.archive(revision.definition, make.user())
        register_due(revision.definition.account)

    revision.refresh_from_db()
    assert (aws.requests, revision.registration) == ([], "REFUSED")


def deactivated_revision(url: str) -> Revision:
    revision = make.revision(where=make.account(endpoint_url=url), arn=f"{ARN}:1")
    definitions.deactivate(revision, make.user())
    return revision


def test_aws_is_told_once_of_what_was_deactivated():
    with http_wire.wire(http_wire.reply(200, {})) as aws:
        revision = deactivated_revision(aws.url)
        told = [deregister_due(revision.definition.account) for _ in range(2)]

    revision.refresh_from_db()
    assert told == [1, 0]
    assert aws.requests == [("/v1/deregisterjobdefinition", {"jobDefinition": f"{ARN}:1"})]
    assert revision.deregistered_at


def test_a_job_that_was_accepted_is_sent_before_aws_is_told():
    with http_wire.wire(http_wire.reply(200, {})) as aws:
        revision = deactivated_revision(aws.url)
        job = make.job(make.submission(where=revision.definition.account), revision=revision)
        assert deregister_due(revision.definition.account) == 0

        Job.objects.filter(pk=job.pk).update(delivery=Delivery.SENT, batch_id="j-1")
        assert deregister_due(revision.definition.account) == 1


@pytest.mark.parametrize(
    ("status", "code", "settled"), [(400, "ClientException", True), (403, "AccessDenied", False)]
)
def test_what_aws_does_not_know_is_settled_and_what_it_would_not_hear_is_told_again(status, code, settled):
    with http_wire.wire(http_wire.reply(status, {"message": "no"}, code)) as aws:
        revision = deactivated_revision(aws.url)
        told = [deregister_due(revision.definition.account) for _ in range(2)]
        assert len(aws.requests) == 1  # not again at once
        Revision.objects.update(lease_until=now() - timedelta(seconds=1))
        deregister_due(revision.definition.account)
        assert len(aws.requests) == (1 if settled else 2)

    assert told == [settled, 0]
    assert Revision.objects.pending_deregistration().exists() is not settled
    assert Definition.objects.filter(pk=revision.definition_id).exists()
