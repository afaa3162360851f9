"""The largest values and the longest texts that the loader lets in go through every mart; more in a log is unknown."""

from __future__ import annotations

import csv
import shutil
from hashlib import sha256

import pytest

from conftest import ROOT

MONEY, PERCENT, COUNT = "9999999999999999", "99999", "999999999999"
# No index holds such a text, nor what becomes of it when it is compressed.
LONG = "".join(chr(0x4E00 + sha256(str(n).encode()).digest()[0] * 81 + n % 81) for n in range(3000))
# file: column: values of its first rows
LARGEST = {
    "salesforce/Opportunity.csv": {
        "Amount": [MONEY] * 300,
        "Probability": [PERCENT] * 300,
        "Type": [LONG] * 9,
        "LeadSource": [LONG] * 9,
    },
    "salesforce/OpportunityHistory.csv": {"Amount": [MONEY] * 300, "Probability": [PERCENT] * 300},
    "salesforce/OpportunityStage.csv": {"DefaultProbability": [PERCENT] * 3},
    "salesforce/Account.csv": {
        "AnnualRevenue": [MONEY] * 20,
        "NumberOfEmployees": ["9223372036854775807"] * 20,
        "Industry": [LONG] * 3,
        "BillingCountry": [LONG] * 3,
    },
    "hubspot/hubspot_deals.csv": {
        "dealtype": [LONG] * 9,
        "hs_analytics_source": [LONG] * 9,
        "closed_lost_reason": [LONG] * 99,
    },
    "hubspot/hubspot_companies.csv": {"industry": [LONG] * 3, "country": [LONG] * 3},
    "hubspot/hubspot_engagements.csv": {"type": [LONG] * 3, "outcome": [LONG] * 3},
    "hubspot/hubspot_pipeline_stages.csv": {"stage_label": [LONG], "pipeline_label": [LONG]},
    "pipedrive/organizations.csv": {"industry": [LONG] * 3, "country": [LONG] * 3},
    "marketing/Lead.csv": {"LeadSource": [LONG] * 3},
    "marketing/Campaign.csv": {"ActualCost": [MONEY] * 3, "Name": [LONG], "Type": [LONG]},
    "marketing/ad_spend.csv": {
        "spend_usd": [MONEY, "0.000001"] * 200,
        "clicks": ["1", COUNT] * 200,
        "impressions": [COUNT, "1"] * 200,
        "channel": [LONG] * 3,
        "utm_source": [LONG] * 3,
        "utm_campaign": [LONG] * 3,
    },
    "marketing/web_analytics.csv": {
        "pageviews": [COUNT] * 99,
        "conversions": [COUNT] * 99,
        "landing_page": [LONG] * 3,
        "utm_source": [LONG] * 3,
        "utm_campaign": [LONG] * 3,
    },
    "pipedrive/stages.csv": {
        "deal_probability": [PERCENT] * 3,
        "order_nr": ["2147483647"],
        "rotten_days": ["2147483647"],
    },
}


@pytest.mark.nightly
def test_the_largest_values_go_through_every_mart(databases, dbt, load, query, tmp_path):
    folder = tmp_path / "exports"
    shutil.copytree(ROOT / "raw_data", folder)
    for name, columns in LARGEST.items():
        with (folder / name).open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
        for column, values in columns.items():
            for row, value in zip(rows, values, strict=False):
                row[column] = value
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, reader.fieldnames)
            writer.writeheader()
            writer.writerows(rows)
    log = folder / "pipedrive" / "deal_changes.csv"
    text = log.read_text(encoding="utf-8")
    deal = text.splitlines()[1].split(",")[0]
    log.write_text(
        f"{text.rstrip()}\n{deal},2025-06-01 00:00:00,value,100000000000000000\n", encoding="utf-8"
    )
    database = databases.create()
    load(folder, database=database)
    dbt("build --exclude-resource-type test unit_test", database=database)
    # HubSpot's sample has a deal of the same id.
    amounts = query(
        database,
        f"select amount from dev_marts.dim_deals where crm_source = 'pipedrive' and deal_id = '{deal}'",
    )
    databases.drop(database)
    assert amounts == [(None,)]
