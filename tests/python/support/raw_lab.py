"""A database and a folder of files for the loader's tests: write files, load them, look at what is in raw."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from loader import file_loader, known_files, typed_rows
from loader.csv_reader import Suspect
from loader.load_context import FileLoad

CHANGES_HEADER = "deal_id,change_time,changed_field_key,new_value\n"
USERS_HEADER = "id,name,email,modified\n"


@dataclass(frozen=True)
class Outcome:
    status: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The one line that says why the load was refused."""
        lines = [line for line in self.err.splitlines() if line.startswith("load: error: ")]
        assert len(lines) == 1, self.err
        return lines[0]


class Lab:
    """`run` loads the lab's folder as the role loader; raw is empty at the start. A file that need not be read is read
    nevertheless, which must come to the same; unless the lab `trusts` that."""

    trusts = False

    def __init__(self, folder: Path, database: str, load: Callable[..., int], connect: Callable) -> None:
        self.folder = folder
        self.database = database
        self._load = load
        self._connection = connect(database)
        self._connection.autocommit = True
        tables = [name for (name,) in self.query("select table_name from raw.files order by 1")]
        self.tables = [*tables, "load_batches", "rejected_rows"]
        self.empty()

    def close(self) -> None:
        self._connection.close()

    def empty(self) -> None:
        """Only the tables that were written to: to truncate one makes it anew, with all its indexes."""
        written = self.query(
            "select oid::regclass::text from pg_class where oid = any(%s::regclass[])"
            " and (relkind = 'p' or pg_relation_size(oid) > 0)",
            [f"raw.{name}" for name in self.tables],
        )
        tables = ", ".join({name for (name,) in written} | {"raw.load_batches", "raw.rejected_rows"})
        with self._connection.cursor() as cursor:
            cursor.execute(f"truncate {tables} restart identity")

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def users(self, *lines: str) -> Path:
        return self.write("users.csv", USERS_HEADER + "".join(f"{line}\n" for line in lines))

    def changes(self, *lines: str) -> Path:
        return self.write("deal_changes.csv", CHANGES_HEADER + "".join(f"{line}\n" for line in lines))

    def run(self, *arguments: str | Path, path: str | Path | None = None) -> Outcome:
        out, err = io.StringIO(), io.StringIO()
        doubt = contextlib.nullcontext() if self.trusts else reading_too()
        with doubt, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = self._load(path or self.folder, *arguments, database=self.database, check=False)
        return Outcome(status, out.getvalue(), err.getvalue())

    def loads(self, *arguments: str | Path, path: str | Path | None = None) -> dict[str, int]:
        """Load, which must succeed; the counts of the last file."""
        outcome = self.run(*arguments, path=path)
        assert outcome.status == 0, outcome.err
        return self.last_batch()

    def refused(self, *arguments: str | Path, path: str | Path | None = None) -> str:
        """Load, which must be refused and leave the database as it was; the line that says why."""
        before = self.everything()
        outcome = self.run(*arguments, path=path)
        assert outcome.status == 1, outcome.out
        assert self.everything() == before
        return outcome.error

    def query(self, statement: str, *parameters: object) -> list[tuple]:
        with self._connection.cursor() as cursor:
            cursor.execute(statement, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def last_batch(self) -> dict[str, int]:
        names = ("read", "new", "changed", "deleted", "unchanged", "rejected")
        columns = ", ".join(f"rows_{name}" for name in names)
        [row] = self.query(f"select {columns} from raw.load_batches order by batch_id desc limit 1")
        return dict(zip(names, row, strict=True))

    def versions(self, table: str, *columns: str) -> list[tuple]:
        """(columns, _version, _is_deleted) of every row, in order."""
        listed = ", ".join(columns)
        return self.query(
            f"select {listed}, _version, _is_deleted from raw.{table} order by {listed}, _version"
        )

    def rejects(self) -> list[tuple]:
        return self.query("select line_number, column_name, value, reason from raw.rejected_rows order by 1")

    def everything(self, without: str = "batch_id") -> dict[str, list[str]]:
        """The rows of every table as text, for comparison; `without` names a column to leave out."""
        contents = {}
        for name in self.tables:
            rows = self.query(
                f"select (to_jsonb(t) - string_to_array(%s, ' '))::text from raw.{name} as t order by 1",
                without,
            )
            contents[name] = [row[0] for row in rows]
        return contents


@contextlib.contextmanager
def always_careful() -> Iterator[None]:
    """Make the loader doubt every file."""

    def doubt(*_: object) -> Iterator[bytes]:
        raise Suspect("by order of the test")
        yield b""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typed_rows, "fast_blocks", doubt)
        yield


@contextlib.contextmanager
def never_careful() -> Iterator[None]:
    """Make the loader fail the test where it would doubt a file."""

    def refuse(*_: object) -> Iterator[bytes]:
        raise AssertionError("the careful path was taken")
        yield b""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typed_rows, "careful_records", refuse)
        yield


@contextlib.contextmanager
def reading_too() -> Iterator[None]:
    """Make the loader read what it need not read, and fail the test where that makes a difference."""
    is_loaded, read_and_append = known_files.is_loaded, file_loader._read_and_append
    expected = []

    def outcome(load: FileLoad) -> tuple:
        load.execute(
            "select (to_jsonb(t) - '_source_file')::text from {table} as t where _loaded_at = {loaded_at} order by 1"
        )
        return vars(load.counts).copy(), load.checksum, load.cursor.fetchall()

    def doubt(load: FileLoad) -> bool:
        load.execute("savepoint before_the_doubt")
        if is_loaded(load):
            expected.append(outcome(load))
        load.execute("rollback to savepoint before_the_doubt")
        load.counts.unchanged, load.fingerprint, load.has_spoken = 0, None, False
        return False

    def read(load: FileLoad) -> None:
        read_and_append(load)
        if expected:
            assert outcome(load) == expected.pop()
            assert not load.has_spoken

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(known_files, "is_loaded", doubt)
        patch.setattr(file_loader, "_read_and_append", read)
        yield
    assert not expected, "the load was refused, though the file need not have been read"
