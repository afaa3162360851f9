"""A part of the shipped sample in the shape of each connector, and what of its rows that connector can give."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
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
            "organizations.csv": read("pipedrive/organizations.csv"),
            "deal_products.csv": read("pipedrive/deal_products.csv")[:50],
            "pipedrive_leads.csv": read("pipedrive/pipedrive_leads.csv")[:50],
        }

    def leave_out(self, deals: set[str]) -> None:
        self.deals = {key: rows for key, rows in self.deals.items() if key not in deals}
        self.changes = [row for rows in self.deals.values() for row in rows]
        self.files["deal_changes.csv"] = self.changes
        self.files["deals.csv"] = [row for row in self.files["deals.csv"] if row["id"] in self.deals]

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
        organizations = [
            {**row, "address_country": row["country"], "owner_id": f'{{"id": 0, "value": {row["owner_id"]}}}'}
            for row in self.files["organizations.csv"]
        ]
        lines = self.files["deal_products.csv"]
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
            "users": SourceTable(
                texts | {"email": "text", "modified": "timestamp", "active_flag": "boolean"},
                self.files["users.csv"],
            ),
            "organizations": SourceTable(
                texts
                | {"industry": "text", "address_country": "text", "employee_count": "bigint"}
                | {"annual_revenue": "numeric", "owner_id": "jsonb", "add_time": "timestamp"},
                organizations,
            ),
            "deal_products": SourceTable(
                texts
                | dict.fromkeys(("deal_id", "product_id", "item_price", "quantity", "sum"), "bigint")
                | {"currency": "text"},
                lines,
            ),
            "leads": SourceTable(
                {"id": "text", "source_name": "text", "is_archived": "boolean", "add_time": "timestamp"}
                | dict.fromkeys(("owner_id", "person_id", "organization_id"), "bigint"),
                self.files["pipedrive_leads.csv"],
            ),
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
    row |= {"org_id": organization_of(row["id"]), "person_id": person_of(row["id"]), "label": "3,5"}
    return [row | {"add_time": state["add_time"], "update_time": LATER, "won_time": "", "lost_time": ""}]


def organization_of(deal_id: str) -> str:
    return str(1 + int(deal_id) % 60)


def person_of(deal_id: str) -> str:
    return str(1 + int(deal_id) % 900)


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
                "org_id": f'{{"name": "Firm", "value": {organization_of(deal_id)}}}',
                "person_id": f'{{"name": "Ann", "value": {person_of(deal_id)}}}',
                "label": "3,5",
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
        "deals": SourceTable(
            deal_columns
            | {"stage_change_time": "text", "org_id": "jsonb", "person_id": "jsonb", "label": "text"},
            deals,
        ),
        **sample.others(),
    }


def renamed(tables: Tables, names: dict[str, str]) -> Tables:
    return {new: tables[old] for old, new in names.items()}


def plain(tables: Tables) -> Tables:
    """Organisations, persons and owners by their ids, where Airbyte has objects."""
    for table, column in (("deals", "org_id"), ("deals", "person_id"), ("organizations", "owner_id")):
        tables[table].columns[column] = "bigint"
        for row in tables[table].rows:
            row[column] = json.loads(row[column])["value"]
    return tables


def pipedrive_dlt(sample: Pipedrive) -> Tables:
    """As Airbyte's, without the fields; a number with a fraction stands in a column of its own."""
    tables = plain(pipedrive_airbyte(sample))
    for deal in tables["deals"].rows:
        if "." in deal.get("value", ""):
            deal["value__v_double"] = deal.pop("value")
    tables["deals"].columns.update({"value": "bigint", "value__v_double": "double precision"})
    kept = ("deals", "activities", "activity_types", "stages", "users", "leads")
    return renamed(tables, {"deal_flow": "deals_flow_deal_change"} | dict(zip(kept, kept, strict=True)))


def pipedrive_singer(sample: Pipedrive) -> Tables:
    """As Airbyte's, but for the flow, which holds the stage alone."""
    tables = plain(pipedrive_airbyte(sample))
    flow = tables["deal_flow"]
    flow.rows[:] = [row for row in flow.rows if row["field_key"] == "stage_id"]
    for deal in tables["deals"].rows:
        changes = sample.deals[deal["id"]]
        closed = [row["change_time"] for row in changes if row["changed_field_key"] == "status"][-1]
        deal |= {f"{outcome}_time": closed for outcome in ("won", "lost") if deal["status"] == outcome}
    tables["deals"].columns.update({"won_time": "timestamptz", "lost_time": "timestamptz"})
    kept = ("deals", "activities", "activity_types", "deal_fields", "stages", "users")
    kept += ("organizations", "deal_products", "leads")
    return renamed(tables, {"deal_flow": "dealflow"} | dict(zip(kept, kept, strict=True)))


def pipedrive_fivetran(sample: Pipedrive) -> Tables:
    """A version of the deal for each second in which it changed; a deleted deal has no current one."""
    history = []
    for deal_id, changes in sample.deals.items():
        versions = states(changes)
        deleted_at = versions.pop()[0] if versions[-1][1].get("status") == "deleted" else ""
        for (start, state), (end, _) in zip(versions, [*versions[1:], (deleted_at, {})], strict=True):
            history.append(
                {**state, "id": deal_id, "org_id": organization_of(deal_id), "person_id": person_of(deal_id)}
                | {"label": "3,5"}
                | {"add_time": versions[0][0] + "+00", "_fivetran_start": start + "+00", "update_time": LATER}
                | {"_fivetran_end": end + "+00" if end else "9999-12-31", "_fivetran_active": str(not end)}
            )
    times = dict.fromkeys(("add_time", "_fivetran_start", "_fivetran_end"), "timestamptz")
    times["update_time"] = "timestamp"
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
            {
                "id": "bigint",
                "org_id": "bigint",
                "person_id": "bigint",
                "label": "text",
                "_fivetran_active": "boolean",
                **times,
                **STATE,
            },
            history,
        ),
        **{singular[name]: content for name, content in others.items() if name in singular},
    }


NOT_EVERYWHERE = ("fields.csv", "organizations.csv", "deal_products.csv")


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
    others = {
        name: rows for name, rows in files.items() if name not in (*NOT_EVERYWHERE, "pipedrive_leads.csv")
    }
    del others["deal_changes.csv"]
    return {"deal_changes.csv": kept, **others}


def without_fields(files: dict[str, list[Row]]) -> dict[str, list[Row]]:
    return {name: rows for name, rows in files.items() if name not in NOT_EVERYWHERE}


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
    organizations = without_columns(
        files["organizations.csv"], "industry", "employee_count", "annual_revenue"
    )
    return files | {"deal_changes.csv": kept, "deals.csv": deals, "organizations.csv": organizations}


# --- Salesforce ----------------------------------------------------------------------------------------------

SALESFORCE_TYPES = {
    **dict.fromkeys(("IsDeleted", "IsClosed", "IsWon", "IsActive"), "boolean"),
    **dict.fromkeys(("HasResponded", "IsConverted", "IsPrimary"), "boolean"),
    **dict.fromkeys(
        ("Amount", "Probability", "AnnualRevenue", "DefaultProbability", "ActualCost"), "numeric(38,9)"
    ),
    **dict.fromkeys(("Quantity", "UnitPrice", "TotalPrice"), "numeric(38,9)"),
    **dict.fromkeys(("SortOrder", "NumberOfEmployees"), "bigint"),
    **dict.fromkeys(
        ("CloseDate", "LastActivityDate", "FirstRespondedDate", "ConvertedDate", "ActivityDate"), "date"
    ),
    **dict.fromkeys(("CreatedDate", "SystemModstamp", "CompletedDateTime"), "timestamptz"),
    **dict.fromkeys(("ActivityDateTime", "StartDateTime", "EndDateTime"), "timestamptz"),
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
        for name in ("UserRole", "Task", "Event", "OpportunityLineItem"):
            others[name] = read(f"salesforce/{name}.csv")[:100]
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
    return re.sub(r"(?<=[a-z])(?=[A-Z0-9])|(?<=\d)(?=[A-Z])", "_", name).lower()


# --- HubSpot -------------------------------------------------------------------------------------------------

HUBSPOT_TYPES = {
    **dict.fromkeys(("archived", "is_closed", "closed_won", "hs_is_closed", "hs_is_closed_won"), "boolean"),
    **dict.fromkeys(("amount", "price", "quantity", "annualrevenue"), "numeric(38,9)"),
    **dict.fromkeys(("probability", "hs_deal_stage_probability"), "double precision"),
    **dict.fromkeys(("display_order", "numberofemployees"), "bigint"),
    **dict.fromkeys(
        ("createdate", "closedate", "hs_lastmodifieddate", "notes_last_contacted"), "timestamptz"
    ),
}


class HubSpot:
    """A few deals, with all that belongs to them; `rows` by the names of the files without hubspot_."""

    def __init__(self) -> None:
        deals = read("hubspot/hubspot_deals.csv")[:DEALS]
        ids = {row["deal_id"] for row in deals}
        of_deals = ("deal_property_history", "deal_contacts", "line_items", "merged_deals", "engagements")
        self.rows = {
            name: [row for row in read(f"hubspot/hubspot_{name}.csv") if row["deal_id"] in ids]
            for name in of_deals
        }
        self.rows["deals"] = deals
        for name in ("pipeline_stages", "owners", "companies"):
            self.rows[name] = read(f"hubspot/hubspot_{name}.csv")
        self.files = {f"hubspot_{name}.csv": rows for name, rows in self.rows.items()}

    def leave_out(self, deals: set[str]) -> None:
        for name in (
            "deals",
            "deal_property_history",
            "deal_contacts",
            "line_items",
            "merged_deals",
            "engagements",
        ):
            self.rows[name][:] = [row for row in self.rows[name] if row["deal_id"] not in deals]

    def merged_into(self, deal_id: str) -> str:
        return ";".join(
            row["merged_deal_id"] for row in self.rows["merged_deals"] if row["deal_id"] == deal_id
        )


def table(rows: list[Row], names: dict[str, str], prefix: str = "", **types: str) -> SourceTable:
    """A table with a column for each of these of the sample, by its new name; '' keeps the name, behind the prefix."""
    renamed_columns = {old: new or prefix + old for old, new in names.items()}
    return SourceTable(
        {new: HUBSPOT_TYPES.get(old, "text") for old, new in renamed_columns.items()} | types,
        [row | {new: row[old] for old, new in renamed_columns.items()} for row in rows],
    )


def names_of(rows: list[Row], **others: str) -> dict[str, str]:
    return {name: others.get(name, "") for name in rows[0]}


def split_names(rows: list[Row], first: str, last: str) -> list[Row]:
    return [row | dict(zip((first, last), row["name"].split(), strict=True)) for row in rows]


def hubspot_fivetran(sample: HubSpot) -> Tables:
    """Properties have a prefix; companies, contacts and teams come in tables of their own."""
    rows = sample.rows
    deal = names_of(
        rows["deals"], deal_id="deal_id", pipeline="deal_pipeline_id", dealstage="deal_pipeline_stage_id",
        archived="is_deleted", hubspot_owner_id="owner_id",
    )  # fmt: skip
    del deal["company_id"]
    companies = [row for row in rows["deals"] if row["company_id"]]
    others = [{"deal_id": row["deal_id"], "company_id": "1", "type_id": "341"} for row in companies]
    company = names_of(rows["companies"], company_id="id", archived="is_deleted")
    item = names_of(
        rows["line_items"], line_item_id="id", product_id="product_id", archived="is_deleted",
        currency="property_hs_line_item_currency_code",
    )  # fmt: skip
    del item["deal_id"]
    calls, meetings = (
        [row for row in rows["engagements"] if row["type"] == kind] for kind in ("CALL", "MEETING")
    )
    engagement = {
        "engagement_id": "engagement_id",
        "hubspot_owner_id": "",
        "timestamp": "property_hs_timestamp",
    }
    owners = split_names(rows["owners"], "first_name", "last_name")
    history, stages = rows["deal_property_history"], rows["pipeline_stages"]
    deleted = {"_fivetran_deleted": "boolean"}
    return {
        "deal": table(rows["deals"], deal, "property_", **deleted),
        "deal_company": SourceTable(
            {"deal_id": "bigint", "company_id": "bigint", "type_id": "bigint"},
            others + [row | {"type_id": "5"} for row in companies],
        ),
        "deal_property_history": table(
            history, names_of(history, property="name", source_type="source"), timestamp="timestamptz"
        ),
        "deal_pipeline": table(
            [row for row in stages if row["display_order"] == "0"],
            {"pipeline_id": "", "pipeline_label": "label"},
        ),
        "deal_pipeline_stage": table(
            [row | {"active": str(row["archived"] == "False")} for row in stages],
            names_of(stages, stage_label="label"), active="boolean", **deleted,
        ),
        "owner": table(owners, {"owner_id": "", "email": ""}, first_name="text", last_name="text"),
        "owner_team": table(
            [row | {"is_team_primary": "true"} for row in owners],
            {"owner_id": "", "team": "team_id"}, is_team_primary="boolean",
        ),
        "team": table([{"id": name, "name": name} for name in ("North", "South", "Partners")], {"id": "", "name": ""}),
        "company": table(rows["companies"], company, "property_", **deleted),
        "deal_contact": table(rows["deal_contacts"], {"deal_id": "", "contact_id": ""}),
        "contact": table(
            unique(rows["deal_contacts"], "contact_id"),
            {"contact_id": "id", "lifecyclestage": "property_lifecyclestage"},
        ),
        "line_item": table(rows["line_items"], item, "property_", **deleted),
        "line_item_deal": table(rows["line_items"], {"line_item_id": "", "deal_id": ""}),
        "merged_deal": table(rows["merged_deals"], {"deal_id": "", "merged_deal_id": ""}),
        "engagement_deal": table(rows["engagements"], {"deal_id": "", "engagement_id": ""}),
        "engagement_call": table(
            unique(calls, "engagement_id"), engagement | {"outcome": "property_hs_call_status"}, "property_",
            property_hs_timestamp="timestamp", **deleted,
        ),
        "engagement_meeting": table(
            unique(meetings, "engagement_id"), engagement | {"outcome": "property_hs_meeting_outcome"}, "property_",
            property_hs_timestamp="timestamp", **deleted,
        ),
    }  # fmt: skip


def unique(rows: list[Row], key: str) -> list[Row]:
    return list({row[key]: row for row in rows}.values())


def ids_as_json(rows: list[Row], key: str, value: str) -> dict[str, str]:
    """Of each key its values, as a JSON array of texts."""
    found: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        found[row[key]].append(row[value])
    return {of: json.dumps(values) for of, values in found.items()}


def hubspot_airbyte(sample: HubSpot) -> Tables:
    """Names in camel case; associations are arrays of ids; the archived deals lie apart; times in milliseconds."""
    rows = sample.rows
    contacts = ids_as_json(rows["deal_contacts"], "deal_id", "contact_id")
    items = ids_as_json(rows["line_items"], "deal_id", "line_item_id")
    deals = [
        row
        | {"companies": json.dumps([row["company_id"]] if row["company_id"] else [])}
        | {"contacts": contacts.get(row["deal_id"], ""), "line_items": items.get(row["deal_id"], "")}
        | {"properties_hs_merged_object_ids": sample.merged_into(row["deal_id"])}
        for row in rows["deals"]
    ]
    deal = names_of(rows["deals"], deal_id="id", createdate="createdAt", archived="archived")
    del deal["company_id"]
    arrays = {"companies": "jsonb", "contacts": "jsonb", "line_items": "jsonb"}
    deals_of = ids_as_json(rows["engagements"], "engagement_id", "deal_id")
    engagements = [row | {"deals": deals_of[row["engagement_id"]]} for row in rows["engagements"]]
    calls, meetings = (
        unique([row for row in engagements if row["type"] == kind], "engagement_id")
        for kind in ("CALL", "MEETING")
    )
    engagement = {"engagement_id": "id", "hubspot_owner_id": "", "timestamp": "properties_hs_timestamp"}
    engagement |= {"archived": "archived"}
    history = [
        row
        | {
            "timestamp": f"{datetime.fromisoformat(row['timestamp'].replace('Z', '+00:00')).timestamp() * 1000:.0f}"
        }
        for row in rows["deal_property_history"]
    ]
    pipelines: dict[str, Row] = {}
    stages: dict[str, list[dict[str, object]]] = defaultdict(list)
    for row in rows["pipeline_stages"]:
        pipelines[row["pipeline_id"]] = row
        stages[row["pipeline_id"]].append({
            "stageId": row["stage_id"], "label": row["stage_label"], "displayOrder": int(row["display_order"]),
            "metadata": {"isClosed": row["is_closed"].lower(), "probability": str(float(row["probability"]))},
            "active": row["archived"] == "False",
        })  # fmt: skip
    owners = [
        row
        | {"teams": json.dumps([{"name": "Zoo", "primary": False}, {"name": row["team"], "primary": True}])}
        for row in split_names(rows["owners"], "firstName", "lastName")
    ]
    people = {"firstName": "text", "lastName": "text", "teams": "jsonb"}
    gone = [row for row in owners if row["archived"] == "True"]
    company = names_of(rows["companies"], company_id="id", archived="archived")
    item = names_of(
        rows["line_items"], line_item_id="id", product_id="properties_hs_product_id", archived="archived",
        currency="properties_hs_line_item_currency_code",
    )  # fmt: skip
    del item["deal_id"]
    prefix = "properties_"
    return {
        "deals": table(
            [row | {"archived": "False"} for row in deals], deal, prefix,
            properties_hs_merged_object_ids="text", **arrays,
        ),
        "deals_archived": table([row for row in rows["deals"] if row["archived"] == "True"], {"deal_id": "id"}),
        "deals_property_history": table(
            history, names_of(history, deal_id="dealId", source_type="sourceType"), timestamp="numeric"
        ),
        "deal_pipelines": table(
            [row | {"stages": json.dumps(stages[of])} for of, row in pipelines.items()],
            {"pipeline_id": "pipelineId", "pipeline_label": "label"}, stages="jsonb",
        ),
        "owners": table(
            [row for row in owners if row not in gone], {"owner_id": "id", "email": "", "archived": ""}, **people
        ),
        "owners_archived": table(gone, {"owner_id": "id", "email": ""}, **people),
        "companies": table(rows["companies"], company, prefix),
        "contacts": table(
            unique(rows["deal_contacts"], "contact_id"),
            {"contact_id": "id", "lifecyclestage": "properties_lifecyclestage"},
        ),
        "line_items": table(rows["line_items"], item, prefix),
        "engagements_calls": table(
            calls, engagement | {"outcome": "properties_hs_call_status"}, prefix, deals="jsonb"
        ),
        "engagements_meetings": table(
            meetings, engagement | {"outcome": "properties_hs_meeting_outcome"}, prefix, deals="jsonb"
        ),
    }  # fmt: skip


def hubspot_dlt(sample: HubSpot) -> Tables:
    """What is nested lies in tables of its own; two runs have appended the history twice."""
    rows = sample.rows
    deal = names_of(rows["deals"], deal_id="id", archived="is_deleted")
    del deal["company_id"]
    deals = [row | {"hs_merged_object_ids": sample.merged_into(row["deal_id"])} for row in rows["deals"]]
    history = rows["deal_property_history"]
    stages = [
        row
        | {
            "_dlt_parent_id": f"p{row['pipeline_id']}",
            "metadata__probability": f"{float(row['probability'])}",
        }
        for row in rows["pipeline_stages"]
    ]
    owners = [
        row | {"_dlt_id": f"o{row['owner_id']}", "primary": "true"}
        for row in split_names(rows["owners"], "first_name", "last_name")
    ]
    return {
        "deals": table(deals, deal, hs_merged_object_ids="text"),
        "companies__deals": table(
            [row for row in rows["deals"] if row["company_id"]], {"deal_id": "deals_id", "company_id": "value"}
        ),
        "deals_property_history": table(
            [row | {"_dlt_load_id": run} for run in ("1718000000.1", "1718000001.1") for row in history],
            names_of(history, deal_id="object_id", property="property_name"),
            timestamp="timestamptz", _dlt_load_id="text",
        ),
        "pipelines_deals": table(
            [row | {"_dlt_id": row["_dlt_parent_id"]} for row in unique(stages, "pipeline_id")],
            {"pipeline_id": "id", "pipeline_label": "label"}, _dlt_id="text",
        ),
        "pipelines_deals__stages": table(
            stages,
            {"stage_id": "id", "stage_label": "label", "display_order": "", "archived": ""}
            | {"is_closed": "metadata__is_closed"},
            metadata__probability="text", _dlt_parent_id="text",
        ),
        "owners": table(
            owners, {"owner_id": "id", "email": "", "archived": ""},
            first_name="text", last_name="text", _dlt_id="text",
        ),
        "owners__teams": table(owners, {"team": "name", "_dlt_id": "_dlt_parent_id"}, primary="boolean"),
        "companies": table(rows["companies"], names_of(rows["companies"], company_id="id", archived="is_deleted")),
        "contacts__deals": table(rows["deal_contacts"], {"deal_id": "deals_id", "contact_id": "value"}),
        "contacts": table(unique(rows["deal_contacts"], "contact_id"), {"contact_id": "id", "lifecyclestage": ""}),
    }  # fmt: skip


def without(**columns: str) -> Callable[[dict[str, list[Row]]], dict[str, list[Row]]]:
    """The files without a column, or without a file where no column is named."""

    def can_give(files: dict[str, list[Row]]) -> dict[str, list[Row]]:
        given = {}
        for name, rows in files.items():
            left_out = columns.get(name.removesuffix(".csv"))
            if left_out != "":
                given[name] = [{key: row[key] for key in row if key != left_out} for row in rows]
        return given

    return can_give


# Of each connector: its sample, the sample in its shape, and what of the sample's files it can give.
Shape = tuple[type, Callable[..., Tables], Callable[[dict[str, list[Row]]], dict[str, list[Row]]]]
SHAPES: dict[str, Shape] = {
    "pipedrive/fivetran": (Pipedrive, pipedrive_fivetran, without_merged_changes),
    "pipedrive/airbyte": (Pipedrive, pipedrive_airbyte, all_of),
    "pipedrive/dlt": (Pipedrive, pipedrive_dlt, without_fields),
    "pipedrive/singer": (Pipedrive, pipedrive_singer, stages_and_ends),
    "salesforce/airbyte": (Salesforce, salesforce_airbyte, all_of),
    "salesforce/fivetran": (Salesforce, salesforce_fivetran, all_of),
    "hubspot/fivetran": (
        HubSpot,
        hubspot_fivetran,
        without(hubspot_deal_contacts="label", hubspot_owners="archived", hubspot_engagements="archived"),
    ),
    "hubspot/airbyte": (HubSpot, hubspot_airbyte, without(hubspot_deal_contacts="label")),
    "hubspot/dlt": (
        HubSpot,
        hubspot_dlt,
        without(hubspot_deal_contacts="label", hubspot_line_items="", hubspot_engagements=""),
    ),
}
