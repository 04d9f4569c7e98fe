"""`python -m bench.tables [--write FILE]`: results below .bench/ as Markdown tables.

With `--write`, each table replaces what is between its markers in that page, `<!-- bench:NAME -->` and
`<!-- /bench:NAME -->`. A part that was not measured stays as it is.
"""

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.charging import TITLES, goal
from bench.delivery.report import POLL_SECONDS, idle_goals, reasons
from bench.results import FOLDER, print_line, size_text
from bench.scale.goals import MAX_P95_MS, MAX_RATIO, missed_by

Result = Mapping[str, Any]
DATABASES = {"sqlite": "SQLite", "postgres": "PostgreSQL", "postgresql": "PostgreSQL"}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench.tables", description=__doc__.partition("\n")[0])
    parser.add_argument("--write", type=Path, metavar="FILE", help="page whose tables are replaced")
    options = parser.parse_args(arguments)
    results = [json.loads(file.read_text()) | {"name": file.stem} for file in sorted(FOLDER.glob("*.json"))]
    texts = {name: "\n".join(lines) for name, lines in tables(results).items() if lines}
    if options.write:
        options.write.write_text(replace_tables(options.write.read_text(), texts))
    else:
        for text in texts.values():
            print_line(text + "\n")
    return 0


def tables(results: Sequence[Result]) -> dict[str, list[str]]:
    """Return the lines of each table; none if nothing of it was measured."""
    sections: dict[str, Callable[[Sequence[Result]], Iterable[str]]] = {
        "delivery": delivery_lines,
        "idle": idle_lines,
        "pages": page_lines,
        "load": load_lines,
        "charging": charging_lines,
        "log": log_lines,
    }
    prefixes = {"idle": "delivery"}
    return {
        name: list(make([one for one in results if one["name"].startswith(f"{prefixes.get(name, name)}-")]))
        for name, make in sections.items()
    }


def replace_tables(page: str, texts: Mapping[str, str]) -> str:
    for name, text in texts.items():
        pattern = re.compile(rf"(<!-- bench:{name} -->\n).*?(<!-- /bench:{name} -->)", re.DOTALL)
        literal = text.replace("\\", "\\\\")
        page = pattern.sub(rf"\1\n{literal}\n\n\2", page)
    return page


def delivery_lines(results: Sequence[Result]) -> Iterator[str]:
    if not results:
        return
    yield from origin_lines(results)
    head = ["workflow", "database", "workers", "loop, s", "portal, s", "ratio", "of it holes, s", "CPU/job, ms"]
    head += ["calls/job", "429s", "end to known, p50 / p95, s", "goals"]
    rows, missed = [], []
    for result in sorted(results, key=_delivery_order):
        poll_seconds = result["parameters"]["poll_seconds"]
        for workflow in result["workflows"]:
            title = workflow["title"] + (f", poll every {poll_seconds} s" if poll_seconds != POLL_SECONDS else "")
            for workers, portal in workflow["portal"].items():
                where = f"{title}, {DATABASES[result['database']]}, {workers} worker" + "s" * (workers != "1")
                why = reasons(workflow["loop"], portal)
                missed += [f"- {where}: {'; '.join(why)}"] if why else []
                cells = [title, DATABASES[result["database"]], workers]
                cells += [_wall_text(workflow["loop"]), _wall_text(portal), f"{portal['ratio']:.2f}"]
                cells += [
                    f"{portal['holes']:.2f}",
                    f"{portal['cpu_ms_per_job']:.1f}",
                    f"{portal['calls_per_job']:.2f}",
                ]
                cells += [f"{portal['throttles']:g}", f"{portal['delay_p50']:.2f} / {portal['delay_p95']:.2f}"]
                rows.append([*cells, "MISSED" if why else "met"])
    yield from markdown_table(head, rows, left=2)
    yield from ["", *(["MISSED:", "", *missed] if missed else ["All goals are met."])]


def idle_lines(results: Sequence[Result]) -> Iterator[str]:
    measured = [result for result in results if result.get("idle")]
    if not measured:
        return
    yield from origin_lines(measured)
    rows = []
    for result in measured:
        idle = result["idle"]
        processes = (
            f"{name} {cpu:.2f} % {idle['pss_mib'][name]:.0f} MiB" for name, cpu in idle["cpu_percent"].items()
        )
        cells = [DATABASES[result["database"]], f"{sum(idle['cpu_percent'].values()):.2f} %"]
        cells += [f"{sum(idle['pss_mib'].values()):.0f} MiB", ", ".join(processes)]
        rows.append([*cells, "; ".join(idle_goals(idle).values())])
    yield from markdown_table(["database", "of one core", "memory (PSS)", "by process", "goals"], rows, left=1)


def page_lines(results: Sequence[Result]) -> Iterator[str]:
    """Yield one row for each page, with its figures in each database and size."""
    if not results:
        return
    ordered = sorted(results, key=lambda result: (result["database"] != "sqlite", result["jobs"]))
    yield from origin_lines(ordered)
    for result in ordered:
        seed = result.get("seed")
        seeding = f"; seeded in {seed['seconds']:.0f} s with at most {seed['peak_mib']:.0f} MiB" if seed else ""
        yield f"- {_column(result)}: {result['jobs']:,} jobs, database of {result['database_mib']:,.0f} MiB{seeding}"
    yield ""
    head = ["page"]
    for result in ordered:
        head += [f"{_column(result)}: queries", result["unit"], "p50 / p95 (CPU), ms"]
    pages = [{page["name"]: page for page in result["pages"]} for result in ordered]
    names = list(dict.fromkeys(name for of_result in pages for name in of_result))
    rows = [[name, *(cell for of_result in pages for cell in _page_cells(of_result.get(name)))] for name in names]
    yield from markdown_table(head, rows, left=1)
    yield ""
    yield from page_goal_lines(ordered)


def page_goal_lines(results: Sequence[Result]) -> Iterator[str]:
    for result in results:
        limit, pages = MAX_P95_MS[result["database"]], result["pages"]
        slow = [f"{page['name']} {page['p95_ms']:.0f}" for page in pages if page["p95_ms"] > limit]
        yield _goal_line(f"{_column(result)}: p95 ≤ {limit} ms", len(pages), slow)
    for small in results:
        for large in results:
            if large["database"] == small["database"] and large["jobs"] > 10 * small["jobs"]:
                grown = [f"{name} {ratio:.1f}" for name, ratio in missed_by(small["pages"], large["pages"]).items()]
                size = f"{size_text(large['jobs'])} at most {MAX_RATIO} times {size_text(small['jobs'])}"
                yield _goal_line(f"{DATABASES[small['database']]}: {size} (p50)", len(large["pages"]), grown)


def load_lines(results: Sequence[Result]) -> Iterator[str]:
    if not results:
        return
    yield from origin_lines(results)
    head = [
        "database",
        "jobs",
        "requests/s",
        "requests",
        "errors",
        "p50, ms",
        "p95, ms",
        "p99, ms",
        "cores used",
        "goal",
    ]
    rows = []
    for result in sorted(results, key=lambda result: (result["database"] != "sqlite", result["jobs"])):
        for run in result["runs"]:
            cells = [
                DATABASES[result["database"]],
                size_text(result["jobs"]),
                f"{run['rate']:g}",
                str(run["requests"]),
            ]
            cells += [str(run["errors"]), *(f"{run[name]:.0f}" for name in ("p50_ms", "p95_ms", "p99_ms"))]
            rows.append([*cells, f"{sum(run['cores'].values()):.2f}", run["goal"]])
    yield from markdown_table(head, rows, left=1)


def charging_lines(results: Sequence[Result]) -> Iterator[str]:
    if not results:
        return
    yield from origin_lines(results)
    head = ["ended jobs", "database", "charging, ms of CPU a job", "of it totals, ms", "goal"]
    rows = [
        [
            f"{figures['jobs']:,} {TITLES[kind]}",
            DATABASES[result["database"]],
            f"{figures['charging_ms']:.2f}",
            f"{figures['totals_ms']:.2f}",
            goal(figures),
        ]
        for result in sorted(results, key=lambda result: result["database"] != "sqlite")
        for kind, figures in result["kinds"].items()
    ]
    yield from markdown_table(head, rows, left=2)


def log_lines(results: Sequence[Result]) -> Iterator[str]:
    for result in results:
        yield from origin_lines([result])
        yield f"Load average before: {result['load_before']:g}."
        yield ""
        yield from markdown_table(["log of 1,000,000 lines", "measured", "goal"], result["rows"], left=1)


def origin_lines(results: Sequence[Result]) -> Iterator[str]:
    """Yield when and on what the results were measured."""
    machine, dates = results[0]["machine"], sorted({result["date"] for result in results})
    loads = sorted(result["machine"]["load"] for result in results)
    when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    yield (
        f"Measured {when} on {machine['cores']} cores ({machine['cpu']}), Python {machine['python']}, "
        f"SQLite {machine['sqlite']}; load average at the end {loads[0]:g} to {loads[-1]:g}."
    )
    yield ""


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]], left: int) -> Iterator[str]:
    """Yield a table; all but the first `left` columns are numbers."""
    yield _row(head)
    yield "|" + "|".join("---" if column < left else "--:" for column in range(len(head))) + "|"
    for row in rows:
        yield _row(row)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _wall_text(figures: Result) -> str:
    """Return the seconds and, of more than one turn, how far they lie apart."""
    return f"{figures['wall']:.2f}" + (f" (± {figures['spread']:.0%})" if figures["turns"] > 1 else "")


def _delivery_order(result: Result) -> tuple[bool, int]:
    return result["database"] != "sqlite", result["parameters"]["poll_seconds"]


def _page_cells(page: Result | None) -> list[str]:
    if page is None:
        return ["", "", ""]
    return [
        str(page["queries"]),
        f"{page['work']:,}",
        f"{page['p50_ms']:.0f} / {page['p95_ms']:.0f} ({page['cpu_ms']:.0f})",
    ]


def _column(result: Result) -> str:
    return f"{DATABASES[result['database']]} {size_text(result['jobs'])}"


def _goal_line(goal: str, count: int, missed: Sequence[str]) -> str:
    return f"- {goal}: " + (f"MISSED by {len(missed)} of {count} pages: {', '.join(missed)}" if missed else "met")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
