"""Shared fixtures: one scratch PostgreSQL server, databases on it, one dbt runner, the loader.

The server is an embedded one of this session's own; or, when SALES_FUNNEL_TEST_DSN names one (a superuser's
connection string, as in CI), that one, on which only databases named scratch_* are touched, and the three roles'
passwords.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import pprint
import secrets
import shlex
import shutil
import signal
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2
import pytest
import yaml
from dbt.adapters.postgres import PostgresCredentials
from dbt.artifacts.resources import FileHash
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest
from psycopg2 import sql

import install_packages
from server import postgres
from server.programs import environment
from with_venv import exclusive_lock

if TYPE_CHECKING:
    from support.fetch_lab import Fetch, Runner
    from support.raw_lab import Lab
    from support.salesforce_by_hand import Sample

ROOT = Path(__file__).resolve().parent.parent.parent
TEST_DSN = os.environ.get("SALES_FUNNEL_TEST_DSN")
# As scripts/with_venv.py does, for scripts that a test starts as processes of their own.
os.environ["PYTHONPATH"] = str(ROOT / "scripts")
# For dbt commands that need none: a name of the length that all have, so that what was parsed for it serves the others.
NO_DATABASE = "scratch_0000000_000"
BAD_STATUSES = ("error", "fail", "runtime error", "partial success")
# A minute and more each. Of two processes that take file after file, neither is then left with one of these at the end.
LONGEST = (
    "test_guards.py",
    "test_changing_definitions.py",
    "test_faults.py",
    "test_mutation_matrix.py",
    "test_incremental_parity.py",
    "test_broken_rules.py",
    "test_definitions.py",
    "test_funnel_reports_real_export.py",
    "test_late_and_deleted_rows.py",
    "test_by_hand_under_other_vars.py",
    "test_time_travel.py",
    "test_funnel_analytics.py",
    "test_odd_export.py",
    "test_monitoring.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first; what is left to the nightly run is skipped, visibly."""
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))
    if os.environ.get("SALES_FUNNEL_NIGHTLY"):
        return
    for item in items:
        if item.get_closest_marker("nightly"):
            item.add_marker(pytest.mark.skip(reason="runs at night: SALES_FUNNEL_NIGHTLY=1"))


def pytest_report_header() -> str:
    return f"database: {'SALES_FUNNEL_TEST_DSN' if TEST_DSN else 'embedded PostgreSQL of this session'}"


def heed_interrupts() -> None:
    """For a child process (preexec_fn): a test run in the background ignores Ctrl-C, and its children would too."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


# --- server and databases -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class ScratchServer:
    """Where the tests' databases live. `postgres` as a role stands for the superuser."""

    host: str
    port: int
    superuser: str
    passwords: dict[str, str]

    def environment(self, database: str, role: str = "transformer") -> dict[str, str]:
        """The PG* variables that point scripts and dbt at a database."""
        return {
            "PGHOST": self.host,
            "PGPORT": str(self.port),
            "PGUSER": self.superuser if role == "postgres" else role,
            "PGPASSWORD": self.passwords[role],
            "PGDATABASE": database,
        }

    def connect(self, database: str, role: str = "postgres") -> psycopg2.extensions.connection:
        with environment(self.environment(database, role)):
            return psycopg2.connect("")

    def query(self, database: str, statement: str, values: dict | None = None) -> list[tuple]:
        """The rows of a statement, which is committed. No connection stays, which would keep a copy from being made."""
        with (
            contextlib.closing(self.connect(database)) as connection,
            connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []


@pytest.fixture(scope="session")
def server() -> Iterator[ScratchServer]:
    """The server of the session, running."""
    if TEST_DSN:
        with contextlib.closing(psycopg2.connect(TEST_DSN)) as connection:
            info = connection.info
            # Roles belong to the server: the workers of one run (pytest -n) have to agree on their passwords.
            run_id = os.environ.get("PYTEST_XDIST_TESTRUNUID", secrets.token_hex())
            passwords = {role: sha256(f"{run_id} {role}".encode()).hexdigest() for role in postgres.ROLES}
            yield ScratchServer(info.host, info.port, info.user, passwords | {"postgres": info.password})
        return
    remove_leftovers()
    state_dir = postgres.STATE_DIR / f"test-{os.getpid()}"
    embedded = postgres.start(state_dir, durable=False)
    try:
        yield ScratchServer(postgres.HOST, embedded.port, postgres.SUPERUSER, embedded.passwords)
    finally:
        postgres.remove(state_dir)


def remove_leftovers() -> None:
    """Remove the servers of sessions that were killed before they could."""
    with exclusive_lock(ROOT / "pyproject.toml"):
        for state_dir in postgres.STATE_DIR.glob("test-*"):
            try:
                os.kill(int(state_dir.name.split("-")[1]), 0)
            except ProcessLookupError:
                postgres.remove(state_dir)
            except PermissionError:
                pass  # a live session of somebody else


class Databases:
    """Makes scratch databases. All names are of one length, so that Dbt can put one in the place of another."""

    def __init__(self, server: ScratchServer) -> None:
        self.server = server
        self.in_use: set[str] = set()
        self.empty = self.create("template0")  # copying it takes a third of the time that init.sql takes

    def create(self, template: str | None = None) -> str:
        """A new database with init.sql applied: empty, or a copy of `template` (nobody connected to it)."""
        number = 0
        while (name := f"scratch_{os.getpid():07}_{number:03}") in self.in_use:
            number += 1
        self.in_use.add(name)
        self._execute("create database {} template {}", name, template or self.empty)
        with contextlib.closing(self.server.connect(name)) as connection:
            # Privileges on a database are not copied from its template, so init.sql runs in either case.
            passwords = {role: self.server.passwords[role] for role in postgres.ROLES} if TEST_DSN else {}
            postgres.initialize(connection, passwords)
        return name

    def drop(self, name: str) -> None:
        self._execute("drop database {} with (force)", name)
        self.in_use.discard(name)

    def _execute(self, statement: str, *names: str) -> None:
        with contextlib.closing(self.server.connect("postgres")) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@pytest.fixture(scope="session")
def databases(server: ScratchServer) -> Iterator[Databases]:
    """The factory, for fixtures that keep a database longer than one test; drops what is left."""
    made = Databases(server)
    yield made
    for name in sorted(made.in_use):
        made.drop(name)


@pytest.fixture
def database(databases: Databases) -> Iterator[str]:
    """The name of a database with init.sql applied and nothing in it, for one test."""
    name = databases.create()
    yield name
    databases.drop(name)


@pytest.fixture(scope="session")
def connect(server: ScratchServer) -> Iterator[Callable[..., psycopg2.extensions.connection]]:
    """connect(database, role="postgres") -> connection; closed at the end of the session at the latest."""
    opened = []

    def open_connection(database: str, role: str = "postgres") -> psycopg2.extensions.connection:
        opened.append(server.connect(database, role))
        return opened[-1]

    yield open_connection
    for connection in opened:
        connection.close()


# --- dbt and the loader -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Parsed:
    """A project as dbt parsed it: its manifest, and the file with which dbt parses only what has changed since. Nothing
    but the name of the database in them, and the checksum of the connection, depends on where they are used."""

    database: str
    connection: str
    manifest: bytes
    partial: bytes


class Dbt:
    """Runs dbt in this process: dbt("build --select dim_deals", database=name).

    dbt parses the project once for all databases and for all processes of a test run. A copy of the project
    (`project_dir`) may change between two runs, unless it `stays`, so there dbt looks at its files each time, as it
    does for everybody.
    `callbacks` is a list of functions that get every event of dbt, for tests that need them.
    """

    def __init__(
        self, server: ScratchServer, folder: Path, project_dir: Path = ROOT, stays: bool = False
    ) -> None:
        self.server = server
        self.folder = folder
        self.project_dir = project_dir
        self.stays = stays or project_dir == ROOT
        self.callbacks: list[Callable] = []
        self.parsed: dict[str, Parsed] = {}
        shutil.copy(ROOT / "profiles.example.yml", folder / "profiles.yml")

    def target_path(self, database: str, target: str = "dev", variables: dict | None = None) -> Path:
        """Where the artifacts of such runs are; one folder each, or dbt would parse anew at every change."""
        key = sha256(repr((str(self.project_dir), sorted((variables or {}).items()))).encode()).hexdigest()[
            :8
        ]
        return self.folder / f"{database}-{target}-{key}"

    def __call__(
        self,
        arguments: str | Sequence[str],
        *,
        database: str,
        variables: dict | None = None,
        target: str = "dev",
        role: str = "transformer",
        check: bool = True,
        artifacts: bool = False,
    ) -> dbtRunnerResult:
        """Run dbt; with `check`, fail the test when dbt fails, with the message of each node.

        With `artifacts` dbt reads the project itself and writes manifest.json and run_results.json. That takes
        seconds, and few tests read them.
        """
        command = shlex.split(arguments) if isinstance(arguments, str) else list(arguments)
        target_path = self.target_path(database, target, variables)
        options = ["--project-dir", str(self.project_dir), "--profiles-dir", str(self.folder), "--quiet"]
        options += ["--target", target, "--target-path", str(target_path)]
        # Callbacks get every event all the same; a line of each for nobody to read costs a tenth of a run.
        options += [
            "--log-path",
            str(self.folder / "logs"),
            "--log-level-file",
            "none",
            "--log-level",
            "none",
        ]
        options += ["--write-json" if artifacts else "--no-write-json"]
        if variables:
            options += ["--vars", yaml.safe_dump(variables)]
        with environment(
            self.server.environment(database, role) | {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
        ):
            manifest = None
            if self.stays:
                parsed = self.parse(database, target, variables, options)
                if parsed and artifacts:
                    self.lend(parsed, target_path, database, target, role)
                elif parsed:
                    parts = parsed.manifest.replace(parsed.database.encode(), database.encode())
                    manifest = Manifest(**pickle.loads(parts))  # noqa: S301
            done = invoke(dbtRunner(manifest=manifest, callbacks=self.callbacks), [*command, *options])
        if check and not done.success:
            asked = arguments if isinstance(arguments, str) else shlex.join(arguments)
            pytest.fail(f"dbt {asked} failed\n{describe_failure(done)}", pytrace=False)
        return done

    def parse(self, database: str, target: str, variables: dict | None, options: list[str]) -> Parsed | None:
        """The project under these variables, parsed by whichever process of this test run came first. None if it cannot
        be parsed, which the command then says itself."""
        given = (str(self.project_dir), target, sorted((variables or {}).items()))
        key = sha256(repr(given).encode()).hexdigest()[:16]
        if key in self.parsed:
            return self.parsed[key]
        # The folder of all temporary files: that of this process, under xdist that above it.
        shelf = self.folder.parent.parent if "PYTEST_XDIST_WORKER" in os.environ else self.folder.parent
        lock, file = shelf / f"parsed-{key}.lock", shelf / f"parsed-{key}"
        lock.touch()
        with exclusive_lock(lock):
            if not file.exists():
                done = invoke(dbtRunner(), ["parse", *options])
                if not done.success:
                    return None
                # Without the look-up tables (_names), which dbt makes again.
                names = [field.name for field in fields(Manifest) if not field.name.startswith("_")]
                parts = pickle.dumps({name: getattr(done.result, name) for name in names})
                partial = self.target_path(database, target, variables) / "partial_parse.msgpack"
                checksum = done.result.state_check.profile_hash.checksum
                file.write_bytes(pickle.dumps(Parsed(database, checksum, parts, partial.read_bytes())))
        self.parsed[key] = pickle.loads(file.read_bytes())  # noqa: S301
        return self.parsed[key]

    def lend(
        self, parsed: Parsed, folder: Path, database: str, target: str, role: str = "transformer"
    ) -> None:
        """Give a target folder what was parsed, so that a dbt which reads the project itself has no more to parse."""
        file = folder / "partial_parse.msgpack"
        if file.exists():
            return
        place = self.server.environment(database, role)
        credentials = PostgresCredentials(
            host=place["PGHOST"],
            port=int(place["PGPORT"]),
            user=place["PGUSER"],
            password="",
            database=database,
            schema=target,
        )
        # As dbt computes it: another connection than the last one makes it parse everything anew.
        connection = FileHash.from_contents(pprint.pformat(sorted(credentials.connection_info()))).checksum
        folder.mkdir(parents=True, exist_ok=True)
        file.write_bytes(
            parsed.partial.replace(parsed.database.encode(), database.encode()).replace(
                parsed.connection.encode(), connection.encode()
            )
        )


def invoke(runner: dbtRunner, arguments: list[str]) -> dbtRunnerResult:
    """Run dbt in a thread of its own: it looks at every frame of its stack several times, and pytest's are many."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(runner.invoke, arguments).result()


def copy_project(folder: Path, only: Collection[str] | None = None) -> Path:
    """A copy of the dbt project, which a test may change: all of it, or `only` the models and seeds of these names,
    without their tests, which dbt reads in a third of the time."""
    for name in ("models", "macros", "seeds", "tests/generic", "dbt_packages"):
        shutil.copytree(ROOT / name, folder / name)
    for name in ("dbt_project.yml", "packages.yml"):
        shutil.copy(ROOT / name, folder / name)
    if only is not None:
        for path in (path for part in ("models", "seeds") for path in sorted((folder / part).rglob("*.*"))):
            if path.suffix in (".sql", ".csv") and path.stem not in only:
                path.unlink()
            elif path.suffix == ".yml":
                described = without_tests(yaml.safe_load(path.read_text(encoding="utf-8")), only)
                path.write_text(yaml.safe_dump(described, sort_keys=False), encoding="utf-8")
    return folder


def copy_part(dbt: Dbt, folder: Path, *selected: str) -> Path:
    """A copy of the models and seeds that `selected` picks."""
    command = ["ls", "--resource-type", "model", "seed", "--output", "name", "--select", *selected]
    return copy_project(folder, dbt(command, database=NO_DATABASE).result)


def without_tests(described: dict, only: Collection[str]) -> dict:
    """What a YAML file says of sources, and of the models and seeds of these names, without tests and exposures."""

    def strip(part):
        if isinstance(part, dict):
            return {key: strip(value) for key, value in part.items() if key != "data_tests"}
        return [strip(item) for item in part] if isinstance(part, list) else part

    kept = {key: value for key, value in described.items() if key not in ("unit_tests", "exposures")}
    for kind in ("models", "seeds"):
        if kind in kept:
            kept[kind] = [node for node in kept[kind] if node["name"] in only]
    return strip(kept)


def describe_failure(done: dbtRunnerResult) -> str:
    """One line for each node that failed, or the exception."""
    if done.exception:
        return str(done.exception)
    results = getattr(done.result, "results", None) or []
    lines = [
        f"{result.node.name} ({result.node.original_file_path}): {result.status}: {result.message}"
        for result in results
        if str(result.status) in BAD_STATUSES
    ]
    return "\n".join(lines) or str(done.result)


@pytest.fixture(scope="session")
def dbt_packages() -> None:
    """dbt_packages/ filled."""
    install_packages.install()


@pytest.fixture(scope="session")
def dbt(server: ScratchServer, dbt_packages: None, tmp_path_factory: pytest.TempPathFactory) -> Dbt:
    """The one runner of the session, on the project itself."""
    return Dbt(server, tmp_path_factory.mktemp("dbt"))


@pytest.fixture(scope="session")
def load(server: ScratchServer) -> Callable[..., int]:
    """load(path, ..., database=name) runs the loader as its role; returns its exit status."""
    from loader.load import main as load_files

    def run(*arguments: str | Path, database: str, check: bool = True) -> int:
        with environment(server.environment(database, "loader")):
            status = load_files([str(argument) for argument in arguments])
        assert status == 0 or not check, f"the loader ended with exit status {status}"
        return status

    return run


@pytest.fixture(scope="module")
def lab_database(databases: Databases) -> Iterator[str]:
    """The database of a file's labs."""
    name = databases.create()
    yield name
    databases.drop(name)


@pytest.fixture
def lab(
    tmp_path: Path, lab_database: str, load: Callable[..., int], connect: Callable[..., object]
) -> Iterator[Lab]:
    """A folder of exports, a database with nothing loaded, and the loader between them."""
    from support.raw_lab import Lab

    opened = Lab(tmp_path, lab_database, load, connect)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def fetch_runner() -> Iterator[Runner]:
    """Starts scripts/fetch/from_api.py in its own environment; skips where that is not made."""
    from support.fetch_lab import Runner

    runner = Runner()
    yield runner
    runner.close()


@pytest.fixture
def fetch(fetch_runner: Runner, tmp_path: Path) -> Iterator[Fetch]:
    """A small account of Pipedrive behind a server on loopback, and a folder to fetch it into."""
    from support.fetch_lab import Fetch, fill
    from support.pipedrive_server import Pipedrive, serve

    with serve(Pipedrive()) as api:
        fill(api)
        yield Fetch(fetch_runner, api, tmp_path / "exports")


@pytest.fixture(scope="session")
def sample_database(databases: Databases, dbt: Dbt, load: Callable[..., int]) -> str:
    """A database with the committed sample loaded and built. To be read, or copied with databases.create(template=...):
    no test may change it or stay connected to it."""
    name = databases.create()
    load(ROOT / "raw_data", database=name)
    dbt("build --exclude-resource-type test unit_test", database=name)
    return name


@pytest.fixture(scope="session")
def query(server: ScratchServer) -> Callable[..., list[tuple]]:
    """query(database, text, **values) -> rows."""
    return lambda database, text, **values: server.query(database, text, values or None)


@pytest.fixture(scope="session")
def salesforce_sample() -> Sample:
    """The sample's Salesforce exports for computing by hand. To be read: no test may change it."""
    from support.salesforce_by_hand import Sample

    return Sample(ROOT / "raw_data" / "salesforce")
