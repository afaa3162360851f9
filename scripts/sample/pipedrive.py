"""Sample Pipedrive exports: what real ones have, traps included, and what a fuller log adds.

Invented from distributions; no row comes from a real export. About 12 change rows and 2.2 activities a
deal. Shares are of deal ids unless another base is named; the default sample lies within a point or two of
them.

As in real exports
- Times carry no offset; add_time's value repeats its change time with a T. Deals stand one after the other
  in no order of time. activity_types, stages and fields lack the newline after the last row.
- 0.25 %: one id for two deals whose lives interleave (two add_times; re-entries, moves back, events after a
  loss). They are collisions, not reopenings. Each life stands apart in the file.
- 0.25 % of activity ids stand for two activities on different deals; (activity_id, deal_id) is unique.
- 60 % of activities belong to deals that the log lacks (in the public export nearly all, which would leave
  little to see); there half are done, on the log's deals 85 % of calls and 70 % of follow-ups.
- follow_up is inactive and has a fourth of the activities. done is True or False.
- 41 % skip stages; 3 % start at the second one; 25 % change owner before the first; for half of them the
  first stage lies in a later month than the creation; 4 % have no stage yet.
- A fourth of a month's last day falls into 22:00 to 24:00: 0.7 % of stage entries are in the next month in
  Europe/Berlin.
- Users: 5 % carry a title, 5 % a suffix; one in 20 repeats a name, one in 30 an e-mail. Their number grows
  with the square root of the deals. "Qualified lead" in stages is "Qualified Lead" in fields.

As in a fuller log
- status: open at creation; then won 20 % (a fourth of the closed), lost 63 %, deleted 0.7 %; 16 % are open
  when the data ends, young ones mostly, some forgotten for good. 2 % are reopened after a loss and enter
  their stage again. 2 % of the won move on to another stage after the win.
- lost_reason: at the second of the loss, missing for 3 % of losses; depends on the stage.
- value: at creation 80 %, some days later 13 %, never 7 % (no currency either); 12 % change it later; 12 %
  have cents. EUR 60 %, USD 30 %, GBP 10 %.
- expected_close_date: 94 %; pushed at least once 22 %, pulled in 12 %; three in ten are the end of a month.
- pipeline_id: 8 % in pipeline 2, Partner, with stages 11 to 15; 0.14 % move from there to stage 3 of
  pipeline 1.
- 4 % move back; 6 % change owner after the first stage; 2 % log the same stage twice in a row.

The list of deals (deals.csv)
- The state of each deal on the last day. Of 400 deals one is missing, one has moved on and one has another
  owner, without a row in the log; one stands for two lives under one id.

Organisations, products and leads (organizations.csv, deal_products.csv, pipedrive_leads.csv): see sold.py. Four of five
deals name a person in deals.csv, every second of them one that the deal before names too.

What an analysis should find
- Win rate by the owner's tier, user id mod 3: about 0.38, 0.24, 0.13; the strong are also faster. By value:
  under 10 000 about 0.31, to 50 000 0.23, above 0.15. Proposal is the slowest stage.
- First entries to stage 1 grow by 1.2 % of the first month per month with a weak August and December. The
  first month is low because deals need about two weeks to reach the stage; later no month falls by 15 %.

Left out: weekends, holidays, activities due after the end of the data, cleared values, changes of currency.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from math import isqrt
from operator import itemgetter
from pathlib import Path

from sample.draws import (
    DAY,
    SPREAD_OF_AMOUNTS,
    SPREAD_OF_DURATIONS,
    Arrivals,
    Calendar,
    Files,
    Row,
    pair_words,
    pick,
    pick_owner,
    quantile,
    scatter,
    stream,
    write_rows,
)
from sample.sold import DEAL_PRODUCT, ORGANIZATION, Lines, lead_rows, organization_rows

LOST_REASONS = ("No Budget", "Chose a Competitor", "No Response", "Missing Capability", "Duplicate Deal")

# By stage: name, median days there, chance to be lost there, chance to be won there.
SALES = {
    1: ("Lead Generation", 7, 0.25, 0.0),
    2: ("Qualified Lead", 8, 0.23, 0.0),
    3: ("Needs Assessment", 9, 0.21, 0.0),
    4: ("Proposal/Quote Preparation", 17, 0.23, 0.0),
    5: ("Negotiation", 12, 0.22, 0.04),
    6: ("Closing", 8, 0.18, 0.20),
    7: ("Implementation/Onboarding", 12, 0.10, 0.25),
    8: ("Follow-up/Customer Success", 10, 0.10, 0.35),
    9: ("Renewal/Expansion", 9, 0.35, 0.65),
}
PARTNER = {
    11: ("Partner Lead", 7, 0.22, 0.0),
    12: ("Partner Qualified", 8, 0.22, 0.0),
    13: ("Partner Proposal", 15, 0.22, 0.05),
    14: ("Partner Negotiation", 10, 0.20, 0.20),
    15: ("Partner Closing", 8, 0.35, 0.65),
}
STAGES = SALES | PARTNER
LAST_STAGES = (9, 15)  # left only as won or lost
MOVES = (1,) * 69 + (2,) * 20 + (3,) * 8 + (-1,) * 3  # to which stage an open deal goes next

# Tickets for lost_reason by where the deal was: silence and duplicates early, money and competitors late.
LOST_EARLY = "3333355124"
LOST_MIDDLE = "1112223445"
LOST_LATE = "1122222143"

# The owner's tier is user id mod 3 (strong, average, weak): factor on the chance to lose, on every duration.
TIERS = ((0.65, 0.85), (1.0, 1.0), (1.4, 1.2))
# Small deals are won more often and sooner: upper bound of the value, then the same two factors.
BANDS = ((10_000, (0.8, 0.9)), (50_000, (1.05, 1.0)), (float("inf"), (1.35, 1.2)))

SEASON = (1.0, 1.0, 1.02, 1.02, 1.03, 1.02, 0.99, 0.95, 1.0, 1.03, 1.02, 0.97)
GROWTH = 0.012  # per month, of the first month
CURRENCIES = ("EUR",) * 6 + ("USD",) * 3 + ("GBP",)

ACTIVITY_TYPES = (  # id, name, active, type
    (11, "Sales Call 1", "Yes", "meeting"),
    (12, "Sales Call 2", "Yes", "sc_2"),
    (13, "Follow-up Call", "No", "follow_up"),
    (14, "After-close Call", "Yes", "after_close_call"),
)
FIRST_NAMES = (
    "Amara Bram Carmen Dmitri Elif Farah Gustav Hana Ivo Jolanda Kwame Lucía Mateus Nadia Oskar Priya "
    "Quentin Rosa Sanjay Tilda Umar Vera Wim Xenia Yara Zoë Anselm Brigid Cosmo Dalia Edwin Fiona Gideon "
    "Henrike Ingrid Jasper"
)
LAST_NAMES = (
    "Abbott Bergström Castellano Dvořák Eriksen Fontaine Grünwald Haddad Ito Jansen Kowalczyk Lindqvist "
    "Moreau Nakata O'Brien Petrov Quist Rasmussen Silva Tanaka Underhill Vasquez Whitlock Xu Yilmaz Zeman "
    "Achterberg Blackwood Calloway Dragan Esposito Fairchild"
)
TITLES = ("Mr. ", "Ms. ", "Dr. ")
SUFFIXES = (" MD", " PhD", " Jr.")
MAIL_DOMAINS = ("example.com", "example.org", "example.net")  # reserved: no mail can reach anyone

# Columns of deals.csv, and how the log calls those that it calls otherwise.
STATE_FIELDS = (
    "pipeline_id",
    "stage_id",
    "owner_id",
    "status",
    "value",
    "currency",
    "expected_close_date",
    "lost_reason",
)
FILES = {
    "deal_changes.csv": ("deal_id", "change_time", "changed_field_key", "new_value"),
    "activity.csv": ("activity_id", "type", "assigned_to_user", "deal_id", "done", "due_to"),
    "deals.csv": ("id", *STATE_FIELDS, "add_time", "update_time", "won_time", "lost_time", "person_id"),
    "deal_products.csv": DEAL_PRODUCT,
}
LOGGED_AS = {"owner_id": "user_id"}


class World:
    """What all deals of one run share."""

    def __init__(self, deals: int, months: int, seed: int) -> None:
        self.deals = deals
        self.random = stream(seed)
        self.calendar = Calendar(months)
        self.users = 20 + isqrt(deals)
        self.arrivals = Arrivals(self.calendar, SEASON, GROWTH)


class Life:
    """One deal from its creation to its end, or to the end of the data.

    rows: (second, field, value) in time order; activities: (type, user, done, due second). Both may run past
    the end of the data; the writer leaves that part out. `ended` is the last closing's second, or None.
    """

    def __init__(self, world: World, created: int, is_partner: bool, lag: float) -> None:
        self.random, self.later, self.calendar = world.random, world.calendar.later, world.calendar
        self.users = world.users
        self.rows: list[tuple[int, str, str]] = [
            (created, "add_time", self.calendar.stamp(created, "T")),
            (created, "status", "open"),
            (created, "pipeline_id", "2" if is_partner else "1"),
        ]
        self.activities: list[tuple[str, int, bool, int]] = []
        self.ended: int | None = None
        self.expected: int | None = None
        self.set_value(created)
        if self.random() < 0.94:
            self.expect(created, created // DAY + 40 + int(90 * self.random()))
        first_stage = 11 if is_partner else 1
        if self.random() < 0.03:
            first_stage += 1
        self.work(first_stage, self.wait(created, 15 * quantile(SPREAD_OF_DURATIONS, lag)))
        self.rows.sort(key=itemgetter(0))

    def wait(self, created: int, days: float) -> int:
        """Get an owner and, for a quarter, another one. Returns when the first stage is entered."""
        random = self.random
        self.assign(self.later(random, created, days * 0.4 * random()))
        if random() < 0.25:
            self.assign(self.later(random, self.rows[-1][0], days * 0.5 * random()))
        return max(self.later(random, created, days), self.rows[-1][0] + 60)

    def assign(self, second: int) -> None:
        self.owner = pick_owner(self.random, self.users)
        self.rows.append((second, "user_id", str(self.owner)))

    def set_value(self, created: int) -> None:
        """Draw the deal's size; 80 % are priced at creation, 13 % within three weeks, 7 % never."""
        random = self.random
        self.value = 15_000 * quantile(SPREAD_OF_AMOUNTS, random())
        self.band = next(factors for bound, factors in BANDS if self.value < bound)
        share = random()
        self.is_priced = share < 0.93
        if self.is_priced:
            second = created if share < 0.80 else self.later(random, created, 20 * random())
            self.rows.append((second, "value", self.amount()))
            self.rows.append((second, "currency", pick(random, CURRENCIES)))

    def amount(self) -> str:
        if self.random() < 0.12:
            return f"{int(self.value)}.50"
        return str(int(self.value / 50) * 50 + 50)

    def expect(self, second: int, day: int) -> None:
        """Set the expected close date, three times in ten to the end of that month."""
        if self.random() < 0.3:
            day = self.calendar.month_end(day)
        if day != self.expected:
            self.expected = day
            self.rows.append((second, "expected_close_date", self.calendar.dates[day]))

    def work(self, stage: int, entered: int) -> None:
        """Walk through the stages until the deal ends or the data does."""
        random, later, put, end = self.random, self.later, self.rows.append, self.calendar.end
        may_reopen = True
        while entered < end:
            put((entered, "stage_id", str(stage)))
            _, median_days, lost, won = STAGES[stage]
            tier = TIERS[self.owner % 3]
            days = median_days * (tier[1] * self.band[1])
            left = later(random, entered, days * quantile(SPREAD_OF_DURATIONS, random()))
            self.rest(stage, entered, left)
            share = random()
            if share < lost * tier[0] * self.band[0]:
                self.lose(stage, left)
                if not may_reopen or random() > 0.03:
                    return
                may_reopen = False
                left = later(random, left, 3 + 30 * random())
                put((left, "status", "open"))
                self.ended = None
                entered = later(random, left, 2 + 5 * random())
                continue
            if share > 1 - won or stage in LAST_STAGES:
                self.win(stage, left)
                return
            if share > 0.998 - won:
                put((left, "status", "deleted"))
                return
            if share > 0.987 - won:
                return  # forgotten: open for good
            if stage in (12, 13) and random() < 0.03:
                put((left, "pipeline_id", "1"))
                stage = 3
            else:
                first, last = (1, 9) if stage < 10 else (11, 15)
                stage = min(max(stage + pick(random, MOVES), first), last)
            entered = left

    def lose(self, stage: int, second: int) -> None:
        place = stage % 10
        tickets = LOST_EARLY if place < 3 else LOST_MIDDLE if place < 5 else LOST_LATE
        if self.random() < 0.97:
            self.rows.append((second, "lost_reason", pick(self.random, tickets)))
        self.rows.append((second, "status", "lost"))
        self.ended = second

    def win(self, stage: int, second: int) -> None:
        random = self.random
        self.rows.append((second, "status", "won"))
        self.ended = second
        if stage not in LAST_STAGES and random() < 0.03:
            self.rows.append((self.later(random, second, 10 * random()), "stage_id", str(stage + 1)))
        if random() < 0.5:
            self.call("after_close_call", self.later(random, second, 1 + 20 * random()), 0.85)

    def rest(self, stage: int, entered: int, left: int) -> None:
        """What happens while the deal rests in a stage: calls, a new price, owner or expected close date."""
        random = self.random
        days = (left - entered) / DAY
        share = random()
        if stage in (2, 12):
            if share < 0.5:  # some calls take place only after the deal has moved on
                self.call("meeting", self.later(random, entered, days * 1.15 * random()), 0.85)
        elif stage in (3, 13):
            if share < 0.55:
                self.call("sc_2", self.later(random, entered, days * 1.15 * random()), 0.85)
        elif stage in (4, 5, 14) and share < 0.22 and self.is_priced:
            self.value *= 0.75 + 0.5 * random()
            self.rows.append((self.during(entered, left), "value", self.amount()))
        share = random()
        if share < 0.10:
            self.call("follow_up", self.during(entered, left), 0.7)
        elif share < 0.12:
            self.assign(self.during(entered, left))
        if self.expected is not None:
            self.review_expected_close(self.expected, entered, left)

    def review_expected_close(self, expected: int, entered: int, left: int) -> None:
        """Push a date that the deal outlives, three times out of ten too late or never; pull some in."""
        random = self.random
        day = left // DAY
        if day > expected:
            if random() < 0.7:
                self.expect(self.during(entered, left), day + 14 + int(60 * random()))
        elif random() < 0.06:
            pulled = max(expected - 7 - int(40 * random()), entered // DAY + 5)
            if pulled < expected:
                self.expect(self.during(entered, left), pulled)

    def during(self, entered: int, left: int) -> int:
        moment = self.later(self.random, entered, (left - entered) / DAY * self.random())
        return min(moment, left - 60)

    def call(self, kind: str, due: int, done: float) -> None:
        self.activities.append((kind, self.owner, self.random() < done, due))


class Log:
    """Writes deals one by one to the large files, so that memory does not grow with their number."""

    def __init__(self, world: World, files: Files, lines: Lines) -> None:
        self.world, self.files, self.lines = world, files, lines
        self.outside_deals = 0
        self.place = scatter(world.deals, start=world.deals // 3)
        room = 900_000  # six digits, as real ids have, or more where the scale needs them
        while room < 20 * world.deals:
            room *= 10
        self.lowest_id = room // 9
        self.deal_at = scatter(room, start=int(world.random() * room))
        self.activity_at = scatter(room, start=int(world.random() * room))
        self.taken_twice: tuple[int, int, int] | None = None

    def add_deal(self, number: int) -> None:
        """Write the deal with this number, 0 … deals-1, and its activities.

        Creation is spread evenly over time by number, and so is the wait for the first stage within every
        stretch of time: months then differ by season and growth, not by luck.
        """
        world = self.world
        random, calendar = world.random, world.calendar
        deal_id = self.lowest_id + self.deal_at(number)
        created = world.arrivals.at(random, (self.place(number) + random()) / world.deals)
        if number % 400 == 399 and self.taken_twice:
            deal_id, begun, ended = self.taken_twice
            self.taken_twice = None
            created = calendar.later(random, begun, (ended - begun) / DAY * (0.2 + 0.5 * random()))
        life = Life(world, created, is_partner=number % 25 in (4, 16), lag=number * 0.7548776662 % 1)
        closed = life.ended
        may_be_taken = 200 <= number % 400 < 399 and not self.taken_twice
        if may_be_taken and closed is not None and created + 60 * DAY < closed < calendar.end:
            self.taken_twice = deal_id, created, closed
        self.write_changes(deal_id, life)
        self.write_activities(deal_id, life)
        if number % 400 != 399:  # of two lives under one id the list has one
            self.write_state(number, deal_id, life)

    def write_changes(self, deal_id: int, life: Life) -> None:
        calendar = self.world.calendar
        for second, field, value in life.rows:
            if second < calendar.end:
                self.files.put("deal_changes.csv", deal_id, calendar.stamp(second), field, value)

    def write_state(self, number: int, deal_id: int, life: Life) -> None:
        """Write the deal as Pipedrive's list shows it on the last day; a few otherwise than the log, see above."""
        calendar = self.world.calendar
        rows = [row for row in life.rows if row[0] < calendar.end]
        state = {field: value for _, field, value in rows}
        if number % 400 == 50:
            return
        if number % 8 == 0 and state.get("value"):
            self.lines.add_deal(deal_id, int(float(state["value"])), state["currency"])
        if number % 400 == 150 and state["status"] == "open" and "stage_id" in state:
            state["stage_id"] = "15" if state["pipeline_id"] == "2" else "9"
        if number % 400 == 250 and "user_id" in state:
            state["user_id"] = str(1 + int(state["user_id"]) % self.world.users)
        closed = {"won": "", "lost": ""}
        if state["status"] in closed:
            moved = max(second for second, field, _ in rows if field == "status")
            closed[state["status"]] = calendar.stamp(moved)
        times = (
            calendar.stamp(rows[0][0]),
            calendar.stamp(rows[-1][0] + 60),
            *closed.values(),
        )
        fields = (state.get(LOGGED_AS.get(field, field), "") for field in STATE_FIELDS)
        person = "" if number % 5 == 0 else str(1 + number // 2)
        self.files.put("deals.csv", deal_id, *fields, *times, person)

    def write_activities(self, deal_id: int, life: Life) -> None:
        """Write the deal's activities, and one or two on deals that the log does not hold."""
        world = self.world
        random, calendar = world.random, world.calendar
        calls = [(deal_id, *call) for call in life.activities if call[3] < calendar.end]
        for _ in range(1 if random() < 0.7 else 2):
            stranger = self.lowest_id + self.deal_at(world.deals + self.outside_deals)
            self.outside_deals += 1
            kind = pick(random, ACTIVITY_TYPES)[3]
            user = 1 + int(random() * world.users)
            calls.append((stranger, kind, user, random() < 0.5, world.arrivals.at(random, random())))
        for deal, kind, user, done, due in calls:
            # Every 400th activity carries the id of another one, 150 rows before.
            ordinal = self.files.rows["activity.csv"] + 1
            ordinal -= 150 if ordinal % 400 == 0 else 0
            activity_id = self.lowest_id + self.activity_at(ordinal)
            self.files.put("activity.csv", activity_id, kind, user, deal, done, calendar.stamp(due, "T"))


def user_rows(world: World) -> Iterator[Row]:
    """The header, then users in order of id; from the eleventh on, some repeat an earlier name or e-mail."""
    yield "id", "name", "email", "modified", "active_flag"
    random, calendar = world.random, world.calendar
    pairs = pair_words(FIRST_NAMES, LAST_NAMES)
    names: list[str] = []
    mails: list[str] = []
    for index in range(world.users):
        name = pair = pairs[index % len(pairs)]
        share = random()
        if share < 0.05:
            name = pick(random, TITLES) + name
        elif share < 0.10:
            name += pick(random, SUFFIXES)
        if index % 20 == 10:
            name = names[index - 9]
        mail = f"{pair[0]}{index + 1}@{pick(random, MAIL_DOMAINS)}".lower()
        if index % 30 == 17:
            mail = mails[index - 13]
        names.append(name)
        mails.append(mail)
        modified = calendar.stamp(int(random() * calendar.end))
        yield index + 1, name, mail, f"{modified}.{int(random() * 1_000_000):06d}", index % 12 != 11


def stage_rows() -> Iterator[Row]:
    yield "stage_id", "stage_name", "pipeline_id", "order_nr", "deal_probability", "rotten_days"
    for pipeline_id, stages in ((1, SALES), (2, PARTNER)):
        for order, (stage, (label, *_)) in enumerate(stages.items(), start=1):
            # As in real exports the case differs: "Qualified lead" in stages, "Qualified Lead" in fields.
            name = "Qualified lead" if stage == 2 else label
            yield stage, name, pipeline_id, order, 100 * order // (len(stages) + 1), 30 if order < 6 else ""


def field_rows() -> Iterator[Row]:
    def choices(labels: Mapping[int, str] | Mapping[str, str]) -> str:
        # Ids are strings, as in real exports.
        return json.dumps([{"id": str(key), "label": label} for key, label in labels.items()])

    yield "ID", "FIELD_KEY", "NAME", "FIELD_VALUE_OPTIONS"
    yield 1, "add_time", "Deal created", ""
    yield 2, "user_id", "Owner", ""
    yield 5, "stage_id", "Stage", choices({stage: label for stage, (label, *_) in STAGES.items()})
    yield 6, "pipeline_id", "Pipeline", choices({1: "Sales", 2: "Partner"})
    yield 9, "status", "Status", choices({"open": "Open", "won": "Won", "lost": "Lost", "deleted": "Deleted"})
    yield 12, "lost_reason", "Lost reason", choices(dict(enumerate(LOST_REASONS, start=1)))
    yield 14, "value", "Value", ""
    yield 15, "currency", "Currency", ""
    yield 19, "expected_close_date", "Expected close date", ""


def write(folder: Path, deals: int, months: int, seed: int) -> dict[str, int]:
    """Write the ten files into `folder`, made if missing. Returns data rows by file name.

    deals: deal lives, of which 1 in 400 shares its id with another; months: counted from January 2024.
    Raises OSError when the folder or a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    world = World(deals, months, seed)
    tables: dict[str, Iterable[Row]] = {
        "activity_types.csv": [("id", "name", "active", "type"), *ACTIVITY_TYPES],
        "stages.csv": stage_rows(),
        "fields.csv": field_rows(),
        "users.csv": user_rows(world),
        "organizations.csv": [ORGANIZATION, *organization_rows(seed + 19, world.calendar, world.users)],
        "pipedrive_leads.csv": lead_rows(seed + 20, world.calendar, world.users, deals // 20),
    }
    written = {name: write_rows(folder / name, rows) for name, rows in tables.items()}
    for name in ("activity_types.csv", "stages.csv", "fields.csv"):
        (folder / name).write_bytes((folder / name).read_bytes().removesuffix(b"\n"))
    with Files(folder, FILES) as files:
        log = Log(world, files, Lines(seed + 18, files))
        for number in range(deals):
            log.add_deal(number)
            if number % 250_000 == 249_999:
                print(f"pipedrive: {number + 1:,} of {deals:,} deals", file=sys.stderr)
    return written | files.rows
