"""Every kind of bad input ends in one clear line; the database is as it was, or holds exactly the good rows."""

from __future__ import annotations

import gzip
import re

import pytest

from loader import csv_reader
from loader.load import main as load_files
from support.raw_lab import CHANGES_HEADER, USERS_HEADER, always_careful

TIME_SHAPE = "is not an ISO 8601 time (YYYY-MM-DD HH:MM:SS, offset optional)"
EMPTY = "is empty, but the column is required"
ACTIVITY = "activity_id,type,assigned_to_user,deal_id,done,due_to"
STAGES = "stage_id,stage_name,pipeline_id,order_nr,deal_probability,rotten_days"
FIELDS = "id,field_key,name,field_value_options"
USERS = "id,name,email,modified"
AD_SPEND = "date,campaign_id,channel,utm_source,utm_campaign,spend_usd,impressions,clicks"

# file, columns, a good row, a bad row around a value, the column at fault, reason, values
BAD_VALUES = [
    (
        *("users", USERS, "0,A,,", "{n},B,,{value}", "modified", TIME_SHAPE),
        [
            *("now", "today", "tomorrow", "yesterday", "epoch", "infinity", "-infinity", "allballs"),
            *("13/13/2024", "2024/13/02", "20241302", "2024-1/2", "Jan 2", "2024-01-02 BC"),
            *("2024-01-02 10", "2024-01-02 24:00:00", "2024-01-02 10:60:00", "2024-01-02 10:00:60"),
            *("2024-01-02 13:00 PM", "2024-01-02 10:00:00 Europe/Berlin"),
            *("12024-01-02", "17041896000", "2024-W01-2", "2024-01-02T", "x"),
        ],
    ),
    (
        *("users", USERS, "0,A,,", "{n},B,,{value}", "modified", "is out of range for timestamp"),
        ["2024-02-30", "2024-13-01 10:00:00", "0000-01-01", "2023-02-29T00:00:00Z", "2024-01-01T00:00+23:00"],
    ),
    (
        *("stages", STAGES, "0,a,,1,0.5,", "{n},b,,{value},,", "order_nr", "is not a whole number"),
        [
            "x",
            "1.5",
            "1e3",
            "0x1A",
            "1_000",
            "0b1",
            "1 2",
            "--1",
            "+",
            "now",
        ],
    ),
    (
        *("ad_spend", AD_SPEND, "2024-01-01,a,,,,0,1,1", "2024-01-02,{n},,,,0,1,{value}", "clicks"),
        *("is out of range for bigint", ["9" * 30, "-9223372036854775809"]),
    ),
    ("users", USERS, "0,A,,", "{value},B,,", "id", EMPTY, ["", '""']),
    ("users", USERS, "0,A,,", "{n},{value},,", "name", EMPTY, ["", '""']),
    ("users", USERS, "0,A,,", "{n},{value},,", "name", "holds a NUL byte", ["\0", "a\0b", '"\0"']),
    (
        "users",
        USERS,
        "0,A,,",
        "{n},{value},,",
        "name",
        "is not utf-8; try --encoding cp1252 or cp1251 or cp1253",
        ["\udcfc", "M\udcfc"],
    ),
    ("users", USERS, "0,A,,", "{n},{value}", None, "has 2 fields where the header has 4", ["", "B", '"B,,"']),
    ("users", USERS, "0,A,,", "{n},B,,,{value}", None, "has 5 fields where the header has 4", ["", "x"]),
    ("users", USERS, "0,A,,", "{n};{value};;", None, "has 1 fields where the header has 4", ["B"]),
    (
        *("stages", STAGES, "0,a,,1,0.5,", "{n},b,,1,{value},", "deal_probability", "is not a plain number"),
        [
            "Infinity",
            "-inf",
            "1.5.1",
            '"1,5,5"',
            "50%%",
            "1_0.5",
            "0x1",
            ".",
            "\N{EURO SIGN}",
            "1e99999",
        ],
    ),
    (
        *("stages", STAGES, "0,a,,1,0.5,", "{n},b,,{value},,", "order_nr", "is out of range for integer"),
        ["2147483648", "-2147483649"],
    ),
    (
        *("activity", ACTIVITY, "0,a,,1,True,2024-01-01", "{n},a,,1,{value},2024-01-01", "done"),
        *("is not true or false", ["maybe", "2", "2024-01-01", "-1", "o"]),
    ),
    ("activity", ACTIVITY, "0,a,,1,True,2024-01-01", "{n},a,,1,{value},2024-01-01", "done", EMPTY, [""]),
    ("activity", ACTIVITY, "0,a,,1,True,2024-01-01", "{n},a,,1,True,{value}", "due_to", EMPTY, [""]),
    (
        *("fields", FIELDS, "0,a,b,[]", "{n},a,b,{value}", "field_value_options", "is not JSON"),
        ["[1", "now", "'a'", "{a: 1}"],
    ),
]


@pytest.mark.parametrize(
    ("file", "header", "good", "bad", "column", "reason", "values"),
    BAD_VALUES,
    ids=[f"{file} {column} {reason}" for file, _, _, _, column, reason, _ in BAD_VALUES],
)
def test_bad_rows_are_named_and_keep_everything_out_unless_allowed(
    lab, file, header, good, bad, column, reason, values
):
    lines = [header, good, *(bad.format(n=n, value=value) for n, value in enumerate(values, start=1))]
    lab.write(f"{file}.csv", "".join(f"{line}\n" for line in lines).encode(errors="surrogateescape"))
    error = lab.refused()
    assert f"{len(values)} of {len(values) + 1} rows rejected" in error
    assert "the first at line 3" in error
    assert reason in error
    batch = lab.loads("--max-rejects", "0.99")
    assert (batch["read"], batch["new"], batch["rejected"]) == (len(values) + 1, 1, len(values))
    assert [(line, at, why) for line, at, _, why in lab.rejects()] == [
        (n, column, reason) for n in range(3, len(values) + 3)
    ]
    assert lab.query(f"select count(*) from raw.{file}") == [(1,)]


TAKEN_BY_POSTGRESQL = [
    *(f"1,A,,{value}" for value in ("now", "infinity", "epoch", "Jan 2 2024", "2024-01-02 24:00")),
    *(f"1,A,,{value}" for value in ("01/02/2024", "2024-01-02 10:00 PST", "2024-01-02 10:00:00.")),
    *(f"1,a,1,{value},," for value in ("0x1A", "1_000", "0b1", "0o7")),
]


@pytest.mark.parametrize("line", TAKEN_BY_POSTGRESQL)
def test_value_that_a_cast_alone_would_take_is_rejected(lab, line):
    is_user = line.startswith("1,A")
    lab.write(*(("users.csv", f"{USERS}\n{line}\n") if is_user else ("stages.csv", f"{STAGES}\n{line}\n")))
    assert "1 of 1 rows rejected" in lab.refused()


def test_share_of_rejects_may_be_reached_and_not_passed(lab):
    lab.users("None,A,,", "1,A,,", "2,B,,", "3,C,,")
    assert "1 of 4 rows rejected (25.00%, --max-rejects allows 24.00%)" in lab.refused(
        "--max-rejects", "0.24"
    )
    assert lab.loads("--max-rejects", "0.25")["rejected"] == 1


def test_first_few_of_many_rejects_are_printed_with_their_lines_and_all_are_kept(lab):
    lab.users('1,"two\nlines",,', *(f"{number}.5,Name,," for number in range(20)), *("2,Name,,",) * 200)
    outcome = lab.run("--max-rejects", "0.1")
    assert outcome.status == 0
    named = [line for line in outcome.err.splitlines() if line.startswith("users.csv, line")]
    assert named == [
        f"users.csv, line {n + 4}, column id: '{n}.5' is no id but a number with a fraction" for n in range(5)
    ]
    assert [line for line, *_ in lab.rejects()] == list(range(4, 24))
    [(moments,)] = lab.query("select count(*) from raw.rejected_rows natural join raw.load_batches")
    assert moments == 20


def test_reject_is_printed_on_one_line_without_control_characters(lab):
    lab.users('1,Name,,"new\nline\x1b[31m"')
    assert r"'new\nline\x1b[31m' is not" in lab.refused()


def test_first_fault_of_a_row_is_the_one_reported(lab):
    lab.users("None,,,now")
    assert "column id: 'None' is no id but stands for a missing one" in lab.refused()


def test_long_value_is_cut(lab):
    lab.users(f"{'9' * 1000},Name,,", "1,Name,,")
    lab.loads("--max-rejects", "0.5")
    [(_, _, value, _)] = lab.rejects()
    assert value == "9" * 200


def test_wrong_encoding_suggests_the_flag(lab):
    lab.write("users.csv", (USERS_HEADER + "1,Müller,,\n").encode("cp1252"))
    assert r"'M\xfcller' is not utf-8; try --encoding cp1252" in lab.refused()
    lab.write("users.csv", "id,name,email,größe\n".encode("cp1252"))
    assert "users.csv, line 1: the header is not utf-8; try --encoding cp1252" in lab.refused()
    lab.write("users.csv", (USERS_HEADER + "1,M\x81ller,,\n").encode("latin-1"))
    assert r"'M\x81ller' is not cp1252; try --encoding cp932" in lab.refused("--encoding", "cp1252")
    lab.write("users.csv", (USERS_HEADER + "1,Müller,,\n").encode("utf-16") + b"\0\xdc\0\xdc")
    assert "users.csv: part of it is not utf-16-le; name its --encoding" in lab.refused()


# What Windows writes there for two words of each language; a list of names that it may be.
ENCODED = {
    "cp932": ("見込み、提案", "受注"),
    "gb18030": ("客户、\N{IDEOGRAPHIC SPACE}新", "商务谈判"),
    "big5": ("報價階段", "成交"),
    "cp949": ("견적 제출", "계약"),
    "cp1250": ("Příprava", "Odesłana"),
    "cp1251": ("Переговоры", "КП отправлено"),
    "cp1252": ("Qualifizierung für „Süd“", "Négociation"),
    "cp1253": ("Προσφορά", "Κλειστό"),
    "cp1254": ("Görüşme", "İletişim"),
    "cp1255": ("הצעת מחיר", "נסגר"),
    "cp1256": ("تفاوض", "عرض"),
    "cp874": ("เสนอราคา", "ปิดการขาย"),
}


@pytest.mark.parametrize("encoding", ENCODED)
def test_the_encoding_that_is_named_reads_the_file(lab, encoding):
    words = ENCODED[encoding]
    lab.write(
        "stages.csv",
        ("stage_id,stage_name\n" + "".join(f"{word},{word}\n" for word in words)).encode(encoding),
    )
    error = lab.refused()
    named = re.search("try --encoding ([^;]*)", error)[1].split(" or ")
    assert encoding in named and len(named) < 5
    lab.loads("--encoding", encoding)
    assert lab.query("select stage_name from raw.stages order by _row_number") == [(word,) for word in words]
    assert f"encoding {named[0]}" in lab.run("--explain", path=lab.folder / "stages.csv").err


DAMAGED = {
    "quote never closed": (
        USERS_HEADER + '1,A,,\n2,"B,,\n3,C,,\n',
        "line 3: the quotes of this record do not match",
    ),
    "quote never closed, later quotes": (
        USERS_HEADER + '1,A,,\n2,"B,,\n3,"C",,\n',
        "line 3: the quotes of this record do not match",
    ),
    "quotes behind backslashes": (
        USERS_HEADER + '1,"A \\"big\\" B",,\n',
        "line 2: the quotes of this record do not match, so what follows cannot be read safely; there quotes within a "
        'value stand behind a backslash, \\", as MySQL writes them: export them doubled',
    ),
    "text after a closing quote": (
        USERS_HEADER + '1,"A"x,,\n2,B,,\n',
        "line 2: the quotes of this record do not match",
    ),
    "missing column": (
        "id,email,modified\n1,,\n",
        "line 1: the header lacks name; it has id, email, modified; if it is another system's, or in another language, "
        "load.py --explain FILE says",
    ),
    "renamed column": ("id,full_name,email,modified\n1,A,,\n", "line 1: the header lacks name"),
    "no header": ("1,A,,\n2,B,,\n", "line 1: the header lacks id, name, email, modified; it has 1, a, , "),
    "repeated column": (
        "id,name,email,modified,Name \n1,A,,,B\n",
        "line 1: the header names name more than once",
    ),
    "quote in the header never closed": (
        '"id,name,email,modified\n1,A,,\n',
        "line 1: the header does not end",
    ),
    "other delimiter": (USERS_HEADER.replace(",", "^") + "1^A^^\n", "line 1: the header lacks id, name"),
    "only a line end": ("\n", "line 1: the header lacks id, name"),
    "UTF-16 without a mark": (
        USERS_HEADER.encode("utf-16-le"),
        "line 1: the header holds a NUL byte; it may be UTF-16: try --encoding utf-16",
    ),
    "NUL in the header": ("id,na\0me,email,modified\n1,A,,\n", "line 1: the header holds a NUL byte"),
}


@pytest.mark.parametrize("damage", DAMAGED)
@pytest.mark.parametrize("allowed", ["0", "1"])
def test_damage_fails_the_whole_file_with_its_line(lab, damage, allowed):
    content, message = DAMAGED[damage]
    lab.write("users.csv", content)
    assert message in lab.refused("--max-rejects", allowed)


def test_header_without_end_is_refused_without_reading_the_file(lab):
    for start in ('"id', "id"):
        lab.write("users.csv", start + "x" * (csv_reader.HEADER_LIMIT + 10))
        assert "the header does not end within 65536 characters" in lab.refused()


@pytest.mark.parametrize("limit", ["a line", "a field"])
def test_record_beyond_the_limit_fails_the_file(lab, limit, monkeypatch):
    monkeypatch.setattr(csv_reader, "RECORD_LIMIT", 1000)
    monkeypatch.setattr(csv_reader, "CHUNK", 100)
    long = "2," + "x" * 600 + "," + "x" * 600 + ","
    lab.users("1,A,,", long if limit == "a line" else '2,"' + ("x" * 100 + "\n") * 15 + '",,')
    assert "users.csv, line 3: " in lab.refused("--max-rejects", "1")


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress((USERS_HEADER + "1,A,,\n").encode())[:-9],
        b"id,name,email,modified\n1,A,,\n",
        b"\x1f\x8b",
        b"\x1f",
    ],
    ids=["cut off", "not gzip", "only the magic number", "one byte"],
)
def test_damaged_gzip_is_refused(lab, content):
    lab.write("users.csv.gz", content)
    assert "users.csv.gz: is not a whole gzip file" in lab.refused()


def test_gzip_damaged_in_the_middle_is_refused(lab):
    content = bytearray(
        gzip.compress((USERS_HEADER + "".join(f"{n},Name {n},,\n" for n in range(9_999))).encode())
    )
    content[len(content) // 2] ^= 0xFF
    lab.write("users.csv.gz", bytes(content))
    assert "users.csv.gz" in lab.refused()


def test_file_that_changes_while_it_is_read_is_refused(lab, monkeypatch):
    path = lab.users("1,A,,", "2,B,,")
    whole = csv_reader.OpenFile.utf8_chunks

    def grows(self):
        yield from whole(self)
        with path.open("a") as file:
            file.write("3,C,,\n")

    monkeypatch.setattr(csv_reader.OpenFile, "utf8_chunks", grows)
    assert "users.csv: changed while it was read" in lab.refused()


def test_more_columns_than_a_table_may_have(lab):
    extra = [f"x{number}" for number in range(1700)]
    lab.write("users.csv", f"{USERS},{','.join(extra)}\n1,A,,{',y' * 1700}\n")
    assert lab.loads()["new"] == 1
    assert lab.query("select id, name from raw.users") == [("1", "A")]


def test_sql_in_header_and_values_is_data(lab):
    lab.write(
        "users.csv", 'id,name,email,modified,"x""; drop table raw.users; --"\n1,\'||(select 1)||\',%s,,\n'
    )
    lab.loads()
    assert lab.query("select id, name, email from raw.users") == [("1", "'||(select 1)||'", "%s")]


def test_bad_rows_are_found_whatever_path_finds_them(lab):
    lab.write("deal_changes.csv", CHANGES_HEADER + "1,2024-01-01,a,b\n1,now,a,b\n")
    error = lab.refused()
    with always_careful():
        assert lab.refused() == error


# --- the world around -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["x", "--mode", "upsert"],
        ["x", "--max-rejects", "1.5"],
        ["x", "--max-rejects", "nan"],
        ["x", "--max-deleted", "-0.1"],
        ["x", "--max-deleted", "some"],
        ["x", "--encoding", "klingon"],
        ["x", "--encoding", "base64"],
        ["x", "--delimiter", "ab"],
    ],
)
def test_wrong_usage_ends_with_status_two(arguments, capsys):
    assert load_files(arguments) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_help_names_every_option(capsys):
    assert load_files(["--help"]) == 0
    text = capsys.readouterr().out
    for option in (
        "--mode",
        "--max-rejects",
        "--max-deleted",
        "--encoding",
        "--delimiter",
        "--source-timezone",
    ):
        assert option in text


def test_server_that_does_not_answer_is_one_line(capsys, monkeypatch):
    monkeypatch.setenv("PGHOST", "127.0.0.1")
    monkeypatch.setenv("PGPORT", "1")
    assert load_files(["x"]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("load: error: PostgreSQL: ")
    assert "refused" in line


def test_nonsense_in_the_environment_is_one_line(capsys, monkeypatch):
    monkeypatch.setenv("PGCONNECT_TIMEOUT", "soon")
    assert load_files(["x"]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("load: error: PostgreSQL: ")


def test_database_without_raw_is_one_line(server, capsys, monkeypatch):
    for name, value in server.environment("postgres", "postgres").items():
        monkeypatch.setenv(name, value)
    assert load_files(["x"]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert "the database has no table raw.files; run init.sql on it first" in line


def test_role_without_the_right_to_load_is_one_line(server, lab, capsys, monkeypatch):
    lab.users("1,A,,")
    for name, value in server.environment(lab.database, "transformer").items():
        monkeypatch.setenv(name, value)
    before = lab.everything()
    assert load_files([str(lab.folder)]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert "permission denied" in line
    assert lab.everything() == before


@pytest.mark.parametrize("delimiter", [";", "tab", ","])
def test_delimiter_by_flag(lab, delimiter):
    character = "\t" if delimiter == "tab" else delimiter
    lab.write("users.csv", (USERS_HEADER + "1,A,,\n").replace(",", character))
    lab.loads("--delimiter", delimiter)
    other = ";" if delimiter == "," else ","
    assert "the header lacks id, name, email, modified" in lab.refused("--delimiter", other)
