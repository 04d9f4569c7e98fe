from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404

from jobs import access
from jobs.models import Approval, Definition, Job, Queue, Revision, Role, Submission, Team
from jobs.models.ids import to_text
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


def test_what_someone_may_not_see_does_not_exist_for_them():
    job = make.job()
    stranger = make.member().user

    for look, text_id in (
        (access.job, job.text_id),
        (access.submission, job.submission.text_id),
        (access.definition, to_text(job.revision.definition.public_id)),
    ):
        with pytest.raises(Http404):
            look(stranger, text_id)
    with pytest.raises(Http404):
        access.membership(stranger, job.team.slug)


def test_lists_have_what_is_ones_own_and_what_is_shared():
    mine, theirs = make.job(), make.job()
    someone = make.member(mine.team).user
    lists: dict[Any, tuple[Any, Any]] = {
        Team: (mine.team, theirs.team),
        Job: (mine, theirs),
        Submission: (mine.submission, theirs.submission),
        Approval: (make.approval(mine.submission), make.approval(theirs.submission)),
        Definition: (mine.revision.definition, theirs.revision.definition),
        Revision: (mine.revision, theirs.revision),
        Queue: (mine.queue, theirs.queue),
    }

    for noun, (own, foreign) in lists.items():
        assert list(noun.objects.visible_to(someone)) == [own]
        assert set(noun.objects.visible_to(make.admin())) == {own, foreign}
    Definition.objects.update(shared=True)
    assert set(Definition.objects.visible_to(someone)) == set(Definition.objects.all())


def test_a_member_without_a_role_may_not_even_look():
    member = make.member()

    assert not access.Member(member.user, make.team(), "").can("view")


def test_staff_approve_in_every_active_team_and_members_who_do_not_lead_in_none():
    admin, team = make.admin(), make.team()

    assert access.Member(admin, team, "").can("approve")
    assert not access.Member(admin, make.team(active=False), "").can("approve")
    assert not make.member(team).can("approve")


def test_a_request_of_another_team_does_not_exist():
    approval = make.approval()

    assert access.approval(make.admin(), approval.text_id)[0] == approval
    with pytest.raises(PermissionDenied, match=r"\(analyst\) can't approve"):
        access.approval(approval.submission.person, approval.text_id)
    with pytest.raises(Http404):
        access.approval(make.member(role=Role.LEAD).user, approval.text_id)


def test_staff_see_everything_and_act_only_as_members():
    job = make.job()
    admin = make.admin()

    assert access.job(admin, job.text_id)[0] == job
    with pytest.raises(PermissionDenied, match="Only members can stop jobs"):
        access.job(admin, job.text_id, "stop")
    visitor = access.job(admin, job.text_id)[1]
    assert {act for act in access.ROLES_BY_PERMISSION if visitor.can(act)} == set(access.STAFF_PERMISSIONS)

    make.member(job.team, Role.LEAD, admin)
    assert access.job(admin, job.text_id, "stop")[0] == job


@pytest.mark.parametrize(
    ("role", "acts"),
    [
        ("viewer", {"view", "own_tokens"}),
        ("analyst", {"view", "submit", "stop", "register", "reveal", "own_tokens"}),
        ("lead", set(access.ROLES_BY_PERMISSION) - {"members"}),
    ],
)
def test_each_role_may_what_the_table_says(role, acts):
    member = make.member(role=role)

    assert {act for act in access.ROLES_BY_PERMISSION if member.can(act)} == acts


def test_leads_manage_members_where_the_team_allows_it_and_nobody_else_does():
    team = make.team(leads_manage_members=True)
    may = {role: make.member(team, role).can("members") for role in ("viewer", "analyst", "lead")}

    assert may == {"viewer": False, "analyst": False, "lead": True}
    assert not make.member(role="lead").can("members")


def test_someone_who_leaves_a_team_loses_it_at_once():
    member = make.member()
    job = make.job(make.submission(member))
    assert access.job(member.user, job.text_id)

    member.team.memberships.all().delete()
    with pytest.raises(Http404):
        access.job(member.user, job.text_id)


def test_an_inactive_team_is_only_read():
    member = make.member(make.team(active=False), Role.LEAD)

    assert member.can("view")
    assert not member.can("submit")


@pytest.mark.parametrize("text", ["", "x", "A" * 26, "../" * 8])
def test_what_is_no_id_is_not_found(text):
    with pytest.raises(Http404):
        access.job(make.user(), text)
