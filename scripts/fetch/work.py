"""What was fetched so far, in a file beside the exports, so that a run which was killed goes on where it was."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from fetch.deal_log import Change
from fetch.lists import Record
from with_venv import UserError

FILE = "pipedrive.sqlite"
# A killed process loses nothing; a power cut may lose the last seconds.
PREPARE = """
    pragma journal_mode = wal;
    pragma synchronous = normal;
    create table if not exists state (name text primary key, value text);
    create table if not exists fetched (list text, id text, record text, unique (list, id));
    create table if not exists flows (deal_id text primary key, changes text);
"""


@contextmanager
def open_work(exports: Path) -> Iterator[Work]:
    """The work of an earlier run in this folder, or an empty one, for this process alone. Raises UserError."""
    folder = exports / ".fetch"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with closing(sqlite3.connect(folder / FILE, isolation_level=None)) as connection:
                connection.executescript(PREPARE)
                yield Work(connection, folder)
        finally:
            os.close(descriptor)
    except BlockingIOError as error:
        raise UserError(f"another fetch is at work in {exports}; wait for it, or end it") from error
    except OSError as error:
        raise UserError(
            f"{error.filename or folder}: {error.strerror}; mend that, and the same command goes on"
        ) from error
    except sqlite3.Error as error:
        raise UserError(
            f"{folder / FILE}: {error}; mend that and the same command goes on, or delete {folder} to begin anew"
        ) from error


class Work:
    """Lists are read as they came, and so without an index, by which SQLite would have to sort them."""

    def __init__(self, connection: sqlite3.Connection, folder: Path) -> None:
        self.folder = folder
        self._execute = connection.execute
        self._connection = connection

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """All of it is kept, or none."""
        self._execute("begin")
        try:
            yield
            self._execute("commit")
        finally:
            if self._connection.in_transaction:
                self._execute("rollback")

    def get(self, name: str) -> Any:
        found = self._execute("select value from state where name = ?", [name]).fetchone()
        return json.loads(found[0]) if found else None

    def set(self, name: str, value: Any) -> None:
        self._execute("insert or replace into state values (?, ?)", [name, json.dumps(value)])

    def add(self, name: str, records: Iterable[Record]) -> None:
        """To a list, by the first column; of two rows with one id the later counts."""
        self._connection.executemany(
            "insert into fetched values (?, ?, ?) on conflict do update set record = excluded.record",
            ((name, next(iter(record.values())), json.dumps(record)) for record in records),
        )

    def records(self, name: str) -> Iterator[Record]:
        found = self._execute("select record from fetched not indexed where list = ? order by rowid", [name])
        return (json.loads(record) for (record,) in found)

    def count(self, name: str) -> int:
        return int(self._execute("select count(*) from fetched where list = ?", [name]).fetchone()[0])

    def deals_without_flow(self) -> Iterator[Record]:
        """Some at a time, since flows are added meanwhile."""
        query = (
            "select rowid, record from fetched not indexed where list = 'deals' and rowid > ?"
            " and id not in (select deal_id from flows) order by rowid limit 500"
        )
        last = 0
        while found := self._execute(query, [last]).fetchall():
            yield from (json.loads(record) for _, record in found)
            last = found[-1][0]

    def add_flow(self, deal_id: str, changes: list[Change] | None) -> None:
        """None where the API has no flow of the deal."""
        self._execute("insert into flows values (?, ?)", [deal_id, json.dumps(changes)])

    def count_flows(self) -> tuple[int, int]:
        """How many deals were asked for, and how many of them have a flow."""
        found = self._execute("select count(*), count(nullif(changes, 'null')) from flows").fetchone()
        return int(found[0]), int(found[1])

    def forget_missing_flows(self) -> None:
        self._execute("delete from flows where changes = 'null'")

    def deals(self) -> Iterator[tuple[Record, list[Change] | None]]:
        found = self._execute(
            "select record, changes from fetched not indexed join flows on deal_id = id where list = 'deals'"
            " order by fetched.rowid"
        )
        for record, changes in found:
            flow = json.loads(changes)
            yield json.loads(record), None if flow is None else [Change(*change) for change in flow]

    def finish(self) -> None:
        """The run is complete, and the next one may ask for what has changed since this one began."""
        with self.at_once():
            run = self.get("run")
            for table in ("fetched", "flows", "state"):
                self._execute(f"delete from {table}")  # noqa: S608 - the names stand above
            self.set("last", {"url": run["url"], "began": run["began"]})
