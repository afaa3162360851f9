"""Deals as an export's log tells them, replayed in plain Python: visits to stages, and what became of each deal."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path


@dataclass
class Outcome:
    month: str
    which: str
    stage: str
    reason: str
    owner: str


@dataclass
class Visit:
    month: str
    stage: str
    owner: str
    became: str = "open"


@dataclass
class Deal:
    created: str = ""
    value: float | None = None
    currency: str = ""
    status: str = "open"
    owner: str = ""
    reason: str = ""
    stage: str = ""
    visits: list[Visit] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)

    def enter(self, month: str, stage: str) -> None:
        self.end("moved")
        self.visits.append(Visit(month, stage, self.owner))
        self.stage = stage

    def end(self, became: str) -> None:
        if self.visits and self.visits[-1].became == "open":
            self.visits[-1].became = became

    def settle(self) -> None:
        """A stage that a lost deal enters without being reopened ends at once, if nothing follows."""
        if self.status != "open":
            self.end(self.status)

    def change_status(self, month: str, status: str) -> None:
        if status == self.status:
            return
        self.status = status
        if status != "open":
            self.end(status)
            self.outcomes.append(Outcome(month, status, self.stage, self.reason or "Unknown", self.owner))
            self.reason = ""
        elif self.stage:
            self.enter(month, self.stage)


@dataclass
class Export:
    deals: list[Deal]
    stages: dict[str, str]  # of the default pipeline, in order: id to name
    first_month: str
    last_day: date
    has_wins: bool = True
    reasons: dict[str, str] = field(default_factory=dict)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


# In one instant all of this is one change, in this order: the visit that a status ends has begun.
LOGGED = ("add_time", "value", "currency", "user_id", "stage_id", "lost_reason", "status")


def read_pipedrive(folder: Path) -> Export:
    """A log of changes. Without statuses a deal is lost when a reason is logged."""
    log = read(folder / "deal_changes.csv")
    has_status = any(row["changed_field_key"] == "status" for row in log)
    rows = [row for row in log if row["changed_field_key"] in LOGGED]
    rows.sort(key=lambda row: (row["change_time"], LOGGED.index(row["changed_field_key"])))
    deals: dict[str, Deal] = defaultdict(Deal)
    for row in rows:
        deal, month, what, value = deals[row["deal_id"]], row["change_time"][:7], *list(row.values())[2:4]
        deal.created = deal.created or row["change_time"][:10]
        if what == "add_time" and not deal.visits:
            deal.created = value[:10]
        elif what == "value":
            deal.value = float(value) if value else None
        elif what == "currency":
            deal.currency = value
        elif what == "user_id":
            deal.owner = value
        elif what == "stage_id" and value and (value != deal.stage or deal.status != "open"):
            deal.enter(month, value)
        elif what == "lost_reason" and value:
            deal.reason = value
            if not has_status:  # every reason is a loss of its own
                deal.status = "open"
                deal.change_status(month, "lost")
        elif what == "status":
            deal.change_status(month, value)
    for deal in deals.values():
        deal.settle()
    stages = [row for row in read(folder / "stages.csv") if row.get("pipeline_id", "1") == "1"]
    stages.sort(key=lambda row: int(row.get("order_nr") or row["stage_id"]))
    options = next(row for row in read(folder / "fields.csv") if row["FIELD_KEY"] == "lost_reason")
    return Export(
        [deal for deal in deals.values() if deal.status != "deleted"],
        {row["stage_id"]: row["stage_name"].strip() for row in stages},
        min(row["change_time"] for row in log)[:7],
        date.fromisoformat(max(row["change_time"] for row in log)[:10]),
        has_wins=has_status,
        reasons={one["id"]: one["label"] for one in json.loads(options["FIELD_VALUE_OPTIONS"])},
    )


def read_salesforce(folder: Path) -> Export:
    """The history of stages: a deal is closed on its close date."""
    stages = read(folder / "OpportunityStage.csv")
    closed = {
        row["ApiName"]: "won" if row["IsWon"] == "True" else "lost"
        for row in stages
        if row["IsClosed"] == "True"
    }
    deals = {
        row["Id"]: Deal(
            row["CreatedDate"][:10], float(row["Amount"]) if row["Amount"] else None, row["CurrencyIsoCode"]
        )
        for row in read(folder / "Opportunity.csv")
        if row["IsDeleted"] == "False"
    }
    history = [row for row in read(folder / "OpportunityHistory.csv") if row["OpportunityId"] in deals]
    for row in sorted(history, key=lambda row: (row["CreatedDate"], row["Id"])):
        deal, stage, month = deals[row["OpportunityId"]], row["StageName"], row["CreatedDate"][:7]
        if stage in closed:
            deal.change_status(row["CloseDate"][:7], closed[stage])
        elif deal.status != "open":
            deal.stage = stage
            deal.change_status(month, "open")
        elif stage != deal.stage:
            deal.enter(month, stage)
    # The history of some ends before they were closed.
    for row in read(folder / "Opportunity.csv"):
        if row["Id"] in deals and row["StageName"] in closed:
            deals[row["Id"]].change_status(row["CloseDate"][:7], closed[row["StageName"]])
    opened = sorted(
        (row for row in stages if row["IsClosed"] == "False"), key=lambda row: int(row["SortOrder"])
    )
    return Export(
        list(deals.values()),
        {row["ApiName"]: row["MasterLabel"] for row in opened},
        min(row["CreatedDate"] for row in history)[:7],
        date.fromisoformat(max(row["CreatedDate"] for row in history)[:10]),
    )
