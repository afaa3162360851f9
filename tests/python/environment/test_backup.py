"""The commands of docs/backup.md, as they stand there: on another server the marts are those of before, row by row."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import ROOT, ScratchServer, environment
from loader.load import main as load_files
from server import postgres
from server.programs import installed_package

COMMANDS = re.findall(
    r"```sh\n(.*?)```", (ROOT / "docs" / "backup.md").read_text(encoding="utf-8"), re.DOTALL
)


@pytest.fixture
def other_server(tmp_path: Path) -> Iterator[ScratchServer]:
    """A server with a superuser and nothing else."""
    state_dir = postgres.STATE_DIR / f"test-{os.getpid()}-restore"
    state_dir.mkdir(parents=True)
    embedded = postgres._start(state_dir, None, durable=False)
    yield ScratchServer(postgres.HOST, embedded.port, postgres.SUPERUSER, embedded.passwords)
    postgres.remove(state_dir)


def run(commands: str, folder: Path, variables: dict[str, str]) -> None:
    """As a person does, in this environment in place of .venv."""
    commands = commands.replace("python3 scripts/with_venv.py", f'"{sys.executable}"')
    commands = commands.replace(".venv/bin/dbt", f'"{Path(sys.executable).with_name("dbt")}" --quiet')
    commands = re.sub(r"\b(raw\.dump|roles\.sql)", rf"{folder}/\1", commands)
    programs = installed_package() / "pginstall18" / "bin"
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        check=False,
        cwd=ROOT,
        env=os.environ | variables | {"PATH": path, "PYTHONPATH": str(ROOT / "scripts")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def read_marts(server: ScratchServer, database: str) -> dict[str, tuple]:
    """{mart or seed: number of its rows, and a sum over them}."""
    with contextlib.closing(server.connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select format('%I.%I', nspname, relname) from pg_class "
            "inner join pg_namespace on pg_namespace.oid = relnamespace "
            "where relkind = 'r' and nspname in ('marts', 'reference') order by 1"
        )
        found = {}
        for (name,) in cursor.fetchall():
            cursor.execute(f"select count(*), sum(hashtextextended(kept::text, 0)) from {name} as kept")
            [found[name]] = cursor.fetchall()
        return found


@pytest.mark.nightly
def test_a_restored_database_has_the_same_marts(server, databases, load, other_server, dbt, tmp_path):
    database = databases.create()
    load(ROOT / "raw_data", database=database)
    dbt("build --exclude-resource-type test unit_test", database=database, target="prod")
    before = read_marts(server, database)
    assert len(before) > 60

    back_up, restore = COMMANDS
    shutil.copy(ROOT / "profiles.example.yml", tmp_path / "profiles.yml")
    common = {"DBT_PROFILES_DIR": str(tmp_path), "DBT_TARGET_PATH": str(tmp_path / "target")}
    run(back_up, tmp_path, server.environment(database, "postgres"))
    passwords = {"TRANSFORMER_PASSWORD": server.passwords["transformer"]}
    restored = database.replace("scratch", "restored")
    run(restore, tmp_path, other_server.environment(restored, "postgres") | passwords | common)

    roles = {role: server.passwords[role] for role in postgres.ROLES}
    other = ScratchServer(other_server.host, other_server.port, "postgres", other_server.passwords | roles)
    after = read_marts(other, restored)
    assert after == before
    with contextlib.closing(other.connect(restored, "reporter")) as connection, connection.cursor() as cursor:
        cursor.execute("show statement_timeout")
        assert cursor.fetchall() == [("1min",)]
    with environment(other.environment(restored, "loader")):
        assert load_files([str(ROOT / "raw_data")]) == 0
    with contextlib.closing(other.connect(restored)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select sum(rows_new + rows_changed + rows_deleted) from raw.load_batches "
            "where _loaded_at = (select max(_loaded_at) from raw.load_batches)"
        )
        assert cursor.fetchall() == [(0,)]
