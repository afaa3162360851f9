"""After any sequence of loads an incremental run leaves every mart identical to its full refresh.

Random sequences of loads (new, late, out of order, duplicated, corrected, deleted and restored rows; several loads
between runs; runs killed half-way; everything loaded again) go through the real loader and dbt's own SQL. A failing
sequence prints what it did and its seed:

    SALES_FUNNEL_PARITY_SEED=17 make test           plays sequence 17 alone
    SALES_FUNNEL_PARITY_SEQUENCES=5000 make test    plays more than the default 150
"""

from __future__ import annotations

import contextlib
import io
import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import ROOT, Dbt
from crm_simulator import Crm
from dbt_replay import Replay, record

SEQUENCES = int(os.environ.get("SALES_FUNNEL_PARITY_SEQUENCES", "150"))
ONLY_SEED = os.environ.get("SALES_FUNNEL_PARITY_SEED")
SEEDS = [int(ONLY_SEED)] if ONLY_SEED else range(SEQUENCES)
# Sequences that a broken rule may survive before the proof counts as blind to it.
SEQUENCES_TO_CATCH = 60
# Their parity is proved in test_pipeline_parity.
PIPELINE = "int_opportunity_states+"
CHANGING_TABLES = ("deal_changes", "activity", "stages")


class Warehouse:
    """A scratch database whose marts follow the loads, and the record of an incremental run of a project."""

    def __init__(
        self,
        database: str,
        dbt: Dbt,
        connect: Callable,
        load: Callable,
        select: str = "config.materialized:incremental",
        exclude: str = PIPELINE,
        target: str = "dev",
    ) -> None:
        self.target = target
        self.database = database
        self.load_files = load
        self.admin = connect(database)
        self.admin.autocommit = True
        self.connection = connect(database, "transformer")
        events: list = []
        dbt.callbacks.append(lambda event: events.append(event) if event.info.name == "SQLQuery" else None)

        def invoke(*arguments: str):
            return dbt(list(arguments), database=database, target=target)

        try:
            # The first run makes the tables and views; only then is the recorded one incremental.
            invoke("seed", "--full-refresh")
            with_parents = [f"+{name}" for name in select.split()]
            invoke("run", "--full-refresh", "--select", *with_parents, "--exclude", exclude)
            # The other marts are written anew from these in every run, so there is nothing to compare.
            self.replay: Replay = record(invoke, events, select, exclude)
        finally:
            dbt.callbacks.pop()

    def reset(self) -> None:
        """Back to no loads and no marts."""
        with self.admin.cursor() as cursor:
            tables = [f"raw.{table}" for table in (*CHANGING_TABLES, "load_batches", "rejected_rows")]
            cursor.execute(f"truncate {', '.join(tables + [node.relation for node in self.replay.nodes])}")

    def load(self, files: list[Path], mode: str) -> None:
        output = io.StringIO()
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            status = self.load_files(
                *files, "--mode", mode, "--max-deleted", "1", database=self.database, check=False
            )
        assert status == 0, output.getvalue()

    def first_stage_entries(self) -> dict[tuple[str, str], int]:
        """What rep_sales_funnel_monthly says of stage steps: (month, step) → deals, cells above zero."""
        with self.connection.cursor() as cursor:
            cursor.execute(
                f"select month::text, funnel_step, deals_count from {self.target}_marts.rep_sales_funnel_monthly"
                " where funnel_step in ('1', '2', '3') and deals_count > 0"
            )
            counts = {(month, step): deals for month, step, deals in cursor.fetchall()}
        self.connection.rollback()
        return counts


def play(seed: int, warehouse: Warehouse, folder: Path, steps: int = 6) -> int:
    """Play one sequence of loads and runs. Returns the number of runs compared; AssertionError on a difference."""
    rng = random.Random(seed)
    crm = Crm(rng)
    exported = crm.copy()
    warehouse.reset()
    story: list[str] = []
    compared = 0
    for step in range(steps):
        loaded_in_full = False
        for load in range(rng.choice([1, 1, 2, 3])):
            for _ in range(rng.randint(1, 6)):
                crm.change()
            mode = "full" if step == 0 or rng.random() < 0.6 else "delta"
            files = crm.export(
                folder / f"{seed}-{step}-{load}", delta_from=exported if mode == "delta" else None
            )
            story.append(f"load {mode}: {sorted(crm.log)} {sorted(crm.activities.items())} {crm.stages}")
            warehouse.load(files, mode)
            if rng.random() < 0.15:
                story.append("load the same again")
                warehouse.load(files, mode)
            # A table that became empty is not exported: the loader refuses empty files.
            loaded_in_full = mode == "full" and len(files) == len(CHANGING_TABLES)
            if loaded_in_full:
                exported = crm.copy()
        if rng.random() < 0.15:
            stop_after = rng.randrange(warehouse.replay.count_statements())
            story.append(f"run killed after {stop_after} statements")
            warehouse.replay.run(warehouse.connection, stop_after=stop_after)
            continue
        story.append("run")
        warehouse.replay.run(warehouse.connection)
        compared += 1
        differences = warehouse.replay.differences(warehouse.connection)
        assert not differences, describe(seed, story, differences)
        if loaded_in_full:
            counted = warehouse.first_stage_entries()
            assert counted == crm.first_stage_entries(), describe(seed, story, {"counted apart": [counted]})
    return compared


def describe(seed: int, story: list[str], differences: dict[str, list]) -> str:
    lines = [f"incremental differs from full refresh; repeat with SALES_FUNNEL_PARITY_SEED={seed}", *story]
    for mart, rows in differences.items():
        lines += [f"{mart}:", *(f"  {row}" for row in rows)]
    return "\n".join(lines)


@pytest.fixture(scope="module")
def warehouse(databases, dbt, connect, load) -> Iterator[Warehouse]:
    database = databases.create()
    yield Warehouse(database, dbt, connect, load)
    databases.drop(database)


def test_incremental_marts_equal_full_refresh_after_every_run(warehouse, tmp_path):
    compared = sum(play(seed, warehouse, tmp_path) for seed in SEEDS)
    print(f"\nparity: {len(SEEDS)} sequences, {compared} incremental runs compared with a full refresh")
    assert compared >= len(SEEDS)


# --- each rule of the contract, broken once, must be caught -------------------------------------------------------

BROKEN_RULES = {
    "watermark taken from another mart": (
        "macros/collect_changed_deals.sql",
        "from {{ this }} as mart){% endset %}",
        "from {{ this.incorporate(path={'identifier': 'dim_deals'}) }} as mart){% endset %}",
    ),
    "watermark not coalesced": (
        "macros/collect_changed_deals.sql",
        "coalesce(max(mart._loaded_at), '-infinity')",
        "max(mart._loaded_at)",
    ),
    "only the new rows instead of all rows of changed deals": (
        "macros/only_changed_deals.sql",
        "where deal_id = any(array(select changed.deal_id from changed_deals as changed))",
        "where _loaded_at > (select coalesce(max(mart._loaded_at), '-infinity') from {{ this }} as mart)",
    ),
    "deletes by the keys of the new rows": (
        "macros/get_incremental_replace_deals_sql.sql",
        "from changed_deals as changed",
        "from (select distinct deal_id from {{ arg_dict['temp_relation'] }}) as changed",
    ),
    "report does not take back what changed deals counted for": (
        "macros/collect_funnel_moves.sql",
        "[(watermark, '-'), (horizon, '+')]",
        "[(horizon, '+')]",
    ),
    "report looks at the newest month only": (
        "macros/collect_funnel_moves.sql",
        "pipeline_id = {{ var('default_pipeline_id') }}",
        "occurred_month >= (select coalesce(max(mart.month), '-infinity') from {{ this }} as mart)"
        " and pipeline_id = {{ var('default_pipeline_id') }}",
    ),
    "grid keeps months that fell to zero": (
        "models/marts/funnel/rep_sales_funnel_monthly.sql",
        "where entries_count > 0",
        "where entries_count >= 0",
    ),
    "superseded versions stay": (
        "macros/newest_versions.sql",
        "later._version > 1",
        "later._version > 999",
    ),
    "changed reference rows do not matter": (
        "macros/collect_changed_deals.sql",
        "{%- for reference_relation in reference_relations %}",
        "{%- for reference_relation in [] %}",
    ),
}


@pytest.fixture(params=BROKEN_RULES, ids=lambda rule: rule.replace(" ", "-"))
def broken_warehouse(request, databases, dbt, connect, load, tmp_path) -> Iterator[Warehouse]:
    """A warehouse built by a copy of the project in which one rule is broken."""
    file, right, wrong = BROKEN_RULES[request.param]
    project = tmp_path / "project"
    for name in ("models", "macros", "seeds", "tests/generic", "dbt_packages"):
        shutil.copytree(ROOT / name, project / name)
    for name in ("dbt_project.yml", "packages.yml"):
        shutil.copy(ROOT / name, project / name)
    text = (project / file).read_text(encoding="utf-8")
    assert right in text, f"{file} has no {right!r}: mend the list of broken rules"
    (project / file).write_text(text.replace(right, wrong), encoding="utf-8")
    database = databases.create()
    (tmp_path / "dbt").mkdir()
    yield Warehouse(database, Dbt(dbt.server, tmp_path / "dbt", project), connect, load)
    databases.drop(database)


def test_a_broken_rule_is_caught(broken_warehouse, tmp_path):
    for seed in range(SEQUENCES_TO_CATCH):
        try:
            play(seed, broken_warehouse, tmp_path)
        except AssertionError as difference:
            assert "incremental differs" in str(difference)
            return
    pytest.fail(f"{SEQUENCES_TO_CATCH} sequences did not notice it")
