"""What admins gave, as it is read from the database."""

import pytest

from jobs.models import ImageGrant, QueueGrant, RoleGrant
from jobs.policy.grants import QueueLimits, TeamGrants
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


def test_grants_are_what_an_admin_wrote_for_this_team_and_no_other():
    team = make.team(images=("busybox",), roles=("arn:a", "arn:b*"), features=["privileged"], further_fields=["x.y"])
    make.team(images=("other",))
    queue = make.queue(teams=(team,))
    QueueGrant.objects.update(max_vcpus=4, max_active_jobs=3)

    grants = TeamGrants.for_team(team)
    assert grants.queues == {queue.pk: QueueLimits(vcpus=4, active_jobs=3)}
    assert (grants.images, sorted(grants.roles)) == (("busybox",), ["arn:a", "arn:b*"])
    assert (list(grants.features), list(grants.further_fields)) == (["privileged"], ["x.y"])


def test_a_queue_of_an_account_that_was_switched_off_is_not_given():
    team = make.team()
    make.queue(of=make.account(active=False), teams=(team,))

    assert TeamGrants.for_team(team).queues == {}


def test_they_are_read_with_the_same_questions_however_many_there_are(django_assert_num_queries):
    small, large = make.team(), make.team()
    account = make.account()
    for number in range(40):
        make.queue(of=account, teams=(large,))
        ImageGrant.objects.create(team=large, pattern=f"image-{number}")
        RoleGrant.objects.create(team=large, pattern=f"arn:{number}")

    for team in (small, large):
        with django_assert_num_queries(1):
            TeamGrants.for_team(team)
