"""A small HubSpot that changes at random and exports itself, for proofs about sequences of loads."""

from __future__ import annotations

import csv
import random
from pathlib import Path

STAGES = {"new": "p", "quoted": "p", "won": "p", "lost": "p", "other": "q"}
ENDS = {"won": (True, True), "lost": (True, False)}
# Property: values that it takes; of a date, a day is made.
PROPERTIES = {
    "dealstage": [*STAGES, "unlisted", "closedlost"],
    "pipeline": ["p", "q"],
    "amount": ["", "10", "20", "30"],
    "hubspot_owner_id": ["1", "2", ""],
    "closed_lost_reason": ["Price", ""],
    "closedate": [],
}


class HubSpot:
    """Holds a few deals and the history of their properties, changes at random and exports itself."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.deals: dict[int, dict[str, object]] = {}
        self.history: list[tuple[object, ...]] = []
        self.merged: dict[int, int] = {}
        self.engagements: dict[int, tuple[object, ...]] = {}
        self.quoted: tuple[object, ...] = ("False", "False")

    def day(self) -> str:
        return f"2024-0{self.rng.randint(1, 4)}-{self.rng.randint(1, 28):02d}T08:00:00Z"

    def change(self) -> None:
        key, choice = self.rng.randint(1, 4), self.rng.random()
        if key not in self.deals:
            self.deals[key] = {
                "createdate": self.day(),
                "archived": False,
                "dealstage": "new",
                "pipeline": "p",
            }
        elif choice < 0.6:
            self.set_property(key)
        elif choice < 0.7 and self.history:
            del self.history[self.rng.randrange(len(self.history))]
        elif choice < 0.76:
            del self.deals[key]
        elif choice < 0.82:
            self.deals[key]["archived"] = not self.deals[key]["archived"]
        elif choice < 0.88:
            if self.merged.pop(key, None) is None:
                self.merged[key] = self.rng.randint(1, 4)
        elif choice < 0.94:
            number = self.rng.randint(1, 3)
            outcome = self.rng.choice(["COMPLETED", "NO_SHOW", ""])
            self.engagements[number] = (key, self.rng.choice(["CALL", "MEETING"]), self.day(), outcome)
        else:
            self.quoted = self.rng.choice([("False", "False"), ("True", "False"), ("True", "True"), ("", "")])

    def set_property(self, key: int) -> None:
        """What is set is in the history or in the deal, mostly in both; now and then twice in one instant."""
        name = self.rng.choice(["dealstage", "dealstage", *PROPERTIES])
        at = self.day()
        for _ in range(self.rng.choice([1, 1, 1, 2])):
            value = self.rng.choice(PROPERTIES[name]) if PROPERTIES[name] else self.day()
            if self.rng.random() < 0.8:
                self.history.append((key, name, value, at))
            if self.rng.random() < 0.8:
                self.deals[key][name] = value

    def export(self, folder: Path) -> list[Path]:
        folder.mkdir(parents=True, exist_ok=True)
        deals = ["createdate", "archived", *PROPERTIES]
        tables: dict[str, tuple[list[str], list[tuple[object, ...]]]] = {
            "hubspot_deals.csv": (
                ["deal_id", "hs_lastmodifieddate", *deals],
                [
                    (key, "2024-05-01T00:00:00Z", *(values.get(name) for name in deals))
                    for key, values in self.deals.items()
                ],
            ),
            "hubspot_deal_property_history.csv": (
                ["deal_id", "property", "value", "timestamp"],
                self.history,
            ),
            "hubspot_pipeline_stages.csv": (
                ["stage_id", "pipeline_id", "display_order", "is_closed", "closed_won"],
                [
                    (
                        name,
                        pipeline,
                        order,
                        *(self.quoted if name == "quoted" else ENDS.get(name, (False, False))),
                    )
                    for order, (name, pipeline) in enumerate(STAGES.items())
                ],
            ),
            "hubspot_merged_deals.csv": (["merged_deal_id", "deal_id"], list(self.merged.items())),
            "hubspot_engagements.csv": (
                ["engagement_id", "deal_id", "type", "timestamp", "outcome"],
                [(number, *values) for number, values in self.engagements.items()],
            ),
        }
        written = []
        for name, (header, rows) in tables.items():
            if rows:  # the loader refuses empty files
                written.append(folder / name)
                with written[-1].open("w", newline="") as file:
                    writer = csv.writer(file)
                    writer.writerow(header)
                    writer.writerows(rows)
        return written
