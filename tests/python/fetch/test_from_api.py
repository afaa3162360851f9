"""Fetching from Pipedrive's API: what is written, and how a run that is hindered ends and goes on."""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
import signal
import subprocess

import pytest

from conftest import ROOT
from support.fetch_lab import COMMAND, DEALS, Fetch, change, deal, files, fill, find_python
from support.pipedrive_server import TOKEN, Pipedrive, serve

FLOW = "/v1/deals/{}/flow"
BUDGET = json.dumps({"success": False, "error": "You have exceeded your daily API token limit"})


def rows(fetch, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(files(fetch.folder)[name].decode())))


def fault_at(part: str, answer: tuple, times: int = 1):
    """Answer so, the first times that a path holds the part."""
    left = [times]

    def fault(number: int, target: str) -> tuple | None:
        if part not in target or not left[0]:
            return None
        left[0] -= 1
        return answer

    return fault


@pytest.fixture(scope="session")
def whole(fetch_runner, tmp_path_factory) -> dict[str, bytes]:
    """The files of an undisturbed run, which the others must equal."""
    folder = tmp_path_factory.mktemp("whole")
    with serve(Pipedrive()) as api:
        fill(api)
        Fetch(fetch_runner, api, folder).works()
    return files(folder)


# --- what is written -----------------------------------------------------------------------------------------


def test_every_page_of_every_list_is_written(fetch):
    said = fetch.works().out
    assert [row["id"] for row in rows(fetch, "deals.csv")] == [*map(str, range(1, DEALS + 1)), "99"]
    assert (
        rows(fetch, "deals.csv")[-1] | {"lost_reason": "price", "is_deleted": "false"}
        == rows(fetch, "deals.csv")[-1]
    )
    assert len(rows(fetch, "deal_changes.csv")) == (DEALS + 1) * 7 + DEALS + 1 + 2
    assert rows(fetch, "activity.csv")[6] == {
        "activity_id": "7",
        "type": "call",
        "deal_id": "7",
        "due_to": "2025-01-05T09:30:00Z",
        "assigned_to_user": "3",
        "done": "true",
        "marked_as_done_time": "2025-01-05T09:45:00Z",
    }
    assert [(row["stage_name"], row["rotten_days"]) for row in rows(fetch, "stages.csv")] == [
        ("First", "30"),
        ("Second", "30"),
    ]
    options = {row["field_key"]: json.loads(row["field_value_options"]) for row in rows(fetch, "fields.csv")}
    assert options == {
        "stage_id": [{"id": "1", "label": "First"}, {"id": "2", "label": "Second"}],
        "pipeline_id": [{"id": "1", "label": "Sales"}],
    }
    assert [tuple(row.values()) for row in rows(fetch, "pipedrive_leads.csv")] == [
        ("a", "2025-01-04T10:00:00.123000Z", "", "", "", "", "false"),
        ("b", "2025-01-04T10:00:00.123000Z", "Web forms", "3", "5", "", "false"),
        ("c", "2025-01-04T10:00:00.123000Z", "", "", "", "", "true"),
    ]
    assert rows(fetch, "users.csv")[0]["modified"] == "2025-01-01T08:00:00Z"
    assert said.startswith("deal_changes.csv 66, deals.csv 8, activity.csv 7, ")
    assert {path.name for path in fetch.folder.iterdir()} == {*files(fetch.folder), ".fetch"}
    assert len(files(fetch.folder)) == 8


def test_the_first_values_stand_before_the_changes(fetch):
    fetch.works()
    log = [tuple(row.values()) for row in rows(fetch, "deal_changes.csv") if row["deal_id"] == "1"]
    created = "2025-01-01T10:00:00Z"
    assert log == [
        ("1", created, "add_time", "2025-01-01T10:00:00", ""),
        ("1", created, "status", "open", ""),
        ("1", created, "pipeline_id", "1", ""),
        ("1", created, "stage_id", "1", ""),
        ("1", created, "user_id", "3", ""),
        ("1", created, "value", "1200.5", ""),
        ("1", created, "currency", "EUR", ""),
        ("1", "2025-01-02T10:00:00Z", "stage_id", "2", "1"),
    ]


def test_an_account_without_a_list_of_leads_gives_the_rest(fetch, whole):
    del fetch.api.lists["leads"]
    said = fetch.works().err
    assert "fetch: /v1/leads is not there (404), so pipedrive_leads.csv is without it\n" in said
    assert [row["id"] for row in rows(fetch, "pipedrive_leads.csv")] == ["c"]
    assert {
        name: content for name, content in files(fetch.folder).items() if name != "pipedrive_leads.csv"
    } == {name: content for name, content in whole.items() if name != "pipedrive_leads.csv"}


def test_an_account_on_v1_gives_the_same_files(fetch, whole):
    """What a version changes is in the table of endpoints alone."""
    ends = {"deals": "start", "archived deals": "start", "activities": "start", "stages": "start"}
    ends |= {"pipelines": "start", "fields": "start"}
    outcome = fetch.run(endpoints=ends)
    assert outcome.status == 0, outcome.err
    assert not fetch.asked("/v2/")
    assert files(fetch.folder) == whole


def test_a_flow_of_many_pages_is_read_whole(fetch):
    fetch.api.flow = lambda deal_id: [
        change(number, "value", str(number), str(number + 1)) for number in range(1, 14)
    ]
    fetch.works()
    values = [
        row["new_value"] for row in rows(fetch, "deal_changes.csv") if row["changed_field_key"] == "value"
    ]
    assert values[:14] == [str(number) for number in range(1, 15)]


def test_deleted_deals_are_told_by_the_list_where_the_flow_lacks_it(fetch):
    fetch.api.lists["deals"] = [deal(1, is_deleted=True, update_time="2025-05-01T00:00:00Z"), deal(2)]
    fetch.api.flow = lambda deal_id: None if deal_id == "1" else []
    fetch.works()
    log = [row for row in rows(fetch, "deal_changes.csv") if row["deal_id"] == "1"]
    assert [
        (row["change_time"], row["new_value"]) for row in log if row["changed_field_key"] == "status"
    ] == [
        ("2025-01-01T10:00:00Z", "open"),
        ("2025-05-01T00:00:00Z", "deleted"),
    ]


def test_a_deal_that_goes_between_its_list_and_its_flow_is_left_out_and_said(fetch):
    flow = fetch.api.flow
    fetch.api.flow = lambda deal_id: None if deal_id == "4" else flow(deal_id)
    outcome = fetch.works()
    assert "until a list has them as deleted: 4\n" in outcome.err
    assert "4" not in {row["deal_id"] for row in rows(fetch, "deal_changes.csv")}
    fetch.api.lists["deals"][3] |= {"is_deleted": True, "update_time": "2025-12-25T00:00:00Z"}
    fetch.works("--since", "last")
    assert [row["new_value"] for row in rows(fetch, "deal_changes.csv")][-1] == "EUR"
    assert ("4", "deleted") in {(row["deal_id"], row["new_value"]) for row in rows(fetch, "deal_changes.csv")}


def test_odd_values_come_as_they_are(fetch):
    """The loader names what it cannot take; nothing is lost on the way."""
    odd = {"value": 1e17, "lost_reason": 'a "b",\nc', "expected_close_date": None, "label_ids": [1, 2]}
    fetch.api.lists["deals"] = [deal(1, won_time="0001-01-01T00:00:00+14:00", lost_time="soon", **odd)]
    fetch.api.flow = lambda deal_id: [
        change(2, "a1b2", None, {"id": 7, "label": "x"}),
        change(10, "c3d4", [1], {"from": 1}),
        change(3, "title", "é", "\ud800"),
    ]
    fetch.works()
    row = rows(fetch, "deals.csv")[0]
    assert (row["value"], row["lost_reason"]) == ("100000000000000000", odd["lost_reason"])
    assert (row["won_time"], row["lost_time"]) == ("0001-01-01T00:00:00+14:00", "soon")
    log = rows(fetch, "deal_changes.csv")
    assert [(row["changed_field_key"], row["new_value"]) for row in log if row["deal_id"] == "1"][-3:] == [
        ("a1b2", "7"),
        ("title", "?"),
        ("c3d4", '{"from": 1}'),
    ]


# --- since ---------------------------------------------------------------------------------------------------


def test_since_last_asks_for_what_has_changed_since_the_last_run_began(fetch):
    assert "no run is complete yet: everything" in fetch.works("--since", "last").err
    assert not fetch.asked("updated_since")
    fetch.api.requests.clear()
    fetch.api.lists["deals"][4] |= {"update_time": "2025-12-24T07:00:00Z"}
    assert (
        "2025-12-24T06:00:00Z" in fetch.works("--since", "last").err
    )  # the server's clock, less ten minutes
    assert {row["deal_id"] for row in rows(fetch, "deal_changes.csv")} == {"5"}
    assert rows(fetch, "activity.csv") == [] and len(rows(fetch, "stages.csv")) == 2
    assert len(fetch.asked("/flow")) == 1


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ("2025-06-30", "2025-06-30T00%3A00%3A00Z"),
        ("2025-06-30T05:00:00.250+02:00", "2025-06-30T03%3A00%3A00Z"),
    ],
)
def test_since_a_date(fetch, given, asked):
    fetch.works("--since", given)
    assert fetch.asked(f"updated_since={asked}")
    assert rows(fetch, "deals.csv") == []


def test_a_run_of_another_kind_does_not_mix_with_an_unfinished_one(fetch, whole):
    fetch.api.fault = fault_at("/flow", (429, {"Retry-After": "40000"}, "{}"))
    fetch.refused()
    assert "without --since: finish that, or delete" in fetch.refused("--since", "2025-06-30")
    fetch.works()
    assert files(fetch.folder) == whole
    url, fetch.api.url = fetch.api.url, "http://localhost:1"
    assert f"is of {url}; name another folder" in fetch.refused()


# --- what dlt tries again ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        (429, {"Retry-After": "1"}, "{}"),
        (429, {}, "{}"),
        (500, {}, "oh"),
        (503, {}, "<html>"),
        (200, {}, "cut"),
        (200, {}, "null"),
    ],
    ids=["429 for a second", "429", "500", "503", "cut off", "empty"],
)
def test_what_passes_is_tried_again(fetch, whole, answer):
    faults = [fault_at(part, answer) for part in ("/v2/deals?", FLOW.format(7))]
    fetch.api.fault = lambda number, target: next(
        filter(None, (fault(number, target) for fault in faults)), None
    )
    fetch.works()
    assert files(fetch.folder) == whole
    assert len(fetch.asked(FLOW.format(7))) == 2


# --- how a run ends that cannot go on ------------------------------------------------------------------------

ALWAYS = 1_000
FULL_PAGE = json.dumps({"data": [deal(number) for number in range(500)], "additional_data": {"after": "c1"}})
SAME_PAGE = json.dumps({"data": [deal(1)], "additional_data": {"next_cursor": "c1"}})
REFUSALS = {
    "wrong token": ((401, {}, "{}"), "the token is not accepted (401)"),
    "not paid": ((402, {}, "{}"), "not paid for (402)"),
    "forbidden": ((403, {}, "<html>cloudflare</html>"), "is forbidden (403)"),
    "not there": ((404, {}, "{}"), "/api/v2/deals is not there (404); scripts/fetch/endpoints.py"),
    "asked wrongly": (
        (400, {}, '{"error": "Parameter status is bad"}'),
        "400 Bad Request: Parameter status is bad;",
    ),
    "500 for ever": (
        (500, {}, "oh"),
        "/api/v2/deals: after 4 attempts still 500 Internal Server Error",
    ),
    "cut for ever": ((200, {}, "cut"), "cannot be reached, or breaks off"),
    "no JSON": ((200, {}, "<html>hotel wifi</html>"), "answers with what is no JSON"),
    "elsewhere": ((302, {"Location": "http://localhost:9/"}, ""), "answers 302"),
    "unknown shape": ((200, {}, '{"deals": []}'), 'in a shape that is not known: {"deals": []}'),
    "not a list": ((200, {}, '{"data": {"items": []}}'), "in a shape that is not known"),
    "no success": ((200, {}, '{"success": false, "error": "maintenance"}'), "is not known: maintenance;"),
    "no id": ((200, {}, '{"data": [{"number": 1}]}'), "deals: a row has no id, only number"),
    "full page": ((200, {}, FULL_PAGE), "/api/v2/deals does not say what comes after a page"),
    "same page": ((200, {}, SAME_PAGE), "/api/v2/deals does not say what comes after a page"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_hinders_ends_in_one_line(fetch, name):
    fetch.works()
    answer, expected = REFUSALS[name]
    fetch.api.fault = fault_at("/v2/deals?", answer, ALWAYS)
    assert expected in fetch.refused()


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("", "PIPEDRIVE_API_TOKEN is not set"),
        (" \n", "PIPEDRIVE_API_TOKEN is not set"),
        ("abc\ndef", "has characters that no token has"),
        ("tökén", "has characters that no token has"),
        ("another", "the token is not accepted (401)"),
    ],
)
def test_a_token_that_is_none_is_named_without_being_shown(fetch, token, expected):
    error = fetch.refused(token=token)
    assert expected in error
    assert not token.strip() or token not in error


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://acme.example", "an address begins with https://"),
        ("acme.pipedrive.com", "an address begins with https://"),
        ("https://pipedrive.invalid", "cannot be reached, or breaks off: NameResolutionError"),
        ("http://127.0.0.1:1", "cannot be reached, or breaks off: NewConnectionError"),
    ],
)
def test_an_address_that_is_none(fetch, url, expected):
    assert expected in fetch.refused("--url", url)


@pytest.mark.parametrize(
    "spent",
    [
        (429, {"Retry-After": "40000"}, "{}"),
        (429, {"Retry-After": "Wed, 24 Dec 2098 06:10:00 GMT"}, "{}"),
        (429, {"x-daily-ratelimit-token-remaining": "0"}, "{}"),
        (429, {}, BUDGET),
    ],
    ids=["seconds", "date", "header", "body"],
)
def test_a_used_up_budget_ends_in_one_line_and_the_next_run_goes_on(fetch, whole, spent):
    fetch.api.fault = fault_at(FLOW.format(6), spent)
    error = fetch.refused()
    assert error.startswith(
        "after 5 of 8 deals: Pipedrive's daily budget of tokens is used up (429); what was"
    )
    assert "8 deals, 5 of them fetched before" in fetch.works().err
    assert files(fetch.folder) == whole
    assert len(fetch.asked("/v2/deals?")) == 3 and len(fetch.asked("/flow")) == 9


def test_a_token_that_expires_on_the_way(fetch, whole):
    fetch.api.fault = fault_at(FLOW.format(6), (401, {}, "{}"))
    assert "the token is not accepted (401)" in fetch.refused()
    fetch.works()
    assert files(fetch.folder) == whole
    assert len(fetch.asked("/flow")) == 9


def test_a_flow_endpoint_that_has_moved_is_no_account_without_changes(fetch, whole):
    flow, fetch.api.flow = fetch.api.flow, lambda deal_id: None
    assert "no deal has a flow (404)" in fetch.refused()
    fetch.api.flow = flow
    fetch.works()
    assert files(fetch.folder) == whole


@pytest.mark.parametrize("data", [None, {"id": 1}, {"field_key": "value", "log_time": None}])
def test_a_change_of_unknown_shape(fetch, data):
    fetch.api.flow = lambda deal_id: [{"object": "dealChange", "data": data}]
    assert "flow of deal 1: a change has no field_key or no log_time" in fetch.refused()


def test_a_full_disk_keeps_what_was_fetched(fetch, whole):
    fetch.works()
    error = fetch.refused(limit=20_000)
    assert "pipedrive.sqlite: " in error and "mend that and the same command goes on" in error
    fetch.works()
    assert files(fetch.folder) == whole


def test_a_folder_that_cannot_be_written_to(fetch, tmp_path):
    (tmp_path / "file").write_text("")
    assert f"{tmp_path}/file/exports" in fetch.run(to=tmp_path / "file" / "exports").error
    fetch.folder.mkdir()
    (fetch.folder / "users.csv").mkdir()
    assert "users.csv" in fetch.run().error


def test_a_damaged_work_file_is_named(fetch):
    fetch.works()
    (fetch.folder / ".fetch" / "pipedrive.sqlite").write_bytes(b"no database" * 1000)
    assert "file is not a database; mend that" in fetch.refused()


# --- killed and resumed --------------------------------------------------------------------------------------


def test_killed_at_any_request_it_goes_on_where_it_was(fetch, whole):
    def kill(number: int, target: str) -> None:
        if number in (2, 6, 12, 15, 17, 23, 27, 30, 32, 34):
            os.kill(fetch.runner.child, signal.SIGKILL)

    fetch.api.fault = kill
    statuses = [fetch.run().status for _ in range(11)]
    assert statuses == [-signal.SIGKILL] * 10 + [0]
    assert files(fetch.folder) == whole
    assert max(len(fetch.asked(FLOW.format(number))) for number in range(1, DEALS + 1)) == 2


@pytest.mark.parametrize("renamed", [0, 3, 6])
def test_killed_while_the_files_are_put_in_place(fetch, whole, renamed):
    fetch.works()
    fetch.api.lists["users"][0]["name"] = "Changed"
    before = files(fetch.folder)
    assert fetch.run(kill_at_rename=renamed).status == -signal.SIGKILL
    after = files(fetch.folder)
    assert before.keys() == after.keys() and all(content.endswith(b"\n") for content in after.values())
    fetch.api.requests.clear()
    fetch.works()
    assert not fetch.api.requests
    assert b"Changed" in files(fetch.folder)["users.csv"]
    assert {name: content for name, content in files(fetch.folder).items() if name != "users.csv"} == {
        name: content for name, content in whole.items() if name != "users.csv"
    }


def test_an_interrupt_is_no_error(fetch, whole):
    fetch.api.fault = lambda number, target: (
        os.kill(fetch.runner.child, signal.SIGINT) if number == 9 else None
    )
    outcome = fetch.run()
    assert (outcome.status, outcome.err.splitlines()[-1]) == (
        130,
        "fetch: interrupted; what was fetched is kept, and the same command goes on",
    )
    fetch.works()
    assert files(fetch.folder) == whole


def test_two_fetches_into_one_folder(fetch):
    fetch.works()
    with (fetch.folder / ".fetch" / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert f"another fetch is at work in {fetch.folder}; wait for it" in fetch.refused()
    fetch.works()


# --- the token -----------------------------------------------------------------------------------------------


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT / "scripts"), "PIPEDRIVE_API_TOKEN": TOKEN}


def test_the_token_is_in_no_process_list_no_address_and_no_file(fetch):
    """The command itself, as people run it, as talkative as its libraries can be made."""
    seen = []
    process: list[subprocess.Popen] = []

    def look(number: int, target: str) -> None:
        if number == 9:
            with open(f"/proc/{process[0].pid}/cmdline", "rb") as file:  # noqa: PTH123
                seen.append(file.read())

    fetch.api.fault = look
    command = [find_python(), COMMAND, "pipedrive", "--to", fetch.folder, "--url", fetch.api.url]
    loud = environment() | {"RUNTIME__LOG_LEVEL": "DEBUG", "PYTHONWARNINGS": "default"}
    process.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=loud))
    said, _ = process[0].communicate(timeout=60)
    assert process[0].returncode == 0, said.decode()
    kept = b"".join(path.read_bytes() for path in fetch.folder.rglob("*") if path.is_file())
    assert b"pipedrive" in seen[0]
    assert TOKEN.encode() not in seen[0] + said + kept
    assert not fetch.asked("token")


# --- many deals ----------------------------------------------------------------------------------------------


class Many:
    """Deals that are made when they are asked for."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, part: slice) -> list:
        return [deal(number + 1) for number in range(*part.indices(self.count))]

    def __iter__(self):
        return iter(self[:])


@pytest.mark.parametrize(
    ("count", "size"), [(300, 60_000), pytest.param(50_000, 10, marks=pytest.mark.nightly)]
)
def test_many_deals_take_no_more_memory(fetch, tmp_path, count, size):
    few = fetch.works(to=tmp_path / "few").peak
    fetch.api.select = lambda name, asked: Many(count) if name == "deals" else []
    fetch.api.flow = lambda deal_id: [change(1, "notes", None, "x" * size)]
    fetch.api.page, fetch.api.keeps = 500, False
    many = fetch.works().peak
    assert files(fetch.folder)["deal_changes.csv"].count(b"\n") == 1 + count * 8
    assert many < few + 12_000, (few, many)  # kilobytes: some pages of a list, and SQLite's cache
