"""The picture of a workflow: what the page and its JSON have."""

from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from jobs.models import ArrayChild, CostLine, Job, JobDependency, Submission
from jobs.reports import workflow_graph as reports
from tests import make
from tests.web.conftest import Research, SignIn


@pytest.fixture
def workflow(research: Research) -> Submission:
    """Three steps: one that succeeded, one that runs, and one that was not sent."""
    submission = make.submission(research.analyst, research.account, name="nightly-42", kind="workflow", job_count=3)
    time = now()
    load = make.job(
        submission, name="load", state="SUCCEEDED", started_at=time, stopped_at=time + timedelta(seconds=4)
    )
    train = make.job(submission, name="train", state="RUNNING", started_at=time + timedelta(seconds=5))
    report = make.job(submission, name="report")
    JobDependency.objects.create(job=train, parent=load)
    JobDependency.objects.create(job=report, parent=train, kind="N_TO_N")
    return submission


def graph_of(browser: Client, submission: Submission, part: str = "") -> dict[str, Any]:
    answer = browser.get(reverse("submission_graph", args=[submission.text_id]), {"part": part})
    return dict(answer.json())


def test_the_graph_has_the_steps_their_states_and_what_they_wait_for(
    workflow: Submission, research: Research, signed_in: SignIn
) -> None:
    graph = graph_of(signed_in(research.viewer.user), workflow)

    assert [step["name"] for step in graph["steps"]] == ["load", "train", "report"]
    assert graph["edges"] == [[0, 1, ""], [1, 2, "N_TO_N"]]
    assert [(status, is_sent) for status, is_sent, *_ in graph["states"]] == [
        ("SUCCEEDED", True),
        ("RUNNING", True),
        ("ACCEPTED", False),
    ]
    assert graph["statuses"]["RUNNING"] == {"label": "Running", "icon": "player-play", "tone": "go", "live": True}
    [_, _, _, start, end, _], [_, _, _, _, running_end, _], [_, _, _, report_start, *_] = graph["states"]
    assert end - start == pytest.approx(4000, abs=2)
    assert (running_end, report_start) == (None, None)


def test_states_alone_come_with_the_shape_that_they_belong_to(
    workflow: Submission, research: Research, signed_in: SignIn
) -> None:
    browser = signed_in(research.analyst.user)
    before = graph_of(browser, workflow)
    Job.objects.filter(name="train").update(state="FAILED")
    states = graph_of(browser, workflow, "states")

    assert states.keys() == {"shape", "statuses", "states"}
    assert states["shape"] == before["shape"]
    assert states["states"][1][0] == "FAILED"
    make.job(workflow, name="another")
    assert graph_of(browser, workflow, "states")["shape"] != before["shape"]


def test_a_step_costs_what_its_finished_attempts_cost(
    workflow: Submission, research: Research, signed_in: SignIn
) -> None:
    step = workflow.jobs.get(name="load")
    for attempt, usd in enumerate(["0.10", "0.25"], start=1):
        CostLine.objects.create(
            job=step,
            attempt=attempt,
            day=now().date(),
            team=step.team,
            account=step.account,
            queue=step.queue,
            definition=step.definition,
            person=workflow.person,
            succeeded=True,
            billed_seconds=60,
            usd=Decimal(usd),
        )

    assert [state[-1] for state in graph_of(signed_in(research.viewer.user), workflow)["states"]] == ["$0.35", "", ""]


def test_an_array_runs_from_its_first_childs_start_to_its_last_childs_end(
    workflow: Submission, research: Research, signed_in: SignIn
) -> None:
    time = now()
    document = {"dependsOn": [{"type": "SEQUENTIAL"}]}
    array = make.job(workflow, name="array", state="SUCCEEDED", array_size=2, document=document)
    for index in range(2):
        start = time + timedelta(minutes=index)
        ArrayChild.objects.create(
            job=array, index=index, state="SUCCEEDED", started_at=start, stopped_at=start + timedelta(minutes=1)
        )
    graph = graph_of(signed_in(research.viewer.user), workflow)

    assert [(step["size"], step["sequential"]) for step in graph["steps"]][-1] == (2, True)
    _, _, _, first, last, _ = graph["states"][-1]
    assert last - first == pytest.approx(120_000, abs=2)


@pytest.mark.parametrize("count", [2, 60])
def test_the_graph_takes_the_same_queries_for_any_number_of_steps(
    count: int, research: Research, signed_in: SignIn, django_assert_num_queries: Any
) -> None:
    submission = make.submission(research.analyst, research.account, kind="workflow", job_count=count)
    jobs = [make.job(submission, name=f"step-{index}") for index in range(count)]
    JobDependency.objects.bulk_create(JobDependency(job=job, parent=parent) for parent, job in pairwise(jobs))
    browser = signed_in(research.analyst.user)

    with django_assert_num_queries(9):
        assert len(graph_of(browser, submission)["edges"]) == count - 1
    with django_assert_num_queries(7):
        graph_of(browser, submission, "states")


def test_a_page_has_a_picture_if_a_job_waits_for_another(
    workflow: Submission, research: Research, signed_in: SignIn
) -> None:
    browser = signed_in(research.viewer.user)
    independent = make.submission(research.analyst, research.account, kind="workflow", job_count=2)
    for name in ("a", "b"):
        make.job(independent, name=name)

    assert "data-workflow" in browser.get(workflow.get_absolute_url()).content.decode()
    for submission in (independent, research.submission):
        page = browser.get(submission.get_absolute_url()).content.decode()
        assert "data-workflow" not in page
        assert "workflow.js" not in page
        assert 'id="job-list"' in page


def test_a_poll_brings_the_list_and_leaves_the_picture_alone(
    workflow: Submission, research: Research, signed_in: SignIn
) -> None:
    part = signed_in(research.viewer.user).get(workflow.get_absolute_url(), {"part": "live"}).content.decode()

    assert '<div id="job-list" hx-swap-oob="true">' in part
    assert "data-workflow" not in part
    assert part.count('id="job-list"') == 1


def test_the_panel_has_the_explanation_and_the_actions(
    workflow: Submission, research: Research, signed_in: SignIn
) -> None:
    step = workflow.jobs.get(name="train")
    Job.objects.filter(pk=step.pk).update(log_stream="stream")
    panel, viewers_panel = (
        signed_in(who.user).get(step.get_absolute_url(), {"part": "panel"}).content.decode()
        for who in (research.analyst, research.viewer)
    )

    assert "The container is running." in panel
    assert f'data-panel-log="{reverse("job_log", args=[step.text_id])}"' in panel
    assert ">load</a>" in panel
    assert 'id="panel-stop"' in panel
    assert 'id="panel-stop"' not in viewers_panel
    assert "<html" not in panel


def test_a_step_that_runs_again_has_its_new_state_and_keeps_its_edges(workflow: Submission) -> None:
    load, train, report = workflow.jobs.order_by("position")
    Job.objects.filter(pk__in=[train.pk, report.pk]).update(superseded=True)
    train_again = make.job(workflow, name="train", step=1, repeats=train)
    report_again = make.job(workflow, name="report", step=2, repeats=report)
    JobDependency.objects.create(job=train_again, parent=load)
    JobDependency.objects.create(job=report_again, parent=train_again)

    steps = reports.graph_steps(workflow)
    assert [step.text_id for step in steps] == [load.text_id, train_again.text_id, report_again.text_id]
    assert reports.graph_edges(workflow) == [(0, 1, ""), (1, 2, "")]
