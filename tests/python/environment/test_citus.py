"""The whole project on Citus: the marts of plain PostgreSQL, timelines on the shards, increments that are right.

SALES_FUNNEL_CITUS_DSN is a superuser's connection string to a scratch database on the coordinator of a cluster, whose
raw data these tests replace (docs/citus.md says how to make one). Without it they skip, and say so.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections import Counter

import psycopg2
import pytest
from psycopg2 import sql

from conftest import ROOT, Dbt, ScratchServer, environment
from server import postgres
from support.parity import Warehouse, build, play

DSN = os.environ.get("SALES_FUNNEL_CITUS_DSN")
SEQUENCES = int(os.environ.get("SALES_FUNNEL_CITUS_SEQUENCES", "5"))
pytestmark = pytest.mark.skipif(
    DSN is None,
    reason="SALES_FUNNEL_CITUS_DSN names no scratch database on the coordinator of a Citus cluster",
)


@pytest.fixture(scope="module")
def cluster() -> ScratchServer:
    """The coordinator, with the project's roles and its raw tables distributed and empty."""
    with contextlib.closing(psycopg2.connect(DSN)) as connection:
        passwords = {role: secrets.token_urlsafe(12) for role in postgres.ROLES}
        postgres.initialize(connection, passwords)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute((ROOT / "citus.sql").read_text(encoding="utf-8"))
            cursor.execute("select 'raw.' || table_name from raw.files")
            tables = ", ".join(name for (name,) in cursor.fetchall())
            cursor.execute(f"truncate {tables}, raw.load_batches, raw.rejected_rows")
            cursor.execute("select nspname from pg_namespace where nspname like 'citus\\_%'")
            for (schema,) in cursor.fetchall():
                if schema in (
                    "citus_reference",
                    "citus_staging",
                    "citus_intermediate",
                    "citus_marts",
                    "citus_monitoring",
                ):
                    cursor.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(schema)))
        info = connection.info
        return ScratchServer(info.host, info.port, info.user, passwords | {"postgres": info.password or ""})


@pytest.fixture(scope="module")
def citus_database() -> str:
    with contextlib.closing(psycopg2.connect(DSN)) as connection:
        return connection.info.dbname


@pytest.fixture(scope="module")
def built(cluster, citus_database, dbt_packages, tmp_path_factory) -> str:
    """The sample loaded, and built twice on the cluster."""
    from loader.load import main as load_files

    with environment(cluster.environment(citus_database, "loader")):
        assert load_files([str(ROOT / "raw_data")]) == 0
    citus = Dbt(cluster, tmp_path_factory.mktemp("dbt_citus"))
    # Twice, as on the second night: tables and seeds that stand are not distributed again.
    for _ in range(2):
        citus("build --exclude-resource-type unit_test", database=citus_database, target="citus")
    return citus_database


def marts_of(connection, schema: str) -> dict[str, Counter]:
    """Table → its rows, load times left out. Compared as values: the scale of a numeric is not kept on the way."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select table_name::text, array_agg(column_name::text order by column_name) from information_schema.columns"
            " where table_schema = %s and column_name != '_loaded_at' group by table_name",
            [schema],
        )
        found = {}
        for name, columns in cursor.fetchall():
            listed = sql.SQL(", ").join(map(sql.Identifier, columns))
            cursor.execute(sql.SQL("select {} from {}").format(listed, sql.Identifier(schema, name)))
            found[name] = Counter(cursor.fetchall())
    return found


# They tell when the data was loaded.
TIMES_OF_LOADS = {"dim_as_of"}


def test_every_mart_equals_that_of_plain_postgresql(built, cluster, server, sample_database):
    with contextlib.closing(cluster.connect(built)) as connection:
        on_citus = marts_of(connection, "citus_marts")
    with contextlib.closing(server.connect(sample_database)) as connection:
        plain = marts_of(connection, "dev_marts")
    different = {
        name for name in plain.keys() | on_citus.keys() if plain.get(name) != on_citus.get(name)
    } - TIMES_OF_LOADS
    assert len(plain) > 60
    assert not different


def test_facts_lie_on_the_shards_with_the_log(built, cluster):
    with contextlib.closing(cluster.connect(built)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select table_name::text from citus_tables"
            " where distribution_column in ('_deal_key', 'deal_key') and colocation_id ="
            " (select colocation_id from citus_tables where table_name = 'raw.deal_changes'::regclass)"
        )
        found = {name for (name,) in cursor.fetchall()}
    assert {"raw.activity", "citus_marts.fct_funnel_events", "citus_marts.fct_deal_stage_history"} <= found


@pytest.mark.parametrize("view", ["int_deal_outcomes", "int_deal_owner_intervals", "int_deals_current"])
def test_timelines_run_on_the_shards(built, cluster, view):
    with contextlib.closing(cluster.connect(built)) as connection, connection.cursor() as cursor:
        cursor.execute("select shard_count from citus_tables where table_name = 'raw.deal_changes'::regclass")
        [(shards,)] = cursor.fetchall()
        cursor.execute(f"explain (costs off) select * from citus_intermediate.{view}")
        plan = [line for (line,) in cursor.fetchall()]
    tasks = [number for node, number in nodes_with_tasks(plan) if "WindowAgg" in node or "Aggregate" in node]
    assert tasks
    assert set(tasks) == {shards}


def test_what_a_model_forbids_the_planner_holds_on_the_shards(built, cluster):
    """Without it, an increment on a million changes took a hundred times as long: nested loops over timelines."""
    with (
        contextlib.closing(cluster.connect(built, "transformer")) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("set local enable_nestloop = off")
        cursor.execute(
            "select count(*), count(*) filter (where current_setting('enable_nestloop') = 'off')"
            " from raw.deal_changes"
        )
        rows, obeyed = cursor.fetchone()
    assert rows == obeyed > 10_000


def nodes_with_tasks(plan: list[str]) -> list[tuple[str, int]]:
    """(node, number of tasks that it runs in), 0 for those of the coordinator's own."""
    found, around = [], [(-1, 0)]
    for line in plan:
        depth = len(line) - len(line.lstrip())
        while around[-1][0] >= depth:
            around.pop()
        if count := re.search(r"Task Count: (\d+)", line):
            around.append((depth - 1, int(count[1])))
        found.append((line.strip(), around[-1][1]))
    return found


def test_incremental_runs_equal_a_full_refresh(built, cluster, tmp_path, tmp_path_factory):
    from loader.load import main as load_files

    def connect(database, role="postgres"):
        return cluster.connect(database, role)

    def load(*arguments, database, check=True):
        with environment(cluster.environment(database, "loader")):
            return load_files([str(argument) for argument in arguments])

    dbt = Dbt(cluster, tmp_path_factory.mktemp("dbt_parity"))
    build(dbt, built, target="citus")
    warehouse = Warehouse(built, dbt, connect, load, target="citus")
    assert sum(play(seed, warehouse, tmp_path) for seed in range(SEQUENCES)) > SEQUENCES
