"""Tables of a connector, read from a schema of the same database: the same rows as by way of CSV files."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest

from conftest import ROOT, heed_interrupts
from loader import connectors, transaction
from support.connector_shapes import SHAPES, fill, write
from support.raw_lab import Lab, Outcome, always_careful

SCHEMA = "crm data"  # a name that has to be quoted
OWN_COLUMNS = {"old_value", "_loaded_at", "_row_number", "_source_file", "_first_loaded_at"}
FIVETRAN = "pipedrive/fivetran"
AIRBYTE = pytest.mark.parametrize("connected", ["pipedrive/airbyte"], indirect=True)


class Connected:
    """A lab whose database holds a part of the sample in a connector's shape."""

    def __init__(self, lab: Lab, connector: str) -> None:
        self.lab = lab
        self.connector = connector
        sample, shape, can_give = SHAPES[connector]
        made = sample()
        self.files = can_give(made.files)
        fill(lab._connection, SCHEMA, shape(made))

    def run(self, *arguments: str) -> Outcome:
        return self.lab.run("--connector", self.connector, *arguments, path=f"--from-schema={SCHEMA}")

    def loads(self, *arguments: str) -> str:
        """Load, which must succeed; what it said."""
        outcome = self.run(*arguments)
        assert outcome.status == 0, outcome.err
        return outcome.err

    def refused(self) -> str:
        before = self.lab.everything()
        outcome = self.run()
        assert outcome.status == 1, outcome.out
        assert self.lab.everything() == before
        return outcome.error

    def change(self, statement: str) -> None:
        self.lab.query(f'set search_path = "{SCHEMA}"; {statement}; reset search_path')

    def newest(self, table: str, key: str) -> tuple[int, bool]:
        column = {"users": "id", "activity": "activity_id"}[table]
        [found] = self.lab.query(
            f"select _version, _is_deleted from raw.{table} where {column} = %s order by _version desc limit 1",
            key,
        )
        return found


@pytest.fixture
def connected(lab: Lab, request: pytest.FixtureRequest) -> Connected:
    return Connected(lab, getattr(request, "param", FIVETRAN))


def rows(lab: Lab) -> dict[str, list[str]]:
    """Of every table what a file brings, as text."""
    tables = [name for name in lab.tables if name not in ("load_batches", "rejected_rows")]
    return {
        name: [
            row
            for (row,) in lab.query(
                f"select (to_jsonb(t) - %s)::text from raw.{name} as t order by 1", sorted(OWN_COLUMNS)
            )
        ]
        for name in tables
    }


@pytest.mark.parametrize("connector", SHAPES)
def test_a_connector_gives_the_rows_of_the_csv_files_once(lab, connector):
    connected = Connected(lab, connector)
    for name, content in connected.files.items():
        write(lab.folder, name, content)
    lab.loads()
    by_file = rows(lab)
    lab.empty()

    connected.loads()
    by_connector = rows(lab)
    different = {table: set(by_connector[table]) ^ set(by_file[table]) for table in by_file}
    assert not any(different.values()), different
    assert by_connector == by_file
    assert sum(map(len, by_connector.values())) == sum(map(len, connected.files.values()))
    declared = {
        (select.known_as, select.mode, f"{connector} {select.path.stem}")
        for select in map(connectors.read_select, (connectors.FOLDER / connector).glob("*.sql"))
    }
    assert set(lab.query("select file_name, mode, source_file from raw.load_batches")) == declared

    connected.loads()
    assert rows(lab) == by_connector
    assert lab.query(
        "select bool_and(rows_unchanged = rows_read), sum(rows_deleted) from raw.load_batches"
        " where _loaded_at = (select max(_loaded_at) from raw.load_batches)"
    ) == [(True, 0)]


def test_every_shipped_connector_is_tested():
    assert sorted(SHAPES) == connectors.SHIPPED


def test_the_documentation_lists_what_the_selects_declare():
    lines = [
        "| connector | loaded as | mode | tables that it needs | tables that may be missing | what it lacks |"
    ]
    lines.append("|---|---|---|---|---|---|")
    for connector in connectors.SHIPPED:
        for path in sorted((connectors.FOLDER / connector).glob("*.sql")):
            select = connectors.read_select(path)
            [lack] = re.findall("(?m)^-- lacks: (.+)$", path.read_text("utf-8"))
            needed = [name for name in select.columns if select.needs(name)]
            others = [name for name in select.columns if not select.needs(name)]
            optional = (others, needed) if select.is_optional else (needed, others)
            tables = [", ".join(f"`{select.named(name)}`" for name in names) for names in optional]
            lines.append(
                f"| {connector} | `{select.known_as}` | {select.mode} | {' | '.join(tables)} | {lack} |"
            )
    table = "\n".join(lines) + "\n"
    assert (ROOT / "docs" / "connectors.md").read_text("utf-8").endswith("\n\n" + table), (
        f"it must end with:\n{table}"
    )


def test_a_correction_appends_one_version(connected):
    connected.loads()
    connected.change("""update "user" set name = 'Corrected' where id = 1""")
    connected.loads()
    assert connected.newest("users", "1") == (2, False)
    batches = connected.lab.query(
        "select sum(rows_new), sum(rows_changed), sum(rows_deleted) from raw.load_batches"
    )
    assert batches[0][1:] == (1, 0)


def test_a_soft_delete_becomes_a_tombstone_and_may_be_undone(connected):
    connected.loads()
    [(activity,)] = connected.lab.query("select activity_id from raw.activity limit 1")
    for is_deleted, expected in (("true", (2, True)), ("true", (2, True)), ("false", (3, False))):
        connected.change(f"update activity set _fivetran_deleted = {is_deleted} where id = {activity}")
        connected.loads()
        assert connected.newest("activity", activity) == expected
    assert connected.lab.query(
        "select rows_read = rows_new + rows_changed + rows_unchanged, rows_deleted from raw.load_batches"
        " where file_name = 'activity.csv' order by batch_id"
    ) == [(True, 0), (True, 1), (True, 0), (True, 0)]


@pytest.mark.parametrize("connected", [FIVETRAN, "pipedrive/airbyte"], indirect=True)
def test_a_stage_that_was_deleted_before_the_first_load_keeps_its_name(connected):
    """Deals have been there, and the log has its id alone."""
    table = "stage" if connected.connector == FIVETRAN else "stages"
    connected.change(
        f"alter table {table} add column is_deleted boolean; update {table} set is_deleted = id = 1"
    )
    connected.loads()
    assert connected.lab.query(
        "select count(*) filter (where is_deleted), count(*) = count(stage_name), bool_or(_is_deleted) from raw.stages"
    ) == [(1, True, False)]


@pytest.mark.parametrize("way", ["fast", "careful"])
def test_what_is_deleted_before_the_first_load_is_not_loaded(connected, way):
    connected.change('update "user" set _fivetran_deleted = true where id = 1')
    if way == "careful":
        with always_careful():
            connected.loads()
    else:
        connected.loads()
    assert connected.lab.query("select count(*) filter (where id = '1'), count(*) > 5 from raw.users") == [
        (0, True)
    ]


def test_a_row_that_left_a_table_of_delta_mode_stays(connected):
    connected.loads()
    connected.change('delete from "user" where id = 1; delete from deal_history')
    connected.loads()
    assert connected.newest("users", "1") == (1, False)
    assert connected.lab.query("select count(*) from raw.deal_changes where _is_deleted") == [(0,)]


@AIRBYTE
def test_a_row_that_left_a_table_of_full_mode_is_deleted_within_the_tolerance(connected):
    connected.loads()
    connected.change("delete from activity_types where id = 11")
    assert "would delete 1 of 4 keys" in connected.refused()
    connected.loads("--max-deleted", "0.5")
    assert connected.lab.query("select id from raw.activity_types where _is_deleted") == [("11",)]


@AIRBYTE
def test_a_table_that_goes_back_to_what_it_was_is_not_an_older_file(connected):
    for name in ("Call", "Visit", "Call"):
        connected.change(f"update activity_types set name = '{name}' where id = 11")
        said = connected.loads()
    assert "older" not in said
    names = connected.lab.query("select name from raw.activity_types where id = '11' order by _version")
    assert names == [("Call",), ("Visit",), ("Call",)]


def test_bad_values_are_rejected_with_their_line(connected):
    connected.change(
        """alter table stage alter order_nr type text; update stage set order_nr = 'first' where id = 1"""
    )
    message = connected.refused()
    assert "pipedrive/fivetran stages: 1 of 14 rows rejected" in message
    assert "line 2, column order_nr: 'first' is not a whole number" in message
    connected.loads("--max-rejects", "0.1")
    assert connected.lab.rejects() == [(2, "order_nr", "first", "is not a whole number")]


@pytest.mark.parametrize(
    ("kind", "written"),
    [("timestamptz", "2024-01-01 12:00+02"), ("timestamp", "2024-01-01 10:00"), ("text", "2024-01-01 10:00")],
)
def test_times_keep_their_offset_and_without_one_are_utc(connected, kind, written):
    connected.change(
        f"""alter table "user" alter modified type text; update "user" set modified = '{written}';"""
        f""" alter table "user" alter modified type {kind} using modified::{kind}"""
    )
    connected.loads()
    times = connected.lab.query("select distinct (modified at time zone 'UTC')::text from raw.users")
    assert times == [("2024-01-01 10:00:00",)]


def test_a_connector_leaves_the_zone_of_the_files_as_it_was(connected):
    lab = connected.lab
    lab.users("1,Ann,,2024-01-01 11:00")
    lab.loads("--source-timezone", "Europe/Berlin")
    connected.change(
        """delete from "user" where id > 1;"""
        """ update "user" set name = 'Ann', email = null, active_flag = null, modified = '2024-01-01 10:00'"""
    )
    connected.loads()
    assert connected.newest("users", "1") == (1, False)
    lab.loads("--source-timezone", "Europe/Berlin")
    assert connected.newest("users", "1") == (1, False)


def test_a_forgotten_person_stays_forgotten(connected):
    lab = connected.lab
    connected.loads()
    lab.query("select raw.forget_person('pipedrive', '1')")
    connected.loads()
    lab.query("truncate raw.users")
    connected.loads()
    names = lab.query("select distinct name, email from raw.users where id = '1'")
    lab.query("truncate raw.forgotten_people, raw.forgotten_texts")
    assert names == [("(forgotten)", "(forgotten)")]


# --- what a connector does not say itself ---------------------------------------------------------------------

CREATED = [("01", "add_time", "2024-01-01T10:00:00"), ("01", "status", "open")]
FIRST_STAGE = [*CREATED, ("01", "stage_id", "3")]
# What: what the deal says, rows of its flow as (id, day, field, old value, new value), and the events.
DEALS: dict[str, tuple[dict[str, str], list[tuple], list[tuple]]] = {
    "never moved": ({}, [], FIRST_STAGE),
    "moved unlogged": ({"stage_change_time": "05"}, [], [*CREATED, ("05", "stage_id", "3")]),
    "moved": (
        {"stage_change_time": "08"},
        [(2, "08", "stage_id", "2", "3"), (1, "06", "stage_id", "1", "2")],
        [*CREATED, ("01", "stage_id", "1"), ("06", "stage_id", "2"), ("08", "stage_id", "3")],
    ),
    "lost unlogged": (
        {"status": "lost", "lost_time": "09", "lost_reason": "price"},
        [],
        [*FIRST_STAGE, ("09", "status", "lost"), ("09", "lost_reason", "price")],
    ),
    "won": (
        {"status": "won", "won_time": "10"},
        [(3, "09", "status", "open", "won")],
        [*FIRST_STAGE, ("09", "status", "won")],
    ),
    "deleted": (
        {"status": "won", "deleted": "true", "update_time": "20"},
        [(4, "09", "status", "open", "won")],
        [*FIRST_STAGE, ("09", "status", "won"), ("20", "status", "deleted")],
    ),
    "creation logged": (
        {},
        [(5, "01", "add_time", None, "as logged")],
        [("01", "status", "open"), ("01", "stage_id", "3"), ("01", "add_time", "as logged")],
    ),
}


def put_deal(connected: Connected, deal_id: int, deal: dict[str, str]) -> None:
    values = {"add_time": "01", "stage_id": "3", "status": "open", "pipeline_id": "1"} | deal
    values = {
        key: f"2024-01-{value} 10:00:00" if key.endswith("_time") else value for key, value in values.items()
    }
    connected.change(f"insert into deals (id, {', '.join(values)}) values {(deal_id, *values.values())}")


def put_flow(connected: Connected, deal_id: int, flow: list[tuple]) -> None:
    for number, day, field, old, new in flow:
        connected.lab.query(
            f'insert into "{SCHEMA}".deal_flow (id, item_id, field_key, log_time, old_value, new_value)'
            " values (%s, %s, %s, %s, to_jsonb(%s::text), to_jsonb(%s::text))",
            *(number, deal_id, field, f"2024-01-{day} 10:00:00", old, new),
        )


@pytest.fixture
def few_deals(lab: Lab) -> Connected:
    """Airbyte's tables, with no deals yet."""
    connected = Connected(lab, "pipedrive/airbyte")
    connected.change(
        "truncate deal_flow; truncate deals; alter table deals add won_time text, add lost_time text"
    )
    return connected


def events(lab: Lab, deal_id: int) -> list[tuple]:
    return lab.query(
        "select to_char(change_time at time zone 'UTC', 'DD'), changed_field_key, new_value from ("
        " select distinct on (change_time, changed_field_key, new_value, _occurrence) * from raw.deal_changes"
        " where deal_id = %s order by change_time, changed_field_key, new_value, _occurrence, _version desc) as newest"
        " where not _is_deleted and changed_field_key in ('add_time', 'stage_id', 'status', 'lost_reason')"
        " order by change_time, coalesce(_first_loaded_at, _loaded_at), _row_number",
        str(deal_id),
    )


def test_what_the_flow_lacks_comes_from_the_deal(few_deals):
    for number, (deal, flow, _) in enumerate(DEALS.values()):
        put_deal(few_deals, number, deal)
        put_flow(few_deals, number, flow)
    few_deals.loads()
    found = {name: events(few_deals.lab, number) for number, name in enumerate(DEALS)}
    assert found == {name: expected for name, (_, _, expected) in DEALS.items()}


def test_a_flow_that_comes_after_its_deal_moves_nothing(few_deals):
    """The deal says already what its flow says only with the next sync."""
    put_deal(few_deals, 7, {"stage_change_time": "08", "status": "won", "won_time": "09"})
    few_deals.loads()
    put_flow(few_deals, 7, [(1, "08", "stage_id", "2", "3"), (2, "09", "status", "open", "won")])
    few_deals.loads()
    assert events(few_deals.lab, 7) == [
        *CREATED,
        ("01", "stage_id", "2"),
        ("08", "stage_id", "3"),
        ("09", "status", "won"),
    ]


FOUND = ("01", "20", "3", "05")  # when it was added and first seen, its stage, and since when it is there


@pytest.mark.parametrize(
    ("deal", "status", "ended", "expected"),
    [
        (FOUND, "won", "08", [*CREATED, ("05", "stage_id", "3"), ("08", "status", "won")]),
        (
            FOUND,
            "lost",
            "08",
            [*CREATED, ("05", "stage_id", "3"), ("08", "status", "lost"), ("08", "lost_reason", "why")],
        ),
        (FOUND, "open", None, [*CREATED, ("05", "stage_id", "3")]),
        # Of a deal that was seen as it was created, what came later is not yet so.
        (("01", "01", "3", "05"), "open", None, [*CREATED, ("01", "stage_id", "3")]),
    ],
    ids=["won", "lost", "open", "seen from the start"],
)
def test_what_fivetran_first_saw_of_an_older_deal_counts_since_the_deal_says(
    connected, deal, status, ended, expected
):
    added, seen, stage, moved = deal
    connected.change("truncate deal_history")
    for name in ("won_time", "lost_time", "stage_change_time"):
        connected.change(f"alter table deal_history add column if not exists {name} timestamptz")
    values = {"id": 7, "status": status, "stage_id": stage, "pipeline_id": 1, "_fivetran_active": True}
    values |= {"lost_reason": "why"} if status == "lost" else {}
    days = {"add_time": added, "_fivetran_start": seen, "stage_change_time": moved, f"{status}_time": ended}
    values |= {name: f"2024-01-{day} 10:00:00+00" for name, day in days.items() if day}
    connected.change(f"insert into deal_history ({', '.join(values)}) values {tuple(values.values())}")
    connected.loads()
    assert sorted(events(connected.lab, 7)) == sorted(expected)


@AIRBYTE
def test_of_rows_with_one_id_the_newest_counts(connected):
    connected.change(
        "alter table users add _airbyte_extracted_at date; update users set _airbyte_extracted_at = '2024-01-02';"
        " insert into users (id, name, _airbyte_extracted_at)"
        " values (1, 'Older', '2024-01-01'), (1, 'Newer', '2024-01-03'), (1, 'Unknown', null)"
    )
    connected.loads()
    assert connected.lab.query("select name from raw.users where id = '1'") == [("Newer",)]


@pytest.mark.parametrize("connected", ["salesforce/airbyte"], indirect=True)
def test_of_a_member_that_was_removed_and_added_again_the_living_row_counts(connected):
    connected.change(
        """alter table "OpportunityContactRole" add "IsDeleted" boolean; truncate "OpportunityContactRole";
        insert into "OpportunityContactRole" ("Id", "OpportunityId", "ContactId", "IsPrimary", "IsDeleted") values
        ('1', '006A', '003A', true, false), ('0', '006A', '003A', false, true), ('2', '006B', '003A', false, true)"""
    )
    connected.loads()
    roles = "select opportunityid, isprimary, _is_deleted from raw.salesforce_opportunity_contact_role"
    assert connected.lab.query(roles) == [("006A", True, False)]


@pytest.mark.parametrize("connected", ["hubspot/fivetran"], indirect=True)
def test_deal_stage_stands_in_for_stages_that_the_history_of_properties_lacks(connected):
    connected.change(
        """truncate deal_property_history;
        insert into deal_property_history (deal_id, name, value, timestamp) values
        (1, 'dealstage', 'a', '2024-01-01'), (2, 'amount', '5', '2024-01-01');
        create table deal_stage (deal_id bigint, value text, date_entered timestamp);
        grant select on deal_stage to loader;
        insert into deal_stage values (1, 'b', '2024-01-02'), (2, 'a', '2024-01-01'), (2, 'b', '2024-01-03')"""
    )
    connected.loads()
    assert connected.lab.query(
        "select deal_id, property, value, extract(day from timestamp at time zone 'UTC')::int"
        " from raw.hubspot_deal_property_history order by 1, 2, 3"
    ) == [
        ("1", "dealstage", "a", 1),
        ("2", "amount", "5", 1),
        ("2", "dealstage", "a", 1),
        ("2", "dealstage", "b", 3),
    ]


@pytest.mark.parametrize("connected", ["hubspot/fivetran"], indirect=True)
def test_what_hubspot_deletes_is_archived_and_what_the_connector_deletes_gets_a_tombstone(connected):
    connected.change("update deal set is_deleted = false")
    connected.loads()
    [(first,), (second,)] = connected.lab.query("select deal_id from raw.hubspot_deal order by 1 limit 2")
    connected.change(f"update deal set is_deleted = true where deal_id = '{first}'")
    connected.change(f"update deal set _fivetran_deleted = true where deal_id = '{second}'")
    connected.loads()
    newest = (
        "select archived, _is_deleted from raw.hubspot_deal where deal_id = %s order by _version desc limit 1"
    )
    assert connected.lab.query(newest, first) == [(True, False)]
    assert connected.lab.query(newest, second)[0][1]


@pytest.mark.parametrize("connected", ["salesforce/fivetran"], indirect=True)
def test_an_activity_over_a_year_old_that_the_connector_lacks_stays_and_that_it_marks_is_deleted(connected):
    connected.change("update event set start_date_time = '2024-01-01', end_date_time = '2024-01-01'")
    connected.loads()
    [(first,), (second,)] = connected.lab.query("select id from raw.salesforce_event order by 1 limit 2")
    connected.change(f"delete from event where id = '{first}'")
    connected.change(f"update event set _fivetran_deleted = true where id = '{second}'")
    connected.loads()
    assert connected.lab.query("select id from raw.salesforce_event where _is_deleted") == [(second,)]


@pytest.mark.parametrize("connected", ["hubspot/dlt"], indirect=True)
def test_a_history_that_every_run_appends_again_is_loaded_once(connected):
    """Values that are equal within one run are as many values; those of a later run are the same ones."""
    value = (
        "insert into deals_property_history (object_id, property_name, value, timestamp, _dlt_load_id)"
        " values ('1', 'amount', '5', '2024-01-01', '{}')"
    )
    connected.change("truncate deals_property_history")
    for run in "1122":
        connected.change(value.format(run))
    connected.loads()
    connected.change(value.format("3"))
    connected.loads()
    occurrences = "select _occurrence from raw.hubspot_deal_property_history order by 1"
    assert connected.lab.query(occurrences) == [(1,), (2,)]


@pytest.mark.parametrize("connected", ["salesforce/fivetran"], indirect=True)
def test_history_mode_stands_in_for_a_log_that_is_not_synced(connected):
    connected.change(
        """drop table opportunity_history; truncate opportunity;
        alter table opportunity add _fivetran_start timestamptz;
        insert into opportunity (id, stage_name, is_closed, is_won, amount, created_date, _fivetran_start) values
        ('006A', 'Two', false, false, 5.50, '2024-01-01 00:00+00', '2024-01-03 00:00+00'),
        ('006A', 'One', false, false, 5.50, '2024-01-01 00:00+00', '2024-01-02 00:00+00'),
        ('006A', 'Two', false, false, 5.50, '2024-01-01 00:00+00', '2024-01-04 00:00+00'),
        ('006A', 'Two', true, false, 6, '2024-01-01 00:00+00', '2024-01-05 00:00+00')"""
    )
    connected.loads()
    assert connected.lab.query(
        "select extract(day from createddate at time zone 'UTC')::int, stagename, amount::text"
        " from raw.salesforce_opportunity_history order by 1"
    ) == [(1, "One", "5.5"), (3, "Two", "5.5"), (5, "Two", "6")]
    assert connected.lab.query("select isclosed from raw.salesforce_opportunity") == [(True,)]


# --- what is missing -----------------------------------------------------------------------------------------


def test_optional_tables_and_columns_that_are_missing_are_said_once(connected):
    connected.change("drop table stage; alter table deal_history drop currency, drop lost_reason")
    said = connected.loads().splitlines()
    assert [line for line in said if "no table stage" in line] == [
        f"load: schema {SCHEMA} has no table stage: stages.csv is not loaded"
    ]
    assert len([line for line in said if "currency" in line and "deal_changes.csv" in line]) == 1
    assert connected.lab.query(
        "select count(*) from raw.deal_changes where changed_field_key = 'currency'"
    ) == [(0,)]
    assert connected.lab.query("select count(*) from raw.stages") == [(0,)]


@pytest.mark.parametrize(
    ("connected", "lost", "raw", "column"),
    [
        ("pipedrive/airbyte", "alter table deals drop currency", "pipedrive_deal", "currency"),
        ("salesforce/fivetran", "alter table opportunity drop amount", "salesforce_opportunity", "amount"),
        (
            "hubspot/fivetran",
            "alter table deal drop property_closedate",
            "hubspot_deal",
            "closedate",
        ),
        ("hubspot/fivetran", "drop table deal_company", "hubspot_deal", "company_id"),
    ],
    indirect=["connected"],
)
def test_a_column_or_table_that_is_lost_overnight_empties_nothing(connected, lost, raw, column):
    filled = f"select count({column}) from raw.{raw} where not _is_deleted"
    connected.loads()
    [(before,)] = connected.lab.query(filled)
    assert before > 0
    connected.change(lost)
    assert f"has no column {column}, though earlier files had" in connected.loads()
    assert connected.lab.query(filled) == [(before,)]
    assert connected.lab.query(f"select max(_version) from raw.{raw}") == [(1,)]


@pytest.mark.parametrize("connected", ["salesforce/fivetran"], indirect=True)
def test_what_the_crm_has_emptied_is_empty_whatever_else_is_lost(connected):
    connected.loads()
    connected.change("alter table opportunity drop amount; update opportunity set lead_source = null")
    said = connected.loads()
    assert "has no column amount, though earlier files had" in said
    assert "leadsource" not in said
    [(changed, kept, emptied)] = connected.lab.query(
        "select count(*), count(*) filter (where now.amount is not distinct from before.amount), "
        "count(*) filter (where now.leadsource is null) from raw.salesforce_opportunity as now "
        "inner join raw.salesforce_opportunity as before using (id) where (now._version, before._version) = (2, 1)"
    )
    assert changed == kept == emptied > 0


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            "drop table deal_history",
            "has no table deal_history, which pipedrive/fivetran needs for deal_changes.csv",
        ),
        (
            "alter table deal_history drop stage_id",
            "deal_history has no column stage_id, which deal_changes.csv needs",
        ),
        (
            "alter table stage rename name to title",
            "stage has no column name, which stages.csv needs",
        ),
    ],
)
def test_needed_tables_and_columns_that_are_missing_refuse(connected, change, expected):
    connected.change(change)
    assert expected in connected.refused()


def test_another_name_of_a_column_will_do(connected):
    connected.change(
        'alter table deal_history rename user_id to owner_id; alter table deal_history rename id to "ID"'
    )
    connected.loads()
    assert connected.lab.query(
        "select count(*) > 10 from raw.deal_changes where changed_field_key = 'user_id'"
    ) == [(True,)]


@pytest.mark.parametrize("revoke", ["usage on schema {}", "select on all tables in schema {}"])
def test_a_missing_grant_is_named(connected, revoke):
    quoted = f'"{SCHEMA}"'
    connected.lab.query(f"revoke {revoke.format(quoted)} from loader")
    assert connected.refused().endswith(
        f"as its owner run: grant usage on schema {quoted} to loader; "
        f"grant select on all tables in schema {quoted} to loader; nothing was loaded"
    )


@pytest.mark.parametrize(
    ("right", "wrong", "expected"),
    [
        ("-- mode: ", "-- ", "users.sql: begins with no mode, or names no table that it needs"),
        ("select", "select oops,", 'schema crm data cannot be read: column "oops" does not exist'),
        ("select", "select name::int,", "cannot be read: invalid input syntax for type integer"),
    ],
)
def test_a_select_that_somebody_broke_is_named(connected, tmp_path, monkeypatch, right, wrong, expected):
    folder = tmp_path / "connectors"
    shutil.copytree(connectors.FOLDER, folder)
    path = folder / FIVETRAN / "users.sql"
    path.write_text(path.read_text("utf-8").replace(right, wrong, 1), encoding="utf-8")
    monkeypatch.setattr(connectors, "FOLDER", folder)
    error = connected.refused()
    assert expected in error and f"{FIVETRAN}/users.sql" in error


def test_a_log_row_that_was_corrected_to_another_time_is_taken_back_by_a_full_load(
    connected, tmp_path, monkeypatch
):
    """Rows of a log have no id in raw; docs/connectors.md says how to."""
    living = (
        "select count(*) from (select distinct on (deal_id, change_time, changed_field_key, new_value, _occurrence)"
        " _is_deleted from raw.deal_changes order by deal_id, change_time, changed_field_key, new_value,"
        " _occurrence, _version desc) as newest where not _is_deleted"
    )
    connected.loads()
    [(first,)] = connected.lab.query(living)
    connected.change("update deal_history set _fivetran_start = _fivetran_start + interval '1 hour'")
    connected.loads()
    [(both,)] = connected.lab.query(living)
    folder = tmp_path / "connectors"
    shutil.copytree(connectors.FOLDER, folder)
    path = folder / FIVETRAN / "deal_changes.sql"
    path.write_text(path.read_text("utf-8").replace("mode: delta", "mode: full", 1), encoding="utf-8")
    monkeypatch.setattr(connectors, "FOLDER", folder)
    connected.loads("--max-deleted", "1")
    assert connected.lab.query(living) == [(first,)]
    assert both > 1.4 * first


def test_an_unknown_schema_is_refused(lab):
    message = lab.refused("--connector", FIVETRAN, path="--from-schema=nowhere")
    assert "the database has no schema nowhere" in message


@pytest.mark.parametrize(
    "arguments",
    [
        ["--from-schema", "a"],
        ["--connector", FIVETRAN, "raw_data"],
        ["--from-schema", "a", "--connector", "pipedrive/other"],
        ["--from-schema", "a", "--connector", FIVETRAN, "raw_data"],
        ["--from-schema", "a", "--connector", FIVETRAN, "--source-timezone", "Europe/Berlin"],
        [],
    ],
)
def test_arguments_that_do_not_go_together_are_a_usage_error(lab, load, arguments):
    assert load(*arguments, database=lab.database, check=False) == 2


# --- one snapshot --------------------------------------------------------------------------------------------


def test_all_tables_are_read_in_one_snapshot_that_begins_under_the_lock(connected, connect, monkeypatch):
    """A connector that writes to two tables between two SELECTs is seen in both or in none."""
    writer = connect(connected.lab.database)
    writer.autocommit = True
    order = []

    def view(*arguments: object) -> set[str]:
        if not order.count("read"):
            with writer.cursor() as cursor:
                cursor.execute(f'set search_path = "{SCHEMA}"')
                cursor.execute("""update stage set name = 'late'; update "user" set name = 'late'""")
        order.append("read")
        return make_view(*arguments)

    def lock(*arguments: object) -> None:
        order.append("lock")
        take_lock(*arguments)

    make_view, take_lock = connectors.create_view, transaction.take_lock
    monkeypatch.setattr(connectors, "create_view", view)
    monkeypatch.setattr(transaction, "take_lock", lock)
    connected.loads()
    writer.close()
    assert order[:2] == ["lock", "read"] and order.count("lock") == 1
    assert connected.lab.query("select count(*) from raw.stages where stage_name = 'late'") == [(0,)]
    assert connected.lab.query("select count(*) from raw.users where name = 'late'") == [(0,)]


def test_an_interrupt_while_a_table_is_read_leaves_nothing(connected, server):
    connected.change(
        "alter table stage rename to kept; create view stage as select kept.* from kept, pg_sleep(60);"
        " grant select on stage to loader"
    )
    script = [sys.executable, str(ROOT / "scripts" / "loader" / "load.py")]
    process = subprocess.Popen(
        [*script, "--from-schema", SCHEMA, "--connector", FIVETRAN],
        env=os.environ | server.environment(connected.lab.database, "loader"),
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,  # noqa: PLW1509 - no threads here
    )
    asleep = (
        "select count(*) from pg_stat_activity where application_name = 'load_raw' and wait_event = 'PgSleep'"
    )
    started = time.monotonic()
    try:
        while connected.lab.query(asleep) == [(0,)]:
            assert time.monotonic() < started + 20
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    finally:
        process.kill()
    assert (process.returncode, said.splitlines()[-1]) == (
        130,
        "load: error: interrupted; nothing was loaded",
    )
    assert connected.lab.query("select count(*) from raw.load_batches") == [(0,)]
