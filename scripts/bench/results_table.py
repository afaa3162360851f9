"""The table of docs/benchmarks.md: which figures it has, their targets, and how they are told."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from statistics import median

from bench.lab import Spent

Names = str | tuple[str, ...]  # of one figure, or of several that are added up


class Measured(dict[str, list[float]]):
    """Seconds (or bytes) by what they are of; `times` and the like make ratios of their medians."""

    def add(self, name: str, value: float) -> None:
        self.setdefault(name, []).append(value)

    def add_spent(self, name: str, spent: Spent) -> None:
        self.add(f"{name}, database", spent.database)
        self.add(f"{name}, wall", spent.wall)
        self.add(f"{name}, CPU", spent.cpu)

    def has(self, names: Names) -> bool:
        return self.keys() >= {*split(names)}

    def median(self, names: Names) -> float:
        return sum(median(self[name]) for name in split(names))


def split(names: Names) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else names


def seconds(found: Measured, name: str) -> str:
    return f"{found.median(name):.2f} s" if name in found else "not measured"


def milliseconds(found: Measured, name: str, quantile: str) -> str:
    return f"{found[name][int(len(found[name]) * float(quantile))] * 1000:.1f} ms"


def megabytes(found: Measured, name: str) -> str:
    return f"{found.median(name) / 2**20:,.0f} MB"


def times(found: Measured, name: str, base: str) -> str:
    return f"{found.median(name) / found.median(base):.2f} times" if name in found else "not measured"


def share(found: Measured, names: Names, bases: Names) -> str:
    return f"{found.median(names) / found.median(bases):.1%}" if found.has(names) else "not measured"


COPY, HAND = "plain COPY", "hand-written statement"
FULL = "full build, facts and headline, database"
FEW, MANY = (f"{share} new, facts and headline, database" for share in ("0.1%", "1.0%"))
OTHERS = "full build, other reports, database"
FEW_OTHERS, MANY_OTHERS = (f"{share} new, other reports, database" for share in ("0.1%", "1.0%"))
HISTORY_FEW, HISTORY_MANY = (f"pipeline's facts, {share} new, database" for share in ("0.1%", "1.0%"))
PIPELINE, WRITTEN_STATES = "pipeline, database", "hand-written states"
# (what, how it is told, of which figures, target)
ROWS: tuple[tuple[str, Callable[..., str], tuple[Names, ...], str], ...] = (
    ("plain `COPY` of the change log", seconds, (COPY,), ""),
    (
        "`COPY` into raw's columns and the indexes ÷ plain `COPY`",
        times,
        ("COPY and the indexes", COPY),
        "the floor",
    ),
    ("(a) first load ÷ plain `COPY`", times, ("first load", COPY), "≤ 1.8"),
    ("the same file loaded again ÷ plain `COPY`", times, ("load of the same file again", COPY), "≤ 1.5"),
    (
        "the file with 1 % more rows loaded ÷ plain `COPY`",
        times,
        ("load of the file grown by 1.0%", COPY),
        "≤ 1.5",
    ),
    ("load of 1 % new rows ÷ plain `COPY` of all", times, ("load of 1.0%", COPY), "≤ 0.1"),
    ("loader's peak of memory", megabytes, ("memory of the loader",), "constant"),
    ("hand-written statement", seconds, (HAND,), ""),
    ("(b) headline's models, full build ÷ hand-written", times, ("headline, database", HAND), "≤ 1.1"),
    ("full build: facts and headline", seconds, (FULL,), ""),
    ("full build of facts and headline ÷ hand-written", times, (FULL, HAND), "≤ 5"),
    (
        "the rows of facts and headline written again ÷ hand-written",
        times,
        ("rows written again, facts and headline", HAND),
        "the floor",
    ),
    ("full build: the other reports", seconds, (OTHERS,), ""),
    ("(c) 0.1 % new rows ÷ full build, facts and headline", share, (FEW, FULL), "≤ 2 %"),
    ("(c) 1 % new rows ÷ full build, facts and headline", share, (MANY, FULL), "≤ 12 %"),
    (
        "0.1 % new rows ÷ full build, the other reports included",
        share,
        ((FEW, FEW_OTHERS), (FULL, OTHERS)),
        "≤ 2 %",
    ),
    (
        "1 % new rows ÷ full build, the other reports included",
        share,
        ((MANY, MANY_OTHERS), (FULL, OTHERS)),
        "≤ 8 %",
    ),
    (
        "the rows of the other reports written again ÷ full build",
        share,
        ("rows written again, other reports", (FULL, OTHERS)),
        "the floor",
    ),
    ("0.1 % new rows, facts and headline", seconds, (FEW,), ""),
    ("1 % new rows, facts and headline", seconds, (MANY,), ""),
    ("1 % new rows, the other reports", seconds, (MANY_OTHERS,), ""),
    ("all data tests of the funnel", seconds, ("data tests, database",), ""),
    ("wall time: full build, facts and headline", seconds, ("full build, facts and headline, wall",), ""),
    ("wall time: 1 % new rows, facts and headline", seconds, ("1.0% new, facts and headline, wall",), ""),
    ("(d) wall time with nothing new", seconds, ("nothing new, wall",), ""),
    ("(e) DuckDB, hand-written statement over the CSV", seconds, ("DuckDB",), ""),
    ("(f) report queries, p50", milliseconds, ("queries", "0.5"), ""),
    ("(f) report queries, p95", milliseconds, ("queries", "0.95"), "≤ 30 ms"),
    ("load of a history of so many rows", seconds, ("load of the history",), ""),
    ("hand-written statement of all states", seconds, (WRITTEN_STATES,), ""),
    (
        "states of all deals, full build, from the log ÷ hand-written",
        times,
        ("states, database", WRITTEN_STATES),
        "≤ 1.5",
    ),
    (
        "Salesforce's log and the states ÷ hand-written",
        times,
        ("states and their log, database", WRITTEN_STATES),
        "≤ 4",
    ),
    ("pipeline, full build with all reports", seconds, (PIPELINE,), ""),
    ("0.1 % new rows of the history ÷ full build of the pipeline, facts", share, (HISTORY_FEW, PIPELINE), ""),
    (
        "1 % new rows of the history ÷ full build of the pipeline, facts",
        share,
        (HISTORY_MANY, PIPELINE),
        "≤ 8 %",
    ),
    ("disk: raw, indexes included", megabytes, ("disk, raw",), ""),
    ("disk: marts of the funnel, indexes included", megabytes, ("disk, marts",), ""),
)
GROWING = ("raw", "dev_intermediate", "dev_marts", "pg_catalog")
SCALED = (COPY, "first load", "headline, database", FULL, FEW)


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


def tell_small(found: Measured) -> str:
    """One paragraph of what little data takes: processor time of dbt's process, which is nearly all of it."""

    def cpu(name: str) -> float:
        return found.median(f"small, {name}, CPU")

    def wall(name: str) -> float:
        return found.median(f"small, {name}, wall")

    def nodes(name: str) -> float:
        return found.median(f"small, {name}, nodes")

    def per_node(name: str) -> float:
        return (cpu(name) - cpu("parse")) / nodes(name) * 1000

    return (
        f"Small data, the sample. `dbt parse` when no file has changed takes {cpu('parse'):.1f} s of processor time."
        f" The nightly command, {nodes('nightly'):.0f} nodes: {cpu('nightly'):.1f} s,"
        f" {cpu('nightly') / cpu('parse'):.1f} times that (target: ≤ 4), and {per_node('nightly'):.0f} ms for each node"
        f" beyond it (target: ≤ 45). A project of as many views, seeds and tests that hold nothing:"
        f" {cpu('empty project'):.1f} s, which is dbt's own part. `dbt build -s +rep_sales_funnel_monthly`,"
        f" {nodes('headline'):.0f} nodes: {wall('headline'):.1f} s, {cpu('headline'):.1f} s of them processor time; a"
        f" plain project of the same tables with the same figures, {nodes('plain project'):.0f} nodes:"
        f" {wall('plain project'):.1f} s and {cpu('plain project'):.1f} s. That is"
        f" {wall('headline') / wall('plain project'):.2f} times as long, {cpu('headline') / cpu('plain project'):.2f}"
        " times the processor time (target: ≤ 1.5)."
    )


def tell_nights(found: Measured) -> str:
    """One paragraph of many small loads in a row."""
    took, part = found["nights"], max(1, len(found["nights"]) // 12)
    first, last = (median(some) for some in (took[:part], took[-part:]))
    sizes = ", ".join(
        f"{schema} from {before / 2**20:.1f} to {after / 2**20:.1f} MB"
        for schema in GROWING
        for before, after in [found[f"nights, {schema}"]]
    )
    builds = found.get("nights, facts and headline, database", [])
    built = ""
    if len(builds) > 1:
        built = (
            f" Facts and headline took {builds[0]:.2f} s of database time after the first 30,"
            f" and {builds[-1]:.2f} s after the last."
        )
    return (
        f"{len(took)} loads in a row of the changes of 20 deals each: the first {part} took {first * 1000:.0f} ms each"
        f" (median), the last {part} {last * 1000:.0f} ms.{built} Tables and indexes grew in {sizes}."
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
    for what, tell, names, target in ROWS:
        lines.append(f"| {what} | {' | '.join(tell(results[size], *names) for size in sizes)} | {target} |")
    if len(sizes) > 1:
        lines += [
            "",
            "How time grows (exponent between neighbouring sizes: 1 is linear, 0 constant):",
            "",
        ]
        lines += [
            f"| | {' | '.join(f'{a:,} → {b:,}' for a, b in pairwise(sizes))} |",
            f"|---|{'---:|' * (len(sizes) - 1)}",
        ]
        for name in SCALED:
            exponents = [
                math.log(results[b].median(name) / results[a].median(name)) / math.log(b / a)
                for a, b in pairwise(sizes)
            ]
            lines.append(f"| {name} | {' | '.join(f'{exponent:.2f}' for exponent in exponents)} |")
    for small, large in pairwise(sizes):
        if large == 10 * small:
            few = results[large].median(FEW)
            many = results[small].median(MANY)
            lines += [
                "",
                f"{small // 100:,} new rows cost {few / many:.2f} times as much on {large:,} changes as on {small:,}"
                " (target: ≤ 1.2).",
            ]
    return "\n".join(lines) + "\n"
