"""What init.sql lets each role hold on to, and that it ends: locks, transactions, connections, abandoned queries."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from psycopg2 import errors

from server.database import ROLES, initialize
from support.sessions import run


@pytest.fixture(scope="module")
def limited(databases) -> Iterator[str]:
    """A database with init.sql applied and nothing in it."""
    name = databases.create()
    yield name
    databases.drop(name)


def wait_until(holds: Callable[[], object], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


REPORTER_CANNOT = {
    "take an advisory lock": "select pg_try_advisory_lock_shared(1)",
    "take an advisory lock of a transaction": "select pg_advisory_xact_lock(1, 1)",
    "make a large object": "select lo_from_bytea(0, 'mine')",
    "open a large object": "select lo_creat(-1)",
    "raise its number of connections": "alter role reporter connection limit 1000",
}


@pytest.mark.parametrize("statement", REPORTER_CANNOT.values(), ids=REPORTER_CANNOT)
def test_reporter_cannot(server, limited, statement):
    with pytest.raises(errors.InsufficientPrivilege):
        run(server, limited, "reporter", "set default_transaction_read_only = off", statement)


def test_idle_transactions_of_the_reporter_are_ended_and_its_connections_counted(server, limited):
    limits = (
        "select current_setting('idle_in_transaction_session_timeout'), rolconnlimit "
        "from pg_roles where rolname = 'reporter'"
    )
    assert run(server, limited, "reporter", limits) == [("1min", 20)]


@pytest.mark.parametrize("role", ["loader", "transformer"])
def test_loads_and_builds_keep_their_locks_and_do_not_wait_for_ever(server, limited, role):
    asked = "select pg_try_advisory_lock(1), lo_from_bytea(0, 'x') > 0, current_setting('lock_timeout')"
    assert run(server, limited, role, asked) == [(True, True, "10min")]


def test_settings_of_the_roles_end_at_the_projects_own_database(server, limited):
    elsewhere = (
        "select rolname, setconfig from pg_db_role_setting inner join pg_roles on pg_roles.oid = setrole "
        "where setdatabase = 0 and rolname in ('loader', 'transformer', 'reporter', 'reporter_named')"
    )
    assert run(server, limited, "postgres", elsewhere) == []


FOR_OLDER_APPLICATIONS = {
    "standard_conforming_strings": ("off", "on"),
    "client_encoding": ("LATIN1", "UTF8"),
    "quote_all_identifiers": ("on", "off"),
    "default_transaction_isolation": ("serializable", "read committed"),
    "lc_messages": ("POSIX", "C"),
}


def test_what_a_database_has_for_older_applications_reaches_no_role_and_stops_no_init(
    server, databases, capfd
):
    name = databases.create()
    for setting, (theirs, _) in FOR_OLDER_APPLICATIONS.items():
        run(server, name, "postgres", f"alter database {name} set {setting} = '{theirs}'")
    capfd.readouterr()
    with closing(server.connect(name)) as connection:
        initialize(connection, {})
    assert capfd.readouterr().err == ""
    asked = "select " + ", ".join(f"current_setting('{setting}')" for setting in FOR_OLDER_APPLICATIONS)
    ours = [tuple(ours for _, ours in FOR_OLDER_APPLICATIONS.values())]
    for role in ROLES:
        assert run(server, name, role, asked) == ours, role
    databases.drop(name)


@pytest.mark.parametrize("role", ["loader", "transformer", "reporter", "reporter_named"])
def test_no_query_runs_on_for_a_client_that_is_gone(server, limited, role):
    query = f"select pg_sleep(60) as abandoned_by_{role}"
    client = f"import psycopg2; psycopg2.connect('').cursor().execute({query!r})"
    running = f"select 1 from pg_stat_activity where query = '{query}' and state = 'active'"
    process = subprocess.Popen(
        [sys.executable, "-c", client], env=os.environ | server.environment(limited, role)
    )
    try:
        wait_until(lambda: run(server, limited, "postgres", running))
    finally:
        process.terminate()
        process.wait()
    wait_until(lambda: not run(server, limited, "postgres", running))
