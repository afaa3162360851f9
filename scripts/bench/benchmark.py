#!/usr/bin/env python3
"""Measure the project against what the same work costs without it; docs/benchmarks.md is what it writes.

    make bench                                                       100 thousand, 1 and 10 million changes
    python3 scripts/with_venv.py scripts/bench/benchmark.py --sizes 100000 --rounds 1 --print-only

Everything that is compared is measured in turn in one run, on the project's own embedded server, and told as the ratio
of medians. The generated exports and the newest figures of each size are kept in .bench/ (git-ignored), so that the
sizes can be measured on different days; the databases are dropped at the end.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from itertools import product

import demo
import install_packages
from bench import plans
from bench.lab import (
    CACHE,
    PLAIN_PROJECT,
    REPORT_SQL,
    STATES_SQL,
    Lab,
    drop,
    generate,
    write_changes,
    write_empty_project,
    write_grown,
    write_history,
)
from bench.results_table import GROWING, Measured, format_table, tell_nights, tell_overhead, tell_small
from command import keep_page
from server import postgres
from with_venv import ROOT

SIZES = (100_000, 1_000_000, 10_000_000)
SHARES = (0.001, 0.01)
PLANS_UP_TO = 1_000_000  # their page is of the largest size that is not larger
DOCS = ROOT / "docs" / "benchmarks.md"
RESULTS = CACHE / "measured.json"
OVERHEAD = 0  # its key among the results, which are by size
# The pipeline is measured on Salesforce's history, which is loaded apart.
FUNNEL_ONLY = ("--vars", "{switched_off: [pipeline, marketing, scoring]}")
HISTORY_UP_TO = 1_000_000
FULL_BUILD = {
    "facts and headline": ("--select", "+config.materialized:incremental", *FUNNEL_ONLY),
    "other reports": ("--select", "config.materialized:table", "config.materialized:view", *FUNNEL_ONLY),
}
NEW_ROWS = {  # the views stand
    "facts and headline": ("--select", "config.materialized:incremental", *FUNNEL_ONLY),
    "other reports": ("--select", "config.materialized:table", *FUNNEL_ONLY),
}
DATA_TESTS = ("test", "--select", "test_type:data", *FUNNEL_ONLY)
LOG, STATES = (("--select", model) for model in ("int_salesforce__deal_events", "int_deal_states"))
PIPELINE_FACTS = ("--select", "+tag:pipeline,config.materialized:incremental")
PIPELINE = ("--select", "+tag:pipeline")
# The command of every night: unit tests prove code, not data.
NIGHTLY = ("build", "--exclude-resource-type", "unit_test")
HEADLINE = (*NIGHTLY, "--select", "+rep_sales_funnel_monthly")
QUERIES = (
    "select * from dev_marts.rep_sales_funnel_monthly order by month, step_order",
    "select * from dev_marts.rep_funnel_conversion_cohort",
    "select * from dev_marts.rep_sales_funnel_trends",
    "select * from dev_marts.rep_sales_funnel_alerts",
    # Quarters by owner, which it holds besides, nobody looks at all at once.
    "select * from dev_marts.rep_stage_velocity where period_type = 'month' and dimension = 'all'",
    "select * from dev_marts.rep_stage_survival",
    "select owner_id, sum(stage_entries) from dev_marts.rep_sales_rep_performance_monthly group by owner_id",
    "select lost_reason_id, sum(losses_count) from dev_marts.rep_lost_deals_monthly group by lost_reason_id",
    "select month, funnel_step, sum(deals_count) from dev_marts.rep_sales_funnel_by_owner_monthly group by 1, 2",
    "select * from dev_marts.fct_funnel_events where deal_key = {deal_key}",
)
ASKED_TIMES = 20


def measure(lab: Lab, size: int, rounds: int, say: Callable[[str], None]) -> Measured:
    """Everything that is measured of one size, interleaved."""
    found = Measured()
    for number in range(rounds):
        say(f"loading, round {number + 1} of {rounds}")
        lab.empty()
        found.add("plain COPY", lab.copy_plainly())
        found.add("COPY and the indexes", lab.copy_and_index())
        seconds, peak = lab.load(lab.changes_file)
        found.add("first load", seconds)
        found.add("memory of the loader", peak)
        found.add("load of the same file again", lab.load(lab.changes_file)[0])
        deal_ids = [deal_id for (deal_id,) in lab.query("select distinct deal_id from raw.deal_changes")]
        more = write_changes(CACHE / "delta", deal_ids, size // 100, seed=number)
        grown = write_grown(CACHE / "grown", lab.changes_file, more / lab.changes_file.name)
        found.add("load of the file grown by 1.0%", lab.load(grown)[0])
    lab.empty()
    lab.load(lab.folder)
    found.add("disk, raw", lab.bytes_of("raw"))
    lab.dbt("seed")
    for number in range(rounds):
        say(f"building, round {number + 1} of {rounds}")
        written = REPORT_SQL.read_text(encoding="utf-8")
        found.add("hand-written statement", lab.time_statement(f"create table public.written as {written}"))
        found.add_spent("headline", lab.dbt("run", "--full-refresh", "--select", "+rep_sales_funnel_monthly"))
        lab.check_report("public.written")
        lab.query("drop table public.written")
        for part, selected in FULL_BUILD.items():
            found.add_spent(f"full build, {part}", lab.dbt("run", "--full-refresh", *selected))
            found.add(f"rows written again, {part}", lab.write_again(plans.read_seconds()))
    found.add_spent("data tests", lab.dbt(*DATA_TESTS))
    found.add("disk, marts", lab.bytes_of("dev_marts"))
    deal_ids = [deal_id for (deal_id,) in lab.query("select distinct deal_id from raw.deal_changes")]
    for seed, (number, share) in enumerate(product(range(rounds), SHARES), 1):
        say(f"{share:.1%} new rows, round {number + 1} of {rounds}")
        changes = write_changes(CACHE / "delta", deal_ids, round(size * share), seed)
        found.add(f"load of {share:.1%}", lab.load(changes, "--mode", "delta")[0])
        for part, selected in NEW_ROWS.items():
            found.add_spent(f"{share:.1%} new, {part}", lab.dbt("run", *selected))
    say("nothing new, queries, DuckDB")
    found.add_spent("nothing new", lab.dbt("run", *NEW_ROWS["facts and headline"]))
    [(deal_key,)] = lab.query("select deal_key from dev_marts.fct_funnel_events limit 1")
    asked = [query.format(deal_key=deal_key) for query in QUERIES] * ASKED_TIMES
    found["queries"] = sorted(lab.time_statement(query, "reporter") for query in asked)
    if find_spec("duckdb"):  # it comes with dbt-bouncer, which needs Python 3.11
        found.add("DuckDB", lab.ask_duckdb())
    return found


def measure_pipeline(lab: Lab, size: int, rounds: int, say: Callable[[str], None]) -> Measured:
    """Log, states and reports of the pipeline, on a history of so many rows. The lab holds Salesforce's exports."""
    found = Measured()
    lab.empty()
    found.add("load of the history", lab.load(lab.folder)[0])
    lab.dbt("seed")
    lab.dbt("run", "--full-refresh", *PIPELINE)
    for number in range(rounds):
        say(f"pipeline, round {number + 1} of {rounds}")
        written = STATES_SQL.read_text(encoding="utf-8")
        found.add("hand-written states", lab.time_statement(f"create table public.written as {written}"))
        log, states = (lab.dbt("run", "--full-refresh", *selected) for selected in (LOG, STATES))
        found.add_spent("states", states)
        found.add("states and their log, database", states.database + log.database)
        if not number:  # the statement knows of no corrected rows, which later rounds have
            lab.check_same_rows("table dev_intermediate.int_deal_states", "table public.written")
        lab.query("drop table public.written")
        found.add_spent("pipeline", lab.dbt("run", "--full-refresh", *PIPELINE))
        for seed, share in enumerate(SHARES, number * len(SHARES) + 1):
            history = write_history(CACHE / "delta", lab.folder, round(size * share), seed)
            lab.load(history, "--mode", "delta")
            found.add_spent(f"pipeline's facts, {share:.1%} new", lab.dbt("run", *PIPELINE_FACTS))
    return found


def measure_overhead(lab: Lab, rounds: int, say: Callable[[str], None]) -> Measured:
    """What dbt and the demo take whatever the size of the data. The lab's marts hold all that is loaded."""
    found = Measured()
    for number in range(rounds):
        say(f"dbt's overhead, round {number + 1} of {rounds}")
        found.add("parse from nothing", lab.dbt("parse", "--no-partial-parse", *FUNNEL_ONLY).wall)
        found.add("parse again", lab.dbt("parse", *FUNNEL_ONLY).wall)
        found.add("one model", lab.dbt("run", "--select", "stg_loads__horizon", *FUNNEL_ONLY).wall)
        found.add("models", lab.dbt("run", *NEW_ROWS["facts and headline"]).wall)
        found["number of models"] = [len(plans.read_seconds())]
    exports = CACHE / "demo"
    shutil.rmtree(exports, ignore_errors=True)
    shutil.copytree(demo.SAMPLE, exports)
    drop(lab.server, demo.name_database(exports))
    for name in ("demo, first", *["demo, again"] * rounds):
        say(name)
        started = time.perf_counter()
        program = [sys.executable, str(ROOT / "scripts" / "demo.py"), "--raw-data", str(exports)]
        subprocess.run(program, check=True, cwd=ROOT, capture_output=True)
        found.add(name, time.perf_counter() - started)
    drop(lab.server, demo.name_database(exports))
    return found


def measure_small(lab: Lab, rounds: int, say: Callable[[str], None]) -> Measured:
    """What a user of little data waits for: the build of a night and that of the headline, beside what dbt takes for as
    many nodes that hold nothing, and beside a plain project for the headline alone. The lab holds the sample."""
    found = Measured()
    lab.empty()
    lab.load(lab.folder)
    nightly = lab.dbt(*NIGHTLY)
    empty = write_empty_project(CACHE / "empty_project", nightly.nodes)
    work = {
        "parse": (("parse",), ROOT),
        "nightly": (NIGHTLY, ROOT),
        "empty project": (("build",), empty),
        "headline": (HEADLINE, ROOT),
        "plain project": (("build",), PLAIN_PROJECT),
    }
    for number in range(rounds + 1):
        say(f"small data, {f'round {number} of {rounds}' if number else 'once before the rounds'}")
        for name, (command, project) in work.items():
            spent = lab.dbt(*command, project=project)
            if number:  # the first time dbt parses from nothing, and makes the tables
                found.add_spent(f"small, {name}", spent)
                found[f"small, {name}, nodes"] = [spent.nodes.total()]
        lab.check_report("dev_plain.rep_sales_funnel_monthly")
    return found


def measure_nights(lab: Lab, nights: int, say: Callable[[str], None]) -> Measured:
    """A load a night of the changes of 20 deals, one after the other, autovacuum as the server comes; facts and
    headline are brought up to date every 30 nights."""
    found = Measured()
    lab.empty()
    lab.load(lab.folder)
    lab.dbt("seed")
    lab.dbt("run", "--full-refresh", *FULL_BUILD["facts and headline"])
    deal_ids = [deal_id for (deal_id,) in lab.query("select distinct deal_id from raw.deal_changes")]
    for schema in GROWING:
        found.add(f"nights, {schema}", lab.bytes_of(schema))
    for night in range(nights):
        if night % 73 == 0:
            say(f"night {night} of {nights}")
        changes = write_changes(CACHE / "delta", deal_ids, 80, seed=night)
        found.add("nights", lab.load_here(changes, "--mode", "delta"))
        if night % 30 == 29:
            found.add_spent("nights, facts and headline", lab.dbt("run", *NEW_ROWS["facts and headline"]))
    for schema in GROWING:
        found.add(f"nights, {schema}", lab.bytes_of(schema))
    return found


def write_plans(lab: Lab, size: int) -> None:
    """docs/plans.md, of a lab that has been measured."""
    lab.dbt("run", "--full-refresh", *FULL_BUILD["facts and headline"])
    models = plans.find_heaviest(plans.read_seconds())
    full = plans.explain(lab, models, incremental=False)
    deal_ids = [deal_id for (deal_id,) in lab.query("select distinct deal_id from raw.deal_changes")]
    rows = round(size * SHARES[-1])
    # A seed that no round had: new deals get numbers by it.
    lab.load(write_changes(CACHE / "delta", deal_ids, rows, seed=1000), "--mode", "delta")
    lab.dbt("run", "--select", "stg_loads__horizon")
    incremental = plans.explain(lab, models, incremental=True)
    plans.write(size, describe_machine(lab), full, incremental, rows)
    lab.dbt("run", *NEW_ROWS["facts and headline"])


def describe_machine(lab: Lab) -> str:
    [(version,)] = lab.query("show server_version")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GB of memory, {platform.system()}; "
        f"PostgreSQL {version}, dbt with 2 threads, Python {platform.python_version()}"
    )


def read_results() -> dict[int, Measured]:
    """What earlier runs on this machine measured, by size; the overhead under 0."""
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    return {int(size): Measured(found) for size, found in kept.items()}


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmark.py", description=__doc__.split("\n", 1)[0])
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=SIZES, help="change rows (default: 10^5 10^6 10^7)"
    )
    parser.add_argument("--rounds", type=int, default=3, help="of each measurement (default: 3)")
    parser.add_argument("--nights", type=int, default=365, help="loads in a row (default: 365)")
    parser.add_argument("--print-only", action="store_true", help="leave the pages in docs/ as they are")
    parser.add_argument(
        "--partitions", action="store_true", help="with raw's logs as partitions.sql makes them; only prints"
    )
    options = parser.parse_args()
    began = time.strftime("%Y-%m-%d")
    server = postgres.start()
    install_packages.install()
    CACHE.mkdir(exist_ok=True)
    results = {} if options.partitions else read_results()
    writes = not (options.print_only or options.partitions)
    planned = max((size for size in options.sizes if size <= PLANS_UP_TO), default=None)
    try:
        for size in sorted(options.sizes):
            tell = functools.partial(say, size)
            lab = Lab(server, generate(size), options.partitions)
            results[size] = measure(lab, size, options.rounds, tell)
            # Plans first: what follows empties the database.
            if size == planned and writes:
                tell("plans")
                write_plans(lab, size)
            if size == min(options.sizes) and not options.partitions:
                results[OVERHEAD] = measure_overhead(lab, options.rounds, tell)
                results[OVERHEAD].update(measure_nights(lab, options.nights, tell))
                results[OVERHEAD].update(measure_small(Lab(server, demo.SAMPLE), options.rounds, tell))
            if size <= HISTORY_UP_TO:
                history = Lab(server, generate(size, "salesforce"))
                results[size].update(measure_pipeline(history, size, options.rounds, tell))
            if not options.partitions:
                RESULTS.write_text(json.dumps(results), encoding="utf-8")
        machine, overhead = describe_machine(lab), results.pop(OVERHEAD, None)
        table = format_table(results, machine, began)
        if overhead:
            table += f"\n{tell_overhead(overhead)}\n\n{tell_small(overhead)}\n\n{tell_nights(overhead)}\n"
    finally:
        drop(server)
    print(table)
    if writes:
        keep_page(DOCS, table)
    return 0


def say(size: int, what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {size:,}: {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
