"""What goes wrong in the middle of a night: afterwards a plain re-run gives exactly what an undisturbed night gives.

A private server, which these tests kill, holds the sample as it was "last night". Tonight's export is loaded and
built while something is killed, interrupted, cut off or doubled; then it is loaded and built again, and raw and every
mart are compared with those of a night without faults. (test_load_faults.py has the loader's own faults.)

    SALES_FUNNEL_FAULT_ROUNDS=50 make test    injects every fault 50 times, at other moments
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest

from conftest import ROOT, Databases, Dbt, ScratchServer, copy_part, environment, heed_interrupts
from loader.load import main as load_files
from server import postgres
from support.corruptions import ACTIVITIES, LOG, anywhere, values, without

ROUNDS = int(os.environ.get("SALES_FUNNEL_FAULT_ROUNDS", "1"))
# Every kind of node is in it: seeds, views, tables and each incremental strategy. The rest would be more of the same.
MODELS = "+rep_sales_funnel_monthly +fct_deal_stage_history +fct_funnel_events +fct_activities +dim_deals +dim_months"
BUILD = ["build", "--exclude-resource-type", "test", "unit_test", "--select", *MODELS.split()]
TONIGHT = ROOT / "raw_data" / "pipedrive"
RAW = ("deal_changes", "activity", "activity_types", "stages", "fields", "users")


class Night:
    """A database with last night's state, and how to load and build tonight's export into it."""

    def __init__(self, state_dir: Path, folder: Path, project: Path) -> None:
        self.state_dir = state_dir
        embedded = postgres.start(state_dir)
        self.server = ScratchServer(postgres.HOST, embedded.port, postgres.SUPERUSER, embedded.passwords)
        self.databases = Databases(self.server)
        self.dbt = Dbt(self.server, folder, project)
        self.faults = 0
        last_night = folder / "last_night"
        shutil.copytree(TONIGHT, last_night)
        without(LOG, anywhere, 40)(last_night)
        values(ACTIVITIES, "done", "False", anywhere, 9)(last_night)
        self.database = self.databases.create()
        self.load(last_night)
        self.build()
        self.template = self.databases.create(template=self.database)
        self.before = self.read()
        self.load()
        self.build()
        self.after = self.read()
        assert self.before != self.after

    def reset(self) -> None:
        self.databases.drop(self.database)
        assert self.databases.create(template=self.template) == self.database
        # A sequence that was copied with values reserved in the original's log goes back in a crash, unless a
        # checkpoint lies between. A database that was not made from a template has no such past.
        self.query("checkpoint")

    def load(self, folder: Path = TONIGHT) -> None:
        with environment(self.server.environment(self.database, "loader")):
            assert load_files([str(folder)]) == 0

    def build(self) -> None:
        self.dbt(BUILD, database=self.database)

    def start_load(self) -> subprocess.Popen:
        return self._start([str(ROOT / "scripts" / "loader" / "load.py"), str(TONIGHT)], "loader")

    def start_build(self, number: int = 0, **variables: str) -> subprocess.Popen:
        """dbt as a process of its own. Parsed files come from the runs in this process."""
        target = self.dbt.folder / f"process-{number}"
        shutil.copytree(self.dbt.target_path(self.database), target, dirs_exist_ok=True)
        command = [
            "-m",
            "dbt.cli.main",
            *BUILD,
            "--project-dir",
            str(self.dbt.project_dir),
            "--profiles-dir",
            str(self.dbt.folder),
            # Without it dbt takes the target for changed, and parses anew.
            "--target",
            "dev",
        ]
        command += ["--target-path", str(target), "--log-path", str(target), "--log-level-file", "none"]
        command += ["--no-write-json"]
        return self._start(command, "transformer", **variables)

    def _start(self, command: list[str], role: str, **variables: str) -> subprocess.Popen:
        settings = (
            self.server.environment(self.database, role)
            | {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
            | variables
        )
        # Output to a file: a pipe that nobody reads would stop a process that says much.
        log = (self.dbt.folder / "process.log").open("wb")
        return subprocess.Popen(
            [sys.executable, *command],
            stdout=log,
            stderr=subprocess.STDOUT,
            env=os.environ | settings,
            cwd=ROOT,
            preexec_fn=heed_interrupts,  # noqa: PLW1509 - no threads here
        )

    def read_log(self) -> str:
        return (self.dbt.folder / "process.log").read_text(errors="replace")

    def query(self, statement: str) -> list[tuple]:
        return self.server.query(self.database, statement)

    def read(self) -> dict[str, tuple]:
        """Rows and a hash of the rows of every raw table and mart, without what the clock says."""
        tables = [f"raw.{name}" for name in RAW]
        tables += [
            name
            for (name,) in self.query(
                "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname = 'dev_marts' "
                "and tablename <> 'dim_as_of' order by 1"
            )
        ]
        return {
            table: self.query(
                "select count(*), sum(hashtextextended((to_jsonb(t) - '_loaded_at')::text, 0)::numeric) "
                f"from {table} as t"
            )[0]
            for table in tables
        }

    def wait_for_work(
        self, process: subprocess.Popen, application: str, share: float, seconds: float
    ) -> bool:
        """Wait until the process works in the database and then for a share of `seconds`; False if it has ended."""
        while process.poll() is None:
            if self.query(f"select 1 from pg_stat_activity where application_name = '{application}'"):
                break
            time.sleep(0.01)
        time.sleep(share * seconds)
        return process.poll() is None

    def kill_server(self) -> None:
        """The power switch: every process of the server at once."""
        postmaster = postgres.running(self.state_dir).pid()
        listed = subprocess.run(
            ["ps", "-eo", "pid=,ppid="], check=True, capture_output=True, text=True
        ).stdout
        family = [
            int(pid) for pid, parent in map(str.split, listed.splitlines()) if int(parent) == postmaster
        ]
        for pid in [postmaster, *family]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def kill_backends(self, application: str) -> None:
        """As the system does when memory runs out: the server notices and recovers by itself."""
        for (pid,) in self.query(
            f"select pid from pg_stat_activity where application_name = '{application}'"
        ):
            # Gone already: it ended meanwhile, or the server ended it because of the first.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def wait_for_server(self) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                # Nobody of the disturbed night may be left: a server takes a moment to notice that a client is gone.
                if not self.query(
                    "select 1 from pg_stat_activity where application_name in ('dbt', 'load_raw')"
                ):
                    return
            except psycopg2.OperationalError:
                pass
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def check_plain_rerun(self) -> None:
        """Load and build tonight's export again, as the person on call would, and compare."""
        self.load()
        self.build()
        assert self.read() == self.after


@pytest.fixture(scope="module")
def night(dbt, tmp_path_factory) -> Iterator[Night]:
    folder = tmp_path_factory.mktemp("faults")
    project = copy_part(dbt, folder / "project", *MODELS.split())
    # Inside the session's state folder, so that it is found and removed when this session is killed.
    state_dir = postgres.STATE_DIR / f"test-{os.getpid()}" / "test-faults"
    try:
        night = Night(state_dir, folder, project)
        yield night
        print(f"\nfaults: {night.faults} injected, rows lost: 0")
    finally:
        postgres.remove(state_dir)


FAULTS: dict[str, Callable[[Night, subprocess.Popen, str], None]] = {
    "server-killed": lambda night, process, application: (
        night.kill_server(),
        process.wait(),
        postgres.start(night.state_dir),
    ),
    "backend-killed": lambda night, process, application: night.kill_backends(application),
    "process-killed": lambda night, process, application: process.kill(),
    "ctrl-c": lambda night, process, application: process.send_signal(signal.SIGINT),
}


STAGES = [("load", "server-killed"), ("load", "backend-killed"), *(("build", fault) for fault in FAULTS)]
# Each costs a build in a process of its own. The rest is injected at night.
EACH_RUN = [("load", "server-killed"), ("load", "backend-killed"), ("build", "server-killed")]


@pytest.mark.parametrize(
    ("stage", "fault"),
    [pytest.param(*case, marks=() if case in EACH_RUN else pytest.mark.nightly) for case in STAGES],
)
def test_plain_rerun_after(night, stage, fault):
    application, seconds = ("load_raw", 0.4) if stage == "load" else ("dbt", 1.5)
    for round_number in range(ROUNDS):
        share = random.Random(f"{stage} {fault} {round_number}").random()
        while True:
            night.reset()
            if stage == "build":
                night.load()
            raw = {name: state for name, state in night.read().items() if name.startswith("raw.")}
            process = night.start_load() if stage == "load" else night.start_build()
            if night.wait_for_work(process, application, share, seconds):
                break
            share /= 2  # it had ended already: earlier this time
        FAULTS[fault](night, process, application)
        process.wait(60)
        night.faults += 1
        night.wait_for_server()
        left = {name: state for name, state in night.read().items() if name.startswith("raw.")}
        tonight = {name: state for name, state in night.after.items() if name.startswith("raw.")}
        assert left in (raw, tonight), "half a load is in raw"
        night.check_plain_rerun()


@pytest.mark.nightly
def test_plain_rerun_after_a_statement_timeout(night):
    for limit in (30, 5, 60)[: max(1, ROUNDS)]:
        night.reset()
        night.load()
        process = night.start_build(PGOPTIONS=f"-c statement_timeout={limit}")
        assert process.wait(120) != 0
        assert "canceling statement due to statement timeout" in night.read_log()
        night.faults += 1
        night.check_plain_rerun()


@pytest.mark.nightly
def test_builds_at_once_and_a_load_meanwhile(night):
    for _ in range(ROUNDS):
        night.reset()
        builds = [night.start_build(number) for number in range(2)]
        assert night.wait_for_work(builds[0], "dbt", 0.2, 1)
        load = night.start_load()
        assert load.wait(60) == 0
        assert [build.wait(120) for build in builds] == [0, 0], night.read_log()
        night.faults += 2
        # The load came in the middle: the next build brings what these two had not seen.
        night.check_plain_rerun()
