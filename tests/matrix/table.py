"""Reads `expected.txt`: what each route answers to whom."""

from collections.abc import Mapping
from pathlib import Path

from tests.matrix.world import IDENTITIES

FILE = Path(__file__).parent / "expected.txt"

Row = Mapping[str, int]
REFUSED: Row = dict.fromkeys(IDENTITIES, 405)


def read() -> dict[tuple[str, str], Row]:
    """The expected status for each route, method and identity."""
    rows: dict[tuple[str, str], Row] = {}
    columns: list[str] = []
    for number, line in enumerate(FILE.read_text().splitlines(), start=1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        if words[0] == "route":
            columns = words[2:]
            unknown = set(columns) - {*IDENTITIES, "others"}
            assert not unknown, f"expected.txt, line {number}: nobody is called {unknown}."
            continue
        route, method, *cells = words
        assert len(cells) in (1, len(columns)), (
            f"expected.txt, line {number}: {len(columns)} columns, or one for all."
        )
        assert (route, method) not in rows, f"expected.txt, line {number}: a second row for {method} {route}."
        cells = cells * len(columns) if len(cells) == 1 else cells
        told = dict(zip(columns, map(int, cells), strict=True))
        rows[route, method] = {who: told[who if who in told else "others"] for who in IDENTITIES}
    return rows


def format_row(route: str, method: str, row: Row) -> str:
    """A row as it would stand in the file, with a column for everyone or one for all."""
    cells = [f"{row.get(who, '?'):<{len(who) + 1}}" for who in IDENTITIES]
    return f"{route} {method} {' '.join(cells) if len(set(row.values())) > 1 else cells[0]}".rstrip()
