"""Lint and type checks of the pages' scripts, on machines that cannot run them."""

import shutil

import pytest

from scripts import check_scripts, node


@pytest.mark.parametrize(("ci", "code"), [("", 0), ("true", 1)])
def test_without_node_the_scripts_are_not_checked_and_ci_fails(
    ci: str, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setenv("NODE", "/no/such/node")

    assert check_scripts.main() == code
    assert capsys.readouterr().out.startswith("NOT CHECKED: lint and types of the pages' scripts.")


def test_without_a_registry_the_scripts_are_not_checked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CI", "")
    monkeypatch.setattr(node, "find_node", lambda: "/usr/bin/node")
    monkeypatch.setattr(shutil, "which", lambda name: name)
    monkeypatch.setattr(check_scripts, "_install", lambda: False)

    assert check_scripts.main() == 0
    assert "npm could not install" in capsys.readouterr().out
