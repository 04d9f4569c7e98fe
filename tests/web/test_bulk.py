"""The pages of bulk actions: what will happen, progress and results."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from jobs import actions
from jobs.models import BulkAction, BulkItem, BulkKind, ItemOutcome, Job, Membership
from jobs.states import State
from tests import make

pytestmark = pytest.mark.django_db

NEW = reverse("bulk_new")


@pytest.fixture
def browser(research, signed_in) -> Client:
    client: Client = signed_in(research.analyst.user)
    return client


@pytest.fixture
def failed(research) -> Job:
    document = {"jobName": "train", "jobQueue": "cpu", "jobDefinition": "hello"}
    submission = make.submission(research.analyst, research.account, document=document)
    return make.job(
        submission, name="train", queue=research.queue, document=document, state=State.FAILED, ended_at=now()
    )


def page(browser: Client, address: str, data: dict[str, Any] | None = None, status: int = 200) -> str:
    answer = browser.get(address, data)
    assert answer.status_code == status
    return answer.content.decode()


def confirm(browser: Client, kind: str, *jobs: Job, **fields: str) -> Any:
    ids = " ".join(job.text_id for job in jobs)
    return browser.post(NEW, {"do": kind, "jobs": ids, "request_key": "k", "confirm": "1", **fields})


def test_the_page_of_an_action_is_in_the_team_of_its_jobs(research, browser, failed):
    make.member(make.team("a-first"), who=research.analyst.user)
    answer = browser.get(confirm(browser, "again", failed)["Location"])

    assert answer.context["team"] == research.team


def test_the_page_says_what_will_be_stopped_and_what_is_left_out(research, browser, failed):
    text = page(browser, NEW, {"do": "stop", "job": [research.job.text_id, failed.text_id]})

    assert "<strong>1 job</strong> will be stopped" in text
    assert "Stop 1 job" in text
    assert "1 job: It has ended." in text


def test_the_page_says_what_runs_again_and_what_it_cost(browser, failed):
    Job.objects.filter(pk=failed.pk).update(usd_units=15_000_000_000)
    text = page(browser, NEW, {"do": "again", "job": failed.text_id, "memory": "16384"})

    assert "<strong>1 job</strong> will be submitted again" in text
    assert "$1.50" in text
    assert "There is no estimate" in text


def test_what_can_not_be_stopped_has_no_button(browser, failed):
    text = page(browser, NEW, {"do": "stop", "job": failed.text_id})

    assert "No job can be stopped" in text
    assert 'name="confirm"' not in text


def test_looking_changes_nothing(research, browser):
    page(browser, NEW, {"do": "stop", "job": research.job.text_id, "confirm": "1"})

    assert not BulkAction.objects.exists()


def test_a_confirmed_action_leads_to_its_results(research, browser):
    answer = confirm(browser, "stop", research.job)
    action = BulkAction.objects.get()
    assert answer.url == action.get_absolute_url()
    assert "0 of 1" in page(browser, answer.url)

    actions.run_bulk_action(action.pk)
    text = page(browser, answer.url)
    assert "1 of 1 jobs were stopped or are stopping" in text
    assert "nightly" in text


def test_pressing_the_button_twice_starts_one_action(research, browser):
    first, second = (confirm(browser, "stop", research.job) for _ in range(2))

    assert first.url == second.url
    assert BulkItem.objects.count() == 1


def test_changes_are_stored_and_a_wrong_one_starts_nothing(browser, failed):
    answer = confirm(browser, "again", failed, memory="a lot")
    assert answer.status_code == 422
    assert "Enter an amount such as 16 GiB." in answer.content.decode()
    assert not BulkAction.objects.exists()

    confirm(browser, "again", failed, memory="16 GiB", time_limit="2 h", queue="cpu")
    action = BulkAction.objects.get()
    assert (action.memory_mib, action.time_limit_seconds, action.queue) == (16384, 7200, "cpu")


def test_results_link_to_the_new_jobs_and_can_be_filtered(browser, failed):
    confirm(browser, "again", failed)
    action = BulkAction.objects.get()
    actions.run_bulk_action(action.pk)
    new_job = action.items.get().new_job
    assert new_job is not None

    assert new_job.get_absolute_url() in page(browser, action.get_absolute_url())
    assert "No jobs with this result" in page(browser, action.get_absolute_url(), {"outcome": "refused"})


def test_results_cost_the_same_queries_for_any_number(research, browser, django_assert_num_queries):
    jobs = [make.job(research.submission, state=State.RUNNING) for _ in range(5)]
    confirm(browser, "stop", *jobs)
    action = BulkAction.objects.get()
    BulkItem.objects.update(outcome=ItemOutcome.DONE, submission=research.submission)
    address = action.get_absolute_url()
    page(browser, address)
    with django_assert_num_queries(9):
        page(browser, address)


def test_a_poll_without_changes_is_empty(research, browser):
    confirm(browser, "stop", research.job)
    answer = browser.get(BulkAction.objects.get().get_absolute_url())
    etag = answer.context["etag"]

    assert browser.get(answer.request["PATH_INFO"], {"part": "live", "seen": etag}).status_code == 204


def test_the_rest_is_canceled(research, browser):
    confirm(browser, "stop", research.job)
    action = BulkAction.objects.get()
    browser.post(reverse("bulk_cancel", args=[action.text_id]))

    assert action.items.get().outcome == ItemOutcome.CANCELED
    assert "Canceled" in page(browser, action.get_absolute_url())


def test_the_list_has_ones_own_actions(research, browser, signed_in):
    confirm(browser, "stop", research.job)

    address = BulkAction.objects.get().get_absolute_url()
    assert address in page(browser, reverse("bulk_actions"))
    member = make.member(research.team)
    other = signed_in(member.user)
    assert "No bulk actions yet" in page(other, reverse("bulk_actions"))
    page(other, reverse("jobs", args=["research"]))
    make.member(make.team("alpha", name="Alpha"), who=member.user)
    assert reverse("failures", args=["research"]) in page(other, reverse("bulk_actions"))
    page(other, address, status=404)


def test_jobs_of_a_team_that_the_person_has_left_are_neither_shown_nor_counted(research, browser, signed_in):
    other = make.member(make.team("second"), who=research.analyst.user)
    left = make.job(make.submission(other, research.account), name="left-behind", state=State.RUNNING)
    confirm(browser, "stop", research.job, left)
    address = BulkAction.objects.get().get_absolute_url()
    assert "0 of 2" in page(browser, address)

    Membership.objects.filter(team=other.team, user=other.user).delete()
    text = page(browser, address)
    assert "0 of 1" in text
    assert "nightly" in text
    assert "left-behind" not in text
    assert "left-behind" in page(signed_in(research.admin), address)


def test_jobs_of_others_can_not_be_chosen(browser):
    foreign = make.job(state=State.RUNNING)

    assert "Select jobs in the list of jobs first." in page(browser, NEW, {"do": "stop", "job": foreign.text_id})
    assert confirm(browser, BulkKind.STOP, foreign).status_code == 422


def test_the_price_of_many_jobs_costs_a_bounded_number_of_queries(research, browser, django_assert_num_queries):
    document = {"jobName": "train", "jobQueue": "cpu", "jobDefinition": "hello"}
    jobs = [
        make.job(make.submission(research.analyst, research.account, document=document), state=State.FAILED)
        for _ in range(5)
    ]
    data = {"do": "again", "job": [job.text_id for job in jobs]}
    page(browser, NEW, data)
    with django_assert_num_queries(10):
        page(browser, NEW, data)
