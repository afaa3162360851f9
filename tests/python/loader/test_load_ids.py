"""Ids are text: UUIDs, DEAL-1 and numbers of any length. A number is stored in one spelling, whatever the file's is."""

from __future__ import annotations

import re
import signal

import pytest

from conftest import ROOT
from loader import csv_reader
from loader.csv_reader import Header
from loader.raw_tables import NO_WHOLE_ID, Column, RawTable, plain_records
from support.raw_lab import CHANGES_HEADER, USERS_HEADER, Lab, always_careful, never_careful

UUID = "7d444840-9dc0-11d1-b245-5ffdce74fad2"
BEYOND_BIGINT = "98765432109876543210987"
ACTIVITIES = "activity_id,type,assigned_to_user,deal_id,done,due_to\n"
# table, column, header, a line with an id and the number of the line
IDS = [
    ("deal_changes", "deal_id", CHANGES_HEADER, "{id},2024-01-01,note,{n}"),
    ("activity", "deal_id", ACTIVITIES, "1,call,,{id},True,2024-01-01"),
    ("activity", "activity_id", ACTIVITIES, "{id},call,,1,True,2024-01-01"),
    ("activity", "assigned_to_user", ACTIVITIES, "{n},call,{id},1,True,2024-01-01"),
    ("activity_types", "id", "id,name,active,type\n", "{id},Call,Yes,call"),
    ("stages", "stage_id", "stage_id,stage_name,pipeline_id\n", "{id},New,1"),
    ("stages", "pipeline_id", "stage_id,stage_name,pipeline_id\n", "{n},New,{id}"),
    ("fields", "id", "id,field_key,name,field_value_options\n", "{id},status,Status,"),
    ("users", "id", USERS_HEADER, "{id},Ann,,"),
]
LAWFUL = ["DEAL-1", UUID, BEYOND_BIGINT, "7", "0", "a_b", "2024-001"]
DAMAGED = {
    **dict.fromkeys(["7.5", "0.07", '"7,5"'], "is no id but a number with a fraction"),
    **dict.fromkeys(["4.29E+05", "4E+5", '"4,29E+05"'], NO_WHOLE_ID),
    "9" * 201: "is too long for an id",
}
MISSING = ["NaN", "null", "None", "#N/A"]
OPTIONAL = [("activity", "assigned_to_user"), ("stages", "pipeline_id")]


def stored(lab: Lab, *deals: str) -> list[str]:
    """What a log of one change for each of the ids leaves in raw."""
    lab.empty()
    lab.changes(*(f"{deal},2024-01-01 10:00:{second:02},note," for second, deal in enumerate(deals)))
    lab.loads("--max-deleted", "1")
    return [deal for (deal,) in lab.query("select deal_id from raw.deal_changes order by change_time")]


@pytest.mark.parametrize(("table", "column", "header", "line"), IDS)
def test_every_id_may_be_a_number_of_any_length_or_a_text(lab, table, column, header, line):
    def write(ids: list[str]) -> None:
        lines = [line.format(id=value, n=number) for number, value in enumerate(ids)]
        lab.write(f"{table}.csv", header + "\n".join(lines))

    write(LAWFUL)
    with never_careful():
        assert lab.loads()["new"] == len(LAWFUL)
    with always_careful():
        assert lab.loads()["unchanged"] == len(LAWFUL)
    for blank in (" ", "\N{NO-BREAK SPACE}"):
        write([f'"{blank}{value}{blank}"' for value in LAWFUL])
        assert lab.loads()["unchanged"] == len(LAWFUL), "a blank made another id"
    assert sorted(value for (value,) in lab.query(f"select {column} from raw.{table}")) == sorted(LAWFUL)


def test_a_number_has_one_spelling_and_a_text_its_own(lab):
    for deals in (["007", "+7", "7.0", " 7", "7"], ["0", "000", "-0"], ["-7", "-07"]):
        assert len(set(stored(lab, *deals))) == 1, deals
    assert stored(lab, "007", "DEAL-1", "DEAL-01", "deal-1", "0x7", "7e3", "1.0.0") == [
        *("7", "DEAL-1", "DEAL-01", "deal-1", "0x7", "7e3", "1.0.0")
    ]


@pytest.mark.parametrize(("table", "column", "header", "line"), IDS)
def test_of_an_object_in_place_of_an_id_the_id_is_taken(lab, table, column, header, line):
    """As APIs give users: with their names and addresses, which belong into no id."""
    objects = ["""\"{'id': 7, 'name': 'Ann'}\"""", '"{""value"": 8, ""email"": ""b@example.org""}"']
    lab.write(f"{table}.csv", header + "\n".join(line.format(id=held, n=n) for n, held in enumerate(objects)))
    lab.loads()
    assert lab.query(f"select {column} from raw.{table} order by 1") == [("7",), ("8",)]


@pytest.mark.parametrize(("table", "column", "header", "line"), IDS)
def test_what_is_left_of_a_damaged_id_is_refused(lab, table, column, header, line):
    damaged = dict(DAMAGED)
    if (table, column) not in OPTIONAL:
        damaged |= dict.fromkeys(MISSING, "is no id but stands for a missing one")
    lines = [line.format(id=value, n=number) for number, value in enumerate(["7", *damaged])]
    lab.write(f"{table}.csv", header + "\n".join(lines))
    lab.loads("--max-rejects", "1")
    assert [reject[1:] for reject in lab.rejects()] == [
        (column, value.strip('"')[:200], reason) for value, reason in damaged.items()
    ]


@pytest.mark.parametrize("blanks", ["", "\N{NO-BREAK SPACE}", "\N{IDEOGRAPHIC SPACE}"])
@pytest.mark.parametrize("quote", ["", '"'])
def test_an_id_of_salesforce_is_as_whole_and_without_blanks(lab, quote, blanks):
    header = "Id,StageName,IsClosed,IsWon,OwnerId\n"
    lab.write("Opportunity.csv", header + f"A1,New,false,false,{quote}{blanks}7{blanks}{quote}\n")
    lab.loads()
    assert lab.query("select ownerid from raw.salesforce_opportunity") == [("7",)]
    lab.write("Opportunity.csv", header + f"A1,New,false,false,{quote}4.29E+11{quote}\n")
    assert f"column ownerid: '4.29E+11' {NO_WHOLE_ID}" in lab.refused()


@pytest.mark.parametrize(("table", "column", "header", "line"), [row for row in IDS if row[:2] in OPTIONAL])
def test_an_id_that_may_be_missing_is_where_the_file_says_so(lab, table, column, header, line):
    lines = [line.format(id=value, n=number) for number, value in enumerate(["7", *MISSING])]
    lab.write(f"{table}.csv", header + "\n".join(lines))
    outcome = lab.run()
    assert (outcome.status, lab.rejects()) == (0, [])
    assert f"warning: {table}.csv: 4 values such as 'NaN' are read as missing" in outcome.err
    assert lab.query(f"select {column} from raw.{table} order by 1") == [("7",)] + [(None,)] * 4


def test_an_id_of_blanks_is_none(lab):
    lab.changes(" ,2024-01-01,note,")
    assert "is empty, but the column is required" in lab.refused()
    (lab.folder / "deal_changes.csv").unlink()
    lab.write("activity.csv", ACTIVITIES + "1,call, ,1,True,2024-01-01\n")
    lab.loads()
    assert lab.query("select assigned_to_user from raw.activity") == [(None,)]


NUMBERS_AGAIN = """
    drop view named.owners;
    drop index raw.deal_changes_deal_key, raw.activity_deal_key;
    alter table raw.deal_changes alter column deal_id type bigint using deal_id::bigint;
    alter table raw.activity
        alter column activity_id type bigint using activity_id::bigint,
        alter column deal_id type bigint using deal_id::bigint,
        alter column assigned_to_user type bigint using assigned_to_user::bigint;
    alter table raw.stages
        alter column stage_id type bigint using stage_id::bigint,
        alter column pipeline_id type bigint using pipeline_id::bigint;
    alter table raw.users alter column id type bigint using id::bigint;
    alter table raw.fields alter column id type bigint using id::bigint;
    alter table raw.activity_types alter column id type bigint using id::bigint;
    create index deal_changes_deal_id on raw.deal_changes (deal_id);
    create schema staging;
    create view staging.stg_users as select id from raw.users;
"""


def test_a_database_whose_ids_are_numbers_is_brought_over(tmp_path, database, load, connect):
    """init.sql alone; every version stays, and the same export appends nothing."""
    lab = Lab(tmp_path, database, load, connect)
    for name in ("Ann", "Ann Lee"):
        lab.users(f"007,{name},,")
        lab.changes("12,2024-01-01,note,a", "0012,2024-01-02,note,b")
        lab.write("activity.csv", ACTIVITIES + "5,call,7,12,True,2024-01-01\n")
        lab.write("stages.csv", "stage_id,stage_name,pipeline_id\n1,New,1\n")
        lab.write("fields.csv", "id,field_key,name,field_value_options\n3,status,Status,\n")
        lab.write("activity_types.csv", "id,name,active,type\n4,Call,Yes,call\n")
        lab.loads()
    before = lab.everything()
    lab.query(NUMBERS_AGAIN)
    for _ in range(2):
        lab.query((ROOT / "init.sql").read_text(encoding="utf-8"))
    assert lab.everything() == before
    assert lab.query("select to_regclass('staging.stg_users')") == [(None,)], "its column would be a number"
    lab.loads()
    assert lab.query(
        "select sum(rows_new + rows_changed + rows_deleted), sum(rows_unchanged) from"
        " (select * from raw.load_batches order by batch_id desc limit 6) as last"
    ) == [(0, 7)]
    indexes = {name for (name,) in lab.query("select indexname from pg_indexes where schemaname = 'raw'")}
    assert {"deal_changes_deal_key", "activity_deal_key", "deal_changes_superseding"} <= indexes
    assert "deal_changes_deal_id" not in indexes, "each load would pay for it"
    lab.close()


def test_where_the_key_of_a_deal_is_a_column_the_loader_fills_it(tmp_path, database, load, connect):
    """What citus.sql does before it distributes anything, on plain PostgreSQL."""
    lab = Lab(tmp_path, database, load, connect)
    lab.changes("1,2024-01-01,note,a")
    lab.loads()
    statements = (ROOT / "citus.sql").read_text(encoding="utf-8")
    [adds_columns] = re.findall(r"^do \$\$.*?^\$\$;", statements, re.MULTILINE | re.DOTALL)[:1]
    for _ in range(2):
        lab.query(adds_columns)
    wrong = "select count(*) from raw.{} where _deal_key is distinct from hashtextextended('pipedrive::' || deal_id, 0)"
    for lines in (["1,2024-01-01,note,a", "DEAL-1,2024-01-02,note,b"], ["DEAL-1,2024-01-02,note,b"]):
        lab.changes(*lines)
        lab.write("activity.csv", ACTIVITIES + "5,call,7,12,True,2024-01-01\n")
        lab.loads("--max-deleted", "1")
        assert [lab.query(wrong.format(log)) for log in ("deal_changes", "activity")] == [[(0,)], [(0,)]]
    assert lab.versions("deal_changes", "deal_id") == [
        *(("1", 1, False), ("1", 2, True), ("DEAL-1", 1, False)),
    ]
    lab.close()


@pytest.mark.parametrize("letters", ["AbCdEfGhIjKlMnOpQr", "7d444840-9dc0-11d1-b245-5ffdce74fad2", "a_b-c_d"])
def test_a_record_that_is_not_plain_is_found_at_once_whatever_ids_stand_before_it(letters):
    """A pattern that matches an id in two ways would try 2 ** n of them for n ids, and never end."""
    columns = [
        Column(f"id_{number}", "text", required=False, optional=True, is_id=True) for number in range(12)
    ]
    columns.append(Column("is_won", "boolean", required=False, optional=True))
    names = [column.name for column in columns]
    header = Header(names, {name: place for place, name in enumerate(names)}, ",", [], [], 0)
    pattern = plain_records(
        RawTable("deals.csv", "deals", ("id_1",), tuple(columns), None, None, (), False, None, ()), header
    )
    plain = (",".join([letters] * 12) + ",true\n").encode() * 500

    def give_up(*_: object) -> None:
        raise AssertionError("the pattern does not end")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(60)
    try:
        assert csv_reader._matched(plain, pattern) == plain
        for last in (b"\n", plain[:-5] + b"so,\n", b'"' + plain):
            with pytest.raises(csv_reader.Suspect):
                csv_reader._matched(plain + last, pattern)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
