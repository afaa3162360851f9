"""The one transaction of a load: all its files, under a lock that no other load holds."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from loader import connectors, file_loader
from loader.export_files import ASK, Source, find_known, find_sources, join_parts, known_name, no_csv
from loader.kept_columns import DIMENSIONS, read_named, warn_of_unknown_files
from loader.load_context import Counts, Options
from loader.mapped_files import map_source
from loader.mapping import read_mapping
from loader.messages import LoadError, SayOnce, one_line, say, show, warn
from loader.missing_references import say_missing_references
from loader.raw_tables import RawTable, read_tables

# Files that came in an earlier load with one of those at hand: in the same folder as that one, or from a folder above
# it that is given again, which shows in that one's path. A setting holds without its file, and says nothing of others.
MISSING_FILES = """
    select newest.source_file
    from (
        select distinct on (file_name) load_batches.*
        from raw.load_batches
        inner join raw.files using (file_name)
        where not is_setting
        order by file_name, _loaded_at desc
    ) as newest
    where newest.file_name <> all(%(names)s)
        and exists (
            select from raw.load_batches as companion
            inner join raw.files using (file_name)
            inner join unnest(%(names)s, %(paths)s) as present (file_name, source_file) using (file_name)
            where not is_setting
                and companion._loaded_at = newest._loaded_at
                and regexp_replace(companion.source_file, '[^/]*$', '') in (
                    regexp_replace(newest.source_file, '[^/]*$', ''),
                    regexp_replace(present.source_file, '[^/]*$', '')
                )
        )
    order by 1
"""
ADVISORY_LOCK = 7_241_938_056_112  # any number that nothing else in this database locks
LOCK_HOLDER = """
    select raw.describe_sessions(array(
        select pid from pg_locks
        where
            locktype = 'advisory' and granted and objsubid = 1
            and database = (select oid from pg_database where datname = current_database())
            and (classid::bigint << 32) | objid::bigint = %s
    ))
"""
MANY_FILES = 8
NOTHING = "nothing was loaded"
UNKNOWN = "it is not known whether the load was kept; run it again, which is safe: what was loaded is not loaded twice"
EVERYTHING = "everything was loaded, and running it again is safe"


@dataclass
class Run:
    """What a load has come to: the counts of its files, what to say of it should it end now, and the connections at
    work, for whoever interrupts them."""

    counts: list[Counts] = field(default_factory=list)
    kept: str = NOTHING
    connections: list[Connection] = field(default_factory=list)


def connect() -> Connection:
    """Raises psycopg2.OperationalError when the server does not answer."""
    connection = psycopg2.connect(
        dbname=os.environ.get("PGDATABASE", "sales_funnel"),
        connect_timeout=os.environ.get("PGCONNECT_TIMEOUT", "10"),
        application_name="load_raw",
    )
    connection.set_client_encoding("UTF8")
    connection.set_session(isolation_level="READ COMMITTED", readonly=False)
    return connection


def load(connection: Connection, paths: Sequence[str], options: Options, run: Run) -> None:
    """Load every known file under the paths, or what a connector holds, in one transaction. Raises LoadError or
    psycopg2.Error; `run` then says whether anything was loaded."""
    with connection.cursor() as cursor, tempfile.TemporaryDirectory(prefix="load_raw_") as folder:
        file_loader.prepare_transaction(cursor)
        tables = read_tables(cursor)
        files = (
            read_connector(cursor, options, Path(folder), run)
            if options.from_schema
            else read_exports(cursor, paths, options, tables, Path(folder))
        )
        loaded_at = next_loaded_at(cursor, list(tables.values()))
        # First the setting that says which further columns of the others are kept.
        files.sort(key=lambda file: file[0].known_as != DIMENSIONS)
        run.counts = [
            file_loader.load_file(cursor, source, tables[source.known_as], chosen, loaded_at)
            for source, chosen in files
        ]
        say_missing_references(cursor, loaded_at)
        if any(source.known_as == DIMENSIONS for source, _ in files):
            warn_of_unknown_files(cursor, tables)
        # The server is to count the new rows before raw.analyze_table asks how many its statistics do not know.
        cursor.execute("select pg_stat_force_next_flush()")
    commit(connection, run)


def read_exports(
    cursor: Cursor, paths: Sequence[str], options: Options, tables: dict[str, RawTable], folder: Path
) -> list[tuple[Source, Options]]:
    """The files under the paths, those of other systems as the mapping makes them, with their options. Takes the load's
    lock."""
    mapping = read_mapping(options.mapping) if options.mapping else {}
    sources, unknown = find_sources(paths, set(tables), mapping)
    expected = {options.mapping.name} if options.mapping else set()
    for target in (target for targets in mapping.values() for target in targets):
        expected |= target.looks_up
    unknown = [name for name in unknown if find_known(known_name(Path(name)), (), expected) not in expected]
    if unknown:
        warn(f"not loaded, names not known: {', '.join(unknown)}; {ASK}")
    for name in unknown:
        if what := no_csv(name):
            warn(f"{name}: {what}")
    if not sources:
        known = (
            "none of the names there is known" if unknown else f"known names are {', '.join(sorted(tables))}"
        )
        raise LoadError(f"no file to load in {', '.join(paths)}; {known}; {ASK}")
    file_loader.read_times_in(cursor, options.source_timezone)
    plain = [source for source in sources if source.known_as not in mapping]
    tell = SayOnce()
    settings = [source for source in plain if source.known_as == DIMENSIONS]
    named = read_named(cursor, settings, options.encoding, options.delimiter)
    make = partial(
        map_source,
        tables=tables,
        encoding=options.encoding,
        delimiter=options.delimiter,
        folder=folder,
        tell=tell,
    )
    mapped = [
        made
        for source in sources
        for target in mapping.get(source.known_as, [])
        for made in make(source, target, kept=named.get(target.load_as, ()))
    ]
    files = settle_files_of_one_table(plain + mapped, tables, options)
    take_lock(cursor)
    if options.mode == "full" and any(Path(path).is_dir() for path in paths):
        warn_of_missing_files(cursor, files)
    return [(source, options) for source in files]


def read_connector(cursor: Cursor, options: Options, folder: Path, run: Run) -> list[tuple[Source, Options]]:
    """What the connector's tables hold, as files with their options. Takes the load's lock before the snapshot: what is
    read is then never older than what an earlier load has read."""
    assert options.from_schema and options.connector
    take_lock(cursor)
    with contextlib.closing(connect()) as reading:
        run.connections.append(reading)
        reading.set_session(isolation_level="REPEATABLE READ")
        with reading.cursor() as reader:
            file_loader.prepare_transaction(reader)
            read = connectors.read(reader, options.from_schema, options.connector, folder)
        run.connections.remove(reading)
    return [
        (source, options if options.mode == "delta" else replace(options, mode=mode)) for source, mode in read
    ]


def commit(connection: Connection, run: Run) -> None:
    """Where the connection is cut meanwhile, nobody knows what came of it. A server that answers with an error has
    kept nothing."""
    run.kept = UNKNOWN
    try:
        connection.commit()
    except psycopg2.Error:
        if not connection.closed:
            run.kept = NOTHING
        raise
    run.kept = EVERYTHING


def analyze(connection: Connection, counts: list[Counts]) -> None:
    """Tell the planner of the new rows. After the load's own transaction: it must not undo it, and on Citus the tables'
    owner may not touch what the loader has just written."""
    try:
        with connection, connection.cursor() as cursor:
            for file in counts:
                if file.new or file.changed or file.deleted:
                    cursor.execute("select raw.analyze_table(%s)", [file.table])
    except psycopg2.Error as error:
        warn(f"everything was loaded, but the planner's statistics are old: {one_line(error)}")


def settle_files_of_one_table(
    sources: list[Source], tables: dict[str, RawTable], options: Options
) -> list[Source]:
    """The files to load one after the other. In full mode several files of one table are parts of it, in a delta
    versions of its rows. Raises LoadError where they cannot be parts."""
    settled = []
    for known_as in dict.fromkeys(source.known_as for source in sources):
        files = _join_what_is_made_of_one([source for source in sources if source.known_as == known_as])
        if len(files) == 1 or (options.mode == "delta" and not tables[known_as].is_setting):
            settled.extend(files)
            if len(files) > 1:
                say(
                    f"{known_as} comes in {len(files)} files; of rows with one key the last one counts: "
                    f"{', '.join(_told_apart(files))}"
                )
            continue
        are_one = f"{' and '.join(_told_apart(files))} are {'both' if len(files) == 2 else 'all'} {known_as}"
        if tables[known_as].is_setting:
            raise LoadError(f"{are_one}, and a file of settings is always whole; leave out all but one")
        names = [known_name(Path(file.name)) for file in files if not file.is_mapped]
        if len(set(names)) < len(names):
            raise LoadError(
                f"{are_one}, and in full mode each would delete the rows of the other; load the newest alone, or, "
                "if they are parts, join them or load with --mode delta; if they are of two accounts, whose ids mean "
                "different things, load each into a database of its own"
            )
        say(
            f"{known_as} comes in {len(files)} files, which are loaded as one: {', '.join(_told_apart(files))}"
        )
        settled.append(join_parts(files))
    return settled


def _join_what_is_made_of_one(sources: list[Source]) -> list[Source]:
    """The files of a table; those that a mapping makes of one foreign file are one."""
    origins = [(source.name, source.origin if source.is_mapped else source.path) for source in sources]
    return [
        join_parts([source for source, other in zip(sources, origins, strict=True) if other == origin])
        for origin in dict.fromkeys(origins)
    ]


def _told_apart(files: list[Source]) -> list[str]:
    """Their names, or paths where names are the same; of many the first ones and the last."""
    names = [file.name for file in files]
    told = names if len(set(names)) == len(names) else [show(str(file.path)) for file in files]
    return (
        told
        if len(told) <= MANY_FILES
        else [*told[: MANY_FILES - 2], f"{len(told) - MANY_FILES + 1} more", told[-1]]
    )


def warn_of_missing_files(cursor: Cursor, sources: list[Source]) -> None:
    """A part of a full export that did not come leaves what it held before as it was, which nothing else shows."""
    names, paths = [source.known_as for source in sources], [source.name for source in sources]
    cursor.execute(MISSING_FILES, {"names": names, "paths": paths})
    missing = [name for (name,) in cursor.fetchall()]
    if missing:
        warn(
            f"not in the folder, though loaded with the rest before: {', '.join(missing)}; their rows stay as they were"
        )


def take_lock(cursor: Cursor) -> None:
    cursor.execute("select pg_try_advisory_xact_lock(%s)", [ADVISORY_LOCK])
    [(is_ours,)] = cursor.fetchall()
    if not is_ours:
        cursor.execute(LOCK_HOLDER, [ADVISORY_LOCK])
        [(holder,)] = cursor.fetchall()
        message = f"another load is under way, waiting for it to end: {holder or 'it has just ended'}"
        print(message, file=sys.stderr, flush=True)
        cursor.execute("set local lock_timeout = 0")
        cursor.execute("select pg_advisory_xact_lock(%s)", [ADVISORY_LOCK])
        cursor.execute("set local lock_timeout = default")


def next_loaded_at(cursor: Cursor, tables: list[RawTable]) -> datetime:
    """Now, or a microsecond after the latest load where the clock did not move or went back."""
    latest = sql.SQL(", ").join(
        sql.SQL("(select max(_loaded_at) from {})").format(name)
        for name in [sql.Identifier("raw", "load_batches"), *(table.id for table in tables)]
    )
    query = sql.SQL("select greatest(clock_timestamp(), greatest({}) + interval '1 microsecond')")
    cursor.execute(query.format(latest))
    loaded_at: datetime
    [(loaded_at,)] = cursor.fetchall()
    return loaded_at
