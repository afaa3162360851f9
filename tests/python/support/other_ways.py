"""What the simulated CRMs hold, as connectors keep it in a schema of the database and as Pipedrive's API gives it."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterable
from pathlib import Path

from psycopg2.extensions import connection as Connection

from fetch.deal_log import read_flow, write_log
from support.connector_shapes import SALESFORCE_TYPES, Row, SourceTable, Tables, fill
from support.crm_simulator import Crm

SCHEMA = "synced"
DEAL = ("id", "add_time", "stage_id", "user_id", "status", "value", "org_id", "update_time")
NEVER_SAID = (
    "pipeline_id",
    "currency",
    "expected_close_date",
    "probability",
    "lost_reason",
    "won_time",
    "lost_time",
)


def pipedrive_tables(crm: Crm, known: set[tuple[int, int]]) -> Tables:
    """As Airbyte keeps them. `known`: activities that the table has held; those that are gone since stay, inactive."""
    known |= set(crm.activities)
    activities = [
        dict(zip(("id", "deal_id", "type", "assigned_to_user_id", "done"), row, strict=True))
        | {"due_date": due[:10], "due_time": due[11:], "active_flag": str(key in crm.activities)}
        for key in sorted(known)
        for deal_id, number in [key]
        for kind, user, done, due in [crm.activities.get(key, ("meeting", 1, "False", "2024-01-01 00:00:00"))]
        for row in [(str(number), str(deal_id), kind, str(user), done)]
    ]
    flow = [
        {"id": str(number), "item_id": str(deal_id), "log_time": time, "field_key": key, "new_value": value}
        for number, (deal_id, time, key, value) in enumerate(sorted(crm.log), 1)
    ]
    stages = [
        {"id": str(stage_id), "name": name, "pipeline_id": str(pipeline), "order_nr": str(order)}
        for stage_id, (name, pipeline, order) in crm.stages.items()
    ]
    return {
        "deal_flow": texts(flow, "id item_id log_time field_key new_value"),
        "deals": texts(listed(crm), " ".join(DEAL)),
        "activities": texts(
            activities, "id deal_id type assigned_to_user_id done due_date due_time", active_flag="boolean"
        ),
        "stages": texts(stages, "id name pipeline_id order_nr"),
    }


def listed(crm: Crm) -> list[Row]:
    """Of each deal the row of its list; one that the list lacks stands in the first stage."""
    nothing = ("1", "", "open", "", "", "2024-01-02 00:00:00")
    names = ("stage_id", "user_id", "status", "value", "org_id", "update_time")
    return [
        {"id": str(deal_id), "add_time": "2024-01-01 00:00:00"}
        | dict(zip(names, crm.listed.get(deal_id, nothing), strict=True))
        for deal_id in crm.deal_ids
    ]


def texts(rows: list[Row], names: str, **types: str) -> SourceTable:
    return SourceTable(dict.fromkeys(names.split(), "text") | types, rows)


def api_files(crm: Crm, folder: Path) -> list[Path]:
    """The log and the list of deals, as scripts/fetch writes them."""
    deals = [dict.fromkeys((*NEVER_SAID, "stage_change_time"), "") | row for row in listed(crm)]
    for deal in deals:
        deal |= {"owner_id": deal.pop("user_id"), "is_deleted": str(deal["status"] == "deleted").lower()}
        for name in ("add_time", "update_time"):
            deal[name] = deal[name].replace(" ", "T") + "Z"
    flows: dict[str, list[dict[str, object]]] = {deal["id"]: [] for deal in deals}
    for number, (deal_id, time, key, value) in enumerate(sorted(crm.log), 1):
        data = {"id": number, "field_key": key, "new_value": value, "log_time": time}
        flows[str(deal_id)].append({"object": "dealChange", "data": data})
    changes = [
        change._asdict()
        for deal in deals
        for change in write_log(deal, read_flow(deal["id"], flows[deal["id"]]))
    ]
    folder.mkdir()
    for deal in deals:
        del deal["stage_change_time"]
    return [write(folder / "deal_changes.csv", changes), write(folder / "deals.csv", deals)]


def write(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def read(path: Path) -> list[Row]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def salesforce_tables(files: Iterable[Path]) -> Tables:
    """As Airbyte keeps them: named and headed as the files."""
    tables = {}
    for path in files:
        rows = [{"Id": f"id{number}", **row} for number, row in enumerate(read(path))]
        tables[path.stem] = SourceTable({name: SALESFORCE_TYPES.get(name, "text") for name in rows[0]}, rows)
    # What has no row yet is no file of an export, and an empty table of a connector, which needs this one.
    tables.setdefault("OpportunityHistory", texts([], "Id OpportunityId StageName CreatedDate"))
    return tables


def hubspot_tables(files: Iterable[Path], run: int) -> Tables:
    """As dlt keeps them, but for engagements, which it does not read. Its `run` appends the whole history again."""
    rows = {path.stem.removeprefix("hubspot_"): read(path) for path in files}
    merged = {row["deal_id"]: row["merged_deal_id"] for row in rows.get("merged_deals", [])}
    deals = [
        {
            **row,
            "id": row["deal_id"],
            "is_deleted": row["archived"],
            "hs_merged_object_ids": merged.get(row["deal_id"], ""),
        }
        for row in rows["deals"]
    ]
    history = [
        {"object_id": row["deal_id"], "property_name": row["property"], "_dlt_load_id": str(run)}
        | {name: row[name] for name in ("value", "timestamp")}
        for row in rows.get("deal_property_history", [])
    ]
    stages = [
        {"id": row["stage_id"], "display_order": row["display_order"], "_dlt_parent_id": row["pipeline_id"]}
        | {"metadata__is_closed": row["is_closed"].lower() or "false"}
        | {"metadata__probability": "1.0" if row["closed_won"] == "True" else "0.5"}
        for row in rows["pipeline_stages"]
    ]
    pipelines = [{"id": name, "_dlt_id": name} for name in sorted({row["_dlt_parent_id"] for row in stages})]
    return {
        "deals": texts(
            deals,
            " ".join(sorted(deals[0].keys() - {"archived", "deal_id", "is_deleted"})),
            is_deleted="boolean",
        ),
        "deals_property_history": texts(history, "object_id property_name value timestamp _dlt_load_id"),
        "pipelines_deals": texts(pipelines, "id _dlt_id"),
        "pipelines_deals__stages": texts(
            stages, "id display_order _dlt_parent_id metadata__is_closed metadata__probability"
        ),
    }


class OtherWays:
    """Loads what a CRM holds by a way other than its files, in delta mode as a connector's tables are loaded."""

    def __init__(self, seed: int, admin: Connection, load: Callable[..., None]) -> None:
        self.rng = random.Random(seed)
        self.admin, self.load = admin, load
        self.activities: set[tuple[int, int]] = set()
        self.runs = 0

    def is_next(self) -> bool:
        return self.rng.random() < 0.5

    def pipedrive(self, crm: Crm, folder: Path) -> str:
        if self.rng.random() < 0.5:
            self.load(*api_files(crm, folder), "--mode", "delta")
            return "Pipedrive's API"
        return self.connector("pipedrive/airbyte", pipedrive_tables(crm, self.activities))

    def salesforce(self, files: list[Path]) -> str:
        return self.connector("salesforce/airbyte", salesforce_tables(files))

    def hubspot(self, files: list[Path]) -> str:
        self.runs += 1
        return self.connector("hubspot/dlt", hubspot_tables(files, self.runs))

    def connector(self, name: str, tables: Tables) -> str:
        fill(self.admin, SCHEMA, tables)
        self.load(f"--from-schema={SCHEMA}", "--connector", name)
        return f"{name}: { {table: content.rows for table, content in tables.items()} }"
