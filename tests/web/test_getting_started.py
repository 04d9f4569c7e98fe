"""The first steps on Home: offered until they are taken, or dismissed."""

import pytest
from django.test import Client
from django.urls import reverse

from jobs.models import Job, Submission
from jobs.models.submission import DEMO_KEY_PREFIX
from jobs.web.getting_started import MAX_FIRST_JOBS
from tests import make
from tests.web.conftest import Research, SignIn

STEPS = 'aria-labelledby="getting-started"'


def home(browser: Client) -> str:
    answer = browser.get(reverse("team_home", args=["research"]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_steps_are_offered_to_who_ran_nothing_and_can_be_dismissed(research: Research, signed_in: SignIn) -> None:
    Submission.objects.update(request_key=f"{DEMO_KEY_PREFIX}1-x")
    browser = signed_in(research.analyst.user)
    assert STEPS in home(browser)

    answer = browser.post(reverse("getting_started_dismiss", args=["research"]))
    assert answer.headers["Location"] == reverse("team_home", args=["research"])
    assert STEPS not in home(browser)


def test_they_are_not_offered_to_who_may_not_submit(research: Research, signed_in: SignIn) -> None:
    assert STEPS not in home(signed_in(research.viewer.user))


@pytest.mark.parametrize(
    ("own_jobs", "job_count", "is_offered"),
    [(0, 1, True), (1, 1, True), (1, 2, False), (MAX_FIRST_JOBS + 1, 1, False)],
)
def test_they_stay_after_a_first_job_until_there_is_a_workflow(
    research: Research, signed_in: SignIn, own_jobs: int, job_count: int, is_offered: bool
) -> None:
    newcomer = make.member(research.team)
    submission = make.submission(newcomer, research.submission.account, job_count=job_count)
    for number in range(own_jobs):
        make.job(submission, name=f"own-{number}", position=number)

    page = home(signed_in(newcomer.user))
    assert (STEPS in page, "<span>Done</span>" in page) == (is_offered, is_offered and own_jobs > 0)


def test_the_sample_job_is_filled_in_and_valid(research: Research, signed_in: SignIn) -> None:
    browser = signed_in(research.analyst.user)
    page = browser.get(reverse("job_form", args=["research"]), {"example": "job"}).content.decode()

    assert 'value="say-hello"' in page
    assert "&quot;jobDefinition&quot;: &quot;hello&quot;" in page
    assert not Job.objects.filter(name="say-hello").exists()
