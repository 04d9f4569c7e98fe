"""What a lead who made a request larger is told, and where."""

import json

import pytest

from jobs import intake
from jobs.access import Member
from jobs.models import Approval, Role, User
from jobs.spec.documents import Document
from tests import make
from tests.web.conftest import Research, SignIn

LARGER = "You made this request larger. Another lead or an administrator approves it."
DOCUMENT: Document = {"jobName": "one", "jobQueue": "cpu", "jobDefinition": "hello", "arrayProperties": {"size": 10}}


@pytest.fixture
def lead(research: Research) -> Member:
    return make.member(research.team, Role.LEAD, make.user("lead"))


@pytest.fixture
def approval(research: Research, lead: Member) -> Approval:
    """Made larger by `lead` and then by another one."""
    research.team.approval_array_size = 4
    research.team.save()
    text = json.dumps(DOCUMENT)
    asked = intake.accept(text, Member(research.analyst.user, research.team, Role.ANALYST), source="json").approval
    other = make.member(research.team, Role.LEAD, make.user("other"))
    for version, editor in enumerate((lead, other), start=1):
        larger = {**DOCUMENT, "arrayProperties": {"size": 100 * version}}
        assert not intake.edit(asked, editor, version, json.dumps(larger))
    return Approval.objects.get()


@pytest.mark.parametrize("who", ["lead", "other"])
def test_whoever_made_a_request_larger_is_told_so_wherever_it_could_be_approved(
    approval: Approval, signed_in: SignIn, who: str
):
    browser = signed_in(User.objects.get(username=who))
    page = browser.get(approval.get_absolute_url()).text
    listed = browser.get(f"/teams/{approval.team.slug}/approvals/").text
    editor = browser.get(f"{approval.get_absolute_url()}edit/").text

    assert LARGER in page
    assert 'id="approve"' not in page
    assert "you made it larger: someone else approves it" in listed
    assert "even if you make it smaller now" in editor
    answer = browser.post(f"{approval.get_absolute_url()}approve/", {"version": approval.version})
    assert answer.status_code == 403
    assert LARGER in answer.text
    assert approval.submission.jobs.get().delivery == "AWAITING"


def test_a_lead_who_did_not_is_offered_to_approve_it(approval: Approval, research: Research, signed_in: SignIn):
    third = make.member(research.team, Role.LEAD, make.user("third"))
    page = signed_in(third.user).get(approval.get_absolute_url()).text

    assert 'id="approve"' in page
    assert "third can decide, or an administrator." in page
