"""Sample Salesforce exports: Opportunity, OpportunityHistory, OpportunityFieldHistory, OpportunityStage, Account, User,
and what salesforce_work.py and sold.py add: UserRole, Task, Event, OpportunityLineItem.

Twice as many months as Pipedrive, ending on the same day; three opportunities for five Pipedrive deals. A history
row is written whenever stage, amount, probability or close date changes, so about half of them repeat the stage.
Opportunities: 2 % deleted (IsDeleted), 5 % without amount, 4 % without account, 3 % of losses and 1 % of wins
reopened, 15 % change owner (two field-history rows each, names and ids, as Salesforce writes them), 75 % of those
that outlive their close date push it, 6 % per stage pull it in. 30 closings of the committed sample are entered 20 to
75 days late, with the day of the deal as CloseDate; of 10 of them the history has no row, as where it was purged.
Chances to win depend on owner, segment and amount.
"""

from datetime import date
from math import isqrt
from pathlib import Path

from sample.draws import (
    DAY,
    FIRST_DAY,
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
from sample.salesforce_work import EVENT, ROLE, ROLES, TASK, Work, role_rows
from sample.sold import LINE_ITEM, Lines

# ApiName, SortOrder, IsClosed, IsWon, DefaultProbability, ForecastCategoryName, median days, chance to be lost there.
STAGES = (
    ("Prospecting", 1, False, False, 10, "Pipeline", 9, 0.13),
    ("Qualification", 2, False, False, 20, "Pipeline", 12, 0.19),
    ("Needs Analysis", 3, False, False, 40, "Pipeline", 14, 0.17),
    ("Proposal/Price Quote", 4, False, False, 60, "Best Case", 18, 0.18),
    ("Negotiation/Review", 5, False, False, 80, "Commit", 14, 0.24),
    ("Closed Won", 6, True, True, 100, "Closed", 0, 0.0),
    ("Closed Lost", 7, True, False, 0, "Omitted", 0, 0.0),
)
WON, LOST = 5, 6
STEPS = (1,) * 78 + (2,) * 15 + (-1,) * 7  # what an opportunity does when it leaves a stage open

TIERS = ((0.6, 0.85), (1.0, 1.0), (1.45, 1.2))  # by owner: factor on the chance to lose, factor on durations
# Segment: employees from and to, median amount, factor on the chance to lose, factor on durations.
SEGMENTS = ((5, 99, 9_000, 0.85, 0.8), (100, 999, 32_000, 1.0, 1.0), (1_000, 60_000, 110_000, 1.2, 1.4))
INDUSTRIES = ("Technology", "Manufacturing", "Healthcare", "Banking", "Retail", "Energy", "Education", "")
COUNTRIES = (("United States", "USD"),) * 5 + (
    ("Germany", "EUR"), ("Germany", "EUR"), ("France", "EUR"), ("Netherlands", "EUR"), ("United Kingdom", "GBP"),
    ("Japan", "USD"), ("Australia", "USD"), ("Brazil", "USD"), ("", "USD"),
)  # fmt: skip
TYPES = ("New Business",) * 6 + ("Existing Business",) * 3 + ("Renewal",)
LEAD_SOURCES = ("Web", "Web", "Partner Referral", "Trade Show", "Outbound", "Advertisement", "")
SEASON = (0.95, 1.0, 1.08, 0.97, 1.0, 1.1, 0.9, 0.85, 1.05, 1.02, 1.04, 1.1)
GROWTH = 0.012
FIRST_WORDS = (
    "Alder Basalt Cobalt Dune Ember Fjord Granite Harbor Indigo Juniper Kestrel Lumen Maple Nimbus Onyx "
    "Pelican"
)
LAST_WORDS = (
    "Analytics Bearings Clinics Devices Foods Logistics Motors Optics Partners Systems Textiles Works"
)
FIRST_NAMES = (
    "Adaeze Björn Chiara Devika Emeka Freya Gael Hiroko Inés Jonas Kaito Leila Milan Noor Olga Pavel"
)
LAST_NAMES = "Aalto Barros Cerny Duarte Engel Farkas Gallo Horvat Ibarra Jovic Kaya Lemaire Meyer Novak"

OPPORTUNITY = (
    "Id", "IsDeleted", "AccountId", "Name", "StageName", "Amount", "Probability", "CloseDate", "Type", "LeadSource",
    "IsClosed", "IsWon", "ForecastCategoryName", "CampaignId", "CurrencyIsoCode", "OwnerId", "CreatedDate",
    "LastActivityDate", "SystemModstamp",
)  # fmt: skip
STAGE = (
    "ApiName", "MasterLabel", "SortOrder", "IsClosed", "IsWon", "DefaultProbability", "ForecastCategoryName",
)  # fmt: skip
HISTORY = (
    "Id", "OpportunityId", "StageName", "Amount", "Probability", "CloseDate", "ForecastCategory", "CreatedDate",
    "IsDeleted",
)  # fmt: skip
FIELD_HISTORY = ("OpportunityId", "Field", "OldValue", "NewValue", "CreatedDate")
ACCOUNT = (
    "Id", "Name", "Industry", "Type", "AnnualRevenue", "NumberOfEmployees", "BillingCountry", "ParentId", "OwnerId",
    "CreatedDate",
)  # fmt: skip
FILES = {
    "Opportunity.csv": OPPORTUNITY,
    "OpportunityHistory.csv": HISTORY,
    "OpportunityFieldHistory.csv": FIELD_HISTORY,
    "Task.csv": TASK,
    "Event.csv": EVENT,
    "OpportunityLineItem.csv": LINE_ITEM,
}
USER = ("Id", "Name", "Email", "IsActive", "ManagerId", "UserRoleId", "Department")
CAMPAIGNS = 24
BACKDATED_EVERY = 35  # closings; of 1 074 in the committed sample, 30
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def identifier(prefix: str, number: int) -> str:
    """An 18-character Salesforce id: prefix of the object, a base-62 number, and a fixed check part."""
    text = ""
    for _ in range(9):
        number, digit = divmod(number, 62)
        text = DIGITS[digit] + text
    return f"{prefix}5g0{text}AAA"


def make_calendar(months: int) -> Calendar:
    """Twice as many months as Pipedrive has, ending on the same day."""
    first = FIRST_DAY.year * 12 + FIRST_DAY.month - 1 - months
    return Calendar(2 * months, date(first // 12, first % 12 + 1, 1))


def count_opportunities(deals: int) -> int:
    return max(1, deals * 3 // 5)


def count_users(deals: int) -> int:
    return 8 + isqrt(count_opportunities(deals)) // 2


class Opportunity:
    """One opportunity from creation to its end or the end of the data; `states` are its history rows in time order."""

    def __init__(self, random: Random, calendar: Calendar, created: int, segment: int, users: int) -> None:
        self.random, self.calendar, self.created, self.users = random, calendar, created, users
        # second, stage, amount, probability, close date
        self.states: list[tuple[int, int, str, int, str]] = []
        self.owners: list[tuple[int, int, int]] = []  # second, old owner, new owner
        _, _, median, self.risk, self.slowness = SEGMENTS[segment]
        self.owner = self.first_owner = pick_owner(random, users)
        self.value = median * quantile(SPREAD_OF_AMOUNTS, random())
        self.is_priced = random() >= 0.05
        if self.value > 3 * median:
            self.risk *= 1.25
        self.stage = 0 if random() < 0.85 else 1
        self.close_day = created // DAY + 15 + int(self.slowness * (20 + 60 * random()))
        if random() < 0.35:
            self.close_day = self.quarter_end(self.close_day)
        self.probability = STAGES[self.stage][4]
        self.put(created)
        self.live(created)

    def quarter_end(self, day: int) -> int:
        """The last day of the calendar quarter that holds `day`."""
        day = self.calendar.month_end(day)
        while self.calendar.dates[day][5:7] not in ("03", "06", "09", "12"):
            day = self.calendar.month_end(day + 1)
        return day

    def put(self, second: int) -> None:
        if second < self.calendar.end:
            amount = str(int(self.value / 100) * 100 + 100) if self.is_priced else ""
            day = self.calendar.dates[min(self.close_day, len(self.calendar.dates) - 1)]
            self.states.append((second, self.stage, amount, self.probability, day))

    def move(self, second: int, stage: int) -> None:
        self.stage, self.probability = stage, STAGES[stage][4]
        if stage in (WON, LOST):
            self.close_day = second // DAY
        self.put(second)

    def live(self, entered: int) -> None:
        random, later, end = self.random, self.calendar.later, self.calendar.end
        while entered < end:
            lose, slow = TIERS[self.owner % 3]
            days = STAGES[self.stage][6] * slow * self.slowness * quantile(SPREAD_OF_DURATIONS, random())
            left = later(random, entered, days)
            self.during(entered, left)
            if random() < 0.006:
                return  # nobody touches it any more: open for good
            if random() < STAGES[self.stage][7] * lose * self.risk:
                self.move(left, LOST)
                if random() >= 0.03:
                    return
            elif self.stage == 4 or (self.stage == 3 and random() < 0.1):
                if random() < 0.3 and self.is_priced:
                    self.value *= 0.85 + 0.2 * random()  # the last discount comes with the signature
                self.move(left, WON)
                if random() >= 0.01:
                    return
            else:
                self.move(left, min(max(self.stage + pick(random, STEPS), 0), 4))
                entered = left
                continue
            entered = later(random, left, 5 + 40 * random())
            self.close_day = entered // DAY + 30 + int(60 * random())
            self.move(entered, 2 + int(2 * random()))

    def backdate(self, days: int) -> None:
        """It was closed some days before somebody entered that, but not before it was created."""
        second, stage, amount, probability, _ = self.states[-1]
        day = max(self.created // DAY, second // DAY - days)
        self.states[-1] = (second, stage, amount, probability, self.calendar.dates[day])

    def during(self, entered: int, left: int) -> None:
        """What happens while it rests in a stage, in time order, each change a history row with the same stage."""
        random = self.random
        days = (left - entered) / DAY
        moments = sorted(entered + 600 + int((left - entered - 600) * random()) for _ in range(3))
        if moments[0] <= entered or moments[-1] >= left or days < 1:
            return
        if random() < 0.3 and self.is_priced and self.stage > 0:
            self.value *= 0.75 + 0.55 * random()
            self.put(moments[0])
        elif random() < 0.03 and not self.is_priced:
            self.is_priced = True
            self.put(moments[0])
        elif random() < 0.12:
            self.probability = min(95, max(5, self.probability + 5 * (int(5 * random()) - 2)))
            self.put(moments[0])
        if random() < 0.04:
            old, self.owner = self.owner, pick_owner(random, self.users)
            if old != self.owner and moments[1] < self.calendar.end:
                self.owners.append((moments[1], old, self.owner))
            else:
                self.owner = old
        second = moments[2]
        if left // DAY > self.close_day:
            if random() < 0.75:
                self.close_day = left // DAY + 10 + int(50 * random())
                if random() < 0.4:
                    self.close_day = self.quarter_end(self.close_day)
                self.put(second)
        elif random() < 0.06:
            pulled = max(self.close_day - 10 - int(60 * random()), left // DAY)
            if pulled < self.close_day:
                self.close_day = pulled
                self.put(second)
        elif random() < 0.17:
            self.close_day += 30 + int(90 * random())
            self.put(second)


def user_rows(random: Random, users: int) -> list[Row]:
    names = pair_words(FIRST_NAMES, LAST_NAMES)
    rows: list[Row] = []
    for number in range(1, users + 1):
        manager = "" if number % 10 == 1 else identifier("005", number - (number - 1) % 10)
        department = pick(random, ("Sales", "Sales", "Enterprise Sales", "Partner Sales"))
        role = identifier("00E", number % 4)
        rows.append(
            (
                identifier("005", number),
                names[number % len(names)],
                f"{names[number % len(names)][0].lower()}{number}@example.org",
                random() >= 0.1,
                manager,
                role,
                department,
            )
        )
    return rows


def account_rows(random: Random, calendar: Calendar, accounts: int, users: int) -> list[tuple[Row, int, str]]:
    """Each account's row, its segment and its currency."""
    names = pair_words(FIRST_WORDS, LAST_WORDS)
    result: list[tuple[Row, int, str]] = []
    for number in range(1, accounts + 1):
        name = names[number % len(names)] + (f" {number}" if number >= len(names) else "")
        segment = pick(random, (0, 0, 0, 1, 1, 2))
        low, high = SEGMENTS[segment][:2]
        employees = low + int((high - low) * random() * random())
        country, currency = pick(random, COUNTRIES)
        revenue = employees * (60 + int(140 * random())) * 1_000
        share = random()
        parent = identifier("001", 1 + int(random() * (number - 1))) if share < 0.08 and number > 1 else ""
        row = (
            identifier("001", number), name,
            pick(random, INDUSTRIES), pick(random, ("Prospect", "Prospect", "Customer")),
            "" if share > 0.9 else revenue, "" if share > 0.94 else employees, country, parent,
            identifier("005", pick_owner(random, users)),
            calendar.stamp_in_utc(int(calendar.end * random() * 0.5)),
        )  # fmt: skip
        result.append((row, segment, currency))
    return result


def write(folder: Path, deals: int, months: int, seed: int) -> dict[str, int]:
    """Write the ten files into `folder`. Returns data rows by file name.

    `deals` and `months` are those of the Pipedrive sample. Raises OSError when the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    calendar = make_calendar(months)
    random = stream(seed + 1)
    count = count_opportunities(deals)
    users, accounts = count_users(deals), max(20, count // 4)
    people = user_rows(random, users)
    companies = account_rows(random, calendar, accounts, users)
    tables: dict[str, list[Row]] = {
        "OpportunityStage.csv": [STAGE, *((name, name, *row[:5]) for name, *row in STAGES)],
        "User.csv": [USER, *people],
        "Account.csv": [ACCOUNT, *(row for row, _, _ in companies)],
        "UserRole.csv": [ROLE, *role_rows([identifier("00E", number) for number in range(len(ROLES))])],
    }
    written = {name: write_rows(folder / name, rows) for name, rows in tables.items()}
    arrivals = Arrivals(calendar, SEASON, GROWTH)
    place = scatter(count, start=count // 3)
    states = closings = 0
    with Files(folder, FILES) as files:
        work, lines = Work(calendar, seed, files), Lines(seed + 17, files)
        for number in range(count):
            created = arrivals.at(random, (place(number) + random()) / count)
            account, segment, currency = companies[int(random() * (0.3 + 0.7 * random()) * accounts)]
            life = Opportunity(random, calendar, created, segment, users)
            key = identifier("006", number + 1)
            is_deleted = random() < 0.02
            logged = life.states
            if life.states[-1][1] in (WON, LOST) and not is_deleted:
                closings += 1
                # No draws: the rest of the sample is as it was without.
                if closings % BACKDATED_EVERY == 0:
                    life.backdate(20 + closings % 56)
                    logged = life.states[: -1 if closings % (3 * BACKDATED_EVERY) == 0 else None]
            for second, stage, amount, probability, close in logged:
                states += 1
                files.put(
                    "OpportunityHistory.csv", identifier("008", states), key, STAGES[stage][0], amount, probability,
                    close, STAGES[stage][5], calendar.stamp_in_utc(second), is_deleted,
                )  # fmt: skip
            states += len(life.states) - len(logged)
            owner = life.owners[-1][2] if life.owners else life.first_owner
            for second, old, new in life.owners:
                at = calendar.stamp_in_utc(second)
                for column in (1, 0):  # the name, then the id
                    owners = people[old - 1][column], people[new - 1][column]
                    files.put("OpportunityFieldHistory.csv", key, "Owner", *owners, at)
            last, stage, amount, probability, close = life.states[-1]
            last = max(last, life.owners[-1][0] if life.owners else 0)
            kind, source = pick(random, TYPES), pick(random, LEAD_SOURCES)
            campaign = identifier("701", 1 + int(random() * CAMPAIGNS)) if random() < 0.45 else ""
            if amount and number % 3 == 0:
                lines.add_opportunity(key, f"{account[1]} - {kind}", int(amount), is_deleted)
            work.add(key, str(account[0]), str(people[owner - 1][0]), created, last, is_deleted)
            activity = min(last + int(20 * DAY * random() * random()), calendar.end - 1)
            files.put(
                "Opportunity.csv", key, is_deleted, "" if random() < 0.04 else account[0], f"{account[1]} - {kind}",
                STAGES[stage][0], amount, probability, close, kind, source, STAGES[stage][2], STAGES[stage][3],
                STAGES[stage][5], campaign, currency, people[owner - 1][0], calendar.stamp_in_utc(created),
                "" if random() < 0.06 else calendar.dates[activity // DAY],
                calendar.stamp_in_utc(min(last + int(DAY * random()), calendar.end - 1)),
            )  # fmt: skip
    return written | files.rows
