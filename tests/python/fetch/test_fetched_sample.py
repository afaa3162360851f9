"""The sample behind Pipedrive's API: fetched and loaded it is what the CSV files are, and what a connector brings."""

from __future__ import annotations

import json

import pytest

from support import connector_shapes
from support.connector_shapes import pipedrive_airbyte, write
from support.pipedrive_server import Row
from support.served_sample import serve_sample

SCHEMA = "synced"
# Of each table what the API cannot give, or gives in another way; docs/connectors.md says so.
OTHERWISE = {"fields": {"id"}, "deal_changes": {"old_value"}}
OWN_COLUMNS = {"_loaded_at", "_row_number", "_source_file", "_first_loaded_at"}


def loaded(lab, without: dict[str, set[str]]) -> dict[str, list[str]]:
    return {
        table: [
            row
            for (row,) in lab.query(
                f"select (to_jsonb(t) - %s)::text from raw.{table} as t order by 1",
                sorted(OWN_COLUMNS | without.get(table, set())),
            )
        ]
        for table in (
            "activity",
            "activity_types",
            "deal_changes",
            "fields",
            "pipedrive_lead",
            "stages",
            "users",
        )
    }


@pytest.fixture(params=[40, pytest.param(100_000, marks=pytest.mark.nightly)])
def sample(request, monkeypatch) -> connector_shapes.Pipedrive:
    """A part of the sample, and at night all of it but the deals with two lives."""
    monkeypatch.setattr(connector_shapes, "DEALS", request.param)
    return connector_shapes.Pipedrive()


def test_the_sample_fetched_is_the_sample_of_the_files(fetch, lab, sample):
    serve_sample(fetch.api, sample)
    for name, content in sample.files.items():
        write(lab.folder, name, content)
    lab.loads()
    by_file = loaded(lab, OTHERWISE)
    lab.empty()

    fetch.works()
    lab.loads(path=fetch.folder)
    by_api = loaded(lab, OTHERWISE)
    different = {table: set(by_api[table]) ^ set(by_file[table]) for table in by_file}
    assert not any(different.values()), different
    assert by_api == by_file
    assert len(by_api["deal_changes"]) > 10 * len(sample.deals) / 2

    fetch.works("--since", "2024-06-01")
    lab.loads("--mode", "delta", path=fetch.folder)
    assert loaded(lab, OTHERWISE) == by_api


def test_the_sample_fetched_is_the_sample_by_a_connector(fetch, lab, sample):
    """The log is derived twice: here in Python, there by deal_changes.sql of pipedrive/airbyte."""
    serve_sample(fetch.api, sample)
    fetch.api.lists["deals"] += ODD_DEALS
    flows = fetch.api.flow
    fetch.api.flow = lambda deal_id: ODD_FLOWS.get(deal_id) or flows(deal_id)
    fetch.works()
    lab.loads(path=fetch.folder)
    by_api = loaded(lab, {"fields": {"id"}})
    lab.empty()

    tables = pipedrive_airbyte(sample)
    add_odd_deals(tables)
    connector_shapes.fill(lab._connection, SCHEMA, tables)
    outcome = lab.run("--connector", "pipedrive/airbyte", path=f"--from-schema={SCHEMA}")
    assert outcome.status == 0, outcome.err
    by_connector = loaded(lab, {"fields": {"id"}})
    different = {table: set(by_api[table]) ^ set(by_connector[table]) for table in by_api}
    assert not any(different.values()), different


def test_every_column_that_is_fetched_is_loaded(fetch, lab):
    fetch.works()
    outcome = lab.run(path=fetch.folder)
    assert outcome.status == 0 and "not loaded" not in outcome.err, outcome.err
    assert lab.query("select count(*), count(owner_id), max(lost_reason) from raw.pipedrive_deal") == [
        (8, 8, "price")
    ]
    done = "select distinct (marked_as_done_time at time zone 'UTC')::text from raw.activity"
    assert lab.query(done) == [("2025-01-05 09:45:00",)]


ODD: dict[str, tuple[Row, list[tuple]]] = {
    # What the deal says, and its flow as (id, day, field, old, new).
    "never moved": ({}, []),
    "moved unlogged": ({"stage_change_time": "05"}, []),
    "moved": (
        {"stage_change_time": "08"},
        [(1, "08", "stage_id", "2", "3"), (2, "06", "stage_id", "1", "2")],
    ),
    "lost unlogged": ({"status": "lost", "lost_time": "09", "lost_reason": "price"}, []),
    "won": ({"status": "won", "won_time": "10"}, [(3, "09", "status", "open", "won")]),
    "deleted": (
        {"status": "won", "is_deleted": True, "update_time": "20"},
        [(4, "09", "status", "open", "won")],
    ),
    "deletion logged": (
        {"status": "won", "is_deleted": True, "update_time": "20"},
        [(5, "19", "status", "won", "deleted")],
    ),
    "creation logged": ({}, [(5, "01", "add_time", None, "as logged")]),
    "amount": ({"value": 20.5}, [(11, "03", "value", "10.50", "20.5"), (9, "03", "value", "8", "10.50")]),
    "owner": ({"owner_id": 7}, [(1, "03", "owner_id", "5", "7")]),
    "taken away": ({}, [(1, "03", "expected_close_date", "2024-05-01", None)]),
}
ODD_DEALS, ODD_FLOWS = [], {}
for number, (said, flow) in enumerate(ODD.values(), 9_000_001):
    state = {"id": number, "add_time": "01", "stage_id": 3, "status": "open", "pipeline_id": 1, "owner_id": 5}
    state |= {"update_time": "02", "is_deleted": False} | said
    ODD_DEALS.append(
        {
            key: f"2024-01-{value}T10:00:00Z" if key.endswith("_time") else value
            for key, value in state.items()
        }
    )
    ODD_FLOWS[str(number)] = [
        {
            "object": "dealChange",
            "data": {"id": int(f"{number}{key}"), "field_key": field, "old_value": old, "new_value": new}
            | {"log_time": f"2024-01-{day} 10:00:00"},
        }
        for key, day, field, old, new in flow
    ]


def add_odd_deals(tables: connector_shapes.Tables) -> None:
    tables["deals"].columns.update({"won_time": "text", "lost_time": "text"})
    for deal in ODD_DEALS:
        row = {key: str(value) for key, value in deal.items()}
        row |= {key: value[:19].replace("T", " ") for key, value in row.items() if key.endswith("_time")}
        tables["deals"].rows.append(row | {"user_id": row["owner_id"], "deleted": row["is_deleted"]})
    for deal_id, items in ODD_FLOWS.items():
        for item in items:
            row = {key: value for key, value in item["data"].items() if value is not None}
            row |= {key: json.dumps(row[key]) for key in ("old_value", "new_value") if key in row}
            tables["deal_flow"].rows.append(row | {"item_id": deal_id})
