"""scripts/server/postgres.py: the embedded server's life, its connection strings, and `init` on one's own server."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import psycopg2.extensions
import pytest

from server import database, postgres, programs
from with_venv import UserError

SCRIPT = Path(postgres.__file__)


@pytest.fixture(scope="module")
def state_dir():
    """A cluster of this module's own, since its tests kill and stop it."""
    folder = postgres.STATE_DIR / f"test-{os.getpid()}" / "test-cluster"
    yield folder
    postgres.remove(folder)
    with contextlib.suppress(OSError):  # unless the session's own server is in it
        folder.parent.rmdir()


@pytest.fixture
def server(state_dir) -> postgres.Server:
    return postgres.start(state_dir, durable=False)


def query(connection, statement: str, *values):
    """The first value of a query's first row, on a connection that is closed thereafter."""
    with contextlib.closing(connection), connection, connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchone()[0] if cursor.description else None


def run_as_server_user(*command: str) -> subprocess.Popen:
    user = programs.unprivileged_user()
    return subprocess.Popen(command, cwd="/", **programs.run_as(user))


def test_start_is_idempotent(server, state_dir):
    again = postgres.start(state_dir)

    assert (again.port, again.pid()) == (server.port, server.pid())
    assert postgres.running(state_dir) == server


def test_stop_is_idempotent_and_status_says_so(server, state_dir, capsys):
    command = ["--state-dir", str(state_dir)]
    assert postgres.main([*command, "status"]) == 0

    assert postgres.stop(state_dir) is True
    assert postgres.stop(state_dir) is False

    assert postgres.main([*command, "status"]) == 3
    assert postgres.main([*command, "url"]) == 1
    assert "not running; start it" in capsys.readouterr().err
    assert postgres.start(state_dir, durable=False).port == server.port


def test_two_first_starts_at_once_make_one_server(state_dir):
    folder = state_dir.with_name("test-first-start")
    command = [sys.executable, SCRIPT, "--state-dir", folder, "start"]
    try:
        both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        outputs = {process.communicate(timeout=60)[0] for process in both}
    finally:
        postgres.remove(folder)

    assert [process.returncode for process in both] == [0, 0]
    assert len(outputs) == 1


def test_start_recovers_after_kill_9_during_a_query(server, state_dir):
    query(server.connect(), "create table raw.survivor as select 42 as answer")
    client = server.connect()
    client.cursor().execute("select 1")
    os.kill(server.pid(), signal.SIGKILL)

    restarted = postgres.start(state_dir, durable=False)

    assert query(restarted.connect(), "select answer from raw.survivor") == 42
    query(restarted.connect(), "drop table raw.survivor")


def test_start_survives_a_pid_file_whose_number_is_another_programs(server, state_dir):
    server.stop()
    stranger = run_as_server_user("sleep", "60")
    try:
        pid_file = server.home / "data" / "postmaster.pid"
        pid_file.write_text(
            f"{stranger.pid}\n{server.home / 'data'}\n{int(time.time())}\n{server.port}\n\n\n\n\n"
        )
        assert postgres.running(state_dir) is None
        assert postgres.stop(state_dir) is False

        assert postgres.start(state_dir, durable=False).pid() != stranger.pid
    finally:
        stranger.kill()
        stranger.wait()


def test_taken_port_is_left_for_another(server, state_dir):
    server.stop()
    with socket.create_server((postgres.HOST, server.port)):
        with pytest.raises(UserError, match=f"port {server.port} .* is taken"):
            postgres.start(state_dir, port=server.port)
        moved = postgres.start(state_dir, durable=False)

    assert moved.port != server.port
    assert postgres.running(state_dir) == moved


def test_broken_configuration_ends_in_one_line_that_names_the_log(server, state_dir, capsys):
    server.stop()
    overrides = server.home / "data" / "postgresql.auto.conf"
    before = overrides.read_text()
    overrides.write_text("work_mem = 'a lot'\n")
    try:
        assert postgres.main(["--state-dir", str(state_dir), "start"]) == 1
    finally:
        overrides.write_text(before)

    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "FATAL" in message
    assert str(server.home / "log") in message


def test_pg_variables_of_the_shell_do_not_lead_elsewhere(server, state_dir, monkeypatch):
    server.stop()
    for name, value in {
        "PGHOST": "db.invalid",
        "PGPORT": "1",
        "PGSSLMODE": "require",
        "PGOPTIONS": "-c nonsense=1",
        "PGDATA": "/nowhere",
    }.items():
        monkeypatch.setenv(name, value)

    assert postgres.start(state_dir, durable=False).home == server.home


@pytest.mark.parametrize("role", [*postgres.ROLES, postgres.SUPERUSER])
def test_url_is_accepted_by_psycopg2_and_psql(server, role):
    psql = programs.installed_package() / "pginstall18" / "bin" / "psql"
    asked = [psql, server.url(role), "-tAc", "select current_user"]

    assert query(psycopg2.connect(server.url(role)), "select current_user") == role
    assert subprocess.check_output(asked, text=True).strip() == role


def test_url_encodes_what_is_special_in_it():
    odd = postgres.Server(Path(), 5432, {"reporter": "p@ss/w:rd?#%&= é"})

    parsed = psycopg2.extensions.parse_dsn(odd.url("reporter", "a/b"))

    assert parsed["password"] == "p@ss/w:rd?#%&= é"
    assert parsed["dbname"] == "a/b"


def test_url_and_env_lead_to_the_last_demo(server, state_dir, capsys):
    def database_of_url(*arguments: str) -> str:
        assert postgres.main(["--state-dir", str(state_dir), "url", *arguments]) == 0
        return psycopg2.extensions.parse_dsn(capsys.readouterr().out.strip())["dbname"]

    assert database_of_url() == "sales_funnel"
    postgres.remember(server, "sales_funnel_acme")
    try:
        assert postgres.main(["--state-dir", str(state_dir), "env"]) == 0
        printed = capsys.readouterr()
        assert "export PGDATABASE=sales_funnel_acme\n" in printed.out
        assert printed.err.startswith("database sales_funnel_acme, of the last make demo")
        assert database_of_url() == "sales_funnel_acme"
        assert database_of_url("--database", "sales_funnel") == "sales_funnel"
    finally:
        postgres.remember(server, "sales_funnel")


def test_env_can_be_evaluated_by_a_shell(server, state_dir):
    env = f'"{sys.executable}" "{SCRIPT}" --state-dir "{state_dir}" env --role loader'

    printed = subprocess.check_output(["sh", "-c", f'eval "$({env})"; printenv PGUSER PGPORT'], text=True)

    assert printed.split() == ["loader", str(server.port)]


def test_wrong_password_is_refused_and_secrets_are_private(server):
    stranger = postgres.Server(server.home, server.port, {"reporter": "guess"})

    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        stranger.connect("reporter")
    assert (server.home / "server.json").stat().st_mode & 0o077 == 0
    assert not (server.home / "password").exists()


def test_server_listens_on_this_machine_only(server):
    assert query(server.connect(), "show listen_addresses") == "127.0.0.1"


def test_running_server_gets_a_changed_init_sql(server, state_dir, monkeypatch, tmp_path):
    changed = tmp_path / "init.sql"
    changed.write_text(
        database.INIT_SQL.read_text() + "\ncreate table if not exists raw.added (id bigint);\n"
    )
    for module in (database, postgres):
        monkeypatch.setattr(module, "INIT_SQL", changed)

    postgres.start(state_dir)

    assert query(server.connect(), "select to_regclass('raw.added')::text") == "raw.added"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's clones can be closed to the server's user")
def test_clone_that_nobody_can_enter_keeps_its_server_elsewhere(tmp_path, capsys):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)

    elsewhere = postgres.start(closed / "state", durable=False)
    try:
        assert elsewhere.home.parent == Path("/var/tmp")
        assert str(elsewhere.home) in capsys.readouterr().err
        assert query(elsewhere.connect("reporter"), "select 1") == 1
    finally:
        postgres.remove(closed / "state")
    assert not elsewhere.home.exists()


# --- a server of one's own ----------------------------------------------------------------------------------


@pytest.fixture
def own_server(server, monkeypatch):
    """The environment of somebody who prepares a database on a server that runs already."""
    for name, value in server.environment("postgres", "my funnel").items():
        monkeypatch.setenv(name, value)
    yield server
    with contextlib.closing(server.connect()) as connection:
        postgres.initialize(connection, {role: server.passwords[role] for role in postgres.ROLES})
        connection.autocommit = True
        connection.cursor().execute('drop database if exists "my funnel" with (force)')


def test_init_prepares_a_database_and_can_be_repeated(own_server, monkeypatch, capsys):
    password = 'it\'s "quoted" \\ %s; drop role loader --'
    monkeypatch.setenv("LOADER_PASSWORD", password)

    assert [postgres.main(["init"]), postgres.main(["init"])] == [0, 0]

    loader = postgres.Server(own_server.home, own_server.port, {"loader": password})
    assert query(loader.connect("loader", "my funnel"), "select count(*) > 0 from raw.files") is True
    reporter = own_server.connect("reporter", "my funnel")
    assert query(reporter, "select current_user") == "reporter", "a password that was not given stays"
    assert "REPORTER_PASSWORD not set" in capsys.readouterr().out
    assert password not in (own_server.home / "log").read_text()


def test_init_without_a_server_ends_in_one_line(monkeypatch, capsys):
    monkeypatch.setenv("PGHOST", postgres.HOST)
    monkeypatch.setenv("PGPORT", "1")

    assert postgres.main(["init"]) == 1

    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "Connection refused" in message


def test_init_refuses_an_old_server():
    class OldConnection:
        server_version = 150004

        class info:
            host = "db.example"

            @staticmethod
            def parameter_status(name):
                return "15.4"

    with pytest.raises(UserError, match=r"PostgreSQL 16 or newer is required, db\.example runs 15\.4"):
        postgres.initialize(OldConnection(), {})


def test_init_warns_of_databases_that_everybody_may_enter(server, capsys):
    with contextlib.closing(server.connect()) as connection:
        connection.autocommit = True
        connection.cursor().execute("create database ajar")
        try:
            postgres.initialize(connection, {})
            assert "may connect to ajar; to end that: revoke connect" in capsys.readouterr().err
            connection.cursor().execute("revoke connect on database ajar from public")
            postgres.initialize(connection, {})
            assert capsys.readouterr().err == ""
        finally:
            connection.autocommit = True
            connection.cursor().execute("drop database ajar")


def test_init_refuses_another_encoding(server):
    with contextlib.closing(server.connect()) as connection:
        connection.autocommit = True
        connection.cursor().execute(
            "create database latin template template0 encoding latin1 locale 'C' locale_provider libc"
        )
    try:
        with (
            contextlib.closing(server.connect(database="latin")) as connection,
            pytest.raises(UserError, match="encoded in LATIN1, and UTF8 is needed"),
        ):
            postgres.initialize(connection, {})
    finally:
        with contextlib.closing(server.connect()) as connection:
            connection.autocommit = True
            connection.cursor().execute("drop database latin")


@pytest.fixture
def in_latin1(server) -> Iterator[None]:
    """The server's template is of another encoding and locale, as on a server that was set up long ago."""
    with contextlib.closing(server.connect(database="postgres")) as connection:
        connection.autocommit = True
        cursor = connection.cursor()

        def make_template(definition: str) -> None:
            cursor.execute("alter database template1 is_template false")
            cursor.execute("drop database template1")
            cursor.execute(f"create database template1 template template0 {definition}")
            cursor.execute("alter database template1 is_template true")

        make_template("encoding latin1 locale 'C' locale_provider libc")
        yield
        make_template("")


def test_init_makes_a_database_in_utf8_whatever_the_server_has(server, in_latin1, capsys):
    with contextlib.closing(server.connect(database="postgres")) as connection:
        assert database.create_database(connection, "made")
        try:
            with contextlib.closing(server.connect(database="made")) as made:
                postgres.initialize(made, {})
        finally:
            connection.cursor().execute("drop database made")
    assert capsys.readouterr().err == ""


def test_init_warns_of_a_locale_that_knows_few_letters(server, capsys):
    with contextlib.closing(server.connect(database="postgres")) as connection:
        connection.autocommit = True
        connection.cursor().execute(
            "create database ascii template template0 encoding utf8 locale 'C' locale_provider libc"
        )
        try:
            with contextlib.closing(server.connect(database="ascii")) as ascii_only:
                postgres.initialize(ascii_only, {})
        finally:
            connection.cursor().execute("drop database ascii")
    assert "no letter outside ASCII has a small and a capital form" in capsys.readouterr().err
