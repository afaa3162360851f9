"""Scores equal those computed by hand at every origin, and see nothing of what happens on or after it."""

from __future__ import annotations

import csv
import shutil
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from conftest import ROOT, Databases, Dbt
from salesforce_by_hand import start

CUT = "2024-10-01"
SCORED = """
    select signals.*, scores.score
    from dev_marts.fct_opportunity_signals as signals
    join dev_marts.fct_opportunity_scores as scores using (origin, crm_source, opportunity_id)
    where origin {comparison} %(cut)s order by origin, crm_source, opportunity_id
"""
ACCOUNTS = (
    "select * from dev_marts.fct_account_icp where origin {comparison} %(cut)s order by origin, account_id"
)
# The tables behind the scores, and the one view that goes with a table below it that is made anew.
BEHIND = "+fct_opportunity_scores,config.materialized:"
SELECT = f"{BEHIND}table {BEHIND}incremental fct_opportunity_states"


@pytest.mark.parametrize("origin", ["2023-07-01", "2024-06-01", "2025-07-01"])
def test_icp_scores_equal_those_by_hand(sample_database, query, salesforce_sample, origin):
    stored = query(
        sample_database,
        "select account_id, icp_score::float from dev_marts.fct_account_icp"
        " where origin = %(origin)s and icp_score is not null",
        origin=origin,
    )
    expected = salesforce_sample.score_accounts(date.fromisoformat(origin))
    assert len(expected) > 250
    assert dict(stored) == pytest.approx(expected, abs=1e-8)


def test_scores_and_their_deciles_equal_those_by_hand(sample_database, query, salesforce_sample):
    scored = query(
        sample_database,
        "select origin, is_current, opportunity_id, score from dev_marts.fct_opportunity_scores"
        " join dev_marts.dim_scoring_origins using (origin) where crm_source = 'salesforce'",
    )
    counted: Counter = Counter()
    origins = {origin: is_current for origin, is_current, _, _ in scored}
    for origin, is_current in origins.items():
        expected = salesforce_sample.score(origin)
        assert {row[2]: row[3] for row in scored if row[0] == origin} == expected, origin
        if not is_current:
            ranked = sorted(expected.values())
            for opportunity, score in expected.items():
                decile = 1 + min(10 * ranked.index(score) // (len(ranked) - 1), 9)
                status = salesforce_sample.find_status(
                    salesforce_sample.opportunities[opportunity], start(origin + timedelta(days=180))
                )
                counted[decile, status] += 1
    reported = query(
        sample_database,
        "select bucket, won_count, lost_count, open_count from dev_marts.rep_opportunity_score_calibration"
        " where crm_source = 'salesforce' and origin_set = 'all' and factor = 'score' order by bucket",
    )
    assert len(origins) == 25
    assert reported == [
        (decile, *(counted[decile, status] for status in ("won", "lost", "open"))) for decile in range(1, 11)
    ]


def test_scores_do_not_see_what_happens_on_or_after_their_origin(
    databases: Databases, dbt: Dbt, load: Callable[..., int], sample_database: str, query, tmp_path: Path
):
    before = [query(sample_database, text.format(comparison="<="), cut=CUT) for text in (SCORED, ACCOUNTS)]
    current = [query(sample_database, text.format(comparison=">"), cut=CUT) for text in (SCORED, ACCOUNTS)]
    database = databases.create(template=sample_database)
    shutil.copytree(ROOT / "raw_data", tmp_path, dirs_exist_ok=True)
    spoil(tmp_path / "salesforce" / "OpportunityHistory.csv", spoil_salesforce)
    spoil(tmp_path / "salesforce" / "Opportunity.csv", spoil_salesforce)
    spoil(tmp_path / "pipedrive" / "deal_changes.csv", spoil_pipedrive)
    load(tmp_path / "salesforce", tmp_path / "pipedrive", "--max-deleted", "1", database=database)
    dbt(f"run --select {SELECT}", database=database)
    after = [query(database, text.format(comparison="<="), cut=CUT) for text in (SCORED, ACCOUNTS)]
    spoilt = [query(database, text.format(comparison=">"), cut=CUT) for text in (SCORED, ACCOUNTS)]
    databases.drop(database)
    assert [len(rows) > 1000 for rows in before] == [True, True]
    assert before == after
    assert spoilt[0] != current[0] and spoilt[1] != current[1], (
        "the future was not corrupted, so nothing was tested"
    )


def spoil(path: Path, change: Callable[[dict[str, str]], None]) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        change(row)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def spoil_salesforce(row: dict[str, str]) -> None:
    """From the cut on, what was won is lost and the reverse, for a thousand times the amount, due in another year. All
    of today's rows say so too, as if they had been corrected after the cut."""
    if "SystemModstamp" in row:
        row["SystemModstamp"] = "2025-06-15T00:00:00.000Z"
    elif row["CreatedDate"] < CUT:
        return
    swapped = {"Closed Won": "Closed Lost", "Closed Lost": "Closed Won"}
    row["StageName"] = swapped.get(row["StageName"], "Prospecting")
    row["Amount"] += "000" if row["Amount"] else ""
    row["CloseDate"] = "2024-09-01" if row["StageName"].startswith("Closed") else "2031-01-01"
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
