"""The benchmark compares like with like: its hand-written statement says what the report says."""

from __future__ import annotations

import contextlib
import csv
import json
from collections import Counter
from pathlib import Path

import pytest

from bench.lab import (
    PLAIN_PROJECT,
    REPORT_SQL,
    STATES_SQL,
    count_nodes,
    write_changes,
    write_empty_project,
    write_history,
)
from bench.plans import find_heaviest
from bench.results_table import GROWING, Measured, format_table, tell_nights, tell_overhead, tell_small
from conftest import ROOT, Dbt

OF_THE_REPORT = "select month, kpi_name, funnel_step, step_order, deals_count, entries_count from"


@pytest.mark.parametrize(
    ("statement", "columns", "relation", "where", "filled"),
    [
        (REPORT_SQL, OF_THE_REPORT, "dev_marts.rep_sales_funnel_monthly", "", "deals_count > 0"),
        (
            STATES_SQL,
            "select * from",
            "dev_intermediate.int_deal_states",
            "where crm_source = 'salesforce'",
            "amount is not null",
        ),
    ],
    ids=["headline", "states"],
)
def test_hand_written_statements_say_what_the_models_say(
    server, sample_database, statement, columns, relation, where, filled
):
    with contextlib.closing(server.connect(sample_database)) as connection, connection.cursor() as cursor:
        cursor.execute("set timezone = 'UTC'")
        cursor.execute(f"create temp table written as {statement.read_text(encoding='utf-8')}")
        written, model = f"{columns} written", f"{columns} {relation} {where}"
        for has, lacks in ((written, model), (model, written)):
            cursor.execute(f"{has} except {lacks}")
            assert cursor.fetchall() == []
        cursor.execute(f"select count(*) from written where {filled}")
        assert cursor.fetchall()[0][0] > 150


@pytest.mark.nightly
def test_plain_project_gives_the_figures_of_the_report(server, databases, sample_database, tmp_path):
    """On the sample; it gives those of the public Pipedrive export as well, which has no statuses."""
    database = databases.create(template=sample_database)
    Dbt(server, tmp_path, PLAIN_PROJECT)("build", database=database)
    with contextlib.closing(server.connect(database)) as connection, connection.cursor() as cursor:
        columns = "select month, kpi_name, funnel_step, step_order, deals_count, entries_count from"
        plain, report = (
            f"{columns} {schema}.rep_sales_funnel_monthly" for schema in ("dev_plain", "dev_marts")
        )
        for has, lacks in ((plain, report), (report, plain)):
            cursor.execute(f"{has} except {lacks}")
            assert cursor.fetchall() == []


@pytest.mark.nightly
def test_empty_project_has_the_nodes_asked_for(server, databases, tmp_path):
    asked = Counter(model=5, seed=2, test=8)
    project = write_empty_project(tmp_path / "empty", asked)
    done = Dbt(server, tmp_path, project)("build", database=databases.create())
    assert Counter(result.node.resource_type.value for result in done.result.results) == asked


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_changes_are_half_late_and_the_same_every_time(tmp_path):
    stored = [str(number) for number in range(1, 1001)]
    folder = write_changes(tmp_path / "once", stored, rows=480, seed=3)
    again = write_changes(tmp_path / "again", stored, rows=480, seed=3)
    log = read(folder / "deal_changes.csv")
    late = Counter(row["deal_id"] for row in log if int(row["deal_id"]) <= 1000)
    assert len(log) == 480
    assert sum(late.values()) == 240
    assert set(late.values()) == {2}
    assert len(read(folder / "activity.csv")) == 86
    assert log == read(again / "deal_changes.csv")


def test_completed_history_is_of_stored_opportunities_and_the_same_every_time(tmp_path):
    exports = ROOT / "raw_data" / "salesforce"
    stored = {row["Id"]: row for row in read(exports / "OpportunityHistory.csv")}
    once, again = (write_history(tmp_path / name, exports, rows=50, seed=3) for name in ("once", "again"))
    added = read(once / "OpportunityHistory.csv")
    assert len(added) == len({row["Id"] for row in added}) == 50
    assert not stored.keys() & {row["Id"] for row in added}
    assert {row["OpportunityId"] for row in added} <= {row["OpportunityId"] for row in stored.values()}
    assert added == read(again / "OpportunityHistory.csv")


def test_table_tells_ratios_of_medians():
    small, large = (
        Measured(
            {
                name: [seconds, 9 * seconds, seconds]
                for name in (
                    "plain COPY",
                    "first load",
                    "load of the same file again",
                    "load of 1.0%",
                    "DuckDB",
                )
            }
        )
        for seconds in (2.0, 20.0)
    )
    for found in (small, large):
        found["first load"] = [2.5 * seconds for seconds in found["plain COPY"]]
        for name in (
            "memory of the loader",
            "hand-written statement",
            "headline, database",
            "disk, raw",
            "disk, marts",
        ):
            found[name] = [1.0]
        for part in ("facts and headline", "other reports"):
            for when in ("full build", "0.1% new", "1.0% new"):
                found[f"{when}, {part}, database"] = found[f"{when}, {part}, wall"] = [4.0]
            found[f"rows written again, {part}"] = [2.0]
        found["nothing new, wall"] = [1.0]
        found["queries"] = [0.001] * 19 + [0.2]
    table = format_table({1000: small, 10_000: large}, "a machine", "2026-01-01")
    assert "| (a) first load ÷ plain `COPY` | 2.50 times | 2.50 times | ≤ 1.8 |" in table
    assert "| (f) report queries, p95 | 200.0 ms | 200.0 ms | ≤ 30 ms |" in table
    assert "| plain COPY | 1.00 |" in table
    assert "| the rows of the other reports written again ÷ full build | 25.0% | 25.0% | the floor |" in table
    assert "10 new rows cost 1.00 times as much on 10,000 changes as on 1,000 (target: ≤ 1.2)." in table


def test_overhead_is_told_for_each_further_model():
    found = Measured(
        {
            "parse from nothing": [20.0, 9.0, 8.0],
            "parse again": [2.0],
            "one model": [5.0],
            "models": [7.0],
            "number of models": [9],
            "demo, first": [60.0],
            "demo, again": [1.5],
        }
    )
    told = tell_overhead(found)
    assert "9.0 s from nothing" in told
    assert "0.25 s for each further model" in told


def test_small_data_is_told_beside_what_dbt_takes_anyway():
    found = Measured()
    for name, cpu, nodes in (
        ("parse", 5.0, 0),
        ("nightly", 25.0, 500),
        ("empty project", 20.0, 500),
        ("headline", 9.0, 100),
        ("plain project", 6.0, 50),
    ):
        found[f"small, {name}, CPU"], found[f"small, {name}, wall"] = [cpu], [2 * cpu, 99.0, 2 * cpu]
        found[f"small, {name}, nodes"] = [nodes]
    told = tell_small(found)
    assert "500 nodes: 25.0 s, 5.0 times that (target: ≤ 4), and 40 ms for each node" in told
    assert "100 nodes: 18.0 s, 9.0 s of them processor time" in told
    assert "50 nodes: 12.0 s and 6.0 s. That is 1.50 times as long, 1.50 times the processor time" in told


def test_nodes_are_models_seeds_and_tests(tmp_path):
    ids = ("model.a", "model.b", "seed.a", "test.a.b", "operation.hook", "exposure.page")
    results = {"results": [{"unique_id": name} for name in ids]}
    assert count_nodes(tmp_path).total() == 0
    (tmp_path / "run_results.json").write_text(json.dumps(results))
    assert count_nodes(tmp_path) == {"model": 2, "seed": 1, "test": 1}


def test_nights_are_told_by_their_first_and_last_month():
    megabyte = 2.0**20
    found = Measured({"nights": [0.1] * 30 + [5.0] * 305 + [0.2] * 30})
    found |= {f"nights, {schema}": [megabyte, 2 * megabyte] for schema in GROWING}
    found["nights, facts and headline, database"] = [1.0, 7.0, 2.0]
    told = tell_nights(found)
    assert "365 loads in a row" in told
    assert "the first 30 took 100 ms each (median), the last 30 200 ms" in told
    assert "1.00 s of database time after the first 30, and 2.00 s after the last" in told
    assert "raw from 1.0 to 2.0 MB, " in told


def test_plans_are_of_the_models_that_took_longest():
    assert find_heaviest({"a": 1.0, "b": 4.0, "c": 3.0, "d": 2.0}) == ["b", "c", "d"]
