"""The sample as the screens of HubSpot and Pipedrive export it, with names in place of ids, and as dumps of
their APIs: how deals stand."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from support.connector_shapes import STATE, HubSpot, Pipedrive, Row, pipedrive_airbyte


def hubspot_all_deals(sample: HubSpot) -> list[Row]:
    """Of each deal that counts its row, with the last time at which it entered each stage."""
    rows = sample.rows
    stages = {row["stage_id"]: row for row in rows["pipeline_stages"]}
    pipelines = {row["pipeline_id"]: row["pipeline_label"] for row in rows["pipeline_stages"]}
    owners = {row["owner_id"]: row["name"] for row in rows["owners"]}
    companies = {row["company_id"]: row["name"] for row in rows["companies"]}
    contacts: dict[str, list[str]] = {}
    for row in rows["deal_contacts"]:
        contacts.setdefault(row["deal_id"], []).append(row["contact_id"])
    entered: dict[str, Row] = {}
    for row in sorted(rows["deal_property_history"], key=lambda row: row["timestamp"]):
        if row["property"] == "dealstage" and row["value"] in stages:
            stage = stages[row["value"]]
            title = f'Date entered "{stage["stage_label"]} ({stage["pipeline_label"]})"'
            entered.setdefault(row["deal_id"], {})[title] = row["timestamp"]
    gone = {row["merged_deal_id"] for row in rows["merged_deals"]}
    titles = dict.fromkeys(title for times in entered.values() for title in times)
    return [
        {
            "Record ID": row["deal_id"],
            "Deal Stage": stages[row["dealstage"]]["stage_label"],
            "Pipeline": pipelines[row["pipeline"]],
            "Amount": row["amount"],
            "Currency": row["deal_currency_code"],
            "Close Date": row["closedate"],
            "Create Date": row["createdate"],
            "Last Modified Date": row["hs_lastmodifieddate"],
            "Deal owner": owners.get(row["hubspot_owner_id"], ""),
            "Closed Lost Reason": row["closed_lost_reason"],
            "Deal probability": row["hs_deal_stage_probability"],
            "Forecast category": row["hs_manual_forecast_category"],
            "Deal Type": row["dealtype"],
            "Original Traffic Source": row["hs_analytics_source"],
            "Last Contacted": row["notes_last_contacted"],
            "Associated Company IDs": row["company_id"],
            "Associated Company": companies.get(row["company_id"], ""),
            "Associated Contact IDs": ";".join(contacts.get(row["deal_id"], [])),
            **dict.fromkeys(titles, ""),
            **entered.get(row["deal_id"], {}),
        }
        for row in rows["deals"]
        if row["archived"] != "True" and row["deal_id"] not in gone
    ]


def hubspot_api_deals(sample: HubSpot) -> dict[str, list[Row]]:
    """The lists as the API has them, each property behind a prefix, without archived and merged deals."""
    rows = sample.rows
    entered: dict[str, Row] = {}
    for row in sorted(rows["deal_property_history"], key=lambda row: row["timestamp"]):
        if row["property"] == "dealstage" and row["value"]:
            name = f"properties.hs_v2_date_entered_{row['value']}"
            entered.setdefault(row["deal_id"], {})[name] = row["timestamp"]
    gone = {row["merged_deal_id"] for row in rows["merged_deals"]}
    names = dict.fromkeys(name for times in entered.values() for name in times)
    own = ("deal_id", "archived", "company_id")
    return {
        "deals.csv": [
            {"id": row["deal_id"], "archived": row["archived"]}
            | {f"properties.{name}": value for name, value in row.items() if name not in own}
            | dict.fromkeys(names, "")
            | entered.get(row["deal_id"], {})
            for row in rows["deals"]
            if row["archived"] != "True" and row["deal_id"] not in gone
        ],
        "owners.csv": [
            {"id": row["owner_id"], "email": row["email"], "archived": row["archived"]}
            | dict(zip(("firstName", "lastName"), row["name"].rpartition(" ")[::2], strict=True))
            for row in rows["owners"]
        ],
        "pipelines.csv": [
            {"id": row["stage_id"], "label": row["stage_label"], "displayOrder": row["display_order"]}
            | {"metadata.isClosed": row["is_closed"], "metadata.probability": row["probability"]}
            | {"pipeline.id": row["pipeline_id"], "pipeline.label": row["pipeline_label"]}
            | {"archived": row["archived"]}
            for row in rows["pipeline_stages"]
        ],
    }


def pipedrive_deals(sample: Pipedrive) -> list[Row]:
    """Of each deal that is not deleted its row, with the times of its last move and of its end."""
    stages = {row["stage_id"]: row["stage_name"] for row in sample.files["stages.csv"]}
    users = {row["id"]: row["name"] for row in sample.files["users.csv"]}
    options = {
        row["FIELD_KEY"]: {option["id"]: option["label"] for option in json.loads(row["FIELD_VALUE_OPTIONS"])}
        for row in sample.files["fields.csv"]
        if row["FIELD_VALUE_OPTIONS"]
    }
    found = []
    for row in sample.files["deals.csv"]:
        times = {change["changed_field_key"]: change["change_time"] for change in sample.deals[row["id"]]}
        status = row["status"]
        found.append({
            "Deal - ID": row["id"],
            "Deal - Value": row["value"],
            "Deal - Currency of Value": row["currency"],
            "Deal - Owner": users.get(row["owner_id"], ""),
            "Deal - Pipeline": options["pipeline_id"][row["pipeline_id"]],
            "Deal - Stage": stages.get(row["stage_id"], ""),
            "Deal - Status": status.title(),
            "Deal - Deal created": times["add_time"],
            "Deal - Last stage change": times.get("stage_id", ""),
            "Deal - Won time": times["status"] if status == "won" else "",
            "Deal - Lost time": times["status"] if status == "lost" else "",
            "Deal - Lost reason": options["lost_reason"].get(row["lost_reason"], ""),
            "Deal - Expected close date": row["expected_close_date"],
        })  # fmt: skip
    return found


def pipedrive_api_deals(sample: Pipedrive) -> dict[str, list[Row]]:
    """The lists as the API has them, deleted deals among them, without the log of a deal."""
    deals = []
    for row in pipedrive_airbyte(sample)["deals"].rows:
        ended = {change["changed_field_key"]: change["change_time"] for change in sample.deals[row["id"]]}[
            "status"
        ]
        deals.append(
            {"title": "a title", "owner_id": row.get("user_id", ""), "is_deleted": row["deleted"]}
            | {column: row.get(column, "") for column in STATE if column != "user_id"}
            | {column: row[column] for column in ("id", "add_time", "update_time", "stage_change_time")}
            | {column: str(json.loads(row[column])["value"]) for column in ("org_id", "person_id")}
            | {f"{status}_time": ended if row["status"] == status else "" for status in ("won", "lost")}
        )
    others = sample.others()
    return {
        "deals.csv": deals,
        **{
            f"{name}.csv": [
                {column: row.get(column, "") for column in others[name].columns} for row in others[name].rows
            ]
            for name in ("stages", "activities", "activity_types")
        },
    }


SCREEN_EXPORTS: dict[str, Callable[[Any], dict[str, list[Row]]]] = {
    "hubspot_all_deals": lambda sample: {"deals-1.csv": hubspot_all_deals(sample)},
    "hubspot_api_deals": hubspot_api_deals,
    "pipedrive_deals": lambda sample: {"deals-1.csv": pipedrive_deals(sample)},
    "pipedrive_api_deals": pipedrive_api_deals,
}
