"""What the incremental contract means to a person: the figures move when the CRM changes its mind.

These tests run dbt itself; test_incremental_parity.py replays its statements over many more cases.
"""

from __future__ import annotations

import random

import pytest

from conftest import Dbt, copy_part
from support.crm_simulator import Crm

REPORT = (
    "select month::text, deals_count from {schema}.rep_sales_funnel_monthly"
    " where funnel_step = %s and deals_count > 0"
)


STEPS = """\
pipeline_id,step_order,funnel_step,kpi_name,event_type,source_value,parent_step
1,1,1,Lead,stage,1,
1,2,2,Qualified,stage,2,
1,3,2.1,Sales Call 1,activity,meeting,2
1,4,3,Proposal,stage,3,
1,5,3.1,Sales Call 2,activity,sc_2,3
"""
# The views stand since the first build, and the other marts are tables made anew from these.
REPORT_ALONE = "--select +rep_sales_funnel_monthly"
TABLES = "config.materialized:incremental dim_as_of dim_months"


class Warehouse:
    """A CRM of two deals, its exports, and the marts built from them."""

    def __init__(self, database, dbt, load, connect, folder):
        self.database, self.dbt, self.load, self.connect, self.folder = database, dbt, load, connect, folder
        self.crm = Crm(random.Random(0))
        self.crm.log = [
            (1, "2024-02-10 09:00:00", "stage_id", "1"),
            (1, "2024-02-20 09:00:00", "stage_id", "2"),
            (2, "2024-02-11 09:00:00", "stage_id", "1"),
        ]
        self.crm.activities = {(1, 7): ("meeting", 1, "True", "2024-02-15 10:00:00")}
        self.exports = 0

    def export_and_load(self):
        self.exports += 1
        folder = self.folder / str(self.exports)
        self.crm.export(folder)
        (folder / "funnel_steps.csv").write_text(STEPS, encoding="utf-8")
        self.load(folder, "--max-deleted", "1", database=self.database)

    def build(self, select="", **options):
        self.dbt("seed", database=self.database, **options)
        self.dbt(f"run {select}", database=self.database, **options)

    def run(self, select=TABLES):
        self.dbt(f"run --select {select}", database=self.database)

    def refresh(self, *select):
        self.export_and_load()
        self.run(*select)

    def query(self, statement, *parameters, schema="dev_marts"):
        connection = self.connect(self.database, "transformer")
        with connection.cursor() as cursor:
            cursor.execute(statement.replace("{schema}", schema), parameters)
            rows = cursor.fetchall()
        connection.close()
        return rows

    def report(self, step, **options):
        return dict(self.query(REPORT, step, **options))


@pytest.fixture(scope="module")
def dbt(dbt, tmp_path_factory) -> Dbt:
    """dbt on a copy of the project that holds these tables and what they read, and nothing else."""
    folder = tmp_path_factory.mktemp("part")
    project = copy_part(dbt, folder / "project", *(f"+{node}" for node in TABLES.split()))
    return Dbt(dbt.server, folder, project, stays=True)


@pytest.fixture(scope="module")
def built(databases, dbt, load, connect, tmp_path_factory):
    """A database with the first export loaded and everything built: the template of each test's own."""
    database = databases.create()
    warehouse = Warehouse(database, dbt, load, connect, tmp_path_factory.mktemp("first"))
    warehouse.export_and_load()
    warehouse.build("--select " + " ".join(f"+{node}" for node in TABLES.split()))
    yield database
    databases.drop(database)


@pytest.fixture
def warehouse(databases, built, dbt, load, connect, tmp_path):
    database = databases.create(template=built)
    yield Warehouse(database, dbt, load, connect, tmp_path)
    databases.drop(database)


def test_late_row_moves_first_entry_to_earlier_month(warehouse):
    assert warehouse.report("1") == {"2024-02-01": 2}
    warehouse.crm.log.append((1, "2024-01-05 09:00:00", "stage_id", "1"))
    warehouse.refresh()
    assert warehouse.report("1") == {"2024-01-01": 1, "2024-02-01": 1}


def test_activity_set_back_from_done_leaves_its_month(warehouse):
    assert warehouse.report("2.1") == {"2024-02-01": 1}
    warehouse.crm.activities[1, 7] = ("meeting", 1, "False", "2024-02-15 10:00:00")
    warehouse.refresh()
    assert warehouse.report("2.1") == {}


def test_deleted_deal_vanishes_from_every_mart(warehouse):
    warehouse.crm.log = [row for row in warehouse.crm.log if row[0] != 1]
    warehouse.crm.activities = {(2, 8): ("sc_2", 1, "True", "2024-02-16 10:00:00")}
    warehouse.refresh(TABLES)
    tables = warehouse.query(
        "select table_name from information_schema.columns where table_schema = 'dev_marts' and column_name = 'deal_id'"
    )
    assert len(tables) >= 4
    for (table,) in tables:
        assert warehouse.query(f"select count(*) from {{schema}}.{table} where deal_id = '1'") == [(0,)], (
            table
        )
    assert warehouse.report("1") == {"2024-02-01": 1}
    assert warehouse.report("2.1") == {}


def test_loading_the_same_export_again_changes_nothing(warehouse):
    before = warehouse.query("select * from {schema}.rep_sales_funnel_monthly order by month, step_order")
    assert before
    warehouse.refresh()
    assert (
        warehouse.query("select * from {schema}.rep_sales_funnel_monthly order by month, step_order")
        == before
    )
    assert warehouse.query("select count(*) from raw.deal_changes") == [(3,)]


def test_loaded_until_rebuilds_the_past_beside_the_present(warehouse):
    ((first_load,),) = warehouse.query("select max(_loaded_at)::text from raw.deal_changes")
    warehouse.crm.log.append((1, "2024-01-05 09:00:00", "stage_id", "1"))
    warehouse.refresh()
    warehouse.build(REPORT_ALONE, variables={"loaded_until": first_load})
    assert warehouse.report("1", schema="dev_marts_as_of") == {"2024-02-01": 2}
    assert warehouse.report("1") == {"2024-01-01": 1, "2024-02-01": 1}


def test_result_does_not_depend_on_the_time_zone_of_the_session(warehouse, monkeypatch):
    before = warehouse.query("select * from {schema}.fct_funnel_events order by occurred_at, funnel_step")
    warehouse.crm.log.append((2, "2024-01-31 23:30:00", "stage_id", "2"))
    monkeypatch.setenv("PGTZ", "Asia/Kolkata")
    warehouse.refresh()
    assert warehouse.report("2") == {"2024-01-01": 1, "2024-02-01": 1}
    warehouse.run()
    after = warehouse.query("select * from {schema}.fct_funnel_events order by occurred_at, funnel_step")
    assert [row[:-1] for row in after if row[0] == 1] == [row[:-1] for row in before if row[0] == 1]


def test_month_is_cut_in_the_reporting_time_zone(warehouse):
    warehouse.crm.log.append((2, "2024-02-29 23:30:00", "stage_id", "2"))
    warehouse.export_and_load()
    warehouse.build(REPORT_ALONE, variables={"reporting_timezone": "Europe/Berlin"})
    assert warehouse.report("2") == {"2024-02-01": 1, "2024-03-01": 1}


def test_empty_build_does_not_stay_empty(database, dbt, load, connect, tmp_path):
    dbt("seed", database=database)
    dbt(f"run --empty {REPORT_ALONE}", database=database)
    warehouse = Warehouse(database, dbt, load, connect, tmp_path)
    warehouse.export_and_load()
    warehouse.build(REPORT_ALONE)
    assert warehouse.report("1") == {"2024-02-01": 2}
