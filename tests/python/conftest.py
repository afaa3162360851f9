"""Shared fixtures: one scratch PostgreSQL server, databases on it, one dbt runner, the loader.

The server is an embedded one of this session's own; or, when SALES_FUNNEL_TEST_DSN names one (a superuser's
connection string, as in CI), that one, on which only databases named scratch_* are touched, and the three roles'
passwords.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import secrets
import shlex
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2
import pytest
import yaml
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest
from psycopg2 import sql

import install_packages
from server import postgres
from with_venv import exclusive_lock

if TYPE_CHECKING:
    from support.salesforce_by_hand import Sample

ROOT = Path(__file__).resolve().parent.parent.parent
TEST_DSN = os.environ.get("SALES_FUNNEL_TEST_DSN")
# As scripts/with_venv.py does, for scripts that a test starts as processes of their own.
os.environ["PYTHONPATH"] = str(ROOT / "scripts")
BAD_STATUSES = ("error", "fail", "runtime error", "partial success")
# Minutes each. Of two processes that take file after file, neither is then left with one of these at the end.
LONGEST = (
    "test_changing_definitions.py",
    "test_faults.py",
    "test_mutation_matrix.py",
    "test_definitions.py",
    "test_incremental_parity.py",
    "test_late_and_deleted_rows.py",
    "test_broken_rules.py",
    "test_time_travel.py",
    "test_by_hand_under_other_vars.py",
    "test_guards.py",
    "test_published_figures.py",
    "test_funnel_analytics.py",
    "test_funnel_reports_real_export.py",
    "test_pipeline_parity.py",
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


@contextlib.contextmanager
def environment(variables: dict[str, str]) -> Iterator[None]:
    """Set environment variables for a while."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


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
        while (name := f"scratch_{os.getpid()}_{number:03}") in self.in_use:
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


class Dbt:
    """Runs dbt in this process: dbt("build --select dim_deals", database=name).

    dbt parses the project once for all databases. A copy of the project (`project_dir`) may change between two runs, so
    there dbt looks at its files each time, as it does for everybody. `callbacks` is a list of functions that get every
    event of dbt, for tests that need them.
    """

    def __init__(self, server: ScratchServer, folder: Path, project_dir: Path = ROOT) -> None:
        self.server = server
        self.folder = folder
        self.project_dir = project_dir
        self.callbacks: list[Callable] = []
        self.parsed: dict[str, tuple[str, bytes]] = {}
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

        With `artifacts` dbt parses the project itself and writes manifest.json and run_results.json. That takes
        seconds, and few tests read them.
        """
        command = shlex.split(arguments) if isinstance(arguments, str) else list(arguments)
        options = ["--project-dir", str(self.project_dir), "--profiles-dir", str(self.folder), "--quiet"]
        options += ["--target", target, "--target-path", str(self.target_path(database, target, variables))]
        options += ["--log-path", str(self.folder / "logs"), "--log-level-file", "none"]
        options += ["--write-json" if artifacts else "--no-write-json"]
        if variables:
            options += ["--vars", yaml.safe_dump(variables)]
        with environment(
            self.server.environment(database, role) | {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
        ):
            is_parsed = self.project_dir == ROOT and not artifacts
            manifest = self.parse(database, options) if is_parsed else None
            done = dbtRunner(manifest=manifest, callbacks=self.callbacks).invoke([*command, *options])
        if check and not done.success:
            asked = arguments if isinstance(arguments, str) else shlex.join(arguments)
            pytest.fail(f"dbt {asked} failed\n{describe_failure(done)}", pytrace=False)
        return done

    def parse(self, database: str, options: list[str]) -> Manifest | None:
        """The parsed project, as it is for this database: nothing but the database's name depends on it. None if it
        cannot be parsed, which the command then says itself."""
        key = " ".join(options).replace(database, "-" * len(database))
        if key not in self.parsed:
            done = dbtRunner().invoke(["parse", *options])
            if not done.success:
                return None
            # Without the look-up tables (_names), which dbt makes again.
            names = [field.name for field in fields(Manifest) if not field.name.startswith("_")]
            parts = {name: getattr(done.result, name) for name in names}
            self.parsed[key] = database, pickle.dumps(parts)
        parsed_for, manifest = self.parsed[key]
        return Manifest(**pickle.loads(manifest.replace(parsed_for.encode(), database.encode())))  # noqa: S301


def copy_project(folder: Path) -> Path:
    """A copy of the dbt project, which a test may change."""
    for name in ("models", "macros", "seeds", "tests/generic", "dbt_packages"):
        shutil.copytree(ROOT / name, folder / name)
    for name in ("dbt_project.yml", "packages.yml"):
        shutil.copy(ROOT / name, folder / name)
    return folder


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


@pytest.fixture(scope="session")
def sample_database(databases: Databases, dbt: Dbt, load: Callable[..., int]) -> str:
    """A database with the committed sample loaded and built. To be read, or copied with databases.create(template=...):
    no test may change it or stay connected to it."""
    name = databases.create()
    load(ROOT / "raw_data", database=name)
    dbt("build --exclude-resource-type test unit_test", database=name)
    return name


@pytest.fixture(scope="session")
def query(connect: Callable) -> Callable[..., list[tuple]]:
    """query(database, text, **values) -> rows; leaves no connection behind, which would keep a copy from being made."""

    def run(database: str, text: str, **values: object) -> list[tuple]:
        connection = connect(database)
        try:
            with connection.cursor() as cursor:
                cursor.execute(text, values or None)
                return cursor.fetchall()
        finally:
            connection.close()

    return run


@pytest.fixture(scope="session")
def salesforce_sample() -> Sample:
    """The sample's Salesforce exports for computing by hand. To be read: no test may change it."""
    from support.salesforce_by_hand import Sample

    return Sample(ROOT / "raw_data" / "salesforce")
