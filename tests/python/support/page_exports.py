"""Exports on which a first screen is hard to draw, made from the sample's Pipedrive files."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from pathlib import Path

from with_venv import ROOT

SAMPLE = ROOT / "raw_data" / "pipedrive"
SETTINGS = ("stages.csv", "fields.csv", "users.csv", "activity_types.csv")
Row = dict[str, str]


def copy(folder: Path, name: str, keep: Callable[[Row], Row | None] = lambda row: row) -> None:
    """The rows of a file of the sample that `keep` returns."""
    with (SAMPLE / name).open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        write(folder / name, reader.fieldnames or [], filter(None, map(keep, reader)))


def write(path: Path, columns: Iterable[str], rows: Iterable[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(columns))
        writer.writeheader()
        writer.writerows(rows)


def without_wins(folder: Path) -> None:
    """A log without statuses, and no list of deals: losses are known by their reasons, wins by nothing."""
    for name in SETTINGS:
        copy(folder, name)
    copy(folder, "deal_changes.csv", lambda row: row if row["changed_field_key"] != "status" else None)


def one_deal(folder: Path) -> None:
    """One open deal with an amount, and nothing else."""
    for name in SETTINGS:
        copy(folder, name)
    with (SAMPLE / "deals.csv").open(encoding="utf-8", newline="") as file:
        deal = next(
            row["id"]
            for row in csv.DictReader(file)
            if (row["status"], row["pipeline_id"], row["currency"]) == ("open", "1", "USD")
            and row["stage_id"]
        )
    copy(folder, "deals.csv", lambda row: row if row["id"] == deal else None)
    copy(folder, "deal_changes.csv", lambda row: row if row["deal_id"] == deal else None)


def empty_month_at_the_end(folder: Path) -> None:
    """An export that ends in April, but for the changes of two days in June: May holds nothing."""

    def keep(row: Row) -> Row | None:
        return row if row["change_time"] < "2025-05" or row["change_time"] > "2025-06-29" else None

    for name in SETTINGS:
        copy(folder, name)
    copy(folder, "deal_changes.csv", keep)


def two_thousand_owners(folder: Path) -> None:
    """Every deal has an owner of its own, and each new owner of a deal is another one."""
    owners: set[str] = set()

    def rename(row: Row) -> Row:
        if row["changed_field_key"] != "user_id":
            return row
        owner = f"{row['deal_id']}{row['new_value']}"
        owners.add(owner)
        return row | {"new_value": owner}

    for name in SETTINGS[:2]:
        copy(folder, name)
    copy(folder, "deal_changes.csv", rename)
    users = [
        {
            "id": owner,
            "name": f"Person {number}",
            "email": f"{number}@example.org",
            "modified": "2025-01-01 00:00:00",
        }
        for number, owner in enumerate(sorted(owners))
    ]
    assert len(users) > 2000
    write(folder / "users.csv", users[0], users)
