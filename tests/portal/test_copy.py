"""Words that people read, held to the voice of the product: plain, current English with the standard terms.

`EXCLUDED` has the words and turns that pages, messages and the API don't use, each with what to write instead.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

PACKAGES = {
    "templates": ("templates", "*.html", "*.txt"),
    "static/js": ("static/js", "*.js"),
    "static/src/builder": ("static/src/builder", "*.js"),
    **{
        package: (package, "*.py")
        for package in (
            "jobs/web",
            "jobs/templatetags",
            "jobs/reports",
            "jobs/actions",
            "jobs/spec",
            "jobs/causes",
            "jobs/policy",
            "jobs/pricing",
            "jobs/api",
        )
    },
}
"""Folders with words that people read, each with the patterns of its files."""

EXCLUDED = {
    "Name who acts.": "whoever|whatever|whichever|nobody|somebody|someone",
    "Use a plain adverb: again, permanently, automatically.": "anew|once more|for ever|for good|by itself",
    "Say what happens: validated, shown.": "it is (told|said|asked|judged|taken|kept|written|given|seen|sent)",
    "Say deleted, removed, or no longer available.": "(is|are|was|were) gone",
    "Say fix or correct.": "put(ting)? right",
    "Say is, or contains.": "(stands|stood) (here|there|in|on|at|after|before|twice)",
    "Say remove, delete or discard.": r"(take[sn]?|took|taking|throws?|threw|thrown) ([\w{}.]+ ){0,3}away",
    "Say undo or restore.": "takes? it back|taken back",
    "Say active, running or in progress.": "under way",
    "Say continue or proceed.": "go(es)? on",
    "Say most expensive, or top by cost.": "dearest|too dear",
    "Say validate or check.": "judge[sd]?",
    "Say succeeded or failed.": "ended (well|badly)",
    "Say isn't responding.": "does not answer",
    "Say no matching jobs, or clear the filters.": "is like that",
    "Say required by.": "waited for by",
    "Say can or can't, or name the permission.": "may not|may do",
    "Say requested or required.": "asked for",
    "Say drafts.": "you have not sent",
    "Say automatic changes.": "otherwise than",
    "Say limits.": "ceilings?",
    "Use a heading people search for: Permissions, Description, Effective configuration, Tags.": (
        "what it is for|what is yours|where and how large|for whom|who may do what|what was asked|who says so"
    ),
}
"""What to write instead, and what isn't used, as regular expressions of whole words in any case."""

PATTERNS = {instead: re.compile(rf"\b({words})\b", re.IGNORECASE) for instead, words in EXCLUDED.items()}

ALLOWED = {
    "jobs/reports/readiness.py does not answer": "a value of the readiness probe, which monitoring may compare",
}
"""Excluded words that stay where they are, as path and text, with the reason."""

TEMPLATE_CODE = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}|<!--.*?-->|<(script|style)\b.*?</\1>", re.DOTALL)
SPOKEN_ATTRIBUTE = re.compile(
    r'\b(?:title|alt|placeholder|aria-label|content|data-(?:confirm|confirm-label|cancel-label|state))="([^"]*)"'
)
JS_COMMENT = re.compile(r"/\*.*?\*/|(?<![:\"'`])//[^\n]*", re.DOTALL)
JS_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|`(?:[^`\\]|\\.)*`')
JS_VALUE = re.compile(r"\$\{[^{}`]*\}")


def blank(match: re.Match[str]) -> str:
    """Return the match with only its line ends, so that lines keep their numbers."""
    return re.sub(r"[^\n]", " ", match[0])


def template_words(text: str) -> Iterator[tuple[int, str]]:
    text = TEMPLATE_CODE.sub(blank, text)
    yield from ((text.count("\n", 0, match.start()) + 1, match[1]) for match in SPOKEN_ATTRIBUTE.finditer(text))
    yield from enumerate(re.sub(r"<[^>]*>", blank, text).split("\n"), 1)


def script_words(text: str) -> Iterator[tuple[int, str]]:
    text = JS_VALUE.sub(blank, JS_COMMENT.sub(blank, text))
    yield from ((text.count("\n", 0, match.start()) + 1, match[0]) for match in JS_STRING.finditer(text))


def python_words(text: str) -> Iterator[tuple[int, str]]:
    """Yield the strings of a module without docstrings, f-strings with their names left out."""
    tree = ast.parse(text)
    docstrings = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        match node:
            case ast.JoinedStr(values=values):
                yield node.lineno, "".join(str(v.value) if isinstance(v, ast.Constant) else "{}" for v in values)
            case ast.Constant(value=str(value)) if id(node) not in docstrings | parts and (
                " " in value or value.istitle()
            ):
                yield node.lineno, value


READERS = {".html": template_words, ".txt": template_words, ".js": script_words, ".py": python_words}


def findings_in(path: Path, text: str) -> Iterator[str]:
    for number, words in READERS[path.suffix](text):
        for instead, pattern in PATTERNS.items():
            for match in pattern.finditer(words):
                if f"{path} {match[0]}" not in ALLOWED:
                    yield f"{path}:{number}: “{match[0]}” in “{' '.join(words.split())[:120]}”. {instead}"


def findings(package: str) -> list[str]:
    folder, *globs = PACKAGES[package]
    paths = sorted(path for pattern in globs for path in (ROOT / folder).rglob(pattern))
    return [
        finding
        for path in paths
        if "node_modules" not in path.parts
        for finding in findings_in(path.relative_to(ROOT), path.read_text())
    ]


@pytest.mark.parametrize("package", PACKAGES)
def test_words_are_plain_and_no_excluded_one_comes_back(package: str) -> None:
    assert not (left := findings(package)), "\n".join(left)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.html", "<p>\n  Whoever has it: it is told anew.</p>"),
        ("a.html", '{% if x %}\n<button title="Nobody, for ever; it is told">x</button>{% endif %}'),
        ("a.js", '// nobody\nshow("It is told anew to nobody");'),
        ("a.js", "/* nobody */\nshow(`It is told ${anew} anew to nobody`);"),
        ("a.py", '"""Nobody."""\nshow(f"It is told {anew} anew to nobody")'),
        ("a.py", 'names = {"nobody": 1}\nshow("It is told anew to nobody")'),
    ],
)
def test_excluded_words_are_found_with_their_line(name: str, text: str) -> None:
    findings = list(findings_in(Path(name), text))

    assert len(findings) == 3
    assert all(line.startswith(f"{name}:2: “") for line in findings)


def test_allowed_words_are_still_there() -> None:
    left = {entry for entry in ALLOWED if entry.split(" ", 1)[1] not in (ROOT / entry.split(" ", 1)[0]).read_text()}

    assert not left
