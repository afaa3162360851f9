"""Sample Pipedrive exports: the deal change log, activities, stages, fields and users."""

import csv
import json
import os
from collections.abc import Iterator, Sequence
from math import isqrt
from operator import itemgetter
from pathlib import Path
from random import Random as Generator
from typing import TextIO

from sampling import DAY, SPREAD_OF_AMOUNTS, SPREAD_OF_DURATIONS, Arrivals, Calendar, Random, pick, quantile, scatter

SALES = {
    1: "Lead Generation",
    2: "Qualified Lead",
    3: "Needs Assessment",
    4: "Proposal/Quote Preparation",
    5: "Negotiation",
    6: "Closing",
    7: "Implementation/Onboarding",
    8: "Follow-up/Customer Success",
    9: "Renewal/Expansion",
}
PARTNER = {
    11: "Partner Lead",
    12: "Partner Qualified",
    13: "Partner Proposal",
    14: "Partner Negotiation",
    15: "Partner Closing",
}
LOST_REASONS = ("No Budget", "Chose a Competitor", "No Response", "Missing Capability", "Duplicate Deal")

# Per stage: median days, chance to be lost there, chance to be won there. The last stage of a pipeline ends the deal.
STAGES = {
    1: (7, 0.25, 0.0),
    2: (8, 0.23, 0.0),
    3: (10, 0.21, 0.0),
    4: (18, 0.23, 0.0),
    5: (14, 0.22, 0.04),
    6: (8, 0.18, 0.20),
    7: (14, 0.10, 0.25),
    8: (12, 0.10, 0.35),
    9: (10, 0.30, 0.70),
    11: (7, 0.22, 0.0),
    12: (9, 0.22, 0.0),
    13: (16, 0.22, 0.05),
    14: (12, 0.20, 0.20),
    15: (8, 0.30, 0.70),
}
LAST_STAGES = (9, 15)
STEPS_FORWARD = (1,) * 69 + (2,) * 20 + (3,) * 8 + (-1,) * 3  # what a deal does when it leaves a stage open

# Options of lost_reason by where the deal was: silence early, money and competitors late.
LOST_REASONS_EARLY = "3333355124"
LOST_REASONS_MIDDLE = "1112223445"
LOST_REASONS_LATE = "1122222143"

# A rep's tier is id mod 3. Strong, average, weak: factor on the chance to lose, factor on every duration.
TIERS = ((0.65, 0.85), (1.0, 1.0), (1.4, 1.2))
# Small deals are won more often and faster than large ones: upper bound of the value, the same two factors.
BANDS = ((10_000, (0.8, 0.9)), (50_000, (1.05, 1.0)), (float("inf"), (1.5, 1.2)))

SEASON = (1.0, 1.0, 1.02, 1.02, 1.03, 1.02, 0.99, 0.95, 1.0, 1.03, 1.02, 0.97)
GROWTH = 0.012  # of the first month, per month

FIRST_NAMES = (
    "Amara Bram Carmen Dmitri Elif Farah Gustav Hana Ivo Jolanda Kwame Lucía Mateus Nadia Oskar Priya Quentin Rosa "
    "Sanjay Tilda Umar Vera Wim Xenia Yara Zoë Anselm Brigid Cosmo Dalia Edwin Fiona Gideon Henrike Ingrid Jasper"
).split()
LAST_NAMES = (
    "Abbott Bergström Castellano Dvořák Eriksen Fontaine Grünwald Haddad Ito Jansen Kowalczyk Lindqvist Moreau Nakata "
    "O'Brien Petrov Quist Rasmussen Silva Tanaka Underhill Vasquez Whitlock Xu Yilmaz Zeman Achterberg Blackwood "
    "Calloway Dragan Esposito Fairchild"
).split()
TITLES = ("Mr. ", "Ms. ", "Dr. ")
SUFFIXES = (" MD", " PhD", " Jr.")
MAIL_DOMAINS = ("example.com", "example.org", "example.net")

ACTIVITY_TYPES = (
    (1, "Sales Call 1", "Yes", "meeting"),
    (2, "Sales Call 2", "Yes", "sc_2"),
    (3, "Follow Up Call", "No", "follow_up"),
    (4, "After Close Call", "Yes", "after_close_call"),
)
OUTSIDE_TYPES = tuple(row[3] for row in ACTIVITY_TYPES)


class World:
    """What all deals of one run share."""

    def __init__(self, random: Random, calendar: Calendar, users: int) -> None:
        self.random = random
        self.calendar = calendar
        self.users = users


class Life:
    """One deal's life from creation to its end or the end of the data.

    rows: (second, ",field,value") in time order; activities: (type, user, done, due second).
    """

    def __init__(self, world: World, created: int, is_partner: bool, lag: float) -> None:
        self.is_partner = is_partner
        self.random = world.random
        self.calendar = world.calendar
        self.world = world
        self.rows: list[tuple[int, str]] = []
        self.activities: list[tuple[str, int, bool, int]] = []
        self.created = created
        self.ended = world.calendar.end
        self.live(lag)

    def live(self, lag: float) -> None:
        random, later, put = self.random, self.calendar.later, self.rows.append
        created = self.created
        put((created, f",add_time,{self.calendar.stamp(created, 'T')}"))
        put((created, ",status,open"))
        is_partner = self.is_partner
        put((created, ",pipeline_id,2" if is_partner else ",pipeline_id,1"))
        self.price(created)
        self.expected = None
        if random() < 0.94:
            self.expect(created, int(created // DAY + 40 + random() * 90))

        # The deal waits `wait` days for its first stage; its first owner takes it somewhere on the way and, as in
        # real exports, often hands it over before any stage is reached.
        wait = 15 * quantile(SPREAD_OF_DURATIONS, lag)
        self.assign(later(random, created, wait * 0.4 * random()))
        if random() < 0.25:
            self.assign(later(random, created, wait * (0.5 + 0.4 * random())))
        entered = max(later(random, created, wait), self.rows[-1][0] + 60)
        stage = 11 if is_partner else 1
        if random() < 0.03:
            stage += 1
        self.work(stage, entered)
        self.rows.sort(key=itemgetter(0))

    def assign(self, second: int) -> None:
        # The product of two draws favours low ids: a few reps own many deals, as in any team.
        self.owner = 1 + int(self.random() * (0.4 + 0.6 * self.random()) * self.world.users)
        self.rows.append((second, f",user_id,{self.owner}"))

    def price(self, created: int) -> None:
        random = self.random
        self.value = 15_000 * quantile(SPREAD_OF_AMOUNTS, random())
        for bound, factors in BANDS:
            if self.value < bound:
                self.band = factors
                break
        currency = pick(random, ("EUR",) * 6 + ("USD",) * 3 + ("GBP",))
        share = random()
        self.is_priced = share < 0.93
        if share < 0.80:
            second = created
        elif share < 0.93:
            second = self.calendar.later(random, created, 20 * random())
        else:
            return
        self.rows.append((second, f",value,{self.amount()}"))
        self.rows.append((second, f",currency,{currency}"))

    def amount(self) -> str:
        if self.random() < 0.12:
            return f"{int(self.value)}.50"
        return str(int(self.value / 50) * 50 + 50)

    def expect(self, second: int, day: int) -> None:
        if self.random() < 0.3:
            day = self.calendar.month_end(day)
        if day != self.expected:
            self.expected = day
            self.rows.append((second, f",expected_close_date,{self.calendar.dates[day]}"))

    def work(self, stage: int, entered: int) -> None:
        """Walk through the stages until the deal ends or the data does."""
        random, later, put, end = self.random, self.calendar.later, self.rows.append, self.calendar.end
        has_been_lost = False
        while entered < end:
            put((entered, f",stage_id,{stage}"))
            days, lost, won = STAGES[stage]
            tier = TIERS[self.owner % 3]
            left = later(random, entered, days * tier[1] * self.band[1] * quantile(SPREAD_OF_DURATIONS, random()))
            self.during(stage, entered, left)
            share = random()
            lost *= tier[0] * self.band[0]
            if share < lost:
                self.lose(stage, left)
                if has_been_lost or random() > 0.03:
                    self.ended = left
                    return
                has_been_lost = True
                left = later(random, left, 3 + 30 * random())
                put((left, ",status,open"))
                entered = later(random, left, 2 + 5 * random())
                continue
            if share > 1 - won or stage in LAST_STAGES:
                put((left, ",status,won"))
                self.ended = left
                if stage not in LAST_STAGES and random() < 0.03:
                    put((later(random, left, 10 * random()), f",stage_id,{stage + 1}"))
                if random() < 0.5:
                    self.call("after_close_call", later(random, left, 1 + 20 * random()), 0.85)
                return
            if share > 0.985 - won:
                if share > 0.998 - won:
                    put((left, ",status,deleted"))
                    self.ended = left
                return  # nobody touches it any more: open for good
            if stage in (12, 13) and random() < 0.03:
                put((left, ",pipeline_id,1"))
                stage = 3
            else:
                first, last = (1, 9) if stage < 10 else (11, 15)
                stage = min(max(stage + pick(random, STEPS_FORWARD), first), last)
            entered = left

    def lose(self, stage: int, second: int) -> None:
        place = stage % 10
        tickets = LOST_REASONS_EARLY if place < 3 else LOST_REASONS_MIDDLE if place < 5 else LOST_REASONS_LATE
        if self.random() < 0.97:
            self.rows.append((second, f",lost_reason,{pick(self.random, tickets)}"))
        self.rows.append((second, ",status,lost"))

    def during(self, stage: int, entered: int, left: int) -> None:
        """What happens while the deal rests in a stage: calls, a new price, a new expected close, a new owner."""
        random, later = self.random, self.calendar.later
        days = (left - entered) / DAY
        share = random()
        if stage in (2, 12):
            if share < 0.42:
                self.call("meeting", later(random, entered, days * 1.15 * random()), 0.85)
        elif stage in (3, 13):
            if share < 0.45:
                self.call("sc_2", later(random, entered, days * 1.15 * random()), 0.85)
        elif stage in (4, 5, 14):
            if share < 0.22 and self.is_priced:
                self.value *= 0.75 + 0.5 * random()
                self.rows.append((later(random, entered, days * random()), f",value,{self.amount()}"))
        share = random()
        if share < 0.08:
            self.call("follow_up", later(random, entered, days * random()), 0.7)
        elif share < 0.1:
            self.assign(min(later(random, entered, days * random()), left - 60))
        if self.expected is None:
            return
        day = left // DAY
        if day > self.expected:
            if random() < 0.7:
                self.expect(later(random, entered, days * random()), day + 14 + int(60 * random()))
        elif random() < 0.06:
            pulled = max(self.expected - 7 - int(40 * random()), entered // DAY + 5)
            if pulled < self.expected:
                self.expect(later(random, entered, days * random()), pulled)

    def call(self, kind: str, due: int, done: float) -> None:
        if due < self.calendar.end:
            self.activities.append((kind, self.owner, self.random() < done, due))


def users_rows(random: Random, calendar: Calendar, users: int) -> Iterator[Sequence[object]]:
    """id, name, email, modified; the first few repeat an earlier name or e-mail."""
    name_at = scatter(len(FIRST_NAMES) * len(LAST_NAMES))
    names: list[str] = []
    mails: list[str] = []
    for index in range(users):
        first, last = divmod(name_at(index), len(LAST_NAMES))
        name = f"{FIRST_NAMES[first % len(FIRST_NAMES)]} {LAST_NAMES[last]}"
        mail = f"{FIRST_NAMES[first % len(FIRST_NAMES)]}.{index + 1}@{pick(random, MAIL_DOMAINS)}".lower()
        mail = mail.replace("ë", "e").replace("í", "i")
        share = random()
        if share < 0.05:
            name = pick(random, TITLES) + name
        elif share < 0.1:
            name += pick(random, SUFFIXES)
        if index >= 10 and index % 20 == 10:
            name = names[index - 9]
        if index >= 10 and index % 30 == 17:
            mail = mails[index - 13]
        names.append(name)
        mails.append(mail)
        modified = int(random() * calendar.end)
        yield index + 1, name, mail, f"{calendar.stamp(modified)}.{int(random() * 1_000_000):06d}"


def options(labels: dict[str, str]) -> str:
    return json.dumps([{"id": key, "label": label} for key, label in labels.items()])


def write_table(path: Path, rows: Sequence[Sequence[object]], ends_with_newline: bool = True) -> int:
    """A small file in one go; like real exports, some lack the newline after the last row. Returns the data rows."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows(rows)
        if not ends_with_newline:
            file.truncate(file.tell() - 1)
    return len(rows) - 1


def write(folder: Path, deals: int, months: int, seed: int) -> dict[str, int]:
    """Write the six files into `folder`. Returns data rows by file name.

    Raises OSError when the folder cannot be written.
    """
    os.makedirs(folder, exist_ok=True)
    calendar = Calendar(months)
    random = Generator(seed).random
    users = 20 + isqrt(deals)
    stages = [("stage_id", "stage_name", "pipeline_id", "order_nr", "deal_probability", "rotten_days")]
    for pipeline, labels in ((1, SALES), (2, PARTNER)):
        for order, (stage, label) in enumerate(labels.items(), start=1):
            # "Qualified lead" in stages, "Qualified Lead" in fields: real exports disagree about the case too.
            label = "Qualified lead" if stage == 2 else label
            stages.append((stage, label, pipeline, order, order * 100 // (len(labels) + 1), 30 if order < 6 else ""))
    fields = [
        ("ID", "FIELD_KEY", "NAME", "FIELD_VALUE_OPTIONS"),
        (1, "add_time", "Deal created", ""),
        (2, "user_id", "Owner", ""),
        (5, "stage_id", "Stage", options({str(key): label for key, label in {**SALES, **PARTNER}.items()})),
        (6, "pipeline_id", "Pipeline", options({"1": "Sales", "2": "Partner"})),
        (9, "status", "Status", options({s: s.capitalize() for s in ("open", "won", "lost", "deleted")})),
        (12, "lost_reason", "Lost reason", options({str(n): r for n, r in enumerate(LOST_REASONS, start=1)})),
        (14, "value", "Value", ""),
        (15, "currency", "Currency", ""),
        (19, "expected_close_date", "Expected close date", ""),
    ]
    written = {
        "activity_types.csv": write_table(
            folder / "activity_types.csv", [("id", "name", "active", "type"), *ACTIVITY_TYPES], ends_with_newline=False
        ),
        "stages.csv": write_table(folder / "stages.csv", stages, ends_with_newline=False),
        "fields.csv": write_table(folder / "fields.csv", fields, ends_with_newline=False),
        "users.csv": write_table(
            folder / "users.csv", [("id", "name", "email", "modified"), *users_rows(random, calendar, users)]
        ),
    }
    with (
        open(folder / "deal_changes.csv", "w", encoding="utf-8", newline="") as changes,
        open(folder / "activity.csv", "w", encoding="utf-8", newline="") as activities,
    ):
        written.update(write_deals(changes, activities, World(random, calendar, users), deals))
    return written


def write_deals(changes: TextIO, activities: TextIO, world: World, deals: int) -> dict[str, int]:
    random, calendar = world.random, world.calendar
    weights = [SEASON[month % 12] * (1 + GROWTH * month) for month in range(calendar.months)]
    arrivals = Arrivals(calendar, weights)
    place = scatter(deals, start=deals // 3)
    room = 900_000
    while room < 20 * deals:
        room *= 10
    deal_at, activity_at = scatter(room, start=54_321), scatter(room, start=12_345)
    changes.write("deal_id,change_time,changed_field_key,new_value\n")
    activities.write("activity_id,type,assigned_to_user,deal_id,done,due_to\n")
    change_rows = activity_rows = outside = 0
    reused: tuple[int, int, int] | None = None
    dates, clock, end = calendar.dates, calendar.clock, calendar.end
    lowest = room // 9
    for number in range(deals):
        deal_id = lowest + deal_at(number)
        created = arrivals.at(random, (place(number) + random()) / deals)
        if number % 400 == 399 and reused:
            deal_id, begun, ended = reused
            created = calendar.later(random, begun, (ended - begun) / DAY * (0.2 + 0.5 * random()))
        life = Life(world, created, is_partner=number % 25 in (4, 16), lag=number * 0.7548776662 % 1)
        if number % 400 == 200:
            reused = None
        if number % 400 >= 200 and not reused and end > life.ended > created + 60 * DAY:
            reused = deal_id, created, life.ended
        lines = [
            f"{deal_id},{dates[second // DAY]} {clock[second % DAY]}{rest}\n"
            for second, rest in life.rows
            if second < end
        ]
        changes.write("".join(lines))
        change_rows += len(lines)
        calls = [(deal_id, *call) for call in life.activities]
        for _ in range(1 if random() < 0.6 else 2):
            outside += 1
            stranger = lowest + deal_at(deals + outside)
            calls.append(
                (
                    stranger,
                    pick(random, OUTSIDE_TYPES),
                    1 + int(random() * world.users),
                    random() < 0.5,
                    arrivals.at(random, random()),
                )
            )
        for deal, kind, user, done, due in calls:
            activity_rows += 1
            # Two different activities under one id, as real exports have: every 400th repeats the id of the 150th before.
            ordinal = activity_rows - 150 if activity_rows % 400 == 0 else activity_rows
            activities.write(
                f"{lowest + activity_at(ordinal)},{kind},{user},{deal},{done},{dates[due // DAY]}T{clock[due % DAY]}\n"
            )
    return {"deal_changes.csv": change_rows, "activity.csv": activity_rows}
