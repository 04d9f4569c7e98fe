"""`make mutants` takes out what it says, and every condition by which a worker knows what is its own."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import module_from_spec
from pathlib import Path

import pytest

from jobs.models import quarantine
from scripts.mutants.catalog import source_mutants
from scripts.mutants.source import ROOT, MutantError, SourceFinder, SourceMutant, check_loaded, install

LEASES = frozenset(
    {
        "children_read_at",
        "epoch",
        "lease_until",
        "next_try_at",
        "owner",
        "retry_at",
        "rate_window_end",
        "try_at",
        "until",
        "lost_workers",
    }
)
"""Fields that say who has something in hand, in which turn, and until when."""
CLAIMS = frozenset({"Lease.hold", "claim", "_claim_read"})
QUERIES = frozenset({"undelivered", "in_doubt"})
ASKING = frozenset({"Q", "exclude", "filter", "get"})
NOT_OURS = ("jobs/migrations/", "jobs/sandbox/", "jobs/reports/", "jobs/admin/", "jobs/web/")
"""Pages and reports show leases, and take none."""

GUARD = next(mutant for mutant in source_mutants().values() if mutant.path == "jobs/models/quarantine.py")


def name_of(function: ast.expr) -> str:
    match function:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=ast.Name(id="Lease"), attr="hold"):
            return "Lease.hold"
        case ast.Attribute(attr=name):
            return name
    return ""


def is_lease(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in LEASES


def conditions_in(tree: ast.AST) -> Iterator[ast.expr | ast.keyword]:
    """Keywords of queries, comparisons and plain tests of such a field, and calls that claim."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=function, args=given, keywords=keywords):
                if name_of(function) in ASKING:
                    yield from (each for each in keywords if (each.arg or "").partition("__")[0] in LEASES)
                if name_of(function) in CLAIMS or (name_of(function) in QUERIES and not given):
                    yield node
            case ast.Compare(left=left, comparators=others):
                if any(is_lease(part) for side in (left, *others) for part in ast.walk(side)):
                    yield node
            case ast.comprehension(ifs=tests) | ast.BoolOp(values=tests):
                yield from filter(is_lease, tests)
            case ast.If(test=test) | ast.IfExp(test=test) | ast.UnaryOp(op=ast.Not(), operand=test):
                yield from filter(is_lease, [test])


def place_of(source: str, node: ast.expr | ast.keyword) -> tuple[int, int]:
    """From where to where it stands; the tree counts bytes."""
    raw = source.encode()
    starts = [0, *(at + 1 for at, byte in enumerate(raw) if byte == ord("\n"))]
    ends = [(node.lineno, node.col_offset), (node.end_lineno or 0, node.end_col_offset or 0)]
    first, last = (len(raw[: starts[line - 1] + column].decode()) for line, column in ends)
    return first, last


def conditions() -> dict[str, list[tuple[int, int]]]:
    """Of each file of the portal the places of its conditions."""
    places_by_path = {}
    for file in sorted((ROOT / "jobs").rglob("*.py")):
        path = file.relative_to(ROOT).as_posix()
        if not path.startswith(NOT_OURS):
            source = file.read_text()
            places_by_path[path] = [place_of(source, node) for node in conditions_in(ast.parse(source))]
    return places_by_path


def without_mutant(mutants: list[SourceMutant]) -> list[str]:
    """Every condition that none of them changes."""
    changes = [(mutant.path, *mutant.changed()) for mutant in mutants]
    return [
        f"{path}:{source[:start].count(chr(10)) + 1}: {source[start:end]}"
        for path, places in conditions().items()
        for source in [(ROOT / path).read_text()]
        for start, end in places
        if not any(where == path and first <= end and last >= start for where, first, last in changes)
    ]


@pytest.mark.long
def test_every_condition_on_a_lease_is_taken_out_by_a_mutant():
    assert without_mutant(list(source_mutants().values())) == []


@pytest.mark.long
def test_a_condition_that_no_mutant_names_is_found():
    left_out = [mutant for mutant in source_mutants().values() if not mutant.name.startswith("delivery_log: ")]

    missing = without_mutant(left_out)
    assert {each.partition(": ")[2] for each in missing} == {
        "rows[job.pk].epoch == job.epoch",
        "row.lease_until is not None",
        "row.lease_until > current_time",
    }


@pytest.mark.long
def test_the_text_of_each_mutant_is_once_in_its_file_and_its_tests_are_there():
    for mutant in source_mutants().values():
        assert mutant.source() != (ROOT / mutant.path).read_text()
        compile(mutant.source(), mutant.path, "exec")

    files = {tests.partition("::")[0] for mutant in source_mutants().values() for tests in mutant.tests}
    assert [file for file in files if not (ROOT / file).is_file()] == []


def test_a_text_that_has_gone_or_is_there_twice_is_told_in_words():
    gone, twice = replace(GUARD, old="return 7"), replace(GUARD, old="return round(")

    with pytest.raises(MutantError, match="is not in jobs/models/quarantine"):
        gone.source()
    with pytest.raises(MutantError, match="is 2 times in jobs/models/quarantine"):
        twice.source()


def test_a_module_is_loaded_with_the_text_replaced_and_its_file_stays_as_it_was():
    before = Path(ROOT / GUARD.path).read_text()
    spec = SourceFinder(GUARD).find_spec(GUARD.module, None)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)

    assert module.minimum_seconds(in_sandbox=False) < quarantine.minimum_seconds(in_sandbox=False)
    assert Path(ROOT / GUARD.path).read_text() == before


def test_what_was_imported_before_is_no_mutant():
    with pytest.raises(MutantError, match=r"jobs\.models\.quarantine was imported before"):
        install(GUARD)
    with pytest.raises(MutantError, match="was loaded as it is"):
        check_loaded(GUARD)
    assert not any(getattr(finder, "mutant", None) for finder in sys.meta_path)
