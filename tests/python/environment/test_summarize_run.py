"""A summary says "passed" of a run only when it is the newest one and everything that it selected was done."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from checks import summarize_run
from conftest import ROOT, environment, heed_interrupts

Edit = Callable[[Callable[[dict, dict], None]], int]
SEED = "seed.sales_funnel.channels"


@pytest.fixture(scope="module")
def artifacts(databases, dbt, tmp_path_factory) -> Path:
    """What a run of one seed has left."""
    database = databases.create()
    dbt("seed --select channels", database=database, artifacts=True)
    folder = tmp_path_factory.mktemp("artifacts")
    for name in ("run_results.json", "manifest.json"):
        shutil.copy(dbt.target_path(database) / name, folder)
    databases.drop(database)
    return folder


@pytest.fixture
def summarize(artifacts, tmp_path) -> Edit:
    """Change a copy of the results and the manifest, and sum them up; the exit status."""

    def run(change: Callable[[dict, dict], None]) -> int:
        documents = [
            json.loads((artifacts / f"{name}.json").read_text()) for name in ("run_results", "manifest")
        ]
        change(*documents)
        for name, document in zip(("run_results", "manifest"), documents, strict=True):
            (tmp_path / f"{name}.json").write_text(json.dumps(document))
        return summarize_run.main(["--target-path", str(tmp_path)])

    return run


def test_a_whole_run_has_passed(summarize, capsys):
    assert summarize(lambda results, manifest: None) == 0
    assert "## dbt seed passed after" in capsys.readouterr().out


def test_an_interrupted_run_has_not_passed(tmp_path, capsys):
    """Written by hand, as dbt leaves it: the guard of the promise needs no dbt."""
    hook = {"unique_id": "operation.x.x-on-run-start-0", "status": "success"}
    hook["compiled_code"] = "select 'selected' /* model.x.first model.x.second */"
    written = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    document = {
        "metadata": {"generated_at": written, "invocation_id": "this"},
        "args": {"which": "build"},
        "elapsed_time": 3,
        "results": [hook, {"unique_id": "model.x.first", "status": "success"}],
    }
    (tmp_path / "run_results.json").write_text(json.dumps(document))
    assert summarize_run.main(["--target-path", str(tmp_path)]) == 1
    assert "1 of 2 selected nodes were not done, second" in capsys.readouterr().out
    document["results"].append({"unique_id": "model.x.second", "status": "success"})
    (tmp_path / "run_results.json").write_text(json.dumps(document))
    assert summarize_run.main(["--target-path", str(tmp_path)]) == 0


def test_a_node_without_a_result_means_that_the_run_was_interrupted(summarize, capsys):
    def interrupt(results: dict, _: dict) -> None:
        results["results"] = [result for result in results["results"] if result["unique_id"] != SEED]

    assert summarize(interrupt) == 1
    said = capsys.readouterr().out
    assert "## dbt seed failed after" in said
    assert "| **unfinished** | dbt | 1 of 1 selected nodes were not done, channels |" in said


@pytest.mark.parametrize("status", ["skipped", "cancelled", "error", "something new"])
def test_a_node_that_was_not_done_fails_the_run(summarize, capsys, status):
    def change(results: dict, _: dict) -> None:
        [result] = [result for result in results["results"] if result["unique_id"] == SEED]
        result["status"] = status

    assert summarize(change) == 1
    assert "## dbt seed failed after" in capsys.readouterr().out


def test_the_results_of_yesterday_are_not_those_of_today(summarize, capsys):
    def age(results: dict, _: dict) -> None:
        yesterday = datetime.now(timezone.utc) - timedelta(days=1)
        results["metadata"]["generated_at"] = yesterday.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    assert summarize(age) == 1
    assert "| **not this run** | dbt | the results are of" in capsys.readouterr().out


def test_the_results_of_the_command_before_are_not_those_of_the_last(summarize, capsys):
    def change(_: dict, manifest: dict) -> None:
        manifest["metadata"]["invocation_id"] = "another"

    assert summarize(change) == 1
    said = capsys.readouterr().out
    assert "are not those of the last command" in said
    assert "## dbt failed without results of its own\n\nno results" in said


@pytest.mark.parametrize("built_before", [True, False])
def test_a_failed_load_is_not_told_as_the_build_before_it(artifacts, tmp_path, capsys, built_before):
    """The build of yesterday evening lies there still; a build after a failed load is told as what it is."""
    shutil.copy(artifacts / "run_results.json", tmp_path)
    log = tmp_path / "load.log"
    log.write_text("load: error: users.csv: 3 of 40 rows rejected\n")
    if not built_before:
        os.utime(log, (0, 0))
    assert summarize_run.main(["--target-path", str(tmp_path), "--load-log", str(log)]) == 1
    said = capsys.readouterr().out
    assert "| **error** | load | error: users.csv: 3 of 40 rows rejected |" in said
    assert ("## load failed, and nothing was built\n\nno results" in said) == built_before
    assert ("## dbt seed failed after" in said) != built_before


def test_results_without_a_selection_are_no_run(summarize, capsys):
    def change(results: dict, _: dict) -> None:
        results["results"] = []

    assert summarize(change) == 1
    assert "the results do not say what was selected" in capsys.readouterr().out


@pytest.mark.nightly
def test_a_run_that_is_interrupted_says_so(server, databases, dbt, load, tmp_path, capsys):
    database = databases.create()
    load(ROOT / "raw_data", database=database)
    command = [
        str(Path(sys.executable).with_name("dbt")),
        "--no-use-colors",
        "build",
        "--target-path",
        str(tmp_path),
    ]
    command += ["--project-dir", str(ROOT), "--profiles-dir", str(dbt.folder), "--log-path", str(tmp_path)]
    with environment(server.environment(database)):
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=heed_interrupts,  # noqa: PLW1509 - no threads here
        )
    for line in process.stdout:
        if "OK created" in line:
            process.send_signal(signal.SIGINT)
            break
    process.communicate()
    databases.drop(database)
    assert summarize_run.main(["--target-path", str(tmp_path)]) == 1
    assert "selected nodes were not done" in capsys.readouterr().out
