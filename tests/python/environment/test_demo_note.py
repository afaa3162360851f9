"""make demo says that there is nothing to do only when the last build came to its end."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace

import pytest

import demo


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
    assert commands == [("build", "--full-refresh")]


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
