"""What make demo says and keeps: that there is nothing to do, how far it is, where everything lies, that it stops."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

import demo
from checks.remedies import find_remedy
from conftest import ROOT, heed_interrupts
from report.write_report import find_output
from server.database import DATABASE


@pytest.fixture
def demo_server(server, database) -> object:
    """What demo.build needs of a server, over a database that demo.py has built once."""

    class Server:
        def connect(self, role: str, name: str):
            return server.connect(name, role)

        def environment(self, role: str, name: str) -> dict[str, str]:
            return server.environment(name, role)

    with contextlib.closing(server.connect(database, "transformer")) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("create schema dev_marts")
    return Server()


def test_a_build_that_was_interrupted_is_done_again(demo_server, database, monkeypatch, capsys):
    monkeypatch.setattr(demo, "invoke_dbt", lambda *_: None)
    assert demo.build(demo_server, database)
    assert not demo.build(demo_server, database), "built twice for nothing"
    old = demo.hash_definitions()

    def interrupt(*_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "hash_definitions", lambda: "those of a changed seed")
    monkeypatch.setattr(demo, "invoke_dbt", interrupt)
    with pytest.raises(KeyboardInterrupt):
        demo.build(demo_server, database)
    # The seed is put back: the marts may stand in either definition now.
    monkeypatch.setattr(demo, "hash_definitions", lambda: old)
    commands = []
    monkeypatch.setattr(demo, "invoke_dbt", lambda *command: commands.append(command))
    assert demo.build(demo_server, database)
    [command] = commands
    assert command[0] == "build"
    assert "--full-refresh" in command


def test_progress_counts_nodes_and_no_hooks(monkeypatch, capsys):
    monkeypatch.setattr(demo, "PROGRESS_SECONDS", -1)
    progress = demo.Progress()
    for said in (
        "1 of 5 OK hook: sales_funnel.on-run-start.0 ... [OK in 0.01s]",
        "2 of 792 OK created sql view model dev_staging.stg_pipedrive__users ... [CREATE VIEW in 0.1s]",
        "1 of 792 PASS not_null_dim_users_user_id ... [PASS in 0.1s]",
        "3 of 3 OK hook: sales_funnel.on-run-end.2 ... [OK in 0.01s]",
    ):
        progress(SimpleNamespace(info=SimpleNamespace(msg=said)))
    assert capsys.readouterr().out.split("\n") == ["  1 of 792", "  2 of 792", ""]


def test_what_is_switched_off_is_said_and_not_looked_for(database, server, capsys):
    with contextlib.closing(server.connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute("create schema dev_marts; create table dev_marts.dim_as_of (switched_off text)")
        cursor.execute("insert into dev_marts.dim_as_of values ('funnel, marketing')")
        demo.print_report(connection)
        assert capsys.readouterr().out.strip() == "Switched off (dbt_project.yml): funnel, marketing"
        cursor.execute("update dev_marts.dim_as_of set switched_off = 'marketing'")
        cursor.execute(
            "create table dev_marts.rep_sales_funnel_monthly "
            "(month date, step_order int, funnel_step text, kpi_name text, deals_count int)"
        )
        demo.print_report(connection)
        assert "No report has rows yet" in capsys.readouterr().out


def test_own_exports_keep_a_report_and_documentation_of_their_own(tmp_path, monkeypatch):
    sample, own = (demo.name_database(path) for path in (demo.SAMPLE, tmp_path / "Acme CRM"))
    assert sample == DATABASE
    [report, docs, lineage, draft] = [
        str(path.relative_to(ROOT / "target"))
        for path in (find_output("report", own), *demo.find_docs(own), demo.find_draft(own))
    ]
    name = report.removeprefix("report-")
    assert name.startswith("acme-crm-")
    assert (docs, lineage) == (f"docs-{name}/index.html", f"docs-{name}/lineage")
    assert draft == f"funnel_steps-{name}.csv"
    assert find_output("report", sample) == ROOT / "target" / "report"
    # Its documentation leaves that of the sample where it is.
    monkeypatch.setattr(demo, "DOCS", tmp_path / "static_index.html")
    monkeypatch.setattr(demo, "find_docs", lambda _: (tmp_path / "docs" / "index.html", tmp_path / "lineage"))
    monkeypatch.setattr(demo, "invoke_dbt", lambda *_: demo.DOCS.write_text("of own exports"))
    monkeypatch.setattr(demo, "trace_columns", Path.mkdir)
    demo.DOCS.write_text("of the sample")
    demo.make_docs(SimpleNamespace(environment=lambda *_: {}), own)
    assert demo.DOCS.read_text() == "of the sample"
    assert (tmp_path / "docs" / "index.html").read_text() == "of own exports"


def test_ctrl_c_ends_in_one_line(tmp_path):
    # While it imports; what comes later is main()'s.
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "scripts" / "demo.py"), "--raw-data", str(tmp_path / "absent")],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,  # noqa: PLW1509 - no threads here
    )
    libraries = Path(f"/proc/{process.pid}/maps")
    while libraries.exists() and "psycopg" not in libraries.read_text():
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    assert process.communicate()[1].strip() == "interrupted; run it again to go on"


def test_zone_and_encoding_of_the_command_reach_the_load(monkeypatch, tmp_path):
    asked = ["RAW_DATA=x", "SOURCE_TIMEZONE=Europe/Berlin", "ENCODING=cp1252"]
    told = subprocess.run(
        ["make", "--no-print-directory", "-n", "demo", *asked],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.startswith('RAW_DATA="x" SOURCE_TIMEZONE="Europe/Berlin" ENCODING="cp1252" ')
    runs = []
    monkeypatch.setattr(demo, "run_demo", lambda *arguments: runs.append(arguments))
    monkeypatch.setattr(sys, "argv", ["demo.py", "--raw-data", str(tmp_path)])
    for name, value in (("SOURCE_TIMEZONE", "Europe/Berlin"), ("ENCODING", "cp1252")):
        monkeypatch.setenv(name, value)
    handler = signal.getsignal(signal.SIGINT)
    try:
        assert demo.main() == 0
    finally:
        signal.signal(signal.SIGINT, handler)
    assert runs == [(tmp_path, ["--source-timezone", "Europe/Berlin", "--encoding", "cp1252"])]


def test_a_failed_test_is_told_with_what_to_do(monkeypatch):
    results = [
        SimpleNamespace(
            status="fail",
            message="Got 1 result",
            node=SimpleNamespace(name="amount_bands_have_no_overlap_and_no_gap"),
        ),
        SimpleNamespace(status="error", message="out of disk", node=SimpleNamespace(name="dim_deals")),
        SimpleNamespace(
            status="pass", message=None, node=SimpleNamespace(name="funnel_stages_reach_one_step")
        ),
    ]
    done = SimpleNamespace(success=False, exception=None, result=SimpleNamespace(results=results))
    monkeypatch.setattr("dbt.cli.main.dbtRunner", lambda **_: SimpleNamespace(invoke=lambda _: done))
    with pytest.raises(demo.UserError) as told:
        demo.invoke_dbt("build")
    assert [line.strip() for line in str(told.value).splitlines()] == [
        "dbt build failed",
        "amount_bands_have_no_overlap_and_no_gap: Got 1 result",
        find_remedy("amount_bands_have_no_overlap_and_no_gap"),
        "dim_deals: out of disk",
    ]


def test_a_second_demo_waits_for_the_first(monkeypatch, capsys):
    first_is_done = threading.Event()
    is_held = threading.Event()

    def hold() -> None:
        with demo.one_at_a_time():
            is_held.set()
            time.sleep(1)
            first_is_done.set()

    def run(*_: object) -> None:
        assert first_is_done.is_set()
        print("the second one runs")

    monkeypatch.setattr(demo, "run_demo", run)
    monkeypatch.setattr(sys, "argv", ["demo.py"])
    interrupt = signal.getsignal(signal.SIGINT)
    first = threading.Thread(target=hold)
    first.start()
    try:
        assert is_held.wait(10)
        assert demo.main() == 0
    finally:
        first.join()
        signal.signal(signal.SIGINT, interrupt)
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("another make demo is under way in this folder, waiting")
    assert said[1:] == ["the second one runs"]
