"""Random bytes and values: no traceback, every row accounted for, what is loaded is what the file says.

An oracle in Python, with the standard library's idea of numbers and times, says which rows are good.
SALES_FUNNEL_FUZZ_EXAMPLES sets the number of examples per test.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
import unicodedata
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from loader import typed_rows
from support.raw_lab import USERS_HEADER, Lab, always_careful

EXAMPLES = int(os.environ.get("SALES_FUNNEL_FUZZ_EXAMPLES", "40"))
FUZZ = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES <= 60,
    database=None,
    suppress_health_check=list(HealthCheck),
)
ALL = ("--mode", "delta", "--max-rejects", "1")


@pytest.fixture(scope="module")
def lab(tmp_path_factory, databases, load, connect) -> Iterator[Lab]:
    name = databases.create()
    opened = Lab(tmp_path_factory.mktemp("fuzz"), name, load, connect)
    yield opened
    opened.close()
    databases.drop(name)


@contextlib.contextmanager
def directly() -> Iterator[None]:
    """Make the loader copy even a small file straight into its empty table, if the file admits it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typed_rows, "LARGE_BYTES", 0)
        yield


def load_every_way(lab: Lab) -> tuple[dict, dict]:
    """What is in raw.users and raw.rejected_rows after a load as the loader sees fit, and after a careful one. A direct
    load must leave the same as the former, which is checked here."""
    left = []
    for way in (contextlib.nullcontext, directly, always_careful):
        lab.query("delete from raw.users; delete from raw.rejected_rows; delete from raw.load_batches")
        with way():
            outcome = lab.run(*ALL)
        assert outcome.status in (0, 1), outcome.err
        if outcome.status == 1:
            assert "load: error: users.csv" in outcome.error
        rejected = lab.query(
            "select line_number, column_name, value, reason from raw.rejected_rows order by 1"
        )
        users = lab.query(
            "select id, name, email, (modified at time zone 'UTC')::text, _row_number"
            " from raw.users order by _row_number"
        )
        batch = lab.last_batch() if outcome.status == 0 else None
        if batch is not None:
            assert batch["read"] == batch["new"] + batch["changed"] + batch["unchanged"] + batch["rejected"]
            assert (batch["new"], batch["rejected"]) == (len(users), len(rejected))
        left.append({"users": users, "rejected": rejected, "batch": batch})
    as_seen_fit, direct, careful = left
    assert direct == as_seen_fit
    return as_seen_fit, careful


PIECES = [
    b"1",
    b"2",
    b",",
    b";",
    b"\t",
    b'"',
    b'""',
    b"\n",
    b"\r\n",
    b"\r",
    b"\\.",
    b"\0",
    b"\xff",
    b"\xc3\xa9",
    b" ",
]
PIECES += [
    b"name",
    b"now",
    b"2024-01-01",
    b"2024-01-01 10:00:00",
    b"1,a,b,2024-01-01\n",
    b"\xef\xbb\xbf",
    b"\x1a",
]


@FUZZ
@given(
    header=st.sampled_from([USERS_HEADER.encode(), b'"ID";NAME;email;modified;\r\n', b"", b"id,name\n"]),
    body=st.lists(st.sampled_from(PIECES) | st.binary(max_size=3), max_size=40).map(b"".join),
)
@example(header=USERS_HEADER.encode(), body=b'1,"a')
@example(header=USERS_HEADER.encode(), body=b"\\.\n1,a,,\n")
@example(header=USERS_HEADER.encode(), body=b'1,"a""b",,\n2,a"",,\n')
def test_any_bytes_end_in_counts_or_in_one_line(lab, header, body):
    lab.write("users.csv", header + body)
    as_seen_fit, careful = load_every_way(lab)
    assert as_seen_fit == careful


IDS = st.one_of(
    st.integers(-5, 5).map(str),
    st.sampled_from(
        ["", "+3", " 4 ", "007", "1.0", "1e1", "0x1", "1_0", "x", str(2**63), str(2**63 - 1), "-0"]
    ),
    st.sampled_from(
        [" ", "-1.", " x-1", "X", "7d-4", "2024-01", "1.5", "1.5e3", "1E+5", "nan", "N/A", "n-1"]
    ),
    st.integers(-(2**64), 2**64).map(str),
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    ["NULL", " null ", "Null", "\\N", "\\.", '"', "none", "None", "NaN"]
)
TIMES = st.one_of(
    st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)).map(str),
    st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)).map(
        lambda time: time.isoformat()
    ),
    st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)).map(
        lambda time: time.isoformat(timespec="seconds") + "+05:30"
    ),
    st.from_regex(
        r"20[0-3]\d-[01]\d-[0-3]\d([ T][0-2]\d:[0-6]\d(:[0-6]\d(\.\d{1,8})?)?(Z|[+-]\d\d(:?\d\d)?)?)?",
        fullmatch=True,
    ),
    st.sampled_from(
        [
            "",
            "now",
            "infinity",
            "epoch",
            "01/02/2024",
            " 2024-01-01 ",
            "2024-01-01T24:00:00",
            "NaN",
            "None",
            " ",
        ]
    ),
)


NONES = {"", "null", "none", "nan", "\\n"}  # of what may be drawn


def read_id(text: str) -> str:
    text = text.strip(" ")
    if re.fullmatch(r"[+-]?[0-9]+([.]0*)?", text):
        return str(int(float(text)) if "." in text else int(text))
    with contextlib.suppress(ValueError):
        is_missing = math.isnan(number := float(text))
        if is_missing or (number and re.search("[.+]", text[1:])):
            text = ""
    if text.lower() in ("", "n/a"):
        raise ValueError
    return text


def read_time(text: str) -> str | None:
    """As PostgreSQL writes it, in UTC where the text has an offset. Digits of other scripts are digits."""
    text = "".join(str(unicodedata.decimal(sign, sign)) for sign in text)
    if text.strip(" ").lower() in NONES:
        return None
    found = re.fullmatch(
        r" *(\d{4})-(\d\d)-(\d\d)(?:[ T]([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.(\d{1,6})\d*)?)?"
        r"( ?(?:Z|([+-])(\d\d)(?::?(\d\d))?))?)? *",
        text,
        re.ASCII,
    )
    if not found:
        raise ValueError
    year, month, day, hour, minute, second, fraction, offset, sign, hours, minutes = found.groups()
    time = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0))
    time += timedelta(microseconds=int((fraction or "0").ljust(6, "0")))
    if offset and hours:
        east = timedelta(hours=int(hours), minutes=int(minutes or 0)) * (-1 if sign == "-" else 1)
        if int(minutes or 0) > 59 or abs(east) >= timedelta(hours=16):
            raise ValueError
        time -= east
    written = time.isoformat(" ")
    return written.rstrip("0") if "." in written else written


def good_users(rows: list[tuple[str, str, str, str]]) -> tuple[list[tuple], int]:
    """The rows that a load of an empty table keeps, and the number of rejected ones."""
    kept: dict[str, tuple] = {}
    rejected = 0
    shown = {row[-1].strip(" ").lower() for row in rows if "\0" not in "".join(row)} & NONES - {""}
    for number, (key, name, email, modified) in enumerate(rows, start=1):
        try:
            if not name or "\0" in name + email:
                raise ValueError
            is_none = email.strip(" ").lower() in shown or email.strip(" ") in ("NULL", "null", "\\N")
            user = (read_id(key), name, None if is_none or not email else email, read_time(modified))
        except ValueError:
            rejected += 1
            continue
        if kept.setdefault(user[0], (*user, number))[:4] != user:
            rejected += 1
    return list(kept.values()), rejected


@FUZZ
@given(
    rows=st.lists(st.tuples(IDS, TEXTS, TEXTS, TIMES), max_size=12),
    delimiter=st.sampled_from(",;\t|"),
    line_end=st.sampled_from(["\n", "\r\n"]),
    quote_all=st.booleans(),
    encoding=st.sampled_from(["utf-8", "utf-8-sig"]),
)
def test_what_is_loaded_is_what_the_file_says(lab, rows, delimiter, line_end, quote_all, encoding):
    # Not csv.writer: with \n as its line end it leaves a \r in a value unquoted.
    def written(value: str) -> str:
        return (
            '"' + value.replace('"', '""') + '"'
            if quote_all or set(f'{delimiter}"\r\n') & set(value)
            else value
        )

    lines = [USERS_HEADER.strip().split(","), *rows]
    text = "".join(delimiter.join(map(written, line)) + line_end for line in lines)
    lab.write("users.csv", text.encode(encoding))
    as_seen_fit, careful = load_every_way(lab)
    assert as_seen_fit == careful
    users, rejected = good_users(rows)
    assert as_seen_fit["users"] == users
    assert len(as_seen_fit["rejected"]) == rejected
    assert as_seen_fit["batch"]["read"] == len(rows)
