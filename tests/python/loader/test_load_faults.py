"""Loads that are killed, interrupted, or meet each other; a load of the real exports; the loader's memory."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import ROOT, environment, heed_interrupts
from loader import transaction
from support import real_data
from support.raw_lab import CHANGES_HEADER, USERS_HEADER, Lab

ROUNDS = int(os.environ.get("SALES_FUNNEL_FAULT_ROUNDS", "4"))
MOMENTS = "batch_id _loaded_at started_at finished_at fingerprint"
ROWS = 100_000


@contextlib.contextmanager
def loader(lab: Lab, server, *arguments: str) -> Iterator[subprocess.Popen]:
    """The loader as a process of its own."""
    command = [sys.executable, str(ROOT / "scripts" / "loader" / "load.py"), str(lab.folder), *arguments]
    with environment(server.environment(lab.database, "loader")):
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=heed_interrupts,  # noqa: PLW1509 - no threads here
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def many_changes(lab: Lab) -> Path:
    days = [f"2024-{1 + day // 28:02}-{1 + day % 28:02}" for day in range(336)]
    lines = (f"{n % 5000},{days[n % 336]} 10:{n % 60:02}:00,stage_id,{n}\n" for n in range(ROWS))
    return lab.write("deal_changes.csv", CHANGES_HEADER + "".join(lines))


def wait_for_loaders(lab: Lab, number: int) -> None:
    """A loader takes a moment to connect, and the server one to notice that it is gone."""
    deadline = time.monotonic() + 20
    while lab.query("select count(*) from pg_stat_activity where application_name = 'load_raw'") != [
        (number,)
    ]:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("sent", ["SIGKILL", "SIGTERM", "SIGINT"])
def test_load_that_is_stopped_at_any_point_leaves_nothing(lab, server, sent):
    many_changes(lab)
    with loader(lab, server) as process:
        wait_for_loaders(lab, 1)
        started = time.monotonic()
        assert process.wait() == 0, process.stderr.read()
    whole = time.monotonic() - started
    undisturbed = lab.everything(without=MOMENTS)
    lab.empty()
    stopped = 0
    for round_number in range(ROUNDS):
        before = lab.everything()
        with loader(lab, server) as process:
            wait_for_loaders(lab, 1)
            time.sleep(round_number / ROUNDS * whole)
            process.send_signal(signal.Signals[sent])
            _, err = process.communicate()
        wait_for_loaders(lab, 0)
        assert "Traceback" not in err
        if lab.query("select exists (select from raw.load_batches)") == [(True,)]:  # it was done by then
            assert lab.everything(without=MOMENTS) == undisturbed
            assert "nothing was loaded" not in err
            lab.empty()
            continue
        stopped += 1
        assert lab.everything() == before
        if sent != "SIGKILL":
            assert process.returncode == 130
            assert err.splitlines()[-1] == "load: error: interrupted; nothing was loaded"
    assert stopped, "no round stopped the load in time"
    assert lab.loads()["new"] == ROWS
    assert lab.everything(without=MOMENTS) == undisturbed


def test_server_connection_that_dies_is_one_line(lab, server):
    many_changes(lab)
    lab.query("begin")
    lab.query("select pg_advisory_xact_lock(%s)", transaction.ADVISORY_LOCK)
    with loader(lab, server) as process:
        assert "another load is under way" in process.stderr.readline()
        lab.query(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'load_raw'"
        )
        _, err = process.communicate()
    lab.query("rollback")
    assert process.returncode == 1
    [line] = err.splitlines()
    assert line.startswith("load: error: PostgreSQL: ")
    assert "nothing was loaded" in line


def test_statement_timeout_is_one_line(lab, monkeypatch):
    many_changes(lab)
    monkeypatch.setenv("PGOPTIONS", "-c statement_timeout=50")
    assert "canceling statement due to statement timeout" in lab.refused()


def test_second_load_waits_for_the_first_and_says_so(lab, server):
    lab.users("1,A,,", "7,B,,")
    lab.query("begin")
    lab.query("select pg_advisory_xact_lock(%s)", transaction.ADVISORY_LOCK)
    with loader(lab, server, "--mode", "delta") as process:
        said = process.stderr.readline()
        assert said.startswith("another load is under way, waiting for it to end: process ")
        assert "idle in transaction since" in said
        assert process.poll() is None
        lab.query("insert into raw.users (id, name, _loaded_at) values ('7', 'B', clock_timestamp())")
        lab.query("commit")
        assert process.wait() == 0
    # What the other load committed meanwhile is seen, and this load's moment is the later one.
    assert (lab.last_batch()["new"], lab.last_batch()["unchanged"]) == (1, 1)
    assert lab.query("select id from raw.users order by _loaded_at") == [("7",), ("1",)]


def test_two_loads_at_once_append_once(lab, server):
    many_changes(lab)
    with loader(lab, server) as one, loader(lab, server) as other:
        assert (one.wait(), other.wait()) == (0, 0)
    assert lab.query("select count(*), max(_version) from raw.deal_changes") == [(ROWS, 1)]
    moments = "select count(distinct _loaded_at), sum(rows_unchanged) from raw.load_batches"
    assert lab.query(moments) == [(2, ROWS)]


def test_reader_never_sees_half_a_load(lab, server):
    many_changes(lab)
    seen = set()
    with loader(lab, server) as process:
        while process.poll() is None:
            seen.update(lab.query("select count(*) from raw.deal_changes"))
            time.sleep(0.02)
    seen.update(lab.query("select count(*) from raw.deal_changes"))
    assert seen == {(0,), (ROWS,)}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells a process's own peak")
@pytest.mark.parametrize("path", ["fast", "careful"])
def test_memory_does_not_grow_with_the_file(lab, server, path):
    peaks = []
    for rows in (400, 40_000):
        bad = 'x,"bad\n""row""",,\n' if path == "careful" else ""
        lines = (f"{n},{'Long name ' * 25},{n}@example.org,2024-01-01 10:00:00\n" for n in range(rows))
        lab.write("users.csv", USERS_HEADER + bad + "".join(lines))
        measured = (
            "from loader.load import main;"
            f"status = main([{str(lab.folder)!r}, '--max-rejects', '0.01']);"
            # Not getrusage, whose peak begins with that of the process which started this one.
            "print(status, open('/proc/self/status').read().split('VmHWM:')[1].split()[0])"
        )
        with environment(server.environment(lab.database, "loader")):
            command = [sys.executable, "-c", measured]
            done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
        status, peak = done.stdout.split()[-2:]
        assert status == "0", done.stderr
        peaks.append(int(peak))
        lab.empty()
    assert lab.folder.joinpath("users.csv").stat().st_size > 10_000_000
    assert peaks[1] - peaks[0] < 4_000  # KiB; the file has more than 10 000


def test_progress_is_told_every_second(lab, capsys, monkeypatch):
    from loader import bulk_copy

    clock = iter([0.0, 0.5, 1.5, 1.6, 3.0, 3.1])
    monkeypatch.setattr(bulk_copy.time, "monotonic", lambda: next(clock))
    feeder = bulk_copy.Feeder(iter([b"a\n" * 600] * 4), "users.csv")
    while feeder.read():
        pass
    assert capsys.readouterr().err.splitlines() == [
        "users.csv: 1,200 rows read, 800 rows/s",
        "users.csv: 2,400 rows read, 800 rows/s",
    ]


def test_real_exports_load_once_in_any_time_zone(lab, monkeypatch):
    exports = real_data.require("pipedrive")
    assert lab.run(path=exports).status == 0
    read = lab.query("select file_name, rows_new from raw.load_batches order by 1")
    assert read == [
        ("activity.csv", 4579),
        ("activity_types.csv", 4),
        ("deal_changes.csv", 15406),
        ("fields.csv", 4),
        ("stages.csv", 9),
        ("users.csv", 1787),
    ]
    before = {name: rows for name, rows in lab.everything().items() if name != "load_batches"}
    assert lab.run(path=exports).status == 0
    monkeypatch.setenv("PGTZ", "Asia/Kolkata")
    assert lab.run(path=exports).status == 0
    assert {name: rows for name, rows in lab.everything().items() if name != "load_batches"} == before
    [(appended, unchanged)] = lab.query(
        "select sum(rows_new + rows_changed + rows_deleted), sum(rows_unchanged) from raw.load_batches"
        " where _loaded_at > (select min(_loaded_at) from raw.load_batches)"
    )
    assert (appended, unchanged) == (0, 2 * 21789)
