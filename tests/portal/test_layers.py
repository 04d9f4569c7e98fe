"""Pages and the API read through reports and write through actions; what import contracts cannot see of that."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db.models import QuerySet

ROOT = Path(__file__).parents[2]
QUERYSET_METHODS = frozenset(
    name
    for name in vars(QuerySet)
    if not name.startswith("_")
    and name not in ("count", "get", "update", "values", "delete", "union", "reverse", "query")
) | {"refresh_from_db"}
"""Without those that dicts, sets, texts and lists have too."""
WRITE_METHODS = frozenset({"delete", "save"})
SESSION = "request.session"


def breaches(source: str) -> Iterator[str]:
    """Yield where a module uses the database itself."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("django.db"):
            yield f"{node.lineno}: imports {node.module}"
        elif isinstance(node, ast.Import) and any(name.name.startswith("django.db") for name in node.names):
            yield f"{node.lineno}: imports django.db"
        elif isinstance(node, ast.Attribute) and node.attr in ("objects", "_base_manager", "_default_manager"):
            yield f"{node.lineno}: {ast.unparse(node)}"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            is_query = node.func.attr in QUERYSET_METHODS
            is_write = node.func.attr in WRITE_METHODS and ast.unparse(node.func.value) != SESSION
            if is_query or (is_write and not _is_super(node.func.value)):
                yield f"{node.lineno}: {ast.unparse(node.func)}()"


def _is_super(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "super"


@pytest.mark.parametrize("package", ["web", "api"])
def test_pages_and_the_api_leave_the_database_to_reports_and_actions(package: str) -> None:
    modules = sorted((ROOT / "jobs" / package).rglob("*.py"))
    offences = [
        f"{module.relative_to(ROOT)}:{breach}" for module in modules for breach in breaches(module.read_text("utf-8"))
    ]
    assert modules
    assert offences == []


@pytest.mark.parametrize(
    "line",
    [
        "Job.objects.get(pk=1)",
        "from django.db import transaction",
        "import django.db.models",
        "rows.filter(pk=1)",
        "job.history.all()",
        "definition.revisions.first()",
        "job.save()",
        "submission.refresh_from_db()",
    ],
)
def test_a_use_of_the_database_is_seen(line: str) -> None:
    assert len(list(breaches(line))) >= 1


@pytest.mark.parametrize(
    "line",
    ["form.save", "request.session.save()", "super().save(request)", "counts.update(a=1)", "reports.jobs(team)"],
)
def test_what_only_looks_like_it_is_not(line: str) -> None:
    assert list(breaches(line)) == []
