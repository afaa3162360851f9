"""Runs one test of a copy of the project in a process of its own, for test_guards.py.

Imports nothing of the project: the process is forked from one that has only dbt, psycopg2 and pytest loaded, which
saves the three seconds that loading them takes.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

PRELOADED = ["dbt.cli.main", "psycopg2.extras", "pytest"]
context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(PRELOADED)


@dataclass
class Verdict:
    """What pytest said: its exit code, the exceptions by which tests failed in their own call, what else went wrong."""

    exit_code: int | None = None
    failed_by: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    output: str = ""


class Recorder:
    """A pytest plugin that notes how each test ended."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo):
        report = yield
        if report.skipped:
            self.verdict.skipped.append(f"{item.nodeid}: {report.longrepr}")
        elif report.failed and report.when == "call":
            self.verdict.failed_by.append(call.excinfo.typename if call.excinfo else "strict xfail")
        elif report.failed:
            self.verdict.errors.append(f"{report.when}: {call.excinfo.exconly()}")
        return report


def _run_here(project: str, test: str, variables: dict[str, str], log: str, answer) -> None:
    """In the forked process: become a fresh `python -m pytest` in the folder `project`."""
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(project)
    # What multiprocessing copied from the parent would find the project itself in place of its copy.
    here = str(Path(__file__).resolve().parents[3])
    sys.path[:] = [
        entry for entry in sys.path if entry and not (entry.startswith(here) and ".venv" not in entry)
    ]
    sys.dont_write_bytecode = True
    verdict = Verdict()
    options = ["-q", "--tb=short", "-p", "no:cacheprovider", "-p", "no:xdist", f"--basetemp={log}.tmp"]
    verdict.exit_code = int(pytest.main([test, *options], plugins=[Recorder(verdict)]))
    sys.stdout.flush()
    answer.send(verdict)


def run_test(project: Path, test: str, variables: dict[str, str], log: Path, timeout: float) -> Verdict:
    """Run `test` (a node id) in `project` with just these environment variables, for at most `timeout` seconds."""
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_run_here, args=(str(project), test, variables, str(log), sender))
    process.start()
    sender.close()
    verdict = Verdict()
    try:
        if receiver.poll(timeout):
            verdict = receiver.recv()
        else:
            verdict.errors.append(f"still running after {timeout} s")
    except EOFError:
        verdict.errors.append("the process died")
    finally:
        process.terminate()
        process.join()
    verdict.output = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    return verdict
