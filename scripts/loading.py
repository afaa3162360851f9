"""Bring one file into its raw table: stage it in a temporary table, settle its keys, compare, append.

Staging is fast or careful. Fast: the bytes are proved plain, block by block, and copied straight into typed
columns. When a block is not plain, PostgreSQL refuses a value or a key repeats with other values, the file is
staged again carefully: record by record as text, with line numbers, so that every row at fault is found and
recorded; the rest is cast. Both leave the same rows, and everything after staging is the same SQL.
"""

from __future__ import annotations

import csv
import io
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg2
from csv_files import (
    Header,
    LoadError,
    OpenFile,
    Source,
    Suspect,
    careful_records,
    fast_blocks,
    read_header,
    show,
)
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor
from raw_tables import RawTable, cast, differs, fault, names, plain_records, same_key

STOP = threading.Event()  # set by the main thread when the user interrupts: COPY ends at its next block
FIRST_REJECTS = 5
MANY_ROWS = 100_000  # from here on, building an index anew beats keeping it up row by row
META = sql.SQL("_loaded_at, _row_number, _version, _is_deleted, _source_file")


@dataclass(frozen=True)
class Options:
    """Of one load; the shares are 0 to 1, a delimiter of None is found in the header."""

    mode: str = "full"
    max_rejects: float = 0.0
    max_deleted: float = 0.2
    encoding: str = "utf-8"
    delimiter: str | None = None
    source_timezone: str = "UTC"
    mapping: Path | None = None


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


def prepare_transaction(cursor: Cursor) -> None:
    """Make the transaction independent of what the environment or the role sets for a session, and let the
    server notice within seconds that the loader was killed."""
    cursor.execute(
        """
        set local datestyle = 'ISO, YMD';
        set local timezone = 'UTC';
        set local work_mem = '128MB';
        set local jit = off;
        do $$
        begin
            set local client_connection_check_interval = '2s';
        exception
            when others then null;  -- not on every platform
        end
        $$;
        """
    )


def check_timezone(cursor: Cursor, name: str) -> None:
    """PostgreSQL also takes specifications such as UTC+3, with the sign the other way round: names only."""
    if name != "UTC":
        cursor.execute("select exists (select from pg_timezone_names where name = %s)", [name])
        if not cursor.fetchone()[0]:
            raise LoadError(f"--source-timezone {name}: no such time zone; use a name such as Europe/Berlin")


def load_file(
    cursor: Cursor, source: Source, table: RawTable, options: Options, loaded_at: datetime
) -> Counts:
    """Load one file and record the batch. Raises LoadError where the file must not be loaded."""
    return _FileLoad(cursor, source, table, options, loaded_at).run()


class _FileLoad:
    """`pg_temp.typed` holds the good rows; after careful staging, `pg_temp.incoming` every row as text."""

    def __init__(
        self, cursor: Cursor, source: Source, table: RawTable, options: Options, loaded_at: datetime
    ) -> None:
        self.cursor = cursor
        self.source = source
        self.table = table
        self.options = options
        self.counts = Counts(source.name, table.name)
        self.checksum = ""
        self.careful = False
        self.loaded_at = loaded_at
        self.common = {
            "table": table.id,
            "columns": names(table.columns),
            "keys": names(table.key_columns),
            "meta": META,
            "loaded_at": sql.Literal(loaded_at),
            "file_name": sql.Literal(table.file_name),
            "source_file": sql.Literal(source.name),
            "newest": self.newest(),
        }

    def run(self) -> Counts:
        started = time.time()
        with OpenFile(self.source, self.options.encoding) as file:
            required = {column.name for column in self.table.columns if not column.optional}
            columns = [column.name for column in self.table.columns]
            header = read_header(file, columns, required, self.options.delimiter)
        if header.extra:
            _warn(f"{self.source.name}: columns not loaded: {', '.join(map(show, header.extra))[:300]}")
        self.execute("savepoint before_staging")
        try:
            self.stage_fast(header)
        except (Suspect, psycopg2.Error) as error:
            if isinstance(error, psycopg2.Error) and not _is_about_the_data(error):
                raise
            self.execute("rollback to savepoint before_staging")
            self.careful = True
            self.stage_carefully(header)
        if self.counts.read == 0 and self.options.mode == "full":
            raise LoadError(
                f"{self.source.name}: has no data rows, and a full load would delete everything; "
                "if it is right that nothing is new, use --mode delta"
            )
        if self.scalar("select exists (select from {table})"):
            self.append_differences()
        else:
            self.append_all()
        self.execute("drop table if exists pg_temp.typed, pg_temp.incoming")
        self.record_batch(started)
        return self.counts

    # Staging

    def stage_fast(self, header: Header) -> None:
        """Raises Suspect, or what PostgreSQL raises for a value it refuses."""
        columns = [sql.Identifier(f"_extra_{n}") for n in range(header.width)]
        for name, position in header.positions.items():
            columns[position] = sql.Identifier(name)
        extra = [column for column in columns if column.string.startswith("_extra_")]
        self.create_typed(extra)
        pattern = plain_records(self.table, header, self.options.source_timezone)
        with OpenFile(self.source, self.options.encoding) as file:
            self.copy("typed", columns, header.delimiter, fast_blocks(file, header, pattern))
            self.checksum = file.checksum
        self.settle_repeated_keys()

    def stage_carefully(self, header: Header) -> None:
        """Raises LoadError where the rest of the file cannot be read or too many rows are rejected."""
        self.create_typed([])
        self.execute(
            "create temp table incoming"
            " (_row bigint, _line bigint, _column text, _value text, _reason text, {texts}) on commit drop",
            texts=sql.SQL(", ").join(sql.SQL("{} text").format(column.id) for column in self.table.columns),
        )
        own = ("_row", "_line", "_column", "_value", "_reason")
        with OpenFile(self.source, self.options.encoding) as file:
            columns = [sql.Identifier(name) for name in (*own, *header.positions)]
            self.copy("incoming", columns, ",", _record_blocks(file, header))
            self.checksum = file.checksum
        faults = [(column, fault(column)) for column in self.table.columns]
        self.execute(
            "update pg_temp.incoming set (_column, _value, _reason) = ("
            " select name, left(value, 200), reason"
            " from (values {faults}) as faults (position, name, value, reason)"
            " where reason is not null order by position limit 1)"
            " where _reason is null and coalesce({reasons}) is not null",
            reasons=sql.SQL(", ").join(reason for _, reason in faults),
            faults=sql.SQL(", ").join(
                sql.SQL("({}, {}, {}, {})").format(
                    sql.Literal(n), sql.Literal(column.name), column.id, reason
                )
                for n, (column, reason) in enumerate(faults)
            ),
        )
        self.execute(
            "insert into pg_temp.typed (_row, _line, {columns})"
            " select _row, _line, {casts} from pg_temp.incoming where _reason is null",
            casts=self.casts(self.table.columns),
        )
        self.settle_repeated_keys()
        self.record_rejects()

    def create_typed(self, extra: list[sql.Identifier]) -> None:
        columns = [
            sql.SQL("{} {} {}").format(
                column.id, sql.SQL(column.type), sql.SQL("not null" if column.required else "")
            )
            for column in self.table.columns
        ]
        self.execute(
            "create temp table typed"
            " (_row bigint generated by default as identity (cache 1000), _line bigint, {typed})"
            " on commit drop",
            typed=sql.SQL(", ").join([*columns, *(sql.SQL("{} text").format(name) for name in extra)]),
        )

    def copy(
        self, table: str, columns: list[sql.Identifier], delimiter: str, blocks: Iterator[bytes]
    ) -> None:
        statement = sql.SQL(
            "copy {} ({}) from stdin"
            " with (format csv, delimiter {}, null '', force_null ({}), encoding 'UTF8')"
        ).format(
            sql.Identifier("pg_temp", table),
            sql.SQL(", ").join(columns),
            sql.Literal(delimiter),
            sql.SQL(", ").join(columns),
        )
        feeder = _Feeder(blocks, _Progress(self.source.name))
        try:
            self.cursor.copy_expert(statement, feeder, size=1 << 20)
        except psycopg2.Error:
            # psycopg2 hands a failure to read to the server, whose answer hides the cause.
            if feeder.failure is not None:
                raise feeder.failure from None
            raise
        self.counts.read = self.cursor.rowcount

    def settle_repeated_keys(self) -> None:
        """Keep the first row of a key: its exact repetition is unchanged, other values are rejected.

        Raises Suspect for the latter after fast staging, which knows no line numbers.
        """
        if self.scalar(
            "select count(*) = count(distinct hash_record_extended(row({keys}), 0)) from pg_temp.typed"
        ):
            return
        self.execute("analyze pg_temp.typed")  # else the join below compares every row with every other
        self.execute(
            "create temp table repeated on commit drop as"
            " select typed._row, first._line as first_line, {differs} as conflicts"
            " from ("
            "  select min(_row) as _row from pg_temp.typed group by {keys} having count(*) > 1"
            " ) as firsts"
            " inner join pg_temp.typed as first on first._row = firsts._row"
            " inner join pg_temp.typed on typed._row > first._row and {same}",
            same=same_key(self.table, "typed", "first"),
            differs=differs(self.table, "typed", "first"),
        )
        conflicts = self.scalar("select count(*) filter (where conflicts) from pg_temp.repeated")
        if conflicts and not self.careful:
            raise Suspect("a key with other values")
        if conflicts:
            self.execute(
                "update pg_temp.incoming"
                " set _reason = 'has the key of line ' || first_line || ' but other values'"
                " from pg_temp.repeated where conflicts and incoming._row = repeated._row"
            )
        self.execute("delete from pg_temp.typed using pg_temp.repeated where typed._row = repeated._row")
        self.counts.unchanged = self.cursor.rowcount - conflicts
        self.execute("drop table pg_temp.repeated")

    def record_rejects(self) -> None:
        """Keep the rejected rows and name the first few. Raises LoadError where they are too many."""
        self.execute(
            "insert into raw.rejected_rows"
            " (_loaded_at, file_name, source_file, line_number, column_name, value, reason)"
            " select {loaded_at}, {file_name}, {source_file}, _line, _column, _value, _reason"
            " from pg_temp.incoming where _reason is not null"
        )
        rejected, read = self.cursor.rowcount, self.counts.read
        if not rejected:
            return
        self.counts.rejected = rejected
        self.execute(
            "select _line, _column, _value, _reason from pg_temp.incoming where _reason is not null"
            " order by _line limit {}",
            sql.Literal(FIRST_REJECTS),
        )
        first = [_describe(*reject) for reject in self.cursor.fetchall()]
        for reject in first:
            print(f"{self.source.name}, {reject}", file=sys.stderr)
        if rejected > read * self.options.max_rejects:
            raise LoadError(
                f"{self.source.name}: {rejected:,} of {read:,} rows rejected ({rejected / read:.2%}, "
                f"--max-rejects allows {self.options.max_rejects:.2%}), the first at {first[0]}"
            )

    # Appending

    def append_all(self) -> None:
        """Into an empty table: nothing to compare with."""
        park = self.counts.read >= MANY_ROWS and self.scalar("select raw.park_indexes({})", self.table_name)
        self.execute(
            "insert into {table} ({columns}, {meta})"
            " select {columns}, {loaded_at}, _row, 1, false, {source_file} from pg_temp.typed"
        )
        self.counts.new = self.cursor.rowcount
        if park:
            self.execute("select raw.restore_indexes({})", self.table_name)

    def append_differences(self) -> None:
        """Append new keys, changed values and, in full mode, tombstones for keys that the file no longer has.

        Raises LoadError where more keys would be deleted than allowed.
        """
        full = self.options.mode == "full"
        self.execute("analyze pg_temp.typed")
        self.execute(
            "create temp table difference on commit drop as"
            " select typed._row, newest._version, typed._row is null as is_gone, {values}"
            " from pg_temp.typed {join} ({newest}) as newest on {same}"
            " where case when typed._row is null then not newest._is_deleted"
            "  else newest._version is null or newest._is_deleted or {differs} end",
            join=sql.SQL("full join" if full else "left join"),
            same=same_key(self.table, "typed", "newest"),
            differs=differs(self.table, "typed", "newest"),
            values=sql.SQL(", ").join(
                sql.SQL("case when typed._row is null then newest.{0} else typed.{0} end as {0}").format(
                    column.id
                )
                for column in self.table.columns
            ),
        )
        if full:
            self.check_deletions()
        self.execute(
            "select count(*) filter (where _version is null), count(*) filter (where is_gone), count(*)"
            " from pg_temp.difference"
        )
        counts = self.counts
        counts.new, counts.deleted, appended = self.cursor.fetchone()
        counts.changed = appended - counts.new - counts.deleted
        counts.unchanged = counts.read - counts.new - counts.changed - counts.rejected
        self.execute(
            "insert into {table} ({columns}, {meta})"
            " select {columns}, {loaded_at}, coalesce(_row, 0), coalesce(_version, 0) + 1, is_gone, {source_file}"
            " from pg_temp.difference"
        )
        self.execute("drop table pg_temp.difference")

    def check_deletions(self) -> None:
        if self.counts.rejected:
            self.spare_rejected_keys()
        gone = self.scalar("select count(*) from pg_temp.difference where is_gone")
        if not gone:
            return
        live = self.scalar("select count(*) from ({newest}) as newest where not newest._is_deleted")
        if gone > live * self.options.max_deleted:
            raise LoadError(
                f"{self.source.name}: would delete {gone:,} of {live:,} keys ({gone / live:.1%}), "
                f"--max-deleted allows {self.options.max_deleted:.1%}; raise it if that is right, "
                "or use --mode delta"
            )

    def spare_rejected_keys(self) -> None:
        """A rejected row is still in the file: its key is not gone. Where one cannot be read, none is."""
        keys = self.table.key_columns
        self.execute(
            "create temp table spared on commit drop as select {casts} from pg_temp.incoming"
            " where _reason is not null and {readable}",
            casts=self.casts(keys),
            readable=sql.SQL(" and ").join(sql.SQL("{} is null").format(fault(key)) for key in keys),
        )
        all_readable = self.cursor.rowcount == self.counts.rejected
        self.execute(
            "delete from pg_temp.difference where is_gone"
            " and ({any} or exists (select from pg_temp.spared where {same}))",
            any=sql.Literal(not all_readable),
            same=same_key(self.table, "difference", "spared"),
        )
        if self.cursor.rowcount and not all_readable:
            _warn(
                f"{self.source.name}: {self.cursor.rowcount:,} keys are not in the file, but none was marked deleted "
                "because rejected rows may hold them"
            )
        self.execute("drop table pg_temp.spared")

    def newest(self) -> sql.Composed:
        """Newest version per key. Few keys have more than one, so looking those up is cheaper than sorting all
        (and than an anti join, for which PostgreSQL hashes the wrong side)."""
        return sql.SQL(
            "select stored.* from {table} as stored left join ("
            " select {keys}, max(_version) as last_version from {table} where _version > 1 group by {keys}"
            ") as later on {same} where later.last_version is null or later.last_version = stored._version"
        ).format(
            table=self.table.id,
            keys=names(self.table.key_columns),
            same=same_key(self.table, "later", "stored"),
        )

    def record_batch(self, started: float) -> None:
        counts = self.counts
        self.cursor.execute(
            "insert into raw.load_batches (_loaded_at, file_name, source_file, mode, checksum, rows_read,"
            " rows_new, rows_changed, rows_deleted, rows_unchanged, rows_rejected, started_at, finished_at)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, to_timestamp(%s), to_timestamp(%s))",
            (
                *(self.loaded_at, self.table.file_name, self.source.name, self.options.mode, self.checksum),
                *(counts.read, counts.new, counts.changed, counts.deleted, counts.unchanged, counts.rejected),
                *(started, time.time()),
            ),
        )

    # SQL

    @property
    def table_name(self) -> sql.Literal:
        return sql.Literal(self.table.name)

    def casts(self, columns: list) -> sql.Composed:
        zone = self.options.source_timezone
        return sql.SQL(", ").join(
            sql.SQL("{} as {}").format(cast(column, zone), column.id) for column in columns
        )

    def execute(self, template: str, *parts: sql.Composable, **named: sql.Composable) -> None:
        self.cursor.execute(sql.SQL(template).format(*parts, **self.common, **named))

    def scalar(self, template: str, *parts: sql.Composable, **named: sql.Composable):
        self.execute(template, *parts, **named)
        return self.cursor.fetchone()[0]


class _Feeder:
    """The file object that COPY reads, a block per call; `failure` is what went wrong while making one."""

    def __init__(self, blocks: Iterator[bytes], progress: _Progress) -> None:
        self.blocks = blocks
        self.progress = progress
        self.failure: BaseException | None = None

    def read(self, _size: int = -1) -> bytes:
        try:
            if STOP.is_set():
                raise LoadError("interrupted")
            block = next(self.blocks, b"")
        except BaseException as failure:
            self.failure = failure
            raise
        self.progress.add(block)
        return block


class _Progress:
    """A line on stderr every second, once the first has passed."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lines = 0
        self.started = self.last = time.monotonic()

    def add(self, block: bytes) -> None:
        self.lines += block.count(b"\n")
        now = time.monotonic()
        if now - self.last >= 1:
            self.last = now
            rate = self.lines / (now - self.started)
            print(f"{self.name}: {self.lines:,} rows read, {rate:,.0f} rows/s", file=sys.stderr, flush=True)


def _record_blocks(file: OpenFile, header: Header) -> Iterator[bytes]:
    """The records as CSV with their row number, line and complaint in front."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\n")
    nothing = [""] * len(header.positions)
    for number, record in enumerate(careful_records(file, header), start=1):
        values = nothing if record.values is None else record.values
        writer.writerow([number, record.line, record.column, record.value, record.reason, *values])
        if buffer.tell() >= 1 << 18:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def _is_about_the_data(error: psycopg2.Error) -> bool:
    """Data exceptions (class 22), violated constraints (23), and rows or tables too wide (54)."""
    return (error.pgcode or "")[:2] in ("22", "23", "54")


def _describe(line: int, column: str | None, value: str | None, reason: str) -> str:
    place = f"line {line}" if column is None else f"line {line}, column {column}"
    return f"{place}: {reason}" if value is None else f"{place}: '{show(value)[:60]}' {reason}"


def _warn(message: str) -> None:
    print(f"load_raw: warning: {message}", file=sys.stderr, flush=True)
