"""The JSON page gives the right answer to documents as people have them."""

import re

import pytest
from django.urls import reverse

from tests.cases import Case, cases, is_right
from tests.cases.world import add_queues_and_definitions
from tests.web.conftest import Research, SignIn


@pytest.mark.parametrize("case", cases())
def test_the_page_gives_the_right_answer(research: Research, signed_in: SignIn, case: Case) -> None:
    add_queues_and_definitions(research.team, research.account, case)
    answer = signed_in(research.analyst.user).post(
        reverse("judge", args=["research"]), {"text": case.text}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 200
    severities = set(re.findall(r'class="problem problem-(error|warning)', answer.content.decode()))
    assert is_right(case, severities), answer.content.decode()
