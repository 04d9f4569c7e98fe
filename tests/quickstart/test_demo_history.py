"""The demo's history: generated once, completed after a kill, and marked."""

import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils.timezone import now
from pytest_django import Settings

from jobs.management.commands import seed_demo_history
from jobs.management.commands.seed_demo import create_people_and_teams, grant_queues
from jobs.management.demo import TEAMS, documents
from jobs.management.demo.history import historical_submissions, submission_times
from jobs.management.demo.saving import save_history, team_resources
from jobs.models import Budget, Job, JobDependency, JobFailure, Role, Submission, Team
from jobs.reports.budgets import budget_panel
from jobs.reports.demo_progress import demo_progress
from jobs.spec.parsing.parser import parse
from jobs.states import Delivery, State
from tests import make
from tests.demo_queues import make_demo_queue

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
COUNTS = {"research": 60, "finance": 20, "genomics": 30}


@pytest.fixture(autouse=True)
def demo(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo with a small history, and an account in which nothing listens."""
    settings.STATE = tmp_path
    settings.QUICKSTART = True
    monkeypatch.setattr(seed_demo_history, "JOB_COUNTS", COUNTS)
    monkeypatch.setattr(seed_demo_history, "BATCH_SIZE", 10)
    create_people_and_teams()
    account = make.account(name="Sandbox")
    for team in TEAMS:
        for name in team.queues:
            if not account.queues.filter(name=name).exists():
                make_demo_queue(name, account)
        grant_queues(account, team, set(team.queues))
        for name, text in documents("definitions", team):
            owner = Team.objects.get(slug=team.slug)
            make.revision(name, of=owner, where=account, document=parse(text).document)


def generated_counts() -> dict[str, int]:
    return {
        slug: Job.objects.filter(team__slug=slug, submission__in=Submission.objects.generated()).count()
        for slug in COUNTS
    }


def test_each_team_gets_its_history_which_has_ended_and_is_marked() -> None:
    call_command("seed_demo_history")

    assert generated_counts() == COUNTS
    generated = Job.objects.filter(submission__in=Submission.objects.generated())
    assert not generated.filter(ended_at=None).exists()
    assert not generated.filter(accepted_at__lt=now() - timedelta(days=92)).exists()
    assert demo_progress() is None
    assert JobFailure.objects.count() == generated.filter(state__in=[State.FAILED, State.LOST]).count() > 0


def test_budgets_fit_what_a_team_spends_and_stay_as_they_are_changed() -> None:
    call_command("seed_demo_history")

    lead = make.member(Team.objects.get(slug="research"), Role.LEAD)
    states = {state.budget.scope: state for state in budget_panel(lead).states}
    assert list(states) == ["", "Project = GenAI", "Project = Prototype"]
    assert states["Project = Prototype"].budget.stop_percent == 100
    for state in states.values():
        assert 0 <= state.usage.spend < 3 * state.budget.usd
    assert states[""].usage.spend >= states["Project = GenAI"].usage.spend
    Budget.objects.filter(team=lead.team, tag_key="").delete()
    call_command("seed_demo_history")
    assert Budget.objects.filter(team=lead.team).count() == 2


@pytest.mark.long
def test_a_history_that_was_cut_off_is_completed(monkeypatch: pytest.MonkeyPatch) -> None:
    def two_batches(*arguments: Any) -> Iterator[int]:
        batches = save_history(*arguments)
        yield next(batches)
        assert demo_progress() is not None
        yield next(batches)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(seed_demo_history, "save_history", two_batches)
        with pytest.raises(KeyboardInterrupt):
            call_command("seed_demo_history")
    assert 0 < sum(generated_counts().values()) < sum(COUNTS.values())

    call_command("seed_demo_history")
    assert generated_counts() == COUNTS


def test_the_jobs_of_a_day_are_submitted_once_and_one_waits_for_approval() -> None:
    for _ in range(2):
        call_command("seed_demo_history")

    names = sorted(Job.objects.exclude(submission__in=Submission.objects.generated()).values_list("name", flat=True))
    assert names == sorted(
        ["nightly-preprocess", "nightly-train", "nightly-evaluate", "train-vision-model", "check-release-branch",
         "align-cohort", "intraday-risk", "year-end-stress-test"]
    )  # fmt: skip
    assert Job.objects.get(delivery=Delivery.AWAITING).name == "year-end-stress-test"


def test_a_step_whose_parent_did_not_succeed_never_runs() -> None:
    team = Team.objects.get(slug="research")
    resources = team_resources(team)
    assert resources
    rng = random.Random(1)
    history = list(historical_submissions(resources, submission_times(400, 60, now(), rng), rng))
    assert sum(save_history(history, 400, 1000)) == 400

    edges = JobDependency.objects.select_related("job", "parent")
    blocked = [edge.job for edge in edges if edge.parent and edge.parent.state != State.SUCCEEDED]
    assert blocked
    assert {(job.state, job.status_reason, job.started_at) for job in blocked} == {
        (State.FAILED, "Dependent Job failed", None)
    }
    others = [edge for edge in edges if edge.parent and edge.parent.state == State.SUCCEEDED]
    assert others
    assert all(edge.job.started_at > edge.parent.ended_at for edge in others)


def test_it_exists_in_the_quick_start_only(settings: Settings) -> None:
    settings.QUICKSTART = False
    with pytest.raises(CommandError, match="only be created in the quick start"):
        call_command("seed_demo_history")
