import pytest
from django.utils.timezone import now

from jobs.dispatch.registration import register_due
from jobs.models import Registration, Revision
from tests import make, wire

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

ARN = "arn:aws:batch:us-west-2:123456789012:job-definition/hello"


def asked_for(url: str, **fields) -> Revision:
    return make.revision(
        where=make.account(endpoint_url=url), number=None, registration=Registration.ACCEPTED, **fields
    )


def test_a_definition_is_registered_as_it_was_written():
    with wire.wire(wire.says(200, {"jobDefinitionArn": f"{ARN}:7", "revision": 7})) as aws:
        revision = asked_for(aws.url)
        assert register_due(revision.definition.account) == 1
        assert register_due(revision.definition.account) == 0

    revision.refresh_from_db()
    assert aws.requests == [("/v1/registerjobdefinition", revision.document)]
    assert (revision.number, revision.arn, revision.registration) == (7, f"{ARN}:7", "REGISTERED")


def test_a_refusal_keeps_the_words_of_aws():
    with wire.wire(wire.says(400, {"message": "vCPU is not provided."}, "ClientException")) as aws:
        revision = asked_for(aws.url)
        register_due(revision.definition.account)

    revision.refresh_from_db()
    assert (revision.registration, revision.refusal) == ("REFUSED", "vCPU is not provided.")


def test_a_lost_answer_is_found_again_and_nothing_is_registered_twice():
    with wire.wire(wire.hangs_up) as aws:
        revision = asked_for(aws.url)
        register_due(revision.definition.account)
        described = {**revision.document, "jobDefinitionArn": f"{ARN}:3", "revision": 3, "status": "ACTIVE"}
        aws.answers[:] = [wire.says(200, {"jobDefinitions": [described]})]
        Revision.objects.update(lease_until=now())
        assert register_due(revision.definition.account) == 1

    revision.refresh_from_db()
    assert aws.paths() == ["/v1/registerjobdefinition", "/v1/describejobdefinitions"]
    assert revision.number == 3
