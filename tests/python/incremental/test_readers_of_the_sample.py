"""While dbt builds, fails or builds a part, a reader of the sample's marts finds every one of them, with rows.

And dbt's own commands `clone`, `test --store-failures` and `build --empty` on the whole project.
"""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Iterator

import pytest

from conftest import ROOT, ScratchServer

MARTS, SEEDS = "dev_marts", "dev_reference"
NARROW_RUNS = (
    "run --full-refresh --select stg_loads__horizon",
    "seed --full-refresh --select amount_bands channels funnel_steps",
    "run --select dim_accounts dim_owners",
    "run --full-refresh --select dim_deals int_deal_states",
)


def ask(server: ScratchServer, database: str, statement: str, role: str = "postgres") -> list[tuple]:
    with contextlib.closing(server.connect(database, role)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []


class Readers:
    """Reads all marts and an analyst's view again and again, and once more from a snapshot taken before."""

    def __init__(self, server: ScratchServer, database: str) -> None:
        self.relations = [
            name
            for (name,) in ask(
                server,
                database,
                "select format('%I.%I', nspname, relname) from pg_class "
                "inner join pg_namespace on pg_namespace.oid = relnamespace "
                f"where relkind in ('r', 'v') and nspname in ('{MARTS}', '{SEEDS}', 'analyst') "
                "and relname not in ('exchange_rates', 'sales_quotas', 'funnel_dimensions', 'dim_deal_dimensions', "
                "'deal_urls') order by 1",  # these are shipped empty
            )
        ]
        self.wanting: set[str] = set()
        self.rounds = 0
        self.stop = threading.Event()
        self.reader = server.connect(database, "reporter")
        self.old_reader = server.connect(database, "reporter")
        with self.old_reader.cursor() as cursor:
            # A transaction idle for longer than the role's default, which any session may raise.
            cursor.execute(
                "set idle_in_transaction_session_timeout = 0; begin isolation level repeatable read; select 1"
            )
        self.thread = threading.Thread(target=self.read)

    def read(self) -> None:
        self.reader.autocommit = True
        with self.reader.cursor() as cursor:
            while not self.stop.is_set():
                self.look(cursor)
                self.rounds += 1

    def look(self, cursor) -> None:
        for relation in self.relations:
            try:
                cursor.execute(f"select 1 from {relation} limit 1")
                if not cursor.fetchone():
                    self.wanting.add(f"{relation} is empty")
            except Exception as error:
                self.wanting.add(f"{relation}: {error}")

    def end(self) -> None:
        self.stop.set()
        self.thread.join()
        with self.old_reader.cursor() as cursor:
            self.look(cursor)
        self.reader.close()
        self.old_reader.close()


@contextlib.contextmanager
def reading(server: ScratchServer, database: str) -> Iterator[Readers]:
    readers = Readers(server, database)
    readers.thread.start()
    try:
        yield readers
    finally:
        readers.end()
    assert not readers.wanting
    assert readers.rounds > 1
    assert len(readers.relations) > 80


@pytest.fixture
def built(server, databases, sample_database) -> Iterator[str]:
    """A copy of the sample, with a view of an analyst's own on two marts and a seed."""
    name = databases.create(template=sample_database)
    ask(
        server,
        name,
        "create schema analyst; create view analyst.mine as select opportunities.* "
        f"from {MARTS}.fct_deals as opportunities "
        f"inner join {MARTS}.dim_accounts using (account_id) cross join {SEEDS}.amount_bands; "
        "grant usage on schema analyst to reporter; grant select on analyst.mine to reporter",
    )
    yield name
    databases.drop(name)


def test_readers_find_every_mart_during_narrow_and_failing_runs(server, built, dbt):
    with reading(server, built):
        for command in NARROW_RUNS:
            dbt(command, database=built)
        ask(server, built, "alter view dev_intermediate.int_deals_current rename to hidden")
        failed = dbt("run --full-refresh --select dim_deals fct_deal_outcomes", database=built, check=False)
        assert not failed.success
        ask(server, built, "alter view dev_intermediate.hidden rename to int_deals_current")


@pytest.mark.nightly
def test_readers_find_every_mart_during_whole_builds(server, built, dbt, load, tmp_path):
    with reading(server, built):
        dbt("build --full-refresh", database=built)
        export = shutil.copytree(ROOT / "raw_data" / "pipedrive", tmp_path / "pipedrive")
        lines = (export / "activity.csv").read_text(encoding="utf-8").splitlines(keepends=True)
        (export / "activity.csv").write_text("".join(lines[:-50]), encoding="utf-8")
        load(export, database=built)
        dbt("build", database=built)
        ask(server, built, f"update {MARTS}.rep_sales_funnel_monthly set deals_count = deals_count + 1")
        failed = dbt(
            "build --exclude rep_sales_funnel_monthly,resource_type:model", database=built, check=False
        )
        assert not failed.success


# --- dbt's own commands --------------------------------------------------------------------------------------------


@pytest.mark.nightly
def test_an_empty_build_builds_where_no_load_is(dbt, database):
    for _ in range(2):
        dbt("build --empty --exclude-resource-type test unit_test", database=database)


@pytest.mark.nightly
def test_failures_of_tests_can_be_kept(dbt, built):
    dbt("test --store-failures", database=built)


@pytest.mark.nightly
def test_clones_hold_the_same_rows_and_the_next_build_replaces_them(dbt, server, built, tmp_path):
    dbt("compile", database=built, artifacts=True)
    shutil.copy(dbt.target_path(built) / "manifest.json", tmp_path)
    dbt(f"clone --state {tmp_path}", database=built, target="prod")

    def relations(schema: str, kinds: str) -> list[str]:
        found = "select relname from pg_class where relnamespace = '{}'::regnamespace and relkind in {}"
        return [name for (name,) in ask(server, built, found.format(schema, kinds) + " order by relname")]

    clones = relations("marts", "('v')")
    assert clones == relations(MARTS, "('r', 'v')")
    for name in clones:
        assert ask(server, built, f"table marts.{name} except all table {MARTS}.{name}") == [], name
    dbt("build --exclude-resource-type test unit_test", database=built, target="prod")
    assert relations("marts", "('r')") == relations(MARTS, "('r')")
    for name in clones:
        # They say which load a row came with, and when the mart was built to it.
        assert ask(server, built, f"table marts.{name} except all table {MARTS}.{name}") == [], name
