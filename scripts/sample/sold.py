"""What the sample's deals are about, and the leads that became none: organizations.csv, deal_products.csv and
pipedrive_leads.csv of Pipedrive, OpportunityLineItem.csv of Salesforce.

Every eighth deal and every third opportunity with an amount have one to three lines, which add up to its amount. The
files are drawn from streams of their own, so that the others are as they were before there were these. deals.csv names
no organisation: the published figures by account stay Salesforce's. Of 60 organisations a tenth have no industry, and
a tenth no number of employees. Leads are those that became no deal: one for every 20 deals, of which a tenth name no
source, a fifth no person and a fourth are put aside.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random as Generator
from uuid import UUID

from sample.draws import Calendar, Files, Row, pair_words, pick, stream

ORGANIZATION = (
    "id", "name", "industry", "country", "employee_count", "annual_revenue", "owner_id", "add_time",
)  # fmt: skip
DEAL_PRODUCT = ("id", "deal_id", "product_id", "name", "item_price", "quantity", "sum", "currency")
LINE_ITEM = (
    "Id", "OpportunityId", "Product2Id", "ProductCode", "Name", "Quantity", "UnitPrice", "TotalPrice", "IsDeleted",
)  # fmt: skip
LEAD = ("id", "source_name", "owner_id", "person_id", "organization_id", "is_archived", "add_time")
LEAD_SOURCES = (
    "Manually created",
    "Manually created",
    "Web forms",
    "Web forms",
    "Web forms",
    "Live chat",
    "Leadbooster",
    "Prospector",
    "Import",
    "",
)
PRODUCTS = ("Licence", "Support", "Training", "Migration", "Hosting")
INDUSTRIES = (
    "Technology",
    "Manufacturing",
    "Healthcare",
    "Retail",
    "Energy",
    "Education",
    "Logistics",
    "Media",
    "Food",
    "",
)
COUNTRIES = ("Germany", "Germany", "France", "Netherlands", "United Kingdom", "United States", "")
FIRST_WORDS = "Amber Birch Cedar Delta Elm Falcon Grove Heron Iris Jade"
LAST_WORDS = "Bakery Design Hotels Labs Media Schools"


class Lines:
    """Writes the lines of deals one by one."""

    def __init__(self, seed: int, files: Files) -> None:
        self.random = stream(seed)
        self.files = files

    def split(self, amount: int) -> list[tuple[int, int, int]]:
        """Product, quantity and price of each line; they add up to the amount."""
        first = int(5 * self.random())
        count = pick(self.random, (1, 1, 2, 3))
        parts = [amount // (2 * count)] * (count - 1)
        lines = []
        for number, part in enumerate([*parts, amount - sum(parts)]):
            quantity = pick(self.random, (1, 2, 5, 10)) if number == 0 else 1
            lines.append(((first + number) % 5, quantity if part % quantity == 0 else 1, part))
        return lines

    def add_deal(self, deal: int, amount: int, currency: str) -> None:
        for product, quantity, part in self.split(amount):
            number = self.files.rows["deal_products.csv"] + 1
            self.files.put(
                "deal_products.csv", number, deal, product + 1, PRODUCTS[product], part // quantity, quantity, part,
                currency,
            )  # fmt: skip

    def add_opportunity(self, opportunity: str, name: str, amount: int, is_deleted: bool) -> None:
        for product, quantity, part in self.split(amount):
            number = self.files.rows["OpportunityLineItem.csv"] + 1
            self.files.put(
                "OpportunityLineItem.csv", f"00k5g{number:010d}AAA", opportunity, f"01t5g{product + 1:010d}AAA",
                PRODUCTS[product][:3].upper(), f"{name} {PRODUCTS[product]}", quantity, part // quantity, part,
                is_deleted,
            )  # fmt: skip


def organization_rows(seed: int, calendar: Calendar, users: int) -> list[Row]:
    random = stream(seed)
    rows: list[Row] = []
    for number, name in enumerate(pair_words(FIRST_WORDS, LAST_WORDS), 1):
        employees = 5 + int(2_000 * random() * random())
        rows.append((
            number, name, pick(random, INDUSTRIES), pick(random, COUNTRIES),
            "" if random() < 0.1 else employees, employees * 90_000, 1 + int(users * random()),
            calendar.stamp(int(calendar.end * random() * 0.5)),
        ))  # fmt: skip
    return rows


def lead_rows(seed: int, calendar: Calendar, users: int, count: int) -> Iterator[Row]:
    """The header, then leads with ids as Pipedrive gives them, which are no numbers."""
    yield LEAD
    chance = Generator(seed)  # noqa: S311 (chance, not secrecy)
    random = chance.random
    for _ in range(count):
        person = "" if random() < 0.2 else 1_000_000 + int(500 * random())
        yield (
            UUID(int=chance.getrandbits(128), version=4), pick(random, LEAD_SOURCES), 1 + int(users * random()), person,
            1 + int(60 * random()) if person == "" or random() < 0.5 else "", random() < 0.25,
            calendar.stamp(int(calendar.end * random())),
        )  # fmt: skip
