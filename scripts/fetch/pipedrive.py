"""Pipedrive's exports by its API: the list of deals, the flow of each deal, the other lists, and then the files."""

from __future__ import annotations

import csv
import os
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path

from fetch.client import HINT, Api, Gone
from fetch.deal_log import Change, read_flow, write_log
from fetch.lists import LISTS, Record, complete_options, read_rows
from fetch.work import Work
from with_venv import UserError

EVERY = 30  # seconds between two lines of progress
ENOUGH = 20  # living deals without a flow, and none with one: the endpoint itself has gone
MARGIN = timedelta(minutes=10)  # a deal may show in the list somewhat later than it changed


def say(message: str) -> None:
    print(f"fetch: {message}", file=sys.stderr, flush=True)


def fetch(api: Api, since: str | None, work: Work, exports: Path) -> None:
    """Fetch what is still missing and write the files. Raises UserError; what was fetched until then is kept."""
    settle_run(work, api.url, since)
    for name in LISTS:
        fetch_list(api, work, name)
        if name == "deals":
            fetch_flows(api, work)
    write_files(work, exports)
    work.finish()


def settle_run(work: Work, url: str, since: str | None) -> None:
    """Go on with the unfinished run, or begin one. Raises UserError where what is there is of another kind."""
    last, run = work.get("last"), work.get("run")
    if since == "last":
        since = last["began"] if last else None
        say(f"what has changed since {since}" if since else "no run is complete yet: everything")
    if last and last["url"] != url:
        raise UserError(f"{work.folder} is of {last['url']}; name another folder, or delete that one")
    if run and (run["url"], run["since"]) != (url, since):
        how = f"--since {run['since']}" if run["since"] else "without --since"
        raise UserError(
            f"{work.folder} holds an unfinished run of {run['url']} {how}: finish that, or delete the folder"
        )
    if not run:
        work.set("run", {"url": url, "since": since, "began": None})


def fetch_list(api: Api, work: Work, name: str) -> None:
    """A list is kept when it is whole."""
    if work.get(name):
        return
    with work.at_once():
        run = work.get("run")
        for endpoint in LISTS[name].endpoints or (name,):
            try:
                for rows in api.pages(endpoint, run["since"]):
                    run["began"] = run["began"] or began(api.time)
                    work.add(name, read_rows(name, rows))
            except Gone as error:
                if LISTS[name].is_optional:
                    say(f"{error} is not there (404), so {LISTS[name].file} is without it")
                    continue
                raise UserError(f"{error} is not there (404); {HINT}") from error
        work.set("run", run)
        work.set(name, "whole")


def began(http_date: str) -> str:
    """By the server's clock, and as the API wants times: without fractions."""
    moment = parsedate_to_datetime(http_date) if http_date else datetime.now(timezone.utc)
    return (moment - MARGIN).strftime("%Y-%m-%dT%H:%M:%SZ")


def fetch_flows(api: Api, work: Work) -> None:
    total, (before, found), missing = work.count("deals"), work.count_flows(), 0
    say(f"{total:,} deals" + (f", {before:,} of them fetched before" if before else ""))
    said = time.monotonic()
    for asked, deal in enumerate(work.deals_without_flow(), before):
        try:
            items = [item for rows in api.pages("flow", id=deal["id"]) for item in rows]
            work.add_flow(deal["id"], read_flow(deal["id"], items))
            found += 1
        except Gone:
            work.add_flow(deal["id"], None)
            missing += deal["is_deleted"] != "true"
        except UserError as error:
            raise UserError(f"after {asked:,} of {total:,} deals: {error}") from error
        if missing >= ENOUGH and not found:
            break
        if time.monotonic() > said + EVERY:
            said = time.monotonic()
            say(f"{asked:,} of {total:,} deals")
    if missing and not found:
        work.forget_missing_flows()
        raise UserError(f"no deal has a flow (404); {HINT}")


def write_files(work: Work, exports: Path) -> None:
    """Each beside its place and then into it, so that a file is whole, or as it was before."""
    deals = list(LISTS["deals"].columns)
    deals.remove("stage_change_time")
    files: dict[str, tuple[Iterable[str], Iterable[Record] | Iterable[Change]]] = {
        "deal_changes.csv": (Change._fields, write_logs(work)),
        "deals.csv": (deals, work.records("deals")),
    }
    for name in ("activities", "leads", "activity types", "stages", "users"):
        files[LISTS[name].file] = (LISTS[name].columns, work.records(name))
    fields = complete_options(*(list(work.records(name)) for name in ("fields", "stages", "pipelines")))
    files["fields.csv"] = (LISTS["fields"].columns, fields)
    counts = {name: write_csv(work.folder / name, *content) for name, content in files.items()}
    for name in files:
        (work.folder / name).replace(exports / name)
    print(", ".join(f"{name} {count:,}" for name, count in counts.items()))


def write_logs(work: Work) -> Iterator[Change]:
    gone = []
    for deal, flow in work.deals():
        if flow is None and deal["is_deleted"] != "true":
            gone.append(deal["id"])
        else:
            yield from write_log(deal, flow or [])
    if gone:
        say(
            f"gone between list and flow, and left out until a list has them as deleted: {', '.join(gone)[:200]}"
        )


def write_csv(path: Path, columns: Iterable[str], rows: Iterable[Record] | Iterable[Change]) -> int:
    """The number of rows written."""
    columns, count = list(columns), 0
    with path.open("w", encoding="utf-8", errors="replace", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for count, row in enumerate(rows, 1):  # noqa: B007
            writer.writerow([row[name] for name in columns] if isinstance(row, dict) else row)
        file.flush()
        os.fsync(file.fileno())
    return count
