"""The sample behind a server that speaks as Pipedrive's API: what a connector copies from there, as the API has it."""

from __future__ import annotations

import json

from support import connector_shapes
from support.connector_shapes import pipedrive_airbyte
from support.pipedrive_server import Pipedrive, Row


def serve_sample(api: Pipedrive, sample: connector_shapes.Pipedrive) -> None:
    tables = pipedrive_airbyte(sample)
    flows: dict[str, list[Row]] = {}
    for row in tables["deal_flow"].rows:
        values = {name: json.loads(row[name] or "null") for name in ("old_value", "new_value")}
        item = {"object": "dealChange", "timestamp": row["log_time"], "data": {**row, **values}}
        flows.setdefault(row["item_id"], []).append(item)
    api.flow = lambda deal_id: flows.get(deal_id, [])
    api.lists["deals"] = [read_deal(row, flows) for row in tables["deals"].rows]
    api.lists["deals/archived"] = []
    others = {"is_deleted": False, "update_time": connector_shapes.LATER}
    api.lists["activities"] = [
        {**row, **others, "owner_id": row["assigned_to_user_id"]} for row in tables["activities"].rows
    ]
    api.lists["stages"] = [{**row, "days_to_rotten": row["rotten_days"]} for row in tables["stages"].rows]
    fields = {row["key"]: row for row in tables["deal_fields"].rows}
    api.lists["dealFields"] = [
        {"field_code": key, "field_name": row["name"], "options": json.loads(row["options"] or "null")}
        for key, row in fields.items()
        if key != "pipeline_id"  # whose options the list of pipelines gives
    ]
    pipelines = json.loads(fields["pipeline_id"]["options"])
    api.lists["pipelines"] = [{"id": row["id"], "name": row["label"]} for row in pipelines]
    leads = [{**row, "add_time": f"{row['add_time'].replace(' ', 'T')}Z"} for row in tables["leads"].rows]
    for name, is_archived in (("leads", "False"), ("leads/archived", "True")):
        api.lists[name] = [row for row in leads if row["is_archived"] == is_archived]
    api.lists["users"] = sample.files["users.csv"]
    api.lists["activityTypes"] = tables["activity_types"].rows
    api.page = 100


def read_deal(row: Row, flows: dict[str, list[Row]]) -> Row:
    """Numbers as numbers, times with their zone; a deleted deal keeps its last other status."""
    told = [
        item["data"]["new_value"]
        for item in flows.get(row["id"], [])
        if item["data"]["field_key"] == "status"
    ]
    deal = {
        **row,
        "id": int(row["id"]),
        "owner_id": row.get("user_id"),
        "is_deleted": row["deleted"] == "True",
    }
    deal["status"] = told[-1] if told else "open"
    deal["value"] = float(row["value"]) if row.get("value") else None
    times = {
        name: row[name].replace(" ", "T") + "Z" for name in ("add_time", "update_time", "stage_change_time")
    }
    deal.pop("user_id", None), deal.pop("deleted")
    return deal | {name: time if time != "Z" else None for name, time in times.items()}
