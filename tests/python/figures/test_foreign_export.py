"""An export of another system loads through the mapping of docs/mapping.md, without code, and its win rates and cycle
times equal, cell by cell, what plain Python computes from the same files.

Twice: on a made-up export, and on the public one of 8 800 opportunities where it is at hand.
"""

from __future__ import annotations

import csv
import hmac
import json
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from conftest import ROOT, Databases, Dbt
from support import real_data

MAPPING = re.search(r"```json\n(.*?)```", (ROOT / "docs" / "mapping.md").read_text("utf-8"), re.DOTALL).group(
    1
)
DATE_FORMATS = ("%m/%d/%Y", "%d-%m-%Y", "%Y-%m-%d")
REPORTS = "+rep_win_rate_trend +rep_sales_velocity +rep_deal_cohorts"
AGENTS = ("Kim Doe", "Lee Roe", "Sam Poe", "Ann Moe", "Tom Coe")
ACCOUNTS = {"Northwind": "retial", "Contoso": "retail", "Fabrikam": "finance", "Initech": "software"}


@dataclass(frozen=True)
class Opportunity:
    """A row of the export as a person reads it."""

    id: str
    owner: str
    product: str
    industry: str
    stage: str
    engaged: date | None
    closed: date | None
    value: Decimal | None

    @property
    def cycle_days(self) -> int:
        return (self.closed - self.engaged).days


@dataclass(frozen=True)
class Export:
    """What the files say, and what the reports made of them: query(sql) → rows."""

    opportunities: list[Opportunity]
    as_of: date
    query: Callable[[str], list[tuple]]


# --- the two exports ------------------------------------------------------------------------------------------


def write_made_up_export(folder: Path) -> None:
    """sales_pipeline.csv, accounts.csv and sales_teams.csv with the faults of the public export."""
    chance = random.Random(8_800)
    header = ["opportunity_id", "sales_agent", "product", "account", "deal_stage"]
    header += ["engage_date", "close_date", "close_value"]
    rows = []
    for number in range(400):
        stage = chance.choices(("Won", "Lost", "Engaging", "Prospecting"), (48, 28, 18, 6))[0]
        engaged = date(2023, 10, 20) + timedelta(days=chance.randrange(400))
        closed = engaged + timedelta(days=chance.randrange(140))
        value = {"Won": str(chance.randrange(38, 30_000)), "Lost": "0"}.get(stage, "")
        is_closed = stage in ("Won", "Lost")
        account = chance.choice([*ACCOUNTS, "Nortwind"] if is_closed else [*ACCOUNTS, "", "null"])
        dates = (engaged if stage != "Prospecting" else None, closed if is_closed else None)
        shown = [f"{day.month}/{day.day}/{day.year}" if day else "" for day in dates]
        product = chance.choice(("Basic", "Plus Pro", "PlusPro"))
        rows.append([f"A-{number}", chance.choice(AGENTS), product, account, stage, *shown, value])
    accounts = [[name, sector, "12.5", "120", "Kenya"] for name, sector in ACCOUNTS.items()]
    agents = [[name, "Eve Foe", "East"] for name in AGENTS]
    write(folder / "sales_pipeline.csv", [header, *rows])
    write(
        folder / "accounts.csv", [["account", "sector", "revenue", "employees", "office_location"], *accounts]
    )
    write(folder / "sales_teams.csv", [["sales_agent", "manager", "regional_office"], *agents])


def write(path: Path, rows: list[list[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        return [{name: value.strip() for name, value in row.items()} for row in csv.DictReader(file)]


def find_date_format(rows: list[dict[str, str]]) -> str:
    """The copies of the public export differ in it."""
    days = [row[name] for row in rows for name in ("engage_date", "close_date") if row[name]]
    for date_format in DATE_FORMATS:
        try:
            for day in days:
                datetime.strptime(day, date_format)
        except ValueError:
            continue
        return date_format
    pytest.fail(f"no known date format fits {days[0]}")


def adapt_mapping(date_format: str) -> dict:
    """The documented mapping, with the spellings to mend of the public export beside its own."""
    mapping = json.loads(MAPPING)
    columns = mapping["sales_pipeline.csv"][0]["columns"]
    columns["Type"]["values"]["GTXPro"] = "GTX Pro"
    columns["CreatedDate"]["date_format"] = columns["CloseDate"]["date_format"] = date_format
    mapping["accounts.csv"]["columns"]["Industry"]["values"]["technolgy"] = "technology"
    return mapping


def read_opportunities(folder: Path, date_format: str, secret: str) -> list[Opportunity]:
    """The export in plain Python, nothing of the loader or the models."""
    mended = {"GTXPro": "GTX Pro", "PlusPro": "Plus Pro", "technolgy": "technology", "retial": "retail"}
    mended |= {"Nortwind": "Northwind"}
    industries = {
        row["account"]: mended.get(row["sector"], row["sector"]) for row in read(folder / "accounts.csv")
    }

    def day(text: str) -> date | None:
        return datetime.strptime(text, date_format).date() if text else None

    return [
        Opportunity(
            row["opportunity_id"],
            hmac.digest(secret.encode(), row["sales_agent"].encode(), "sha256").hex()[:12],
            mended.get(row["product"], row["product"]),
            industries.get(mended.get(row["account"], row["account"]), "Unknown"),
            row["deal_stage"],
            day(row["engage_date"]),
            day(row["close_date"]),
            Decimal(row["close_value"]) if row["close_value"] else None,
        )
        for row in read(folder / "sales_pipeline.csv")
    ]


@pytest.fixture(scope="module", params=["made_up", "public"])
def export(request, databases: Databases, dbt: Dbt, load, connect, tmp_path_factory) -> Iterator[Export]:
    if request.param == "made_up":
        folder = tmp_path_factory.mktemp("export")
        write_made_up_export(folder)
    else:
        folder = real_data.require("crm")
    date_format = find_date_format(read(folder / "sales_pipeline.csv"))
    mapping = adapt_mapping(date_format)
    mapping_file = tmp_path_factory.mktemp("mapping") / "mapping.json"
    mapping_file.write_text(json.dumps(mapping))
    database = databases.create()
    load(folder, "--mapping", mapping_file, database=database)
    dbt(f"build --exclude-resource-type test unit_test --select {REPORTS}", database=database)
    connection = connect(database, "reporter")

    def query(statement: str) -> list[tuple]:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()

    secret = mapping["sales_teams.csv"]["columns"]["Id"]["pseudonym"]
    opportunities = read_opportunities(folder, date_format, secret)
    as_of = max(day for one in opportunities for day in (one.engaged, one.closed) if day)
    yield Export(opportunities, as_of, query)
    connection.close()
    databases.drop(database)


# --- the same figures in plain Python -------------------------------------------------------------------------


def cut_quarter(day: date) -> date:
    return date(day.year, day.month - (day.month - 1) % 3, 1)


def next_period(day: date, months: int) -> date:
    return date(day.year + (day.month - 1 + months) // 12, (day.month - 1 + months) % 12 + 1, 1)


def spread(first: date, last: date, months: int) -> list[date]:
    days = [first]
    while days[-1] < last:
        days.append(next_period(days[-1], months))
    return days


def ratio(numerator, denominator, digits: int) -> Decimal | None:
    if not denominator:
        return None
    exact = Decimal(numerator) / Decimal(denominator)
    return exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def compute_win_rates(export: Export, member: Callable[[Opportunity], str]) -> dict[tuple, tuple]:
    """(member, quarter) → won, lost, win rate, won value; the last three and their mean days over four quarters."""
    cells = defaultdict(list)
    for one in export.opportunities:
        if one.stage in ("Won", "Lost"):
            cells[member(one), cut_quarter(one.closed)].append(one)
    first = min(quarter for _, quarter in cells)
    rates = {}
    for name in {name for name, _ in cells}:
        quarters = spread(first, cut_quarter(export.as_of), 3)
        for place, quarter in enumerate(quarters):
            now = cells[name, quarter]
            year = [one for passed in quarters[max(0, place - 3) : place + 1] for one in cells[name, passed]]
            won, year_won = [[one for one in some if one.stage == "Won"] for some in (now, year)]
            rates[name, quarter] = (
                len(won),
                len(now) - len(won),
                ratio(len(won), len(now), 6),
                sum(one.value for one in won),
                len(year_won),
                len(year) - len(year_won),
                ratio(len(year_won), len(year), 6),
                ratio(sum(one.cycle_days for one in year_won), len(year_won), 4),
            )
    return rates


MEASURES = (
    "won_count, lost_count, win_rate, won_amount, trailing_won_count, trailing_lost_count, trailing_win_rate,"
    " trailing_mean_won_cycle_days"
)


@pytest.mark.parametrize(
    ("dimension", "member"),
    [
        ("all", lambda _: "All"),
        ("deal_type", lambda one: one.product),
        ("owner", lambda one: one.owner),
        ("industry", lambda one: one.industry),
    ],
    ids=["all", "product", "agent", "industry"],
)
def test_win_rates_by(export: Export, dimension, member):
    rows = export.query(
        f"select member_id, quarter, {MEASURES} from dev_marts.rep_win_rate_trend where dimension = '{dimension}'"
    )
    computed = compute_win_rates(export, member)
    assert {row[:2]: row[2:] for row in rows} == computed
    assert len(rows) == len(computed) >= 4


def test_every_opportunity_counts_once_with_its_cycle(export: Export):
    rows = export.query(
        "select deal_id, status, created_date, closed_date, cycle_days, amount from dev_marts.dim_deals"
    )
    status = {"Won": "won", "Lost": "lost"}
    assert {row[0]: row[1:] for row in rows} == {
        one.id: (
            status.get(one.stage, "open"),
            one.engaged,
            one.closed,
            one.cycle_days if one.closed else None,
            one.value,
        )
        for one in export.opportunities
    }
    assert len(rows) == len(export.opportunities)


def test_cohorts_of_the_month_of_engagement(export: Export):
    created = defaultdict(list)
    for one in export.opportunities:
        if one.engaged:
            created[one.engaged.replace(day=1)].append(one)
    computed = {}
    for month in spread(min(created), max(created), 1):
        stages = [one.stage for one in created[month]]
        won, lost = stages.count("Won"), stages.count("Lost")
        computed[month] = (len(stages), won, lost, len(stages) - won - lost, ratio(won, len(stages), 6))
    rows = export.query(
        "select month, created_count, won_count, lost_count, open_count, won_share"
        " from dev_marts.rep_deal_cohorts"
    )
    assert {row[0]: row[1:] for row in rows} == computed


def test_velocity_takes_win_rate_and_cycle_of_the_same_four_quarters(export: Export):
    computed = compute_win_rates(export, lambda one: one.owner)
    rows = export.query(
        "select member_id, quarter, win_rate, mean_won_cycle_days from dev_marts.rep_sales_velocity"
        " where dimension = 'owner'"
    )
    assert {row[:2]: row[2:] for row in rows} == {key: cell[6:] for key, cell in computed.items()}


def test_names_of_agents_are_in_no_report(export: Export):
    [(owners, masked)] = export.query(
        "select count(distinct owner_id), count(*) filter (where owner_name_masked not like '%***%')"
        " from dev_marts.fct_deals where owner_id ~ '^[0-9a-f]{12}$'"
    )
    assert owners == len({one.owner for one in export.opportunities})
    assert masked == 0
