"""How definitions usually go, from their last jobs: a team's own, found by key."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.cache import caches

from jobs.models import Job
from jobs.pricing import exact_sum
from jobs.pricing.run_statistics import run_statistics
from jobs.reports import catalog
from jobs.reports.catalog import RunOutcomes
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def research():
    member = make.member(make.team("research"))
    make.queue("cpu", teams=(member.team,))
    return member


@pytest.fixture
def account(research):
    return research.team.queue_grants.get().queue.account


def ended_job(member, revision, seconds=60, state="SUCCEEDED", usd="", **fields):
    """A job of it that ended."""
    return make.job(
        make.submission(member, revision.definition.account),
        revision=revision,
        state=state,
        started_at=NOON,
        stopped_at=NOON + timedelta(seconds=seconds),
        ended_at=NOON,
        charged_at=NOON if usd else None,
        usd_units=exact_sum.units(Decimal(usd or 0)),
        **fields,
    )


def card(team, name="hello"):
    return next(each for each in catalog.definition_page(team).rows if each.definition.name == name)


def test_what_is_usual_is_the_middle_of_those_that_succeeded(research, account):
    revision = make.revision("hello", of=research.team, where=account)
    for seconds, usd in ((10, "0.01"), (20, "0.02"), (600, "9")):
        last = ended_job(research, revision, seconds, usd=usd)
    ended_job(research, revision, 1, state="FAILED", usd="5")
    for nothing in ("STOPPED", "LOST"):
        ended_job(research, revision, 1, state=nothing)
    told = card(research.team)

    assert told.outcomes == RunOutcomes(succeeded=3, failed=1, median_time=timedelta(seconds=20), usd=Decimal("0.02"))
    assert (told.outcomes.runs, told.outcomes.rate) == (4, 75)
    assert told.used_at > last.accepted_at


@pytest.mark.parametrize("lengths", [(10,), (10, 30), (10, 20, 600), (10, 20, 40, 600)])
def test_the_catalog_and_the_estimate_of_a_submission_agree_on_the_usual_run_time(research, account, lengths):
    revision = make.revision("hello", of=research.team, where=account)
    for seconds in lengths:
        ended_job(research, revision, seconds)
    estimated = run_statistics(research.team, (), [revision.definition_id]).runs[revision.definition_id]

    assert card(research.team).outcomes.median_time == timedelta(seconds=estimated.median)


@pytest.mark.parametrize(("good", "bad", "rate"), [(0, 0, None), (0, 3, 0), (3, 0, 100), (999, 1, 99), (1, 999, 1)])
def test_all_and_nothing_are_said_only_of_all_and_nothing(good, bad, rate):
    assert RunOutcomes(succeeded=good, failed=bad).rate == rate


def test_only_the_last_jobs_count_whatever_revision_they_had(research, account, monkeypatch):
    monkeypatch.setattr(catalog, "SAMPLE_SIZE", 3)
    old = make.revision("hello", of=research.team, where=account)
    new = make.revision("hello", where=account)
    for state in ("FAILED", "FAILED", "SUCCEEDED"):
        ended_job(research, old, state=state)
    for state in ("FAILED", "SUCCEEDED"):
        ended_job(research, new, state=state)
    make.job(make.submission(research, account), revision=new, state="RUNNING")

    assert (card(research.team).outcomes.succeeded, card(research.team).outcomes.failed) == (2, 1)
    assert catalog.definition_usage(new.definition, research.user).outcomes == card(research.team).outcomes


def test_outcomes_of_a_full_sample_are_read_again_when_another_job_ends(
    research, account, monkeypatch, settings, django_assert_num_queries
):
    memory = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "outcomes"}
    settings.CACHES = {**settings.CACHES, "memory": memory}
    caches["memory"].clear()
    monkeypatch.setattr(catalog, "SAMPLE_SIZE", 2)
    revision = make.revision("hello", of=research.team, where=account)
    for _ in range(2):
        ended_job(research, revision, usd="0.01")
    with django_assert_num_queries(3):
        assert card(research.team).outcomes.succeeded == 2
    with django_assert_num_queries(2):
        assert card(research.team).outcomes.succeeded == 2

    uncharged = ended_job(research, revision, state="FAILED")
    for usd in (None, Decimal("0.02")):
        assert card(research.team).outcomes == RunOutcomes(1, 1, timedelta(seconds=60), Decimal("0.01"))
        Job.objects.filter(pk=uncharged.pk).update(charged_at=usd and NOON, state="SUCCEEDED" if usd else "FAILED")
    assert card(research.team).outcomes.succeeded == 2


def test_of_a_shared_definition_each_team_reads_of_its_own_jobs(research, account):
    makers, others = make.member(make.team("makers")), make.member(make.team("others"))
    revision = make.revision("tool", of=makers.team, where=account)
    revision.definition.shared = True
    revision.definition.save()
    ended_job(makers, revision, state="FAILED")
    ours = ended_job(research, revision)
    told = card(research.team, "tool")
    used = catalog.definition_usage(revision.definition, research.user)

    assert (told.outcomes.succeeded, told.outcomes.failed) == (1, 0)
    assert (used.jobs, [name for name, _ in used.people]) == ([ours], [research.user.display_name])
    assert used.outcomes == told.outcomes
    assert card(others.team, "tool").outcomes == RunOutcomes()
    assert catalog.definition_usage(revision.definition, others.user) == catalog.DefinitionUsage(
        RunOutcomes(), None, [], []
    )
    assert catalog.definition_usage(revision.definition, make.admin()).outcomes.runs == 2


def test_a_card_shows_what_the_bare_name_means(research, account):
    first = make.revision("hello", of=research.team, where=account)
    make.revision("hello", where=account, number=None, registration="REFUSED", active=False)
    assert card(research.team).revision == first

    pending = make.revision("fresh", of=research.team, where=account, number=None, registration="ACCEPTED")
    assert card(research.team, "fresh").revision == pending


def test_pages_go_on_by_name_and_miss_nothing(research, account):
    names = [f"{letter}{number}" for letter in "abc" for number in range(3)]
    for name in names[::-1]:
        make.definition(name, of=research.team, where=account)
    make.definition("a0", of=research.team)  # the same name in another account
    seen, after = [], ""
    while True:
        page = catalog.definition_page(research.team, after=after, cards=4)
        seen += [each.definition.name for each in page.rows]
        after = page.next
        if not after:
            break

    assert seen == ["a0", *names]


def test_every_word_is_looked_for_in_the_name_and_in_what_it_is_for(research, account):
    make.definition("train", of=research.team, where=account, description="Trains the churn model")
    make.definition("score", of=research.team, where=account, description="Scores a model")
    make.definition("theirs", of=make.team(), where=account, description="Scores a model")

    def names_of(text):
        return [each.definition.name for each in catalog.definition_page(research.team, text=text).rows]

    assert names_of("model") == ["score", "train"]
    assert names_of("churn MODEL") == ["train"]
    assert names_of("scor") == ["score"]
    assert names_of("theirs") == []


def test_what_is_deactivated_is_on_a_page_of_its_own(research, account):
    make.definition("used", of=research.team, where=account)
    make.definition("gone", of=research.team, where=account, archived_at=NOON)

    assert [each.definition.name for each in catalog.definition_page(research.team).rows] == ["used"]
    assert [each.definition.name for each in catalog.definition_page(research.team, retired=True).rows] == ["gone"]


def test_a_copy_is_offered_a_name_that_is_free_in_the_account(account):
    original = make.definition("x" * 128, where=account)
    first = catalog.unused_name(original)
    make.definition(first, where=account)
    second = catalog.unused_name(original)

    assert first == f"{'x' * 118}-copy"
    assert second == f"{first}-2"
    assert len(second) < 128


@pytest.mark.long
@pytest.mark.parametrize("count", [2, 9])
def test_a_page_takes_three_queries_however_much_there_is(research, account, count, django_assert_num_queries):
    for number in range(count):
        revision = make.revision(f"definition-{number}", of=research.team, where=account)
        for _ in range(2):
            ended_job(research, revision, usd="1")

    with django_assert_num_queries(3):
        assert len(catalog.definition_page(research.team).rows) == count
    with django_assert_num_queries(5):
        assert len(catalog.definition_usage(revision.definition, research.user).jobs) == 2
