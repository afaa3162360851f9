"""Sample HubSpot exports: deals, property history, stages, owners, companies, contacts, line items, merges, calls.

One deal for eight of Pipedrive, over the same months. The history has a row for each value of each property, with the
property's oldest value first. Every fifth deal has an id that a deal of Pipedrive has too, and so have all owners, the
pipeline Renewals and its stages. Of the deals 3 % are merged into another one (their history remains, half of them
remain listed as well), 2 % are archived, 8 % were imported: created 5 to 150 days before their history begins, and a
few of them have none at all. A tenth of the moves goes back, a twentieth to the other pipeline (two properties in one
instant), another twentieth through two stages within one instant; 5 % of the lost ones are opened again. A sixth of
the owners has left, still owning deals. A tenth of the deals has close dates in milliseconds since 1970.
"""

import csv
from collections.abc import Iterator
from datetime import date
from math import isqrt
from pathlib import Path

from sample import pipedrive
from sample.draws import (
    DAY,
    SPREAD_OF_AMOUNTS,
    SPREAD_OF_DURATIONS,
    Arrivals,
    Calendar,
    Files,
    Random,
    Row,
    pair_words,
    pick,
    pick_owner,
    quantile,
    scatter,
    stream,
    write_rows,
)  # fmt: skip
from sample.salesforce import COUNTRIES, FIRST_NAMES, GROWTH, LAST_NAMES, LAST_WORDS, SEASON

SALES, RENEWALS = 0, 1
# Id and name of a pipeline, and of its stages: id, name, chance to win, median days, chance to be lost there.
PIPELINES = (
    ("default", "Sales", (
        ("appointmentscheduled", "Appointment Scheduled", "0.2", 8, 0.12),
        ("qualifiedtobuy", "Qualified To Buy", "0.4", 11, 0.15),
        ("presentationscheduled", "Presentation Scheduled", "0.6", 12, 0.15),
        ("contractsent", "Contract Sent", "0.9", 9, 0.14),
        ("closedwon", "Closed Won", "1", 0, 0.0),
        ("closedlost", "Closed Lost", "0", 0, 0.0),
    )),
    ("2", "Renewals", (
        ("1", "Renewal Due", "0.5", 14, 0.1),
        ("2", "Quote Sent", "0.8", 16, 0.15),
        ("3", "Renewed", "1", 0, 0.0),
        ("4", "Cancelled", "0", 0, 0.0),
    )),
)  # fmt: skip
REASONS = ("Price", "Price", "Went with a competitor", "No budget", "No decision", "Timing", "")
TYPES = ("newbusiness", "newbusiness", "newbusiness", "existingbusiness")
SOURCES = ("ORGANIC_SEARCH", "PAID_SEARCH", "PAID_SOCIAL", "DIRECT_TRAFFIC", "REFERRALS", "OFFLINE", "")
COMPANY_TYPES = ("PROSPECT", "PARTNER", "")
INDUSTRIES = ("COMPUTER_SOFTWARE", "MACHINERY", "HOSPITAL_HEALTH_CARE", "BANKING", "RETAIL", "")
TEAMS = ("North", "South", "Partners")
LIFECYCLE = ("lead", "salesqualifiedlead", "opportunity", "opportunity", "customer")
PRODUCTS = ("Starter", "Professional", "Enterprise")
OUTCOMES = ("COMPLETED",) * 8 + ("NO_SHOW", "")
FIRST_WORDS = "Acorn Birch Cedar Delta Elm Falcon Garnet Heron"

FILES = {
    "hubspot_deals.csv": (
        "deal_id", "pipeline", "dealstage", "amount", "deal_currency_code", "closedate", "createdate",
        "hs_lastmodifieddate", "hubspot_owner_id", "closed_lost_reason", "hs_is_closed", "hs_is_closed_won",
        "hs_deal_stage_probability", "hs_manual_forecast_category", "dealtype", "hs_analytics_source",
        "notes_last_contacted", "company_id", "archived",
    ),
    "hubspot_deal_property_history.csv": ("deal_id", "property", "value", "timestamp", "source_type"),
    "hubspot_deal_contacts.csv": ("deal_id", "contact_id", "lifecyclestage", "label"),
    "hubspot_line_items.csv": (
        "line_item_id", "deal_id", "product_id", "name", "quantity", "price", "amount", "currency", "createdate",
        "archived",
    ),
    "hubspot_merged_deals.csv": ("deal_id", "merged_deal_id"),
    "hubspot_engagements.csv": (
        "engagement_id", "deal_id", "type", "hubspot_owner_id", "timestamp", "outcome", "archived",
    ),
}  # fmt: skip
STAGE = (
    "stage_id", "stage_label", "pipeline_id", "pipeline_label", "display_order", "probability", "is_closed",
    "closed_won", "archived",
)  # fmt: skip
OWNER = ("owner_id", "name", "email", "team", "archived")
COMPANY = (
    "company_id", "name", "industry", "type", "country", "annualrevenue", "numberofemployees", "hs_parent_company_id",
    "hubspot_owner_id", "createdate", "archived",
)  # fmt: skip


def count_deals(deals: int) -> int:
    return max(1, deals // 8)


def count_owners(deals: int) -> int:
    return 6 + isqrt(count_deals(deals)) // 2


class Deal:
    """One deal from its creation to its end or that of the data; `values` are its history in order of time."""

    def __init__(self, random: Random, calendar: Calendar, created: int, number: int, owners: int) -> None:
        self.random, self.calendar, self.created, self.owners = random, calendar, created, owners
        self.has_epochs = number % 10 == 6
        self.values: list[tuple[int, str, str, str]] = []  # second, property, value, source
        self.pipeline = RENEWALS if random() < 0.2 else SALES
        self.stage = 0 if random() < 0.9 else 1
        self.amount = 9_000 * quantile(SPREAD_OF_AMOUNTS, random())
        self.set(created, "dealstage", self.stages[self.stage][0])
        self.set(created, "pipeline", PIPELINES[self.pipeline][0])
        if random() >= 0.05:
            self.set(created, "amount", self.price())
        self.set(created, "deal_currency_code", "EUR" if random() < 0.5 else pick(random, ("USD", "GBP")))
        self.expect(created, created + int((20 + 70 * random()) * DAY))
        self.set(created, "hubspot_owner_id", self.choose_owner())
        self.live(created)

    @property
    def stages(self) -> tuple[tuple[str, str, str, int, float], ...]:
        return PIPELINES[self.pipeline][2]

    @property
    def last_open(self) -> int:
        return len(self.stages) - 3

    def price(self) -> str:
        return str(int(self.amount / 50) * 50 + 50)

    def choose_owner(self) -> str:
        return str(pick_owner(self.random, self.owners))

    def set(self, second: int, name: str, value: str, source: str = "CRM_UI") -> None:
        if second < self.calendar.end:
            self.values.append((second, name, value, source))

    def expect(self, second: int, close: int) -> None:
        """A close date has a time of day, which HubSpot tells in one of two ways."""
        if self.has_epochs:
            days = (self.calendar.first_day - date(1970, 1, 1)).days
            value = str((days * DAY + close) * 1_000)
        else:
            value = self.calendar.stamp_in_utc(close)
        self.set(second, "closedate", value)

    def enter(self, second: int, stage: int, source: str = "CRM_UI") -> None:
        self.stage = stage
        self.set(second, "dealstage", self.stages[stage][0], source)

    def live(self, entered: int) -> None:
        random, later, end = self.random, self.calendar.later, self.calendar.end
        while entered < end:
            _, _, _, median, risk = self.stages[self.stage]
            left = later(random, entered, median * quantile(SPREAD_OF_DURATIONS, random()))
            self.during(entered, left)
            if random() < 0.01:
                return  # nobody touches it any more
            if random() < risk:
                self.enter(left, self.last_open + 2)
                self.expect(left, left)
                self.set(left, "closed_lost_reason", pick(random, REASONS))
                if random() >= 0.05:
                    return
            elif self.stage == self.last_open:
                self.enter(left, self.last_open + 1)
                self.expect(left, left)
                return
            else:
                self.move_on(left)
                entered = left
                continue
            entered = later(random, left, 5 + 30 * random())
            self.expect(entered, entered + int((20 + 40 * random()) * DAY))
            self.enter(entered, self.last_open)

    def move_on(self, second: int) -> None:
        share = self.random()
        if share < 0.05:
            self.pipeline = 1 - self.pipeline
            self.set(second, "pipeline", PIPELINES[self.pipeline][0])
            self.enter(second, 0)
        elif share < 0.15 and self.stage:
            self.enter(second, self.stage - 1)
        elif share < 0.2 and self.stage + 1 < self.last_open:
            self.enter(second, self.stage + 1, "AUTOMATION_PLATFORM")
            self.enter(second, self.stage + 1, "AUTOMATION_PLATFORM")
        else:
            self.enter(second, self.stage + 1)

    def during(self, entered: int, left: int) -> None:
        """What happens while it rests in a stage."""
        random = self.random
        moments = sorted(entered + 600 + int((left - entered - 600) * random()) for _ in range(3))
        if moments[0] <= entered or moments[-1] >= left:
            return
        if random() < 0.25:
            self.amount *= 0.75 + 0.5 * random()
            self.set(moments[0], "amount", self.price())
        if random() < 0.08:
            self.set(moments[1], "hubspot_owner_id", self.choose_owner())
        if random() < 0.2:
            self.expect(moments[2], left + int((10 + 60 * random()) * DAY))

    def import_at(self, second: int) -> None:
        """The history begins at an import, which set what each property was then."""
        before = {name: value for moment, name, value, _ in self.values if moment <= second}
        after = [row for row in self.values if row[0] > second]
        self.values = [(second, name, value, "IMPORT") for name, value in before.items()] + after

    def stop_at(self, second: int) -> None:
        """The history ends with the creation, or at a second after it."""
        self.values = [row for row in self.values if row[0] <= max(second, self.created)]

    @property
    def history(self) -> list[tuple[int, str, str, str]]:
        """By property as HubSpot lists it, without what an import after the end of the data would bring."""
        order = list(dict.fromkeys(name for _, name, _, _ in self.values))
        rows = [row for row in self.values if row[0] < self.calendar.end]
        return sorted(rows, key=lambda row: order.index(row[1]))


class Writer:
    """Writes deals one by one; numbers rows where HubSpot has ids."""

    def __init__(self, random: Random, calendar: Calendar, files: Files) -> None:
        self.random, self.calendar, self.put, self.rows = random, calendar, files.put, files.rows

    def put_deal(self, key: str, deal: Deal, company: object, previous: str) -> None:
        random, stamp, end = self.random, self.calendar.stamp_in_utc, self.calendar.end
        now = {name: value for _, name, value, _ in deal.values}
        pipeline = next(row for row in PIPELINES if row[0] == now["pipeline"])
        places = [row[0] for row in pipeline[2]]
        place = places.index(now["dealstage"])
        is_won, is_closed = place == len(places) - 2, place >= len(places) - 2
        last = min(deal.values[-1][0], end - 1)
        contacted = ""
        for _ in range(int(4 * random() * random())):
            at = deal.created + int((last - deal.created) * random())
            kind = pick(random, ("CALL", "CALL", "MEETING"))
            owner = deal.choose_owner()
            number = self.rows["hubspot_engagements.csv"] + 1
            row = kind, owner, stamp(at), pick(random, OUTCOMES), False
            self.put("hubspot_engagements.csv", number, key, *row)
            if previous and random() < 0.03:  # one call about two deals
                self.put("hubspot_engagements.csv", number, previous, *row)
            contacted = max(contacted, stamp(at))
        if not is_closed and random() < 0.3:
            row = "MEETING", now["hubspot_owner_id"], stamp(end - 1), "SCHEDULED", False
            self.put("hubspot_engagements.csv", self.rows["hubspot_engagements.csv"] + 1, key, *row)
        for number in range(int(3 * random())):
            contact = 10_010 + 10 * int(2_000 * random()) + number
            role = "" if number else "Decision maker"
            self.put("hubspot_deal_contacts.csv", key, contact, LIFECYCLE[contact % 7 % 5], role)
        if now.get("amount") and random() < 0.3:
            product, quantity = int(3 * random()), 1 + int(4 * random())
            price = int(now["amount"]) // quantity
            self.put(
                "hubspot_line_items.csv", self.rows["hubspot_line_items.csv"] + 1, key, product + 1, PRODUCTS[product],
                quantity, price, price * quantity, now["deal_currency_code"], stamp(deal.created), False,
            )  # fmt: skip
        close = now["closedate"]
        self.put(
            "hubspot_deals.csv", key, now["pipeline"], now["dealstage"], now.get("amount", ""),
            now["deal_currency_code"], self.read_epoch(close) if deal.has_epochs else close, stamp(deal.created),
            stamp(last), now["hubspot_owner_id"], now.get("closed_lost_reason", ""), is_closed, is_won,
            pipeline[2][place][2], "COMMIT" if place == len(places) - 3 else "", pick(random, TYPES),
            pick(random, SOURCES), contacted, company, random() < 0.02,
        )  # fmt: skip

    def read_epoch(self, text: str) -> str:
        days = (self.calendar.first_day - date(1970, 1, 1)).days
        return self.calendar.stamp_in_utc(int(text) // 1_000 - days * DAY)


def read_ids(folder: Path, deals: int, months: int, seed: int) -> Iterator[str]:
    """Ids of Pipedrive's deals in the order of its log, which is written first where it is not there."""
    log = folder.parent / "pipedrive" / "deal_changes.csv"
    if not log.exists():
        pipedrive.write(log.parent, deals, months, seed)
    with log.open(encoding="utf-8", newline="") as file:
        last = ""
        for row in csv.DictReader(file):
            if row["deal_id"] != last:
                last = row["deal_id"]
                yield last


def stage_rows() -> Iterator[Row]:
    yield STAGE
    for pipeline, name, stages in PIPELINES:
        for place, (stage, label, chance, _, _) in enumerate(stages):
            is_closed = place >= len(stages) - 2
            yield stage, label, pipeline, name, place, chance, is_closed, is_closed and chance == "1", False


def owner_rows(random: Random, owners: int) -> Iterator[Row]:
    yield OWNER
    names = pair_words(FIRST_NAMES, LAST_NAMES)
    for number in range(1, owners + 1):
        first, last = names[(7 * number) % len(names)].split()
        mail = f"{first[0]}{number}@example.com".lower()
        yield number, f"{first} {last}", mail, pick(random, TEAMS), number % 6 == 3


def company_rows(random: Random, calendar: Calendar, companies: int, owners: int) -> list[Row]:
    names = pair_words(FIRST_WORDS, LAST_WORDS)
    rows: list[Row] = [COMPANY]
    for number in range(1, companies + 1):
        employees = int(2_000 * random() * random() * random()) + 3
        share = random()
        rows.append((
            500 + number, names[number % len(names)], pick(random, INDUSTRIES), pick(random, COMPANY_TYPES),
            pick(random, COUNTRIES)[0], "" if share > 0.8 else employees * (50 + int(100 * random())) * 1_000,
            "" if share > 0.95 else employees, 500 + int(number * random()) if number > 1 and share < 0.05 else "",
            1 + int(owners * random()), calendar.stamp_in_utc(int(calendar.end * random() * 0.5)), False,
        ))  # fmt: skip
    return rows


def write(folder: Path, deals: int, months: int, seed: int) -> dict[str, int]:
    """Write the nine files into `folder`. Returns data rows by file name.

    `deals` and `months` are those of the Pipedrive sample, which is read from the folder `pipedrive` beside
    `folder`, and written there first where it has none. Raises OSError when a folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    calendar = Calendar(months)
    random = stream(seed + 3)
    count, owners = count_deals(deals), count_owners(deals)
    companies = max(5, count // 4)
    tables = {
        "hubspot_pipeline_stages.csv": stage_rows(),
        "hubspot_owners.csv": owner_rows(random, owners),
        "hubspot_companies.csv": company_rows(random, calendar, companies, owners),
    }
    written = {name: write_rows(folder / name, rows) for name, rows in tables.items()}
    arrivals, place = Arrivals(calendar, SEASON, GROWTH), scatter(count, start=count // 3)
    known = read_ids(folder, deals, months, seed)
    with Files(folder, FILES) as files:
        writer = Writer(random, calendar, files)
        previous = ""
        for number in range(count):
            key = next(known, "") if number % 5 == 0 else ""
            key = key or str(8_000_000_001 + 17 * number)
            created = arrivals.at(random, (place(number) + random()) / count)
            deal = Deal(random, calendar, created, number, owners)
            is_merged = number % 33 == 8
            if is_merged:
                deal.stop_at(created + 30 * DAY)
                files.put("hubspot_merged_deals.csv", previous, key)
            elif random() < 0.08:
                deal.import_at(created + int((5 + 145 * random()) * DAY))
            for second, name, value, source in deal.history:
                at = calendar.stamp_in_utc(second)
                files.put("hubspot_deal_property_history.csv", key, name, value, at, source)
            if not is_merged or number % 2:
                company = "" if random() < 0.05 else 501 + int(companies * random())
                writer.put_deal(key, deal, company, previous)
                previous = key
    return written | files.rows
