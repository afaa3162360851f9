"""Load CSV exports into the append-only raw tables; all files of one call are one transaction.

    python3 scripts/with_venv.py scripts/loader/load.py raw_data/pipedrive
    python3 scripts/with_venv.py scripts/loader/load.py new_changes.csv.gz --mode delta
    python3 scripts/with_venv.py scripts/loader/load.py --from-schema SCHEMA --connector pipedrive/fivetran
    python3 scripts/with_venv.py scripts/loader/load.py --explain "some export.csv"

Connects as libpq's environment says (PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE); the role `loader`
suffices. A load appends a row only where the file differs from the newest version of the row's key, so
loading the same files again appends nothing. Exit status: 0 loaded, 1 refused (one line says why, the
database is as it was), 2 usage, 130 interrupted (the database is as it was).
"""

from __future__ import annotations

import argparse
import codecs
import contextlib
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg2
from psycopg2.extensions import connection as Connection

from loader import bulk_copy, connectors, transaction
from loader.csv_reader import DELIMITERS
from loader.draft_mapping import ASK
from loader.explain import explain
from loader.export_files import text_files_in
from loader.load_context import Counts, Options
from loader.mapping import SHIPPED
from loader.messages import LoadError, one_line, say
from loader.raw_tables import read_tables

OF_FILES = {"accept_older", "accept_timezone", "delimiter", "encoding", "mapping", "source_timezone"}
DELIMITER_NAMES = {"auto": None, "tab": "\t", "\\t": "\t"}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one load. Returns the exit status; never raises for what a user can cause."""
    try:
        options, paths = parse_arguments(argv)
    except SystemExit as leaving:
        return int(leaving.code or 0)
    if options.explain:
        return explain_files(paths)
    run = transaction.Run()

    def work() -> None:
        transaction.load(connection, paths, options, run)
        transaction.analyze(connection, run.counts)

    try:
        with contextlib.closing(transaction.connect()) as connection:
            run.connections.append(connection)
            interruptible(run.connections, work)
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
    parser = argparse.ArgumentParser(
        prog="load.py", description=__doc__.split("\n\n")[0], argument_default=argparse.SUPPRESS
    )
    add = parser.add_argument
    add(
        "paths",
        nargs="*",
        metavar="PATH",
        help="a file, or a folder to search for known names (.csv, .csv.gz)",
    )
    add(
        "--mode",
        choices=("full", "delta"),
        help="full: keys gone from the file are marked deleted; delta: absence means nothing (default: full)",
    )
    add(
        "--max-rejects",
        type=share,
        metavar="SHARE",
        help="share of a file's rows that may be rejected, 0 to 1 (default: 0, any fails the load)",
    )
    add(
        "--max-deleted",
        type=share,
        metavar="SHARE",
        help="share of a table's keys that a full file may delete, 0 to 1 (default: 0.2)",
    )
    add(
        "--accept-older",
        action="store_true",
        help="load a full file of a log though it looks older than what is loaded or cut off, and delete what it lacks",
    )
    add(
        "--encoding",
        type=encoding,
        help="of the files, e.g. cp1252 (default: utf-8, with or without BOM)",
    )
    add("--delimiter", type=delimiter, help="one of auto , ; tab | (default: auto)")
    add(
        "--source-timezone",
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
        help="JSON that says how files of other systems become known ones, or the name of a shipped one "
        f"({', '.join(SHIPPED)}), see docs/mapping.md",
    )
    add(
        "--explain",
        action="store_true",
        help="load nothing: say what the files look like and which mapping fits, else draft one on standard output",
    )
    add(
        "--from-schema",
        metavar="SCHEMA",
        help="in place of a PATH: a schema of this database that a connector fills, see docs/connectors.md",
    )
    add(
        "--connector",
        choices=connectors.SHIPPED,
        metavar="CRM/NAME",
        help=f"what fills that schema, one of {', '.join(connectors.SHIPPED)}",
    )
    given = vars(parser.parse_args(argv))
    paths = given.pop("paths", [])
    if bool(paths) == ("from_schema" in given):
        parser.error("name files or folders, or a connector's schema with --from-schema")
    if ("from_schema" in given) != ("connector" in given):
        parser.error("--from-schema and --connector go together")
    if "explain" in given and len(given) > 1:
        parser.error("--explain takes files only")
    if "from_schema" in given and (useless := sorted(OF_FILES.intersection(given))):
        names = ", ".join("--" + name.replace("_", "-") for name in useless)
        parser.error(f"{names}: for files only; a connector's tables are loaded as they are")
    return Options(**given), paths


def explain_files(paths: list[str]) -> int:
    """Tell of each file, or of those in a folder, on stderr; the draft of a mapping of all goes to stdout. In a folder
    what a draft can say nothing of is left out of it. A database is looked at where there is one."""
    try:
        with contextlib.closing(transaction.connect()) as connection, connection.cursor() as cursor:
            tables = read_tables(cursor)
    except (psycopg2.Error, LoadError):
        tables = None
    status = 0
    mapping: dict[str, object] = {}
    try:
        for given in map(Path, paths):
            for path in text_files_in(given) if given.is_dir() else [given]:
                try:
                    told, draft = explain(path, tables)
                except LoadError as error:
                    status = fail(str(error))
                    continue
                print(*told, sep="\n", file=sys.stderr, flush=True)
                if draft and not (given.is_dir() and ASK in draft):
                    mapping |= json.loads(draft)
        if mapping:
            print(json.dumps(mapping, indent=2, ensure_ascii=False), flush=True)
    except LoadError as error:
        return fail(str(error))
    except OSError as error:
        return fail(f"{error.filename or 'reading or printing'}: {error.strerror or error}")
    return status


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


def interruptible(connections: list[Connection], work: Callable[[], None]) -> None:
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
        bulk_copy.STOP.set()
        while not ended.wait(0.1):
            for connection in tuple(connections):
                with contextlib.suppress(psycopg2.Error):  # it may have just been closed
                    connection.cancel()
        raise
    finally:
        bulk_copy.STOP.clear()
    if errors:
        raise errors[0]


def print_counts(counts: list[Counts]) -> None:
    columns = ("read", "new", "changed", "deleted", "unchanged", "rejected")
    sources = [count.source for count in counts]
    names = [
        f"{name} as {c.table}" if sources.count(name) > 1 else name
        for name, c in zip(sources, counts, strict=True)
    ]
    width = max([4, *map(len, names)])
    print("file".ljust(width), *(f"{column:>11}" for column in columns))
    for name, count in zip(names, counts, strict=True):
        print(name.ljust(width), *(f"{getattr(count, column):>11,}" for column in columns))
    print(end="", flush=True)


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
