"""What need not be read again: a file that its table holds already, or the rows with which a grown one begins.

A full load notes in its batch, as a fingerprint, what its outcome rests on: how it read the file, and which
transactions wrote how many rows of the table. PostgreSQL keeps the transaction with every row, so whatever touches the
table shows, past the loader as well. Where the newest batch of the table has the file's checksum and its fingerprint
still holds, to read the file again would append nothing. Of a longer file that begins with those bytes the rest alone
is read. What is in doubt is read from its start: also what had something to say, which is to be said again.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import psycopg2
from psycopg2 import sql

from loader.csv_reader import Header, OpenFile, Suspect
from loader.load_context import FileLoad, raise_what_is_not_about_the_data
from loader.raw_writer import append_differences
from loader.typed_rows import add_checksum, stage_rest

# When each day began: what the server knows of a zone changes with its updates.
DAYS = """
    select md5(string_agg((day::timestamp at time zone %s)::text, ' ' order by day))
    from generate_series(timestamp '1990-01-01', timestamp '2040-01-01', interval '1 day') as day
"""


class Known(NamedTuple):
    """What the newest batch of a table says of its file; `plain_bytes` are those that rows may follow."""

    checksum: str
    rows: int
    plain_bytes: int | None
    fingerprint: str


def is_loaded(load: FileLoad) -> bool:
    """Whether the file needs no more reading: its table holds it, or now holds its further rows as well."""
    load.execute(
        "select checksum, rows_read, plain_bytes, fingerprint from raw.load_batches where file_name = {file_name}"
        " order by batch_id desc limit 1"
    )
    found = load.cursor.fetchone()
    if load.options.mode != "full" or not found or not found[-1]:
        return False
    known = Known(*found)
    if _begins_with(load, known) if known.plain_bytes and len(load.parts) == 1 else _is(load, known):
        return True
    load.fingerprint, load.counts.unchanged = None, 0
    return False


def _is(load: FileLoad, known: Known) -> bool:
    for part, _ in load.parts:
        with load.open(part) as file:
            add_checksum(load, file)
    return load.checksum == known.checksum and _still_holds(load, known)


def _begins_with(load: FileLoad, known: Known) -> bool:
    [(part, header)] = load.parts
    size = known.plain_bytes or 0
    with load.open(part) as file:
        if file.size < size:
            return False
        checksum, ends_line = file.skip(size)
        if checksum != known.checksum or not _still_holds(load, known):
            return False
        if file.size == size:
            add_checksum(load, file)
            return True
        return ends_line and _append_rest(load, known, file, header)


def _append_rest(load: FileLoad, known: Known, file: OpenFile, header: Header) -> bool:
    """Whether that could be done. If not, nothing was."""
    load.fingerprint = None
    load.execute("savepoint before_the_rest")
    try:
        stage_rest(load, file, header, known.rows)
        append_differences(load, is_rest=True)
    except (Suspect, psycopg2.Error) as error:
        raise_what_is_not_about_the_data(error)
        load.execute("rollback to savepoint before_the_rest")
        return False
    return True


def _still_holds(load: FileLoad, known: Known) -> bool:
    """Whether the table is as the batch left it, and the file would be read as then. If so the batch is true of this
    load."""
    if fingerprint(load) != known.fingerprint:
        return False
    load.fingerprint, load.plain_bytes = known.fingerprint, known.plain_bytes
    load.counts.read = load.counts.unchanged = known.rows
    return True


def note(load: FileLoad) -> None:
    """Set the fingerprint of what the load has made of its table, where a later one may rely on it."""
    counts = load.counts
    if load.fingerprint or load.options.mode != "full" or not counts.read:
        return
    if not counts.rejected and not load.has_spoken:
        load.fingerprint = fingerprint(load)


def fingerprint(load: FileLoad) -> str | None:
    """None on Citus, which does not tell the transactions."""
    if load.scalar("select exists (select from pg_extension where extname = 'citus')"):
        return None
    options, zone = load.options, load.options.source_timezone
    rules = ""
    if zone != "UTC" and load.table.has_instants:
        load.cursor.execute(DAYS, [zone])
        [(rules,)] = load.cursor.fetchall()
    reading = [
        _code(),
        load.cursor.connection.server_version,
        load.table,
        (options.mode, options.encoding, options.delimiter, zone, rules),
        load.kept,
        [
            (part.is_mapped, part.from_table, part.path.suffix.lower() == ".gz", part.rules)
            for part, _ in load.parts
        ],
    ]
    return sha256(repr((reading, _state(load))).encode()).hexdigest()


@cache
def _code() -> str:
    """Of the loader: another version may read a file otherwise."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _state(load: FileLoad) -> list[tuple[str, ...]]:
    """Which transactions wrote how many rows of the table. That of a first load wrote all."""
    columns = "select {table_id}::regclass::oid::text, xmin::text"
    query = f"{columns}, count(*)::text from {{table}} group by xmin order by xmin::text"
    if load.is_first:
        query = f"{columns}, {{new}}::text from {{table}} limit 1"
    load.execute(query, new=sql.Literal(load.counts.new), table_id=sql.Literal(f"raw.{load.table.name}"))
    return load.cursor.fetchall()
