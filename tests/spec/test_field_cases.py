"""`manage.py judge` gives the right answer to documents as people have them."""

import pytest

from tests.cases import Case, cases, is_right
from tests.spec.test_judge_command import run_judge


@pytest.mark.parametrize("case", cases())
def test_the_judge_gives_the_right_answer(capsys: pytest.CaptureFixture[str], case: Case) -> None:
    definition = ["--definition", str(case.definition)] if case.definition else []
    _, [report] = run_judge(capsys, str(case.file), *definition)
    assert report["kind"] or case.answer == "refused"
    assert is_right(case, {problem["severity"] for problem in report["problems"]}), report["problems"]
