"""Columns that people of similar projects look for, computed a second time in plain Python from the sample: names,
steps and numbers on facts; levels, labels and insights on reports."""

from __future__ import annotations

from collections import Counter, defaultdict

from conftest import ROOT
from support.hubspot_by_hand import Sample as HubSpot
from support.salesforce_by_hand import Sample as Salesforce
from support.salesforce_by_hand import read

PIPEDRIVE, HUBSPOT = ROOT / "raw_data" / "pipedrive", ROOT / "raw_data" / "hubspot"
UNKNOWN = ("Unknown", "Unknown")
STEPS = {
    (row["pipeline_id"], row["event_type"], row["source_value"]): (row["funnel_step"], row["kpi_name"])
    for row in read(ROOT / "seeds" / "funnel_steps.csv")
}


def mask(text: str) -> str:
    """The first letter of each word; nothing of a word of one letter."""
    return " ".join(f"{word[0]}***" if len(word) > 1 else "***" for word in text.split())


def test_owners_carry_a_masked_address_and_whether_they_are_there(sample_database, query):
    expected = [
        ("pipedrive", row["id"], mask(row["email"].split("@")[0]) or None, None)
        for row in read(PIPEDRIVE / "users.csv")
    ]
    expected += [
        ("hubspot", row["owner_id"], mask(row["email"].split("@")[0]) or None, row["archived"] == "False")
        for row in read(HUBSPOT / "hubspot_owners.csv")
    ]
    expected += [
        ("salesforce", row["Id"], None, row["IsActive"] == "True")
        for row in read(ROOT / "raw_data" / "salesforce" / "User.csv")
    ]
    reported = query(
        sample_database,
        "select crm_source, owner_id, email_masked, is_active from dev_marts.dim_owners where owner_id <> 'Unknown'",
    )
    assert Counter(reported) == Counter(expected)
    assert sum(email is not None for _, _, email, _ in expected) > 50
    assert sum(is_active is False for *_, is_active in expected) >= 2


def test_activities_carry_the_name_of_their_type_and_their_step(sample_database, query):
    names = {row["type"]: row["name"] for row in read(PIPEDRIVE / "activity_types.csv")}
    pipelines: dict[str, tuple[str, str]] = {}
    for row in read(PIPEDRIVE / "deal_changes.csv"):
        if row["changed_field_key"] == "pipeline_id":
            pipelines[row["deal_id"]] = max(
                pipelines.get(row["deal_id"], ("", "")), (row["change_time"], row["new_value"])
            )
    expected = {}
    for row in read(PIPEDRIVE / "activity.csv"):
        _, pipeline = pipelines.get(row["deal_id"], ("", "1"))
        step = STEPS.get((pipeline, "activity", row["type"]), UNKNOWN)
        expected[row["deal_id"], row["activity_id"]] = (names[row["type"]], *step)
    reported = query(
        sample_database,
        "select deal_id, activity_id, activity_type_name, funnel_step, kpi_name"
        " from dev_marts.fct_activities where crm_source = 'pipedrive'",
    )
    assert {tuple(row[:2]): tuple(row[2:]) for row in reported} == expected
    assert len({found for found in expected.values() if found[1] != "Unknown"}) == 2
    assert sum(pipeline == "2" for _, pipeline in pipelines.values()) > 50


def test_visits_carry_names_step_and_the_number_of_the_entry(sample_database, query):
    hubspot, salesforce = HubSpot(HUBSPOT), Salesforce(ROOT / "raw_data" / "salesforce")
    listed = [
        row for row in read(HUBSPOT / "hubspot_pipeline_stages.csv") if row["is_closed"] == "False"
    ]  # in each pipeline's order
    steps = {}
    for pipeline in {row["pipeline_id"] for row in listed}:
        stages = [row for row in listed if row["pipeline_id"] == pipeline]
        stages.sort(key=lambda row: int(row["display_order"]))
        for place, row in enumerate(stages, start=1):
            steps["hubspot", row["stage_id"]] = (row["stage_label"], str(place), row["stage_label"])
    for place, stage in enumerate(salesforce.open_stages, start=1):
        steps["salesforce", stage] = (stage, str(place), stage)
    visits = [
        ("hubspot", deal.id, v.stage, v.entered)
        for deal in hubspot.deals.values()
        for v in hubspot.list_visits(deal)
    ]
    visits += [
        ("salesforce", found.id, stage, entered)
        for found in salesforce.opportunities.values()
        for stage, entered, _ in salesforce.list_visits(found)
    ]
    expected, entries = Counter(), defaultdict(int)
    for crm, deal, stage, entered in visits:
        entries[crm, deal, stage] += 1
        expected[(crm, deal, entered, *steps[crm, stage], entries[crm, deal, stage])] += 1
    reported = query(
        sample_database,
        "select crm_source, deal_id, entered_at, stage_name, funnel_step, kpi_name, entry_number"
        " from dev_marts.fct_deal_stage_history where crm_source <> 'pipedrive'",
    )
    assert Counter(reported) == expected
    assert max(entries.values()) >= 2


def test_visits_of_listed_stages_bear_the_names_of_the_steps_file(sample_database, query):
    names = {
        row["stage_id"]: (row["stage_name"], row["pipeline_id"]) for row in read(PIPEDRIVE / "stages.csv")
    }
    reported = query(
        sample_database,
        "select distinct stage_id, stage_name, funnel_step, kpi_name"
        " from dev_marts.fct_deal_stage_history where crm_source = 'pipedrive'",
    )
    assert {row[0]: row[1:] for row in reported} == {
        stage: (name, *STEPS[pipeline, "stage", stage]) for stage, (name, pipeline) in names.items()
    }
    assert ("Qualified lead", "2", "Qualified Lead") in {row[1:] for row in reported}
