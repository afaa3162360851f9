"""Load CSV exports into the append-only raw tables; all files of one call are one transaction.

    python scripts/load_raw.py raw_data/pipedrive
    python scripts/load_raw.py new_changes.csv.gz --mode delta

Connects as libpq's environment says (PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE); the role `loader`
suffices. A load appends a row only where the file differs from the newest version of the row's key, so
loading the same files again appends nothing. Exit status: 0 loaded, 1 refused (one line says why, the
database is as it was), 2 usage, 130 interrupted (the database is as it was).
"""

from __future__ import annotations

import argparse
import codecs
import contextlib
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import copying
import loading
import psycopg2
from csv_files import DELIMITERS, LoadError, Source, find_sources, show
from file_load import Counts, Options
from mapping import map_source, read_mapping
from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from raw_tables import RawTable, read_tables

# Files that came in an earlier load with one of those at hand: in the same folder as that one, or from a folder above
# it that is given again, which shows in that one's path.
MISSING_FILES = """
    select newest.source_file
    from (
        select distinct on (file_name) * from raw.load_batches order by file_name, _loaded_at desc
    ) as newest
    where newest.file_name <> all(%(names)s)
        and exists (
            select from raw.load_batches as companion
            inner join unnest(%(names)s, %(paths)s) as present (file_name, source_file) using (file_name)
            where companion._loaded_at = newest._loaded_at
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
DELIMITER_NAMES = {"auto": None, "tab": "\t", "\\t": "\t"}


NOTHING = "nothing was loaded"
UNKNOWN = "it is not known whether the load was kept; run it again, which is safe: what was loaded is not loaded twice"
EVERYTHING = "everything was loaded, and running it again is safe"


@dataclass
class Run:
    """What a load has come to: the counts of its files, and what to say of it should it end now."""

    counts: list[Counts] = field(default_factory=list)
    kept: str = NOTHING


def main(argv: Sequence[str] | None = None) -> int:
    """Run one load. Returns the exit status; never raises for what a user can cause."""
    try:
        options, paths = parse_arguments(argv)
    except SystemExit as leaving:
        return int(leaving.code or 0)
    run = Run()

    def work() -> None:
        load(connection, paths, options, run)
        analyze(connection, run.counts)

    try:
        connection = connect()
        try:
            interruptible(connection, work)
        finally:
            connection.close()
        print_counts(run.counts)
    except LoadError as error:
        return fail(f"{error}; {run.kept}")
    except psycopg2.Error as error:
        return fail(f"PostgreSQL: {one_line(error)}; {run.kept}")
    except OSError as error:
        return fail(f"{error.filename or 'reading or printing'}: {error.strerror or error}; {run.kept}")
    except KeyboardInterrupt:
        fail(f"interrupted; {run.kept}")
        return 130
    return 0


def parse_arguments(argv: Sequence[str] | None) -> tuple[Options, list[str]]:
    parser = argparse.ArgumentParser(prog="load_raw.py", description=__doc__.split("\n\n")[0])
    add = parser.add_argument
    add(
        "paths",
        nargs="+",
        metavar="PATH",
        help="a file, or a folder to search for known names (.csv, .csv.gz)",
    )
    add(
        "--mode",
        choices=("full", "delta"),
        default="full",
        help="full: keys gone from the file are marked deleted; delta: absence means nothing (default: full)",
    )
    add(
        "--max-rejects",
        type=share,
        default=0.0,
        metavar="SHARE",
        help="share of a file's rows that may be rejected, 0 to 1 (default: 0, any fails the load)",
    )
    add(
        "--max-deleted",
        type=share,
        default=0.2,
        metavar="SHARE",
        help="share of a table's keys that a full file may delete, 0 to 1 (default: 0.2)",
    )
    add(
        "--accept-older",
        action="store_true",
        help="load a full file of a log though it looks older than what is loaded, and delete what it lacks",
    )
    add(
        "--encoding",
        type=encoding,
        default="utf-8",
        help="of the files, e.g. cp1252 (default: utf-8, with or without BOM)",
    )
    add("--delimiter", type=delimiter, default=None, help="one of auto , ; tab | (default: auto)")
    add(
        "--source-timezone",
        default="UTC",
        metavar="ZONE",
        help="zone of times without an offset, e.g. Europe/Berlin (default: UTC)",
    )
    add(
        "--accept-timezone",
        action="store_true",
        help="a full export whose --source-timezone is another than that of earlier loads replaces what they read",
    )
    add(
        "--mapping",
        type=Path,
        metavar="FILE",
        help="JSON that says how files of other systems become known ones, see docs/mapping.md",
    )
    given = parser.parse_args(argv)
    options = Options(**{name: value for name, value in vars(given).items() if name != "paths"})
    return options, given.paths


def share(text: str) -> float:
    number = float(text)
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not a share between 0 and 1")
    return number


def encoding(text: str) -> str:
    try:
        "a".encode(text)  # LookupError also for what is no text encoding, such as base64
        name = codecs.lookup(text).name
    except (LookupError, UnicodeError) as error:
        raise argparse.ArgumentTypeError(f"{text} is not a text encoding") from error
    return "utf-8" if name == "utf-8-sig" else name


def delimiter(text: str) -> str | None:
    found = DELIMITER_NAMES.get(text, text)
    if found is not None and found not in DELIMITERS:
        raise argparse.ArgumentTypeError(f"{text!r} is none of auto , ; tab |")
    return found


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
    """Load every known file under the paths in one transaction. Raises LoadError or psycopg2.Error; `run` then says
    whether anything was loaded."""
    with connection.cursor() as cursor:
        loading.prepare_transaction(cursor)
        tables = read_tables(cursor)
        mapping = read_mapping(options.mapping) if options.mapping else {}
        sources, unknown = find_sources(paths, set(tables) | set(mapping))
        if options.mapping:
            unknown = [name for name in unknown if Path(name).name != options.mapping.name]
        if unknown:
            warn(f"not loaded, names not known: {', '.join(unknown)}")
        if not sources:
            raise LoadError(
                f"no file to load in {', '.join(paths)}; known names are {', '.join(sorted(tables))}"
            )
        loading.read_times_in(cursor, options.source_timezone)
        with tempfile.TemporaryDirectory(prefix="load_raw_") as folder:
            plain = [source for source in sources if source.known_as not in mapping]
            mapped = [
                map_source(source, target, tables, options.encoding, options.delimiter, Path(folder))
                for source in sources
                for target in mapping.get(source.known_as, [])
            ]
            check_one_file_per_table(plain + mapped, options)
            take_lock(cursor)
            if options.mode == "full" and any(Path(path).is_dir() for path in paths):
                warn_of_missing_files(cursor, plain + mapped)
            loaded_at = next_loaded_at(cursor, list(tables.values()))
            as_mapped = replace(options, encoding="utf-8", delimiter=",")
            run.counts = [
                loading.load_file(cursor, source, tables[source.known_as], chosen, loaded_at)
                for files, chosen in ((plain, options), (mapped, as_mapped))
                for source in files
            ]
    commit(connection, run)


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


def check_one_file_per_table(sources: list[Source], options: Options) -> None:
    """Several files of one table are versions of its rows one after the other, which only a delta can be."""
    for known_as in dict.fromkeys(source.known_as for source in sources):
        files = [source for source in sources if source.known_as == known_as]
        if len(files) == 1:
            continue
        names = [file.name for file in files]
        if len(set(names)) < len(names):
            names = [show(str(file.path)) for file in files]
        if options.mode == "full":
            raise LoadError(
                f"{' and '.join(names)} are {'both' if len(names) == 2 else 'all'} {known_as}, and in full mode "
                "each would delete the rows of the other; join them or load with --mode delta"
            )
        say(
            f"{known_as} comes in {len(names)} files; of rows with one key the last one counts: {', '.join(names)}"
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
    if not cursor.fetchone()[0]:
        cursor.execute(LOCK_HOLDER, [ADVISORY_LOCK])
        holder = cursor.fetchone()[0] or "it has just ended"
        print(f"another load is under way, waiting for it to end: {holder}", file=sys.stderr, flush=True)
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
    return cursor.fetchone()[0]


def interruptible(connection: Connection, work: Callable[[], None]) -> None:
    """`work()` in a thread: libpq does not return for Ctrl-C, so the main thread stays free to cancel it."""
    errors: list[BaseException] = []
    ended = threading.Event()  # not Thread.join: interrupted, it takes a running thread for an ended one

    def run() -> None:
        try:
            work()
        except BaseException as error:  # raised again below, in the main thread
            errors.append(error)
        finally:
            ended.set()

    threading.Thread(target=run, daemon=True).start()
    try:
        while not ended.wait(1):
            pass
    except KeyboardInterrupt:
        copying.STOP.set()
        while not ended.wait(0.1):
            connection.cancel()
        raise
    finally:
        copying.STOP.clear()
    if errors:
        raise errors[0]


def print_counts(counts: list[Counts]) -> None:
    columns = ("read", "new", "changed", "deleted", "unchanged", "rejected")
    width = max([4, *(len(count.source) for count in counts)])
    print("file".ljust(width), *(f"{column:>11}" for column in columns))
    for count in counts:
        print(count.source.ljust(width), *(f"{getattr(count, column):>11,}" for column in columns))
    print(end="", flush=True)


def one_line(error: psycopg2.Error) -> str:
    return (
        "; ".join(line.strip() for line in str(error).strip().splitlines() if line.strip())
        or type(error).__name__
    )


def warn(message: str) -> None:
    say(f"warning: {message}")


def say(message: str) -> None:
    print(f"load_raw: {message}", file=sys.stderr, flush=True)


def fail(message: str) -> int:
    with contextlib.suppress(OSError):  # nobody listens any more
        say(f"error: {message}")
    return 1


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    status = main()
    with contextlib.suppress(OSError):
        print(end="", flush=True)
        sys.exit(status)
    os._exit(status)  # Python would flush once more, and complain of it
