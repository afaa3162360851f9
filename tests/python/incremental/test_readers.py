"""A reader never meets a missing or empty relation, and nobody waits for a reader without an end.

The project's materializations are tried on a project of four nodes, which builds in seconds; the readers of all marts
are tried on the sample (test_readers_of_the_sample.py).
"""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from conftest import ROOT, Databases, Dbt, ScratchServer, describe_failure

PROJECT = {
    "name": "sales_funnel",
    "profile": "sales_funnel",
    "flags": {"send_anonymous_usage_stats": False},
    "vars": {"loaded_until": None, "lock_tries": 2},
    "models": {"+pre-hook": "{{ lock_relation() }}", "sales_funnel": {"+schema": "marts"}},
    "on-run-start": ["{{ refuse_empty_build() }}"],
    "seeds": {"+schema": "marts", "+grants": {"select": ["reporter"]}},
}
READ = "grants={'select': ['reporter']}"
ROWS = "select n, n::text as label from generate_series(1, 3) as n"
NODES = {
    "models/plain.sql": f"{{{{ config(materialized='table', {READ}) }}}} {ROWS}",
    "models/growing.sql": "{{ config(materialized='incremental', incremental_strategy='append', "
    f"indexes=[{{'columns': ['n']}}], {READ}) }}}} {ROWS}",
    "models/seen.sql": f"{{{{ config(materialized='view', {READ}) }}}} select n, label from {{{{ ref('plain') }}}}",
    "models/inner_step.sql": "{{ config(materialized='view') }} select n, label from {{ ref('growing') }}",
    "models/stg_loads__horizon.sql": "{{ config(schema='staging', materialized='table') }} "
    "select 'today'::timestamptz as loaded_until",
    "seeds/reference.csv": "n,label\n1,one\n2,two\n",
}
RELATIONS = ("plain", "growing", "seen", "reference")


class Warehouse:
    """A small project, its database, and how to change and ask both."""

    def __init__(self, server: ScratchServer, databases: Databases, folder: Path) -> None:
        self.server, self.databases, self.folder = server, databases, folder / "project"
        shutil.copytree(ROOT / "macros", self.folder / "macros")
        (self.folder / "dbt_project.yml").write_text(yaml.safe_dump(PROJECT))
        (folder / "dbt").mkdir()
        self.dbt = Dbt(server, folder / "dbt", self.folder)
        self.write(NODES)
        self.template = self.database = databases.create()
        self.run()
        self.query(
            "create schema analyst authorization scratch_analyst",
            *(f"create view analyst.my_{name} as select label from dev_marts.{name}" for name in RELATIONS),
            *(f"alter view analyst.my_{name} owner to scratch_analyst" for name in RELATIONS),
            "grant usage on schema analyst, dev_marts to reporter",
            "grant select on all tables in schema analyst to reporter",
        )

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            (self.folder / name).parent.mkdir(exist_ok=True)
            (self.folder / name).write_text(text)

    def change(self, node: str, old: str, new: str) -> None:
        """The node's text as above, with one thing changed."""
        assert old in NODES[node]
        self.write({node: NODES[node].replace(old, new)})

    def run(self, command: str = "build") -> None:
        self.dbt(command, database=self.database)

    def refusal(self, command: str) -> str:
        """What dbt says when it refuses."""
        done = self.dbt(command, database=self.database, check=False)
        assert not done.success
        return describe_failure(done)

    def query(self, *statements: str, role: str = "postgres") -> list[tuple]:
        with contextlib.closing(self.server.connect(self.database, role)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []

    @contextlib.contextmanager
    def holding(self, statement: str, role: str = "reporter") -> Iterator[None]:
        """Somebody in a transaction that has read something and does nothing more."""
        with (
            contextlib.closing(self.server.connect(self.database, role)) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("set application_name = 'idle dashboard'; begin")
            cursor.execute(statement)
            yield


@pytest.fixture(scope="module")
def made(server, databases, tmp_path_factory) -> Iterator[Warehouse]:
    """The project built, with a view of an analyst's own on each relation that people read."""
    with contextlib.closing(server.connect("postgres")) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("drop role if exists scratch_analyst; create role scratch_analyst in role reporter")
        made = Warehouse(server, databases, tmp_path_factory.mktemp("readers"))
        yield made
        databases.drop(made.template)
        cursor.execute("drop role scratch_analyst")


@pytest.fixture
def warehouse(made: Warehouse, databases: Databases) -> Iterator[Warehouse]:
    """A copy of it for one test."""
    made.write(NODES)
    made.database = databases.create(template=made.template)
    yield made
    databases.drop(made.database)


def walk(node: object) -> Iterator[str]:
    """The names that a YAML file gives to its data tests."""
    if isinstance(node, dict):
        for entry in node.get("data_tests") or []:
            if isinstance(entry, dict):
                yield from (
                    test["name"] for test in entry.values() if isinstance(test, dict) and "name" in test
                )
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from walk(child)


def rows_seen(warehouse: Warehouse) -> dict[str, int]:
    return {
        name: warehouse.query(f"select count(*) from analyst.my_{name}", role="reporter")[0][0]
        for name in RELATIONS
    }


# --- rows are replaced in place ------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["build", "build --full-refresh"])
def test_views_of_an_analyst_outlive_every_run(warehouse, command):
    before = rows_seen(warehouse)
    warehouse.run(command)
    after = rows_seen(warehouse)
    grown = {"growing": 3} if command == "build" else {}
    assert after == {name: count + grown.get(name, 0) for name, count in before.items()}
    assert min(after.values()) > 0


def test_a_reader_with_an_older_snapshot_sees_the_rows_of_then(warehouse):
    with (
        contextlib.closing(warehouse.server.connect(warehouse.database, "reporter")) as reader,
        reader.cursor() as cursor,
    ):
        cursor.execute("begin isolation level repeatable read; select 1")
        warehouse.change("models/plain.sql", "1, 3", "1, 5")
        warehouse.run("build --full-refresh")
        for name in RELATIONS:
            cursor.execute(f"select count(*) from dev_marts.{name}")
            assert cursor.fetchone()[0] == (2 if name == "reference" else 3), name


def test_grants_that_the_project_no_longer_names_are_taken_back(warehouse):
    warehouse.change("models/plain.sql", "'reporter'", "'loader'")
    warehouse.run("run --select plain")
    for role, may_read in (("reporter", False), ("loader", True)):
        asked = f"select has_table_privilege('{role}', 'dev_marts.plain', 'select')"
        assert warehouse.query(asked) == [(may_read,)]


def test_indexes_follow_the_project_and_ones_made_by_hand_stay(warehouse):
    warehouse.query("create index by_hand on dev_marts.growing (lower(label))")
    warehouse.change("models/growing.sql", "['n']", "['label', 'n']")
    for command, expected in (
        ("run", ["(label, n)", "(lower(label))", "(n)"]),
        ("run --full-refresh", ["(label, n)", "(lower(label))"]),
        ("run", ["(label, n)", "(lower(label))"]),
    ):
        warehouse.run(f"{command} --select growing")
        defined = warehouse.query(
            "select substring(indexdef from '\\(.*') from pg_indexes "
            "where schemaname = 'dev_marts' and tablename = 'growing' order by 1"
        )
        assert [columns for (columns,) in defined] == expected


# --- columns that change -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["plain", "growing"])
def test_a_new_column_leaves_the_views_alone(warehouse, name):
    warehouse.change(f"models/{name}.sql", "n::text as label", "n * 2 as doubled, n::text as label")
    warehouse.run("build --full-refresh")
    assert rows_seen(warehouse)[name] == 3
    assert warehouse.query(f"select sum(doubled) from dev_marts.{name}") == [(12,)]


@pytest.mark.parametrize("expression", ["n::text as title", "n::bigint as label"])
def test_a_column_that_somebodys_view_needs_does_not_go(warehouse, expression):
    warehouse.change("models/plain.sql", "n::text as label", expression)
    said = warehouse.refusal("run --select plain")
    assert "view analyst.my_plain depends on column label of table dev_marts.plain" in said
    assert "then run again" in said
    assert rows_seen(warehouse)["plain"] == 3
    warehouse.query("drop view analyst.my_plain, analyst.my_seen, dev_marts.seen")
    warehouse.run("run --select plain")


def test_a_view_that_nobody_reads_makes_way_for_the_run_that_makes_it_again(warehouse):
    warehouse.query("drop view analyst.my_growing")
    warehouse.change("models/growing.sql", "n::text as label", "n::text as title")
    warehouse.change("models/inner_step.sql", "label from", "title from")
    said = warehouse.refusal("run --full-refresh --select growing")
    assert "view dev_marts.inner_step depends on column label" in said
    assert "--select growing+" in said
    warehouse.run("run --full-refresh --select growing+")
    assert warehouse.query("select max(title) from dev_marts.inner_step") == [("3",)]


def test_a_views_columns_change_in_one_transaction(warehouse):
    warehouse.change("models/seen.sql", "label from", "label as title from")
    assert "view analyst.my_seen depends on view dev_marts.seen" in warehouse.refusal("run --select seen")
    assert rows_seen(warehouse)["seen"] == 3
    warehouse.query("drop view analyst.my_seen")
    warehouse.run("run --select seen")
    assert warehouse.query("select max(title) from dev_marts.seen", role="reporter") == [("3",)]


# --- waits end -----------------------------------------------------------------------------------------------------


def test_an_idle_reader_does_not_stop_a_run(warehouse):
    everything = "select " + ", ".join(f"(select count(*) from dev_marts.{name})" for name in RELATIONS)
    with warehouse.holding(everything):
        warehouse.run("build")
        warehouse.run("build --full-refresh")


def test_a_run_that_has_to_change_what_is_being_read_names_the_reader(warehouse):
    warehouse.change("models/seen.sql", "label from", "upper(label) as label from")
    started = time.monotonic()
    with warehouse.holding("select count(*) from dev_marts.seen"):
        said = warehouse.refusal("run --select seen")
        # Others read on while the run tries.
        assert warehouse.query(
            "set statement_timeout = '5s'", "select count(*) from dev_marts.seen", role="reporter"
        )
    assert time.monotonic() - started < 30
    assert "of user reporter, application idle dashboard, idle in transaction since" in said
    warehouse.run("run --select seen")


@pytest.mark.parametrize("name", RELATIONS)
def test_a_second_build_says_for_whom_it_waits(warehouse, name):
    relation = f'"{warehouse.database}"."dev_marts"."{name}"'
    said: list[str] = []
    warehouse.dbt.callbacks.append(lambda event: said.append(event.info.msg))
    done = threading.Thread(target=lambda: warehouse.run(f"build --select {name}"))
    try:
        with warehouse.holding(f"select pg_advisory_lock(hashtextextended('{relation}', 0))", "transformer"):
            done.start()
            deadline = time.monotonic() + 60
            while (
                not (waiting := [line for line in said if "waits, because" in line])
                and time.monotonic() < deadline
            ):
                time.sleep(0.05)
            assert done.is_alive()
    finally:
        done.join(60)
        warehouse.dbt.callbacks.clear()
    assert "of user transformer, application idle dashboard" in waiting[0]
    assert not done.is_alive()


@pytest.mark.parametrize("node", ["models/plain.sql", "models/growing.sql", "models/seen.sql"])
def test_no_lock_outlives_the_transaction_of_a_node(warehouse, node):
    """A pooler hands the session on, and the next build would wait for it without an end."""
    kept = "create table dev_marts.kept as select * from pg_locks where locktype = 'advisory'"
    hook = f'post_hook={{"sql": "{kept}", "transaction": False}}, grants'
    warehouse.change(node, "grants", hook)
    warehouse.run(f"run --select {Path(node).stem}")
    assert warehouse.query("table dev_marts.kept") == []


def test_a_first_build_goes_on_where_another_one_has_made_what_it_waited_for(warehouse):
    waits = []
    warehouse.dbt.callbacks.append(lambda event: "waits, because" in event.info.msg and waits.append(event))
    warehouse.query(
        "create schema before authorization transformer",
        *(f"create table before.{name} as table dev_marts.{name}" for name in RELATIONS),
        "grant select on all tables in schema before to transformer",
        "drop schema dev_marts, analyst cascade",
    )
    locks = ", ".join(
        f'pg_advisory_lock(hashtextextended(\'"{warehouse.database}"."dev_marts"."{name}"\', 0))'
        for name in (*RELATIONS, "inner_step")
    )
    results = []
    run = threading.Thread(
        target=lambda: results.append(warehouse.dbt("build", database=warehouse.database, check=False))
    )
    try:
        with warehouse.holding(f"select {locks}", "transformer"):
            run.start()
            deadline = time.monotonic() + 60
            while not waits and time.monotonic() < deadline:
                time.sleep(0.05)
            warehouse.query(
                "set role transformer",
                *(
                    f"create table dev_marts.{name} as table before.{name}"
                    for name in ("plain", "growing", "reference")
                ),
                "create view dev_marts.seen as select n, label from dev_marts.plain",
                "create view dev_marts.inner_step as select n, label from dev_marts.growing",
            )
    finally:
        run.join(60)
        warehouse.dbt.callbacks.clear()
    assert waits and results[0].success, describe_failure(results[0])
    for name in RELATIONS:
        assert warehouse.query(f"table dev_marts.{name} except all table before.{name}") == [], name


# --- dbt's own commands --------------------------------------------------------------------------------------------


def test_clones_hold_the_same_rows_and_the_next_build_replaces_them(warehouse, tmp_path):
    warehouse.dbt("compile", database=warehouse.database, artifacts=True)
    shutil.copy(warehouse.dbt.target_path(warehouse.database) / "manifest.json", tmp_path)
    of_prod = {"database": warehouse.database, "target": "prod"}
    warehouse.dbt(f"clone --state {tmp_path}", **of_prod)
    for kind in ("v", "r"):
        for name in RELATIONS:
            different = f"table marts.{name} except all table dev_marts.{name}"
            assert warehouse.query(different) == [], name
        [(tables,)] = warehouse.query(
            f"select count(*) from pg_class where relnamespace = 'marts'::regnamespace and relkind = '{kind}' "
            "and relname in ('plain', 'growing', 'reference')"
        )
        assert tables == 3
        warehouse.dbt("build", **of_prod)


def test_an_empty_build_is_refused_where_a_load_is(warehouse):
    said = warehouse.refusal("build --empty --select plain")
    assert "--empty would empty the relations of target dev, whose schemas hold loaded data; give it" in said
    assert rows_seen(warehouse)["plain"] == 3
    warehouse.query("update dev_staging.stg_loads__horizon set loaded_until = '-infinity'")
    warehouse.run("build --empty --select plain")


def test_every_test_has_a_name_of_its_own_that_postgresql_can_hold():
    """Or --store-failures writes two tests' failures into one table. Names that dbt makes are so of themselves."""
    files = [path for folder in ("models", "seeds") for path in (ROOT / folder).rglob("*.yml")]
    names = [name for path in files for name in walk(yaml.safe_load(path.read_text(encoding="utf-8")))]
    names += [path.stem for path in (ROOT / "tests" / "singular").rglob("*.sql")]
    assert len(names) > 150
    assert [name for name in names if names.count(name) > 1 or len(name) > 63] == []
