"""The API gives the right answer to documents as people have them."""

import pytest

from tests.api.conftest import World
from tests.cases import Case, cases, is_right
from tests.cases.world import add_queues_and_definitions

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("case", cases())
def test_the_api_gives_the_right_answer(world: World, case: Case) -> None:
    add_queues_and_definitions(world.member.team, world.account, case)
    answer = world.program.ask("POST", "/validate?region=us-west-2", case.text)
    assert answer.status_code == 200
    problems = answer.json()["problems"]
    assert all(problem["rule"] for problem in problems)
    assert is_right(case, {problem["severity"] for problem in problems}), problems
    assert answer.json()["ok"] is (case.answer != "refused")
