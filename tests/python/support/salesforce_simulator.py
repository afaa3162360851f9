"""A small Salesforce that changes at random and exports itself, for proofs about sequences of loads."""

from __future__ import annotations

import csv
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

STAGES = {"New": (False, False), "Quoted": (False, False), "Won": (True, True), "Lost": (True, False)}
# The history of fields tells of it, and no whole rows but the very first and those passed to it.
TRACKED = "0061"
OWNERS = ("005000000000001AAA", "005000000000002AAA")


class Salesforce:
    """Holds a few opportunities, their history and what people do for them, changes at random and exports itself."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.opportunities: dict[str, dict[str, object]] = {}
        self.history: dict[str, dict[str, object]] = {}
        self.fields: set[tuple[str, str, str, str, str]] = set()
        self.stages = dict(STAGES)
        self.tasks: dict[str, dict[str, object]] = {}
        self.events: dict[str, dict[str, object]] = {}
        self.numbers = iter(range(1, 10_000))

    def day(self) -> str:
        return f"2024-0{self.rng.randint(1, 4)}-{self.rng.randint(1, 28):02d}"

    def change(self) -> None:
        key = f"006{self.rng.randint(1, 4)}"
        choice = self.rng.random()
        if self.rng.random() < 0.25:
            self.change_work()
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
            if key == TRACKED and self.history:
                self.track(key, terms)
            elif self.rng.random() < 0.8:
                self.history[number] = {
                    "OpportunityId": key,
                    "CreatedDate": f"{self.day()}T09:00:00Z",
                    **terms,
                }
            self.opportunities[key].update(terms)
        elif choice < 0.7:
            self.fields.add((key, "Owner", *self.rng.sample(OWNERS, 2), f"{self.day()}T10:00:00Z"))
            self.opportunities[key]["OwnerId"] = self.rng.choice(OWNERS)
        elif choice < 0.8 and self.history:
            del self.history[self.rng.choice(list(self.history))]
        elif choice < 0.87:
            del self.opportunities[key]
        elif choice < 0.94:
            self.opportunities[key]["IsDeleted"] = not self.opportunities[key]["IsDeleted"]
        else:
            self.change_stage()

    def track(self, key: str, terms: dict[str, object]) -> None:
        for name, new in terms.items():
            if (old := self.opportunities[key][name]) != new and self.rng.random() < 0.9:
                self.fields.add((key, name, str(old), str(new), f"{self.day()}T09:00:00Z"))

    def change_work(self) -> None:
        """A task or an event is made, corrected, passed to another opportunity or deleted."""
        number, what = self.rng.randint(1, 3), f"00{self.rng.choice([6, 6, 6, 1])}{self.rng.randint(1, 4)}"
        about = {"WhatId": what, "OwnerId": self.rng.choice(OWNERS), "IsDeleted": self.rng.random() < 0.1}
        if self.rng.random() < 0.6:
            done = self.rng.random() < 0.6
            self.tasks[f"00T{number}"] = {
                **about, "Type": self.rng.choice(["Call", "Email", ""]), "IsClosed": done,
                "ActivityDate": self.rng.choice(["", self.day()]),
                "CompletedDateTime": self.rng.choice(["", f"{self.day()}T11:00:00Z"]) if done else "",
            }  # fmt: skip
        elif self.rng.random() < 0.8:
            # Some take place between two loads.
            soon = datetime.now(UTC) + timedelta(seconds=self.rng.choice([-9, 1, 3, 9_999]))
            self.events[f"00U{number}"] = {**about, "StartDateTime": soon.isoformat()}
        else:
            self.rng.choice([self.tasks, self.events]).pop(f"00{self.rng.choice('TU')}{number}", None)

    def change_stage(self) -> None:
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
                for row in sorted(self.fields)
            ],
            "OpportunityStage.csv": [
                {"ApiName": name, "SortOrder": order, "IsClosed": closed, "IsWon": won}
                for order, (name, (closed, won)) in enumerate(self.stages.items())
            ],
            "Task.csv": [{"Id": key, **values} for key, values in self.tasks.items()],
            "Event.csv": [{"Id": key, **values} for key, values in self.events.items()],
        }  # fmt: skip
        written = []
        for name, lines in rows.items():
            if lines:  # the loader refuses empty files
                written.append(folder / name)
                with written[-1].open("w", newline="") as file:
                    writer = csv.DictWriter(file, fieldnames=list(lines[0]))
                    writer.writeheader()
                    writer.writerows(lines)
        return written
