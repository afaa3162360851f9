"""What happened in one moment, in the order of the log: from the files through the loader to the timelines."""

from __future__ import annotations

import pytest

from conftest import Dbt, copy_part

CHANGES = "deal_id,change_time,changed_field_key,new_value\n"
STAGES = "stage_id,stage_name,pipeline_id,order_nr\n1,New,1,1\n2,Qualified,1,2\n3,Proposal,1,3\n"
THERE_AND_BACK = """\
1,2024-01-01 10:00:00,add_time,2024-01-01T10:00:00
1,2024-01-01 10:00:00,user_id,7
1,2024-01-01 10:00:00,stage_id,1
1,2024-01-02 10:00:00,stage_id,2
1,2024-01-02 10:00:00,stage_id,3
1,2024-01-02 10:00:00,stage_id,2
1,2024-01-05 10:00:00,user_id,7
1,2024-01-05 10:00:00,user_id,8
1,2024-01-05 10:00:00,user_id,7
"""
CLOCK_CHANGE = """\
11,2024-10-27T02:00:00+02:00,add_time,2024-10-27T02:00:00+02:00
11,2024-10-27T02:30:00+02:00,stage_id,1
11,2024-10-27T02:10:00+01:00,stage_id,2
12,2024-10-31T23:30:00Z,add_time,2024-10-31T23:30:00Z
12,2024-10-31T23:30:00Z,stage_id,1
"""
IDS_OF_A_DATA_FRAME = """\
21,2024-01-01 10:00:00,stage_id,1.0
21,2024-01-01 11:00:00,stage_id,01
21,2024-01-01 12:00:00,stage_id,2.0
21,2024-01-01 10:00:00,user_id,7.0
21,2024-01-01 10:00:00,pipeline_id,1.0
"""
# A later load that corrects an old value, and one row that was gone for a while.
BEFORE = "deal_id,change_time,changed_field_key,old_value,new_value\n"
CORRECTED = "31,2024-01-02 10:00:00,stage_id,,2\n31,2024-01-02 10:00:00,stage_id,2,3\n"
# Of each log what two loads make of one change, in the same line of their files: two rows of raw, one value in staging.
SPELT_TWICE = {
    "deal_changes.csv": (CHANGES + "41,2024-01-01 10:00:00,stage_id,{}\n", "1", " 01 "),
    "hubspot_deal_property_history.csv": (
        "deal_id,property,value,timestamp\n"
        "42,dealstage,{},2024-01-01 10:00:00\n42,amount,null,2024-01-01 10:00:00\n42,amount,,2024-01-01 10:00:00\n",
        *("1.0", "1"),
    ),
    # Two names with one mask.
    "OpportunityFieldHistory.csv": (
        "OpportunityId,Field,OldValue,NewValue,CreatedDate\n006,Owner,,{},2024-01-01 10:00:00\n",
        *("Ann Lee", "Ann Low"),
    ),
}
ZONE = {"reporting_timezone": "Europe/Berlin"}


@pytest.fixture(scope="module")
def built(databases, dbt, load, tmp_path_factory):
    """A database with all cases loaded as Berlin's and the timelines of Pipedrive in it."""
    name, folder = databases.create(), tmp_path_factory.mktemp("exports")
    (folder / "stages.csv").write_text(STAGES)
    log = folder / "deal_changes.csv"
    log.write_text(CHANGES + THERE_AND_BACK + CLOCK_CHANGE + IDS_OF_A_DATA_FRAME)
    zone = ("--source-timezone", "Europe/Berlin")
    load(folder, *zone, database=name)
    for rows in (CORRECTED, CORRECTED.replace(",,2", ",1,2")):
        log.write_text(BEFORE + rows)
        load(log, *zone, "--mode", "delta", database=name)
    # A part of the project, because dbt parses anew what it builds under another var.
    models = (
        "+int_deal_stage_visits",
        "+int_deal_owner_intervals",
        "+int_deals_current",
        "+int_funnel_events",
    )
    part = Dbt(dbt.server, folder, copy_part(dbt, folder / "project", *models))
    part("build", database=name, variables=ZONE)
    yield name
    databases.drop(name)


def visits_of(built: str, query, deal_id: str) -> list[tuple]:
    """(stage, seconds in it) of the deal, in order."""
    return query(
        built,
        "select stage_id, extract(epoch from exited_at - entered_at)::integer"
        " from dev_intermediate.int_deal_stage_visits where deal_id = %(deal_id)s order by visit_number",
        deal_id=deal_id,
    )


def current(built: str, query, deal_id: str) -> list[tuple]:
    return query(
        built,
        "select stage_id, owner_id, pipeline_id from dev_intermediate.int_deals_current where deal_id = %(deal_id)s",
        deal_id=deal_id,
    )


def test_there_and_back_within_an_instant_ends_where_it_began(built, query):
    assert visits_of(built, query, "1") == [("1", 86_400), ("2", 0), ("3", 0), ("2", None)]
    owners = query(
        built,
        "select owner_id, extract(epoch from valid_to - valid_from)::integer"
        " from dev_intermediate.int_deal_owner_intervals where deal_id = '1' order by owner_number",
    )
    assert owners == [("7", 345_600), ("8", 0), ("7", None)]
    assert current(built, query, "1") == [("2", "7", None)]


def test_offsets_in_the_file_keep_the_order_of_the_hour_that_a_clock_change_repeats(built, query):
    assert visits_of(built, query, "11") == [("1", 40 * 60), ("2", None)]


def test_a_month_is_that_of_the_instant_in_the_reporting_zone(built, query):
    months = query(
        built, "select occurred_month::text from dev_intermediate.int_funnel_events where deal_id = '12'"
    )
    assert months == [("2024-11-01",)]


def test_ids_written_as_decimal_numbers_are_stages_and_owners(built, query):
    assert visits_of(built, query, "21") == [("1", 7_200), ("2", None)]
    assert current(built, query, "21") == [("2", "7", "1")]


def test_a_correction_does_not_move_a_change_within_its_instant(built, query):
    assert visits_of(built, query, "31") == [("1", 0), ("2", 0), ("3", None)]


@pytest.mark.nightly
def test_a_change_that_two_loads_spell_differently_has_two_rows(databases, dbt, load, query, tmp_path):
    name = databases.create()
    for log, (rows, *spellings) in SPELT_TWICE.items():
        for spelling in spellings:
            (tmp_path / log).write_text(rows.format(spelling))
            load(tmp_path / log, "--mode", "delta", database=name)
    # With the tests of the keys.
    logs = (
        "pipedrive__deal_changes",
        "hubspot__deal_property_history",
        "salesforce__opportunity_field_history",
    )
    views = " ".join(f"+stg_{log}" for log in logs)
    dbt(f"build --exclude-resource-type unit_test --select {views}", database=name)
    for view, column, value in (
        ("stg_pipedrive__deal_changes", "new_value", "1"),
        ("stg_hubspot__deal_property_history where property = 'dealstage'", "value", "1"),
        ("stg_salesforce__opportunity_field_history", "new_value", "A*** L***"),
    ):
        assert query(name, f"select {column} from dev_staging.{view}") == [(value,), (value,)]
    databases.drop(name)
