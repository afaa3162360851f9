"""Times become instants once, at the load: an offset in the file is kept, without one the load's zone holds."""

from __future__ import annotations

import re
from contextlib import nullcontext

import pytest
from psycopg2 import sql

from conftest import ROOT
from loader import typed_rows
from support.raw_lab import Lab, always_careful

BERLIN = ("--source-timezone", "Europe/Berlin")
EVERY_WAY = pytest.mark.parametrize("way", ["direct", "fast", "careful"])


def times_in_utc(lab: Lab) -> list[str]:
    rows = lab.query(
        "select (change_time at time zone 'UTC')::text from raw.deal_changes order by deal_id, _row_number"
    )
    return [time for (time,) in rows]


@EVERY_WAY
def test_a_time_is_read_in_the_zone_of_its_load_and_an_offset_in_the_file_wins(lab, way, monkeypatch):
    if way == "direct":
        monkeypatch.setattr(typed_rows, "LARGE_BYTES", 0)
    lab.changes(
        "1,2024-01-15 10:00,note,a",
        "2,2024-07-15,note,a",
        "3,2024-07-15T10:00:00.25Z,note,a",
        "4,2024-07-15T10:00:00-0530,note,a",
        "5,2024-07-15 10:00:00+05,note,a",
    )
    with always_careful() if way == "careful" else nullcontext():
        lab.loads(*BERLIN)
    assert times_in_utc(lab) == [
        "2024-01-15 09:00:00",
        "2024-07-14 22:00:00",
        "2024-07-15 10:00:00.25",
        "2024-07-15 15:30:00",
        "2024-07-15 05:00:00",
    ]
    lab.empty()
    lab.loads()
    assert times_in_utc(lab)[:2] == ["2024-01-15 10:00:00", "2024-07-15 00:00:00"]


@EVERY_WAY
def test_hours_of_a_clock_change(lab, way, monkeypatch):
    """Of an hour that occurs twice the second is taken; a time that does not occur counts on from the hour before."""
    if way == "direct":
        monkeypatch.setattr(typed_rows, "LARGE_BYTES", 0)
    lab.changes("1,2024-10-27 02:30,note,a", "2,2024-03-31 02:30,note,a")
    with always_careful() if way == "careful" else nullcontext():
        lab.loads(*BERLIN)
    assert times_in_utc(lab) == ["2024-10-27 01:30:00", "2024-03-31 01:30:00"]


@EVERY_WAY
def test_the_hour_that_a_clock_change_repeats_keeps_its_order_where_the_file_has_offsets(
    lab, way, monkeypatch
):
    if way == "direct":
        monkeypatch.setattr(typed_rows, "LARGE_BYTES", 0)
    lab.changes("1,2024-10-27T02:30:00+02:00,stage_id,1", "1,2024-10-27T02:10:00+01:00,stage_id,2")
    with always_careful() if way == "careful" else nullcontext():
        lab.loads(*BERLIN)
    [(stages, minutes)] = lab.query(
        "select array_agg(new_value order by change_time), extract(minutes from max(change_time) - min(change_time))"
        " from raw.deal_changes"
    )
    assert (stages, minutes) == (["1", "2"], 40)


def test_times_in_keys_are_the_same_in_every_session(lab, monkeypatch):
    lab.write(
        "OpportunityFieldHistory.csv",
        "OpportunityId,Field,OldValue,NewValue,CreatedDate\n006A,StageName,,Won,2024-02-01T10:00:00+05:00\n",
    )
    lab.loads(*BERLIN)
    monkeypatch.setenv("PGTZ", "Asia/Kolkata")
    assert lab.loads(*BERLIN)["unchanged"] == 1


def test_a_load_records_its_zone(lab):
    lab.changes("1,2024-01-01,note,a")
    lab.users("1,Ann,,2024-01-01")
    lab.loads(*BERLIN)
    assert lab.query("select distinct source_timezone from raw.load_batches") == [("Europe/Berlin",)]


def test_a_load_in_another_zone_is_refused(lab):
    lab.changes("1,2024-01-01 10:00,note,a")
    lab.loads(*BERLIN)
    for mode in ("full", "delta"):
        error = lab.refused("--mode", mode)
        assert "--source-timezone is UTC, but raw.deal_changes holds times read in Europe/Berlin" in error
        assert "give --source-timezone Europe/Berlin, or" in error
    assert lab.loads(*BERLIN)["unchanged"] == 1


def test_the_zone_can_be_changed_by_a_full_export(lab):
    lab.changes("1,2024-01-01 10:00,note,a", "1,2024-01-01T10:00:00Z,note,b")
    lab.loads()
    flags = re.search(r"load a full export with (.*); nothing", lab.refused(*BERLIN))[1].split()
    assert "--accept-timezone" in lab.refused(*BERLIN, "--accept-timezone", "--mode", "delta")
    batch = lab.loads(*BERLIN, *flags)
    assert (batch["new"], batch["deleted"], batch["unchanged"]) == (1, 1, 1)
    assert lab.loads(*BERLIN)["unchanged"] == 2
    assert "holds times read in Europe/Berlin" in lab.refused()


def test_files_without_times_come_from_any_zone(lab):
    lab.write(
        "ad_spend.csv",
        "date,campaign_id,channel,utm_source,utm_campaign,spend_usd,clicks,impressions\n2024-01-01,1,,,,1,1,1\n",
    )
    lab.loads(*BERLIN)
    assert lab.loads()["unchanged"] == 1


def test_no_raw_table_holds_a_time_without_a_zone(lab):
    assert (
        lab.query(
            "select attrelid::regclass, attname from pg_attribute inner join pg_class on pg_class.oid = attrelid"
            " where relnamespace = 'raw'::regnamespace and atttypid = 'timestamp'::regtype"
        )
        == []
    )


OF_0_1_0 = """
    alter table raw.deal_changes
        drop column old_value, drop column _first_loaded_at, drop column _occurrence,
        alter column change_time type timestamp using change_time at time zone 'UTC';
    alter table raw.users alter column modified type timestamp using modified at time zone 'UTC';
    alter table raw.load_batches drop column source_timezone;
    create schema staging;
    create view staging.stg_deal_changes as select deal_id, change_time from raw.deal_changes;
"""


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_a_database_of_the_first_version_becomes_one_of_this(tmp_path, database, load, connect, zone):
    """init.sql alone; what stands on a changed column is dropped, since dbt makes it again."""
    lab = Lab(tmp_path, database, load, connect)
    lab.changes("1,2024-07-01 10:00,note,a", "1,2024-07-02 10:00,note,b")
    lab.users("1,Ann,,2024-07-01 10:00")
    lab.loads()
    lab.query(OF_0_1_0)
    assert "run init.sql on the database again" in lab.refused()
    if zone:
        lab.query(sql.SQL("set sales_funnel.source_timezone = {}").format(sql.Literal(zone)))
    for _ in range(2):
        lab.query((ROOT / "init.sql").read_text())
    assert times_in_utc(lab) == (
        ["2024-07-01 08:00:00", "2024-07-02 08:00:00"]
        if zone
        else ["2024-07-01 10:00:00", "2024-07-02 10:00:00"]
    )
    assert lab.query("select to_regclass('staging.stg_deal_changes')") == [(None,)]
    chosen = ["--source-timezone", zone] if zone else []
    assert lab.loads(*chosen)["unchanged"] == 1
    assert lab.query(
        "select sum(rows_unchanged) from raw.load_batches where source_timezone = %s", zone or "UTC"
    ) == [(3,)]
    lab.close()
