"""A part of the shipped sample in the shape of each connector, and what of its rows that connector can give."""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from conftest import ROOT

Row = dict[str, str]
DEALS = 40
LATER = "2025-12-24 00:00:00"  # than all that the log has


@dataclass(frozen=True)
class SourceTable:
    """`columns`: name → type. A missing value is an empty text, as in CSV."""

    columns: dict[str, str]
    rows: list[Row]


Tables = dict[str, SourceTable]


def fill(connection: Connection, schema: str, tables: Tables) -> None:
    """Make the schema anew with these tables, and let the loader read it."""
    with connection.cursor() as cursor:
        name = sql.Identifier(schema)
        cursor.execute(sql.SQL("drop schema if exists {0} cascade; create schema {0}").format(name))
        for table, content in tables.items():
            target = sql.Identifier(schema, table)
            columns = [
                sql.SQL("{} " + kind).format(sql.Identifier(column))
                for column, kind in content.columns.items()
            ]
            cursor.execute(sql.SQL("create table {} ({})").format(target, sql.SQL(", ").join(columns)))
            text = io.StringIO()
            csv.DictWriter(text, list(content.columns), restval="", extrasaction="ignore").writerows(
                content.rows
            )
            text.seek(0)
            cursor.copy_expert(
                sql.SQL("copy {} from stdin with (format csv)").format(target).as_string(cursor), text
            )
        cursor.execute(
            sql.SQL(
                "grant usage on schema {0} to loader; grant select on all tables in schema {0} to loader"
            ).format(name)
        )


def read(file: str) -> list[Row]:
    with (ROOT / "raw_data" / file).open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def write(folder: Path, name: str, rows: list[Row]) -> None:
    with (folder / name).open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


# --- Pipedrive -----------------------------------------------------------------------------------------------


class Pipedrive:
    """Deals that were created once, with the deleted ones among them; `changes` in the order of time."""

    def __init__(self) -> None:
        by_deal: dict[str, list[Row]] = defaultdict(list)
        for row in read("pipedrive/deal_changes.csv"):
            if row["changed_field_key"] == "value" and "." in row["new_value"]:
                row["new_value"] = (
                    row["new_value"].rstrip("0").rstrip(".")
                )  # a number in a table has no last zeros
            by_deal[row["deal_id"]].append(row)
        whole = [
            rows for rows in by_deal.values() if [r["changed_field_key"] for r in rows].count("add_time") == 1
        ]
        whole.sort(
            key=lambda rows: all(row["new_value"] != "deleted" for row in rows)
        )  # the deleted ones first
        self.deals = {
            rows[0]["deal_id"]: sorted(rows, key=lambda row: row["change_time"]) for rows in whole[:DEALS]
        }
        self.changes = [row for rows in self.deals.values() for row in rows]
        activities = {row["activity_id"]: row for row in read("pipedrive/activity.csv")[:100]}
        self.files = {
            "deal_changes.csv": self.changes,
            "activity.csv": list(activities.values()),
            "activity_types.csv": read("pipedrive/activity_types.csv"),
            "fields.csv": read("pipedrive/fields.csv"),
            "stages.csv": read("pipedrive/stages.csv"),
            "users.csv": read("pipedrive/users.csv"),
            "deals.csv": [row for changes in self.deals.values() for row in listed(changes)],
        }

    def others(self) -> Tables:
        """The tables but the log's, by the names that Airbyte gives them."""
        activities = [
            {
                **row,
                "id": row["activity_id"],
                "assigned_to_user_id": row["assigned_to_user"],
                "due_date": row["due_to"][:10],
                "due_time": row["due_to"][11:],
                "active_flag": "true",
            }
            for row in self.files["activity.csv"]
        ]
        types = [
            {**row, "key_string": row["type"], "active_flag": row["active"]}
            for row in self.files["activity_types.csv"]
        ]
        fields = [
            {
                "id": row["ID"],
                "key": row["FIELD_KEY"],
                "name": row["NAME"],
                "options": row["FIELD_VALUE_OPTIONS"],
            }
            for row in self.files["fields.csv"]
        ]
        stages = [
            {**row, "id": row["stage_id"], "name": row["stage_name"]} for row in self.files["stages.csv"]
        ]
        texts = {"id": "bigint", "name": "text"}
        return {
            "activities": SourceTable(
                {"id": "bigint", "deal_id": "bigint", "type": "text", "done": "boolean", "due_date": "date"}
                | {"due_time": "text", "assigned_to_user_id": "bigint", "active_flag": "boolean"},
                activities,
            ),
            "activity_types": SourceTable(texts | {"key_string": "text", "active_flag": "boolean"}, types),
            "deal_fields": SourceTable(texts | {"key": "text", "options": "jsonb"}, fields),
            "stages": SourceTable(
                texts
                | {"pipeline_id": "bigint", "order_nr": "bigint", "deal_probability": "numeric(38,9)"}
                | {"rotten_days": "bigint"},
                stages,
            ),
            "users": SourceTable(texts | {"email": "text", "modified": "timestamp"}, self.files["users.csv"]),
        }


STATE = {
    "status": "text",
    "pipeline_id": "bigint",
    "stage_id": "bigint",
    "user_id": "bigint",
    "value": "numeric(38,9)",
    "currency": "text",
    "expected_close_date": "date",
    "lost_reason": "text",
}


def states(changes: list[Row]) -> list[tuple[str, Row]]:
    """The deal as it stood from each second on in which something changed."""
    state: Row = {}
    found: list[tuple[str, Row]] = []
    for row in changes:
        state = state | {row["changed_field_key"]: row["new_value"]}
        if found and found[-1][0] == row["change_time"]:
            found.pop()
        found.append((row["change_time"], state))
    return found


def listed(changes: list[Row]) -> list[Row]:
    """The row of the deal in the list; none where it is deleted."""
    state = {row["changed_field_key"]: row["new_value"] for row in changes}
    if state["status"] == "deleted":
        return []
    row = {"id": changes[0]["deal_id"], "owner_id": state.get("user_id", "")}
    row |= {column: state.get(column, "") for column in STATE if column != "user_id"}
    return [row | {"add_time": state["add_time"], "update_time": LATER, "won_time": "", "lost_time": ""}]


def without_columns(rows: list[Row], *names: str) -> list[Row]:
    return [{name: value for name, value in row.items() if name not in names} for row in rows]


def pipedrive_airbyte(sample: Pipedrive) -> Tables:
    """The flow without what was set at creation, as the API has it; a deletion shows in the deal alone."""
    flow, deals = [], []
    for deal_id, changes in sample.deals.items():
        [added] = [row["change_time"] for row in changes if row["changed_field_key"] == "add_time"]
        state: Row = {}
        for row in changes:
            key, value = row["changed_field_key"], row["new_value"]
            if row["change_time"] > added and value != "deleted":
                old = f'"{state[key]}"' if key in state else ""
                flow.append(
                    {
                        "id": str(len(flow) + 1),
                        "item_id": deal_id,
                        "field_key": key,
                        "log_time": row["change_time"],
                    }
                    | {"old_value": old, "new_value": f'"{value}"' if value else ""}
                )
            state[key] = value
        updated = changes[-1]["change_time"] if state["status"] == "deleted" else LATER
        stage_times = [row["change_time"] for row in changes if row["changed_field_key"] == "stage_id"]
        deals.append(
            {**state, "id": deal_id, "add_time": added, "update_time": updated}
            | {
                "deleted": str(state["status"] == "deleted"),
                "stage_change_time": stage_times[-1] if stage_times else "",
            }
        )
    log_columns = {"id": "bigint", "item_id": "bigint", "field_key": "text", "log_time": "text"}
    log_columns |= {"old_value": "jsonb", "new_value": "jsonb"}
    deal_columns = {
        "id": "bigint",
        "add_time": "text",
        "update_time": "timestamp",
        "deleted": "boolean",
        **STATE,
    }
    return {
        "deal_flow": SourceTable(log_columns, flow),
        "deals": SourceTable(deal_columns | {"stage_change_time": "text"}, deals),
        **sample.others(),
    }


def renamed(tables: Tables, names: dict[str, str]) -> Tables:
    return {new: tables[old] for old, new in names.items()}


def pipedrive_dlt(sample: Pipedrive) -> Tables:
    """As Airbyte's, without the fields; a number with a fraction stands in a column of its own."""
    tables = pipedrive_airbyte(sample)
    for deal in tables["deals"].rows:
        if "." in deal.get("value", ""):
            deal["value__v_double"] = deal.pop("value")
    tables["deals"].columns.update({"value": "bigint", "value__v_double": "double precision"})
    kept = ("deals", "activities", "activity_types", "stages", "users")
    return renamed(tables, {"deal_flow": "deals_flow_deal_change"} | dict(zip(kept, kept, strict=True)))


def pipedrive_singer(sample: Pipedrive) -> Tables:
    """As Airbyte's, but for the flow, which holds the stage alone."""
    tables = pipedrive_airbyte(sample)
    flow = tables["deal_flow"]
    flow.rows[:] = [row for row in flow.rows if row["field_key"] == "stage_id"]
    for deal in tables["deals"].rows:
        changes = sample.deals[deal["id"]]
        closed = [row["change_time"] for row in changes if row["changed_field_key"] == "status"][-1]
        deal |= {f"{outcome}_time": closed for outcome in ("won", "lost") if deal["status"] == outcome}
    tables["deals"].columns.update({"won_time": "timestamptz", "lost_time": "timestamptz"})
    kept = ("deals", "activities", "activity_types", "deal_fields", "stages", "users")
    return renamed(tables, {"deal_flow": "dealflow"} | dict(zip(kept, kept, strict=True)))


def pipedrive_fivetran(sample: Pipedrive) -> Tables:
    """A version of the deal for each second in which it changed; a deleted deal has no current one."""
    history = []
    for deal_id, changes in sample.deals.items():
        versions = states(changes)
        deleted_at = versions.pop()[0] if versions[-1][1].get("status") == "deleted" else ""
        for (start, state), (end, _) in zip(versions, [*versions[1:], (deleted_at, {})], strict=True):
            history.append(
                {**state, "id": deal_id, "add_time": versions[0][0] + "+00", "_fivetran_start": start + "+00"}
                | {"_fivetran_end": end + "+00" if end else "9999-12-31", "_fivetran_active": str(not end)}
            )
    times = dict.fromkeys(("add_time", "_fivetran_start", "_fivetran_end"), "timestamptz")
    others = sample.others()
    singular = {
        "activities": "activity",
        "activity_types": "activity_type",
        "stages": "stage",
        "users": "user",
    }
    for content in others.values():
        content.columns["_fivetran_deleted"] = "boolean"
    return {
        "deal_history": SourceTable(
            {"id": "bigint", "_fivetran_active": "boolean", **times, **STATE}, history
        ),
        **{singular[name]: content for name, content in others.items() if name in singular},
    }


def all_of(files: dict[str, list[Row]]) -> dict[str, list[Row]]:
    return files


def without_merged_changes(files: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """Fivetran merges what changes within a second, sees no field set to what it was, and has no field options."""
    by_deal: dict[str, list[Row]] = defaultdict(list)
    for row in files["deal_changes.csv"]:
        by_deal[row["deal_id"]].append(row)
    kept = []
    for deal_id, changes in by_deal.items():
        before: Row = {}
        for moment, state in states(changes):
            kept += [
                {"deal_id": deal_id, "change_time": moment, "changed_field_key": key, "new_value": value}
                for key, value in state.items()
                if before.get(key) != value
            ]
            before = state
    others = {name: rows for name, rows in files.items() if name not in ("deal_changes.csv", "fields.csv")}
    return {
        "deal_changes.csv": kept,
        **others,
        "deals.csv": without_columns(files["deals.csv"], "update_time"),
    }


def without_fields(files: dict[str, list[Row]]) -> dict[str, list[Row]]:
    return {name: rows for name, rows in files.items() if name != "fields.csv"}


def stages_and_ends(files: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """Singer has stages; of the other fields that it has at all the last value, as if there had been no other."""
    at_creation = ("add_time", "pipeline_id", "currency")
    by_deal: dict[str, list[Row]] = defaultdict(list)
    for row in files["deal_changes.csv"]:
        by_deal[row["deal_id"]].append(row)
    kept = []
    for changes in by_deal.values():
        last = {row["changed_field_key"]: row for row in changes}
        added = {"change_time": last["add_time"]["change_time"]}
        kept += [row for row in changes if row["changed_field_key"] == "stage_id"]
        kept += [last[key] | added for key in at_creation if key in last]
        kept.append(last["status"] | added | {"new_value": "open"})
        if last["status"]["new_value"] != "open":
            kept.append(last["status"])
        if "lost_reason" in last and last["status"]["new_value"] == "lost":
            kept.append(last["lost_reason"] | {"change_time": last["status"]["change_time"]})
    deals = without_columns(files["deals.csv"], "owner_id", "value", "expected_close_date")
    for deal in deals:
        closed = [row["change_time"] for row in by_deal[deal["id"]] if row["changed_field_key"] == "status"][
            -1
        ]
        deal |= {f"{outcome}_time": closed for outcome in ("won", "lost") if deal["status"] == outcome}
    return files | {"deal_changes.csv": kept, "deals.csv": deals}


# --- Salesforce ----------------------------------------------------------------------------------------------

SALESFORCE_TYPES = {
    **dict.fromkeys(("IsDeleted", "IsClosed", "IsWon", "IsActive"), "boolean"),
    **dict.fromkeys(("HasResponded", "IsConverted", "IsPrimary"), "boolean"),
    **dict.fromkeys(
        ("Amount", "Probability", "AnnualRevenue", "DefaultProbability", "ActualCost"), "numeric(38,9)"
    ),
    **dict.fromkeys(("SortOrder", "NumberOfEmployees"), "bigint"),
    **dict.fromkeys(("CloseDate", "LastActivityDate", "FirstRespondedDate", "ConvertedDate"), "date"),
    **dict.fromkeys(("CreatedDate", "SystemModstamp"), "timestamptz"),
}


class Salesforce:
    def __init__(self) -> None:
        opportunities = read("salesforce/Opportunity.csv")[:DEALS]
        ids = {row["Id"] for row in opportunities}
        logs = {
            name: [row for row in read(f"salesforce/{name}.csv") if row["OpportunityId"] in ids]
            for name in ("OpportunityHistory", "OpportunityFieldHistory")
        }
        others = {name: read(f"salesforce/{name}.csv") for name in ("OpportunityStage", "Account", "User")}
        for name in ("Campaign", "CampaignMember", "Lead", "OpportunityContactRole"):
            others[name] = read(f"marketing/{name}.csv")[:100]
        self.objects = {"Opportunity": opportunities, **logs, **others}
        self.files = {f"{name}.csv": rows for name, rows in self.objects.items()}


def salesforce_airbyte(sample: Salesforce) -> Tables:
    tables = {}
    for name, rows in sample.objects.items():
        numbered = [{"Id": f"id{number:05}", **row} for number, row in enumerate(rows)]
        columns = {column: SALESFORCE_TYPES.get(column, "text") for column in numbered[0]}
        tables[name] = SourceTable(columns, numbered)
    return tables


def salesforce_fivetran(sample: Salesforce) -> Tables:
    """In snake case; dates are times."""
    tables = {}
    for name, content in salesforce_airbyte(sample).items():
        rows = [{snake(column): value for column, value in row.items()} for row in content.rows]
        columns = {
            snake(column): "timestamp" if kind == "date" else kind for column, kind in content.columns.items()
        }
        tables[snake(name)] = SourceTable(columns | {"_fivetran_deleted": "boolean"}, rows)
    return tables


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


# Of each connector: its sample, the sample in its shape, and what of the sample's files it can give.
Shape = tuple[type, Callable[..., Tables], Callable[[dict[str, list[Row]]], dict[str, list[Row]]]]
SHAPES: dict[str, Shape] = {
    "pipedrive/fivetran": (Pipedrive, pipedrive_fivetran, without_merged_changes),
    "pipedrive/airbyte": (Pipedrive, pipedrive_airbyte, all_of),
    "pipedrive/dlt": (Pipedrive, pipedrive_dlt, without_fields),
    "pipedrive/singer": (Pipedrive, pipedrive_singer, stages_and_ends),
    "salesforce/airbyte": (Salesforce, salesforce_airbyte, all_of),
    "salesforce/fivetran": (Salesforce, salesforce_fivetran, all_of),
}
