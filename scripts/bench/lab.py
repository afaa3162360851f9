"""What the benchmark works with: exports of a size, changes to them, a database, and dbt with its time measured."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import random
import resource
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg2.extensions

from loader.load import main as load_files
from sample import pipedrive, salesforce
from server import postgres
from server.cluster import SUPERUSER
from server.database import ROLES, create_database, initialize
from server.programs import environment
from with_venv import ROOT

CACHE = ROOT / ".bench"
CHANGES_PER_DEAL = 12.22
# Rows of OpportunityHistory for each of `deals` that the sample's generator is given.
HISTORY_PER_DEAL = 3.77
MONTHS, SEED = 18, 20240101
FIRST_DAY, LAST_MONTH = datetime(2024, 1, 1), datetime(2025, 6, 1)
DATABASE = "sales_funnel_benchmark"
REPORT_SQL = ROOT / "scripts" / "bench" / "hand_written_report.sql"
STATES_SQL = ROOT / "scripts" / "bench" / "hand_written_states.sql"
PLAIN_PROJECT = ROOT / "scripts" / "bench" / "plain_project"


@dataclass
class Spent:
    """Seconds of one piece of work: on the clock, in the database (statements of all sessions added up), and of
    processor time of the program that asks it. `nodes` are those that dbt ran, by kind."""

    wall: float
    database: float = 0.0
    cpu: float = 0.0
    nodes: Counter[str] = field(default_factory=Counter)


def processor_seconds() -> float:
    """Of all programs that this one started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def count_nodes(target: Path) -> Counter[str]:
    """The models, seeds and tests of the last run of dbt that had any. Hooks and exposures are results, too."""
    file = target / "run_results.json"
    results = json.loads(file.read_text(encoding="utf-8"))["results"] if file.exists() else []
    kinds = [result["unique_id"].split(".")[0] for result in results]
    return Counter(kind for kind in kinds if kind in ("model", "seed", "test"))


def write_empty_project(folder: Path, nodes: Counter[str]) -> Path:
    """A dbt project of so many models, seeds and data tests that hold nothing: what they take, dbt takes for any."""
    shutil.rmtree(folder, ignore_errors=True)
    settings = "{+schema: empty, +materialized: view}"
    (folder / "models").mkdir(parents=True)
    (folder / "seeds").mkdir()
    (folder / "dbt_project.yml").write_text(
        f"name: empty\nprofile: sales_funnel\nmodels: {settings}\nseeds: {{+schema: empty}}\n"
        "flags: {send_anonymous_usage_stats: false, log_level_file: info}\n"
    )
    for number in range(nodes["seed"]):
        (folder / "seeds" / f"seed_{number}.csv").write_text("id\n1\n")
    models: list[dict[str, Any]] = []
    for number in range(nodes["model"]):
        (folder / "models" / f"model_{number}.sql").write_text("select 1 as id\n")
        tests = len(range(number, nodes["test"], nodes["model"]))  # each model gets its share of them
        named = [{"not_null": {"name": f"test_{number}_{test}"}} for test in range(tests)]
        models.append({"name": f"model_{number}", "columns": [{"name": "id", "data_tests": named}]})
    # JSON is YAML.
    (folder / "models" / "models.yml").write_text(json.dumps({"models": models}))
    return folder


def generate(changes: int, crm: str = "pipedrive") -> Path:
    """A folder of a CRM's exports with about so many rows of its log; made once, then kept in .bench/."""
    source, rows = (pipedrive, CHANGES_PER_DEAL) if crm == "pipedrive" else (salesforce, HISTORY_PER_DEAL)
    folder = CACHE / f"{changes}" / crm
    if not folder.exists():
        unfinished = CACHE / f"{changes}.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        source.write(unfinished, round(changes / rows), MONTHS, SEED)
        folder.parent.mkdir(exist_ok=True)
        unfinished.rename(folder)
    return folder


def write_history(folder: Path, exports: Path, rows: int, seed: int) -> Path:
    """A delta export of so many rows of OpportunityHistory: opportunities of `exports` get another amount, some days
    after they were created, as where a history is completed late."""
    chance = random.Random(seed)  # noqa: S311 the changes are made up, nothing secret
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with (exports / "OpportunityHistory.csv").open(newline="") as file:
        reader = csv.DictReader(file)
        header = list(reader.fieldnames or [])
        history = list(reader)
    with (folder / "OpportunityHistory.csv").open("w", newline="") as file:
        log = csv.DictWriter(file, header)
        log.writeheader()
        for number, row in enumerate(chance.sample(history, rows)):
            at = datetime.fromisoformat(row["CreatedDate"][:-1]) + timedelta(
                seconds=chance.randrange(5 * 86_400)
            )
            own = {"Id": f"{seed}-{number}", "Amount": chance.randrange(1_000, 90_000)}
            log.writerow(row | own | {"CreatedDate": at.isoformat(timespec="milliseconds") + "Z"})
    return folder


def write_changes(folder: Path, deal_ids: list[str], rows: int, seed: int) -> Path:
    """A delta export of so many change rows and 0.18 times as many activities. Half of the rows are late: two for
    each of some stored deals, at any time of the log. The other half are the lives of new deals in the last month.

    deal_ids: stored deals to choose from, at least rows / 4.
    """
    chance = random.Random(seed)  # noqa: S311 the changes are made up, nothing secret
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    late = chance.sample(deal_ids, rows // 4)
    new = [str(10_000_000_000 + seed * 1_000_000 + number) for number in range(rows // 24)]

    def moment(start: datetime, days: int) -> str:
        return str(start + timedelta(seconds=chance.randrange(days * 86_400)))

    with (folder / "deal_changes.csv").open("w", newline="") as file:
        log = csv.writer(file)
        log.writerow(["deal_id", "change_time", "changed_field_key", "new_value"])
        for deal in late:
            log.writerow([deal, moment(FIRST_DAY, 500), "stage_id", chance.randint(1, 9)])
            log.writerow([deal, moment(FIRST_DAY, 500), "user_id", chance.randint(1, 300)])
        for deal in new:
            created = moment(LAST_MONTH, 5)
            first = [("add_time", created.replace(" ", "T")), ("status", "open"), ("pipeline_id", 1)]
            log.writerows([deal, created, *field] for field in [*first, ("user_id", 7), ("value", 900)])
            for stage in range(1, 8):
                log.writerow([deal, moment(LAST_MONTH + timedelta(days=5 + 3 * stage), 2), "stage_id", stage])
    with (folder / "activity.csv").open("w", newline="") as file:
        calls = csv.writer(file)
        calls.writerow(["activity_id", "type", "assigned_to_user", "deal_id", "done", "due_to"])
        for number, deal in enumerate((late + new)[: rows * 18 // 100]):
            kind = chance.choice(["meeting", "sc_2", "follow_up"])
            activity_id = 10_000_000_000 + seed * 1_000_000 + number
            calls.writerow([activity_id, kind, 7, deal, "True", moment(FIRST_DAY, 500).replace(" ", "T")])
    return folder


def write_grown(folder: Path, changes: Path, more: Path) -> Path:
    """A full export: the old one with the rows of a newer one at its end."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with (folder / changes.name).open("wb") as grown, changes.open("rb") as old, more.open("rb") as new:
        shutil.copyfileobj(old, grown)
        new.readline()
        shutil.copyfileobj(new, grown)
    return folder / changes.name


class Lab:
    """A database of its own on the project's embedded server, with a copy of the exports of one size to load."""

    def __init__(self, server: postgres.Server, folder: Path, partitioned: bool = False) -> None:
        self.server = server
        self.folder = folder
        self.partitioned = partitioned

    @property
    def changes_file(self) -> Path:
        return self.folder / "deal_changes.csv"

    def empty(self) -> None:
        """Make the database anew."""
        drop(self.server)
        passwords = {role: self.server.passwords[role] for role in ROLES}
        with closing(self.server.connect(database="postgres")) as connection:
            create_database(connection, DATABASE)
        with closing(self.connect()) as connection:
            initialize(connection, passwords)
        if self.partitioned:
            self.query((ROOT / "partitions.sql").read_text(encoding="utf-8"))
            with closing(self.connect()) as connection:
                initialize(connection, passwords)

    def connect(self, role: str = SUPERUSER) -> psycopg2.extensions.connection:
        connection = self.server.connect(role, DATABASE)
        connection.autocommit = True
        return connection

    def query(self, statement: str, database: str = DATABASE) -> list[tuple[Any, ...]]:
        with closing(self.server.connect(database=database)) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def load(self, path: Path, *arguments: str) -> tuple[float, int]:
        """Load as a process of its own. Returns seconds within it, and its peak of memory in bytes (Linux only)."""
        # Not getrusage: its peak counts this process as well, from before the child became the loader.
        program = (
            "import sys, time; from loader.load import main; start = time.perf_counter();"
            "status = main(sys.argv[1:]); seconds = time.perf_counter() - start;"
            "peak = next((line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')), 0);"
            "print(status, seconds, peak)"
        )
        with environment(self.server.environment("loader", DATABASE)):
            command = [sys.executable, "-c", program, str(path), *arguments]
            done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
        status, seconds, peak = done.stdout.split()[-3:] or ["no status", "", ""]
        if status != "0":
            raise RuntimeError(done.stderr)
        return float(seconds), int(peak) * 1024

    def dbt(self, *command: str, project: Path = ROOT) -> Spent:
        """Run dbt as a process of its own. Raises RuntimeError with what it said when it fails."""
        kept = CACHE / ("target" if project == ROOT else f"target-{project.name}")
        program: list[str | Path] = [Path(sys.executable).parent / "dbt", *command, "--quiet"]
        program += ["--project-dir", project, "--profiles-dir", ROOT]
        program += ["--target-path", kept, "--log-path", CACHE / "logs"]
        before, started, computed = self.database_seconds(), time.perf_counter(), processor_seconds()
        with environment(self.server.environment("transformer", DATABASE)):
            done = subprocess.run(program, check=False, cwd=ROOT, capture_output=True, text=True)
        wall, cpu = time.perf_counter() - started, processor_seconds() - computed
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)
        return Spent(wall, self.database_seconds() - before, cpu, count_nodes(kept))

    def time_statement(self, statement: str, role: str = SUPERUSER) -> float:
        """Seconds of one statement, its rows fetched."""
        with closing(self.connect(role)) as connection, connection.cursor() as cursor:
            cursor.execute("set timezone = 'UTC'")
            started = time.perf_counter()
            cursor.execute(statement)
            if cursor.description:
                cursor.fetchall()
            return time.perf_counter() - started

    def copy_plainly(self) -> float:
        """Seconds of a plain COPY of the change log into a table that exists and has no index, commit included."""
        self.query(
            "create table public.plain (deal_id text not null, change_time timestamptz not null,"
            " changed_field_key text not null, new_value text)"
        )
        with closing(self.connect("postgres")) as connection, connection.cursor() as cursor:
            started = time.perf_counter()
            with self.changes_file.open("rb") as file:
                cursor.copy_expert(
                    "copy public.plain from stdin with (format csv, header)", file, size=1 << 20
                )
            seconds = time.perf_counter() - started
            cursor.execute("drop table public.plain")
        return seconds

    def copy_and_index(self) -> float:
        """Seconds of what no loader can do without: a COPY into a table with raw's columns that nobody else sees yet,
        and then raw's indexes, which PostgreSQL builds in parallel, commit included."""
        indexes = self.query(
            "select replace(pg_get_indexdef(indexrelid), ' ON raw.deal_changes ', ' ON public.plain ')"
            " from pg_index where indrelid = 'raw.deal_changes'::regclass"
        )
        with closing(self.connect("postgres")) as connection, connection.cursor() as cursor:
            connection.autocommit = False
            started = time.perf_counter()
            cursor.execute("create table public.plain (like raw.deal_changes including defaults)")
            with self.changes_file.open("rb") as file:
                names = file.readline().decode().strip()
                cursor.copy_expert(
                    f"copy public.plain ({names}) from stdin with (format csv, freeze)", file, size=1 << 20
                )
            for (definition,) in indexes:
                cursor.execute(definition.replace(" INDEX deal_changes", " INDEX plain"))
            connection.commit()
            seconds = time.perf_counter() - started
            cursor.execute("drop table public.plain")
            connection.commit()
        return seconds

    def load_here(self, path: Path, *arguments: str) -> float:
        """Seconds of a load within this process."""
        with (
            environment(self.server.environment("loader", DATABASE)),
            contextlib.redirect_stdout(io.StringIO()),
        ):
            started = time.perf_counter()
            if load_files([str(path), *arguments]):
                raise RuntimeError(f"{path} was not loaded")
            return time.perf_counter() - started

    def check_report(self, other: str) -> None:
        """Raises RuntimeError unless this relation says what the report says: all rows and columns but `_loaded_at`."""
        columns = "select month, kpi_name, funnel_step, step_order, deals_count, entries_count from"
        self.check_same_rows(f"{columns} dev_marts.rep_sales_funnel_monthly", f"{columns} {other}")

    def check_same_rows(self, one: str, other: str) -> None:
        """Raises RuntimeError unless both queries give the same rows."""
        for has, lacks in ((one, other), (other, one)):
            if different := self.query(f"({has}) except ({lacks})"):
                raise RuntimeError(f"only in {has}: {len(different)} rows, the first is {different[0]}")

    def write_again(self, models: Collection[str]) -> float:
        """Seconds of writing the rows of the tables of these models once more, as they are, with their constraints and
        indexes: what their builds cannot do without, whatever they compute."""
        spent = 0.0
        for (table,) in self.query("select format('%I.%I', schemaname, tablename) from pg_tables"):
            if table.split(".")[1] in models:
                self.query(f"create table public.again (like {table} including all)")
                spent += self.time_statement(f"insert into public.again select * from {table}")  # noqa: S608 our name
                self.query("drop table public.again")
        return spent

    def bytes_of(self, schema: str) -> int:
        """Disk taken by the tables of a schema and their indexes."""
        size = "select sum(pg_total_relation_size(oid)) from pg_class where relkind = 'r'"
        [(taken,)] = self.query(f"{size} and relnamespace = '{schema}'::regnamespace")
        return int(taken)

    def ask_duckdb(self) -> float:
        """Seconds in which DuckDB answers the hand-written statement from the CSV files themselves."""
        import duckdb

        base = duckdb.connect()
        base.execute("create schema raw")
        base.execute(f"set file_search_path = '{self.folder}'")
        own = "now() as _loaded_at, row_number() over () as _row_number, 1 as _version, 1 as _occurrence,"
        own += " false as _is_deleted"
        for table in ("deal_changes", "activity"):
            view = f"create view raw.{table} as select *, {own} from '{table}.csv'"  # noqa: S608 our own names
            base.execute(view)
        started = time.perf_counter()
        rows = base.execute(REPORT_SQL.read_text(encoding="utf-8")).fetchall()
        seconds = time.perf_counter() - started
        if len(rows) < 100:
            raise RuntimeError(f"DuckDB found {len(rows)} cells only")
        return seconds

    def database_seconds(self) -> float:
        """Seconds that sessions, which must have ended, spent in statements since the database was made. A statement
        that parallel workers share counts once."""
        of_ours = f"where datname = '{DATABASE}'"
        sessions = f"select pid from pg_stat_activity {of_ours} and backend_type = 'client backend'"  # noqa: S608 our name
        deadline = time.monotonic() + 10
        while self.query(sessions, "postgres") and time.monotonic() < deadline:
            time.sleep(0.05)
        seconds = f"select active_time / 1000 from pg_stat_database {of_ours}"  # noqa: S608 our own name
        return float(self.query(seconds, "postgres")[0][0])


def drop(server: postgres.Server, database: str = DATABASE) -> None:
    with closing(server.connect(database="postgres")) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"drop database if exists {database} with (force)")
