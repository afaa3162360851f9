"""Reference tables of every CRM and of marketing that change at random, for proofs about sequences of loads.

No incremental mart needs most of them today. They change all the same: a join that somebody adds tomorrow is noticed.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Callable
from pathlib import Path

Row = tuple[object, ...]


def _options(rng: random.Random) -> str:
    labels = rng.sample(["Price", "Rival", "Silence"], 2)
    return str([{"id": str(number), "label": label} for number, label in enumerate(labels, 1)]).replace(
        "'", '"'
    )


def _day(rng: random.Random) -> str:
    return f"2024-0{rng.randint(1, 4)}-{rng.randint(1, 28):02d}"


# File → its header, and how to make the row of a number; the number decides the key.
TABLES: dict[str, tuple[str, Callable[[random.Random, int], Row]]] = {
    "users.csv": (
        "id,name,email,modified",
        lambda rng, n: (n, rng.choice(["Ann Lee", "Bo Ek"]), "a@example.net", f"{_day(rng)} 09:00:00"),
    ),
    "fields.csv": (
        "ID,FIELD_KEY,NAME,FIELD_VALUE_OPTIONS",
        lambda rng, n: (n, ("lost_reason", "status", "value")[n - 1], "Field", _options(rng)),
    ),
    "activity_types.csv": (
        "id,name,active,type",
        lambda rng, n: (n, rng.choice(["Call", "Visit"]), "Yes", ("meeting", "sc_2", "follow_up")[n - 1]),
    ),
    "Account.csv": (
        "Id,Name,Industry,NumberOfEmployees",
        lambda rng, n: (f"001{n}", "Firm", rng.choice(["Education", "Energy"]), rng.randint(1, 999)),
    ),
    "User.csv": (
        "Id,Name,Department",
        lambda rng, n: (f"00500000000000{n}AAA", rng.choice(["Ann Lee", "Bo Ek"]), "Sales"),
    ),
    "Campaign.csv": (
        "Id,Name,Type,ActualCost",
        lambda rng, n: (f"701{n}", f"Campaign {n}", rng.choice(["Partners", "Event"]), rng.randint(1, 99)),
    ),
    "CampaignMember.csv": (
        "CampaignId,LeadId,ContactId,CreatedDate",
        lambda rng, n: (f"701{n}", f"00Q{n}", f"003{n}", f"{_day(rng)}T08:00:00Z"),
    ),
    "Lead.csv": (
        "Id,LeadSource,CreatedDate,IsConverted",
        lambda rng, n: (f"00Q{n}", rng.choice(["Web", "Event"]), f"{_day(rng)}T08:00:00Z", False),
    ),
    "OpportunityContactRole.csv": (
        "OpportunityId,ContactId,IsPrimary",
        lambda rng, n: (f"006{n}", f"003{n}", rng.choice([True, False])),
    ),
    "ad_spend.csv": (
        "date,campaign_id,channel,utm_source,utm_campaign,spend_usd,clicks,impressions",
        lambda rng, n: (f"2024-01-0{n}", "A", "Meta", "facebook", "x", rng.randint(1, 9), 5, 50),
    ),
    "web_analytics.csv": (
        "session_id,user_id,session_date,landing_page,utm_source,utm_campaign,pageviews,conversions",
        lambda rng, n: (f"S{n}", "U1", _day(rng), "/", "google", "x", rng.randint(1, 9), 0),
    ),
}


class References:
    """Holds a few rows of each table, changes at random and exports the files that changed."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.rows: dict[str, dict[int, Row]] = {
            name: {n: make(rng, n) for n in (1, 2)} for name, (_, make) in TABLES.items()
        }
        self.changed: set[str] = set()

    def change(self, name: str | None = None) -> str:
        """Add, correct, restore or delete a row of one table, any if none is named; returns the name of its file."""
        name = name or self.rng.choice(list(TABLES))
        number, rows = self.rng.randint(1, 3), self.rows[name]
        if number in rows and len(rows) > 1 and self.rng.random() < 0.3:
            del rows[number]
        else:
            rows[number] = TABLES[name][1](self.rng, number)
        self.changed.add(name)
        return name

    def export(self, folder: Path) -> list[Path]:
        """Write the files that changed since the last export; returns them."""
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        for name in sorted(self.changed):
            written.append(folder / name)
            with written[-1].open("w", newline="", encoding="utf-8") as file:
                writer = csv.writer(file)
                writer.writerow(TABLES[name][0].split(","))
                writer.writerows(row for _, row in sorted(self.rows[name].items()))
        self.changed.clear()
        return written
