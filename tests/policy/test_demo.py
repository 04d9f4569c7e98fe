"""The demo's grants fit the demo and the guide: nothing of either is refused, and what is not theirs is."""

import json
from pathlib import Path

import pytest

from jobs import actions
from jobs.access import Member
from jobs.actions.form_documents import fill_version
from jobs.actions.launch_forms import start_context
from jobs.actions.versioned import newest_version
from jobs.management.commands.seed_demo import create_forms, create_people_and_teams, demo_member, grant_queues
from jobs.management.demo import TEAMS, documents
from jobs.models import LaunchForm
from jobs.spec.launch_forms.values import sample_values
from tests import make
from tests.demo_queues import make_demo_queue

pytestmark = pytest.mark.django_db
SEEDS = Path(__file__).resolve().parents[1] / "seeds"
ANOTHER = "arn:aws:iam::123456789012:role/Administrator"


@pytest.fixture
def people():
    """Who acts for Research and for Finance, their definitions registered."""
    create_people_and_teams()
    account = make.account()
    members: dict[str, Member] = {}
    for demo in TEAMS:
        for name in demo.queues:
            if not account.queues.filter(name=name).exists():
                make_demo_queue(name, account)
        grant_queues(account, demo, set(demo.queues))
        member = demo_member(demo)
        assert member
        members[demo.slug] = member
        for name, text in documents("definitions", demo):
            make.revision(name, of=member.team, where=account, document=json.loads(text))
    return members


def errors_of(text, member):
    return [(problem.rule, problem.pointer) for problem in actions.validate(text, member).errors]


@pytest.mark.long
def test_all_documents_of_the_demo_pass(people):
    for demo in TEAMS:
        for kind in ("definitions", "submissions"):
            for _, text in documents(kind, demo):
                assert errors_of(text, people[demo.slug]) == []


@pytest.mark.long
def test_every_form_of_the_demo_is_submitted_with_its_own_values(people):
    count = 0
    for demo in TEAMS:
        member = people[demo.slug]
        create_forms(demo)
        for form in LaunchForm.objects.filter(team=member.team):
            version = newest_version(form.versions)
            assert version
            values = sample_values(version.field_list).texts
            asked = {field.name for field in version.field_list if not field.is_locked}
            entries = {name: text for name, text in values.items() if name in asked}
            start = fill_version(version, entries, start_context(form, member))
            assert start.problems == ()
            assert errors_of(start.text, member) == [], form.name
            count += 1
    assert count >= 5


@pytest.mark.parametrize(
    ("name", "team"),
    [
        ("my-job-definition", "research"),
        ("my-job-submission", "research"),
        ("workflow-jobs", "research"),
        ("s3-data-processor", "research"),
        ("ci-job-submission", "research"),
        ("finance-team-job", "finance"),
    ],
)
def test_all_documents_of_the_guide_pass_as_they_are(people, name, team):
    assert errors_of((SEEDS / f"{name}.json").read_text(), people[team]) == []


def approval_rules(text, member):
    submission = actions.submit(text, member, source="json")
    return [reason["rule"] for reason in submission.approval_or_none.reasons] if submission.approval_or_none else []


@pytest.mark.long
def test_the_demo_and_the_guide_go_through_unapproved_all_on_one_day(people):
    for demo in TEAMS:
        for _, text in documents("submissions", demo):
            assert approval_rules(text, people[demo.slug]) == []
    for name in ("my-job-submission", "workflow-jobs", "ci-job-submission"):
        assert approval_rules((SEEDS / f"{name}.json").read_text(), people["research"]) == []
    assert approval_rules((SEEDS / "finance-team-job.json").read_text(), people["finance"]) == []


@pytest.mark.long
def test_research_has_a_default_time_limit_of_a_day_for_the_guides_job_without_one(people):
    text = (SEEDS / "my-job-submission.json").read_text()
    submission = actions.submit(text, people["research"], source="json")

    assert submission.jobs.get().document["timeout"] == {"attemptDurationSeconds": 86400}
    assert submission.estimate["at_most"]["vcpu_hours"] == "96"


def test_many_of_them_at_once_wait_for_approval(people):
    job = {"jobName": "many", "jobQueue": "finance-team-queue", "jobDefinition": "risk-analysis"}
    many = json.dumps({**job, "arrayProperties": {"size": 10}})

    assert approval_rules(many, people["finance"]) == ["approval.price"]


def test_research_does_not_know_the_queue_of_finance_nor_may_it_take_on_another_role(people):
    research = people["research"]
    document = json.loads((SEEDS / "my-job-definition.json").read_text())
    document["containerProperties"]["jobRoleArn"] = ANOTHER

    assert ("portal.unknown-queue", "/jobQueue") in errors_of((SEEDS / "finance-team-job.json").read_text(), research)
    assert errors_of(json.dumps(document), research) == [
        ("policy.role-not-granted", "/containerProperties/jobRoleArn")
    ]
