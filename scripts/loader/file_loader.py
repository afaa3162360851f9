"""Bring one file into its raw table: stage it, settle its keys, compare with what is there, append, record."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from loader import kept_columns, known_files
from loader.csv_reader import Header, Needs, Suspect, read_header
from loader.export_files import ASK, Source
from loader.load_context import Counts, FileLoad, Options, raise_what_is_not_about_the_data
from loader.messages import LoadError, MissingColumns, say, show, warn
from loader.raw_tables import IS_DELETED, SAYS_DELETED, Column, RawTable, same_key
from loader.raw_writer import append_all, append_differences
from loader.typed_rows import stage_carefully, stage_directly, stage_fast


def prepare_transaction(cursor: Cursor) -> None:
    """Make the transaction independent of what the environment or the role sets for a session, and let the
    server notice within seconds that the loader was killed."""
    cursor.execute(
        """
        set local datestyle = 'ISO, YMD';
        set local timezone = 'UTC';
        set local idle_in_transaction_session_timeout = 0;  -- while a file is mapped or a connector's table is read
        set local work_mem = '128MB';
        set local jit = off;
        set local default_statistics_target = 20;  -- of what is staged: how many rows and keys, roughly
        set local enable_presorted_aggregate = off;  -- it would sort whole rows to count distinct hashes
        do $$
        begin
            set local client_connection_check_interval = '2s';
        exception
            when others then null;  -- not on every platform
        end
        $$;
        """
    )


def read_times_in(cursor: Cursor, zone: str) -> None:
    """Let this transaction read times without an offset in the zone. Of an hour that a clock change repeats PostgreSQL
    takes the second, and a time that it skips counts on from the hour before: 02:30 is then 03:30.

    Raises LoadError for what is no zone's name: PostgreSQL also takes UTC+3, with the sign the other way round.
    """
    if zone != "UTC":
        cursor.execute("select exists (select 1 from pg_timezone_names where name = %s)", [zone])
        [(is_known,)] = cursor.fetchall()
        if not is_known:
            raise LoadError(f"--source-timezone {zone}: no such time zone; use a name such as Europe/Berlin")
    cursor.execute("select set_config('timezone', %s, true)", [zone])


def zone_to_record(cursor: Cursor, source: Source, table: RawTable, options: Options) -> str:
    """The zone in which files of this table are read. A connector's times are in UTC and leave it as it was.

    Raises LoadError where the newest load of the table read its times in another zone: the same time in two files would
    be two instants.
    """
    if not table.has_instants or (options.accept_timezone and options.mode == "full"):
        return options.source_timezone
    cursor.execute(
        "select source_timezone from raw.load_batches where file_name = %s"
        " order by _loaded_at desc, batch_id desc limit 1",
        [table.file_name],
    )
    earlier = cursor.fetchone()
    if earlier and source.from_table:
        return str(earlier[0])
    if earlier and earlier[0] != options.source_timezone:
        raise LoadError(
            f"{source.name}: --source-timezone is {options.source_timezone}, but raw.{table.name} holds times read "
            f"in {earlier[0]}; give --source-timezone {earlier[0]}, or, to read them all in {options.source_timezone} "
            "from now on, load a full export with --accept-timezone --max-deleted 1"
        )
    return options.source_timezone


def load_file(
    cursor: Cursor, source: Source, table: RawTable, options: Options, loaded_at: datetime
) -> Counts:
    """Load one file and record the batch. Raises LoadError where the file must not be loaded."""
    started = time.time()
    if table.is_setting:
        options = replace(options, mode="full", max_deleted=1.0)
    options = replace(options, source_timezone=zone_to_record(cursor, source, table, options))
    load = FileLoad(cursor, source, table, options, loaded_at)
    load.kept = kept_columns.read_names(load)
    load.parts = [(part, _read_header(load, part)) for part in source.parts or (source,)]
    kept_columns.warn_of_missing(load)
    load.is_first = not load.scalar("select exists (select 1 from {table})")
    load.lacking = _find_lacking(load)
    _warn_of_parts(load)
    if load.is_first or not known_files.is_loaded(load):
        _read_and_append(load)
    load.execute("drop table if exists pg_temp.typed, pg_temp.incoming")
    known_files.note(load)
    _record_batch(load, started)
    return load.counts


def _read_and_append(load: FileLoad) -> None:
    is_loaded = _stage(load)
    source, table = load.source, load.table
    if load.counts.read == 0 and load.options.mode == "full":
        if table.is_setting:
            load.say(f"{source.name}: has no data rows: the project's own values, the seed's, are in force")
        elif not load.is_first:
            raise LoadError(
                f"{source.name}: has no data rows, and a full load would delete everything; "
                "if it is right that nothing is new, use --mode delta"
            )
        else:
            rows = "none of its rows is left by keep and drop of the mapping, which look at columns of the target first"
            load.warn(
                f"{rows if source.is_mapped and source.origin else 'has no data rows'}; its table stays empty"
            )
    if load.is_first and not is_loaded:
        append_all(load)
    elif not is_loaded:
        load.lacking += _find_emptied(load)
        _keep_what_parts_lack(load)
        append_differences(load)


def _read_header(load: FileLoad, part: Source) -> Header:
    with load.open(part) as file:
        required = {column.name for column in load.table.columns if not column.optional}
        needed = {column.name for column in load.table.columns if column.required}
        columns = [column.name for column in load.table.columns]
        marks = (IS_DELETED,) if part.from_table or part.marks_deleted else load.table.marks_of_deletion
        columns += [mark for mark in marks if mark not in columns]
        delimiter = "," if part.is_mapped else load.options.delimiter
        try:
            header = read_header(file, Needs(columns, required, is_mapped=part.is_mapped), delimiter, needed)
        except MissingColumns as error:
            if part.is_mapped or part.from_table:
                raise
            raise LoadError(f"{error}; if it is another system's, or in another language, {ASK}") from error
    header = _take_mark(header, load.table, marks)
    if header.titles and not part.is_mapped:
        say(f"{part.name}: what stands above line {header.lines} is taken for a title and not loaded")
    header = kept_columns.take_from_header(load, header)
    if any(header.extra):
        warn(
            f"{part.name}: columns not loaded: {', '.join(map(show, filter(None, dict.fromkeys(header.extra))))[:300]}"
            f"{'' if load.table.is_setting else f'; {kept_columns.DIMENSIONS} keeps those that it names'}"
        )
    if header.repeated:
        repeated = ", ".join(map(show, header.repeated))[:300]
        warn(f"{part.name}: the header names columns that are not loaded more than once: {repeated}")
    return header


def _find_lacking(load: FileLoad) -> list[Column]:
    """The columns of the table that the file has not at all. A setting is whole without them, and of a connector's
    table its SELECT has all."""
    if load.is_first or load.table.is_setting or load.source.from_table:
        return []
    found = {name for _, header in load.parts for name in header.positions}
    lacking = [column for column in load.table.other_columns if column.name not in found | SAYS_DELETED]
    _warn_of_lost(load, lacking)
    return lacking


def _find_emptied(load: FileLoad) -> list[Column]:
    """Of the columns that a connector's schema has lost those that are empty in every row; others are made of more."""
    columns = [
        column for column in load.table.other_columns if column.name in load.source.lost - SAYS_DELETED
    ]
    if not columns or load.counts.read == 0:
        return []
    load.execute(
        "select {filled} from pg_temp.typed",
        filled=sql.SQL(", ").join(sql.SQL("count({}) > 0").format(column.id) for column in columns),
    )
    [filled] = load.cursor.fetchall()
    emptied = [column for column, is_filled in zip(columns, filled, strict=True) if not is_filled]
    _warn_of_lost(load, emptied)
    return emptied


def _lacked_by(load: FileLoad, header: Header) -> list[Column]:
    """The columns that one of several files has not, and another has."""
    found = {name for _, other in load.parts for name in other.positions} - SAYS_DELETED
    return [column for column in load.table.other_columns if column.name in found - set(header.positions)]


def _warn_of_parts(load: FileLoad) -> None:
    """A mapping that makes several files of one leaves out columns on purpose."""
    for part, header in load.parts:
        if not part.is_mapped and (lacked := _lacked_by(load, header)):
            warn(
                f"{part.name}: has no column {', '.join(column.name for column in lacked)}, which other files of "
                f"{load.table.file_name} have; rows that are known keep what earlier files said, and new ones have "
                "nothing there"
            )


def _keep_what_parts_lack(load: FileLoad) -> None:
    """As of a column that none of the files has, rows of a file that lacks it keep what earlier ones said."""
    for place, (_, header) in enumerate(load.parts, start=1):
        if lacked := _lacked_by(load, header):
            load.execute(
                "update pg_temp.typed set {kept} from ({newest}) as newest"
                " where width_bucket(typed._row, {starts}) = {place} and {same}",
                kept=sql.SQL(", ").join(sql.SQL("{0} = newest.{0}").format(column.id) for column in lacked),
                starts=sql.Literal(load.starts),
                place=sql.Literal(place),
                same=same_key(load.table.key_columns, "typed", "newest"),
            )


def _warn_of_lost(load: FileLoad, lacking: list[Column]) -> None:
    """Warn of those of the columns that earlier files had, as the planner's statistics know."""
    if not lacking:
        return
    load.cursor.execute(
        "select coalesce(string_agg(distinct attname, ', '), '') from pg_stats"
        " where schemaname = 'raw' and tablename = %s and attname = any(%s) and null_frac < 1",
        [load.table.name, [column.name for column in lacking]],
    )
    [(missed,)] = load.cursor.fetchall()
    if missed:
        load.warn(
            f"has no column {missed}, though earlier files had; rows that are known keep what those said, "
            "and new ones have nothing there"
        )


def _take_mark(header: Header, table: RawTable, marks: tuple[str, ...]) -> Header:
    """The header with the first of the marks of deletion that it has under the loader's own name for it, unless the
    table has a column of that name, and without the others."""
    own = {column.name for column in table.columns}
    found = next((mark for mark in marks if mark in header.positions), None)
    rest = {name for name in marks if name != found}
    places = {
        IS_DELETED if name == found and name not in own else name: place
        for name, place in header.positions.items()
        if name not in rest
    }
    return replace(header, positions=places, extra=[*header.extra, *(rest & set(header.positions))])


def _stage(load: FileLoad) -> bool:
    """Stage the file in the quickest way that it admits; whether it is in its table already."""
    load.execute("savepoint before_staging")
    try:
        if kept_columns.staged(load):
            raise Suspect("columns that only the careful path keeps")
        if load.is_first and stage_directly(load):
            return True
        load.execute("rollback to savepoint before_staging")
        stage_fast(load)
    except (Suspect, psycopg2.Error) as error:
        raise_what_is_not_about_the_data(error)
        load.execute("rollback to savepoint before_staging")
        load.careful = True
        stage_carefully(load)
    return False


def _record_batch(load: FileLoad, started: float) -> None:
    counts = load.counts
    load.cursor.execute(
        "insert into raw.load_batches (_loaded_at, file_name, source_file, mode, source_timezone, checksum,"
        " plain_bytes, fingerprint,"
        " rows_read, rows_new, rows_changed, rows_deleted, rows_unchanged, rows_rejected, started_at, finished_at)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, to_timestamp(%s), to_timestamp(%s))",
        (
            *(load.loaded_at, load.table.file_name, load.source.name, load.options.mode),
            *(load.options.source_timezone, load.checksum, load.plain_bytes, load.fingerprint),
            *(counts.read, counts.new, counts.changed, counts.deleted, counts.unchanged, counts.rejected),
            *(started, time.time()),
        ),
    )
