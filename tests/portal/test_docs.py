"""The documentation: few words of our own, short records of decisions, and links that lead somewhere."""

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
MAX_TERMS = 25
MAX_WORDS = 200
LINK = re.compile(r"\]\(([^)#\s]+)(?:#([\w-]+))?\)")
NAMED_PATH = re.compile(r"`((?:jobs|portal|tests|scripts|static|templates|docs)/[\w./-]*\w)`")


def glossary() -> dict[str, str]:
    text = (ROOT / "docs" / "glossary.md").read_text()
    return dict(re.findall(r"^\| \*\*(.+?)\*\* \| (.+) \|$", text, re.MULTILINE))


@cache
def words_of_product() -> frozenset[str]:
    folders = {"jobs": "*.py", "templates": "*.html"}
    paths = [path for folder, pattern in folders.items() for path in (ROOT / folder).rglob(pattern)]
    return frozenset(word for path in paths for word in re.findall(r"[a-z]+", path.read_text().lower()))


def test_the_glossary_has_few_words_each_in_one_sentence_and_in_order() -> None:
    terms = glossary()

    assert 0 < len(terms) <= MAX_TERMS
    assert list(terms) == sorted(terms)
    assert [term for term, text in terms.items() if not re.fullmatch(r"[A-Z][^.]*\.", text)] == []


def test_every_word_of_the_glossary_is_used() -> None:
    assert [term for term in glossary() if not set(term.split()) <= words_of_product()] == []


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_is_short_and_says_why_what_and_what_follows(path: Path) -> None:
    text = path.read_text()
    number = int(path.stem.partition("-")[0])

    assert text.startswith(f"# {number}. ")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
    assert len(text.split()) <= MAX_WORDS
    assert f"({path.name})" in (path.parent / "README.md").read_text()


def test_decisions_are_numbered_one_after_the_other() -> None:
    assert [int(path.stem.partition("-")[0]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    dead = []
    for target, anchor in LINK.findall(page.read_text()):
        if re.match(r"[a-z]+:", target):
            continue
        path = (page.parent / target).resolve()
        if not path.exists() or (anchor and anchor not in _anchors(path)):
            dead.append(f"{target}#{anchor}" if anchor else target)

    assert dead == []


def _anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_path_that_a_page_names_exists(page: Path) -> None:
    """Pages name modules, and modules get other names."""
    assert sorted(path for path in NAMED_PATH.findall(page.read_text()) if not (ROOT / path).exists()) == []
