"""Edits of an export's files, and the input of a try that such an edit makes (corruptions.py, odd_inputs.py)."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Row = dict[str, str]
LOG, ACTIVITIES, USERS, STAGES, TYPES, FIELDS = (
    f"{name}.csv" for name in ("deal_changes", "activity", "users", "stages", "activity_types", "fields")
)


@dataclass(frozen=True)
class Input:
    """`edit` changes a copy of one folder of the sample's exports, `statement` rows of the database. `first_load`
    starts from empty raw tables, otherwise the good sample of last night is there; `options` are the loader's; `loads`
    is how often the files are loaded; with `command` dbt itself runs in place of the replay."""

    name: str
    edit: Callable[[Path], None] | None = None
    statement: str | None = None
    folder: str = "pipedrive"
    first_load: bool = False
    options: tuple[str, ...] = ()
    loads: int = 1
    command: str | None = None
    variables: tuple[tuple[str, str], ...] = ()


def rows_of(name: str, change: Callable[[list[Row]], list[Row]]) -> Callable[[Path], None]:
    """Rewrites a file with the rows that `change` returns."""

    def edit(folder: Path) -> None:
        path = folder / name
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            rows = change(list(reader))
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, reader.fieldnames)
            writer.writeheader()
            writer.writerows(rows)

    return edit


def values(
    name: str, column: str, value: str | Callable[[Row], str], where: Callable[[Row], bool], every: int = 1
):
    """Sets a column in every n-th row that `where` picks."""

    def change(rows: list[Row]) -> list[Row]:
        picked = [row for row in rows if where(row)][::every]
        assert picked, "the sample has no such row"
        for row in picked:
            row[column] = value(row) if callable(value) else value
        return rows

    return rows_of(name, change)


def without(name: str, where: Callable[[Row], bool], every: int = 1) -> Callable[[Path], None]:
    """Leaves out every n-th row that `where` picks."""

    def change(rows: list[Row]) -> list[Row]:
        dropped = {id(row) for row in [row for row in rows if where(row)][::every]}
        assert dropped, "the sample has no such row"
        return [row for row in rows if id(row) not in dropped]

    return rows_of(name, change)


def content(name: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    """Rewrites the bytes of a file."""

    def edit(folder: Path) -> None:
        path = folder / name
        before = path.read_bytes()
        path.write_bytes(change(before))
        assert path.read_bytes() != before, "nothing was corrupted"

    return edit


def is_field(key: str) -> Callable[[Row], bool]:
    return lambda row: row["changed_field_key"] == key


def in_month(month: str, column: str = "change_time") -> Callable[[Row], bool]:
    return lambda row: row[column].startswith(month)


def anywhere(_: Row) -> bool:
    return True


def repeat_every_20th(rows: list[Row]) -> list[Row]:
    return rows + rows[::20]


def swap(first: str, second: str) -> Callable[[list[Row]], list[Row]]:
    def change(rows: list[Row]) -> list[Row]:
        for row in rows:
            row[first], row[second] = row[second], row[first]
        return rows

    return change


def first_entries(month: str) -> Callable[[Row], bool]:
    return lambda row: is_field("stage_id")(row) and row["new_value"] == "1" and in_month(month)(row)


def append_creations(every: int) -> Callable[[list[Row]], list[Row]]:
    def change(rows: list[Row]) -> list[Row]:
        creations = [row for row in rows if is_field("add_time")(row)][::every]
        return rows + [row | {"change_time": row["change_time"][:11] + "23:59:59"} for row in creations]

    return change
