"""What is above a team's thresholds waits for a lead or an admin, who is never the one who asked."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from jobs import access, actions
from jobs.access import Member
from jobs.actions.approval import StaleApprovalError
from jobs.dispatch.claim import claim_jobs
from jobs.models import (
    Approval,
    ApprovalEdit,
    AuditEntry,
    Job,
    JobText,
    Membership,
    QueueGrant,
    Rate,
    Role,
    StateChange,
    Submission,
    TagRule,
)
from jobs.policy.grants import queue_usage
from jobs.reports.approvals import possible_approvers
from jobs.spec.parsing.parser import DocumentParseError
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
rings_too = pytest.mark.django_db(transaction=True)  # a ring comes with the commit

JOB = {"jobName": "dear", "jobQueue": "cpu", "jobDefinition": "hello"}
ARRAY = {**JOB, "arrayProperties": {"size": 10}}


class Team:
    """A team that asks for approval of arrays above four, with an analyst, two leads, and an admin outside of it."""

    def __init__(self) -> None:
        self.team = make.team("research", name="Research", approval_array_size=4)
        self.analyst = make.member(self.team)
        self.lead = make.member(self.team, Role.LEAD, make.user("lead"))
        self.other = make.member(self.team, Role.LEAD, make.user("other"))
        self.admin = Member(make.admin(), self.team, "")
        self.queue = make.queue("cpu", teams=(self.team,))
        self.small = make.queue("small", of=self.queue.account, teams=(self.team,))
        make.revision("hello", of=self.team, where=self.queue.account)

    def ask(self, document: dict[str, Any] = ARRAY, who: Member | None = None) -> Approval:
        text = json.dumps(document)
        return actions.submit(text, who or self.analyst, source="json").approvals.get()

    def states(self) -> list[str]:
        return list(Job.objects.order_by("submission", "position").values_list("delivery", flat=True))


@pytest.fixture
def research():
    return Team()


def array(size: int, **fields: Any) -> str:
    return json.dumps({**ARRAY, "arrayProperties": {"size": size}, **fields})


@pytest.mark.long
@rings_too
def test_what_is_below_goes_out_at_once_and_what_is_above_waits_and_no_worker_takes_it(research, enqueued):
    actions.submit(json.dumps(JOB), research.analyst, source="json")
    assert enqueued == ["deliver"]
    approval = research.ask()

    job = approval.submission.jobs.get()
    assert (job.delivery, approval.decision, enqueued) == ("AWAITING", "waiting", ["deliver"])
    assert job.delivery_note == ("The submission has 10 array child jobs. Research requires approval above 4.")
    assert [change.delivery for change in job.history.all()] == ["AWAITING"]
    assert [taken.name for taken in claim_jobs(research.queue.account, 10)] == ["dear"]
    assert Job.objects.get(pk=job.pk).epoch == 0


@pytest.mark.long
@rings_too
def test_a_lead_approves_and_it_goes_out(research, enqueued):
    approval = research.ask()
    asked_at = approval.submission.jobs.get().accepted_at
    actions.approve(approval, research.lead, version=1)

    job = approval.submission.jobs.get()
    approval.refresh_from_db()
    assert (job.delivery, approval.decision, approval.decided_by) == ("ACCEPTED", "approved", research.lead.user)
    assert [change.note for change in job.history.all()][1:] == ["Approved by lead."]
    assert job.accepted_at > asked_at, "or the portal would think it were late with it"
    assert enqueued == ["deliver"]
    assert claim_jobs(research.queue.account, 10) == [job]


@pytest.mark.long
def test_an_admin_approves_without_being_a_member(research):
    actions.approve(research.ask(), research.admin, version=1)

    assert research.states() == ["ACCEPTED"]


@pytest.mark.parametrize("who", ["analyst", "lead"])
def test_nobody_approves_declines_or_edits_what_they_asked_for(research, who):
    asker = getattr(research, who)
    approval = research.ask(who=asker)
    asker = Member(asker.user, research.team, Role.LEAD)  # an analyst who became a lead since

    for act in (
        lambda: actions.approve(approval, asker, 1),
        lambda: actions.decline(approval, asker, 1, "no"),
        lambda: actions.edit_request(approval, asker, 1, array(5)),
    ):
        with pytest.raises(PermissionDenied, match="your own request"):
            act()
    assert research.states() == ["AWAITING"]


def test_members_who_do_not_lead_decide_nothing(research):
    approval = research.ask()
    another = make.member(research.team)

    for act in (
        lambda: actions.approve(approval, another, 1),
        lambda: actions.decline(approval, another, 1, "no"),
        lambda: actions.edit_request(approval, another, 1, array(5)),
    ):
        with pytest.raises(PermissionDenied, match=r"\(analyst\) can't approve"):
            act()


@rings_too
def test_a_decline_says_why_and_nothing_is_sent(research, enqueued):
    approval = research.ask()
    with pytest.raises(ValueError, match="Enter a reason"):
        actions.decline(approval, research.lead, 1, "  ")
    actions.decline(approval, research.lead, 1, "Too\n dear.")

    job = approval.submission.jobs.get()
    approval.refresh_from_db()
    assert (job.delivery, job.status.is_final, job.delivery_note) == ("DECLINED", True, "Declined by lead: Too dear.")
    assert job.ended_at is not None
    assert (approval.decision, approval.comment, enqueued) == ("declined", "Too dear.", [])


def test_whoever_asked_takes_it_back(research):
    approval = research.ask()
    assert actions.stop_all(approval.submission, research.analyst) == 1

    approval.refresh_from_db()
    assert (research.states(), approval.decision) == (["WITHDRAWN"], "withdrawn")
    with pytest.raises(StaleApprovalError, match="The request was withdrawn by person"):
        actions.approve(approval, research.lead, 1)


@pytest.mark.long
def test_a_request_is_decided_once(research):
    approval = research.ask()
    actions.approve(approval, research.lead, 1)

    with pytest.raises(StaleApprovalError, match="The request was approved by lead in the meantime"):
        actions.decline(approval, research.other, 1, "no")
    with pytest.raises(StaleApprovalError):
        actions.edit_request(approval, research.other, 1, array(5))
    assert research.states() == ["ACCEPTED"]
    assert StateChange.objects.count() == 2


@pytest.mark.long
def test_nobody_approves_a_wording_they_have_not_seen(research):
    approval = research.ask()
    actions.edit_request(approval, research.lead, 1, array(12))

    with pytest.raises(StaleApprovalError, match="The request has changed in the meantime"):
        actions.approve(approval, research.other, 1)
    actions.approve(approval, research.other, 2)


# -- What is asked again


def test_what_is_no_longer_allowed_is_refused_with_the_rule_and_goes_on_waiting(research):
    approval = research.ask()
    QueueGrant.objects.filter(queue=research.queue).update(max_array_size=8)

    with pytest.raises(actions.ValidationFailedError) as refused:
        actions.approve(approval, research.lead, 1)
    assert [problem.rule for problem in refused.value.verdict.errors] == ["policy.array-too-large"]
    assert research.states() == ["AWAITING"]


def test_a_tag_that_is_asked_for_since_is_asked_of_it(research):
    approval = research.ask()
    TagRule.objects.create(team=research.team, key="CostCenter", required=True)

    with pytest.raises(actions.ValidationFailedError, match="CostCenter"):
        actions.approve(approval, research.lead, 1)


@pytest.mark.long
def test_a_waiting_request_takes_no_place_and_finds_out_at_its_approval_whether_there_is_one(research):
    QueueGrant.objects.update(max_active_jobs=10)
    approval = research.ask()
    assert queue_usage(research.team, [research.queue.pk]) == {}
    actions.submit(json.dumps(JOB), research.analyst, source="json")

    with pytest.raises(actions.ValidationFailedError, match="can have 10 active jobs in cpu and has 1"):
        actions.approve(approval, research.lead, 1)
    Job.objects.filter(name="dear", delivery="ACCEPTED").update(delivery="WITHDRAWN")
    actions.approve(approval, research.lead, 1)


def test_what_was_seen_is_approved_though_the_definition_has_a_newer_revision_by_now(research):
    approval = research.ask()
    make.revision("hello", where=research.queue.account)
    actions.approve(approval, research.lead, 1)

    assert approval.submission.jobs.get().revision.number == 1


def test_who_may_not_submit_any_more_gets_nothing_approved(research):
    approval = research.ask()
    Membership.objects.filter(user=research.analyst.user).delete()

    with pytest.raises(actions.ValidationFailedError, match="can no longer submit for Research"):
        actions.approve(approval, research.lead, 1)


# -- Edits


@pytest.mark.long
def test_a_smaller_edit_is_approved_at_once_and_the_first_wording_is_kept_to_the_letter(research):
    approval = research.ask()
    written, job = approval.submission.text, approval.submission.jobs.get()
    text = array(6, tags={"Project": "ALPHA"})
    assert actions.edit_request(approval, research.lead, 1, text)

    approval.refresh_from_db()
    [edit] = ApprovalEdit.objects.all()
    now_is = approval.submission.jobs.get()
    assert (edit.before, edit.after, edit.editor) == (written, text, research.lead.user)
    assert edit.changes == [
        "arrayProperties › size changed from the number 10 to the number 6.",
        "tags was added: Project ALPHA.",
    ]
    assert (now_is.pk, now_is.marker, now_is.array_size) == (job.pk, job.marker, 6)
    assert (now_is.delivery, now_is.delivery_note) == ("ACCEPTED", "Edited and approved by lead.")
    assert list(now_is.tag_rows.values_list("key", "value")) == [("Project", "ALPHA")]
    assert approval.submission.__class__.objects.get().text == text
    assert (approval.decision, approval.version) == ("approved", 2)


@pytest.mark.long
@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"arrayProperties": {"size": 11}}, "increased from 10 to 11 runs"),
        ({"jobQueue": "small"}, "moved from queue cpu to small"),
        (
            {"containerOverrides": {"resourceRequirements": [{"type": "VCPU", "value": "2"}]}},
            "increased from 1 vCPU to 2 vCPU",
        ),
        ({"jobDefinition": "other"}, "The image of “dear” changed from “busybox” to “alpine”."),
        ({"jobDefinition": "mighty"}, "The role of “dear” changed from none to “arn:aws:iam::1:role/mighty”."),
    ],
)
def test_an_edit_that_makes_it_more_waits_for_somebody_else(research, change, why):
    where = research.queue.account
    for name, container in {
        "other": {"image": "alpine"},
        "mighty": {"jobRoleArn": "arn:aws:iam::1:role/mighty"},
    }.items():
        document = make.document(name)
        document["containerProperties"] |= container
        make.revision(name, of=research.team, where=where, document=document)
    approval = research.ask()

    assert not actions.edit_request(approval, research.lead, 1, json.dumps({**ARRAY, **change}))
    approval.refresh_from_db()
    assert why in " ".join(ApprovalEdit.objects.get().escalations)
    assert (approval.decision, approval.escalators(), research.states()) == ("waiting", ["lead"], ["AWAITING"])
    with pytest.raises(PermissionDenied, match="Your edit needs another approver"):
        actions.approve(approval, research.lead, 2)
    assert not actions.edit_request(approval, research.lead, 2, json.dumps(ARRAY)), (
        "not even with a smaller one after it"
    )
    actions.approve(approval, research.other, 3)
    assert research.states() == ["ACCEPTED"]


@pytest.mark.long
def test_a_third_lead_who_makes_it_smaller_again_approves_it(research):
    approval = research.ask()
    actions.edit_request(approval, research.lead, 1, array(100))

    assert actions.edit_request(approval, research.other, 2, array(20))
    assert ApprovalEdit.objects.count() == 2


def third(research: Team) -> Member:
    return make.member(research.team, Role.LEAD, make.user("third"))


def chief(research: Team) -> Member:
    """A superuser, who is a lead of the team too."""
    return make.member(research.team, Role.LEAD, make.admin("chief"))


@pytest.mark.long
@pytest.mark.parametrize("who", [third, chief])
def test_of_leads_who_make_it_larger_in_turn_none_approves_it(research, who):
    approval, last = research.ask(), who(research)
    editors = [research.lead, research.other, last]
    for version, editor in enumerate(editors, start=1):
        assert not actions.edit_request(approval, editor, version, array(100 * version))

    approval = Approval.objects.get()
    assert approval.escalators() == sorted(editor.user.username for editor in editors)
    for editor in editors:
        assert "Your edit needs another approver" in actions.why_cannot_approve(approval, editor)
        with pytest.raises(PermissionDenied, match="Another lead or an administrator must approve this request"):
            actions.approve(approval, editor, 4)
        assert approval not in Approval.objects.decidable_by(editor.user)
    assert possible_approvers(approval) == []
    actions.approve(approval, research.admin, 4)
    assert research.states() == ["ACCEPTED"]


@pytest.mark.long
def test_whoever_made_it_larger_does_not_approve_it_when_it_is_smaller_again(research):
    """Back to what was asked at first by another's edit, then by their own: it stays somebody else's to approve."""
    approval, third_lead = research.ask(), third(research)
    assert not actions.edit_request(approval, research.lead, 1, array(100))
    assert not actions.edit_request(approval, research.other, 2, array(200))
    assert not actions.edit_request(approval, research.other, 3, array(10))
    assert not actions.edit_request(approval, research.lead, 4, array(5))

    for editor in (research.lead, research.other):
        with pytest.raises(PermissionDenied, match="Your edit needs another approver"):
            actions.approve(Approval.objects.get(), editor, 5)
    assert research.states() == ["AWAITING"]
    assert actions.edit_request(approval, third_lead, 5, array(4 + 1)), "who never made it larger approves it"


@pytest.mark.long
def test_an_administrator_who_made_it_larger_leaves_it_to_a_lead(research):
    approval = research.ask()
    assert not actions.edit_request(approval, research.admin, 1, array(100))
    with pytest.raises(PermissionDenied, match="Your edit needs another approver"):
        actions.approve(approval, research.admin, 2)
    assert approval not in Approval.objects.decidable_by(research.admin.user)

    actions.approve(approval, research.lead, 2)
    assert research.states() == ["ACCEPTED"]


@pytest.mark.long
def test_an_edit_that_makes_it_smaller_bars_nobody(research):
    approval = research.ask({**ARRAY, "timeout": {"attemptDurationSeconds": 600}})
    actions.edit_request(approval, research.lead, 1, array(100))
    ApprovalEdit.objects.create(approval=approval, editor=research.other.user, escalations=[])

    assert actions.why_cannot_approve(approval, research.other) == ""
    assert list(Approval.objects.decidable_by(research.other.user)) == [approval]
    assert possible_approvers(approval) == ["other"]


@pytest.mark.parametrize(("new_name", "expected"), [("", "dear-small"), ("year end", "year end")])
def test_an_edit_renames_a_request_unless_someone_has_renamed_it(research, new_name, expected):
    approval = research.ask()
    if new_name:
        actions.rename(approval.submission, new_name, research.analyst)
    actions.edit_request(approval, research.lead, 1, array(5, jobName="dear-small"))

    assert Submission.objects.get().name == expected


def test_an_edit_is_judged_as_the_teams(research):
    approval = research.ask()

    with pytest.raises(actions.ValidationFailedError, match="has no queue “gpu”"):
        actions.edit_request(approval, research.admin, 1, json.dumps({**ARRAY, "jobQueue": "gpu"}))
    with pytest.raises(DocumentParseError, match="a job definition"):
        actions.edit_request(approval, research.admin, 1, json.dumps(make.document()))
    assert not ApprovalEdit.objects.exists()
    assert Submission.objects.get().text == json.dumps(ARRAY)


@pytest.mark.long
def test_steps_come_and_go_and_those_that_stay_keep_their_ids(research):
    first, second = {**ARRAY, "jobName": "first"}, {**JOB, "jobName": "second", "dependsOn": [{"jobId": "${first}"}]}
    third = {**JOB, "jobName": "third"}
    approval = research.ask({"jobs": [third, first, second]})
    kept = {job.name: job.public_id for job in Job.objects.all()}
    fourth = {**JOB, "jobName": "fourth", "dependsOn": [{"jobId": "${second}"}]}

    assert not actions.edit_request(approval, research.lead, 1, json.dumps({"jobs": [first, second, fourth]}))
    jobs = list(approval.submission.jobs.order_by("position"))
    assert [(job.name, job.position) for job in jobs] == [("first", 0), ("second", 1), ("fourth", 2)]
    assert [job.public_id for job in jobs[:2]] == [kept["first"], kept["second"]]
    assert [[edge.parent.name for edge in job.dependencies.all()] for job in jobs] == [[], ["first"], ["second"]]
    assert sorted(JobText.objects.values_list("job", flat=True)) == [job.pk for job in jobs]
    assert set(research.states()) == {"AWAITING"}


@pytest.mark.long
def test_a_step_that_was_withdrawn_alone_stays_so(research):
    approval = research.ask({"jobs": [{**JOB, "jobName": "gone"}, ARRAY]})
    actions.stop(Job.objects.get(name="gone"), research.analyst)
    assert actions.edit_request(approval, research.lead, 1, json.dumps({"jobs": [ARRAY]}))

    assert list(Job.objects.order_by("position").values_list("name", "delivery")) == [
        ("dear", "ACCEPTED"),
        ("gone", "WITHDRAWN"),
    ]


def test_it_is_found_by_those_who_may_decide_it(research):
    approval = research.ask(who=research.lead)
    waiting = Approval.objects.decidable_by

    assert list(waiting(research.other.user)) == list(waiting(research.admin.user)) == [approval]
    for nobody in (research.lead, research.analyst, make.member(role=Role.LEAD)):
        assert not waiting(nobody.user).exists()
    ApprovalEdit.objects.create(approval=approval, editor=research.other.user, escalations=["It runs longer."])
    assert not waiting(research.other.user).exists()
    assert access.approval(research.other.user, approval.text_id)[0] == approval


def test_the_price_is_told_while_it_is_judged(research):
    research.team.approval_usd = Decimal("0.01")
    for resource in ("vcpu", "memory"):  # tests that commit leave no rates behind them
        where = {"platform": "EC2", "architecture": "X86_64", "region": "us-west-2", "resource": resource}
        rate = {"usd_per_hour": Decimal("0.04"), "source": "a test"}
        Rate.objects.filter(**where).delete()
        Rate.objects.create(**where, **rate, valid_from=date(2020, 1, 1))
    limited = {**JOB, "timeout": {"attemptDurationSeconds": 3600}}
    verdict, unlimited = (actions.validate(json.dumps(each), research.analyst) for each in (limited, JOB))

    assert verdict.is_valid
    assert [reason.rule for reason in verdict.approval_reasons] == ["approval.price"]
    assert verdict.estimate.cost.at_most.usd == Decimal("0.06")  # an hour of one vCPU and half a GiB
    assert [reason.message for reason in unlimited.approval_reasons] == [
        "The maximum cost is unknown: “dear” has no time limit. Research requires approval above $0.01."
    ]


@pytest.mark.long
def test_what_is_decided_is_written_down_with_who_decided(research):
    declined, changed = research.ask(), research.ask()
    actions.decline(declined, research.lead, 1, "Too dear.")
    actions.edit_request(changed, research.lead, 1, array(6))

    told = AuditEntry.objects.filter(team=research.team.pk, person=research.lead.user.public_id).order_by("number")
    assert [entry.action for entry in told] == ["decline", "change", "approve"]
    assert json.loads(told[0].after) == {"why": "Too dear."}
    assert json.loads(told[1].before)["document"]["arrayProperties"] == {"size": 10}
    assert json.loads(told[1].after)["document"]["arrayProperties"] == {"size": 6}
