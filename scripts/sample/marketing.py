"""Sample marketing exports: ad_spend, web_analytics, Campaign, CampaignMember, Lead, OpportunityContactRole.

Made from the sample's own Salesforce opportunities (written first where they are not there yet), over the same
months. 24 campaigns on Google, LinkedIn, Facebook and Twitter, with partners, at events and by mail. Ads pause every
fourth quarter (brand search never does), 8 % of the other campaign-days are missing, weekends are weak. A dollar
returns about 3.2 in won revenue on Google, 2.4 on LinkedIn, 0.9 on Facebook and 0.4 on Twitter.

A session has 0, 1 or 2 conversions, most often on LinkedIn and without a source; 9 % of sessions carry none, 0.5 %
one that nobody knows. 82 % of opportunities have contacts, half come from a converted lead. Where an opportunity has
contacts and names a campaign, one of them became its member 3 to 83 days before, in 9 of 10 cases. Of the further
memberships, won opportunities have more with LinkedIn and events, lost ones with Facebook and Twitter; some lie before
the last 90 days, some after the creation. A quarter of all members never responded.
"""

import csv
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

from sample import salesforce
from sample.draws import DAY, Arrivals, Calendar, Random, Row, pick, stream, write_rows
from sample.salesforce import CAMPAIGNS, DIGITS, GROWTH, SEASON, identifier, make_calendar

# Name, type, utm_source ("" for what is not an ad). The position is the number in the campaign's id.
CAMPAIGN = (
    ("Reseller programme", "Partners", ""), ("Integration partners", "Partners", ""),
    ("prospecting-video", "Advertisement", "facebook"), ("retargeting-feed", "Advertisement", "facebook"),
    ("lookalike-buyers", "Advertisement", "facebook"), ("Customer referrals", "Referral Program", ""),
    ("Newsletter", "Email", ""), ("brand-search", "Advertisement", "google"), ("Spring trade fair", "Trade Show", ""),
    ("demo-search", "Advertisement", "google"), ("competitor-search", "Advertisement", "google"),
    ("display-retargeting", "Advertisement", "google"), ("Autumn trade fair", "Trade Show", ""),
    ("abm-enterprise", "Advertisement", "linkedin"), ("Roadshow", "Conference", ""),
    ("launch-thread", "Advertisement", "twitter"), ("executive-series", "Advertisement", "linkedin"),
    ("User conference", "Conference", ""), ("Product webinar", "Webinar", ""), ("Industry webinar", "Webinar", ""),
    ("trend-takeover", "Advertisement", "twitter"), ("job-titles", "Advertisement", "linkedin"),
    ("Customer stories webinar", "Webinar", ""), ("Win-back mails", "Email", ""),
)  # fmt: skip
assert len(CAMPAIGN) == CAMPAIGNS
ADS = [number for number, row in enumerate(CAMPAIGN, 1) if row[2]]
# By utm_source: prefix of ids, name, won revenue per dollar, cents per click, clicks per 1000 impressions, chance that
# a session converts.
PLATFORM = {
    "google": ("GA", "Google Ads", 3.2, 310, 38, 0.06),
    "linkedin": ("LI", "LinkedIn", 2.4, 780, 9, 0.1),
    "facebook": ("FB", "Meta", 0.9, 170, 14, 0.035),
    "twitter": ("TW", "Twitter", 0.4, 140, 8, 0.02),
}
# Of 200 sessions: where they come from.
SESSION_SOURCES = (
    ("google",) * 62 + ("linkedin",) * 26 + ("facebook",) * 32 + ("twitter",) * 13
    + ("organic",) * 48 + ("",) * 18 + ("duckduckgo",)
)  # fmt: skip
UNPAID_CONVERSION = {"organic": 0.05, "": 0.09, "duckduckgo": 0.04}
LANDING_PAGES = ("/", "/", "/pricing", "/pricing", "/blog", "/demo", "/solutions", "/enterprise")
WEEKDAYS = (1.05, 1.15, 1.15, 1.1, 0.95, 0.5, 0.45)  # Monday first
# Which campaigns an opportunity met besides its own, by how it ended: ten tickets of campaign numbers each.
FURTHER = {
    "won": (14, 17, 22, 9, 13, 15, 18, 8, 19, 1),
    "lost": (3, 4, 5, 16, 21, 4, 10, 11, 7, 24),
    "open": (8, 10, 12, 14, 17, 3, 2, 19, 20, 23),
}
LEAD_SOURCES = (
    "Google Ads", "google", "LinkedIn", "Facebook", "Twitter", "Web", "Web",
    "Partner Referral", "Trade Show", "",
)  # fmt: skip

SPEND = ("date", "campaign_id", "channel", "utm_source", "utm_campaign", "spend_usd", "clicks", "impressions")
SESSION = (
    "session_id", "user_id", "session_date", "landing_page", "utm_source", "utm_campaign", "pageviews", "conversions",
)  # fmt: skip
MEMBER = ("CampaignId", "LeadId", "ContactId", "CreatedDate", "HasResponded", "FirstRespondedDate")
LEAD = (
    "Id", "LeadSource", "CreatedDate", "IsConverted", "ConvertedDate", "ConvertedOpportunityId", "ConvertedContactId",
)  # fmt: skip
ROLE = ("OpportunityId", "ContactId", "IsPrimary")


def number_of(campaign_id: str) -> int:
    return DIGITS.index(campaign_id[14])


def is_running(number: int, month: int) -> bool:
    """Whether an ad campaign runs in a month of the sample: all but every fourth quarter, brand search always."""
    return number == 8 or (month // 3 + number) % 4 != 3


def running_ads(source: str, month: int) -> list[int]:
    return [ad for ad in ADS if CAMPAIGN[ad - 1][2] == source and is_running(ad, month)]


def daily_budgets(revenue: dict[str, float], months: int) -> dict[str, float]:
    """Dollars a day and campaign by utm_source, so that won revenue is what the platform returns.

    A month has 25 full days of ads, weekends and missing days taken off.
    """
    budgets = {}
    for source, (_, _, per_dollar, _, _, _) in PLATFORM.items():
        running = sum(len(running_ads(source, month)) for month in range(months))
        budgets[source] = max(revenue[source] / per_dollar / (running or 1) / 25, 20)
    return budgets


def spend_rows(random: Random, calendar: Calendar, budgets: dict[str, float]) -> Iterator[Row]:
    yield SPEND
    first, month = calendar.first_day, 0
    for day in range(calendar.month_starts[-1]):
        if day == calendar.month_starts[month + 1]:
            month += 1
        season = SEASON[(first.month - 1 + month) % 12] * (1 + GROWTH * (month - calendar.months / 2))
        for number in ADS:
            if not is_running(number, month) or random() < 0.08:
                continue
            name, _, source = CAMPAIGN[number - 1]
            prefix, label, _, cost, rate, _ = PLATFORM[source]
            cents = int(
                budgets[source]
                * 100
                * season
                * WEEKDAYS[(first.weekday() + day) % 7]
                * (0.7 + 0.6 * random())
            )
            clicks = int(cents / cost * (0.8 + 0.4 * random()))
            impressions = int(clicks * 1_000 / rate * (0.85 + 0.3 * random()))
            yield (
                calendar.dates[day], f"{prefix}-{100 + number}", label, source, name,
                f"{cents / 100:.2f}", clicks, impressions,
            )  # fmt: skip


def session_rows(random: Random, calendar: Calendar, count: int) -> Iterator[Row]:
    yield SESSION
    first, arrivals = calendar.first_day, Arrivals(calendar, SEASON, GROWTH)
    for number in range(1, count + 1):
        second = arrivals.at(random, (number - 1 + random()) / count)
        day = calendar.dates[second // DAY]
        month = (int(day[:4]) - first.year) * 12 + int(day[5:7]) - first.month
        source, campaign, chance = pick(random, SESSION_SOURCES), "", 0.0
        running = running_ads(source, month)
        if running:
            campaign, chance = CAMPAIGN[pick(random, running) - 1][0], PLATFORM[source][5]
        elif source in PLATFORM:
            source = "organic"  # nobody clicks on an ad that does not run
        chance = chance or UNPAID_CONVERSION[source]
        share = random()
        conversions = 2 if share < chance / 5 else 1 if share < chance else 0
        visitor = 1 + int(random() * random() * count / 2)
        yield (
            f"S{number:07d}", f"U{visitor:06d}", day, pick(random, LANDING_PAGES), source, campaign,
            1 + int(7 * random() * random()), conversions,
        )  # fmt: skip


class People:
    """Leads, contact roles and campaign members, opportunity by opportunity."""

    def __init__(self, random: Random, calendar: Calendar) -> None:
        self.random, self.calendar = random, calendar
        self.leads: list[Row] = []
        self.roles: list[Row] = []
        self.members: dict[tuple[str, str, str], Row] = {}  # by key, which must not repeat

    def touch(self, campaign: str, lead: str, contact: str, second: int) -> None:
        """A member of a campaign; three of four respond, most on the day itself."""
        if not 0 <= second < self.calendar.end:
            return
        has_responded = self.random() < 0.75
        day = min(second + int(3 * DAY * self.random() * self.random()), self.calendar.end - 1) // DAY
        answered = self.calendar.dates[day] if has_responded else ""
        row = (campaign, lead, contact, self.calendar.stamp_in_utc(second), has_responded, answered)
        self.members.setdefault((campaign, lead, contact), row)

    def add_opportunity(self, row: dict[str, str]) -> None:
        random = self.random
        created = (date.fromisoformat(row["CreatedDate"][:10]) - self.calendar.first_day).days * DAY
        created += int(row["CreatedDate"][11:13]) * 3_600
        contacts = []
        if random() < 0.82:
            for place in range(1 + int(3 * random() * random())):
                # An account's people are few, so they come back in its next opportunities.
                kind, owner = ("g", row["AccountId"]) if row["AccountId"] else ("h", row["Id"])
                contact = f"0035{kind}{1 + int(4 * random())}{owner[6:15]}AAA"
                if contact not in contacts:
                    contacts.append(contact)
                    self.roles.append((row["Id"], contact, place == 0))
        lead = ""
        if contacts and random() < 0.67:
            lead = identifier("00Q", len(self.leads) + 1)
            born = max(created - int((5 + 75 * random()) * DAY), 0)
            source = row["LeadSource"]
            if row["CampaignId"]:
                _, kind, platform = CAMPAIGN[number_of(row["CampaignId"]) - 1]
                source = PLATFORM[platform][1] if platform else kind
            since, converted = self.calendar.stamp_in_utc(born), self.calendar.dates[created // DAY]
            self.leads.append((lead, source, since, True, converted, row["Id"], contacts[0]))
        if not contacts:
            return
        status = "won" if row["IsWon"] == "True" else "lost" if row["IsClosed"] == "True" else "open"
        if row["CampaignId"] and random() < 0.9:
            # The lead's membership names the contact too in half of the cases, as after a conversion.
            named = contacts[0] if not lead or random() < 0.5 else ""
            self.touch(row["CampaignId"], lead, named, created - int((3 + 80 * random()) * DAY))
        for _ in range(int(4 * random() * random())):
            campaign = identifier("701", pick(random, FURTHER[status]))
            self.touch(campaign, "", pick(random, contacts), created + int((20 - 150 * random()) * DAY))

    def add_unconverted_lead(self, second: int) -> None:
        """Somebody who asked and bought nothing."""
        lead = identifier("00Q", len(self.leads) + 1)
        source, since = pick(self.random, LEAD_SOURCES), self.calendar.stamp_in_utc(second)
        self.leads.append((lead, source, since, False, "", "", ""))
        if self.random() < 0.4:
            self.touch(identifier("701", 1 + int(self.random() * CAMPAIGNS)), lead, "", second)


def write(folder: Path, deals: int, months: int, seed: int) -> dict[str, int]:
    """Write the six files into `folder`. Returns data rows by file name.

    `deals` and `months` are those of the Pipedrive sample. Opportunities are read from the folder `salesforce` beside
    `folder`, and written there first where it has none. Raises OSError when a folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    opportunities = folder.parent / "salesforce" / "Opportunity.csv"
    if not opportunities.exists():
        salesforce.write(opportunities.parent, deals, months, seed)
    calendar = make_calendar(months)
    random = stream(seed + 2)
    people = People(random, calendar)
    revenue = dict.fromkeys((*PLATFORM, ""), 0.0)
    with opportunities.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            people.add_opportunity(row)
            if row["IsWon"] == "True" and row["CampaignId"]:
                revenue[CAMPAIGN[number_of(row["CampaignId"]) - 1][2]] += float(row["Amount"] or 0)
    budgets = daily_budgets(revenue, calendar.months)
    for _ in range(deals // 2):
        people.add_unconverted_lead(int(random() * calendar.end))
    # Every campaign that is no ad cost something once; what ads cost is in ad_spend.
    campaigns = [
        (identifier("701", number), name, kind, "" if source else 2_000 + int(20 * random()) * 500)
        for number, (name, kind, source) in enumerate(CAMPAIGN, 1)
    ]
    files: dict[str, Iterable[Row]] = {
        "Campaign.csv": [("Id", "Name", "Type", "ActualCost"), *campaigns],
        "CampaignMember.csv": [MEMBER, *people.members.values()],
        "Lead.csv": [LEAD, *people.leads],
        "OpportunityContactRole.csv": [ROLE, *people.roles],
        "ad_spend.csv": spend_rows(random, calendar, budgets),
        "web_analytics.csv": session_rows(random, calendar, 4 * deals),
    }
    return {name: write_rows(folder / name, rows) for name, rows in files.items()}
