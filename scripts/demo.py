#!/usr/bin/env python3
"""From CSV exports to the report, on this machine: server, packages, load, dbt build, docs, the report.

    python3 scripts/with_venv.py scripts/demo.py [--raw-data FOLDER] [--source-timezone ZONE] [--encoding NAME]

A second run loads and rebuilds only what changed. Exports other than the sample's get a database, a report and
documentation of their own, so that the two never mix.
"""

from __future__ import annotations

import os
import signal
import sys


def stop_at_once(*_: object) -> None:
    """For Ctrl-C during the imports, which take a second or two; some of them would swallow an exception."""
    print("interrupted; run it again to go on", file=sys.stderr, flush=True)
    os._exit(130)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, stop_at_once)

import argparse
import contextlib
import fcntl
import hashlib
import re
import shutil
import subprocess
import textwrap
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

import install_packages
from checks.remedies import find_remedy
from loader import draft_steps, explain, load
from report.write_report import choose_role, find_output, open_command, renew_report
from server import postgres
from server.database import DATABASE
from server.programs import environment
from with_venv import ROOT, UserError

SAMPLE = ROOT / "raw_data"
DOCS = ROOT / "target" / "static_index.html"  # where dbt puts it
MONTHS_SHOWN = 6
PROGRESS_SECONDS = 5
# Hooks are counted by themselves, and are no part of the nodes.
FINISHED = re.compile(r"^(\d+) of (\d+) (OK|PASS|WARN|ERROR|FAIL|SKIP|NO-OP|PARTIAL SUCCESS)(?! hook)")


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Two demos of one folder would write over each other's files in target/."""
    with Path(__file__).open(encoding="utf-8") as this_file:
        try:
            fcntl.flock(this_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another make demo is under way in this folder, waiting for it to end", flush=True)
            fcntl.flock(this_file, fcntl.LOCK_EX)
        yield


def run_demo(raw_data: Path, options: Sequence[str]) -> None:
    """Run every step. Raises UserError, psycopg2.Error, OSError."""
    started = time.monotonic()
    if not raw_data.is_dir():
        raise UserError(f"{raw_data} is no folder; RAW_DATA names a folder of CSV exports")
    database = name_database(raw_data)
    with step("PostgreSQL"):
        server = postgres.start(database=database)
        postgres.remember(server, database)
        print(f"  127.0.0.1:{server.port}, database {database}")
    with step("dbt packages"):
        print(f"  {install_packages.install()}")
    with step(f"Load {os.path.relpath(raw_data)}"), environment(server.environment("loader", database)):
        mapping = choose_mapping(raw_data)
        if load.main([str(raw_data), *options, *mapping]) != 0:
            raise UserError("the load failed, and nothing was built; the line above says why")
    is_built = build(server, database)
    if is_built or not find_docs(database)[0].exists():
        make_docs(server, database, is_compiled=is_built)
    # As a BI tool reads it.
    with contextlib.closing(server.connect(choose_role(), database)) as connection:
        with step("Report"):
            page = find_output("report", database) / "index.html"
            if not renew_report(connection, page):
                print("  the page shows these marts already")
        print_report(connection)
        print_tie_out(connection)
    with contextlib.closing(server.connect("transformer", database)) as connection:
        print_warnings(connection)
        draft_steps.write_draft(connection, find_draft(database))
    print(f"\nAll done in {time.monotonic() - started:.0f} s")
    print_next_steps(server, database, page)


def choose_mapping(raw_data: Path) -> list[str]:
    """The folder's mapping.json, else the shipped mapping that fits, where one alone does, with the files that have its
    columns and not its name."""
    if own := list(raw_data.glob("mapping.json")):
        return [f"--mapping={own[0]}"]
    shipped, files = explain.fitting_mapping(raw_data)
    if shipped:
        named = ", ".join(path.name for path in files) or "a file here"
        print(f"  by the shipped mapping {shipped}, whose columns {named} has")
    return [*map(str, files), f"--mapping={shipped}"] if shipped else []


def build(server: postgres.Server, database: str) -> bool:
    """Build and test the marts. False: they hold the newest load and definitions already."""
    with (
        contextlib.closing(server.connect("transformer", database)) as connection,
        connection.cursor() as cursor,
        environment(server.environment("transformer", database)),
        step("dbt build --target dev"),
    ):
        cursor.execute(
            "select max(_loaded_at)::text from raw.load_batches where rows_new + rows_changed + rows_deleted > 0"
        )
        [(newest_load,)] = cursor.fetchall()
        definitions = hash_definitions()
        # The mark lies with the marts, so that it goes when they go.
        cursor.execute("select obj_description(to_regnamespace('dev_marts'), 'pg_namespace')")
        [(mark,)] = cursor.fetchall()
        wanted = f"Built from definitions {definitions} and the load of {newest_load}."
        if mark == wanted:
            print("  the marts hold the newest load already")
            return False
        if mark:  # a build that is interrupted must not be taken for a whole one
            cursor.execute("comment on schema dev_marts is null")
        connection.commit()  # nor is a snapshot of before the build kept open
        # Changed rows need no flag, but changed columns do; no reader notices the difference.
        # Unit tests prove code, which nobody has changed here; `make test` and CI run them.
        rebuild = [] if mark and definitions in mark else ["--full-refresh"]
        invoke_dbt("build", "--exclude-resource-type", "unit_test", *rebuild)
        cursor.execute("comment on schema dev_marts is %s", [wanted])
        connection.commit()
    return True


def hash_definitions() -> str:
    """A digest of everything that decides what the marts hold, apart from the data."""
    files = (
        "dbt_project.yml",
        "package-lock.yml",
        "models",
        "macros",
        "seeds",
        "tests/generic",
        "tests/singular",
    )
    return install_packages.fingerprint(ROOT / name for name in files)[:16]


def find_docs(database: str) -> tuple[Path, Path]:
    """The documentation of a database, and the folder of its lineage."""
    own = find_output("docs", database)
    return (
        (DOCS, ROOT / "target" / "lineage") if database == DATABASE else (own / "index.html", own / "lineage")
    )


def find_draft(database: str) -> Path:
    """The draft of its funnel's steps."""
    return find_output("funnel_steps", database).with_suffix(".csv")


def make_docs(server: postgres.Server, database: str, is_compiled: bool = False) -> None:
    """dbt's documentation as one file, and the lineage of columns; those of another database stay.

    What a build has just compiled need not be compiled again, which takes two thirds of the time.
    """
    docs, lineage = find_docs(database)
    kept = DOCS.read_bytes() if DOCS.exists() and docs != DOCS else None
    with environment(server.environment("transformer", database)), step("dbt docs generate --static"):
        invoke_dbt("docs", "generate", "--static", *(["--no-compile"] if is_compiled else []))
    if docs != DOCS:
        docs.parent.mkdir(exist_ok=True)
        DOCS.replace(docs)
    if kept is not None:
        DOCS.write_bytes(kept)
    with step("Lineage of columns"):
        trace_columns(lineage)


def trace_columns(folder: Path) -> None:
    """A page in this folder, by dbt-colibri from the documentation's own artifacts. Raises UserError."""
    colibri = Path(sys.executable).with_name("colibri")
    if not colibri.exists():
        print("  left out: dbt-colibri needs Python 3.11")
        return
    # Without the flag, whoever opens the page reports to the makers of the tool.
    command = [str(colibri), "generate", "--light", "--disable-telemetry", "--output-dir", str(folder)]
    command += ["--manifest", str(ROOT / "target" / "manifest.json")]
    command += ["--catalog", str(ROOT / "target" / "catalog.json")]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
    if done.returncode != 0:
        raise UserError(f"dbt-colibri failed: {(done.stderr or done.stdout).strip().splitlines()[-1]}")
    untraced = (done.stdout + done.stderr).count("[ERROR]")
    if untraced:
        print(f"  {untraced} columns could not be traced")


def name_database(raw_data: Path) -> str:
    """`sales_funnel` for the sample; for another folder a name made from its path, the same every time."""
    folder = raw_data.resolve()
    if folder == SAMPLE:
        return DATABASE
    readable = re.sub(r"[^a-z0-9]+", "_", folder.name.lower()).strip("_")[:30]
    return f"{DATABASE}_{readable}_{hashlib.sha256(bytes(folder)).hexdigest()[:6]}"


@contextlib.contextmanager
def step(name: str) -> Iterator[None]:
    """Announce a step, and say how long it took."""
    print(f"\n▸ {name}", flush=True)
    started = time.monotonic()
    yield
    print(f"  done in {time.monotonic() - started:.1f} s", flush=True)


# --- dbt ----------------------------------------------------------------------------------------------------


class Progress:
    """Shows how far dbt is: one line kept up to date on a terminal, one every few seconds elsewhere."""

    def __init__(self) -> None:
        self.finished = 0
        self.shown_at = time.monotonic()

    def __call__(self, event: Any) -> None:
        found = FINISHED.match(event.info.msg)
        if not found:
            return
        _, total, status = found.groups()
        self.finished += 1  # dbt's own number is the order of starting
        if status in ("ERROR", "FAIL"):  # warnings are put in plain words at the end
            self.clear()
            print(f"  {event.info.msg}", flush=True)
        if sys.stdout.isatty():
            print(f"\r  {self.finished} of {total}", end="", flush=True)
        elif time.monotonic() - self.shown_at > PROGRESS_SECONDS:
            print(f"  {self.finished} of {total}", flush=True)
            self.shown_at = time.monotonic()

    def clear(self) -> None:
        if sys.stdout.isatty():
            print("\r\033[K", end="")


def invoke_dbt(*command: str) -> None:
    """Run dbt in this process; raises UserError with the message of each node that failed."""
    # It takes seconds, so it comes after the first steps have shown something.
    from dbt.cli.main import dbtRunner

    profiles = ROOT / "profiles.yml"
    if not profiles.exists():
        shutil.copy(ROOT / "profiles.example.yml", profiles)
    progress = Progress()
    folders = ["--project-dir", str(ROOT), "--profiles-dir", str(ROOT)]
    interrupted = []

    def interrupt(*signal_and_frame: Any) -> None:
        interrupted.append(True)  # dbt makes a failure like another of the exception, or a traceback
        signal.default_int_handler(*signal_and_frame)

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        # What failed is said below, in one line each.
        done = dbtRunner(callbacks=[progress]).invoke(
            [*command, *folders, "--target", "dev", "--log-level", "none", "--no-use-colors"]
        )
    finally:
        signal.signal(signal.SIGINT, before)
    progress.clear()
    if interrupted:
        raise KeyboardInterrupt
    results = getattr(done.result, "results", None) or []
    if not done.success:
        failed = [
            f"{r.node.name}: {r.message}" for r in results if r.status in ("error", "fail", "runtime error")
        ]
        told = [line + (f"\n    {remedy}" if (remedy := find_remedy(line)) else "") for line in failed]
        raise UserError(
            "\n  ".join([f"dbt {command[0]} failed", *(told or [str(done.exception or done.result)])])
        )
    if command[0] == "build":
        counts = {status: sum(r.status == status for r in results) for status in ("success", "pass", "warn")}
        print(f"  {counts['success']} models built, {counts['pass']} tests passed, {counts['warn']} warned")


# --- what came out ------------------------------------------------------------------------------------------


def print_report(connection: Connection) -> None:
    """The last months of rep_sales_funnel_monthly, read as a BI tool reads it; without any, where to look instead."""
    with connection.cursor() as cursor:
        cursor.execute("select coalesce(max(switched_off), '') from dev_marts.dim_as_of")
        [(switched_off,)] = cursor.fetchall()
        if switched_off:
            print(f"\nSwitched off (dbt_project.yml): {switched_off}")
        if "funnel" in switched_off.split(", "):
            return
        cursor.execute(
            """
            select month, step_order, funnel_step, kpi_name, deals_count
            from dev_marts.rep_sales_funnel_monthly
            where month > (
                select max(month) - make_interval(months => %s) from dev_marts.rep_sales_funnel_monthly
            )
            """,
            [MONTHS_SHOWN],
        )
        rows = cursor.fetchall()
        if not rows:
            print(f"\nNo deal of these exports has entered a step of a funnel. {suggest_marts(cursor)}")
            return
    months = sorted({row[0] for row in rows})
    steps = sorted({row[1:4] for row in rows})
    counts = {(row[0], row[2]): row[4] for row in rows}
    step_width = max([4, *(len(step) for _, step, _ in steps)])
    name_width = max([3, *(len(name) for _, _, name in steps)])
    print("\nrep_sales_funnel_monthly, deals that entered each step for the first time, the last months:\n")
    print("  ".join([f"{'step':<{step_width}}", f"{'kpi':<{name_width}}", *(f"{m:%Y-%m}" for m in months)]))
    for _, funnel_step, kpi_name in steps:
        cells = [f"{counts.get((month, funnel_step), 0):>7,}" for month in months]
        print("  ".join([f"{funnel_step:<{step_width}}", f"{kpi_name:<{name_width}}", *cells]))


def print_tie_out(connection: Connection) -> None:
    """Per CRM with a list of its deals, on how many of them the log ends otherwise than the list. A field that it never
    holds is none on which they differ, as in the test of this."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            select listed.crm_source, listed.deals_count, count(differing.deal_key)
            from (
                select crm_source, sum(crm_deals_count) as deals_count
                from dev_marts.rep_crm_tie_out
                group by crm_source
            ) as listed
            left join dev_marts.rep_crm_tie_out_deals as differing
                on listed.crm_source = differing.crm_source and differing.difference <> 'field not logged'
            group by listed.crm_source, listed.deals_count
            order by listed.crm_source
            """
        )
        rows = cursor.fetchall()
        for number, (crm, deals, differing) in enumerate(rows):
            print(
                ("" if number else "\n")
                + f"{crm}: {differing:,} deals differ from the CRM's own list of {deals:,}"
                + ("; dev_marts.rep_crm_tie_out_deals says which, and why" if differing else "")
            )


def suggest_marts(cursor: Cursor) -> str:
    """The marts to start from where there is no funnel: of the first kind that holds rows."""
    for filled, marts in (
        ("fct_deals", "fct_deals and rep_win_rate_trend"),
        ("rep_channel_metrics_monthly", "rep_channel_metrics_monthly and rep_marketing_efficiency_monthly"),
        ("fct_leads", "fct_leads"),
        ("dim_campaigns", "dim_campaigns"),
    ):
        cursor.execute("select to_regclass(%s) is not null", [f"dev_marts.{filled}"])
        [(is_there,)] = cursor.fetchall()
        if is_there:
            cursor.execute(sql.SQL("select from dev_marts.{} limit 1").format(sql.Identifier(filled)))
        if is_there and cursor.rowcount:
            return f"Start from {marts}."
    return "No report has rows yet: deals, opportunities, ad spend or web sessions fill them."


def print_warnings(connection: Connection) -> None:
    """What the tests of the last build warned of, in the plain words that the macro record_run_results kept."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            select split_part(node, '.', 3), message
            from dev_monitoring.dbt_run_results
            where status = 'warn' and invocation_id = (
                select invocation_id from dev_monitoring.dbt_run_results
                where command = 'build' order by run_started_at desc limit 1
            )
            order by node
            """
        )
        print(format_warnings(cursor.fetchall()), end="")


def format_warnings(found: list[tuple[str, str]]) -> str:
    """Of tests (name, message "<how many>: <what it means>"); those that mean the same are one paragraph."""
    meanings: dict[str, list[str]] = {}
    for name, message in found:
        how_many, _, meaning = message.partition(": ")
        meanings.setdefault(meaning, []).append(f"{how_many}  ({name})")
    if not meanings:
        return ""
    lines = ["", "Worth a look; no figure is wrong for it, and nothing was stopped:"]
    for meaning, counts in meanings.items():
        lines += ["", *(f"  {count}" for count in counts[:3])]
        lines += [f"  and in {len(counts) - 3} more tests"] if len(counts) > 3 else []
        lines += textwrap.wrap(meaning, 96, initial_indent="    ", subsequent_indent="    ")
    return "\n".join([*lines, ""])


def print_next_steps(server: postgres.Server, database: str, page: Path) -> None:
    docs, lineage = find_docs(database)
    script = "python3 scripts/with_venv.py scripts/server/postgres.py"
    print(
        f"""
For a BI tool (role reporter, schema dev_marts):
  {server.url("reporter", database)}
Documentation and lineage:
  {os.path.relpath(docs)}
  {os.path.relpath(lineage / "index.html")} (column by column)
Next, on these data until make demo is run for others:
  {script} psql
  eval "$({script} env)"      then: .venv/bin/dbt build --select ...
  make demo RAW_DATA=<folder of your exports>
  make stop
A first draft of your own funnel's steps, to change and put among the exports (docs/settings.md):
  {os.path.relpath(find_draft(database))}
The report, one page to look at:
  {os.path.relpath(page)}
Open it:
  {open_command(page)}"""
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="demo.py", description=__doc__.split("\n", 1)[0])
    default = Path(os.environ.get("RAW_DATA") or SAMPLE)
    parser.add_argument(
        "--raw-data", type=Path, default=default, help="exports (default: $RAW_DATA or raw_data/)"
    )
    parser.add_argument(
        "--source-timezone",
        default=os.environ.get("SOURCE_TIMEZONE") or "UTC",
        metavar="ZONE",
        help="zone of times without an offset, e.g. Europe/Berlin (default: $SOURCE_TIMEZONE or UTC)",
    )
    parser.add_argument(
        "--encoding",
        default=os.environ.get("ENCODING") or "utf-8",
        help="of exports that are not UTF-8, e.g. cp1252 for Excel's of Western Windows (default: $ENCODING or utf-8)",
    )
    parser.add_argument("--docs-only", action="store_true", help="only write the documentation again")
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        if options.docs_only:
            install_packages.install()
            database = postgres.last_demo()
            make_docs(postgres.start(database=database), database)
            return 0
        with one_at_a_time():
            run_demo(
                options.raw_data,
                ["--source-timezone", options.source_timezone, "--encoding", options.encoding],
            )
    except (UserError, psycopg2.Error, OSError) as error:
        print(f"\ndemo.py: {str(error).strip()}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; run it again to go on", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
