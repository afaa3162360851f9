"""What a load leaves in raw: versions, tombstones, counts, one transaction, whatever the form of the files."""

from __future__ import annotations

import codecs
import gzip
import os
import sys
from datetime import datetime, timedelta, timezone
from hashlib import sha256

import psycopg2
import pytest

from loader import csv_reader, raw_writer, typed_rows
from loader.load_context import FileLoad
from support.raw_lab import CHANGES_HEADER, Lab, always_careful, never_careful

USERS = ("1,Ann,ann@example.org,2024-01-01", "2,Bob,,", "3,Cy,cy@example.org,2024-03-01 10:00:00.5")
CHANGES = (
    "7,2024-01-01 10:00:00,add_time,2024-01-01T10:00:00",
    "7,2024-01-02 10:00:00,stage_id,1",
    "7,2024-01-03 10:00:00,lost_reason,",
)


def counts(**expected: int) -> dict[str, int]:
    return dict.fromkeys(("read", "new", "changed", "deleted", "unchanged", "rejected"), 0) | expected


# --- versions ----------------------------------------------------------------------------------------------------


def test_first_load_appends_every_row_as_version_one(lab):
    lab.changes(*CHANGES)
    assert lab.loads() == counts(read=3, new=3)
    rows = lab.query(
        "select deal_id, change_time, changed_field_key, new_value, _row_number, _version, _is_deleted, _source_file"
        " from raw.deal_changes order by _row_number"
    )
    assert rows == [
        (
            "7",
            datetime(2024, 1, 1, 10, tzinfo=timezone.utc),
            "add_time",
            "2024-01-01T10:00:00",
            1,
            1,
            False,
            "deal_changes.csv",
        ),
        (
            "7",
            datetime(2024, 1, 2, 10, tzinfo=timezone.utc),
            "stage_id",
            "1",
            2,
            1,
            False,
            "deal_changes.csv",
        ),
        (
            "7",
            datetime(2024, 1, 3, 10, tzinfo=timezone.utc),
            "lost_reason",
            None,
            3,
            1,
            False,
            "deal_changes.csv",
        ),
    ]
    assert lab.query("select count(distinct _loaded_at) from raw.deal_changes") == [(1,)]


@pytest.mark.parametrize("mode", ["full", "delta"])
def test_second_load_appends_nothing(lab, mode):
    lab.changes(*CHANGES)
    lab.users(*USERS)
    lab.loads()
    before = {name: rows for name, rows in lab.everything().items() if name != "load_batches"}
    assert lab.loads("--mode", mode) == counts(read=3, unchanged=3)
    assert {name: rows for name, rows in lab.everything().items() if name != "load_batches"} == before


def test_changed_row_becomes_the_next_version_and_a_change_back_the_one_after(lab):
    lab.users(*USERS)
    lab.loads()
    lab.users("1,Ann Lee,ann@example.org,2024-01-01", *USERS[1:])
    assert lab.loads() == counts(read=3, changed=1, unchanged=2)
    lab.users(*USERS)
    assert lab.loads() == counts(read=3, changed=1, unchanged=2)
    assert [row for row in lab.versions("users", "id", "name") if row[0] == "1"] == [
        ("1", "Ann", 1, False),
        ("1", "Ann", 3, False),
        ("1", "Ann Lee", 2, False),
    ]


def test_value_that_becomes_empty_is_a_change(lab):
    lab.users(*USERS)
    lab.loads()
    lab.users("1,Ann,,2024-01-01", *USERS[1:])
    assert lab.loads() == counts(read=3, changed=1, unchanged=2)


def test_key_gone_from_a_full_file_gets_one_tombstone_and_may_come_back(lab):
    lab.users(*USERS)
    lab.loads()
    lab.users(*USERS[:2])
    assert lab.loads("--max-deleted", "0.5") == counts(read=2, deleted=1, unchanged=2)
    assert lab.loads() == counts(read=2, unchanged=2)
    lab.users(*USERS)
    assert lab.loads() == counts(read=3, changed=1, unchanged=2)
    rows = lab.query(
        "select name, email, _version, _is_deleted from raw.users where id = '3' order by _version"
    )
    assert rows == [("Cy", "cy@example.org", number, number == 2) for number in (1, 2, 3)]


def test_absence_from_a_delta_means_nothing(lab):
    lab.users(*USERS)
    lab.loads()
    lab.users("2,Bobby,,", "4,Di,,")
    assert lab.loads("--mode", "delta") == counts(read=2, new=1, changed=1)
    assert lab.query("select count(*) from raw.users where _is_deleted") == [(0,)]


def test_event_log_takes_its_whole_row_as_key_and_nulls_as_equal(lab):
    lab.changes(*CHANGES)
    lab.loads()
    lab.changes(*CHANGES[1:], "7,2024-01-01 10:00:00,add_time,")
    assert lab.loads("--max-deleted", "0.5") == counts(read=3, new=1, deleted=1, unchanged=2)
    lab.changes(*CHANGES)
    assert lab.loads("--max-deleted", "0.5", "--accept-older") == counts(
        read=3, changed=1, deleted=1, unchanged=2
    )


def test_same_moment_and_number_written_differently_are_the_same_row(lab):
    lab.changes("7,2024-01-01 10:00:00,stage_id,1")
    lab.loads()
    lab.changes("+07,2024-01-01T10:00Z,stage_id,1")
    assert lab.loads() == counts(read=1, unchanged=1)


def test_activity_id_on_two_deals_is_two_activities(lab):
    lines = ("5,meeting,1,70,True,2024-01-01T00:00:00", "5,call,1,71,False,2024-01-02T00:00:00")
    lab.write("activity.csv", "activity_id,type,assigned_to_user,deal_id,done,due_to\n" + "\n".join(lines))
    assert lab.loads() == counts(read=2, new=2)


@pytest.mark.parametrize("before", [(), USERS[:1]], ids=["empty table", "filled table"])
def test_exact_repetition_inside_a_file_is_unchanged(lab, before):
    if before:
        lab.users(*before)
        lab.loads()
    lab.users(*USERS, *USERS, USERS[0])
    with never_careful():
        assert lab.loads() == counts(read=7, new=3 - len(before), unchanged=4 + len(before))
    assert lab.query("select array_agg(_row_number order by _row_number) from raw.users") == [([1, 2, 3],)]


def test_same_key_with_other_values_keeps_the_first_and_names_its_line(lab):
    lab.users("1,Ann,,", "2,Bob,,", "1,Anna,,", "1,Ann,,")
    assert "line 4: has the key of line 2 but other values" in lab.refused()
    assert lab.loads("--max-rejects", "0.25") == counts(read=4, new=2, unchanged=1, rejected=1)
    assert lab.versions("users", "id", "name") == [("1", "Ann", 1, False), ("2", "Bob", 1, False)]
    assert lab.rejects() == [(4, None, None, "has the key of line 2 but other values")]


# --- what a full load may delete ------------------------------------------------------------------------------------


def test_full_load_may_delete_the_set_share_and_not_more(lab):
    lab.users(*(f"{number},Name,," for number in range(10)))
    lab.loads()
    lab.users(*(f"{number},Name,," for number in range(8)))
    assert lab.loads() == counts(read=8, deleted=2, unchanged=8)
    lab.users(*(f"{number},Name,," for number in range(6)))
    error = lab.refused()
    assert "would delete 2 of 8 keys (25.0%), --max-deleted allows 20.0%" in error
    assert lab.loads("--max-deleted", "0.25") == counts(read=6, deleted=2, unchanged=6)


def test_full_load_refuses_a_file_without_rows_and_a_delta_takes_it(lab):
    lab.users(*USERS)
    lab.loads()
    lab.users()
    assert "users.csv: has no data rows" in lab.refused()
    assert "users.csv: has no data rows" in lab.refused("--max-deleted", "1")
    assert lab.loads("--mode", "delta") == counts()


@pytest.mark.parametrize("mode", ["full", "delta"])
@pytest.mark.parametrize("name", ["users.csv", "users.csv.gz"])
def test_zero_byte_file_is_refused(lab, mode, name):
    lab.write(name, gzip.compress(b"") if name.endswith("gz") else b"")
    assert "is empty, not even a header; export it again" in lab.refused("--mode", mode)


def test_rejected_row_does_not_delete_its_key(lab):
    lab.users(*(f"{number},Name,," for number in range(10)))
    lab.loads()
    lab.users(*(f"{number},Name,," for number in range(8)), "8,Name,,yesterday")
    assert lab.loads("--max-rejects", "0.2") == counts(read=9, deleted=1, unchanged=8, rejected=1)
    assert lab.query("select id from raw.users where _is_deleted") == [("9",)]


@pytest.mark.parametrize("bad", ["8,Name", "8.5,Name,,", ",Name,,", "8,Na\0me,,"])
def test_rejected_row_whose_key_cannot_be_read_deletes_no_key_at_all(lab, bad):
    lab.users(*(f"{number},Name,," for number in range(10)))
    lab.loads()
    lab.users(*(f"{number},Name,," for number in range(8)), bad)
    outcome = lab.run("--max-rejects", "0.2")
    assert lab.last_batch() == counts(read=9, unchanged=8, rejected=1)
    assert "2 keys are not in the file, but none was marked deleted" in outcome.err


# --- one transaction, one moment --------------------------------------------------------------------------------------


def test_one_bad_file_keeps_every_file_of_the_call_out(lab):
    lab.changes(*CHANGES)
    lab.users("1,Ann,,yesterday")
    assert "users.csv: 1 of 1 rows rejected" in lab.refused()


def test_every_file_of_a_call_has_the_same_moment(lab):
    lab.changes(*CHANGES)
    lab.users(*USERS)
    lab.loads()
    [(moments,)] = lab.query(
        "select count(distinct _loaded_at) from (select _loaded_at from raw.users union all"
        " select _loaded_at from raw.deal_changes union all select _loaded_at from raw.load_batches) as t"
    )
    assert moments == 1


@pytest.mark.parametrize("table", ["load_batches", "stages"])
def test_load_is_later_than_every_earlier_one_though_the_clock_went_back(lab, table):
    lab.users(*USERS)
    lab.loads()
    lab.query(f"update raw.{table} set _loaded_at = '2200-01-01'")
    if table == "stages":
        lab.query("insert into raw.stages (stage_id, stage_name, _loaded_at) values (1, 'a', '2200-01-01')")
    lab.users("1,Other,,", *USERS[1:])
    lab.loads()
    [(moment, day)] = lab.query("select max(_loaded_at), '2200-01-01'::timestamptz from raw.users")
    assert moment - day == timedelta(microseconds=1)


def test_batch_records_file_mode_checksum_and_times(lab):
    path = lab.users(*USERS)
    lab.loads("--mode", "delta")
    rows = lab.query(
        "select file_name, source_file, mode, checksum, started_at >= _loaded_at - interval '1 s',"
        " finished_at >= started_at from raw.load_batches"
    )
    assert rows == [("users.csv", "users.csv", "delta", sha256(path.read_bytes()).hexdigest(), True, True)]


def test_table_shows_the_counts_of_each_file(lab):
    lab.changes(*CHANGES)
    lab.users(*USERS, USERS[0])
    header, *lines = [line.split() for line in lab.run().out.splitlines()]
    assert header == ["file", "read", "new", "changed", "deleted", "unchanged", "rejected"]
    assert lines == [
        ["deal_changes.csv", "3", "3", "0", "0", "0", "0"],
        ["users.csv", "4", "3", "0", "0", "1", "0"],
    ]


def test_planner_knows_the_rows_after_a_load(lab):
    lab.users(*USERS)
    lab.loads()
    assert lab.query("select reltuples from pg_class where oid = 'raw.users'::regclass") == [(3,)]


def test_planner_knows_how_many_rows_a_trimmed_field_has(lab):
    """Staging trims it. Where the planner expects one row of thousands, it joins them row by row."""
    lab.changes(
        *(f"{deal},2024-01-02 10:00:00,{'user_id' if deal % 2 else 'value'},7" for deal in range(2000))
    )
    lab.loads()
    counted = "explain (format json) select from raw.deal_changes where btrim(changed_field_key) = 'user_id'"
    [([plan],)] = lab.query(counted)
    assert plan["Plan"]["Plan Rows"] == 1000


# --- first large load: indexes are built once -----------------------------------------------------------------------


def index_definitions(lab: Lab) -> list[tuple]:
    return lab.query("select indexdef from pg_indexes where schemaname = 'raw' order by 1")


def defaults(lab: Lab) -> list[tuple]:
    return lab.query(
        "select attrelid::regclass::text, attname, pg_get_expr(adbin, adrelid) from pg_attrdef inner join pg_attribute"
        " on attrelid = adrelid and attnum = adnum where attrelid = 'raw.deal_changes'::regclass order by attnum"
    )


@pytest.mark.parametrize("way", ["direct", "over typed"])
def test_first_large_load_leaves_indexes_and_defaults_as_they_were(lab, monkeypatch, way):
    monkeypatch.setattr(
        *((typed_rows, "LARGE_BYTES", 0) if way == "direct" else (raw_writer, "MANY_ROWS", 1))
    )
    statements = []
    monkeypatch.setattr(FileLoad, "execute", spy(FileLoad.execute, statements))
    before = index_definitions(lab), defaults(lab)
    lab.changes(*CHANGES)
    lab.loads()
    assert (index_definitions(lab), defaults(lab)) == before
    assert any("end_first_load" in statement for statement in statements)
    assert any("create temp table typed" in statement for statement in statements) == (way != "direct")
    assert lab.query("select count(*) from raw.parked_definitions") == [(0,)]
    [(loaded_at,)] = lab.query("select _loaded_at from raw.load_batches")
    own = (
        "select _row_number, _loaded_at, _version, _is_deleted, _source_file from raw.deal_changes order by 1"
    )
    assert lab.query(own) == [(n, loaded_at, 1, False, "deal_changes.csv") for n in (1, 2, 3)]


def test_first_large_load_with_a_repeated_row_keeps_both(lab, monkeypatch):
    monkeypatch.setattr(typed_rows, "LARGE_BYTES", 0)
    lab.changes(*CHANGES, CHANGES[0])
    before = index_definitions(lab), defaults(lab)
    assert lab.loads() == counts(read=4, new=4)
    assert (index_definitions(lab), defaults(lab)) == before


def spy(function, statements: list[str]):
    def execute(self, template, *parts, **named):
        statements.append(template)
        function(self, template, *parts, **named)

    return execute


def test_first_large_load_does_not_wait_for_a_reader(lab, connect, monkeypatch):
    monkeypatch.setattr(typed_rows, "LARGE_BYTES", 0)
    before = index_definitions(lab)
    lab.changes(*CHANGES)
    reader = connect(lab.database)
    with reader.cursor() as cursor:
        cursor.execute("select count(*) from raw.deal_changes")
        assert lab.loads() == counts(read=3, new=3)
    reader.close()
    assert index_definitions(lab) == before


# --- what the loader may do -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "update raw.users set name = 'x'",
        "delete from raw.users",
        "truncate raw.users",
        "drop table raw.users",
        "create table raw.mine (id int)",
        "insert into raw.parked_definitions values ('users', 'drop table raw.users')",
        "select raw.analyze_table('parked_definitions')",
        "select raw.begin_first_load('load_batches', now(), 'mine')",
        "select * from raw.parked_definitions",
    ],
)
def test_loader_can_do_no_more_than_append(lab, connect, statement):
    connection = connect(lab.database, "loader")
    with (
        connection.cursor() as cursor,
        pytest.raises(psycopg2.Error, match=r"denied|must be|knows no"),
    ):
        cursor.execute(statement)
    connection.close()


def test_indexes_of_a_filled_table_stay(lab, connect):
    lab.users(*USERS)
    lab.loads()
    before = index_definitions(lab)
    connection = connect(lab.database, "loader")
    with connection.cursor() as cursor:
        cursor.execute("select raw.begin_first_load('users', now(), 'mine')")
        assert cursor.fetchone() == (False,)
    connection.commit()
    connection.close()
    assert index_definitions(lab) == before


# --- forms of a file ------------------------------------------------------------------------------------------------

EXPECTED_USERS = [
    ("1", "Ann", "ann@example.org", datetime(2024, 1, 1, tzinfo=timezone.utc)),
    ("2", "Bob", None, None),
    ("3", "Cy", "cy@example.org", datetime(2024, 3, 1, 10, 0, 0, 500_000, tzinfo=timezone.utc)),
]
PLAIN_USERS = "id,name,email,modified\n" + "\n".join(USERS) + "\n"
FORMS = {
    "as it is": PLAIN_USERS.encode(),
    "byte order mark": b"\xef\xbb\xbf" + PLAIN_USERS.encode(),
    "Windows line ends": PLAIN_USERS.replace("\n", "\r\n").encode(),
    "no line end at the end": PLAIN_USERS.rstrip("\n").encode(),
    "upper case and blanks in the header": PLAIN_USERS.replace("id,name,email", " ID ,Name , eMAIL").encode(),
    "semicolons": PLAIN_USERS.replace(",", ";").encode(),
    "tabs": PLAIN_USERS.replace(",", "\t").encode(),
    "bars": PLAIN_USERS.replace(",", "|").encode(),
    "everything quoted": "\n".join(
        ",".join(f'"{value}"' for value in line.split(",")) for line in PLAIN_USERS.splitlines()
    ).encode(),
    "other order": "\n".join(",".join(line.split(",")[::-1]) for line in PLAIN_USERS.splitlines()).encode(),
    "extra columns": "\n".join(f"x,{line},y" for line in PLAIN_USERS.splitlines()).encode(),
}


def users_of(lab: Lab) -> list[tuple]:
    return lab.query("select id, name, email, modified from raw.users order by _row_number")


@pytest.mark.parametrize("form", FORMS)
def test_usual_forms_of_a_file_load_alike_and_fast(lab, form):
    lab.write("users.csv", FORMS[form])
    with never_careful():
        lab.loads()
    assert users_of(lab) == EXPECTED_USERS


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_file_loads_alike_carefully(lab, form):
    lab.write("users.csv", FORMS[form])
    with always_careful():
        lab.loads()
    assert users_of(lab) == EXPECTED_USERS


def test_extra_columns_are_named(lab):
    lab.write("users.csv", FORMS["extra columns"])
    outcome = lab.run()
    assert "load: warning: users.csv: columns not loaded: x, y" in outcome.err


def test_extra_column_named_like_one_of_the_loaders_own(lab):
    lab.write("users.csv", "_row,id,_line,name,_extra_0,email,modified,_loaded_at\nq,1,q,Ann,q,,,q\n")
    with never_careful():
        lab.loads()
    assert lab.query("select id, name, _row_number from raw.users") == [("1", "Ann", 1)]


def test_column_that_a_file_may_lack_is_empty(lab):
    lab.write("stages.csv", "stage_id,stage_name\n1,Lead\n")
    lab.loads()
    assert lab.query("select stage_id, stage_name, order_nr from raw.stages") == [("1", "Lead", None)]


TEXTS = [
    'a "quoted" word',
    "a,b;c|d\te",
    "two\nlines",
    "two\r\nlines",
    " blanks ",
    "=1+1",
    "'; drop table raw.users; --",
    "%s %(x)s {} {0} $1 \\N \\. \\",
    "NULL",
    "Zoë 李 🙂",
    "\x01\x1f\x7f",
    "\\.",
]


@pytest.mark.parametrize("path", ["fast", "careful"])
def test_text_is_kept_as_it_is(lab, path):
    quoted = [text.replace('"', '""') for text in TEXTS]
    lab.users(*(f'{number},"{text}",,' for number, text in enumerate(quoted)))
    with never_careful() if path == "fast" else always_careful():
        lab.loads()
    assert [name for _, name, _, _ in users_of(lab)] == TEXTS


@pytest.mark.parametrize("size", [7, 16, 33])
def test_blocks_end_with_a_record_wherever_the_chunks_end(lab, monkeypatch, size):
    monkeypatch.setattr(csv_reader, "CHUNK", size)
    lab.users(*(f'{number},"two\nlines, ""{number}""",,2024-01-01' for number in range(20)))
    with never_careful():
        lab.loads()
    assert [name for _, name, _, _ in users_of(lab)] == [f'two\nlines, "{number}"' for number in range(20)]


@pytest.mark.parametrize("path", ["fast", "careful"])
def test_quoted_empty_value_is_null(lab, path):
    lab.users('1,Ann,"",""')
    with never_careful() if path == "fast" else always_careful():
        lab.loads()
    assert users_of(lab) == [("1", "Ann", None, None)]


def test_quote_inside_an_unquoted_value_is_text(lab):
    lab.users('1,5" pipe,,', '2,"Bob",,')
    lab.loads()
    assert [name for _, name, _, _ in users_of(lab)] == ['5" pipe', "Bob"]


def test_line_that_older_servers_take_for_the_end_is_data(lab):
    lab.users("1,Ann,,", "\\.", "2,Bob,,")
    assert "line 3: '\\.' has 1 fields" in lab.refused()


def test_both_paths_leave_the_same_rows(lab):
    lab.changes(*(f"{n % 7},2024-01-{n % 28 + 1:02} 10:00:00,stage_id,{n % 5}" for n in range(400)))
    lab.users(*(f'{n},"Name ""{n}"", Jr",{n}@example.org,2024-01-01T0{n % 9}:00:00.{n}Z' for n in range(300)))
    lab.write("fields.csv", 'ID,FIELD_KEY,NAME,FIELD_VALUE_OPTIONS\n1,a,b,"[{""id"": ""1""}]"\n2,c,d,\n')
    left = []
    for path in (never_careful, always_careful):
        lab.empty()
        with path():
            lab.loads()
        left.append(lab.everything("batch_id _loaded_at started_at finished_at plain_bytes fingerprint"))
    assert left[0] == left[1]


# --- gzip, encodings, time zones ------------------------------------------------------------------------------------


def test_gzip_loads_like_the_file_in_it_and_its_checksum_is_that_of_the_gzip(lab):
    lab.users(*USERS)
    lab.loads()
    lab.write("users.csv", gzip.compress(PLAIN_USERS.encode()))
    path = lab.folder.joinpath("users.csv").rename(lab.folder / "Users.CSV.gz")
    assert lab.loads() == counts(read=3, unchanged=3)
    checksums = lab.query("select checksum from raw.load_batches order by batch_id desc limit 1")
    assert checksums == [(sha256(path.read_bytes()).hexdigest(),)]


@pytest.mark.parametrize(
    ("first_bytes", "told"),
    [
        (
            b"PK\x03\x04",
            "users.csv: is a ZIP archive or an Excel workbook: unpack it, or save its sheet as CSV UTF-8",
        ),
        (b"\xd0\xcf\x11\xe0", "users.csv: is an Excel workbook: save its sheet as CSV UTF-8"),
        (b"PAR1", "users.csv: is a Parquet file: write it as CSV"),
        (b"%PDF", "users.csv: is a PDF: export CSV instead"),
    ],
)
def test_a_file_of_another_kind_is_named(lab, first_bytes, told):
    path = lab.write("users.csv", first_bytes + b"\x00\x14,\n1,2\n")
    assert f"load: error: {told}; nothing was loaded\n" in lab.run().err
    assert told in lab.run("--explain", path=path).err


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "latin-1", "utf-8-sig"])
def test_other_encoding_by_flag(lab, encoding):
    lab.write("users.csv", "id,name,email,modified\n1,Zoë Müller,,\n".encode(encoding))
    with never_careful():
        lab.loads("--encoding", encoding)
    assert users_of(lab) == [("1", "Zoë Müller", None, None)]


MARKED = {
    "utf-8": codecs.BOM_UTF8,
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
}


@pytest.mark.parametrize("encoding", MARKED)
def test_a_byte_order_mark_tells_the_encoding_of_its_file_alone(lab, encoding):
    def write(*names: str) -> None:
        lines = ["id,name,email,modified", *(f"{number},{name},," for number, name in enumerate(names, 1))]
        lab.write("users.csv", MARKED[encoding] + "\n".join([*lines, ""]).encode(encoding))

    lab.write("stages.csv", "stage_id,stage_name,order_nr\n1,Prüfung,1\n".encode("cp1252"))
    write("Zoë")
    lab.loads("--encoding", "cp1252")
    assert lab.query("select stage_name from raw.stages") == [("Prüfung",)]
    assert users_of(lab) == [("1", "Zoë", None, None)]
    # A file that only grew is read from where it ended, and its rest has no mark.
    write("Zoë", "Müller")
    assert lab.loads("--encoding", "cp1252")["new"] == 1
    assert users_of(lab)[1] == ("2", "Müller", None, None)
    lab.folder.joinpath("stages.csv").unlink()
    path = lab.folder / "users.csv"
    path.with_name("users.csv.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    assert lab.loads() == counts(read=2, unchanged=2)


def test_result_does_not_depend_on_the_session(lab, monkeypatch):
    lab.users("1,Ann,,2024-02-01T10:00:00Z", "2,Bob,,2024-02-03", "3,Cy,,2024-02-01T10:00:00+05:00")
    lab.loads()
    monkeypatch.setenv("PGTZ", "Asia/Kolkata")
    monkeypatch.setenv("PGDATESTYLE", "SQL, DMY")
    monkeypatch.setenv("PGOPTIONS", "-c search_path=raw -c default_transaction_isolation=serializable")
    assert lab.loads() == counts(read=3, unchanged=3)
    with always_careful():
        assert lab.loads() == counts(read=3, unchanged=3)


@pytest.mark.parametrize("zone", ["Europe/Berln", "UTC+3", "", "'; drop table raw.users"])
def test_time_zone_must_be_a_name(lab, zone):
    lab.users(*USERS)
    assert f"--source-timezone {zone}: no such time zone" in lab.refused("--source-timezone", zone)


# --- folders --------------------------------------------------------------------------------------------------------


def test_folder_is_searched_and_unknown_files_are_named(lab):
    lab.write("crm/2024/USERS.csv", PLAIN_USERS)
    lab.write("crm/leads.csv", "a\n1\n")
    lab.write("crm/notes.md", "notes")
    lab.write("crm/.hidden.csv", "a\n1\n")
    outcome = lab.run()
    [line] = outcome.err.splitlines()
    assert line.startswith(
        "load: warning: not loaded, names not known: crm/leads.csv; load.py --explain FILE says"
    )
    assert lab.query("select distinct _source_file from raw.users") == [("crm/2024/USERS.csv",)]


def test_file_that_came_with_the_rest_before_is_missed(lab):
    lab.write("crm/users.csv", PLAIN_USERS)
    stages = lab.write("crm/stages.csv", "stage_id,stage_name\n1,New\n")
    lab.write("other/activity_types.csv", "id,name,active,type\n1,Call,Yes,call\n")
    assert lab.run().err == ""
    crm = lab.folder / "crm"
    assert lab.run(path=crm).err == ""  # the other folder is nobody's business here
    stages.unlink()
    for _ in range(2):
        assert lab.run(path=crm).err.strip() == (
            "load: warning: not in the folder, though loaded with the rest before: stages.csv; "
            "their rows stay as they were"
        )
    assert lab.run("--mode", "delta", path=crm).err == ""
    assert lab.run(path=crm / "users.csv").err == ""


def test_two_files_of_one_table_are_a_delta_or_an_error(lab):
    lab.write("a/users.csv", PLAIN_USERS)
    lab.write("b/users.csv.gz", gzip.compress(PLAIN_USERS.replace("Bob", "Rob").encode()))
    assert "a/users.csv and b/users.csv.gz are both users.csv" in lab.refused()
    assert lab.loads("--mode", "delta") == counts(read=3, changed=1, unchanged=2)


def test_two_paths_with_a_file_of_one_table_are_an_error(lab):
    lab.write("a/users.csv", PLAIN_USERS)
    lab.write("b/users.csv", PLAIN_USERS)
    error = lab.refused(lab.folder / "b", path=lab.folder / "a")
    assert f"{lab.folder}/a/users.csv and {lab.folder}/b/users.csv are both users.csv" in error


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_folder_whose_name_is_not_text(lab):
    lab.write(os.fsdecode(b"caf\xe9/users.csv"), PLAIN_USERS)
    lab.loads()
    assert lab.query("select distinct _source_file from raw.users") == [(r"caf\xe9/users.csv",)]


def test_nothing_to_load_is_an_error(lab):
    assert "no file to load" in lab.refused()
    assert "no such file or folder" in lab.refused(path=lab.folder / "missing")
    assert "leads.csv: not a known name" in lab.refused(path=lab.write("leads.csv", "a\n"))


def test_row_with_every_column_of_the_log_empty_but_its_key(lab):
    lab.write("deal_changes.csv", CHANGES_HEADER + '7,2024-01-01,note,\n7,2024-01-01,note,""\n')
    assert lab.loads() == counts(read=2, new=2)
    assert lab.loads() == counts(read=2, unchanged=2)
