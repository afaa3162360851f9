"""Nothing that is said of an origin, a score or a forecast, changes when everything from then on is corrupted."""

from __future__ import annotations

import csv
import functools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conftest import ROOT, Databases, Dbt

CUT = "2024-10-01"
QUESTIONS = {
    "scores": """
        select signals.*, scores.score
        from dev_marts.fct_deal_signals as signals
        join dev_marts.fct_deal_scores as scores using (origin, deal_key)
        where origin {comparison} %(cut)s order by origin, deal_key
    """,
    "accounts": "select * from dev_marts.fct_account_icp where origin {comparison} %(cut)s order by origin, account_id",
    "forecasts": """
        select
            crm_source, origin, target_month, method, forecast, forecast_low, forecast_high, past_interval_coverage,
            past_wape, forecast_quality, overdue_share, largest_deal_share, forecast_risk
        from dev_marts.rep_revenue_forecast where origin {comparison} %(cut)s order by 1, 2, 3, 4
    """,
}
# The tables behind them, and the one view that goes with a table below it that is made anew.
BEHIND = ("fct_deal_scores", "rep_revenue_forecast")
SELECT = " ".join(
    f"+{name},config.materialized:{kind}" for name in BEHIND for kind in ("table", "incremental")
)


@pytest.fixture(scope="module")
def spoilt(
    databases: Databases,
    dbt: Dbt,
    load: Callable[..., int],
    sample_database: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """A copy of the sample's database into which a corrupted future was loaded."""
    folder = tmp_path_factory.mktemp("spoilt")
    shutil.copytree(ROOT / "raw_data", folder, dirs_exist_ok=True)
    history = folder / "salesforce" / "OpportunityHistory.csv"
    with history.open(encoding="utf-8", newline="") as file:
        logged = {
            row["OpportunityId"] for row in csv.DictReader(file) if row["StageName"].startswith("Closed")
        }
    for path in (history, folder / "salesforce" / "Opportunity.csv"):
        spoil(path, functools.partial(spoil_salesforce, logged=logged))
    spoil(folder / "pipedrive" / "deal_changes.csv", spoil_pipedrive)
    database = databases.create(template=sample_database)
    load(folder / "salesforce", folder / "pipedrive", "--max-deleted", "1", database=database)
    dbt(f"run --select {SELECT} fct_deal_states", database=database)
    yield database
    databases.drop(database)


@pytest.mark.parametrize("question", QUESTIONS)
def test_answers_do_not_see_what_happens_on_or_after_their_origin(sample_database, spoilt, query, question):
    before, current = (
        query(sample_database, QUESTIONS[question].format(comparison=comparison), cut=CUT)
        for comparison in ("<=", ">")
    )
    after, changed = (
        query(spoilt, QUESTIONS[question].format(comparison=comparison), cut=CUT)
        for comparison in ("<=", ">")
    )
    assert len(before) > 500
    assert before == after
    assert current != changed, "the future was not corrupted, so nothing was tested"


def spoil(path: Path, change: Callable[[dict[str, str]], None]) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        change(row)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def spoil_salesforce(row: dict[str, str], logged: set[str]) -> None:
    """From the cut on, what was won is lost and the reverse, for a thousand times the amount, due in another year. All
    of today's rows say so too, as if they had been corrected after the cut; but a closing that is dated before the cut
    stands, since a date that is moved into the past moves the past. Where the history lacks the closing, today's row
    is all that tells of it, its amount included."""
    if "SystemModstamp" in row:
        row["SystemModstamp"] = "2025-06-15T00:00:00.000Z"
    elif row["CreatedDate"] < CUT:
        return
    stands = row.get("IsClosed", "").lower() == "true" and row["CloseDate"] < CUT
    if stands and row["Id"] not in logged:
        return
    row["Amount"] += "000" if row["Amount"] else ""
    if stands:
        return
    swapped = {"Closed Won": "Closed Lost", "Closed Lost": "Closed Won"}
    row["StageName"] = swapped.get(row["StageName"], "Prospecting")
    row["CloseDate"] = "2024-12-01" if row["StageName"].startswith("Closed") else "2031-01-01"
    if "IsWon" in row:
        row["IsWon"] = str(row["StageName"] == "Closed Won")


def spoil_pipedrive(row: dict[str, str]) -> None:
    if row["change_time"] >= CUT:
        if row["changed_field_key"] == "status":
            row["new_value"] = {"won": "lost", "lost": "won"}.get(row["new_value"], row["new_value"])
        elif row["changed_field_key"] in ("stage_id", "value"):
            row["new_value"] = "1"
        elif row["changed_field_key"] == "expected_close_date":
            row["new_value"] = "2031-01-01"
