"""What a lead who made a request larger is told, and where."""

import json
import re
from datetime import timedelta
from functools import partial
from html import unescape

import pytest
from django.urls import reverse
from django.utils.timezone import now

from jobs import actions
from jobs.access import Member
from jobs.models import Approval, Job, Rate, Role, Submission, User
from jobs.models.approval import Decision
from jobs.reports import approvals as reports
from jobs.spec.diff import diff_documents
from jobs.spec.documents import Document
from jobs.states import Delivery
from tests import make
from tests.web.conftest import Research, SignIn

LARGER = "Your edit needs another approver. Another lead or an administrator must approve this request."
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
    analyst = Member(research.analyst.user, research.team, Role.ANALYST)
    asked = actions.submit(text, analyst, source="json").approvals.get()
    other = make.member(research.team, Role.LEAD, make.user("other"))
    for version, editor in enumerate((lead, other), start=1):
        larger = {**DOCUMENT, "arrayProperties": {"size": 100 * version}}
        assert not actions.edit_request(asked, editor, version, json.dumps(larger))
    return Approval.objects.get()


@pytest.mark.long
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
    assert "Your edit needs another approver: another lead or an administrator must approve it" in listed
    assert "even if you undo the edit" in editor
    answer = browser.post(f"{approval.get_absolute_url()}approve/", {"version": approval.version})
    assert answer.status_code == 403
    assert LARGER in answer.text
    assert approval.submission.jobs.get().delivery == "AWAITING"


def test_the_approver_sees_where_each_argument_of_a_command_ends(research: Research, lead: Member, signed_in: SignIn):
    research.team.approval_array_size = 4
    research.team.save()
    command = {"containerOverrides": {"command": ["sh", "-c", "echo hi $X; sleep 1"]}}
    asked = actions.submit(json.dumps(DOCUMENT | command), research.analyst, source="json").approvals.get()
    page = unescape(signed_in(lead.user).get(asked.get_absolute_url()).text)

    assert "<code>sh -c 'echo hi $X; sleep 1'</code>" in page


def test_the_approver_sees_that_a_job_can_never_start(approval: Approval, lead: Member, signed_in: SignIn):
    warning = {"pointer": "/jobQueue", "message": "The job can never start.", "severity": "warning"}
    change = {"pointer": "/tags", "message": "Project was set.", "severity": "change"}
    Submission.objects.filter(pk=approval.submission_id).update(notes=[change, warning, warning])
    page = signed_in(lead.user).get(approval.get_absolute_url()).text

    assert page.count("The job can never start.") == 1
    assert "Project was set." not in page


def test_the_approver_sees_the_retry_rules_and_the_tags_of_the_definition_too(
    research: Research, lead: Member, signed_in: SignIn
):
    rules = [{"onExitCode": "137", "action": "RETRY"}, {"onReason": "*", "action": "EXIT"}]
    strategy = {"attempts": 3, "evaluateOnExit": rules}
    document = make.document("tagged", retryStrategy=strategy, tags={"Kind": "ml"})
    make.revision("tagged", of=research.team, where=research.account, document=document)
    research.team.approval_array_size = 4
    research.team.save()
    text = json.dumps(DOCUMENT | {"jobDefinition": "tagged", "tags": {"Project": "A"}})
    asked = actions.submit(text, research.analyst, source="json")
    page = unescape(signed_in(lead.user).get(asked.approvals.get().get_absolute_url()).text)

    assert "<dt>Retry rule 1</dt><dd>Retry for exit code 137</dd>" in page
    assert "<dt>Retry rule 2</dt><dd>Don't retry for reason *</dd>" in page
    assert "<code>Kind=ml</code>, <code>Project=A</code>" in page


def test_a_request_is_compared_with_the_last_run_by_what_runs_and_not_by_its_name_or_tags(
    research: Research, lead: Member, signed_in: SignIn
):
    def submit(**changes: object) -> str:
        return actions.submit(json.dumps(DOCUMENT | changes), research.analyst, source="json").get_absolute_url()

    submit(jobName="first", tags={"Project": "A"})
    Job.objects.filter(name="first").update(delivery="SENT", state="SUCCEEDED", batch_id="b-1")
    research.team.approval_array_size = 4
    research.team.save()
    submit(jobName="same", tags={"Project": "B"})
    submit(jobName="larger", arrayProperties={"size": 20})
    make.revision("hello", of=research.team, where=research.account)
    submit(jobName="newer")

    def comparison(request: Approval) -> str:
        page = signed_in(lead.user).get(request.get_absolute_url()).text
        part = page.split("Changes since the last run</h3>")[1].split("</section>")[0]
        return " ".join(unescape(re.sub("<[^>]*>", " ", part)).split())

    same, larger, newer = (comparison(request) for request in Approval.objects.order_by("pk"))
    assert re.fullmatch(r"Compared with Succeeded first , .* No changes\.", same)
    assert larger.endswith("arrayProperties › size changed from the number 10 to the number 20.")
    assert newer.endswith("Uses revision 2 instead of 1.")


@pytest.mark.long
def test_a_lead_who_did_not_is_offered_to_approve_it(approval: Approval, research: Research, signed_in: SignIn):
    third = make.member(research.team, Role.LEAD, make.user("third"))
    page = signed_in(third.user).get(approval.get_absolute_url()).text

    assert 'id="approve"' in page
    assert "third or an administrator can decide." in page


@pytest.mark.long
def test_both_figures_are_on_every_page_by_the_same_names_and_unknown_is_said(
    research: Research, lead: Member, signed_in: SignIn
):
    Rate.objects.all().delete()
    for resource, usd in (("vcpu", 1), ("memory", 0)):
        Rate.objects.create(platform="EC2", resource=resource, usd_per_hour=usd, valid_from="2020-01-01")
    research.team.approval_usd = 10
    research.team.save()
    member, browser = Member(research.analyst.user, research.team, Role.ANALYST), signed_in(lead.user)
    document = {"jobName": "one", "jobQueue": "cpu", "jobDefinition": "hello"}
    limited = actions.submit(
        json.dumps({**document, "timeout": {"attemptDurationSeconds": 72_000}}), member, source="json"
    )
    unlimited = actions.submit(json.dumps(document), member, source="json")

    for submission, at_most in ((limited, "$20.00"), (unlimited, "unknown")):
        job = submission.jobs.get()
        for page in (submission, job, submission.approvals.get()):
            words = text_of(browser.get(page.get_absolute_url()).text)
            assert f"Maximum cost {at_most}" in words, page
            assert "Expected cost unknown" in words, page
    assert "vCPU-hours" in text_of(browser.get(limited.approvals.get().get_absolute_url()).text)
    listed = browser.get(f"/teams/{research.team.slug}/approvals/").text
    assert [text_of(cell) for cell in re.findall(r'<td class="end">(.*?)</td>', listed)] == ["$20.00", "unknown"]
    assert "Expected" not in text_of(listed)


def test_while_a_request_waits_its_pages_its_list_and_its_editor_show_one_estimate(
    research: Research, lead: Member, signed_in: SignIn
):
    Rate.objects.all().delete()
    for resource, usd in (("vcpu", 1), ("memory", 0)):
        Rate.objects.create(platform="EC2", resource=resource, usd_per_hour=usd, valid_from="2020-01-01")
    research.team.approval_usd = 10
    research.team.save()
    document = {
        "jobName": "one",
        "jobQueue": "cpu",
        "jobDefinition": "hello",
        "timeout": {"attemptDurationSeconds": 72_000},
    }
    submission = actions.submit(json.dumps(document), research.analyst, source="json")
    approval, browser = submission.approvals.get(), signed_in(lead.user)
    job = submission.jobs.get()
    begun = now() - timedelta(days=1)
    for hours in (2, 2, 2.5):
        make.job(
            research.submission,
            queue=job.queue,
            revision=job.revision,
            state="SUCCEEDED",
            submitted_at=begun,
            started_at=begun,
            stopped_at=begun + timedelta(hours=hours),
            vcpus=job.vcpus,
            memory_mib=job.memory_mib,
        )
    Rate.objects.filter(resource="vcpu").update(usd_per_hour=2)
    pages = (submission, job, approval)
    seen = [text_of(browser.get(page.get_absolute_url()).text) for page in pages]
    editor = text_of(browser.get(f"{approval.get_absolute_url()}edit/").text)
    browser.post(f"{approval.get_absolute_url()}approve/", {"version": approval.version})
    after = [text_of(browser.get(page.get_absolute_url()).text) for page in pages]

    assert all("Expected cost $4.00–5.00" in page and "Maximum cost $40.00" in page for page in [*seen, *after[1:]])
    assert "Expected $4.00–5.00, at most $40.00" in editor
    assert "Maximum when requested $20.00" in seen[-1]
    assert "Maximum when requested" not in after[-1]


def test_lists_of_requests_go_on_on_further_pages(
    research: Research, lead: Member, signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(reports, "PAGE_SIZE", 2)
    for decision in (Decision.WAITING, Decision.DECLINED):
        for number in range(3):
            submission = make.submission(research.analyst, name=f"{decision}-{number}")
            decided_at = None if decision == Decision.WAITING else now()
            Approval.objects.create(
                submission=submission,
                team=research.team,
                requester=submission.person,
                decision=decision,
                decided_at=decided_at,
                decided_by=lead.user,
            )
    browser = signed_in(lead.user)

    def listed(address: str) -> tuple[list[str], list[str]]:
        page = browser.get(address).text
        names = re.findall(r'class="row-link" href="[^"]*">([^<]*)<', page)
        return names, [f"{address.partition('?')[0]}{link}" for link in re.findall(r'href="(\?[^"]*)"', page)]

    team, every_team = f"/teams/{research.team.slug}/approvals/", "/approvals/"
    first, (newer, older) = listed(team)
    assert first == ["waiting-0", "waiting-1", "declined-2", "declined-1"]
    assert listed(newer)[0] == ["waiting-2", "declined-2", "declined-1"]
    assert listed(older)[0] == ["waiting-0", "waiting-1", "declined-0"]
    first, (newer,) = listed(every_team)
    assert (first, listed(newer)[0]) == (["waiting-0", "waiting-1"], ["waiting-2"])

    Approval.objects.filter(submission__name="waiting-1").update(decision=Decision.WITHDRAWN, decided_at=now())
    assert listed(newer)[0] == ["waiting-2"]
    Approval.objects.filter(submission__name="waiting-2").update(decision=Decision.WITHDRAWN, decided_at=now())
    assert "No more requests to approve" in browser.get(newer).text


@pytest.mark.parametrize(
    ("limit", "more"), [(3, []), (2, ["1 more change in the document."]), (1, ["2 more changes in the document."])]
)
def test_changes_that_are_left_out_are_counted(limit: int, more: list[str]):
    changes = diff_documents({}, {"a": 1, "b": 2, "c": 3})
    sentences = reports.change_sentences(changes, limit)

    assert sentences == [*(change.sentence for change in changes[:limit]), *more]


def text_of(html: str) -> str:
    """What is read on a page, without its tags."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def test_the_page_of_a_job_that_waits_for_approval_says_why_and_who_can_approve_it(
    research: Research, lead: Member, signed_in: SignIn
):
    research.team.approval_array_size = 4
    research.team.save()
    asked = actions.submit(json.dumps(DOCUMENT), research.analyst, source="json")
    address = asked.jobs.get().get_absolute_url()
    seen = text_of(signed_in(research.analyst.user).get(address).text)
    seen_by_lead = signed_in(lead.user).get(address).text

    assert "Waiting for approval, requested" in seen
    assert "lead or an administrator can approve it." in seen
    assert asked.approvals.get().get_absolute_url() in seen_by_lead


@pytest.mark.parametrize("size", [6, 20])
def test_a_request_for_a_workflow_is_edited_in_its_form(
    research: Research, lead: Member, signed_in: SignIn, size: int
) -> None:
    research.team.approval_array_size = 4
    research.team.save()
    secret = {"containerOverrides": {"environment": [{"name": "API_TOKEN", "value": "hunter2-hunter2"}]}}
    steps = [{**DOCUMENT, **secret}, {**DOCUMENT, "jobName": "two", "dependsOn": [{"jobId": "${one}"}]}]
    submission = actions.submit(json.dumps({"jobs": steps}), research.analyst, source="json")
    approval, browser = submission.approvals.get(), signed_in(lead.user)
    page = browser.get(f"{approval.get_absolute_url()}edit/").text
    assert 'data-builder="workflow"' in page
    assert "data-fixed-steps" not in page
    assert "hunter2" not in page

    text = page.split('<textarea id="text"')[1].split(">", 1)[1].split("</textarea>")[0]
    edited = json.loads(unescape(text))
    edited["jobs"][0]["arrayProperties"]["size"] = size
    post = {"text": json.dumps(edited, ensure_ascii=False), "version": "1", "step": "0", "follows": "1"}
    preview = browser.post(f"{approval.get_absolute_url()}judge/", post).text
    assert f"changed from the number 10 to the number {size}" in text_of(preview)
    assert 'id="step-feedback"' in preview
    assert ("Save for another approver" in preview) == (size > 10)
    browser.post(f"{approval.get_absolute_url()}edit/", post)
    approval.refresh_from_db()
    assert approval.decision == (Decision.APPROVED if size < 10 else Decision.WAITING)
    one = submission.jobs.get(name="one")
    assert one.array_size == size
    assert one.document["containerOverrides"] == secret["containerOverrides"]


@pytest.mark.parametrize("text", ["{", json.dumps({"jobs": [{**DOCUMENT, "jobQueue": "no"}]})])
def test_a_refused_edit_of_a_workflow_stays_in_its_form(
    research: Research, lead: Member, signed_in: SignIn, text: str
) -> None:
    research.team.approval_array_size = 4
    research.team.save()
    workflow = json.dumps({"jobs": [{**DOCUMENT, "dependsOn": []}, {**DOCUMENT, "jobName": "two"}]})
    approval = actions.submit(workflow, research.analyst, source="json").approvals.get()
    browser = signed_in(lead.user)
    for do, status in (("check", 200), ("submit", 422)):
        answer = browser.post(f"{approval.get_absolute_url()}edit/", {"text": text, "version": "1", "do": do})
        assert answer.status_code == status
        assert 'data-builder="workflow"' in answer.text
        assert text in unescape(answer.text)


def test_an_edit_keeps_its_text_when_another_one_came_first(
    research: Research, lead: Member, signed_in: SignIn
) -> None:
    research.team.approval_array_size = 4
    research.team.save()
    approval = actions.submit(json.dumps(DOCUMENT), research.analyst, source="json").approvals.get()
    other = make.member(research.team, Role.LEAD, make.user("other"))
    larger, mine = ({**DOCUMENT, "arrayProperties": {"size": size}} for size in (20, 6))
    assert not actions.edit_request(approval, other, 1, json.dumps(larger))

    browser, address = signed_in(lead.user), reverse("approval_edit", args=[approval.text_id])
    answer = browser.post(address, {"text": json.dumps(mine), "version": "1"})
    assert answer.status_code == 422
    assert "Another approver edited the request in the meantime." in text_of(answer.text)
    assert "changed from the number 20 to the number 6" in text_of(answer.text)
    assert json.dumps(mine) in unescape(answer.text)
    assert 'name="version" value="2"' in answer.text

    browser.post(address, {"text": json.dumps(mine), "version": "2"})
    assert approval.submission.jobs.get().array_size == 6
    for method in (browser.get, partial(browser.post, data={"text": json.dumps(larger), "version": "2"})):
        assert method(address).headers["Location"] == approval.get_absolute_url()


# -- Jobs that run again


@pytest.fixture
def rerun_request(research: Research) -> Approval:
    """For a failed step, as an array of ten."""
    research.team.approval_array_size = 4
    research.team.save()
    single = {key: value for key, value in DOCUMENT.items() if key != "arrayProperties"}
    steps = [{**single, "jobName": "load"}, {**single, "jobName": "train"}]
    submission = actions.submit(json.dumps({"name": "nightly", "jobs": steps}), research.analyst, source="json")
    for job, state in zip(submission.jobs.order_by("position"), ("SUCCEEDED", "FAILED"), strict=True):
        Job.objects.filter(pk=job.pk).update(delivery="SENT", state=state, batch_id=f"id-{job.pk}", ended_at=now())
    larger = {**DOCUMENT, "jobName": "train", "arrayProperties": {"size": 10}}
    outcome = actions.run_again(submission, research.analyst, text=json.dumps({"jobs": [larger]}))
    assert outcome.approval
    return outcome.approval


def test_a_request_to_run_again_is_shown_approved_and_said_on_the_submission(
    research: Research, lead: Member, signed_in: SignIn, rerun_request: Approval
):
    submission, analyst = rerun_request.submission, signed_in(research.analyst.user)
    page = text_of(analyst.get(submission.get_absolute_url()).text)
    assert "requested approval to run 1 job again" in page
    assert "train. Maximum cost:" in page
    assert "Withdraw request" in page
    assert "Run failed steps again" not in page
    job = submission.jobs.get(name="train")
    assert "requested approval to run 1 job again" in text_of(analyst.get(job.get_absolute_url()).text)

    browser = signed_in(lead.user)
    assert "Run again: train" in text_of(browser.get(reverse("approvals", args=[research.team.slug])).text)
    page = text_of(browser.get(rerun_request.get_absolute_url()).text)
    assert "requested to run 1 job again" in page
    assert "array of 10" in page
    assert "arrayProperties" in page
    assert job.get_absolute_url() in browser.get(rerun_request.get_absolute_url()).text
    editor = browser.get(reverse("approval_edit", args=[rerun_request.text_id])).text
    assert 'data-builder="workflow"' in editor
    assert "data-fixed-steps" in editor

    browser.post(reverse("approval_approve", args=[rerun_request.text_id]), {"version": "1"})
    assert submission.jobs.current_steps().get(name="train").array_size == 10
    page = text_of(browser.get(submission.get_absolute_url()).text)
    assert "Run again: approved by" in page
    assert "array of 10" in text_of(browser.get(rerun_request.get_absolute_url()).text)


def test_a_request_to_run_again_that_cannot_run_says_so_and_is_declined(
    research: Research, lead: Member, signed_in: SignIn, rerun_request: Approval
):
    actions.run_again(rerun_request.submission, research.analyst)
    browser = signed_in(lead.user)
    page = browser.get(rerun_request.get_absolute_url()).text
    assert "These jobs can't run again as requested." in text_of(unescape(page))
    assert 'id="approve"' not in page
    decision = browser.post(reverse("approval_approve", args=[rerun_request.text_id]), {"version": "1"}, follow=True)
    assert "Not approved. No step has failed" in text_of(decision.text)

    browser.post(reverse("approval_decline", args=[rerun_request.text_id]), {"version": "1", "why": "Ran already."})
    page = text_of(browser.get(rerun_request.submission.get_absolute_url()).text)
    assert "declined the request" not in page, "other jobs have run since it was made"
    rerun_request.refresh_from_db()
    assert rerun_request.decision == Decision.DECLINED


def test_the_requester_reads_why_it_was_declined_or_withdraws_it(
    research: Research, lead: Member, signed_in: SignIn, rerun_request: Approval
):
    submission, browser = rerun_request.submission, signed_in(research.analyst.user)
    actions.decline(rerun_request, lead, 1, "Too many at once.")
    page = text_of(browser.get(submission.get_absolute_url()).text)
    assert "declined the request to run train again" in page
    assert "Too many at once." in page

    url = reverse("submission_run_again", args=[submission.text_id])
    larger = json.dumps({"jobs": [{**DOCUMENT, "jobName": "train", "arrayProperties": {"size": 10}}]})
    assert "Request approval to run 1 step again" in text_of(browser.post(url, {"text": larger, "do": "check"}).text)
    assert "Requested approval" in text_of(browser.post(url, {"text": larger}, follow=True).text)
    newest = submission.approvals.first()
    answer = browser.post(reverse("approval_withdraw", args=[newest.text_id]), follow=True)
    assert "Withdrew the request nightly" in text_of(answer.text)
    newest.refresh_from_db()
    assert newest.decision == Decision.WITHDRAWN


def test_a_request_that_is_decided_is_not_said_to_be_withdrawn(
    research: Research, lead: Member, signed_in: SignIn
) -> None:
    request = make.approval(make.submission(research.analyst, research.account))
    make.job(request.submission, delivery=Delivery.AWAITING)
    actions.decline(request, lead, 1, "Too many at once.")

    address = reverse("approval_withdraw", args=[request.text_id])
    answer = signed_in(research.analyst.user).post(address, follow=True)

    assert f"The request was declined by {lead.user.display_name} in the meantime." in text_of(answer.text)
    assert "Withdrew" not in answer.text
