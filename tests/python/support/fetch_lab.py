"""from_api.py, a server that speaks as Pipedrive's API, and a small account on it."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

import with_venv
from conftest import ROOT
from support.pipedrive_server import TOKEN, Pipedrive, Row

COMMAND = ROOT / "scripts" / "fetch" / "from_api.py"
DEALS = 7


def find_python() -> Path:
    """A Python with dlt: SALES_FUNNEL_FETCH_PYTHON names it, else that of .venv-fetch, made where it is missing."""
    if named := os.environ.get("SALES_FUNNEL_FETCH_PYTHON"):
        return Path(named)
    venv, lock_files = with_venv.find_environment(str(COMMAND))
    try:
        with_venv.ensure_venv(venv, lock_files)
    except with_venv.UserError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"{venv.name} cannot be made here: {error}")
    return venv / "bin" / "python"


@dataclass(frozen=True)
class Outcome:
    status: int
    out: str
    err: str
    peak: int  # kilobytes

    @property
    def error(self) -> str:
        """The one line that says why nothing was written."""
        lines = [line for line in self.err.splitlines() if line.startswith("fetch: error: ")]
        assert len(lines) == 1, self.err
        assert self.err.endswith(f"{lines[0]}\n") and "Traceback" not in self.err, self.err
        return lines[0].removeprefix("fetch: error: ")


class Runner:
    """Starts from_api.py as often as one likes, and imports dlt once."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [find_python(), ROOT / "tests" / "python" / "support" / "fetch_runner.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT / "scripts")},
        )
        self.child = 0

    def close(self) -> None:
        self.process.communicate(timeout=20)

    def run(self, arguments: list[str], environment: dict[str, str], **asked: object) -> Outcome:
        line = json.dumps({"arguments": arguments, "environment": environment, **asked})
        print(line, file=self.process.stdin, flush=True)
        self.child = json.loads(self.process.stdout.readline())["pid"]
        done = json.loads(self.process.stdout.readline())
        assert TOKEN not in done["out"] + done["err"]
        out, _, peak = done["out"].rpartition("\npeak ")
        return Outcome(done["status"], out, done["err"], int(peak or 0))


class Fetch:
    """`run` fetches from the server into a folder."""

    def __init__(self, runner: Runner, api: Pipedrive, folder: Path) -> None:
        self.runner = runner
        self.api = api
        self.folder = folder

    def run(self, *arguments: str, to: Path | None = None, token: str = TOKEN, **asked: object) -> Outcome:
        given = ["pipedrive", "--to", str(to or self.folder), "--url", self.api.url, *arguments]
        return self.runner.run(given, {"PIPEDRIVE_API_TOKEN": token}, **asked)

    def works(self, *arguments: str, to: Path | None = None) -> Outcome:
        outcome = self.run(*arguments, to=to)
        assert outcome.status == 0, outcome.err
        return outcome

    def refused(self, *arguments: str, **asked: object) -> str:
        before = files(self.folder)
        outcome = self.run(*arguments, **asked)
        assert outcome.status == 1, outcome.out + outcome.err
        assert files(self.folder) == before
        return outcome.error

    def asked(self, part: str) -> list[str]:
        return [target for target in self.api.requests if part in target]


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.csv"))}


def deal(number: int, **other: object) -> Row:
    return {
        "id": number,
        "owner_id": 3,
        "pipeline_id": 1,
        "stage_id": 2,
        "status": "open",
        "value": 1200.5,
        "currency": "EUR",
        "add_time": "2025-01-01T10:00:00Z",
        "update_time": "2025-01-02T10:00:00Z",
        "stage_change_time": "2025-01-02T10:00:00Z",
        "is_deleted": False,
    } | other


def lead(key: str, **other: object) -> Row:
    empty = dict.fromkeys(("owner_id", "source_name", "person_id", "organization_id"))
    return {"id": key, **empty, "is_archived": False, "add_time": "2025-01-04T10:00:00.123Z"} | other


def change(number: int, field: str, old: object, new: object, time: str = "2025-01-02 10:00:00") -> Row:
    data = {"id": number, "field_key": field, "old_value": old, "new_value": new, "log_time": time}
    return {"object": "dealChange", "timestamp": time, "data": data}


def fill(api: Pipedrive) -> None:
    """A small account: pages of three, an archived deal, a note in each flow."""
    api.page = 3
    api.lists["deals"] = [deal(number) for number in range(1, DEALS + 1)]
    api.lists["deals/archived"] = [
        deal(99, status="lost", lost_time="2025-03-01T10:00:00Z", lost_reason="price")
    ]
    api.lists["activities"] = [
        {
            "id": number,
            "type": "call",
            "deal_id": number,
            "owner_id": 3,
            "done": True,
            "due_date": "2025-01-05",
        }
        | {"due_time": "09:30:00", "marked_as_done_time": "2025-01-05T09:45:00Z"}
        | {"update_time": "2025-01-05T09:45:00Z", "is_deleted": False}
        for number in range(1, 8)
    ]
    api.lists["stages"] = [
        {"id": number, "name": name, "pipeline_id": 1, "order_nr": number, "deal_probability": 100}
        | {"days_to_rotten": 30, "is_deleted": False}
        for number, name in enumerate(("First", "Second"), 1)
    ]
    api.lists["leads"] = [lead("a"), lead("b", owner_id=3, source_name="Web forms", person_id=5)]
    api.lists["leads/archived"] = [lead("c", is_archived=True)]
    api.lists["pipelines"] = [{"id": 1, "name": "Sales", "is_deleted": False}]
    api.lists["users"] = [
        {"id": 3, "name": "Ann", "email": "ann@example.net", "modified": "2025-01-01 08:00:00"}
    ]
    api.lists["activityTypes"] = [{"id": 1, "name": "Call", "key_string": "call", "active_flag": True}]
    api.lists["dealFields"] = [{"field_code": "stage_id", "field_name": "Stage", "options": None}]
    api.flow = lambda deal_id: [
        {"object": "note", "data": {"id": 1, "content": "of no interest"}},
        change(int(deal_id) * 10, "stage_id", "1", "2"),
    ]
