"""Results of runs are kept in the database, and a failed run becomes a summary that a person can act on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import HTTPServer

import pytest

from checks import check_database, diff_marts, summarize_run
from conftest import environment
from support.receivers import serve_web

RESULTS = "dev_monitoring.dbt_run_results"


@pytest.fixture(scope="module")
def built(databases, sample_database) -> Iterator[str]:
    name = databases.create(template=sample_database)
    yield name
    databases.drop(name)


@pytest.fixture
def failed_run(server, dbt, built) -> Iterator[None]:
    """A run in which one test fails and one warns, its artifacts in dbt's target folder."""
    server.query(
        built,
        "update dev_marts.rep_sales_funnel_monthly set deals_count = deals_count + 1 where funnel_step = '1'",
    )
    server.query(built, "update raw.load_batches set rows_rejected = 3, rows_read = rows_read + 3")
    dbt(
        "test --select funnel_report_equals_events newest_load_rejected_no_rows",
        database=built,
        check=False,
        artifacts=True,
    )
    yield
    server.query(
        built,
        "update dev_marts.rep_sales_funnel_monthly set deals_count = deals_count - 1 where funnel_step = '1'",
    )
    server.query(built, "update raw.load_batches set rows_rejected = 0, rows_read = rows_read - 3")


# --- results in the database -------------------------------------------------------------------------------------


def test_every_node_of_a_run_is_kept(server, dbt, built):
    done = dbt("build --select +dim_exchange_rates", database=built)
    nodes = {
        result.node.unique_id for result in done.result.results if result.node.resource_type != "operation"
    }
    kept = server.query(
        built,
        f"select node, status, rows_affected, seconds, started_at from {RESULTS} "
        f"where run_started_at = (select max(run_started_at) from {RESULTS})",
    )
    assert nodes == {row[0] for row in kept}
    [(_, status, rows, seconds, started_at)] = [
        row for row in kept if row[0] == "model.sales_funnel.dim_exchange_rates"
    ]
    [(rates,)] = server.query(built, "select count(*) from dev_marts.dim_exchange_rates")
    assert (status, rows) == ("success", rates)
    assert rates > 0
    assert seconds > 0
    [(clock,)] = server.query(built, "select clock_timestamp()")
    assert abs((clock - started_at).total_seconds()) < 300


def test_failures_are_kept_with_their_message(server, built, failed_run):
    kept = server.query(
        built,
        f"select status, rows_affected, message from {RESULTS} "
        "where node like '%funnel_report_equals_events' and status <> 'pass'",
    )
    [(status, rows, message)] = kept
    assert (status, rows) == ("fail", 18)
    assert message == "Got 18 results, configured to fail if != 0"


def test_a_message_with_quotes_and_percent_signs_is_kept_as_it_is(server, dbt, built):
    server.query(built, "alter view dev_intermediate.int_deals_current rename to hidden")
    # Near enough to the missing column deal_id for PostgreSQL to name it in a hint.
    server.query(built, 'create table dev_intermediate.int_deals_current ("deal_i\'%" integer)')
    try:
        done = dbt("run --select dim_deals --full-refresh", database=built, check=False)
        assert not done.success
        [(message,)] = server.query(
            built, f"select message from {RESULTS} where status = 'error' and node like '%dim_deals'"
        )
        assert """column "logged.deal_i'%".""" in message
    finally:
        server.query(built, "drop table dev_intermediate.int_deals_current")
        server.query(built, "alter view dev_intermediate.hidden rename to int_deals_current")


def test_freshness_of_sources_is_kept(server, dbt, built):
    dbt("source freshness", database=built)
    kept = server.query(built, f"select node, status from {RESULTS} where command = 'freshness'")
    assert ("source.sales_funnel.loads.load_batches", "pass") in kept


def test_a_source_is_stale_only_where_something_of_it_was_loaded(server, dbt, databases, load, tmp_path):
    database = databases.create()

    def stale() -> set[str]:
        done = dbt("source freshness", database=database, check=False)
        sources = [result for result in done.result.results if result.node.resource_type == "source"]
        assert len(sources) > 8
        return {result.node.name for result in sources if str(result.status) != "pass"}

    try:
        assert {"load_batches", "deal_changes", "hubspot_deal"} <= stale()  # nothing was ever loaded
        log = tmp_path / "deal_changes.csv"
        log.write_text(
            "deal_id,change_time,changed_field_key,new_value\n1,2025-01-01 08:00:00,add_time,2025-01-01 08:00:00\n"
        )
        load(log, database=database)
        assert stale() == set()
        server.query(database, "update raw.deal_changes set _loaded_at = _loaded_at - interval '8 days'")
        assert stale() == {"deal_changes"}
    finally:
        databases.drop(database)


def test_tests_of_tables_that_a_run_of_a_part_left_behind_say_so(server, dbt, built):
    said: list[str] = []

    def listen(event) -> None:
        said.append(event.info.msg)

    def is_told(tested: str) -> bool:
        said.clear()
        dbt(f"test --select {tested}", database=built)
        return any("have not seen the newest load" in line for line in said)

    set_back = (
        "update dev_monitoring.definitions set complete_until = complete_until - interval '{} days'"
        " where relation = 'dev_marts.fct_deal_steps'"
    )
    dbt.callbacks.append(listen)
    try:
        assert not is_told("fct_deal_steps")
        server.query(built, set_back.format(1))
        assert is_told("fct_deal_steps")
        assert not is_told("dim_exchange_rates")
    finally:
        dbt.callbacks.remove(listen)
        server.query(built, set_back.format(-1))


def test_keeping_the_results_takes_no_noticeable_time(server, dbt, built):
    done = dbt("test --select source:*", database=built)
    hooks = [result for result in done.result.results if result.node.resource_type == "operation"]
    assert hooks
    assert sum(hook.execution_time for hook in hooks) < 1


# --- summary -----------------------------------------------------------------------------------------------------


@pytest.fixture
def webhook() -> Iterator[HTTPServer]:
    with serve_web() as server:
        yield server


def test_a_failed_run_becomes_a_step_summary_and_a_message(dbt, built, failed_run, webhook, tmp_path, capsys):
    step_summary = tmp_path / "step_summary.md"
    variables = {"GITHUB_STEP_SUMMARY": str(step_summary), "SALES_FUNNEL_WEBHOOK_URL": webhook.address}
    with environment(variables):
        assert summarize_run.main(["--target-path", str(dbt.target_path(built))]) == 1
    written = step_summary.read_text()
    assert written.strip() == capsys.readouterr().out.strip()
    assert written.startswith("## dbt test failed after ")
    assert (
        "| **fail** | funnel_report_equals_events<br>tests/singular/funnel/funnel_report_equals_events.sql"
        " | Got 18 results" in written
    )
    assert "| **warn** | newest_load_rejected_no_rows" in written
    assert "The report and the events agree, cell by cell." in written
    [message] = webhook.received
    assert (
        "• fail: funnel_report_equals_events: Got 18 results, configured to fail if != 0" in message["text"]
    )


def test_nothing_is_sent_when_all_is_well(dbt, built, webhook, capsys):
    dbt("test --select funnel_report_equals_events", database=built, artifacts=True)
    with environment({"SALES_FUNNEL_WEBHOOK_URL": webhook.address}):
        assert summarize_run.main(["--target-path", str(dbt.target_path(built))]) == 0
    assert webhook.received == []
    assert "dbt test passed" in capsys.readouterr().out


def write_results(folder, message: str) -> None:
    result = {"status": "error", "unique_id": "model.sales_funnel.dim_owners", "message": message}
    folder.joinpath("run_results.json").write_text(
        json.dumps({"results": [result], "elapsed_time": 1, "args": {"which": "build"}})
    )


def test_secrets_and_markup_do_not_reach_the_summary(webhook, tmp_path, capsys):
    write_results(tmp_path, "password hunter2 | <script>\n\x1b[31mred\x1b[0m " + "x" * 1000)
    with environment({"PGPASSWORD": "hunter2", "SALES_FUNNEL_WEBHOOK_URL": webhook.address}):
        assert summarize_run.main(["--target-path", str(tmp_path)]) == 1
    for text in (capsys.readouterr().out, webhook.received[0]["text"]):
        assert "hunter2" not in text
        assert "password *** / &lt;script> red xxx" in text
        assert "x" * 400 not in text


@pytest.mark.parametrize("answer", [500, None])
def test_a_webhook_that_fails_is_one_line_without_its_address(webhook, tmp_path, capsys, answer):
    write_results(tmp_path, "broken")
    address = webhook.address
    if answer is None:
        address = "http://127.0.0.1:1/services/s3cret"
    else:
        webhook.answer = answer
    with environment({"SALES_FUNNEL_WEBHOOK_URL": address}):
        assert summarize_run.main(["--target-path", str(tmp_path)]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("summarize_run.py: the webhook: ")
    assert "s3cret" not in line


def test_a_run_that_left_no_results_is_a_failure(tmp_path, capsys):
    assert summarize_run.main(["--target-path", str(tmp_path)]) == 1
    assert "dbt ended before its first node" in capsys.readouterr().out


def test_stale_sources_are_in_the_summary(tmp_path, capsys):
    write_results(tmp_path, "broken")
    stale = {"unique_id": "source.sales_funnel.pipedrive.activity", "status": "warn"}
    stale |= {"max_loaded_at": "2025-07-01T04:20:00Z", "max_loaded_at_time_ago_in_s": 4.5 * 86400}
    tmp_path.joinpath("sources.json").write_text(json.dumps({"results": [stale]}))
    summarize_run.main(["--target-path", str(tmp_path)])
    assert (
        "| **warn** | source pipedrive.activity | newest row of 2025-07-01T04:20, 4.5 days old |"
        in capsys.readouterr().out
    )


# --- before a deployment, and for a reviewer ---------------------------------------------------------------------


def test_database_is_checked_before_a_deployment(server, built, databases, capsys):
    with environment(server.environment(built)):
        assert check_database.main() == 0
    incomplete = databases.create()
    server.query(incomplete, "drop table raw.activity")
    with environment(server.environment(incomplete)):
        assert check_database.main() == 1
    databases.drop(incomplete)
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(
        "check_database.py: the database lacks table raw.activity; run scripts/server/postgres.py init"
    )


def test_difference_of_two_builds_is_told_in_rows_and_columns(server, built, capsys):
    server.query(
        built,
        "create schema old; create schema new;"
        "create table old.same as select 1 as n; create table new.same as select 1 as n;"
        "create table old.changed as select n, now() as _loaded_at from generate_series(1, 5) as n;"
        "create table new.changed as select n, 'x' as note, now() as _loaded_at from generate_series(3, 8) as n;"
        "create table old.gone (n integer); create table new.come (n integer)",
    )
    with environment(server.environment(built, "postgres")):
        assert diff_marts.main(["old", "new"]) == 0
        assert diff_marts.main(["old", "old"]) == 0
    said = capsys.readouterr().out
    server.query(built, "drop schema old cascade; drop schema new cascade")
    assert "| changed | column note new; 2 rows gone, 3 rows new, of 5 |" in said
    assert "| come | new, 0 rows |" in said
    assert "| gone | removed |" in said
    assert "same" not in said
    assert "No row of any mart changes" in said
