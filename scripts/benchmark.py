#!/usr/bin/env python3
"""Measure the project against what the same work costs without it; docs/benchmarks.md is what it writes.

    make bench                                                       100 thousand, 1 and 10 million changes
    python3 scripts/with_venv.py scripts/benchmark.py --sizes 100000 --rounds 1 --print-only

Everything that is compared is measured in turn in one run, on the project's own embedded server, and told as the ratio
of medians. The generated exports and the newest figures of each size are kept in .bench/ (git-ignored), so that the
sizes can be measured on different days; the database is dropped at the end.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from statistics import median

import benchmark_lab
import install_packages
import postgres
from benchmark_lab import CACHE, REPORT_SQL, Lab, Spent
from with_venv import ROOT

SIZES = (100_000, 1_000_000, 10_000_000)
SHARES = (0.001, 0.01)
DOCS = ROOT / "docs" / "benchmarks.md"
RESULTS = CACHE / "measured.json"
BEGIN, END = "<!-- measured -->", "<!-- end of measured -->"
# The benchmark has exports of Pipedrive's funnel only.
OTHER_DOMAINS = ("pipeline", "marketing", "scoring")
FUNNEL_ONLY = (
    "--exclude",
    *(f"path:models/{layer}/{domain}" for layer in ("intermediate", "marts") for domain in OTHER_DOMAINS),
)
FULL_BUILD = {
    "facts and headline": ("--select", "+config.materialized:incremental", *FUNNEL_ONLY),
    "other reports": ("--select", "config.materialized:table", "config.materialized:view", *FUNNEL_ONLY),
}
NEW_ROWS = {  # the views stand
    "facts and headline": ("--select", "config.materialized:incremental", *FUNNEL_ONLY),
    "other reports": ("--select", "config.materialized:table", *FUNNEL_ONLY),
}
QUERIES = (
    "select * from dev_marts.rep_sales_funnel_monthly order by month, step_order",
    "select * from dev_marts.rep_funnel_conversion_cohort",
    "select * from dev_marts.rep_sales_funnel_trends",
    "select * from dev_marts.rep_sales_funnel_alerts",
    "select * from dev_marts.rep_stage_velocity_monthly",
    "select * from dev_marts.rep_stage_survival",
    "select user_id, sum(stage_entries) from dev_marts.rep_sales_rep_performance_monthly group by user_id",
    "select lost_reason_id, sum(losses_count) from dev_marts.rep_lost_deals_monthly group by lost_reason_id",
    "select month, funnel_step, sum(deals_count) from dev_marts.rep_sales_funnel_by_owner_monthly group by 1, 2",
    "select * from dev_marts.fct_funnel_events where deal_id = {deal_id}",
)
ASKED_TIMES = 20


class Measured(dict[str, list[float]]):
    """Seconds (or bytes) by what they are of; `median` and `ratio` read them."""

    def add(self, name: str, value: float) -> None:
        self.setdefault(name, []).append(value)

    def add_spent(self, name: str, spent: Spent) -> None:
        self.add(f"{name}, database", spent.database)
        self.add(f"{name}, wall", spent.wall)

    def median(self, name: str) -> float:
        return median(self[name])


def measure(lab: Lab, size: int, rounds: int, say: Callable[[str], None]) -> Measured:
    """Everything that is measured of one size, interleaved."""
    found = Measured()
    for number in range(rounds):
        say(f"loading, round {number + 1} of {rounds}")
        lab.empty()
        found.add("plain COPY", lab.copy_plainly())
        seconds, peak = lab.load(lab.changes_file)
        found.add("first load", seconds)
        found.add("memory of the loader", peak)
        found.add("load of the same file again", lab.load(lab.changes_file)[0])
    lab.load(lab.folder)
    found.add("disk, raw", lab.bytes_of("raw"))
    lab.dbt("seed")
    for number in range(rounds):
        say(f"building, round {number + 1} of {rounds}")
        written = REPORT_SQL.read_text(encoding="utf-8")
        found.add("hand-written statement", lab.time_statement(f"create table public.written as {written}"))
        found.add_spent("headline", lab.dbt("run", "--full-refresh", "--select", "+rep_sales_funnel_monthly"))
        lab.check_report()
        for part, selected in FULL_BUILD.items():
            found.add_spent(f"full build, {part}", lab.dbt("run", "--full-refresh", *selected))
    found.add("disk, marts", lab.bytes_of("dev_marts"))
    deal_ids = [deal_id for (deal_id,) in lab.query("select distinct deal_id from raw.deal_changes")]
    for number in range(rounds):
        for share in SHARES:
            say(f"{share:.1%} new rows, round {number + 1} of {rounds}")
            rows = round(size * share)
            seed = number * len(SHARES) + SHARES.index(share) + 1
            changes = benchmark_lab.write_changes(CACHE / "delta", deal_ids, rows, seed)
            found.add(f"load of {share:.1%}", lab.load(changes, "--mode", "delta")[0])
            for part, selected in NEW_ROWS.items():
                found.add_spent(f"{share:.1%} new, {part}", lab.dbt("run", *selected))
    say("nothing new, queries, DuckDB")
    found.add_spent("nothing new", lab.dbt("run", *NEW_ROWS["facts and headline"]))
    asked = [query.format(deal_id=deal_ids[0]) for query in QUERIES] * ASKED_TIMES
    found["queries"] = sorted(lab.time_statement(query, "reporter") for query in asked)
    if find_spec("duckdb"):  # it comes with dbt-bouncer, which needs Python 3.11
        found.add("DuckDB", lab.ask_duckdb())
    return found


def describe_machine(lab: Lab) -> str:
    [(version,)] = lab.query("show server_version")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GB of memory, {platform.system()}; "
        f"PostgreSQL {version}, dbt with 2 threads, Python {platform.python_version()}"
    )


FULL, HAND = "full build, facts and headline, database", "hand-written statement"
# (what, unit, its value of one size, target)
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
    ("(d) wall time with nothing new: dbt's overhead", lambda m: seconds(m, "nothing new, wall"), ""),
    ("(e) DuckDB, hand-written statement over the CSV", lambda m: seconds(m, "DuckDB"), ""),
    ("(f) report queries, p50", lambda m: f"{m.median('queries') * 1000:.1f} ms", ""),
    (
        "(f) report queries, p95",
        lambda m: f"{m['queries'][int(len(m['queries']) * 0.95)] * 1000:.1f} ms",
        "< 50 ms",
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


def read_results() -> dict[int, Measured]:
    """What earlier runs on this machine measured, by size."""
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    return {int(size): Measured(found) for size, found in kept.items()}


def pairs(sizes: list[int]) -> list[tuple[int, int]]:
    return [(sizes[n], sizes[n + 1]) for n in range(len(sizes) - 1)]


def write(table: str) -> None:
    """Put the table between the two markers of the page."""
    text = DOCS.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    DOCS.write_text(f"{before}{BEGIN}\n{table}{END}{rest.split(END)[1]}", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmark.py", description=__doc__.split("\n", 1)[0])
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=SIZES, help="change rows (default: 10^5 10^6 10^7)"
    )
    parser.add_argument("--rounds", type=int, default=3, help="of each measurement (default: 3)")
    parser.add_argument(
        "--rounds-large", type=int, default=1, help="likewise, from 5 million changes on (default: 1)"
    )
    parser.add_argument("--print-only", action="store_true", help="leave docs/benchmarks.md as it is")
    parser.add_argument(
        "--partitions", action="store_true", help="with raw's logs as partitions.sql makes them; only prints"
    )
    options = parser.parse_args()
    began = time.strftime("%Y-%m-%d")
    server = postgres.start()
    install_packages.install()
    CACHE.mkdir(exist_ok=True)
    results = {} if options.partitions else read_results()
    try:
        for size in sorted(options.sizes):
            lab = Lab(server, benchmark_lab.generate(size), options.partitions)
            rounds = options.rounds_large if size >= 5_000_000 else options.rounds
            results[size] = measure(lab, size, rounds, lambda what, size=size: say(f"{size:,}: {what}"))
            if not options.partitions:
                RESULTS.write_text(json.dumps(results), encoding="utf-8")
        table = format_table(results, describe_machine(lab), began)
    finally:
        benchmark_lab.drop(server)
    print(table)
    if not (options.print_only or options.partitions):
        write(table)
    return 0


def say(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
