"""The pipeline marts after any sequence of loads of both CRMs are those of a full refresh.

Random exports of Salesforce (new, late, corrected, deleted and restored rows, changed owners and stage flags) and of
Pipedrive (see crm_simulator) go through the loader; some runs are killed half-way.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from crm_simulator import Crm
from parity import Warehouse, build

SEQUENCES = 20
MODELS = (
    "stg_loads__horizon",
    "int_opportunity_states",
    "dim_pipeline_as_of",
    "fct_opportunities",
    "fct_opportunity_stage_visits",
    "fct_close_date_changes",
    "fct_pipeline_snapshots",
    "fct_pipeline_moves",
)
TABLES = (
    "salesforce_opportunity",
    "salesforce_opportunity_history",
    "salesforce_opportunity_field_history",
    "salesforce_opportunity_stage",
)
STAGES = {"New": (False, False), "Quoted": (False, False), "Won": (True, True), "Lost": (True, False)}
OWNERS = ("005000000000001AAA", "005000000000002AAA")


class Salesforce:
    """Holds a few opportunities and their history, changes at random and exports itself."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.opportunities: dict[str, dict[str, object]] = {}
        self.history: dict[str, dict[str, object]] = {}
        self.owners: set[tuple[str, str, str, str, str]] = set()
        self.stages = dict(STAGES)
        self.numbers = iter(range(1, 10_000))

    def day(self) -> str:
        return f"2024-0{self.rng.randint(1, 4)}-{self.rng.randint(1, 28):02d}"

    def change(self) -> None:
        key = f"006{self.rng.randint(1, 4)}"
        choice = self.rng.random()
        if key not in self.opportunities:
            self.opportunities[key] = {
                "CreatedDate": f"{self.day()}T08:00:00Z", "OwnerId": OWNERS[0], "CurrencyIsoCode": "EUR",
                "StageName": "New", "Amount": 10, "CloseDate": self.day(), "IsDeleted": False,
            }  # fmt: skip
        elif choice < 0.55:
            terms = {
                "StageName": self.rng.choice(list(self.stages)),
                "Amount": self.rng.choice(["", 10, 20, 30]),
                "CloseDate": self.rng.choice(["", self.day()]),
            }
            number = f"008{next(self.numbers)}"
            if self.history and self.rng.random() < 0.2:
                number = self.rng.choice(list(self.history))
            if self.rng.random() < 0.8:
                self.history[number] = {
                    "OpportunityId": key,
                    "CreatedDate": f"{self.day()}T09:00:00Z",
                    **terms,
                }
            self.opportunities[key].update(terms)
        elif choice < 0.7:
            self.owners.add((key, "Owner", *self.rng.sample(OWNERS, 2), f"{self.day()}T10:00:00Z"))
            self.opportunities[key]["OwnerId"] = self.rng.choice(OWNERS)
        elif choice < 0.8 and self.history:
            del self.history[self.rng.choice(list(self.history))]
        elif choice < 0.87:
            del self.opportunities[key]
        elif choice < 0.94:
            self.opportunities[key]["IsDeleted"] = not self.opportunities[key]["IsDeleted"]
        else:
            closed = self.rng.random() < 0.5
            self.stages["Quoted"] = (closed, closed and self.rng.random() < 0.5)

    def export(self, folder: Path) -> list[Path]:
        folder.mkdir()
        rows = {
            "Opportunity.csv": [
                {"Id": key, "IsClosed": self.stages[str(values["StageName"])][0],
                 "IsWon": self.stages[str(values["StageName"])][1], "SystemModstamp": "2024-05-01T00:00:00Z", **values}
                for key, values in self.opportunities.items()
            ],
            "OpportunityHistory.csv": [{"Id": key, **values} for key, values in self.history.items()],
            "OpportunityFieldHistory.csv": [
                dict(zip(("OpportunityId", "Field", "OldValue", "NewValue", "CreatedDate"), row, strict=True))
                for row in sorted(self.owners)
            ],
            "OpportunityStage.csv": [
                {"ApiName": name, "SortOrder": order, "IsClosed": closed, "IsWon": won}
                for order, (name, (closed, won)) in enumerate(self.stages.items())
            ],
        }  # fmt: skip
        written = []
        for name, lines in rows.items():
            if lines:
                written.append(folder / name)
                with written[-1].open("w", newline="") as file:
                    writer = csv.DictWriter(file, fieldnames=list(lines[0]))
                    writer.writeheader()
                    writer.writerows(lines)
        return written


@pytest.fixture(scope="module")
def warehouse(databases, dbt, connect, load) -> Iterator[Warehouse]:
    database = databases.create()
    selection = {"select": " ".join(MODELS), "exclude": "rep_sales_funnel_monthly"}
    build(dbt, database, **selection)
    yield Warehouse(database, dbt, connect, load, **selection)
    databases.drop(database)


def play(warehouse: Warehouse, seed: int, folder: Path) -> int:
    """Play one sequence. Returns the rows in the states at its end; AssertionError on a difference."""
    with warehouse.admin.cursor() as cursor:
        cursor.execute(f"truncate {', '.join(f'raw.{table}' for table in TABLES)}")
    warehouse.reset()
    crm = Salesforce(random.Random(seed))
    pipedrive = Crm(crm.rng)
    for step in range(5):
        for _ in range(crm.rng.randint(2, 12)):
            crm.change()
            pipedrive.change()
        files = pipedrive.export(folder / f"{seed}-{step}-pipedrive")
        if crm.opportunities:
            files += crm.export(folder / f"{seed}-{step}")
        warehouse.load(files, "full")
        stop_after = (
            crm.rng.randrange(warehouse.replay.count_statements()) if crm.rng.random() < 0.2 else None
        )
        warehouse.replay.run(warehouse.connection, stop_after=stop_after)
        if stop_after is None:
            differences = warehouse.replay.differences(warehouse.connection)
            assert not differences, f"sequence {seed}, step {step}: {differences}"
    with warehouse.connection.cursor() as cursor:
        cursor.execute("select count(*) from dev_intermediate.int_opportunity_states")
        [(rows,)] = cursor.fetchall()
    warehouse.connection.rollback()  # or the next sequence waits for this one's lock
    return rows


def test_pipeline_marts_equal_full_refresh_after_every_run(warehouse, tmp_path):
    states = [play(warehouse, seed, tmp_path) for seed in range(SEQUENCES)]
    assert sum(states) > 5 * SEQUENCES
