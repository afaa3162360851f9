"""Visits, first entries, outcomes and owners of the sample's HubSpot deals, computed a second time from the files."""

from __future__ import annotations

from collections import Counter

import pytest

from conftest import ROOT
from support.hubspot_by_hand import Sample, read

FOLDER = ROOT / "raw_data" / "hubspot"


@pytest.fixture(scope="module")
def sample() -> Sample:
    return Sample(FOLDER)


def test_the_sample_has_its_traps(sample):
    """Otherwise the tests below would compare little."""
    visits = {deal.id: sample.list_visits(deal) for deal in sample.deals.values()}
    deals = sample.deals.values()
    assert len(sample.merged) >= 6
    assert sample.merged & {row["deal_id"] for row in read(FOLDER / "hubspot_deals.csv")}
    assert sum(len({v.stage for v in found}) < len(found) for found in visits.values()) >= 15  # entered again
    assert sum(len(deal.of("pipeline")) > 1 for deal in deals) >= 10
    assert sum(v.entered == v.exited for found in visits.values() for v in found) >= 5
    assert sum(bool(deal.begins and deal.begins > deal.created) for deal in deals) >= 10
    assert any(not deal.history for deal in deals)
    assert sum(outcome == "reopened" for deal in deals for _, outcome in sample.list_outcomes(deal)) >= 2
    left = {row["owner_id"] for row in read(FOLDER / "hubspot_owners.csv") if row["archived"] == "True"}
    assert (
        sum(deal.now["hs_is_closed"] == "False" and sample.list_owners(deal)[-1][1] in left for deal in deals)
        >= 3
    )
    pipedrive = {row["deal_id"] for row in read(ROOT / "raw_data" / "pipedrive" / "deal_changes.csv")}
    assert len(pipedrive & set(sample.deals)) >= 40


def test_visits(sample_database, query, sample):
    expected = Counter(
        (deal.id, visit.stage, visit.entered, visit.exited)
        for deal in sample.deals.values()
        for visit in sample.list_visits(deal)
    )
    reported = query(
        sample_database,
        "select deal_id, stage_id, entered_at, exited_at from dev_marts.fct_deal_stage_history"
        " where crm_source = 'hubspot'",
    )
    assert Counter(reported) == expected
    assert sum(expected.values()) > 500


def test_first_entries_and_entries_by_month(sample_database, query, sample):
    first, all_entries = Counter(), Counter()
    for deal in sample.deals.values():
        seen = set()
        for visit in sample.list_visits(deal):
            cell = visit.stage, visit.entered.strftime("%Y-%m")
            all_entries[cell] += 1
            if visit.stage not in seen:
                first[cell] += 1
            seen.add(visit.stage)
    reported = query(
        sample_database,
        "select source_value, to_char(month, 'YYYY-MM'), deals_count, entries_count"
        " from dev_marts.rep_sales_funnel_trends"
        " join dev_marts.dim_funnel_steps using (crm_source, pipeline_id, funnel_step)"
        " where crm_source = 'hubspot' and event_type = 'stage' and entries_count > 0",
    )
    assert {(stage, month): deals for stage, month, deals, _ in reported if deals} == first
    assert {(stage, month): entries for stage, month, _, entries in reported} == all_entries
    assert len(all_entries) > 60


def test_outcomes_and_their_dates(sample_database, query, sample):
    expected = Counter(
        (deal.id, outcome, at) for deal in sample.deals.values() for at, outcome in sample.list_outcomes(deal)
    )
    reported = query(
        sample_database,
        "select deal_id, outcome, occurred_at from dev_marts.fct_deal_outcomes where crm_source = 'hubspot'",
    )
    assert Counter(reported) == expected
    assert sum(expected.values()) > 120
    statuses = Counter(sample.ends.get(deal.now["dealstage"], "open") for deal in sample.deals.values())
    assert statuses == dict(
        query(
            sample_database,
            "select status, count(*) from dev_marts.dim_deals where crm_source = 'hubspot' group by 1",
        )
    )
    dates = query(
        sample_database,
        "select deal_id, closed_date::text from dev_marts.dim_deals"
        " where crm_source = 'hubspot' and status <> 'open'",
    )
    assert dict(dates) == {
        deal.id: deal.now["closedate"][:10]
        for deal in sample.deals.values()
        if deal.now["dealstage"] in sample.ends
    }


def test_owners(sample_database, query, sample):
    expected = {
        (deal.id, owner, since) for deal in sample.deals.values() for since, owner in sample.list_owners(deal)
    }
    reported = query(
        sample_database,
        "select deal_id, owner_id, valid_from from dev_marts.dim_deal_owner_history where crm_source = 'hubspot'",
    )
    assert set(reported) == expected
    assert len(reported) == len(expected) > 240


def test_calls_and_companies(sample_database, query, sample):
    """Calls of deals that do not count are left out; a planned meeting, or one to which nobody came, is not done."""
    engagements = [row for row in read(FOLDER / "hubspot_engagements.csv") if row["deal_id"] in sample.deals]
    assert len(engagements) < len(read(FOLDER / "hubspot_engagements.csv"))
    assert query(
        sample_database,
        "select count(*), count(*) filter (where is_completed) from dev_marts.fct_activities"
        " where crm_source = 'hubspot'",
    ) == [(len(engagements), sum(row["outcome"] in ("COMPLETED", "") for row in engagements))]
    companies = {row["company_id"]: row["name"] for row in read(FOLDER / "hubspot_companies.csv")}
    named = query(
        sample_database,
        "select deal_id, account_name from dev_marts.dim_deals"
        " join dev_marts.dim_accounts using (crm_source, account_id) where crm_source = 'hubspot'",
    )
    assert dict(named) == {
        deal.id: companies.get(deal.now["company_id"], "Unknown") for deal in sample.deals.values()
    }
