"""Whatever is done to the audit behind the portal's back is refused, and found if it could be done all the same."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils.timezone import now

from jobs import audit
from jobs.audit import retention
from jobs.audit.verify import verify_chain
from jobs.models import AuditChain, AuditEntry
from tests import audit_triggers, make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture
def team():
    """A team whose chain has five acts."""
    team = make.team("research")
    for number in range(1, 6):
        audit.record("change", person=None, team=team, after={"number": number})
    connection.check_constraints()  # as at a commit
    return team


def sql(statement, *values):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)


def verify_output(*options):
    """What the command says, and whether it is content."""
    out = StringIO()
    try:
        call_command("verify_audit", *options, stdout=out)
    except CommandError as error:  # which manage.py ends with 1
        return str(error)
    return out.getvalue()


EDITS = [
    "UPDATE jobs_auditentry SET action = 'stop'",
    "UPDATE jobs_auditentry SET number = number + 100",
    "DELETE FROM jobs_auditentry",
    "DELETE FROM jobs_auditentry WHERE number = 5",
    "UPDATE jobs_auditchain SET number = 1",
    "UPDATE jobs_auditchain SET digest = 'x'",
    "UPDATE jobs_auditchain SET pruned_through = 100",
    "DELETE FROM jobs_auditchain",
]
ON_SQLITE = [
    "INSERT OR REPLACE INTO jobs_auditentry SELECT * FROM jobs_auditentry WHERE number = 3",
    "REPLACE INTO jobs_auditchain SELECT chain, 9, 'x', 8, 'x' FROM jobs_auditchain",
    "UPDATE OR REPLACE jobs_auditentry SET number = 1 WHERE number = 2",
]
ON_POSTGRESQL = [
    "TRUNCATE jobs_auditentry",
    "TRUNCATE jobs_auditchain",
    "INSERT INTO jobs_auditentry SELECT * FROM jobs_auditentry ON CONFLICT (id) DO UPDATE SET action = 'stop'",
]


@pytest.mark.parametrize("statement", [*EDITS, *(ON_SQLITE if connection.vendor == "sqlite" else ON_POSTGRESQL)])
def test_the_database_refuses_to_change_it(team, statement):
    before = list(AuditEntry.objects.values())
    with pytest.raises(DatabaseError, match="cannot be changed or deleted"):
        sql(statement)

    assert list(AuditEntry.objects.values()) == before
    assert "intact, entries 1 to 5" in verify_output()


def test_a_chain_as_it_was_written_is_whole(team):
    audit.record("sign in", person=None)

    said = verify_output().splitlines()
    assert [line.rpartition(".")[0] for line in said] == [
        "The portal: intact, entries 1 to 1",
        "Research: intact, entries 1 to 5",
    ]
    assert said[1].endswith(AuditChain.objects.get(pk=team.pk).digest)


def test_a_team_of_which_nothing_is_known_yet_is_whole():
    make.team("quiet")

    assert verify_output("--team", "quiet").startswith("Quiet: intact, entries 1 to 0.")


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE jobs_auditentry SET action = 'stop' WHERE number = 3", "broken at entry 3: it was changed"),
        ("UPDATE jobs_auditentry SET after = '' WHERE number = 1", "broken at entry 1: it was changed"),
        ("UPDATE jobs_auditentry SET address = 'x' WHERE number = 5", "broken at entry 5: it was changed"),
        ("DELETE FROM jobs_auditentry WHERE number = 2", "broken at entry 3: entries missing before it: 1"),
        ("DELETE FROM jobs_auditentry WHERE number > 3", "broken at entry 4: entries up to 5 are missing"),
        ("DELETE FROM jobs_auditentry WHERE number < 3", "broken at entry 3: entries missing before it: 2"),
        ("UPDATE jobs_auditchain SET number = 4", "broken at entry 4: its hash differs from the end of the log"),
        ("DELETE FROM jobs_auditchain", "broken at entry 1: the end of the chain is missing"),
    ],
)
def test_tampering_is_found_at_its_place(team, statement, broken):
    with audit_triggers.triggers_removed():
        sql(statement)

    assert f"Research: {broken}." in verify_output()


def test_an_act_that_never_was_is_found(team):
    forged = AuditEntry(team=team, number=6, created_at=now(), action="stop", channel="web", previous="x")
    forged.digest = forged.compute_digest()
    forged.save()

    assert "Research: broken at entry 6: it is after the recorded end of the log." in verify_output()


def test_a_chain_that_was_written_anew_from_somewhere_on_does_not_end_as_it_did(team):
    with audit_triggers.triggers_removed():
        previous = AuditEntry.objects.get(number=2).digest
        for entry in AuditEntry.objects.filter(number__gt=2).order_by("number"):
            entry.action, entry.previous = "stop", previous
            previous = entry.compute_digest()
            sql(
                "UPDATE jobs_auditentry SET action = 'stop', previous = %s, digest = %s WHERE number = %s",
                entry.previous,
                previous,
                entry.number,
            )

    assert "Research: broken at entry 5: its hash differs from the end of the log." in verify_output()


def test_a_missing_trigger_is_told(team):
    if connection.vendor == "sqlite":
        sql("DROP TRIGGER audit_entry_stays")
    else:
        sql("ALTER TABLE jobs_auditentry DISABLE TRIGGER audit_entry_stays")

    assert "the trigger audit_entry_stays is missing" in verify_output()


def test_a_break_in_one_chain_is_not_one_in_another(team):
    other = make.team("finance")
    audit.record("change", person=None, team=other)
    with audit_triggers.triggers_removed():
        sql("UPDATE jobs_auditentry SET action = 'stop' WHERE number = 3")

    assert "intact" in verify_output("--team", "finance")
    assert "broken at entry 3" in verify_output("--team", "research")


@pytest.fixture
def old_team(monkeypatch):
    """A team three of whose five acts are a year old."""
    team, moment = make.team("research"), now()
    for number in range(1, 6):
        at = moment - timedelta(days=400 if number < 4 else 1)
        monkeypatch.setattr("jobs.audit.log.now", lambda at=at: at)
        audit.record("change", person=None, team=team)
    monkeypatch.undo()
    return team


A_YEAR_AGO = f"{now() - timedelta(days=365):%Y-%m-%d}"


def test_what_is_old_can_be_let_go_of_and_the_rest_stays_verifiable(old_team):
    out = StringIO()
    call_command("trim_audit", "--before", A_YEAR_AGO, stdout=out)

    assert f"Deleted 3 entries from before {A_YEAR_AGO}" in out.getvalue()
    assert list(AuditEntry.objects.order_by("number").values_list("number", "action")) == [
        (4, "change"),
        (5, "change"),
        (6, "let go"),
    ]
    assert "Research: intact, entries 4 to 6." in verify_output()
    call_command("trim_audit", "--before", A_YEAR_AGO, stdout=out)
    assert AuditEntry.objects.count() == 3


def test_what_an_interrupted_trimming_left_is_deleted_the_next_time(old_team, monkeypatch):
    monkeypatch.setattr(retention, "delete_pruned", lambda _: 0)
    call_command("trim_audit", "--before", A_YEAR_AGO, stdout=StringIO())
    monkeypatch.undo()
    assert "it is recorded as deleted but still exists" in verify_output()

    call_command("trim_audit", "--before", A_YEAR_AGO, stdout=StringIO())
    assert "Research: intact, entries 4 to 6." in verify_output()


def test_nothing_is_let_go_of_that_is_not_as_it_was_written(old_team):
    with audit_triggers.triggers_removed():
        sql("UPDATE jobs_auditentry SET action = 'stop' WHERE number = 2")

    with pytest.raises(CommandError, match="verify_audit"):
        call_command("trim_audit", "--before", A_YEAR_AGO, stdout=StringIO())
    assert AuditEntry.objects.count() == 5


@pytest.mark.parametrize("day", ["yesterday", "2999-01-01"])
def test_a_day_must_be_one_that_was(day):
    with pytest.raises(CommandError):
        call_command("trim_audit", "--before", day)


def test_a_beginning_that_nobody_let_go_of_is_missed(old_team):
    gone = AuditEntry.objects.get(number=3)
    sql("UPDATE jobs_auditchain SET pruned_through = 3, pruned_digest = %s", gone.digest)
    sql("DELETE FROM jobs_auditentry WHERE number <= 3")

    assert "broken at entry 4: the deletion of earlier entries is not recorded" in verify_output()
    assert json.dumps(verify_chain(old_team.pk).is_intact) == "false"
