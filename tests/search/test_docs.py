"""The page about searches lists the keys as they are."""

from pathlib import Path

from jobs.search import KEYS, parse

PAGE = Path(__file__).parents[2] / "docs" / "search.md"


def test_the_page_has_every_key() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]

    assert rows == [
        f"| `{key.name}{'NAME' if key.has_subkey else ''}` | {key.help} | `{key.example}` |" for key in KEYS.values()
    ]


def test_the_examples_of_the_page_are_searches() -> None:
    _, example, _ = PAGE.read_text().split("```")

    assert all(parse(line) for line in example.splitlines() if line)
