"""What a night sends: a summary with remedies, the news of the figures, each alert once, and a sign of life."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from http.server import HTTPServer
from pathlib import Path

import pytest
import yaml

from checks import summarize_run
from checks.remedies import find_remedy
from conftest import ROOT, environment
from support.receivers import serve_mail, serve_web

WORKFLOWS = ROOT / ".github" / "workflows"


@pytest.fixture
def webhook() -> Iterator[HTTPServer]:
    with serve_web() as server:
        yield server


def write_run(folder: Path, status: str = "success") -> None:
    """What dbt leaves of a build of one report."""
    report = summarize_run.REPORT
    hook = {"unique_id": "operation.x.x-on-run-start-0", "status": "success"}
    hook["compiled_code"] = f"select 'selected' /* {report} */"
    written = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    made = {"generated_at": written, "invocation_id": "this"}
    results = [hook, {"unique_id": report, "status": status, "message": "it broke"}]
    document = {"metadata": made, "args": {"which": "build"}, "elapsed_time": 3, "results": results}
    folder.joinpath("run_results.json").write_text(json.dumps(document))
    nodes = {report: {"name": report.split(".")[2], "schema": "dev_marts"}}
    folder.joinpath("manifest.json").write_text(json.dumps({"metadata": made, "nodes": nodes}))


@pytest.fixture
def night(server, databases, sample_database, webhook, tmp_path) -> Iterator[Callable[..., str]]:
    """night(statement) -> the message of a good night over a copy of the sample, after the statement was run."""
    database = databases.create(template=sample_database)
    write_run(tmp_path)

    def run(statement: str = "select") -> str:
        with (
            contextlib.closing(server.connect(database)) as connection,
            connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("set search_path = dev_marts")
            cursor.execute(statement)
        variables = server.environment(database) | {"SALES_FUNNEL_WEBHOOK_URL": webhook.address}
        with environment(variables):
            assert summarize_run.main(["--target-path", str(tmp_path), "--daily"]) == 0
        return webhook.received.pop()["text"]

    yield run
    databases.drop(database)


ALERT = """insert into rep_sales_funnel_alerts (crm_source, metric, month, pipeline_id, stage_id, funnel_step, value,
    direction, threshold, severity, base_count, recommendation)
    select 'pipedrive', 'test_metric', current_month, 'All', 'All', 'All', 0.123, 'above', 0.1, '{}', 20, 'Open it'
    from dim_as_of"""


def test_an_alert_is_told_once_while_it_lasts(night, webhook, capsys):
    def alerts(message: str) -> list[str]:
        return re.findall(r"^• (\w+: test metric .*)$", message, re.MULTILINE)

    first = night()
    assert len(re.findall("^• ", first, re.MULTILINE)) >= 3
    assert "told before" not in first
    assert "revenue" not in capsys.readouterr().out.lower(), "logs may be public"

    told = "test metric 0.123, above 0.1, 2025-06 (pipedrive). Open it"
    webhook.answer = 500  # not delivered, so not told
    night(ALERT.format("warning"))
    webhook.answer = 200
    assert alerts(night()) == [f"warning: {told}"]
    again = night()
    assert alerts(again) == []
    assert re.search(r"^\d+ alerts last, told before$", again, re.MULTILINE)
    assert not re.search("^• ", again, re.MULTILINE)
    # Worse: told; better again: it lasts. A month on it is the same alert.
    mine = "where metric = 'test_metric'"
    assert alerts(night(f"update rep_sales_funnel_alerts set severity = 'critical' {mine}")) == [
        f"critical: {told}"
    ]
    assert alerts(night(f"update rep_sales_funnel_alerts set severity = 'warning' {mine}")) == []
    assert (
        alerts(night(f"update rep_sales_funnel_alerts set month = month - interval '1 month' {mine}")) == []
    )
    # Over, and back.
    assert alerts(night(f"delete from rep_sales_funnel_alerts {mine}")) == []
    assert alerts(night(ALERT.format("warning"))) == [f"warning: {told}"]


def test_what_was_loaded_and_the_largest_changes_are_told(night):
    first = night("truncate dev_monitoring.dbt_run_results")
    assert re.search(
        r"^Loaded: \d+ files; rows: [\d,]+ new, 0 changed, 0 deleted, 0 rejected$", first, re.MULTILINE
    )
    message = night(
        "update rep_executive_dashboard set open_count = 40, overdue_count = 30 where crm_source = 'salesforce';"
        "update rep_executive_dashboard set open_count = open_count + 1 where crm_source = 'hubspot';"
        "update rep_executive_dashboard set open_amount = open_amount * 3 where crm_source = 'hubspot';"
        "truncate raw.load_batches"
    )
    changes = re.findall(
        r"^Changed since \d{4}-\d{2}-\d{2}: (\w+: \w+ \w+): .* → [\d,]+ \([+-]\d+%\)$", message, re.MULTILINE
    )
    assert changes[0] == "hubspot: open pipeline"
    assert sorted(changes[1:]) == ["salesforce: open deals", "salesforce: overdue deals"]
    assert "Nothing was loaded" in message
    assert "Changed since" not in night()


def test_the_check_address_is_called_after_a_good_night_alone(tmp_path, webhook):
    with environment({"SALES_FUNNEL_CHECK_URL": webhook.address}):
        for status, arguments in (
            ("error", ["--daily"]),
            ("success", []),
            ("success", ["--daily", "--job-status", "failure"]),
            ("success", ["--daily", "--job-status", "success"]),
        ):
            write_run(tmp_path, status)
            tmp_path.joinpath("manifest.json").unlink()  # no news to tell
            done = summarize_run.main(["--target-path", str(tmp_path), *arguments])
            assert done == (1 if "error" in status or "failure" in arguments else 0)
    assert webhook.received == ["/services/s3cret"]


def test_mail_takes_the_message_where_a_server_is_named(tmp_path, capsys):
    write_run(tmp_path, "error")
    with serve_mail() as mail:
        variables = {"MAIL_TO": "a@example.org, b@example.org", "SMTP_HOST": "127.0.0.1"}
        variables |= {"SMTP_PORT": str(mail.server_address[1]), "MAIL_FROM": "warehouse@example.org"}
        with environment({f"SALES_FUNNEL_{name}": value for name, value in variables.items()}):
            assert summarize_run.main(["--target-path", str(tmp_path)]) == 1
        [message] = mail.received
    assert message["Subject"] == "dbt build failed after 3 s"
    assert (message["From"], message["To"]) == ("warehouse@example.org", "a@example.org, b@example.org")
    assert "• error: rep_sales_funnel_alerts: it broke" in message.get_content()
    with environment({"SALES_FUNNEL_MAIL_TO": "a@example.org"}):
        summarize_run.main(["--target-path", str(tmp_path)])
    assert capsys.readouterr().err == "summarize_run.py: mail: 'SMTP_HOST' is not set\n"


def test_a_failed_load_says_what_the_loader_said_and_what_to_do(tmp_path, webhook, capsys):
    log = tmp_path / "load.log"
    said = "users.csv: 3 of 40 rows rejected; first: line 7, column id: empty"
    log.write_text(f"load: warning: something\nload: error: {said}\n")
    link = {"GITHUB_SERVER_URL": "https://github.example", "GITHUB_REPOSITORY": "a/b", "GITHUB_RUN_ID": "7"}
    with environment(link | {"SALES_FUNNEL_WEBHOOK_URL": webhook.address, "GITHUB_STEP_SUMMARY": ""}):
        assert summarize_run.main(["--target-path", str(tmp_path), "--load-log", str(log), "--daily"]) == 1
    remedy = "The line names file, line and column. Get the export again"
    [message] = webhook.received
    assert f"• error: load: error: {said}\n  → {remedy}" in message["text"]
    assert message["text"].endswith("\nhttps://github.example/a/b/actions/runs/7")
    summary = capsys.readouterr().out
    assert f"| **error** | load | error: {said} |" in summary
    assert remedy in summary


def test_remedies_fit_messages_and_names_of_tests():
    assert "--max-deleted 1" in find_remedy("load: error: full export of users.csv would delete 9 of 10 keys")
    assert find_remedy("newest_load_changed_little: Got 1 result").startswith("Look at raw.load_batches.")
    assert find_remedy("campaign_sources_are_known: Got 7 results").startswith("Add the spelling")
    for bands in (ROOT / "models/staging/settings").glob("*.yml"):
        for test in re.findall(r"name: (\w+_have_no_overlap_and_no_gap)", bands.read_text(encoding="utf-8")):
            assert "each maximum be the next minimum" in find_remedy(f"{test}: Got 1 result")
    assert "one step and one pipeline" in find_remedy("funnel_stages_reach_one_step: Got 1 result")
    assert find_remedy("complete_rows_stg_settings__channels_spelling: Got 1 result").startswith(
        "Take one of the rows"
    )
    assert "given up" in find_remedy(
        "source pipedrive.deal_changes: newest row of 2025-06-01T04:17, 9.0 days old"
    )
    for said, remedy in (
        (
            'load: error: PostgreSQL: could not extend file "x": No space left on device; nothing was loaded',
            "room",
        ),
        ("dim_deals: cannot execute DELETE in a read-only transaction", "primary"),
        (
            'dim_deals: connection to server at "h", port 5432 failed: FATAL: the database system is shutting down',
            "answers",
        ),
    ):
        assert remedy in find_remedy(said), said
    for status in ("unfinished", "not this run"):
        assert summarize_run.Finding("dbt", status, "", "", "").remedy.startswith("Look at the step's log")
    assert find_remedy("dim_owners: Got 7 results") == ""


# --- workflows ---------------------------------------------------------------------------------------------------


def read_steps(name: str) -> list[dict]:
    [job] = yaml.safe_load((WORKFLOWS / f"{name}.yml").read_text(encoding="utf-8"))["jobs"].values()
    return job["steps"]


def test_production_has_one_as_of_date():
    builds = {
        line.strip()
        for name in ("deploy", "schedule")
        for step in read_steps(name)
        for line in step.get("run", "").splitlines()
        if "dbt build" in line
    }
    [build] = builds
    assert "SALES_FUNNEL_AS_OF_DATE=$(date -u +%F) .venv/bin/dbt build --target prod" in build


def test_productions_report_leaves_only_for_private_places():
    steps = read_steps("schedule")
    uploads = [step for step in steps if "upload" in step.get("uses", "")]
    assert [step["if"] for step in uploads] == ["steps.repository.outputs.visibility == 'private'"]
    assert not [step for step in steps if "pages" in step.get("uses", "")]
    for workflow in WORKFLOWS.glob("*.yml"):
        text = workflow.read_text(encoding="utf-8")
        assert not ("pages" in text and "vars.PGHOST" in text), (
            f"{workflow.name} publishes what it reads of production"
        )
