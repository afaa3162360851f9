"""What a load says of itself when it ends badly: nothing was loaded, everything was, or nobody knows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection

from conftest import ROOT, environment
from loader import transaction
from support.raw_lab import Lab


def run(lab: Lab, server, redirected: str) -> subprocess.CompletedProcess[str]:
    """The loader in a shell, its output redirected."""
    command = f"{sys.executable} {ROOT / 'scripts' / 'loader' / 'load.py'} {lab.folder} {redirected}"
    with environment(server.environment(lab.database, "loader")):
        return subprocess.run(["bash", "-c", command], check=False, capture_output=True, text=True)


def is_loaded(lab: Lab) -> bool:
    return lab.query("select exists (select from raw.load_batches)") == [(True,)]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_output_that_is_full_takes_nothing_back(lab, server):
    lab.users("1,Ann,,")
    done = run(lab, server, "> /dev/full")
    assert is_loaded(lab)
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("load: error: ")
    assert "No space left on device; everything was loaded, and running it again is safe" in line


@pytest.mark.parametrize("closed", ["| true; exit ${PIPESTATUS[0]}", ">&-", ">&- 2>&-"])
def test_output_that_is_closed_takes_nothing_back(lab, server, closed):
    lab.users("1,Ann,,")
    done = run(lab, server, closed)
    assert is_loaded(lab)
    assert "nothing was loaded" not in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert "Exception ignored" not in done.stderr


def test_errors_that_nobody_can_read_make_no_traceback(lab, server):
    lab.users("None,Ann,,")
    done = run(lab, server, "2> /dev/full")
    assert not is_loaded(lab)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize("is_kept", [False, True])
def test_a_connection_cut_at_the_commit_is_said_to_be_unknown(lab, server, monkeypatch, is_kept):
    lab.users("1,Ann,,")

    class Cut(Connection):
        def commit(self) -> None:
            if is_kept:
                super().commit()
            lab.query("select pg_terminate_backend(%s)", self.info.backend_pid)
            super().commit()
            if is_kept:  # nothing was open any more, so the second commit sent nothing
                self.cursor().execute("select")

    def connect() -> Connection:
        return psycopg2.connect("", connection_factory=Cut)

    monkeypatch.setattr(transaction, "connect", connect)
    outcome = lab.run()
    assert outcome.status == 1
    assert is_loaded(lab) == is_kept
    assert "it is not known whether the load was kept; run it again, which is safe" in outcome.error
    assert "nothing was loaded" not in outcome.error
    monkeypatch.undo()
    lab.loads()
    assert lab.versions("users", "id") == [("1", 1, False)]


def test_a_commit_that_the_server_refuses_has_loaded_nothing(lab, monkeypatch):
    lab.users("1,Ann,,")
    commit = transaction.commit

    def refuse(connection: Connection, run: transaction.Run) -> None:
        connection.cursor().execute(
            "create temp table late (n int unique deferrable initially deferred); insert into late values (1), (1)"
        )
        commit(connection, run)

    monkeypatch.setattr(transaction, "commit", refuse)
    assert lab.refused().endswith("; nothing was loaded")
