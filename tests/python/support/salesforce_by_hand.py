"""Scores and pipeline reports from the Salesforce exports in plain Python: nothing of the models but the seeds.

For the sample only: histories are complete, amounts are known by their history. Zone, currency and fiscal year are
those of the vars that the sample is built with.
"""

from __future__ import annotations

import csv
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from functools import cached_property
from itertools import pairwise, takewhile
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

from conftest import ROOT

PRIOR, LEAST = 20, 10  # the vars icp_prior_deals and min_sample
END = datetime.max.replace(tzinfo=timezone.utc)
WEIGHTS = {"industry": 2, "size_band": 2, "revenue_band": 1, "country": 1}


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def parse(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def add_months(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    return date(day.year + years, month + 1, 1)


def find_band(rows: list[dict[str, str]], value: float | None, low: str, high: str) -> dict[str, str] | None:
    """The seed's row whose [low, high) holds the value; no bound is none, and None is in the row without any."""
    for row in rows:
        if value is None:
            if not row[low] and not row[high]:
                return row
        elif (row[low] or row[high]) and float(row[low] or "-inf") <= value < float(row[high] or "inf"):
            return row
    return None


@dataclass
class Opportunity:
    id: str
    account: str
    created: datetime
    currency: str
    history: list[dict[str, str]] = field(default_factory=list)
    owners: list[tuple[datetime, str, str]] = field(default_factory=list)  # when, from, to
    now: dict[str, str] = field(default_factory=dict)

    def find_owner(self, at: datetime) -> str:
        before = [new for moment, _, new in self.owners if moment < at]
        return before[-1] if before else self.owners[0][1] if self.owners else self.now["OwnerId"]

    @cached_property
    def moments(self) -> list[datetime]:
        return [parse(row["CreatedDate"]) for row in self.history]

    def known(self, at: datetime) -> list[dict[str, str]]:
        """The history before an instant."""
        return self.history[: bisect_left(self.moments, at)]


class Sample:
    """The Salesforce exports of a folder, and what could be said of them at any origin."""

    def __init__(self, folder: Path, variables: dict | None = None) -> None:
        variables = variables or {}
        self.zone = ZoneInfo(variables.get("reporting_timezone", "UTC"))
        self.currency = variables.get("reporting_currency", "USD")
        self.fiscal_year_start_month = variables.get("fiscal_year_start_month", 1)
        self.stages = {row["ApiName"]: row for row in read(folder / "OpportunityStage.csv")}
        self.open_stages = sorted(
            (name for name, row in self.stages.items() if row["IsClosed"] == "False"),
            key=lambda name: int(self.stages[name]["SortOrder"]),
        )
        self.accounts = {row["Id"]: self.find_features(row) for row in read(folder / "Account.csv")}
        self.opportunities = {
            row["Id"]: Opportunity(
                row["Id"], row["AccountId"], parse(row["CreatedDate"]), row["CurrencyIsoCode"], now=row
            )
            for row in read(folder / "Opportunity.csv")
            if row["IsDeleted"] == "False"
        }
        for row in read(folder / "OpportunityHistory.csv"):
            if row["OpportunityId"] in self.opportunities:
                self.opportunities[row["OpportunityId"]].history.append(row)
        for row in read(folder / "OpportunityFieldHistory.csv"):
            if row["OpportunityId"] in self.opportunities and row["NewValue"].startswith("005"):
                change = parse(row["CreatedDate"]), row["OldValue"], row["NewValue"]
                self.opportunities[row["OpportunityId"]].owners.append(change)
        for opportunity in self.opportunities.values():
            opportunity.history.sort(key=lambda row: row["CreatedDate"])
            opportunity.owners.sort()
            self.add_closing(opportunity)
        self.as_of = self.day_of(max(found.moments[-1] for found in self.opportunities.values()))
        self.bands = defaultdict(list)
        for row in read(ROOT / "seeds" / "opportunity_score_bands.csv"):
            self.bands[row["factor"]].append(row)
        self.rates = [
            row
            for row in read(ROOT / "raw_data" / "settings" / "exchange_rates.csv")
            if row["to_currency"] == self.currency
        ]

    def add_closing(self, opportunity: Opportunity) -> None:
        """What no history row says: it closes at the end of its closing date, but not before what the rows say last."""
        if opportunity.now["IsClosed"] == "True" and not self.is_in(opportunity.history[-1], "IsClosed"):
            moments = [
                parse(opportunity.history[-1]["CreatedDate"]),
                *(at for at, _, _ in opportunity.owners),
            ]
            ends = self.start(self.find_own_date(opportunity) + timedelta(days=1)) - timedelta(microseconds=1)
            opportunity.history.append({**opportunity.now, "CreatedDate": max(ends, *moments).isoformat()})

    def find_own_date(self, opportunity: Opportunity) -> date:
        """The CRM's own closing date, which cannot lie after the row was last modified."""
        modified = self.day_of(parse(opportunity.now["SystemModstamp"]))
        return min(date.fromisoformat(opportunity.now["CloseDate"]), modified)

    def find_closed_date(self, opportunity: Opportunity, at: datetime = END) -> date:
        """The closing date of what is closed at an instant: the CRM's own, or the logged day where a reopening follows,
        of which the CRM keeps no date."""
        known = opportunity.known(at)
        if all(self.is_in(row, "IsClosed") for row in opportunity.history[len(known) :]):
            return self.find_own_date(opportunity)
        run = list(takewhile(lambda row: self.is_in(row, "IsClosed"), reversed(known)))
        return self.day_of(parse(run[-1]["CreatedDate"]))

    def start(self, day: date) -> datetime:
        """The instant at which a day begins."""
        return datetime(day.year, day.month, day.day, tzinfo=self.zone).astimezone(timezone.utc)

    def day_of(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()

    def quarter_of(self, day: date) -> date:
        """The first day of the fiscal quarter that holds a day."""
        return add_months(day, -((day.month - self.fiscal_year_start_month) % 3))

    @staticmethod
    def find_features(row: dict[str, str]) -> dict[str, str]:
        """Feature → member of an account, without those that are not known."""
        members = {"industry": row["Industry"], "country": row["BillingCountry"]}
        for feature, seed, column, low, high in (
            ("size_band", "account_segments", "NumberOfEmployees", "min_employees", "max_employees"),
            ("revenue_band", "revenue_bands", "AnnualRevenue", "min_revenue", "max_revenue"),
        ):
            if row[column]:
                found = find_band(read(ROOT / "seeds" / f"{seed}.csv"), float(row[column]), low, high)
                members[feature] = next(iter(found.values())) if found else ""
        return {feature: member for feature, member in members.items() if member}

    def is_in(self, row: dict[str, str], flag: str) -> bool:
        return self.stages[row["StageName"]][flag] == "True"

    def find_status(self, opportunity: Opportunity, at: datetime) -> str | None:
        known = opportunity.known(at)
        if not known:
            return None
        return (
            "won"
            if self.is_in(known[-1], "IsWon")
            else "lost"
            if self.is_in(known[-1], "IsClosed")
            else "open"
        )

    def score_accounts(self, origin: date) -> dict[str, float]:
        """Account → ICP score, without those that have none."""
        won_or_lost = [
            (opportunity.account, self.find_status(opportunity, self.start(origin)) == "won")
            for opportunity in self.opportunities.values()
            if (known := opportunity.known(self.start(origin)))
            and self.is_in(known[-1], "IsClosed")
            and self.find_closed_date(opportunity, self.start(origin)) < origin
        ]
        of_member = defaultdict(list)
        for account, is_won in won_or_lost:
            for feature in self.accounts.get(account, {}).items():
                of_member[feature].append((account, is_won))
        scores = {}
        for account, features in self.accounts.items():
            others = [(other, is_won) for other, is_won in won_or_lost if other != account]
            rate = sum(is_won for _, is_won in others) / len(others) if others else 0
            lifts = {}
            for feature, member in features.items():
                alike = [is_won for other, is_won in of_member[feature, member] if other != account]
                if len(alike) >= LEAST and rate:
                    lifts[feature] = (sum(alike) + PRIOR * rate) / (len(alike) + PRIOR) / rate
            if lifts:
                weight = sum(WEIGHTS[feature] for feature in lifts)
                scores[account] = sum(WEIGHTS[feature] * lift for feature, lift in lifts.items()) / weight
        return scores

    def list_visits(self, opportunity: Opportunity) -> Iterator[tuple[str, datetime, datetime | None]]:
        """(stage, entered, exited) of each stay in an open stage."""
        entered: tuple[str, datetime] | None = None
        for row in opportunity.history:
            stage = None if self.is_in(row, "IsClosed") else row["StageName"]
            if entered and stage != entered[0]:
                yield (*entered, parse(row["CreatedDate"]))
                entered = None
            if stage and not entered:
                entered = stage, parse(row["CreatedDate"])
        if entered:
            yield (*entered, None)

    def find_medians(self, at: datetime) -> dict[str, float]:
        days = defaultdict(list)
        midnight = at.astimezone(self.zone)
        year_before = midnight.replace(year=midnight.year - 1).astimezone(timezone.utc)
        for opportunity in self.opportunities.values():
            for stage, entered, exited in self.list_visits(opportunity):
                if exited and year_before <= exited < at:
                    days[stage].append((exited - entered) / timedelta(days=1))
        return {stage: median(values) for stage, values in days.items() if len(values) >= LEAST}

    def score(self, origin: date) -> dict[str, int]:
        """Opportunity open at the origin → score."""
        at = self.start(origin)
        icp, medians = self.score_accounts(origin), self.find_medians(at)
        scores = {}
        for opportunity in self.opportunities.values():
            if self.find_status(opportunity, at) != "open":
                continue
            known = opportunity.known(at)
            now = known[-1]
            entered = max(since for _, since, _ in self.list_visits(opportunity) if since < at)
            typical = medians.get(now["StageName"])
            values = {
                "stage": (self.open_stages.index(now["StageName"]) + 1) / len(self.open_stages),
                "age": (at - entered) / timedelta(days=1) / typical if typical else None,
                "slips": self.count_slips(known),
                "inactivity": (at - self.find_last_change(opportunity, at)) / timedelta(days=1),
                "icp": icp.get(opportunity.account),
                "amount": self.convert(opportunity, now["Amount"]),
            }
            scores[opportunity.id] = sum(
                int(find_band(self.bands[factor], value, "min_value", "max_value")["points"])
                for factor, value in values.items()
            )
        return scores

    def count_slips(self, known: list[dict[str, str]]) -> int:
        slips = 0
        for before, after in pairwise(known):
            if not self.is_in(before, "IsClosed") and not self.is_in(after, "IsClosed"):
                quarters = [self.quarter_of(date.fromisoformat(row["CloseDate"])) for row in (before, after)]
                slips += quarters[1] > quarters[0]
        return slips

    @staticmethod
    def find_last_change(opportunity: Opportunity, at: datetime) -> datetime:
        moments = [moment for moment, _, _ in opportunity.owners if moment < at]
        terms = None
        for row in opportunity.known(at):
            now = row["StageName"], float(row["Amount"] or -1), row["Probability"], row["CloseDate"]
            if now != terms:
                moments.append(parse(row["CreatedDate"]))
            terms = now
        return max(moments)

    def convert(self, opportunity: Opportunity, amount: str) -> float | None:
        if not amount:
            return None
        rate = self.find_rate(opportunity.currency, self.day_of(opportunity.created))
        return float(amount) * rate

    def find_rate(self, currency: str, day: date) -> float:
        if currency == self.currency:
            return 1
        rates = [
            row
            for row in self.rates
            if row["from_currency"] == currency and date.fromisoformat(row["valid_from"]) <= day
        ]
        return float(rates[-1]["rate"])
