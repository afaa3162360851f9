"""The log of a deal: what it began with, and the changes that the API's flow has.

The flow does not say how a deal began: it is the old value of a field's first change; of a field that the flow does not
have, the value of today, at the creation, or when it came about where the deal says so. deal_changes.sql of the
connector pipedrive/airbyte says the same of tables, and a test compares the two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from fetch.lists import Record
from fetch.values import Row, instant, number, pick
from with_venv import UserError


class Change(NamedTuple):
    deal_id: str
    change_time: str
    changed_field_key: str
    new_value: str
    old_value: str


class Field(NamedTuple):
    """The value at creation, and the one that came later with its time, both by what the deal says today."""

    key: str
    first: str
    later: str = ""
    later_at: str = ""


def read_flow(deal_id: str, items: list[Row]) -> list[Change]:
    """The changes of the deal itself, in the order of their ids. Raises UserError for a shape that is not known."""
    found = [item.get("data") for item in items if item.get("object") == "dealChange"]
    rows = [(pick(row, "id"), row) for row in (row if isinstance(row, dict) else {} for row in found)]
    changes = []
    for _, row in sorted(rows, key=lambda numbered: (len(numbered[0]), numbered[0])):
        key, moment = pick(row, "field_key"), instant(pick(row, "log_time"))
        if not key or not moment:
            raise UserError(
                f"flow of deal {deal_id}: a change has no field_key or no log_time: the API's shape is not the known"
                " one; scripts/fetch/deal_log.py says what is read"
            )
        key = "user_id" if key == "owner_id" else key
        changes.append(Change(deal_id, moment, key, pick(row, "new_value"), pick(row, "old_value")))
    return changes


def begin(deal: Record) -> list[Field]:
    outcome = "deleted" if deal["is_deleted"] == "true" else deal["status"] or "open"
    ended_at = {"won": deal["won_time"], "lost": deal["lost_time"]}.get(outcome) or deal["update_time"]
    stage, moved_at = deal["stage_id"], deal["stage_change_time"]
    return [
        Field("add_time", re.sub(r"(\.\d+)?Z$", "", deal["add_time"])),
        Field("status", "open", "" if outcome == "open" else outcome, ended_at),
        Field("pipeline_id", deal["pipeline_id"]),
        Field("stage_id", "", stage, moved_at) if moved_at > deal["add_time"] else Field("stage_id", stage),
        Field("user_id", deal["owner_id"]),
        Field("value", deal["value"]),
        Field("currency", deal["currency"]),
        Field("expected_close_date", deal["expected_close_date"]),
        Field("probability", deal["probability"]),
        Field("lost_reason", "", deal["lost_reason"], deal["lost_time"]),
    ]


def write_log(deal: Record, flow: list[Change]) -> Iterator[Change]:
    """What the deal began with, then its changes."""
    first_changes: dict[str, Change] = {}
    for change in sorted(flow, key=lambda change: change.change_time):
        first_changes.setdefault(change.changed_field_key, change)
    was_deleted = any(
        change.changed_field_key == "status" and change.new_value == "deleted" for change in flow
    )
    for field in begin(deal):
        known = first_changes.get(field.key)
        first = known.old_value if known else field.first
        if known and field.key == "value" and re.fullmatch(r"\d+\.\d+", first):
            first = number(first)  # as the deal had it until the change came
        if first:
            yield Change(deal["id"], deal["add_time"], field.key, first, "")
        is_told = known and (field.later != "deleted" or was_deleted)
        if field.later and field.later_at and not is_told:
            yield Change(deal["id"], field.later_at, field.key, field.later, "")
    yield from flow
