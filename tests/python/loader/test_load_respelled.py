"""A lawful respelling of an export is the same export: loaded after the sample and its settings, it brings nothing new.

Each respelling is made of some rows of every file; at night of all rows, and loaded before the sample.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import shutil
from codecs import BOM_UTF16_BE
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from functools import cache
from itertools import islice
from typing import Any

import pytest

from conftest import ROOT
from loader.raw_tables import INSTANT, NO_WORD, RawTable, read_tables
from support.raw_lab import Lab

Rows = list[list[str]]
Respelling = Callable[
    [str, Rows, RawTable], dict[str, bytes]
]  # the files that stand for the one of this name
NUMBERS = {"smallint", "integer", "bigint", "numeric"}
TYPED = {*NUMBERS, "boolean", "date", INSTANT, "id"}
NO_SETTING = {"channel_metrics.csv"}


@cache
def exports(is_whole: bool) -> dict[str, Rows]:
    """The sample and all settings: thirty rows of each file, evenly over it, or all."""
    files = {}
    for path in [*(ROOT / "seeds").glob("*.csv"), *(ROOT / "raw_data").rglob("*.csv")]:
        header, *rows = csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline=""))
        if path.name not in NO_SETTING:
            files[path.name] = [header, *(rows if is_whole else rows[:: max(1, len(rows) // 30)])]
    files["funnel_dimensions.csv"].append(["OpportunityLineItem.csv", "Name", "product"])
    return dict(sorted(files.items()))


def load_exports(lab: Lab, files: dict[str, Rows], respelled: Respelling | None = None) -> list[tuple]:
    """Load the files, or those that the respelling changes; what is new, changed, deleted or rejected in them."""
    [(before,)] = lab.query("select coalesce(max(batch_id), 0) from raw.load_batches")
    tables = read_tables(lab._connection.cursor())
    shutil.rmtree(lab.folder)
    for name, rows in files.items():
        plain = {name: written(rows)}
        made = respelled(name, rows, tables[name.lower()]) if respelled else plain
        for new_name in made if made != plain or not respelled else ():
            lab.write(new_name, made[new_name])
    outcome = lab.run()
    assert outcome.status == 0, outcome.err
    return lab.query(
        "select file_name, rows_new, rows_changed, rows_deleted, rows_rejected from raw.load_batches"
        " where batch_id > %s and rows_new + rows_changed + rows_deleted + rows_rejected > 0",
        before,
    )


def written(rows: Rows, encoding: str = "utf-8", end: str = "\n", **dialect: Any) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=end, **dialect).writerows(rows)
    return text.getvalue().encode(encoding)


def as_bytes(change: Callable[[Rows], bytes]) -> Respelling:
    return lambda name, rows, table: {name: change(rows)}


def named(change: Callable[[str], str]) -> Respelling:
    return lambda name, rows, table: {change(name): written(rows)}


def titled(change: Callable[[str], str]) -> Respelling:
    return as_bytes(lambda rows: written([[*map(change, rows[0])], *rows[1:]]))


def valued(types: set[str], change: Callable[[str], str] = str, none: str = "") -> Respelling:
    """Of the values of these types; `none` stands in place of those that are missing."""

    def respelled(name: str, rows: Rows, table: RawTable) -> dict[str, bytes]:
        found = [column for column in table.columns if {column.type, "id" * table.is_any_id(column)} & types]
        nones = {column.name: "" if column.required else none for column in found}
        fields = [nones.get(title.lower()) for title in rows[0]]
        changed = (
            [
                value if none is None else change(value) if value else none
                for value, none in zip(row, fields, strict=True)
            ]
            for row in rows[1:]
        )
        return {name: written([rows[0], *changed])}

    return respelled


def truth(true: str, false: str) -> Respelling:
    return valued({"boolean"}, lambda value: true if value.lower() in ("true", "yes") else false)


def timed(form: str, kind: str = INSTANT) -> Respelling:
    """A time with a part of a second stays where the form has none."""
    return valued(
        {kind},
        lambda value: value if moment(value).microsecond and "%f" not in form else f"{moment(value):{form}}",
    )


def moment(value: str) -> datetime:
    return datetime.fromisoformat(value.replace("Z", "")).replace(tzinfo=timezone.utc)


def but_settings(respelling: Respelling) -> Respelling:
    return lambda name, rows, table: (
        {name: written(rows)} if table.is_setting else respelling(name, rows, table)
    )


def in_words(title: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_", " ", title)


def halves(name: str, rows: Rows, table: RawTable) -> dict[str, bytes]:
    middle = len(rows) // 2 + 1
    parts = enumerate((rows[1:middle], rows[middle:]), start=1)
    return {name.replace(".csv", f"-part{n}.csv"): written([rows[0], *part]) for n, part in parts}


def grouped(value: str, signs: str = ",.") -> str:
    text = f"{float(value):,.2f}"
    return (
        text.translate(str.maketrans(",.", signs)) if float(text.replace(",", "")) == float(value) else value
    )


RESPELLINGS: dict[str, Respelling] = {
    "semicolons": as_bytes(lambda rows: b"sep=;\r\n" + written(rows, end="\r\n", delimiter=";")),
    "tabs": lambda name, rows, table: {f"{name[:-4]}.tsv": written(rows, "utf-8-sig", delimiter="\t")},
    "pipes": as_bytes(lambda rows: written(rows, delimiter="|").rstrip(b"\n")),
    "UTF-16": as_bytes(lambda rows: BOM_UTF16_BE + written(rows, "utf-16-be", end="\r\n")),
    "line ends of two kinds": as_bytes(lambda rows: written(rows[:2]) + written(rows[2:], end="\r\n")),
    "CR": as_bytes(lambda rows: written(rows, end="\r")),
    "quotes and gzip": as_bytes(lambda rows: gzip.compress(written(rows, quoting=csv.QUOTE_ALL))),
    "a title and blank lines": as_bytes(lambda rows: b"An export\n\n" + written(rows, end="\n\n")),
    "another name": named(lambda name: name.replace("_", " ").upper()),
    "a name with a date": named(lambda name: name.replace(".csv", "_2026-11-27.csv")),
    "parts": but_settings(halves),  # a setting is one file
    "another order": as_bytes(lambda rows: written([row[::-1] for row in (rows[0], *rows[:0:-1])])),
    "more columns": as_bytes(
        lambda rows: written([["", *rows[0], "My"], *(["7", *row, ',"\n'] for row in rows[1:])])
    ),
    "a last comma": as_bytes(lambda rows: written([[*row, ""] for row in rows])),
    "TITLES": titled(lambda title: f" {title.upper()} "),
    "Titles in Words": titled(lambda title: in_words(title).title()),
    "TitlesInWords": titled(lambda title: in_words(title).title().replace(" ", "")),
    "titles_in_words": titled(lambda title: in_words(title).lower().replace(" ", "_")),
    **{f"{none} for none": valued({*TYPED, "text", "json"}, none=none) for none in sorted(NO_WORD)},
    **{f"{none} for no number": valued(TYPED, none=none) for none in ("None", "NaN", "N/A", " ")},
    "1 and 0": truth("1", "0"),
    "1.0 and 0.0": truth("1.0", "0.0"),
    "Wahr and Falsch": truth("Wahr", "Falsch"),
    "7.0": valued(NUMBERS, lambda value: value if "." in value else f"{value}.0"),
    "+7": valued(NUMBERS, lambda value: value if value.startswith("-") else f" +{value} "),
    "1,054.00": valued({"numeric"}, grouped),
    "1.054,00": valued({"numeric"}, lambda value: grouped(value, ".,")),
    "ids like 7.0": valued({"id"}, lambda value: re.sub(r"^(\d{1,15})$", r"\1.0", value)),
    "ids between blanks": valued({"id"}, lambda value: f" {value} "),
    "ids of 15 characters": valued(
        {"id"}, lambda value: re.sub(r"^((?:00|01|70)[0-9a-z]{13})AAA$", r"\1", value)
    ),
    "times with UTC": timed("%Y-%m-%d %H:%M:%S.%f UTC"),
    "times with an offset": timed("%Y-%m-%dT%H:%M:%S.%f+0000"),
    "times with nanoseconds": timed("%Y-%m-%d %H:%M:%S.%f000"),
    "times in milliseconds": valued(
        {INSTANT}, lambda value: value if moment(value).microsecond else f"{moment(value).timestamp():.0f}000"
    ),
    "German times": timed("%d.%m.%Y %H:%M:%S"),
    "American times": timed("%m/%d/%Y %I:%M:%S %p"),
    "midnights": timed("%Y-%m-%dT00:00:00.000Z", "date"),
    "days without hyphens": timed("%Y%m%d", "date"),
    # The first days of quarters have two meanings.
    "German days": but_settings(timed("%d.%m.%Y", "date")),
    "American days": but_settings(timed("%m/%d/%Y", "date")),
}


@pytest.fixture(scope="module")
def loaded(databases, load, connect, tmp_path_factory) -> Iterator[Lab]:
    name = databases.create()
    lab = Lab(tmp_path_factory.mktemp("exports"), name, load, connect)
    lab.trusts = True
    load_exports(lab, exports(is_whole=False))
    yield lab
    lab.close()
    databases.drop(name)


@pytest.mark.parametrize("spelling", RESPELLINGS)
def test_a_respelling_brings_nothing_new(loaded, spelling):
    """Of every third file, the others at night."""
    files = exports(is_whole=False)
    third = dict(islice(files.items(), list(RESPELLINGS).index(spelling) % 3, None, 3))
    if different := load_exports(loaded, third, RESPELLINGS[spelling]):
        loaded.empty()
        load_exports(loaded, files)
    assert different == []


@pytest.mark.nightly
@pytest.mark.parametrize("spelling", RESPELLINGS)
def test_the_sample_brings_nothing_new_after_a_respelling(lab, spelling):
    name = "funnel_dimensions.csv"  # what is kept is kept from its load on
    load_exports(lab, {name: exports(is_whole=True)[name]})
    load_exports(lab, exports(is_whole=True), RESPELLINGS[spelling])
    respelled = {name for (name,) in lab.query("select file_name from raw.load_batches")}
    assert respelled
    different = load_exports(lab, exports(is_whole=True))
    assert [found for found in different if found[0] in respelled] == []
