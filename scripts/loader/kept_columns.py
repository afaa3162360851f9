"""Columns that the loader does not know and keeps in `_extra`, because the setting funnel_dimensions names them.

`_extra` is an object of texts by the lower-case names of the columns. A file that lacks a column leaves what an earlier
one said of it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import replace

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from loader.csv_reader import Header, Needs, read_rows
from loader.export_files import Source
from loader.load_context import FileLoad
from loader.messages import LoadError, show, warn

DIMENSIONS = "funnel_dimensions.csv"
NAMED = """
    select distinct lower(btrim(file_name)) as file, lower(btrim(column_name)) as name
    from (
        select distinct on (file_name, column_name) file_name, column_name, _is_deleted
        from raw.settings_funnel_dimensions
        order by file_name, column_name, _version desc
    ) as newest
    where not _is_deleted
    order by file, name
"""


def warn_of_unknown_files(cursor: Cursor, known: Iterable[str]) -> None:
    cursor.execute(
        "select distinct lower(btrim(file_name)) from raw.settings_funnel_dimensions as versions"
        " where not _is_deleted and _loaded_at = (select max(_loaded_at) from raw.settings_funnel_dimensions)"
        " and lower(btrim(file_name)) <> all(%s) order by 1",
        [list(known)],
    )
    for (name,) in cursor.fetchall():
        warn(f"{DIMENSIONS}: {show(name)} is no file that the loader knows, so nothing of it is kept")


def read_names(load: FileLoad) -> list[str]:
    """The columns of the load's file that are to be kept, in lower case, without those that the loader knows."""
    load.cursor.execute(NAMED)
    known = {column.name for column in load.table.columns}
    named = [name for file, name in load.cursor.fetchall() if file == load.table.file_name]
    return [name for name in named if name not in known]


def read_named(
    cursor: Cursor, settings: Iterable[Source], encoding: str, delimiter: str | None
) -> dict[str, set[str]]:
    """File → columns that are named now, or by one of these files of the setting, which this load brings."""
    cursor.execute(NAMED)
    pairs: list[tuple[str, str]] = cursor.fetchall()
    columns = ["file_name", "column_name"]
    needs = Needs(columns, set(columns), is_mapped=False)
    for source in settings:
        with contextlib.suppress(LoadError):  # said where the setting itself is loaded
            rows = read_rows(source, encoding, delimiter, needs)
            pairs += [(row.values[0], row.values[1]) for row in rows if row.values]
    named: dict[str, set[str]] = {}
    for name, column in pairs:
        named.setdefault(name.strip().lower(), set()).add(column.strip().lower())
    return named


def place(number: int) -> str:
    """What a kept column is called while it is staged: its own name may be one of the loader's."""
    return f"extra {number}"


def take_from_header(load: FileLoad, header: Header) -> Header:
    """The header with the kept columns among its positions, by the names that they have while they are staged."""
    kept = {
        place(number): header.names.index(name)
        for number, name in enumerate(load.kept)
        if name in header.extra and name not in header.repeated
    }
    taken = {header.names[position] for position in kept.values()}
    extra = [name for name in header.extra if name not in taken]
    return replace(header, positions=header.positions | kept, extra=extra)


def warn_of_missing(load: FileLoad) -> None:
    found = {place for _, header in load.parts for place in header.positions}
    missing = [show(name) for number, name in enumerate(load.kept) if place(number) not in found]
    if missing:
        warn(
            f"{load.source.name}: has no column {', '.join(missing)[:300]}, which {DIMENSIONS} names for"
            f" {load.table.file_name}; what was kept of it stays"
        )


def staged(load: FileLoad) -> list[tuple[str, str]]:
    """(name while it is staged, name) of the kept columns that the file has."""
    found = {place for _, header in load.parts for place in header.positions}
    return [(place(number), name) for number, name in enumerate(load.kept) if place(number) in found]


def as_object(load: FileLoad) -> sql.Composable:
    """Of a row of `incoming` what `_extra` is to hold."""
    pairs = [
        sql.SQL("{}, nullif(btrim({}), '')").format(sql.Literal(name), sql.Identifier(staged_as))
        for staged_as, name in staged(load)
    ]
    return sql.SQL("jsonb_build_object({})").format(sql.SQL(", ").join(pairs))


def merged(load: FileLoad) -> sql.Composable:
    """What `_extra` becomes: what the newest version has, and over it what the file says."""
    if not staged(load):
        return sql.SQL("newest._extra")
    return sql.SQL(
        "case when typed._row is null or typed._is_deleted then newest._extra"
        " else coalesce(newest._extra, '{{}}') || typed._extra end"
    ).format()
