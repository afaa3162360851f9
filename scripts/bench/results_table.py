"""The table of docs/benchmarks.md: which figures it has, their targets, and how they are told."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import median

from bench.lab import Spent
from with_venv import ROOT

DOCS = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- measured -->", "<!-- end of measured -->"


class Measured(dict[str, list[float]]):
    """Seconds (or bytes) by what they are of; `times` and the like make ratios of their medians."""

    def add(self, name: str, value: float) -> None:
        self.setdefault(name, []).append(value)

    def add_spent(self, name: str, spent: Spent) -> None:
        self.add(f"{name}, database", spent.database)
        self.add(f"{name}, wall", spent.wall)

    def median(self, name: str) -> float:
        return median(self[name])


FULL, HAND = "full build, facts and headline, database", "hand-written statement"
# (what, its value of one size, target)
ROWS: tuple[tuple[str, Callable[[Measured], str], str], ...] = (
    ("plain `COPY` of the change log", lambda m: seconds(m, "plain COPY"), ""),
    ("(a) first load ÷ plain `COPY`", lambda m: times(m, "first load", "plain COPY"), "≤ 3"),
    (
        "the same file loaded again ÷ plain `COPY`",
        lambda m: times(m, "load of the same file again", "plain COPY"),
        "",
    ),
    ("load of 1 % new rows ÷ plain `COPY` of all", lambda m: times(m, "load of 1.0%", "plain COPY"), ""),
    ("loader's peak of memory", lambda m: f"{m.median('memory of the loader') / 2**20:.0f} MB", "constant"),
    ("hand-written statement", lambda m: seconds(m, HAND), ""),
    (
        "(b) headline's models, full build ÷ hand-written",
        lambda m: times(m, "headline, database", HAND),
        "≤ 2",
    ),
    ("full build: facts and headline", lambda m: seconds(m, FULL), ""),
    ("full build: the other reports", lambda m: seconds(m, "full build, other reports, database"), ""),
    ("(c) 0.1 % new rows ÷ full build, facts and headline", lambda m: share_of(m, "0.1%", FULL), "≤ 2 %"),
    ("(c) 1 % new rows ÷ full build, facts and headline", lambda m: share_of(m, "1.0%", FULL), "≤ 12 %"),
    (
        "1 % new rows ÷ full build, the other reports included",
        lambda m: f"{sum_of(m, '1.0% new') / sum_of(m, 'full build'):.1%}",
        "",
    ),
    (
        "0.1 % new rows, facts and headline",
        lambda m: seconds(m, "0.1% new, facts and headline, database"),
        "",
    ),
    ("1 % new rows, facts and headline", lambda m: seconds(m, "1.0% new, facts and headline, database"), ""),
    ("1 % new rows, the other reports", lambda m: seconds(m, "1.0% new, other reports, database"), ""),
    (
        "wall time: full build, facts and headline",
        lambda m: seconds(m, "full build, facts and headline, wall"),
        "",
    ),
    (
        "wall time: 1 % new rows, facts and headline",
        lambda m: seconds(m, "1.0% new, facts and headline, wall"),
        "",
    ),
    ("(d) wall time with nothing new", lambda m: seconds(m, "nothing new, wall"), ""),
    ("(e) DuckDB, hand-written statement over the CSV", lambda m: seconds(m, "DuckDB"), ""),
    ("(f) report queries, p50", lambda m: f"{m.median('queries') * 1000:.1f} ms", ""),
    (
        "(f) report queries, p95",
        lambda m: f"{m['queries'][int(len(m['queries']) * 0.95)] * 1000:.1f} ms",
        "< 50 ms",
    ),
    ("load of a history of so many rows", lambda m: seconds(m, "load of the history"), ""),
    ("Salesforce's log and all states, full build", lambda m: seconds(m, "states, database"), ""),
    ("pipeline, full build with all reports", lambda m: seconds(m, "pipeline, database"), ""),
    *(
        (
            f"{share} new rows of the history ÷ full build of the pipeline, facts",
            lambda m, share=share: share_of_pipeline(m, share),
            "",
        )
        for share in ("0.1%", "1.0%")
    ),
    ("disk: raw, indexes included", lambda m: f"{m.median('disk, raw') / 2**20:,.0f} MB", ""),
    (
        "disk: marts of the funnel, indexes included",
        lambda m: f"{m.median('disk, marts') / 2**20:,.0f} MB",
        "",
    ),
)
SCALED = ("plain COPY", "first load", "headline, database", FULL, "0.1% new, facts and headline, database")


def seconds(found: Measured, name: str) -> str:
    return f"{found.median(name):.2f} s" if name in found else "not measured"


def times(found: Measured, name: str, base: str) -> str:
    return f"{found.median(name) / found.median(base):.2f} times"


def share_of(found: Measured, share: str, base: str) -> str:
    return f"{found.median(f'{share} new, facts and headline, database') / found.median(base):.1%}"


def share_of_pipeline(found: Measured, share: str) -> str:
    name = f"pipeline's facts, {share} new, database"
    return (
        f"{found.median(name) / found.median('pipeline, database'):.1%}" if name in found else "not measured"
    )


def sum_of(found: Measured, what: str) -> float:
    """Seconds of database time of facts, headline and the other reports."""
    return sum(found.median(f"{what}, {part}, database") for part in ("facts and headline", "other reports"))


def tell_overhead(found: Measured) -> str:
    """One paragraph of what dbt and the demo take by themselves."""
    further = (found.median("models") - found.median("one model")) / (found.median("number of models") - 1)
    return (
        "(d) dbt's overhead, whatever the size: parsing takes"
        f" {found.median('parse from nothing'):.1f} s from nothing and {found.median('parse again'):.1f} s when no file"
        f" has changed; a run of one model with nothing new {found.median('one model'):.1f} s, of"
        f" {found.median('number of models'):.0f} models {found.median('models'):.1f} s, so {further:.2f} s for each"
        f" further model on two threads. `make demo` with the sample takes {found.median('demo, first'):.0f} s the"
        f" first time, server and packages in place, and {found.median('demo, again'):.1f} s when nothing is new."
    )


def format_table(results: dict[int, Measured], machine: str, began: str) -> str:
    """Markdown: what was measured where, a row for each figure and a column for each size."""
    sizes = sorted(results)
    told = ", ".join(f"{len(results[size]['first load'])} of {size:,}" for size in sizes)
    lines = [
        f"Measured {began} by `make bench` on {machine}. Medians of rounds: {told}.",
        "",
        f"| | {' | '.join(f'{size:,} changes' for size in sizes)} | target |",
        f"|---|{'---:|' * len(sizes)}---|",
    ]
    for what, value, target in ROWS:
        lines.append(f"| {what} | {' | '.join(value(results[size]) for size in sizes)} | {target} |")
    if len(sizes) > 1:
        lines += [
            "",
            "How time grows (exponent between neighbouring sizes: 1 is linear, 0 constant):",
            "",
        ]
        lines += [
            f"| | {' | '.join(f'{a:,} → {b:,}' for a, b in pairs(sizes))} |",
            f"|---|{'---:|' * (len(sizes) - 1)}",
        ]
        for name in SCALED:
            exponents = [
                math.log(results[b].median(name) / results[a].median(name)) / math.log(b / a)
                for a, b in pairs(sizes)
            ]
            lines.append(f"| {name} | {' | '.join(f'{exponent:.2f}' for exponent in exponents)} |")
    for small, large in pairs(sizes):
        if large == 10 * small:
            few = results[large].median("0.1% new, facts and headline, database")
            many = results[small].median("1.0% new, facts and headline, database")
            lines += [
                "",
                f"{small // 100:,} new rows cost {few / many:.2f} times as much on {large:,} changes as on {small:,}.",
            ]
    return "\n".join(lines) + "\n"


def pairs(sizes: list[int]) -> list[tuple[int, int]]:
    return [(sizes[n], sizes[n + 1]) for n in range(len(sizes) - 1)]


def write(table: str) -> None:
    """Put the table between the two markers of the page."""
    text = DOCS.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    DOCS.write_text(f"{before}{BEGIN}\n{table}{END}{rest.split(END)[1]}", encoding="utf-8")
