"""The real Pipedrive export gives the figures published for it."""

from __future__ import annotations

import pytest

from support import real_data

FEBRUARY_2024 = {
    "1": 194,
    "2": 74,
    "2.1": 64,
    "3": 27,
    "3.1": 59,
    "4": 17,
    "5": 10,
    "6": 8,
    "7": 1,
    "8": 0,
    "9": 2,
}


@pytest.fixture(scope="module")
def query(databases, dbt, load, connect):
    """query(sql) → rows, on a database that holds the real export, loaded and built in another time zone than UTC."""
    folder = real_data.require("pipedrive")
    database = databases.create()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGTZ", "Asia/Kolkata")
        load(folder, database=database)
        dbt("build --exclude-resource-type unit_test", database=database)
        load(folder, database=database)
    connection = connect(database, "transformer")

    def run(statement: str) -> list[tuple]:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()

    yield run
    connection.close()
    databases.drop(database)


def test_february_2024_has_the_published_counts(query):
    rows = query(
        "select funnel_step, deals_count from dev_marts.rep_sales_funnel_monthly"
        " where month = '2024-02-01' and funnel_step != 'Lost'"
    )
    assert dict(rows) == FEBRUARY_2024


def test_report_has_128_cells_over_14_months_and_lost_beside_them(query):
    assert query(
        "select count(*), count(distinct month), sum(deals_count) from dev_marts.rep_sales_funnel_monthly"
        " where deals_count > 0 and funnel_step != 'Lost'"
    ) == [(128, 14, 12014 - 1995)]
    assert query(
        "select sum(deals_count) from dev_marts.rep_sales_funnel_monthly where funnel_step = 'Lost'"
    ) == [(1995,)]


def test_second_load_of_the_same_export_appends_nothing(query):
    assert query("select count(*) from raw.deal_changes") == [(15406,)]
    assert query("select count(*) from raw.activity") == [(4579,)]
    appended = "select sum(rows_new + rows_changed + rows_deleted) from raw.load_batches where batch_id > 6"
    assert query(appended) == [(0,)]
