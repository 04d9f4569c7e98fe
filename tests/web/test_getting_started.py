"""The first steps on Home: offered until dismissed, or until there is a job of one's own."""

from django.test import Client
from django.urls import reverse

from jobs.models import Job, Submission
from jobs.models.submission import DEMO_KEY_PREFIX
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


def test_they_are_not_offered_to_who_has_a_job_or_may_not_submit(research: Research, signed_in: SignIn) -> None:
    assert STEPS not in home(signed_in(research.analyst.user))
    assert STEPS not in home(signed_in(research.viewer.user))


def test_the_sample_job_is_filled_in_and_valid(research: Research, signed_in: SignIn) -> None:
    browser = signed_in(research.analyst.user)
    page = browser.get(reverse("job_form", args=["research"]), {"example": "job"}).content.decode()

    assert 'value="say-hello"' in page
    assert "&quot;jobDefinition&quot;: &quot;hello&quot;" in page
    assert not Job.objects.filter(name="say-hello").exists()
