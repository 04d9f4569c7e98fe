"""What the pages show, and that nothing a program or a person wrote becomes more than text."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from jobs.models import AccountStatus, CostLine, Job, JobDependency, Queue, StateChange
from jobs.pricing import metering
from jobs.states import Delivery, State
from tests import make
from tests.web.conftest import Research, SignIn

HOSTILE = "<script>alert(1)</script>\"'&"


@pytest.fixture
def browser(research: Research, signed_in: SignIn) -> Client:
    return signed_in(research.analyst.user)


def page(browser: Client, thing: Any, **query: str) -> str:
    return browser.get(thing if isinstance(thing, str) else thing.get_absolute_url(), query).content.decode()


def test_what_people_wrote_is_shown_as_text(browser: Client, research: Research) -> None:
    submission = make.submission(research.analyst, research.account, name=HOSTILE, text=HOSTILE, document={})
    job = make.job(
        submission,
        name="fine",
        state="FAILED",
        status_reason=HOSTILE,
        container_reason=HOSTILE,
        tags={HOSTILE: HOSTILE},
        document={"containerOverrides": {"environment": [{"name": HOSTILE, "value": HOSTILE}]}},
        raw={HOSTILE: HOSTILE},
    )
    Job.objects.filter(pk=job.pk).update(name=HOSTILE)
    job.refresh_from_db()

    for address in (reverse("jobs", args=["research"]), submission, job, f"{job.get_absolute_url()}?tab=request"):
        text = page(browser, address)
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(1)" in text


@pytest.mark.long
def test_secrets_of_the_environment_are_masked_everywhere(browser: Client, research: Research) -> None:
    environment = [{"name": "DB_PASSWORD", "value": "hunter2!"}, {"name": "STAGE", "value": "prod"}]
    document = {"containerOverrides": {"environment": environment}}
    text = '{"containerOverrides": {"environment": [{"name": "DB_PASSWORD", "value": "hunter2!"}]}}'
    submission = make.submission(research.analyst, research.account, text=text, document=document)
    job = make.job(submission, document=document, raw={"container": {"environment": environment}})

    for thing in (submission, job, f"{job.get_absolute_url()}?tab=request"):
        assert "hunter2!" not in page(browser, thing)
    for tab in ("overview", "request"):
        assert "••••" in page(browser, job, tab=tab)
        assert "prod" in page(browser, job, tab=tab)


def test_a_live_page_asks_again_and_stops_at_the_end(browser: Client, research: Research) -> None:
    assert " data-live " in page(browser, research.submission)
    assert " data-live " in page(browser, research.job)

    Job.objects.filter(pk=research.job.pk).update(state="SUCCEEDED", ended_at=now())
    assert " data-live " not in page(browser, research.submission, part="live")
    assert " data-live " in page(browser, research.job, part="live")  # its cost is still to come

    Job.objects.filter(pk=research.job.pk).update(charged_at=now())
    assert " data-live " not in page(browser, research.job, part="live")


def test_the_end_of_a_job_refreshes_its_tabs_and_its_cost_once_it_is_known(
    browser: Client, research: Research
) -> None:
    def refresh(seen: str, tab: str = "overview") -> str:
        answer = browser.get(research.job.get_absolute_url(), {"part": "live", "seen": seen, "tab": tab})
        return answer.text if answer.status_code == 200 else ""

    mark = page(browser, research.job).partition("seen=")[2].partition('"')[0]
    assert refresh(mark) == ""
    Job.objects.filter(pk=research.job.pk).update(state="SUCCEEDED", ended_at=now(), raw={"status": "SUCCEEDED"})
    StateChange.objects.create(job=research.job, delivery="SENT", state="SUCCEEDED", source="poll")
    ended = refresh(mark)

    assert "Succeeded" in refresh(mark, "events").partition("<tbody>")[2]
    assert "&quot;SUCCEEDED&quot;" in refresh(mark, "request").partition('id="raw"')[2]
    assert 'class="usd"' not in ended

    research.job.refresh_from_db()
    metering.charge(research.job)
    CostLine.objects.get_or_create(
        job=research.job,
        attempt=1,
        defaults={
            "day": now().date(),
            "team": research.team,
            "account": research.account,
            "queue": research.job.queue,
            "definition": research.job.definition,
            "person": research.analyst.user,
            "succeeded": True,
            "billed_seconds": 1,
            "usd": 1,
        },
    )
    charged = refresh(ended.partition("seen=")[2].partition('"')[0])
    assert re.search(r'class="usd"[^>]*><span[^>]*>\$1.00', charged)
    assert "hx-get" not in charged.partition("<aside")[0].partition("</h1>")[0]


def test_a_live_part_is_the_part_alone_and_nothing_while_nothing_is_new(browser: Client, research: Research) -> None:
    for thing in (research.submission, research.job):
        part = page(browser, thing, part="live")
        mark = part.partition("seen=")[2].partition('"')[0]

        assert "<html" not in part
        assert browser.get(thing.get_absolute_url(), {"part": "live", "seen": mark}).status_code == 204

    Job.objects.filter(pk=research.job.pk).update(state="FAILED")
    assert browser.get(research.job.get_absolute_url(), {"part": "live", "seen": mark}).status_code == 200


def test_a_page_says_when_the_portal_is_behind_aws(browser: Client, research: Research) -> None:
    Job.objects.update(sent_at=now() - timedelta(minutes=5))
    AccountStatus.objects.update(polled_at=now())
    assert "Last update from AWS" not in page(browser, research.submission)

    AccountStatus.objects.update(polled_at=now() - timedelta(minutes=2))
    assert "Last update from AWS" in page(browser, research.submission)
    assert "Last update from AWS" in page(browser, research.job)


@pytest.mark.parametrize("delivery", ["AWAITING", "HELD", "ACCEPTED"])
def test_a_job_that_aws_does_not_have_is_not_said_to_be_old(
    browser: Client, research: Research, delivery: str
) -> None:
    AccountStatus.objects.update(polled_at=now() - timedelta(hours=2))
    Job.objects.update(delivery=delivery, state="", batch_id=None)

    assert "Last update from AWS" not in page(browser, research.submission)
    assert "Last update from AWS" not in page(browser, research.job)


def test_stopping_a_job_is_asked_once_and_said_while_it_lasts(browser: Client, research: Research) -> None:
    answer = browser.post(reverse("job_stop", args=[research.job.text_id]))
    text = page(browser, research.job)

    assert answer.headers["Location"] == research.job.get_absolute_url()
    assert "Stopping… requested by" in text
    assert 'id="stop"' not in text


@pytest.mark.parametrize(("note", "has_aws_words"), [("Rate exceeded", True), ("Released by Lena Lead.", False)])
def test_a_page_marks_only_the_words_of_aws_as_from_aws(
    browser: Client, research: Research, note: str, *, has_aws_words: bool
) -> None:
    job = make.job(research.submission, name="late", delivery_note=note)
    job.deliveries.create(epoch=1, marked_at=now(), outcome="retry", detail="Rate exceeded", request_id="request-1")
    job.history.create(delivery=Delivery.ACCEPTED, source="person")
    text = page(browser, job)

    assert note in text
    assert ("From AWS Batch:" in text) is has_aws_words
    assert '<td class="from-sm quiet">User</td>' in page(browser, job, tab="events")


def test_stopping_a_step_that_has_ended_stops_no_step_after_it(browser: Client, research: Research) -> None:
    Job.objects.filter(pk=research.job.pk).update(state=State.SUCCEEDED, ended_at=now())
    running = make.job(research.submission, state=State.RUNNING)
    JobDependency.objects.create(job=running, parent=research.job)
    text = browser.post(reverse("job_stop", args=[research.job.text_id]), follow=True).content.decode()

    assert f"{research.job.name} has ended or is already stopping." in text
    running.refresh_from_db()
    assert running.stop_requested_at is None


@pytest.mark.long
def test_a_held_job_is_sent_by_a_lead_and_withdrawn_by_whoever_may_stop(
    browser: Client, research: Research, signed_in: SignIn
) -> None:
    job = make.job(research.submission, name="held", delivery=Delivery.HELD, delivery_note="Three workers vanished.")
    lead = signed_in(make.member(research.team, "lead").user)
    assert "Three workers vanished." in page(browser, job)
    assert "From AWS Batch:" not in page(browser, job)
    assert 'id="release"' not in page(browser, job)
    assert 'id="stop"' in page(browser, job)
    assert 'id="release"' in page(lead, job)

    assert browser.post(reverse("job_release", args=[job.text_id])).status_code == 403
    sent, late = (lead.post(reverse("job_release", args=[job.text_id]), follow=True) for _ in range(2))
    job.refresh_from_db()

    assert (job.delivery, job.delivery_note) == (
        Delivery.ACCEPTED,
        f"Released by {sent.context['user'].display_name}.",
    )
    assert b"Released held." in sent.content
    assert b"held is no longer held." in late.content


def test_stopping_a_submission_asks_for_all_its_jobs(browser: Client, research: Research) -> None:
    make.job(research.submission, name="second", state="RUNNABLE")
    assert "Stop 2 jobs" in page(browser, research.submission)

    browser.post(reverse("submission_stop", args=[research.submission.text_id]))
    assert "Stopping 2 jobs" in page(browser, research.submission)


def test_a_failed_job_says_why_in_words(browser: Client, research: Research) -> None:
    Job.objects.filter(pk=research.job.pk).update(
        state="FAILED", exit_code=137, container_reason="OutOfMemoryError: Container killed"
    )
    text = page(browser, research.job)

    assert "Out of memory: the container needed more than it requested." in text
    assert "Exit code 137" in text
    assert "OutOfMemoryError: Container killed" in text
    assert "Request more memory" in text


def test_the_last_attempt_does_not_repeat_the_reason_of_the_job(browser: Client, research: Research) -> None:
    reason = "Host EC2 (instance i-1) terminated."
    attempt = {
        "log_stream": "",
        "started_at": None,
        "stopped_at": None,
        "exit_code": 1,
        "status_reason": reason,
        "reason": "",
    }
    Job.objects.filter(pk=research.job.pk).update(state="FAILED", status_reason=reason, attempts=[attempt])
    assert page(browser, research.job, tab="attempts").count(reason) == 1

    first = {**attempt, "status_reason": "An earlier reason"}
    Job.objects.filter(pk=research.job.pk).update(attempts=[first, {**attempt, "status_reason": "Another reason"}])
    text = page(browser, research.job, tab="attempts")
    assert ("An earlier reason" in text, "Another reason" in text) == (True, True)


def test_a_queue_shows_the_name_of_its_platform(browser: Client, research: Research) -> None:
    make.queue("far", of=research.account, teams=(research.team,), platform="ECS_FARGATE")
    text = page(browser, reverse("queues", args=[research.team.slug]))

    assert ("Fargate" in text, "ECS_FARGATE" in text) == (True, False)


def test_a_job_shows_what_it_waits_for(browser: Client, research: Research) -> None:
    second = make.job(research.submission, name="after", state="PENDING")
    JobDependency.objects.create(job=second, parent=research.job)

    assert "Waiting for nightly to succeed." in page(browser, second)
    assert "Required by" in page(browser, research.job, tab="dependencies")


@pytest.mark.long
def test_older_workflows_are_a_page_away(browser: Client, research: Research) -> None:
    for number in range(51):
        make.submission(research.analyst, research.account, name=f"run-{number}", kind="workflow")
    first = page(browser, reverse("workflows", args=["research"]))
    before = first.partition("?before=")[2].partition('"')[0]
    second = page(browser, reverse("workflows", args=["research"]), before=before)

    assert "run-50" in first
    assert "run-0<" not in first
    assert "run-0<" in second
    assert "nightly" not in first + second


def test_an_empty_team_is_told_what_to_do(research: Research, signed_in: SignIn) -> None:
    member = make.member(make.team("fresh"))
    text = page(signed_in(member.user), reverse("jobs", args=["fresh"]))

    assert "No jobs yet" in text
    assert f"{reverse('write', args=['fresh'])}?example=definition" in text


def test_definitions_of_others_are_seen_when_shared(browser: Client, research: Research) -> None:
    other = make.revision("tool", of=make.team("makers"), where=research.account).definition
    where = reverse("definitions", args=["research"])
    assert "tool" not in page(browser, where)

    other.shared = True
    other.save()
    assert "shared by Makers" in page(browser, where)
    assert browser.get(other.get_absolute_url()).status_code == 200
    assert "tool" not in page(browser, where, q="hell")


def test_a_refused_definition_shows_the_words_of_aws(browser: Client, research: Research) -> None:
    revision = make.revision(
        "no",
        of=research.team,
        where=research.account,
        registration="REFUSED",
        number=None,
        refusal="Role is not valid",
    )

    assert "Role is not valid" in page(browser, revision)


def test_the_team_sees_its_queues_and_no_others(browser: Client, research: Research) -> None:
    make.queue("foreign", of=research.account, teams=(make.team("others"),))
    make.queue("shut", of=research.account, teams=(research.team,), state="DISABLED")
    text = page(browser, reverse("queues", args=["research"]))

    assert "foreign" not in text
    assert "Disabled" in text


def test_the_list_of_workflows_says_what_the_jobs_of_each_have_in_common(browser: Client, research: Research) -> None:
    started, stopped = now() - timedelta(minutes=5), now() - timedelta(minutes=3)
    times = {"started_at": started, "stopped_at": stopped, "ended_at": stopped}
    last = make.job(make.submission(research.analyst, research.account, kind="workflow"), state="SUCCEEDED", **times)
    (row,) = browser.get(reverse("workflows", args=["research"])).context["listing"].rows

    assert (row.queue, row.definition) == (last.queue.name, last.revision.definition.name)
    assert row.run_period == (started, stopped)
    assert row.usd is None

    other = make.queue(of=research.account, teams=(research.team,))
    make.job(last.submission, name="second", queue=other, state="RUNNING", started_at=now())
    (row,) = browser.get(reverse("workflows", args=["research"])).context["listing"].rows
    assert row.queue == ""
    assert row.run_period == (started, None)


def test_a_submission_of_one_job_leads_to_the_job_itself(browser: Client, research: Research) -> None:
    single = make.submission(research.analyst, research.account, name="single")
    job = make.job(single)
    several = make.submission(research.analyst, research.account, name="several", job_count=2)
    for _ in range(2):
        make.job(several)

    links = dict(
        re.findall(r'href="([^"]*)">(single|several)<', browser.get(reverse("create", args=["research"])).text)
    )
    assert {name: link for link, name in links.items()} == {
        "single": job.get_absolute_url(),
        "several": several.get_absolute_url(),
    }


def test_a_row_of_a_list_opens_with_the_reason_and_a_place_for_the_log(browser: Client, research: Research) -> None:
    failure = {"state": "FAILED", "exit_code": 137, "status_reason": "Essential container in task exited"}
    Job.objects.filter(pk=research.job.pk).update(**failure, log_stream="x/default/1", ended_at=now())
    part = page(browser, research.job, part="row")

    assert "<html" not in part
    assert "Killed with exit code 137" in part
    assert f'data-row-log="{reverse("job_log", args=[research.job.text_id])}"' in part
    listed = browser.get(reverse("jobs", args=["research"])).text
    assert f'data-row-details="{research.job.get_absolute_url()}"' in listed


def test_the_board_of_queues_links_each_state_to_the_jobs_of_the_team(browser: Client, research: Research) -> None:
    for state in ("RUNNING", "STARTING", "RUNNABLE", "SUCCEEDED"):
        make.job(research.submission, name=state.lower(), state=state, queue=research.queue, submitted_at=now())
    (row,) = browser.get(reverse("queues", args=["research"])).context["rows"]
    text = page(browser, reverse("queues", args=["research"]))

    assert row[0].jobs == {"RUNNABLE": 1, "STARTING": 1, "RUNNING": 2}
    assert f'href="{reverse("jobs", args=["research"])}?search=queue:cpu+status:RUNNABLE"' in text
    assert f'href="{reverse("queue", args=["research", research.queue.pk])}"' in text


def test_a_board_that_did_not_change_is_not_sent_again(browser: Client, research: Research) -> None:
    for address in (reverse("queues", args=["research"]), reverse("queue", args=["research", research.queue.pk])):
        seen = browser.get(address).context["etag"]
        assert browser.get(address, {"part": "live", "seen": seen}).status_code == 204
        assert browser.get(address, {"part": "live", "seen": "other"}).status_code == 200
        make.job(research.submission, name="new", state="RUNNABLE", queue=research.queue)
        assert browser.get(address, {"part": "live", "seen": seen}).status_code == 200


def test_a_queue_says_what_keeps_its_jobs_from_running_in_the_words_of_aws(
    browser: Client, research: Research
) -> None:
    reason = "CLIENT_ERROR - The role <none> is missing"
    environment = {"computeEnvironmentName": "spot", "state": "ENABLED", "status": "INVALID", "statusReason": reason}
    Queue.objects.update(environments=[environment], state="DISABLED", status_reason="Disabled <by> hand")

    for address in (reverse("queues", args=["research"]), reverse("queue", args=["research", research.queue.pk])):
        text = page(browser, address)
        assert "Compute environment spot is invalid." in text
        assert "CLIENT_ERROR - The role &lt;none&gt; is missing" in text
        assert "Disabled &lt;by&gt; hand" in text


def test_a_new_job_from_a_queues_page_has_the_queue(browser: Client, research: Research) -> None:
    other = make.queue("other", of=research.account, teams=(research.team,))
    address = f"{reverse('job_form', args=['research'])}?queue=other"

    assert f'href="{address}"' in page(browser, reverse("queue", args=["research", other.pk]))
    assert "&quot;jobQueue&quot;: &quot;other&quot;" in page(browser, address)
    assert "&quot;jobQueue&quot;: &quot;nowhere&quot;" not in page(browser, address.replace("other", "nowhere"))


@pytest.mark.long
@pytest.mark.parametrize("count", [3, 60])
def test_a_submission_costs_the_same_queries_for_few_jobs_and_many(
    count: int, browser: Client, research: Research, django_assert_num_queries: Any
) -> None:
    submission = make.submission(research.analyst, research.account)
    jobs = [
        make.job(submission, name=f"job-{number}", state="RUNNING", viewed_at=now() + timedelta(hours=1))
        for number in range(count)
    ]
    for child, parent in zip(jobs[1:], jobs, strict=False):
        JobDependency.objects.create(job=child, parent=parent)

    with django_assert_num_queries(12):
        browser.get(submission.get_absolute_url())
    with django_assert_num_queries(10):
        browser.get(submission.get_absolute_url(), {"part": "live"})


def test_the_list_of_jobs_says_the_size_of_an_array(browser: Client, research: Research) -> None:
    make.job(make.submission(research.analyst, research.account, name="tiles"), array_size=1200)

    assert "array of 1,200" in browser.get(reverse("jobs", args=["research"])).content.decode()


@pytest.mark.long
@pytest.mark.parametrize("count", [2, 40])
def test_a_list_costs_the_same_queries_for_few_rows_and_many(
    count: int, browser: Client, research: Research, django_assert_num_queries: Any
) -> None:
    for number in range(count):
        person = make.member(research.team)
        submission = make.submission(person, research.account, name=f"run-{number}", kind="workflow")
        make.job(submission, state="RUNNING")
        make.revision(f"definition-{number}", of=research.team, where=research.account)

    with django_assert_num_queries(7):
        browser.get(reverse("workflows", args=["research"]))
    with django_assert_num_queries(8):
        browser.get(reverse("definitions", args=["research"]))


@pytest.mark.parametrize(("sent_ago", "is_stale"), [(5, False), (120, True)])
def test_a_page_is_out_of_date_only_if_an_answer_is_overdue(
    sent_ago: int, is_stale: bool, browser: Client, research: Research
) -> None:
    """After a quiet time, in which nothing is polled, a job that was just sent is no reason to warn."""
    AccountStatus.objects.filter(account=research.account).update(polled_at=now() - timedelta(minutes=6))
    Job.objects.filter(pk=research.job.pk).update(sent_at=now() - timedelta(seconds=sent_ago))

    for thing in (research.job, research.submission):
        assert ("This page may be out of date" in page(browser, thing)) == is_stale


def test_the_submitted_request_has_its_tags(browser: Client, research: Research) -> None:
    Job.objects.filter(pk=research.job.pk).update(tags={"Project": "Apollo"})
    texts = (
        page(browser, research.job, tab="request").partition("Submitted request as JSON")[2].partition("</pre>")[0]
    )

    assert "&quot;Project&quot;: &quot;Apollo&quot;" in texts
