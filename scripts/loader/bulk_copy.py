"""COPY of a file into a table, block by block: interruptible, with progress, and with the cause of a failure."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator

import psycopg2
from psycopg2 import sql

from loader.load_context import FileLoad
from loader.messages import LoadError

STOP = threading.Event()  # set by the main thread when the user interrupts: COPY ends at its next block


def copy(
    load: FileLoad,
    target: sql.Identifier,
    columns: list[sql.Identifier],
    delimiter: str,
    blocks: Iterator[bytes],
    freeze: bool = False,
) -> None:
    """Copy the blocks into the target and count their rows as read. `freeze` is for a table that this transaction has
    truncated. Raises psycopg2.Error and what `blocks` raises."""
    statement = sql.SQL(
        "copy {} ({}) from stdin"
        " with (format csv, delimiter {}, null '', force_null ({}), encoding 'UTF8', freeze {})"
    ).format(
        target,
        sql.SQL(", ").join(columns),
        sql.Literal(delimiter),
        sql.SQL(", ").join(columns),
        sql.Literal(freeze),
    )
    feeder = Feeder(blocks, load.source.name)
    try:
        load.cursor.copy_expert(statement, feeder, size=1 << 20)
    except psycopg2.Error:
        # psycopg2 hands a failure to read to the server, whose answer hides the cause.
        if feeder.failure is not None:
            raise feeder.failure from None
        raise
    load.starts.append(load.counts.read + 1)
    load.counts.read += load.cursor.rowcount


class Feeder:
    """The file object that COPY reads, a block per call; `failure` is what went wrong while making one. It prints
    a line on stderr every second, once the first has passed."""

    def __init__(self, blocks: Iterator[bytes], name: str) -> None:
        self.blocks = blocks
        self.name = name
        self.failure: BaseException | None = None
        self.lines = 0
        self.started = self.last = time.monotonic()

    def read(self, _size: int = -1) -> bytes:
        try:
            if STOP.is_set():
                raise LoadError("interrupted")
            block = next(self.blocks, b"")
        except BaseException as failure:
            self.failure = failure
            raise
        self.lines += block.count(b"\n")
        now = time.monotonic()
        if now - self.last >= 1:
            self.last = now
            rate = self.lines / (now - self.started)
            print(f"{self.name}: {self.lines:,} rows read, {rate:,.0f} rows/s", file=sys.stderr, flush=True)
        return block

    readline = read  # psycopg2 calls only the one, but its types ask for both
