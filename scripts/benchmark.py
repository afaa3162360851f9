#!/usr/bin/env python3
"""Measure the project against what the same work costs without it; docs/benchmarks.md is what it writes.

    make bench                                                       100 thousand, 1 and 10 million changes
    python3 scripts/with_venv.py scripts/benchmark.py --sizes 100000 --rounds 1 --output -

Everything that is compared is measured in turn in one run, on the project's own embedded server, and told as the ratio
of medians. The generated exports are kept in .bench/ (git-ignored); the database is dropped at the end.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median

import benchmark_lab
import postgres
from benchmark_lab import CACHE, FUNNEL, HEADLINE, NEW_DATA, Lab, Spent
from with_venv import ROOT

SIZES = (100_000, 1_000_000, 10_000_000)
SHARES = (0.001, 0.01)
REPORT_SQL = ROOT / "scripts" / "benchmark_report.sql"
DOCS = ROOT / "docs" / "benchmarks.md"
QUERIES = (
    "select * from dev_marts.rep_sales_funnel_monthly order by month, step_order",
    "select * from dev_marts.rep_funnel_conversion_cohort",
    "select * from dev_marts.rep_sales_funnel_trends",
    "select * from dev_marts.rep_sales_funnel_alerts",
    "select * from dev_marts.rep_stage_velocity_monthly",
    "select * from dev_marts.rep_stage_survival",
    "select user_id, sum(stage_entries_count) from dev_marts.rep_sales_rep_performance_monthly group by user_id",
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

    def ratio(self, name: str, base: str) -> float:
        return self.median(name) / self.median(base)


def measure(lab: Lab, rounds: int, say: Callable[[str], None]) -> Measured:
    """Everything that is measured of one size, interleaved."""
    found = Measured()
    for number in range(rounds):
        say(f"loading, round {number + 1} of {rounds}")
        lab.empty()
        found.add("plain COPY", lab.copy_plainly())
        seconds, peak = lab.load(lab.changes_file)
        found.add("first load", seconds)
        found.add("loader's memory", peak)
        found.add("load of the same file again", lab.load(lab.changes_file)[0])
    lab.load(lab.folder)
    found.add("raw bytes", lab.bytes_of("raw"))
    lab.dbt("seed")
    for number in range(rounds):
        say(f"building, round {number + 1} of {rounds}")
        written = lab.time_statement(f"create table public.written as {REPORT_SQL.read_text(encoding='utf-8')}")
        found.add("hand-written statement", written.wall)
        found.add_spent("headline", lab.dbt("run", "--full-refresh", "--select", *HEADLINE))
        lab.check_report()
        found.add_spent("full build", lab.dbt("run", "--full-refresh", "--select", *FUNNEL))
        found.add("full build, facts and headline", lab.seconds_of_incremental_models())
    found.add("marts bytes", lab.bytes_of("dev_marts"))
    deal_ids = [deal_id for (deal_id,) in lab.query("select distinct deal_id from raw.deal_changes")]
    for number in range(rounds):
        for share in SHARES:
            say(f"{share:.1%} new rows, round {number + 1} of {rounds}")
            rows = round(lab.rows * share)
            seed = number * len(SHARES) + SHARES.index(share) + 1
            changes = benchmark_lab.write_changes(CACHE / "delta", deal_ids, rows, seed)
            found.add(f"load of {share:.1%}", lab.load(changes, "--mode", "delta")[0])
            found.add_spent(f"{share:.1%} new", lab.dbt("run", "--select", *NEW_DATA))
            found.add(f"{share:.1%} new, facts and headline", lab.seconds_of_incremental_models())
    say("nothing new, queries, DuckDB")
    found.add_spent("nothing new", lab.dbt("run", "--select", *NEW_DATA))
    found["queries"] = sorted(lab.ask([query.format(deal_id=deal_ids[0]) for query in QUERIES], ASKED_TIMES))
    found.add("DuckDB", lab.ask_duckdb())
    return found
