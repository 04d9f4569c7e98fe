"""What people change of the catalog, and what the judge then says."""

import json
import sys

import pytest

from jobs import actions
from jobs.actions import definitions
from jobs.models import AuditEntry, Definition, Registration, Revision
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture
def research():
    """A lead of a team with one queue and one definition."""
    member = make.member(make.team("research"), "lead")
    queue = make.queue("cpu", teams=(member.team,))
    make.revision("hello", of=member.team, where=queue.account)
    return member


@pytest.fixture
def hello(research):
    return Definition.objects.get(name="hello")


def errors_of(research, definition="hello"):
    text = json.dumps({"jobName": "one", "jobQueue": "cpu", "jobDefinition": definition})
    return [(each.rule, each.message) for each in actions.validate(text, research).errors]


def audit_entries():
    return list(AuditEntry.objects.order_by("pk").values_list("action", "label"))


def test_a_deactivated_revision_is_passed_over_and_refused_by_its_number(
    research, hello, enqueued, django_capture_on_commit_callbacks
):
    newer = make.revision("hello", where=hello.account)
    with django_capture_on_commit_callbacks(execute=True):
        assert definitions.deactivate(newer, research.user)
        assert not definitions.deactivate(newer, research.user)
    newer.refresh_from_db()

    assert errors_of(research) == []
    [(rule, message)] = errors_of(research, "hello:2")
    assert rule == "portal.definition-deactivated"
    assert message.startswith("hello:2 was deactivated on ")
    assert message.endswith(" and accepts no more jobs. It has 1.")
    assert (newer.deactivated_by, enqueued, audit_entries()) == (
        research.user,
        ["deregister"],
        [("deactivate", "hello:2")],
    )


def test_when_the_last_revision_is_deactivated_the_bare_name_says_so(research, hello):
    definitions.deactivate(hello.revisions.get(), research.user)
    [(rule, message)] = errors_of(research)

    assert rule == "portal.definition-deactivated"
    assert "None of its revisions is active." in message


def test_a_deactivated_name_runs_nothing_and_registers_nothing_until_it_is_active_again(research, hello):
    assert definitions.archive(hello, research.user)
    assert not definitions.archive(hello, research.user)
    [(rule, message)] = errors_of(research)
    assert rule == "portal.definition-deactivated"
    assert "It accepts no more jobs." in message

    with pytest.raises(actions.ValidationFailedError, match="ask a lead of the team to activate it again"):
        actions.register(json.dumps(make.document("hello")), research)

    assert definitions.unarchive(hello, research.user)
    fresh = actions.register(json.dumps(make.document("hello")), research)
    assert (fresh.is_reused, hello.revisions.count()) == (False, 2)
    assert audit_entries() == [("deactivate", "hello"), ("activate", "hello"), ("register", "hello")]


def test_what_has_run_stays_when_its_definition_is_deactivated(research, hello):
    job = make.job(make.submission(research, hello.account), revision=hello.revisions.get(), state="SUCCEEDED")
    definitions.archive(hello, research.user)
    job.refresh_from_db()

    assert job.revision.document == make.document("hello")


def test_what_a_bare_name_means_is_reused_also_when_a_newer_one_was_deactivated(research, hello):
    newer = make.document("hello", timeout={"attemptDurationSeconds": 60})
    definitions.deactivate(make.revision("hello", where=hello.account, document=newer), research.user)
    again = actions.register(json.dumps(make.document("hello")), research)

    assert (again.is_reused, again.revision.number) == (True, 1)


def test_a_name_that_another_team_takes_at_the_same_moment_is_not_joined(research, hello, monkeypatch):
    """Both were told that it is free; the first to write it down has it."""
    register = sys.modules["jobs.actions.register"]  # the package has a function of that name
    judge = actions.validate

    def validate_and_take_name(*asked):
        verdict = judge(*asked)
        make.revision("fresh", of=make.team(), where=hello.account)
        monkeypatch.setattr(register, "validate", judge)
        return verdict

    monkeypatch.setattr(register, "validate", validate_and_take_name)
    with pytest.raises(actions.ValidationFailedError, match="belongs to another team"):
        actions.register(json.dumps(make.document("fresh")), research)

    assert not Revision.objects.filter(registration=Registration.ACCEPTED).exists()


def test_a_transferred_name_is_the_other_teams_and_both_can_read_that_it_was(research, hello):
    finance = make.member(make.team("finance"), "lead")
    make.queue("gpu", of=hello.account, teams=(finance.team,))
    admin = make.admin()
    assert definitions.transfer(hello, finance.team, admin)
    hello.refresh_from_db()
    assert not definitions.transfer(hello, finance.team, admin)

    assert [rule for rule, _ in errors_of(research)] == ["portal.unknown-definition"]
    with pytest.raises(actions.ValidationFailedError, match="belongs to another team"):
        actions.register(json.dumps(make.document("hello")), research)
    assert actions.register(json.dumps(make.document("hello")), finance).is_reused
    kept = AuditEntry.objects.values_list("team__slug", "action", "before", "after")
    change = ("transfer", '{"team":"Research"}', '{"team":"Finance"}')
    assert set(kept) == {("research", *change), ("finance", *change)}


def test_a_shared_name_is_everyones_to_run_and_its_owners_to_register(research, hello):
    finance = make.member(make.team("finance"))
    make.queue("gpu", of=hello.account, teams=(finance.team,))
    job = json.dumps({"jobName": "one", "jobQueue": "gpu", "jobDefinition": "hello"})
    assert not actions.validate(job, finance).is_valid

    assert definitions.share(hello, research.user, shared=True)
    assert not definitions.share(hello, research.user, shared=True)
    assert actions.validate(job, finance).is_valid
    with pytest.raises(actions.ValidationFailedError, match="belongs to another team"):
        actions.register(json.dumps(make.document("hello")), finance)

    definitions.share(hello, research.user, shared=False)
    assert not actions.validate(job, finance).is_valid
    assert audit_entries() == [("share", "hello")] * 2


def test_what_it_is_for_is_kept_and_written_down_once(research, hello):
    assert definitions.set_description(hello, "Says hello.", research.user)
    hello.refresh_from_db()
    assert not definitions.set_description(hello, "Says hello.", research.user)
    assert definitions.set_revision_note(hello.revisions.get(), "the first", research.user)

    assert (hello.description, hello.revisions.get().note) == ("Says hello.", "the first")
    assert audit_entries() == [("change", "hello"), ("change", "hello:1")]
