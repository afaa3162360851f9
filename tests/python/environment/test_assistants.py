"""Assistants ask as the role reporter through `dbt show`: few rows, no writing, nothing but marts.

The MCP server itself needs Python 3.12 and is no requirement of the project: its tests run where SALES_FUNNEL_DBT_MCP
names the program, or `dbt-mcp` is on the path.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conftest import ROOT, Dbt, ScratchServer

MCP = os.environ.get("SALES_FUNNEL_DBT_MCP") or shutil.which("dbt-mcp")
DOCUMENT = (ROOT / "docs" / "assistants.md").read_text("utf-8")
CAP = 500
MANY_ROWS = "select deal_id from {{ ref('dim_deals') }}"


@pytest.fixture(scope="module")
def shown(dbt: Dbt, sample_database: str) -> Callable[..., int]:
    """shown(query, limit=..., role=...) → number of rows."""

    def show(query: str, limit: int, role: str = "reporter") -> int:
        done = dbt(
            ["show", "--inline", query, "--limit", str(limit), "--output", "json"],
            database=sample_database,
            role=role,
        )
        return len(done.result.results[0].agate_table)

    return show


def test_the_reporter_is_shown_few_rows_whatever_it_asks_for(shown):
    assert shown(MANY_ROWS, limit=3) == 3
    assert shown(MANY_ROWS, limit=100_000) == CAP
    assert shown(f"{MANY_ROWS} order by 1 limit 100000 -- all", limit=-1) == CAP


def test_others_are_shown_what_they_ask_for(shown):
    assert shown(MANY_ROWS, limit=CAP + 1, role="transformer") == CAP + 1


# --- the MCP server ---------------------------------------------------------------------------------------------


class McpClient:
    """JSON-RPC over the server's stdin and stdout, a message per line."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self.log = log.open("w")
        self.process = subprocess.Popen(
            [MCP],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            env=environment,
            cwd=log.parent,
        )
        self.number = 0
        client = {"name": "test_assistants", "version": "1"}
        self.ask("initialize", {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client})
        self._send({"method": "notifications/initialized"})

    def ask(self, method: str, parameters: dict | None = None) -> dict:
        self.number += 1
        self._send({"id": self.number, "method": method, "params": parameters or {}})
        for line in self.process.stdout:
            answer = json.loads(line)
            if answer.get("id") == self.number:
                return answer["result"]
        pytest.fail(f"dbt-mcp ended: {Path(self.log.name).read_text()[-2000:]}")

    def call(self, tool: str, **arguments) -> str:
        content = self.ask("tools/call", {"name": tool, "arguments": arguments})["content"]
        return "\n".join(part["text"] for part in content)

    def close(self) -> None:
        self.process.stdin.close()
        self.process.terminate()
        self.process.wait(timeout=20)
        self.log.close()

    def _send(self, message: dict) -> None:
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self.process.stdin.flush()


@pytest.fixture(scope="module")
def mcp(
    dbt: Dbt, server: ScratchServer, sample_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[McpClient]:
    """The server, started with the documented settings on the sample."""
    if not MCP:
        pytest.skip("no dbt-mcp: SALES_FUNNEL_DBT_MCP names the program, which needs Python 3.12 or 3.13")
    settings = json.loads(re.search(r"```json\n(.*?)```", DOCUMENT, re.DOTALL).group(1))
    documented = settings["mcpServers"]["sales_funnel"]["env"]
    folder = tmp_path_factory.mktemp("mcp")
    client = McpClient(
        {
            **os.environ,
            **server.environment(sample_database, "reporter"),
            **{name: value.replace("<this folder>", str(ROOT)) for name, value in documented.items()},
            "DBT_PATH": str(Path(sys.executable).with_name("dbt")),
            "DBT_PROFILES_DIR": str(dbt.folder),
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
        },
        folder / "stderr.txt",
    )
    yield client
    client.close()


def test_the_assistant_gets_the_three_tools_that_read(mcp):
    assert {tool["name"] for tool in mcp.ask("tools/list")["tools"]} == {
        "list",
        "get_node_details_dev",
        "show",
    }


def test_the_assistant_finds_a_report_and_its_questions(mcp):
    found = mcp.call("list", node_selection="reports.win_rates", resource_type=["model"])
    assert "rep_win_rate_trend" in found
    report = json.loads(mcp.call("get_node_details_dev", node_id="rep_win_rate_trend"))
    assert report["config"]["meta"]["questions"]
    assert report["columns"]["win_rate"]["description"]


def test_the_assistant_gets_at_most_the_capped_rows(mcp):
    for query in (MANY_ROWS, f"{MANY_ROWS} limit 100000"):
        answer = mcp.call("show", sql_query=query, limit=100_000)
        assert answer.count('"deal_id"') == CAP


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        ("select * from {{ source('pipedrive', 'users') }}", "permission denied for schema raw"),
        ("select * from {{ ref('stg_pipedrive__users') }}", "permission denied for schema dev_staging"),
        ("delete from {{ ref('dim_months') }} returning 1", "syntax error"),
        (
            "select 1) as shown; delete from {{ ref('dim_months') }}; select * from (select 1",
            "read-only transaction",
        ),
    ],
    ids=["raw", "staging", "delete", "delete around the cap"],
)
def test_the_assistant_is_refused(mcp, query, refusal):
    assert refusal in mcp.call("show", sql_query=query)
