"""The tie-out of the sample's Pipedrive deals equals one by hand, and says why a deal differs."""

from __future__ import annotations

import csv
from collections import Counter
from decimal import Decimal

from conftest import ROOT

FIELDS = {
    "status": "status",
    "pipeline_id": "pipeline",
    "stage_id": "stage",
    "owner_id": "owner",
    "value": "amount",
    "currency": "currency",
}


def read(name: str) -> list[dict[str, str]]:
    with (ROOT / "raw_data" / "pipedrive" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_deals_that_differ_from_the_list_are_those_by_hand(sample_database, query):
    logged: dict[str, dict[str, str]] = {}
    for row in sorted(read("deal_changes.csv"), key=lambda row: row["change_time"]):
        field = {"user_id": "owner_id"}.get(row["changed_field_key"], row["changed_field_key"])
        logged.setdefault(row["deal_id"], {})[field] = row["new_value"]
    listed = {row["id"]: row for row in read("deals.csv")}
    expected: dict[str, str | None] = {
        deal: None for deal in set(logged) - set(listed) if logged[deal]["status"] != "deleted"
    }
    for deal, row in listed.items():
        differing = [
            name for field, name in FIELDS.items() if row[field] and row[field] != logged[deal].get(field)
        ]
        if "deleted" in (row["status"], logged[deal]["status"]):
            differing = [name for name in differing if name == "status"]
        if differing:
            expected[deal] = ", ".join(differing)
    found = query(
        sample_database,
        "select deal_id, differing_fields, difference from dev_marts.rep_crm_tie_out_deals"
        " where crm_source = 'pipedrive'",
    )
    assert {deal: fields for deal, fields, _ in found} == expected
    assert Counter(difference for _, _, difference in found) == {
        "not in the CRM's list": 5,
        "change not logged": 9,
        "list is older than the log": 2,
    }


def test_both_sides_of_the_tie_out_add_up_to_log_and_list(sample_database, query):
    [(log_deals, crm_deals, crm_amount, differing)] = query(
        sample_database,
        "select sum(log_deals_count), sum(crm_deals_count), sum(crm_amount), sum(differing_log_deals_count)"
        " from dev_marts.rep_crm_tie_out where crm_source = 'pipedrive'",
    )
    listed = [row for row in read("deals.csv") if row["status"] != "deleted"]
    [(known, differing_deals)] = query(
        sample_database,
        "select (select count(*) from dev_marts.dim_deals"
        " where crm_source = 'pipedrive' and is_in_log and status <> 'deleted'),"
        " (select count(*) from dev_marts.rep_crm_tie_out_deals"
        " where crm_source = 'pipedrive' and log_status <> 'deleted')",
    )
    assert (log_deals, crm_deals) == (known, len(listed))
    assert crm_amount == sum(Decimal(row["value"] or 0) for row in listed)
    assert differing == differing_deals
