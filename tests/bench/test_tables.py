"""The Markdown tables of results, and their places in a page."""

from bench.delivery.report import summary
from bench.scale.goals import missed_by
from bench.tables import markdown_table, page_goal_lines, replace_tables, tables
from tests.bench.test_delivery import turn

MACHINE = {"cores": 2, "cpu": "Xeon", "python": "3.13.1", "sqlite": "3.45.0", "load": 0.3}
ORIGIN = {"date": "2026-11-30 09:00 UTC", "machine": MACHINE}


def pages(jobs: int, p50: float, p95: float, database: str = "sqlite") -> dict[str, object]:
    page = {"name": "home", "queries": 3, "work": 1200, "p50_ms": p50, "p95_ms": p95, "cpu_ms": 9.0}
    size = {"database": database, "jobs": jobs, "database_mib": 40.0, "unit": "steps"}
    return {**ORIGIN, **size, "name": f"pages-{database}-{jobs}", "pages": [page]}


def test_a_table_has_a_line_for_each_row() -> None:
    assert list(markdown_table(["page", "ms"], [["home", "1"]], left=1)) == [
        "| page | ms |",
        "|---|--:|",
        "| home | 1 |",
    ]


def test_delivery_lists_each_goal_that_was_missed_with_its_figures() -> None:
    workflow = summary("chain of 3", [turn()], {1: [turn()]}, 0)
    result = {**ORIGIN, "name": "delivery-sqlite", "database": "sqlite", "workflows": [workflow], "idle": None}
    result["parameters"] = {"poll_seconds": 1}
    text = "\n".join(tables([result])["delivery"])

    assert "| chain of 3 | SQLite | 1 | 4.00 | 4.00 | 1.00 | 1.90 |" in text
    assert text.endswith("- chain of 3, SQLite, 1 worker: end to known p95 1.00 s (goal ≤ 0.5 s: MISSED)")
    assert tables([result])["idle"] == tables([result])["pages"] == []


def test_pages_stand_beside_each_other_for_each_size() -> None:
    text = "\n".join(tables([pages(1_000_000, 30, 45), pages(10_000, 10, 12)])["pages"])

    assert "| page | SQLite 10k: queries | steps | p50 / p95 (CPU), ms | SQLite 1M: queries |" in text
    assert "| home | 3 | 1,200 | 10 / 12 (9) | 3 | 1,200 | 30 / 45 (9) |" in text
    assert text.endswith("- SQLite: 1M at most 2 times 10k (p50): MISSED by 1 of 1 pages: home 3.0")


def test_each_database_has_its_limit() -> None:
    results = [pages(1_000_000, 30, 60), pages(1_000_000, 30, 60, "postgresql")]

    assert list(page_goal_lines(results)) == [
        "- SQLite 1M: p95 ≤ 100 ms: met",
        "- PostgreSQL 1M: p95 ≤ 50 ms: MISSED by 1 of 1 pages: home 60",
    ]


def test_charging_has_a_line_for_each_kind_of_job_and_database() -> None:
    kinds = {"single": {"jobs": 1000, "charging_ms": 1.5, "totals_ms": 1.0}}
    slow = {"array": {"jobs": 100, "charging_ms": 9.0, "totals_ms": 1.004}}
    results = [{**ORIGIN, "name": "charging-postgresql", "database": "postgresql", "kinds": slow}]
    results.append({**ORIGIN, "name": "charging-sqlite", "database": "sqlite", "kinds": kinds})

    assert tables(results)["charging"][-2:] == [
        "| 1,000 single jobs | SQLite | 1.50 | 1.00 | ≤ 1 ms: met |",
        "| 100 arrays of 100 | PostgreSQL | 9.00 | 1.00 | ≤ 1 ms: MISSED |",
    ]


def test_a_ratio_of_very_short_times_says_nothing() -> None:
    few, many = [{"name": "home", "p50_ms": 1.0}], [{"name": "home", "p50_ms": 9.0}]

    assert missed_by(few, many) == {}
    assert missed_by(few, [{"name": "home", "p50_ms": 11.0}]) == {"home": 2.2}


def test_a_table_replaces_only_what_is_between_its_markers() -> None:
    page = "a\n<!-- bench:idle -->\nold\n<!-- /bench:idle -->\nb\n<!-- bench:load -->\nkept\n<!-- /bench:load -->\n"

    assert replace_tables(page, {"idle": "| new \\1 |"}) == page.replace("\nold\n", "\n\n| new \\1 |\n\n")
