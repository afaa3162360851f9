"""Pipedrive's API on loopback, in both of its versions, with the faults that a test asks for."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Row = dict[str, Any]
TOKEN = "7f3a-token-of-a-test-9c1e"
DATE = "Wed, 24 Dec 2025 06:10:00 GMT"
# Names and shapes of v1, of those lists that v2 has as well.
V1_NAMES = {
    "owner_id": "user_id",
    "is_deleted": "deleted",
    "days_to_rotten": "rotten_days",
    "field_code": "key",
    "field_name": "name",
}


def as_v1(row: Row) -> Row:
    """Times without an offset, a user as an object, other names."""
    old = {V1_NAMES.get(name, name): value for name, value in row.items()}
    for name, value in old.items():
        if name.endswith("_time") and isinstance(value, str):
            old[name] = value.replace("T", " ").rstrip("Z")
    if "user_id" in old:
        old["user_id"] = {"id": old["user_id"], "name": "Ann", "value": old["user_id"]}
    if "due_date" in old:
        old["assigned_to_user_id"], old["active_flag"] = old.pop("user_id")["id"], True
    return old


class Pipedrive:
    """`lists` by the last part of their path, in v2's shape; `flow` gives the items of a deal, or None for a 404.

    A fault is called with the number of the request and its path before anything else; what it returns is sent in
    place of the answer: (status, headers, body), or None to answer as ever. "cut" as a body breaks the answer off.
    """

    def __init__(self) -> None:
        self.lists: dict[str, Sequence[Row]] = {
            name: []
            for name in ("deals", "deals/archived", "activities", "stages", "pipelines", "dealFields")
        } | {"users": [], "activityTypes": [], "leads": [], "leads/archived": []}
        self.flow: Callable[[str], list[Row] | None] = lambda deal_id: []
        self.page = 500
        self.token = TOKEN
        self.requests: list[str] = []
        self.fault: Callable[[int, str], tuple[int, dict[str, str], str] | None] = lambda number, path: None
        self.keeps = True  # the requests; a test with very many does without
        self.count = 0
        self.url = ""

    def answer(self, target: str, token: str | None) -> tuple[int, dict[str, str], str]:
        parts = urlsplit(target)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.count += 1
        if self.keeps:
            self.requests.append(target)
        if faulty := self.fault(self.count, target):
            return faulty
        if token != self.token:
            return 401, {}, json.dumps({"success": False, "error": "unauthorized access", "errorCode": 401})
        found = re.fullmatch(r"(/api)?/(v1|v2)/(.+)", parts.path)
        if not found or (found[2] == "v2" and not found[1]):
            return 404, {}, json.dumps({"success": False, "error": "Unknown method ."})
        version, name = found[2], found[3]
        if flow := re.fullmatch(r"deals/(\d+)/flow", name):
            rows = self.flow(flow[1]) if version == "v1" else None
            if rows is None:
                return 404, {}, json.dumps({"success": False, "error": "Deal not found", "data": None})
        elif name in self.lists:
            rows = self.select(name, asked)
        else:
            return 404, {}, json.dumps({"success": False, "error": "Unknown method ."})
        return 200, {"Date": DATE}, json.dumps(self.paged(version, rows, asked, name))

    def select(self, name: str, asked: dict[str, str]) -> Sequence[Row]:
        rows = self.lists[name]
        if since := asked.get("updated_since"):
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", since), since
            rows = [row for row in rows if row["update_time"] >= since]
        if name.startswith("deals") and "deleted" not in asked.get("status", ""):
            rows = [row for row in rows if not row["is_deleted"]]
        return rows

    def paged(self, version: str, rows: Sequence[Row], asked: dict[str, str], name: str) -> Row:
        size = min(int(asked.get("limit", 100)), self.page)
        if version == "v2":
            start = int(asked.get("cursor", "c0")[1:])
            more = {"next_cursor": f"c{start + size}" if start + size < len(rows) else None}
        else:
            start = int(asked.get("start", 0))
            pages = {"start": start, "limit": size, "more_items_in_collection": start + size < len(rows)}
            pages |= {"next_start": start + size} if pages["more_items_in_collection"] else {}
            more = {"pagination": pages}
        page = list(rows[start : start + size])
        if version == "v1" and "/" not in name and name not in ("users", "activityTypes", "leads"):
            page = [as_v1(row) for row in page]
        return {"success": True, "data": page or (None if version == "v1" else []), "additional_data": more}


@contextmanager
def serve(pipedrive: Pipedrive) -> Iterator[Pipedrive]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            status, headers, body = pipedrive.answer(self.path, self.headers.get("x-api-token"))
            content = body.encode()
            self.send_response_only(status)
            self.send_header("Content-Length", str(len(content) + (body == "cut") * 100))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)
            if body == "cut":
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that was killed is no news."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    pipedrive.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield pipedrive
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
