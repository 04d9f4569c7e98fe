"""An act is written down within what it tells of, as the next of its team's chain."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from allauth.account.adapter import get_adapter
from allauth.core import context as allauth_context
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.test import RequestFactory

from jobs import audit
from jobs.audit.context import Channel, channel_of, client_address
from jobs.models import AuditEntry
from jobs.models.audit import FIRST_PREVIOUS_DIGEST
from jobs.models.ids import new_id, to_text
from jobs.sessions import NO_ADDRESS
from tests import make
from tests.live_db import database_for_threads

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


def test_an_entry_says_who_did_what_to_what_from_where_and_through_which_door():
    member, token = make.member(role="lead"), new_id()
    submission = make.submission(member, name="nightly")
    with audit.audit_context(Channel.API, "192.0.2.7"):
        audit.set_token(token)
        audit.record(
            "stop", person=member.user, team=member.team, target=submission, before={"jobs": 2}, after={"jobs": 0}
        )

    entry = AuditEntry.objects.get()
    assert (entry.person, entry.team, entry.token) == (member.user.public_id, member.team, token)
    assert (entry.action, entry.noun, entry.object_id, entry.label) == (
        "stop",
        "submission",
        to_text(submission.public_id),
        "nightly",
    )
    assert (entry.channel, entry.address) == ("api", "192.0.2.7")
    assert (json.loads(entry.before), json.loads(entry.after)) == ({"jobs": 2}, {"jobs": 0})


def test_each_team_has_a_chain_of_its_own_and_so_has_the_portal():
    first, second = make.team(), make.team()
    for team in (first, second, None, first, None):
        audit.record("change", person=None, team=team)

    for team in (first, second, None):
        chain = list(AuditEntry.objects.filter(team=team).order_by("number"))
        assert [entry.number for entry in chain] == list(range(1, len(chain) + 1))
        assert [entry.previous for entry in chain] == [FIRST_PREVIOUS_DIGEST, *(entry.digest for entry in chain[:-1])]
        assert all(entry.digest == entry.compute_digest() for entry in chain)


@pytest.mark.parametrize(
    "value",
    ["\0 and \ud800", 1e2, 1.10, 10**30, {"b": [1, None, True], "a": "é"}],
    ids=["odd text", "float", "trailing zero", "large", "nested"],
)
def test_what_was_hashed_is_what_the_database_gives_back(value):
    audit.record("change", person=None, before={"value": value})

    entry = AuditEntry.objects.get()
    assert entry.digest == entry.compute_digest()
    assert json.loads(entry.before) == {"value": value}


def test_an_act_that_did_not_happen_is_not_written_down():
    with transaction.atomic():
        audit.record("change", person=None)
        transaction.set_rollback(True)
    audit.record("change", person=None)

    assert AuditEntry.objects.get().number == 1


def test_an_act_costs_three_queries(django_assert_num_queries):
    team = make.team()
    audit.record("change", person=None, team=team)
    with transaction.atomic(), django_assert_num_queries(3):
        audit.record("change", person=None, team=team)


@pytest.mark.long
@pytest.mark.postgres_itself
@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_make_one_chain(tmp_path):
    team, person = make.team(), make.user()

    def record_change(number: int) -> None:
        try:
            audit.record("change", person=person, team=team, after={"number": number})
        finally:
            connection.close()

    with database_for_threads(tmp_path), ThreadPoolExecutor(20) as people:
        list(people.map(record_change, range(20)))

    chain = list(AuditEntry.objects.order_by("pk"))
    assert [entry.number for entry in chain] == list(range(1, 21))
    assert [entry.previous for entry in chain] == [FIRST_PREVIOUS_DIGEST, *(entry.digest for entry in chain[:-1])]
    assert sorted(json.loads(entry.after)["number"] for entry in chain) == list(range(20))


def test_people_have_no_name_in_it():
    member = make.member(who=make.user("ada.lovelace"))
    for about in (member.user, member.team.memberships.get()):
        audit.record("change", person=member.user, target=about)

    assert "lovelace" not in json.dumps(list(AuditEntry.objects.values()), default=str)


def test_an_entry_is_neither_changed_nor_taken_away_by_the_orm():
    entry = audit.record("change", person=None)
    entry.action = "stop"

    for attempt in (
        entry.save,
        entry.delete,
        AuditEntry.objects.all().delete,
        lambda: AuditEntry.objects.update(action="stop"),
        lambda: AuditEntry.objects.bulk_update([entry], ["action"]),
        lambda: AuditEntry.objects.get().save(),
    ):
        with pytest.raises(PermissionDenied):
            attempt()
    assert AuditEntry.objects.get().action == "change"


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "203.0.113.9", "127.0.0.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "10.9.9.9, 203.0.113.9", "203.0.113.9"),
        (1, "", "127.0.0.1"),
        (2, "10.9.9.9, 203.0.113.9, 192.0.2.7", "203.0.113.9"),
        (2, "203.0.113.9,192.0.2.7", "203.0.113.9"),
        (2, "192.0.2.7", "192.0.2.7"),
        (2, "", "127.0.0.1"),
        (1, "203.0.113.9:40312", "203.0.113.9"),
        (1, "[2001:db8::1]:40312", "2001:db8::1"),
        (1, "2001:DB8::1", "2001:db8::1"),
        (1, "fe80::1%eth0", "fe80::1"),
        (1, "unknown", ""),
        (1, "203.0.113.9,", ""),
    ],
)
def test_a_header_is_believed_only_behind_our_own_proxies_and_only_what_they_wrote(
    settings, proxies, forwarded, address
):
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", headers={"X-Forwarded-For": forwarded} if forwarded else {})

    assert client_address(request) == address
    assert get_adapter().get_client_ip(request) == (address or NO_ADDRESS)
    with allauth_context.request_context(request):
        key = get_adapter()._get_login_attempts_cache_key(request, username="Ada")
    assert key == f"{address or NO_ADDRESS} ada"


def test_a_request_through_a_unix_socket_has_no_address():
    request = RequestFactory().get("/", REMOTE_ADDR="")

    assert (client_address(request), get_adapter().get_client_ip(request)) == ("", NO_ADDRESS)


@pytest.mark.parametrize(
    ("path", "agent", "door"),
    [
        ("/admin/", "", "admin"),
        ("/api/v1/jobs", "curl/8", "api"),
        ("/api/v1/jobs", "batch-portal-cli/1", "cli"),
        ("/", "", "web"),
    ],
)
def test_doors_are_told_apart(path, agent, door):
    assert channel_of(RequestFactory().get(path, headers={"User-Agent": agent})) == door


def test_whoever_is_at_the_shell_came_through_no_door():
    entry = audit.record("change", person=None)

    assert entry.channel == "command"
    assert "@" in entry.address
