"""Lists of Pipedrive's API as rows of the exports: which columns a file has, and what they are called in the API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple

from fetch.values import Row, instant, pick
from with_venv import UserError

Record = dict[str, str]


class List(NamedTuple):
    """`columns` of the file, each with its names in v2 and v1; the first `needed` of them have a value in every row."""

    file: str
    needed: int
    columns: dict[str, str]
    endpoints: tuple[str, ...] = ()
    keeps_deleted: bool = False
    is_optional: bool = False


DEAL = "id add_time pipeline_id stage_id status value currency probability expected_close_date update_time won_time"
DEAL += " lost_time lost_reason org_id person_id stage_change_time"  # the last is for its log alone
LISTS = {
    "deals": List(
        "deals.csv",
        2,
        {name: name for name in DEAL.split()}
        | {"owner_id": "owner_id user_id", "is_deleted": "is_deleted deleted"},
        ("deals", "archived deals"),
        keeps_deleted=True,
    ),
    "activities": List(
        "activity.csv",
        4,
        {"activity_id": "id", "type": "type", "deal_id": "deal_id", "due_to": "marked_as_done_time add_time"}
        | {"assigned_to_user": "owner_id assigned_to_user_id user_id", "done": "done"}
        | {"marked_as_done_time": "marked_as_done_time"},
    ),
    "leads": List(
        "pipedrive_leads.csv",
        2,
        {"id": "id", "add_time": "add_time", "source_name": "source_name", "owner_id": "owner_id"}
        | {name: name for name in ("person_id", "organization_id", "is_archived")},
        ("leads", "archived leads"),
        is_optional=True,
    ),
    "activity types": List(
        "activity_types.csv",
        4,
        {"id": "id", "name": "name", "type": "key_string", "active": "active_flag"},
        keeps_deleted=True,
    ),
    "stages": List(
        "stages.csv",
        2,
        {"stage_id": "id", "stage_name": "name", "pipeline_id": "pipeline_id", "order_nr": "order_nr"}
        | {"deal_probability": "deal_probability", "rotten_days": "days_to_rotten rotten_days"}
        | {"is_deleted": "is_deleted"},
        keeps_deleted=True,
    ),
    "pipelines": List("", 2, {"id": "id", "label": "name"}),  # the options of a field, below
    "users": List(
        "users.csv",
        2,
        {"id": "id", "name": "name", "email": "email", "modified": "modified", "active_flag": "active_flag"},
        keeps_deleted=True,
    ),
    # Fields are known by their keys; v2 has no other ids.
    "fields": List(
        "fields.csv",
        3,
        {"id": "field_code key", "field_key": "field_code key", "name": "field_name name"}
        | {"field_value_options": "options"},
        keeps_deleted=True,
    ),
}


def read_rows(name: str, rows: list[Row]) -> Iterator[Record]:
    """Rows of a page as the file has them. Raises UserError where one lacks what it needs."""
    chosen = LISTS[name]
    for row in rows:
        record = {column: pick(row, *names.split()) for column, names in chosen.columns.items()}
        if name == "activities" and (due := pick(row, "due_date")):
            record["due_to"] = f"{due}T{pick(row, 'due_time') or '00:00'}"
        record |= {
            key: instant(value) for key, value in record.items() if key.endswith(("_time", "_to", "modified"))
        }
        if name == "deals" and record["status"] == "deleted":
            record["is_deleted"] = "true"
        is_deleted = pick(row, "is_deleted") == "true" or pick(row, "active_flag") == "false"
        if name == "stages":  # deals have been in a deleted one
            record["is_deleted"] = "true" if is_deleted else ""
        if (is_deleted and not chosen.keeps_deleted) or record.get("deal_id") == "":
            continue  # an activity of no deal
        if missing := [column for column in list(record)[: chosen.needed] if not record[column]]:
            raise UserError(
                f"{name}: a row has no {missing[0]}, only {', '.join(row)[:200]}: the API's shape is not the known one;"
                " scripts/fetch/lists.py says what is read"
            )
        yield record


def complete_options(fields: list[Record], stages: list[Record], pipelines: list[Record]) -> list[Record]:
    """The fields, with the names of stages and pipelines, which the API need not list among a field's options."""
    labels = {
        "stage_id": ("Stage", [{"id": row["stage_id"], "label": row["stage_name"]} for row in stages]),
        "pipeline_id": ("Pipeline", [{"id": row["id"], "label": row["label"]} for row in pipelines]),
    }
    known = {field["field_key"]: field for field in fields}
    for key, (name, options) in labels.items():
        field = known.setdefault(key, {"id": key, "field_key": key, "name": name, "field_value_options": ""})
        field["field_value_options"] = field["field_value_options"] or json.dumps(options)
    return list(known.values())
