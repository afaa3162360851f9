"""What the steps of loading one file share: the options, the counts, and SQL with the table's names filled in."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from loader.csv_reader import Header, OpenFile
from loader.export_files import Source
from loader.messages import say
from loader.raw_tables import DEAL_KEY, Column, RawTable, cast, names, same_key

# Classes of PostgreSQL's errors: data exceptions, violated constraints, and rows or tables too wide.
ABOUT_THE_DATA = ("22", "23", "54")


# What an index begins with that knows every row of a table by columns of its key.
INDEXED = """
    select pg_get_indexdef(indexrelid, 1, true)
    from pg_catalog.pg_index
    where indrelid = %(table)s::regclass and indisvalid and indpred is null and not exists (
        select from pg_catalog.pg_depend
        inner join pg_catalog.pg_attribute on attrelid = refobjid and attnum = refobjsubid
        where
            objid = indexrelid and refclassid = 'pg_class'::regclass and refobjid = indrelid
            and attname <> all(%(keys)s)
    )
    limit 1
"""


@dataclass(frozen=True)
class Options:
    """Of one load; the shares are 0 to 1, a delimiter of None is found in the header."""

    mode: str = "full"
    max_rejects: float = 0.0
    max_deleted: float = 0.2
    encoding: str = "utf-8"
    delimiter: str | None = None
    source_timezone: str = "UTC"
    accept_timezone: bool = False
    mapping: Path | None = None
    accept_older: bool = False
    from_schema: str | None = None
    connector: str | None = None
    explain: bool = False


@dataclass
class Counts:
    """Rows of one file: read = new + changed + unchanged + rejected; deleted are tombstones."""

    source: str
    table: str
    read: int = 0
    new: int = 0
    changed: int = 0
    deleted: int = 0
    unchanged: int = 0
    rejected: int = 0


class FileLoad:
    """One file on its way into its table. `pg_temp.typed` holds the good rows; after careful staging,
    `pg_temp.incoming` every row as text."""

    def __init__(
        self, cursor: Cursor, source: Source, table: RawTable, options: Options, loaded_at: datetime
    ) -> None:
        self.cursor = cursor
        self.source = source
        self.table = table
        self.options = options
        self.loaded_at = loaded_at
        self.counts = Counts(source.name, table.name)
        self.parts: list[tuple[Source, Header]] = []  # the files of which it consists, with their headers
        self.kept: list[str] = []  # further columns to keep, see kept_columns
        self.lacking: list[Column] = []  # what none of them has, and earlier files may have had
        self.starts: list[int] = []  # the number of the first row of each
        self.checksum = ""
        self.plain_bytes: int | None = None  # these two for later loads, see known_files
        self.fingerprint: str | None = None
        self.is_first = False
        self.has_spoken = False
        self.careful = False
        self.newest = self._newest(table.id)
        self._common: dict[str, sql.Composable] = {
            "table": table.id,
            "table_name": sql.Literal(table.name),
            "columns": names(table.stored_columns),
            "keys": names(table.key_columns),
            "loaded_at": sql.Literal(loaded_at),
            "file_name": sql.Literal(table.file_name),
            "source_file": sql.Literal(source.name),
            "newest": self.newest,
            "deal_key_column": sql.SQL(", _deal_key" if table.deal_key else ""),
            "deal_key": sql.SQL(f", {table.deal_key}" if table.deal_key else ""),
        }
        self.remembers_forgotten = self.scalar("select exists (select from raw.forgotten_people)")

    def _newest(self, versions: sql.Composable) -> sql.Composed:
        """Newest version per key. Few keys have more than one, so looking those up is cheaper than sorting all
        (and than an anti join, for which PostgreSQL hashes the wrong side). By _deal_key as well, where it is a column:
        Citus then joins on the shards."""
        keys = [*self.table.key_columns, *([DEAL_KEY] if self.table.deal_key else [])]
        return sql.SQL(
            "select stored.* from {versions} as stored left join ("
            " select {keys}, max(_version) as last_version from {versions} where _version > 1 group by {keys}"
            ") as later on {same} where later.last_version is null or later.last_version = stored._version"
        ).format(
            versions=versions,
            keys=names(keys),
            same=same_key(keys, "later", "stored"),
        )

    def newest_of_staged(self) -> sql.Composable:
        """Those of the keys in `typed`, and perhaps of some others, where an index finds them; else all."""
        keys = [column.name for column in self.table.key_columns if column.required]
        self.cursor.execute(INDEXED, {"table": f"raw.{self.table.name}", "keys": keys})
        found = self.cursor.fetchone()
        if not found:
            return self.newest
        return sql.SQL(
            "with candidates as materialized ("
            "select * from {table} where {value} in (select {value} from pg_temp.typed)) {newest}"
        ).format(table=self.table.id, value=sql.SQL(found[0]), newest=self._newest(sql.SQL("candidates")))

    def open(self, part: Source) -> OpenFile:
        return OpenFile(part, "utf-8" if part.is_mapped else self.options.encoding)

    def part_of(self, row: int) -> Source:
        """The file that a row comes from, by its number."""
        return self.parts[bisect_right(self.starts, row) - 1][0]

    def casts(self, columns: Iterable[Column]) -> sql.Composed:
        return sql.SQL(", ").join(sql.SQL("{} as {}").format(cast(column), column.id) for column in columns)

    def execute(self, template: str, *parts: sql.Composable, **named: sql.Composable) -> None:
        self.cursor.execute(sql.SQL(template).format(*parts, **self._common, **named))

    def scalar(self, template: str, *parts: sql.Composable, **named: sql.Composable) -> Any:
        self.execute(template, *parts, **named)
        [(value,)] = self.cursor.fetchall()
        return value

    def begin_first_load(self) -> bool:
        """Take the table's indexes off and let its defaults fill the loader's own columns, until end_first_load.
        False where the table is not empty or somebody uses it."""
        return bool(self.scalar("select raw.begin_first_load({table_name}, {loaded_at}, {source_file})"))

    def end_first_load(self) -> None:
        self.execute("select raw.end_first_load({table_name})")

    def warn(self, message: str) -> None:
        self.say(f"warning: {self.source.name}: {message}")

    def say(self, message: str) -> None:
        """What a load of the same file has to say again."""
        self.has_spoken = True
        say(message)


def raise_what_is_not_about_the_data(error: Exception) -> None:
    """Of what went wrong in a quick way to load a file: raises what no other way would mend."""
    if isinstance(error, psycopg2.Error) and (error.pgcode or "")[:2] not in ABOUT_THE_DATA:
        raise error
