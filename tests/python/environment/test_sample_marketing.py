"""The marketing sample hangs together with the opportunities it was made from. Read from the committed files, which
test_generate_raw_data.py reproduces byte for byte."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

from conftest import ROOT
from sample.generate import main as generate_sample

MARKETING = ROOT / "raw_data" / "marketing"


def read(name: str, folder: Path = MARKETING) -> list[dict[str, str]]:
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


OPPORTUNITIES = {row["Id"]: row for row in read("Opportunity.csv", ROOT / "raw_data" / "salesforce")}


def test_files_are_small():
    sizes = {path.name: path.stat().st_size for path in MARKETING.iterdir()}
    assert len(sizes) == 6 and max(sizes.values()) < 0.7 * 2**20


def test_leads_roles_and_members_point_at_what_is_there():
    campaigns = {row["Id"] for row in read("Campaign.csv")}
    leads = {row["Id"]: row for row in read("Lead.csv")}
    roles = {(row["OpportunityId"], row["ContactId"]) for row in read("OpportunityContactRole.csv")}
    contacts = {contact for _, contact in roles}
    assert {row["CampaignId"] for row in OPPORTUNITIES.values()} - {""} == campaigns
    assert {opportunity for opportunity, _ in roles} < set(OPPORTUNITIES)
    converted = [lead for lead in leads.values() if lead["IsConverted"] == "True"]
    assert 0.45 < len(converted) / len(OPPORTUNITIES) < 0.6
    for lead in converted:
        assert (lead["ConvertedOpportunityId"], lead["ConvertedContactId"]) in roles
        created = OPPORTUNITIES[lead["ConvertedOpportunityId"]]["CreatedDate"]
        assert lead["CreatedDate"] <= created and lead["ConvertedDate"] == created[:10]
    for member in read("CampaignMember.csv"):
        assert member["CampaignId"] in campaigns
        assert member["LeadId"] in leads or member["ContactId"] in contacts
        assert (member["HasResponded"] == "True") == bool(member["FirstRespondedDate"])


def test_no_key_occurs_twice():
    keys = {
        "ad_spend.csv": ("date", "campaign_id"),
        "web_analytics.csv": ("session_id",),
        "Campaign.csv": ("Id",),
        "CampaignMember.csv": ("CampaignId", "LeadId", "ContactId"),
        "Lead.csv": ("Id",),
        "OpportunityContactRole.csv": ("OpportunityId", "ContactId"),
    }
    for name, columns in keys.items():
        counts = Counter(tuple(row[column] for column in columns) for row in read(name))
        assert counts.most_common(1)[0][1] == 1, name


def test_platforms_return_what_they_should():
    names = {row["Id"]: row["Name"] for row in read("Campaign.csv")}
    channel_of = {row["utm_campaign"]: row["channel"] for row in read("ad_spend.csv")}
    spend, revenue = Counter(), Counter()
    for row in read("ad_spend.csv"):
        spend[row["channel"]] += float(row["spend_usd"])
    for row in OPPORTUNITIES.values():
        if row["IsWon"] == "True" and row["CampaignId"]:
            revenue[channel_of.get(names[row["CampaignId"]])] += float(row["Amount"] or 0)
    returns = {channel: revenue[channel] / spend[channel] for channel in spend}
    for channel, expected in {"Google Ads": 3.2, "LinkedIn": 2.4, "Meta": 0.9, "Twitter": 0.4}.items():
        assert abs(returns[channel] / expected - 1) < 0.15, returns


def test_sessions_convert_by_channel_and_some_have_no_known_source():
    sessions = read("web_analytics.csv")
    assert {row["conversions"] for row in sessions} == {"0", "1", "2"}
    sources = Counter(row["utm_source"] for row in sessions)
    assert 0.06 < sources[""] / len(sessions) < 0.12
    assert 0 < sources["duckduckgo"] / len(sessions) < 0.02
    converted = Counter(row["utm_source"] for row in sessions if row["conversions"] != "0")
    rates = {
        source: converted[source] / sources[source]
        for source in ("linkedin", "google", "facebook", "twitter")
    }
    assert list(rates.values()) == sorted(rates.values(), reverse=True), rates


def test_marketing_alone_brings_the_opportunities_it_is_made_from(tmp_path):
    assert generate_sample(["--output", str(tmp_path), "--deals", "50", "--only", "marketing"]) == 0
    assert len(read("Opportunity.csv", tmp_path / "salesforce")) == 30
    assert len(read("web_analytics.csv", tmp_path / "marketing")) == 200
