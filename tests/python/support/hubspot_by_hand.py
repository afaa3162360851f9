"""Visits, outcomes and owners of HubSpot's deals from its exports in plain Python: nothing of the models.

For the sample only: stages are listed, times have an offset in UTC, and of a deal with a history the own row says
nothing that the history does not.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from pathlib import Path

Row = dict[str, str]


def read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def parse(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


@dataclass(frozen=True)
class Visit:
    stage: str
    entered: datetime
    exited: datetime | None


@dataclass
class Deal:
    id: str
    now: Row
    history: dict[str, list[tuple[datetime, str]]] = field(default_factory=dict)

    def of(self, name: str) -> list[tuple[datetime, str]]:
        """The history of a property; nothing where it has none."""
        return self.history.get(name, [])

    @property
    def created(self) -> datetime:
        return parse(self.now["createdate"])

    @property
    def begins(self) -> datetime | None:
        """The first instant of its history."""
        return min((rows[0][0] for rows in self.history.values()), default=None)


class Sample:
    """The HubSpot exports of a folder; `deals` are those that count: neither archived nor merged into another one."""

    def __init__(self, folder: Path) -> None:
        self.ends = {}
        for row in read(folder / "hubspot_pipeline_stages.csv"):
            if row["is_closed"] == "True":
                self.ends[row["stage_id"]] = "won" if row["closed_won"] == "True" else "lost"
        self.merged = {row["merged_deal_id"] for row in read(folder / "hubspot_merged_deals.csv")}
        self.deals = {
            row["deal_id"]: Deal(row["deal_id"], row)
            for row in read(folder / "hubspot_deals.csv")
            if row["archived"] == "False" and row["deal_id"] not in self.merged
        }
        for row in read(folder / "hubspot_deal_property_history.csv"):
            if row["deal_id"] in self.deals:
                at, value = parse(row["timestamp"]), row["value"]
                self.deals[row["deal_id"]].history.setdefault(row["property"], []).append((at, value))
        for deal in self.deals.values():
            for rows in deal.history.values():
                rows.sort(key=lambda row: row[0])  # stable: the file's order within one instant

    def list_stages(self, deal: Deal) -> list[tuple[datetime, str]]:
        """When the deal came into which stage. Its first stage is as old as itself, unless that is its end."""
        rows = deal.of("dealstage")
        if rows:
            first, stage = rows[0]
            return [(first if stage in self.ends else min(first, deal.created), stage), *rows[1:]]
        stage = deal.now["dealstage"]
        if stage not in self.ends:
            return [(deal.created, stage)]
        closed = parse(deal.now["closedate"]).date()
        day = datetime.combine(closed, datetime.min.time(), deal.created.tzinfo)
        return [(max(day + timedelta(days=1, microseconds=-1), deal.created), stage)]

    def list_visits(self, deal: Deal) -> list[Visit]:
        visits = []
        moves = [next(same) for _, same in groupby(self.list_stages(deal), key=lambda row: row[1])]
        for (at, stage), after in pairwise([*moves, None]):
            if stage not in self.ends:
                visits.append(Visit(stage, at, after[0] if after else None))
        return visits

    def list_outcomes(self, deal: Deal) -> list[tuple[datetime, str]]:
        outcomes, before = [], "open"
        for at, stage in self.list_stages(deal):
            status = self.ends.get(stage, "open")
            if status != before:
                outcomes.append((at, "reopened" if status == "open" else status))
            before = status
        return outcomes

    def list_owners(self, deal: Deal) -> list[tuple[datetime, str]]:
        """Since when the deal had which owner. What the first instant set was so from the beginning."""
        rows = deal.of("hubspot_owner_id") or [(deal.created, deal.now["hubspot_owner_id"])]
        if rows[0][0] == deal.begins:
            rows = [(min(rows[0][0], deal.created), rows[0][1]), *rows[1:]]
        return [next(same) for _, same in groupby(rows, key=lambda row: row[1])]
