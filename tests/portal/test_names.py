"""Names and modules' first lines of the product's code, held to the style of the project.

`names.txt` has how many are still against each rule. A figure may only fall: whoever renames writes it anew by
`python -m tests.portal.test_names`, which never raises one. The end is zeros. Functions' first lines are judged by
ruff: D401 in pyproject.toml.
"""

import ast
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FIGURES = Path(__file__).with_name("names.txt")
PRODUCT = ("jobs", "portal", "scripts")
APART = ("migrations", "images")
"""Folders with code of another kind: history, and programs that the sandbox runs."""

PARTICIPLES = frozenset(
    word
    for line in (
        "found told said asked wanted given shown kept known",
        "begun brought chosen drawn gone heard held lost made meant seen sent spent taken written",
        "answered called counted described filled fitted judged listed named needed offered refused tried waited",
        "each moment words trouble news",
    )
    for word in line.split()
)
"""Names that say how a value was come by, or nothing. A local is the noun of what it holds. (Flags that Django and
everyone else call so, like `created` or `done`, are not among them.)"""

GIVEN_NAMES = frozenset({"Meta", "Media", "Command"})
"""Classes that Django wants to be called so."""

NOT_A_STATEMENT = (
    "How ",
    "What ",
    "Whatever ",
    "When ",
    "Where ",
    "Whether ",
    "Which ",
    "Who ",
    "Whoever ",
    "Why ",
    "For ",
)
"""Beginnings of a first line that asks or points, and doesn't tell what is inside."""

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@cache
def modules() -> dict[Path, ast.Module]:
    """Every module of the product, parsed."""
    paths = chain.from_iterable(sorted((ROOT / folder).rglob("*.py")) for folder in PRODUCT)
    return {path.relative_to(ROOT): ast.parse(path.read_text()) for path in paths if not set(APART) & set(path.parts)}


# -- Locals


def bindings(node: ast.AST, inside: bool = False) -> Iterator[ast.AST]:
    """What binds a local name: parameters, and targets of assignments, loops, `with`, `except` and patterns."""
    for child in ast.iter_child_nodes(node):
        within = isinstance(child, Function) or (inside and not isinstance(child, ast.ClassDef))
        if within or isinstance(child, ast.comprehension):
            yield from _bound_by(child)
        yield from bindings(child, within)


def _bound_by(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.arg(arg=name) if name not in ("self", "cls"):
            yield node
        case ast.Name(ctx=ast.Store()):
            yield node
        case ast.ExceptHandler(name=str()) | ast.MatchAs(name=str()) | ast.MatchStar(name=str()):
            yield node


def name_of(node: ast.AST) -> str:
    match node:
        case ast.Name(id=name) | ast.arg(arg=name):
            return name
    return str(getattr(node, "name", ""))


def locals_of_product() -> list[tuple[Path, int, str]]:
    return [
        (path, getattr(node, "lineno", 0), name_of(node))
        for path, tree in modules().items()
        for node in bindings(tree)
    ]


def participles() -> list[str]:
    return [f"{path}:{line} {name}" for path, line, name in locals_of_product() if name in PARTICIPLES]


# -- Classes


def classes() -> Iterator[tuple[Path, ast.ClassDef]]:
    for path, tree in modules().items():
        yield from ((path, node) for node in ast.walk(tree) if isinstance(node, ast.ClassDef))


def shared_class_names() -> list[str]:
    """Classes whose name another one has. The sandbox, which stands for AWS, counts by itself."""
    named = [(path, node, ("sandbox" in path.parts, node.name)) for path, node in classes()]
    counts = Counter(key for _, node, key in named if node.name not in GIVEN_NAMES)
    return [f"{path}:{node.lineno} {node.name}" for path, node, key in named if counts[key] > 1]


def errors_by_another_name() -> list[str]:
    """Exceptions that don't end in Error. What they inherit from is followed through the product by name."""
    bases = {node.name: {ast.unparse(base).rpartition(".")[2] for base in node.bases} for _, node in classes()}

    def is_exception(name: str, seen: frozenset[str] = frozenset()) -> bool:
        if name in bases and name not in seen:
            return any(is_exception(base, seen | {name}) for base in bases[name])
        return name.endswith(("Error", "Exception")) or name in ("Http404", "PermissionDenied", "SystemExit")

    return [
        f"{path}:{node.lineno} {node.name}"
        for path, node in classes()
        if is_exception(node.name) and not node.name.endswith("Error")
    ]


# -- Docstrings


def modules_without_a_statement() -> list[str]:
    """Modules whose first line is missing, ends without a full stop, or asks instead of telling what is inside."""
    return [f"{path}" for path, tree in modules().items() if tree.body and not _is_statement(ast.get_docstring(tree))]


def _is_statement(text: str | None) -> bool:
    first = (text or "").partition("\n")[0]
    return first.endswith(".") and not first.startswith(NOT_A_STATEMENT)


RULES: dict[str, Callable[[], list[str]]] = {
    "participles": participles,
    "shared-class-names": shared_class_names,
    "errors-by-another-name": errors_by_another_name,
    "modules-without-a-statement": modules_without_a_statement,
}


def figures() -> dict[str, int]:
    """The figure of each rule. Where a merge left two lines of a rule, the lower one counts."""
    lowest: dict[str, int] = {}
    for line in FIGURES.read_text().splitlines():
        rule, count = line.split()
        lowest[rule] = min(int(count), lowest.get(rule, int(count)))
    return lowest


@pytest.mark.long
@pytest.mark.parametrize("rule", RULES)
def test_names_get_better_and_no_new_one_is_against_the_style(rule: str) -> None:
    against, ceiling = RULES[rule](), figures()[rule]

    assert len(against) <= ceiling, f"{len(against) - ceiling} more than {ceiling}. All of them:\n" + "\n".join(
        against
    )
    assert len(against) >= ceiling, (
        f"Now {len(against)}: run python -m tests.portal.test_names, which lowers {ceiling}."
    )


def main() -> None:
    """Lower the figures to what is there; `--list RULE` prints what is still against a rule."""
    if sys.argv[1:2] == ["--list"]:
        sys.stdout.write("".join(f"{place}\n" for place in RULES[sys.argv[2]]()))
        return
    ceilings = figures() if FIGURES.exists() else {}
    counts = {rule: len(against()) for rule, against in RULES.items()}
    text = "".join(f"{rule} {min(count, ceilings.get(rule, count))}\n" for rule, count in counts.items())
    FIGURES.write_text(text)
    share = counts["participles"] / len(locals_of_product())
    sys.stdout.write(f"{text}{share:.2%} of the bindings are participles\n")


if __name__ == "__main__":
    main()
