"""The Superset dashboard in bi/superset: it fits the marts, and a real Superset imports it and draws every chart.

The second part is opt-in, since Superset is large and needs an environment of its own: SALES_FUNNEL_SUPERSET names its
program, as superset-venv/bin/superset. docs/bi.md says how such an environment is made.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import yaml

from conftest import ScratchServer
from report import superset_dashboard

SUPERSET = os.environ.get("SALES_FUNNEL_SUPERSET")
CONFIGURATION = """
SECRET_KEY = "of a scratch server that lives for one test"
SQLALCHEMY_DATABASE_URI = "sqlite:///{folder}/superset.db"
WTF_CSRF_ENABLED = False
TALISMAN_ENABLED = False
"""
FIRST_ENTRIES = """select count(*) from fct_funnel_events
    where is_first_entry and crm_source = 'pipedrive' and pipeline_id = '1'"""
# Chart -> what its figures must add up to.
TOTALS = {
    "New deals": (
        "deals",
        f"{FIRST_ENTRIES} and funnel_step = '1'",
    ),
    "Deals by month and step": (
        "deals",
        FIRST_ENTRIES,
    ),
    "Deals by step": (
        "deals",
        f"{FIRST_ENTRIES} and funnel_step <> 'Lost'",
    ),
    "Cohort conversion": (
        "reached_share",
        """select sum(reached_share) from rep_funnel_conversion_cohort
           where crm_source = 'pipedrive' and pipeline_id = '1' and funnel_step <> '1' and horizon_days = 0""",
    ),
    "Median days in stage": (
        "median_days",
        "select sum(kaplan_meier_median_days) from rep_stage_survival where crm_source = 'pipedrive'",
    ),
    "Losses by reason": (
        "losses",
        "select count(*) from fct_deal_outcomes where crm_source = 'pipedrive' and outcome = 'lost'",
    ),
    "Owners": (
        "wins",
        "select count(*) from fct_deal_outcomes where crm_source = 'pipedrive' and outcome = 'won'",
    ),
    "Open pipeline at month ends": ("open_amount", "select sum(open_amount) from rep_pipeline_monthly"),
    "Channels by month": ("cac", "select sum(period_cac) from rep_marketing_efficiency_monthly"),
    "Slipped, share of what was due": (
        "slipped_share",
        """select sum(slipped) from (select sum(slipped_count)::numeric / sum(cohort_count) as slipped
           from rep_slippage_quarterly group by crm_source, quarter) as quarters""",
    ),
}


def read_yaml(folder: str) -> list[dict]:
    paths = sorted((superset_dashboard.SOURCE / folder).rglob("*.yaml"))
    assert paths
    return [yaml.safe_load(path.read_text(encoding="utf-8")) for path in paths]


def test_datasets_name_columns_of_the_marts(sample_database: str, connect: Callable) -> None:
    with (
        contextlib.closing(connect(sample_database, "reporter")) as connection,
        connection.cursor() as cursor,
    ):
        for dataset in read_yaml("datasets"):
            cursor.execute(
                """select column_name from information_schema.columns
                   where table_schema = 'dev_marts' and table_name = %s""",
                [dataset["table_name"]],
            )
            columns = {name for (name,) in cursor.fetchall()}
            named = {column["column_name"] for column in dataset["columns"] if not column.get("expression")}
            assert named == columns - {"_loaded_at"}, dataset["table_name"]


def test_datasets_say_what_their_marts_join(sample_database: str, connect: Callable) -> None:
    with (
        contextlib.closing(connect(sample_database, "reporter")) as connection,
        connection.cursor() as cursor,
    ):
        joined = {}
        for dataset in read_yaml("datasets"):
            cursor.execute("select obj_description(%s::regclass)", [f"dev_marts.{dataset['table_name']}"])
            [(comment,)] = cursor.fetchall()
            joined[dataset["table_name"]] = "".join(comment.partition("Joins ")[1:])
            assert dataset.get("description", "") == joined[dataset["table_name"]], dataset["table_name"]
    assert len(list(filter(None, joined.values()))) > 3


def test_parts_of_the_dashboard_fit_together_and_hold_no_password() -> None:
    datasets = {dataset["uuid"] for dataset in read_yaml("datasets")}
    charts = {chart["uuid"]: chart for chart in read_yaml("charts")}
    (database,), (dashboard,) = read_yaml("databases"), read_yaml("dashboards")
    assert {dataset["database_uuid"] for dataset in read_yaml("datasets")} == {database["uuid"]}
    assert {chart["dataset_uuid"] for chart in charts.values()} == datasets
    drawn = [
        part["meta"]["uuid"]
        for part in dashboard["position"].values()
        if isinstance(part, dict) and part["type"] == "CHART"
    ]
    assert sorted(drawn) == sorted(charts)
    assert {chart["slice_name"] for chart in charts.values()} == set(TOTALS)
    assert f"reporter:{superset_dashboard.NO_PASSWORD}@" in database["sqlalchemy_uri"]


def test_the_channels_of_a_month_are_those_of_the_efficiency_report(sample_database, connect) -> None:
    [dataset] = [dataset for dataset in read_yaml("datasets") if dataset["table_name"] == "fct_channel_daily"]
    formulas = {metric["metric_name"]: metric["expression"] for metric in dataset["metrics"]}
    shown = ", ".join(
        f"round({formulas[name]}, 2)" for name in ("spend", "opportunities", "won", "cac", "roas")
    )
    reported = ", ".join(
        f"round({name}, 2)"
        for name in ("spend", "opportunities_count", "period_won_count", "period_cac", "period_roas")
    )
    with (
        contextlib.closing(connect(sample_database, "reporter")) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("set search_path = dev_marts")
        cursor.execute(
            f"select date_trunc('month', day)::date, channel, {shown} from fct_channel_daily "
            "group by 1, 2 order by 1, 2"
        )
        rows = cursor.fetchall()
        cursor.execute(
            f"select month, channel, {reported} from rep_marketing_efficiency_monthly order by 1, 2"
        )
        assert rows == cursor.fetchall()
    assert any(cac for *_, cac, _ in rows)


# --- a real Superset ----------------------------------------------------------------------------------------


class Superset:
    """The REST API of a Superset, as its administrator."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.token = ""

    def ask(self, path: str, body: bytes | None = None, content_type: str = "application/json") -> dict:
        request = urllib.request.Request(f"{self.address}/api/v1/{path}", data=body)  # noqa: S310 - our own server
        if body is not None:
            request.add_header("Content-Type", content_type)
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - our own server
            return json.load(answer)

    def log_in(self, password: str) -> None:
        form = {"username": "admin", "password": password, "provider": "db", "refresh": False}
        self.token = self.ask("security/login", json.dumps(form).encode())["access_token"]

    def import_dashboard(self, archive: Path, password: str) -> None:
        boundary = uuid4().hex
        passwords = json.dumps({"databases/sales_funnel.yaml": password})
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="'
        body = f'{head}passwords"\r\n\r\n{passwords}\r\n'.encode()
        body += f'{head}formData"; filename="dashboard.zip"\r\nContent-Type: application/zip\r\n\r\n'.encode()
        body += archive.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
        done = self.ask("dashboard/import/", body, f"multipart/form-data; boundary={boundary}")
        assert done == {"message": "OK"}


@pytest.fixture
def superset(tmp_path: Path) -> Iterator[Superset]:
    """A Superset with a metadata database of its own, running for one test."""
    (tmp_path / "superset_config.py").write_text(CONFIGURATION.format(folder=tmp_path))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    environment |= {"SUPERSET_CONFIG_PATH": str(tmp_path / "superset_config.py"), "FLASK_APP": "superset"}
    password = uuid4().hex
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    names = ["--username", "admin", "--firstname", "a", "--lastname", "b", "--email", "a@example.com"]
    with (tmp_path / "log").open("wb") as log:
        for command in (["db", "upgrade"], ["fab", "create-admin", *names, "--password", password], ["init"]):
            subprocess.run([SUPERSET, *command], env=environment, stdout=log, stderr=log, check=True)
        server = subprocess.Popen([SUPERSET, "run", "-p", str(port)], env=environment, stdout=log, stderr=log)
    started = Superset(f"http://127.0.0.1:{port}")
    try:
        for _ in range(120):
            with contextlib.suppress(OSError):
                started.log_in(password)
                break
            time.sleep(1)
        assert started.token, f"Superset did not start: {(tmp_path / 'log').read_text()[-2000:]}"
        yield started
    finally:
        server.terminate()
        server.wait()


@pytest.mark.skipif(not SUPERSET, reason="opt-in: SALES_FUNNEL_SUPERSET names Superset's program")
def test_superset_imports_the_dashboard_and_its_charts_show_what_sql_says(
    superset: Superset, server: ScratchServer, sample_database: str, connect: Callable, tmp_path: Path
) -> None:
    archive = superset_dashboard.write_zip(
        tmp_path / "dashboard.zip", f"{server.host}:{server.port}", sample_database, "dev_marts"
    )
    superset.import_dashboard(archive, server.passwords["reporter"])
    (dashboard,) = superset.ask("dashboard/")["result"]
    assert dashboard["dashboard_title"] == "Sales funnel"
    charts = superset.ask(f"dashboard/{dashboard['id']}/charts")["result"]
    assert {chart["slice_name"] for chart in charts} == set(TOTALS)
    with (
        contextlib.closing(connect(sample_database, "reporter")) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("set search_path = dev_marts")
        for chart in charts:
            measure, statement = TOTALS[chart["slice_name"]]
            cursor.execute(statement)
            rows = superset.ask(f"chart/{chart['id']}/data/")["result"][0]["data"]
            shown = sum(float(row[measure] or 0) for row in rows)
            assert shown == pytest.approx(float(cursor.fetchone()[0]), rel=1e-6), chart["slice_name"]
