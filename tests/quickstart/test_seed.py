import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from jobs.actions import templates
from jobs.management.demo import TEAMS, documents
from jobs.models import Account, ApiToken, Membership, Team, User, WorkflowTemplate
from jobs.spec.documents import DocumentKind
from jobs.spec.parsing.parser import parse
from jobs.spec.problems import has_errors
from jobs.spec.rules.validate import validate_parsed

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
SEEDS = Path(__file__).resolve().parents[1] / "seeds"


@pytest.fixture(autouse=True)
def state(settings: Settings, tmp_path: Path) -> Path:
    settings.STATE = tmp_path
    return tmp_path


def seed() -> None:
    call_command("seed_demo", stdout=io.StringIO())


def test_the_demo_exists_in_the_quick_start_only(settings: Settings) -> None:
    settings.QUICKSTART = False

    with pytest.raises(CommandError, match="The demo has public passwords"):
        seed()
    assert not User.objects.exists()


def test_the_demos_people_can_sign_in_and_are_in_their_teams() -> None:
    seed()
    places = Membership.objects.order_by("team__slug", "user__username").values_list(
        "team__name", "user__username", "role"
    )
    admin = User.objects.get(username="admin")

    assert list(places) == [
        ("Finance", "lead", "lead"),
        ("Finance", "quant", "analyst"),
        ("Genomics", "lead", "lead"),
        ("Genomics", "scientist", "analyst"),
        ("Research", "analyst", "analyst"),
        ("Research", "engineer", "analyst"),
        ("Research", "lead", "lead"),
    ]
    assert all(user.check_password("demo") for user in User.objects.all())
    assert admin.is_staff
    assert admin.is_superuser
    assert not Account.objects.exists()


def test_the_tokens_in_the_files_are_the_teams(state: Path) -> None:
    seed()
    tokens = [ApiToken.objects.by_secret((state / name).read_text().strip()) for name in ("token", "token-finance")]

    assert [token and token.team.slug for token in tokens] == ["research", "finance"]
    assert (state / "token").stat().st_mode & 0o777 == 0o600


def test_a_second_time_changes_nothing(state: Path) -> None:
    seed()
    User.objects.filter(username="analyst").delete()
    Team.objects.filter(slug="finance").update(name="Money")
    secret = (state / "token-finance").read_text()
    seed()

    assert not User.objects.filter(username="analyst").exists()
    assert Team.objects.filter(name="Money").exists()
    assert (state / "token-finance").read_text() == secret


def test_a_lost_token_file_is_made_again_with_a_new_token(state: Path) -> None:
    seed()
    (state / "token").unlink()
    seed()

    assert ApiToken.objects.by_secret((state / "token").read_text().strip())


@pytest.mark.parametrize("kind", ["definitions", "submissions"])
def test_the_demos_documents_are_without_fault(kind: str) -> None:
    readings = [parse(text) for team in TEAMS for _, text in documents(kind, team)]

    assert {reading.kind for reading in readings} == {
        DocumentKind.DEFINITION if kind == "definitions" else DocumentKind.SUBMISSION
    }
    assert not [problem for reading in readings for problem in validate_parsed(reading) if has_errors([problem])]


def test_the_guides_workflow_is_a_template_that_starts_as_the_guide_has_it() -> None:
    seed()
    version = WorkflowTemplate.objects.get().versions.get()
    start = templates.fill_version(version, {"dataset": "42"})
    steps = json.loads(start.text)["jobs"]

    assert [step["jobName"] for step in steps] == ["preprocess-42", "train-42", "evaluate-42"]
    assert steps[1]["containerOverrides"]["resourceRequirements"] == [{"type": "GPU", "value": "2"}]
    assert parse(start.text).changes == ()


def test_what_the_guide_names_is_there() -> None:
    guide = json.loads((SEEDS / "my-job-definition.json").read_text())
    ours = {
        json.loads(text)["jobDefinitionName"]: json.loads(text)
        for t in TEAMS
        for _, text in documents("definitions", t)
    }
    workflow = json.loads((SEEDS / "workflow-jobs.json").read_text())["jobs"]
    named = {job["jobDefinition"] for job in workflow} | {"my-ml-training-job", "risk-analysis", "ci-test-job"}

    assert ours["my-ml-training-job"] == guide
    assert set(ours) == named | {"align-reads", "call-variants"}
