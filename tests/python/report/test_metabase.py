"""What metabase_relations.py sets in Metabase is what docs/erd.md lists.

A server answers as Metabase's API is documented to do: a real Metabase was not at hand.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from checks.erd import PAGE
from conftest import NO_DATABASE
from report import metabase_relations
from report.metabase_relations import FOREIGN_KEY, Metabase, apply, find_fields, list_keys
from with_venv import UserError

# A row of the list in docs/erd.md whose key is one column.
ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| `(\w+)` \((\w+)\) \|$", re.MULTILINE)
Fields = dict[int, dict]


class Server(ThreadingHTTPServer):
    """Tables of two schemas, and what is asked for."""

    def __init__(self, columns: set[tuple[str, str]]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.fields: Fields = {}
        self.tables: list[dict] = []
        self.asked: list[str] = []
        for schema in ("dev_marts", "marts"):
            for table in sorted({table for table, _ in columns}):
                names = sorted(name for owner, name in columns if owner == table)
                fields = [{"id": len(self.fields) + place, "name": name} for place, name in enumerate(names)]
                self.fields |= {field["id"]: field for field in fields}
                self.tables.append({"schema": schema, "name": table, "fields": fields})


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        database = {"id": 2, "name": "Sales", "details": {"dbname": "sales_funnel"}}
        answers = {
            "/api/database": {"data": [{"id": 1, "name": "Sample", "details": {}}, database]},
            "/api/database/2/metadata": {"tables": self.server.tables},
        }
        self.answer(answers[self.path])

    def do_PUT(self) -> None:
        content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        field = self.server.fields[int(self.path.removeprefix("/api/field/"))]
        field.update(content)
        self.answer(field)

    def answer(self, content: dict) -> None:
        self.server.asked.append(self.command)
        is_known = self.headers["x-api-key"] == "key"
        self.send_response(200 if is_known else 401)
        self.end_headers()
        self.wfile.write(json.dumps(content if is_known else {}).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def manifest(dbt: Callable) -> dict:
    nodes = dbt("parse", database=NO_DATABASE).result.nodes.items()
    return {"nodes": {key: node.to_dict() for key, node in nodes}}


@pytest.fixture
def start(manifest: dict) -> Iterator[Callable[..., Server]]:
    """start(columns that Metabase does not know) -> a running server."""
    started: list[Server] = []

    def run(*unknown: tuple[str, str]) -> Server:
        keys, _ = list_keys(manifest)
        server = Server({*keys, *keys.values()} - set(unknown))
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        started.append(server)
        return server

    yield run
    for server in started:
        server.shutdown()
        server.server_close()


def address(server: Server) -> str:
    return f"http://127.0.0.1:{server.server_port}"


def test_keys_are_those_of_the_diagram(manifest: dict, start: Callable[..., Server]) -> None:
    server = start()
    keys, several = list_keys(manifest)
    ask = Metabase(address(server), "key")
    assert apply(ask, keys, find_fields(ask, "sales_funnel", "marts")) == (len(keys), [])
    place = {
        field["id"]: (table["schema"], table["name"], field["name"])
        for table in server.tables
        for field in table["fields"]
    }
    found = {
        (place[number], place[field["fk_target_field_id"]])
        for number, field in server.fields.items()
        if field.get("semantic_type") == FOREIGN_KEY
    }
    page = PAGE.read_text(encoding="utf-8")
    listed = {
        (("marts", child, ours), ("marts", parent, theirs))
        for child, ours, parent, theirs in ROW.findall(page)
    }
    assert len(listed) > 10
    assert found == listed
    assert several == page.count("\n| `") - len(listed) > 10
    # Again: nothing is left to do.
    before = server.asked.count("PUT")
    assert apply(ask, keys, find_fields(ask, "sales_funnel", "marts")) == (0, [])
    assert server.asked.count("PUT") == before


def test_what_metabase_has_not_read_is_named_and_the_rest_is_set(
    manifest: dict, start: Callable[..., Server], monkeypatch, capsys
) -> None:
    server = start(("dim_months", "month"))
    monkeypatch.setattr(metabase_relations, "read_manifest", lambda: manifest)
    monkeypatch.setenv("METABASE_URL", address(server))
    monkeypatch.setenv("METABASE_API_KEY", "key")
    assert metabase_relations.main([]) != 0
    assert "dim_months.month; sync the database's schema" in capsys.readouterr().err
    assert server.asked.count("PUT") > 5


@pytest.mark.parametrize(
    ("key", "database", "schema", "message"),
    [
        ("other", "sales_funnel", "marts", "Metabase answers 401 to GET /api/database"),
        ("key", "elsewhere", "marts", "Metabase knows 0 databases elsewhere"),
        ("key", "Sales", "nowhere", "Metabase has read no table of the schema nowhere"),
    ],
)
def test_what_is_wrong_is_said(
    key: str, database: str, schema: str, message: str, start: Callable[..., Server]
) -> None:
    with pytest.raises(UserError, match=message):
        find_fields(Metabase(address(start()), key), database, schema)


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(UserError, match="METABASE_URL is no address"):
        Metabase("metabase.example.com", "key")
