"""What a lead decides on the pages of a request, and what the page answers to each."""

import json

import pytest
from django.test import Client

from jobs import actions
from jobs.access import Member
from jobs.models import Approval, Job, Role
from jobs.spec.documents import Document
from tests import make
from tests.web.conftest import Research, SignIn

DOCUMENT: Document = {"jobName": "one", "jobQueue": "cpu", "jobDefinition": "hello", "arrayProperties": {"size": 10}}


@pytest.fixture
def approval(research: Research) -> Approval:
    """An array above what the team runs without asking."""
    research.team.approval_array_size = 4
    research.team.save()
    member = Member(research.analyst.user, research.team, Role.ANALYST)
    return actions.submit(json.dumps(DOCUMENT), member, source="json").approvals.get()


@pytest.fixture
def lead(research: Research, signed_in: SignIn) -> Client:
    return signed_in(make.member(research.team, Role.LEAD, make.user("lead")).user)


def job_of(approval: Approval) -> Job:
    return approval.submission.jobs.get()


def edited_document(size: int) -> str:
    return json.dumps({**DOCUMENT, "arrayProperties": {"size": size}})


def test_a_lead_approves_what_the_page_showed(approval: Approval, lead: Client) -> None:
    page = lead.post(f"{approval.get_absolute_url()}approve/", {"version": approval.version}, follow=True)

    assert "Approved one" in page.text
    assert job_of(approval).delivery == "ACCEPTED"


@pytest.mark.long
def test_a_page_that_is_old_approves_nothing(approval: Approval, lead: Client) -> None:
    for version in ("", "x", str(approval.version + 1)):
        page = lead.post(f"{approval.get_absolute_url()}approve/", {"version": version}, follow=True)

        assert page.redirect_chain == [(approval.get_absolute_url(), 302)]
        assert "Approved one" not in page.text
    assert job_of(approval).delivery == "AWAITING"


@pytest.mark.parametrize(
    ("is_job", "label", "message"),
    [(True, "Withdraw job", "Withdrew one."), (False, "Withdraw request", "Withdrew the request one.")],
)
def test_a_requester_withdraws_under_the_name_that_the_result_has(
    approval: Approval, research: Research, signed_in: SignIn, label: str, message: str, *, is_job: bool
) -> None:
    address = (job_of(approval) if is_job else approval.submission).get_absolute_url()
    browser = signed_in(research.analyst.user)
    page = browser.get(address).text
    after = browser.post(f"{address}stop/", follow=True).text

    assert label in page
    assert "Stop " not in page.split("<dialog")[0]
    assert message in after
    assert job_of(approval).delivery == "WITHDRAWN"


def test_a_lead_declines_with_a_reason_that_the_job_keeps(approval: Approval, lead: Client) -> None:
    address = f"{approval.get_absolute_url()}decline/"
    page = lead.post(address, {"version": approval.version, "why": "too\0 large"}, follow=True)

    assert "Declined one" in page.text
    job = job_of(approval)
    assert (job.delivery, "too large" in job.delivery_note) == ("DECLINED", True)


def test_without_a_reason_nothing_is_declined(approval: Approval, lead: Client) -> None:
    page = lead.post(f"{approval.get_absolute_url()}decline/", {"version": approval.version, "why": " "})

    assert "Enter a reason" in page.text
    assert job_of(approval).delivery == "AWAITING"


@pytest.mark.parametrize("act", ["approve", "decline"])
def test_a_decision_that_is_only_looked_at_leads_to_the_request(approval: Approval, lead: Client, act: str) -> None:
    answer = lead.get(f"{approval.get_absolute_url()}{act}/")

    assert (answer.status_code, answer["Location"]) == (302, approval.get_absolute_url())


@pytest.mark.long
def test_a_lead_makes_a_request_smaller_and_it_goes_out(approval: Approval, lead: Client) -> None:
    address = f"{approval.get_absolute_url()}edit/"
    page = lead.post(address, {"version": approval.version, "text": edited_document(5)}, follow=True)

    assert "Edited and approved one" in page.text
    job = job_of(approval)
    assert (job.delivery, job.array_size) == ("ACCEPTED", 5)


@pytest.mark.long
def test_a_lead_who_makes_it_larger_leaves_it_to_somebody_else(approval: Approval, lead: Client) -> None:
    address = f"{approval.get_absolute_url()}edit/"
    page = lead.post(address, {"version": approval.version, "text": edited_document(20)}, follow=True)

    assert "Edited and approved" not in page.text
    job = job_of(approval)
    assert (job.delivery, job.array_size) == ("AWAITING", 20)


@pytest.mark.parametrize("text", ["{", '{"jobName": "one", "jobQueue": "nowhere", "jobDefinition": "hello"}'])
def test_an_edit_that_is_refused_keeps_the_text_in_the_editor(approval: Approval, lead: Client, text: str) -> None:
    answer = lead.post(f"{approval.get_absolute_url()}edit/", {"version": approval.version, "text": text})

    assert answer.status_code == 422
    assert text.replace('"', "&quot;") in answer.text
    job = job_of(approval)
    assert (job.delivery, job.array_size) == ("AWAITING", 10)


def test_an_edit_of_an_old_page_changes_nothing(approval: Approval, lead: Client) -> None:
    answer = lead.post(f"{approval.get_absolute_url()}edit/", {"version": "0", "text": edited_document(5)})

    assert answer.status_code == 422
    assert job_of(approval).array_size == 10


def test_whoever_asked_does_not_edit_the_request(approval: Approval, research: Research, signed_in: SignIn) -> None:
    research.analyst.user.memberships.update(role=Role.LEAD)
    answer = signed_in(research.analyst.user).get(f"{approval.get_absolute_url()}edit/")

    assert answer.status_code == 403


@pytest.mark.long
def test_the_panel_beside_the_editor_tells_what_an_edit_raises(approval: Approval, lead: Client) -> None:
    address = f"{approval.get_absolute_url()}judge/"
    larger = lead.post(address, {"text": edited_document(20)}).text
    smaller = lead.post(address, {"text": edited_document(5)}).text
    broken = lead.post(address, {"text": "{"}).text

    assert "increased from 10 to 20 runs" in larger
    assert "increased from 10" not in smaller
    assert "Line 1, column 2" in broken
    assert job_of(approval).array_size == 10
