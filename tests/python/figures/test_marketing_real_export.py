"""The channel reports on the public go-to-market files, cell by cell against a computation that shares nothing with
them: the csv module, Decimal, and the list of channels below."""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from pathlib import Path

import pytest

from conftest import ROOT, Databases, Dbt
from support import real_data

MARTS = "tag:marketing"
NEEDED = f"+{MARTS} +fct_deals"
TOTALS = "what_do_the_channels_come_to"
CHANNELS = {
    "google": "Google Ads",
    "linkedin": "LinkedIn",
    "facebook": "Meta",
    "twitter": "Twitter",
    "organic": "Organic",
    "": "Direct",
}
PAID = {"Google Ads", "LinkedIn", "Meta", "Twitter"}
MONTHS = ["2025-07", "2025-08", "2025-09"]
# Metric → its numerator, its denominator, and whether it is NULL for channels that are not paid.
METRICS = {
    "impressions": ("impressions", None, False),
    "clicks": ("clicks", None, False),
    "spend": ("spend", None, False),
    "cpc": ("spend", "clicks", True),
    "ctr": ("clicks", "impressions", False),
    "sessions": ("sessions", None, False),
    "form_submissions": ("forms", None, False),
    "site_conversion": ("converted", "sessions", False),
    "cost_per_session": ("spend", "sessions", True),
    "opportunities": ("opportunities", None, False),
    "won": ("won", None, False),
    "won_rate": ("won", "opportunities", False),
    "revenue": ("revenue", None, False),
    "roas": ("revenue", "spend", True),
}
Query = Callable[[str], list[tuple]]
Facts = dict[tuple[str, str, str], Counter]


def query_of(connection) -> Query:
    connection.autocommit = True  # a transaction left open would lock dbt out

    def run(statement: str) -> list[tuple]:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()

    return run


@pytest.fixture(scope="module")
def empty(databases: Databases, dbt: Dbt) -> Iterator[str]:
    """A database in which the marts were built without any export."""
    database = databases.create()
    dbt(f"build --select {NEEDED} --exclude-resource-type test unit_test", database=database)
    yield database
    databases.drop(database)


def test_marts_build_and_stay_empty_without_any_export(empty, connect):
    query = query_of(connect(empty, "transformer"))
    for mart in (
        "fct_channel_daily",
        "rep_channel_metrics_monthly",
        "rep_channel_attribution",
        "dim_campaigns",
    ):
        assert query(f"select count(*) from dev_marts.{mart}") == [(0,)], mart


@pytest.fixture(scope="module")
def query(
    empty: str, dbt: Dbt, load: Callable, connect: Callable, tmp_path_factory: pytest.TempPathFactory
) -> Query:
    """query(sql) → rows, on that database with the three files loaded by the documented mapping, built and tested."""
    folder = real_data.require("gtm")
    document = (ROOT / "docs" / "mapping.md").read_text("utf-8")
    [mapping] = [
        text for text in re.findall(r"```json\n(.*?)```", document, re.DOTALL) if "amount_usd" in text
    ]
    path = tmp_path_factory.mktemp("mapping") / "mapping.json"
    path.write_text(mapping, "utf-8")
    load(folder, "--mapping", path, database=empty)
    dbt(f"run --select {NEEDED}", database=empty)
    dbt(f"test --select {MARTS} --exclude-resource-type unit_test", database=empty)
    return query_of(connect(empty, "transformer"))


@pytest.fixture(scope="module")
def facts() -> Facts:
    """(day, channel, campaign) → sums, of the files themselves."""
    folder = real_data.require("gtm")
    sums: Facts = defaultdict(Counter)
    for row in rows(folder / "ad_spend.csv"):
        cell = sums[row["date"], CHANNELS[row["utm_source"]], row["utm_campaign"]]
        cell["spend"] += Decimal(row["spend_usd"])
        cell["clicks"] += int(row["clicks"])
        cell["impressions"] += int(row["impressions"])
    for row in rows(folder / "web_analytics.csv"):
        cell = sums[row["session_date"], CHANNELS[row["utm_source"]], row["utm_campaign"] or "(none)"]
        cell["sessions"] += 1
        cell["forms"] += int(row["conversions"])
        cell["converted"] += row["conversions"] != "0"
    for row in rows(folder / "salesforce_opportunities.csv"):
        cell = sums[row["created_date"], row["source"], "(none)"]
        cell["opportunities"] += 1
        if row["stage"] == "Closed Won":
            cell["won"] += 1
            cell["revenue"] += Decimal(row["amount_usd"])
    return sums


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def sum_up(facts: Facts, *, month: str = "", channels: set[str] | None = None) -> Counter:
    total: Counter = Counter()
    for (day, channel, _), cell in facts.items():
        if day.startswith(month) and (channels is None or channel in channels):
            total.update(cell)
    return total


def metric_of(sums: Counter, metric: str, is_paid: bool) -> tuple:
    """(value, divisor, result) as the report is to have them."""
    numerator, denominator, is_cost = METRICS[metric]
    if denominator is None:
        return Decimal(sums[numerator]), None, Decimal(sums[numerator])
    if is_cost and not is_paid:
        return None, None, None
    value, divisor = Decimal(sums[numerator]), Decimal(sums[denominator])
    return value, divisor, round(value / divisor, 10) if divisor else None


def test_every_metric_of_every_channel_and_month_equals_a_recomputation(query, facts):
    channels = {channel for _, channel, _ in facts}
    assert channels == {"Google Ads", "LinkedIn", "Meta", "Twitter", "Organic", "Direct", "Partner"}
    expected = {
        (month, channel, metric): metric_of(
            sum_up(facts, month=month, channels={channel}), metric, channel in PAID
        )
        for month, channel, metric in product(MONTHS, channels, METRICS)
    }
    reported = {
        (month[:7], channel, metric): (value, divisor, result)
        for month, channel, metric, value, divisor, result in query(
            "select month::text, channel, metric, value, divisor, result from dev_marts.rep_channel_metrics_monthly"
        )
    }
    assert len(expected) == 3 * 7 * 14
    # A session with two conversion events counts two form submissions, and is one converted session.
    everything = sum_up(facts)
    assert (everything["forms"], everything["converted"]) == (888, 737)
    assert reported == expected


@pytest.fixture(scope="module")
def totals(empty: str, dbt: Dbt) -> str:
    """The analysis of totals, as dbt compiles it: a query to select from."""
    done = dbt(f"compile --select {TOTALS}", database=empty)
    return f"({done.result.results[0].node.compiled_code}) as totals"


@pytest.mark.parametrize("period_type", ["quarter", "all"])
def test_totals_of_the_quarter_equal_a_recomputation(query, totals, facts, period_type):
    expected = {}
    for metric, (_, _, is_cost) in METRICS.items():
        everything = sum_up(facts, channels=PAID if is_cost else None)
        expected["All", metric] = metric_of(everything, metric, True)
        for channel in {channel for _, channel, _ in facts}:
            expected[channel, metric] = metric_of(sum_up(facts, channels={channel}), metric, channel in PAID)
    reported = {
        (channel, metric): (value, divisor, result)
        for channel, metric, value, divisor, result in query(
            f"select channel, metric, value, divisor, result from {totals}"
            f" where period_type = '{period_type}' and period_start = '2025-07-01'"
        )
    }
    assert reported == expected


def test_the_published_figures_come_out(query, totals):
    found = query(
        f"select channel, metric, round(result, 2) from {totals}"
        " where period_type = 'quarter' and channel in ('Google Ads', 'Meta')"
    )
    published = {(channel, metric): str(result) for channel, metric, result in found}
    assert published == published | {
        ("Google Ads", "spend"): "369826.02",
        ("Google Ads", "revenue"): "815827.87",
        ("Google Ads", "roas"): "2.21",
        ("Meta", "roas"): "0.87",
    }


def test_rolling_windows_equal_a_recomputation(query, facts):
    measures = {
        "impressions": "impressions",
        "clicks": "clicks",
        "sessions_count": "sessions",
        "won_count": "won",
    }
    windows = list(product(measures, (7, 30)))
    names = ", ".join(f"{measure}_{days}d" for measure, days in windows)
    reported = query(
        f"select day, channel, campaign, {names} from dev_marts.rep_channel_funnel_daily"
        " where sessions_count is not null order by 1, 2, 3"
    )
    members = {(channel, campaign) for _, channel, campaign in facts}
    assert len(reported) == 90 * len(members)
    for day, channel, campaign, *values in reported:
        expected = []
        for measure, days in windows:
            held = [(day - timedelta(number)).isoformat() for number in range(days)]
            expected.append(sum(facts[past, channel, campaign][measures[measure]] for past in held))
        assert values == expected, (day, channel, campaign)
    assert [reported[0][0], reported[-1][0]] == [date(2025, 7, 1), date(2025, 9, 28)]


def test_what_the_files_lack_is_unknown_and_not_zero(query):
    assert query(
        "select sum(leads_count), max(cost_per_lead), bool_and(period_revenue = cohort_revenue),"
        " sum(period_won_count) from dev_marts.rep_marketing_efficiency_monthly"
    ) == [(None, None, True, 80)]
    assert query("select sum(undated_won_count), sum(won_count) from dev_marts.fct_channel_daily") == [
        (80, 80)
    ]
    assert query(
        "select model, channel, sum(opportunities_credit) from dev_marts.rep_channel_attribution"
        " group by 1, 2 order by 1"
    ) == [(model, "Unattributed", 350) for model in ("first", "last", "linear")]
