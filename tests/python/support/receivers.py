"""Servers on this machine that keep what a run sends: a webhook, a check address, a mail server."""

from __future__ import annotations

import contextlib
import json
import socketserver
import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, HTTPServer


class Web(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.server.received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.finish_request()

    def do_GET(self) -> None:
        self.server.received.append(self.path)
        self.finish_request()

    def finish_request(self) -> None:
        self.send_response(self.server.answer)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class Mail(socketserver.StreamRequestHandler):
    """As much of SMTP as a message takes."""

    def handle(self) -> None:
        self.reply("220 ready")
        while line := self.rfile.readline().strip().upper():
            if line == b"DATA":
                self.reply("354 go on")
                lines = iter(self.rfile.readline, b".\r\n")
                self.server.received.append(message_from_bytes(b"".join(lines), policy=policy.default))
            self.reply("221 bye" if line == b"QUIT" else "250 ok")
            if line == b"QUIT":
                return

    def reply(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")


@contextlib.contextmanager
def serve(server: socketserver.TCPServer) -> Iterator[socketserver.TCPServer]:
    server.received = []
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def serve_web() -> Iterator[HTTPServer]:
    """A webhook, or a check address; what it answers can be changed."""
    server = HTTPServer(("127.0.0.1", 0), Web)
    server.answer = 200
    server.address = f"http://127.0.0.1:{server.server_port}/services/s3cret"
    with serve(server):
        yield server


@contextlib.contextmanager
def serve_mail() -> Iterator[socketserver.TCPServer]:
    with serve(socketserver.TCPServer(("127.0.0.1", 0), Mail)) as server:
        yield server
