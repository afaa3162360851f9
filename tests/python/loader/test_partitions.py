"""With raw's logs in partitions (partitions.sql) loads and marts are what they are without."""

from __future__ import annotations

import contextlib

import pytest

from conftest import ROOT
from server import postgres

MARTS = ("rep_sales_funnel_monthly", "fct_funnel_events", "fct_deal_stage_history", "fct_activities")
PARTITIONS = (ROOT / "partitions.sql").read_text(encoding="utf-8")


@pytest.fixture
def rows(connect):
    """rows(database, mart) → its rows of Pipedrive without the times of loads, sorted."""

    def read(database: str, mart: str) -> list[tuple]:
        with contextlib.closing(connect(database)) as connection, connection.cursor() as cursor:
            cursor.execute(
                f"select to_jsonb(mart) - '_loaded_at' as row from dev_marts.{mart} as mart"
                " where coalesce(to_jsonb(mart) ->> 'crm_source', 'pipedrive') = 'pipedrive' order by 1"
            )
            return cursor.fetchall()

    return read


@pytest.mark.nightly
def test_partitioned_logs_give_the_same_marts(database, sample_database, connect, load, dbt, rows, tmp_path):
    lines = (
        (ROOT / "raw_data/pipedrive/deal_changes.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    )
    (tmp_path / "deal_changes.csv").write_text("".join(lines[:5000]), encoding="utf-8")
    load(tmp_path, database=database)  # rows from before the partitions
    with contextlib.closing(connect(database)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(PARTITIONS)
            cursor.execute(PARTITIONS)  # again changes nothing
        postgres.initialize(connection, {})
        with connection.cursor() as cursor:
            cursor.execute("select count(*) from raw.deal_changes")
            assert cursor.fetchone() == (4999,)
    build = ["run", "--select", *(f"+{mart}" for mart in MARTS)]
    dbt("seed", database=database)
    dbt(build, database=database)
    load(ROOT / "raw_data" / "pipedrive", database=database)  # what is new goes to a month's partition
    dbt(build, database=database)
    assert [mart for mart in MARTS if rows(database, mart) != rows(sample_database, mart)] == []
    with contextlib.closing(connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from pg_index inner join pg_inherits on inhparent = 'raw.deal_changes'::regclass"
            " where indrelid = inhrelid"
        )
        assert cursor.fetchone()[0] == 3 * 14, "an index is missing from a partition"


def test_first_load_leaves_the_indexes_of_partitions_alone(database, connect):
    with contextlib.closing(connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute(PARTITIONS)
        cursor.execute("select raw.begin_first_load('deal_changes', now(), 'deal_changes.csv')")
        assert cursor.fetchone() == (False,)
