"""The real Pipedrive export gives the figures published for it; and every duration, transition, loss, owner interval
and rep-month of it is computed apart.

This file reads the CSV files and walks each deal's log event by event. It shares no code with the models: no SQL, no
window functions, no seed.
"""

from __future__ import annotations

import csv
import json
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime, timezone
from itertools import pairwise
from statistics import mean, quantiles
from zoneinfo import ZoneInfo

import pytest

from support import real_data

Visit = tuple[
    str, str, datetime, datetime | None, str, str | None
]  # deal, stage, entry, exit, move, next stage
IMPLIED_REACH = [1995, 1990, 1951, 1862, 1693, 1424, 1081, 723, 324]

FEBRUARY_2024 = {
    "1": 194,
    "2": 74,
    "2.1": 64,
    "3": 27,
    "3.1": 59,
    "4": 17,
    "5": 10,
    "6": 8,
    "7": 1,
    "8": 0,
    "9": 2,
}
# One object each, by which pytest knows that it has built for them already.
UTC: dict[str, str] = {}
BERLIN = {"reporting_timezone": "Europe/Berlin"}


@pytest.fixture(
    scope="module", params=[UTC, pytest.param(BERLIN, marks=pytest.mark.nightly)], ids=["UTC", "Berlin"]
)
def variables(request) -> dict[str, str]:
    return request.param


@pytest.fixture(scope="module")
def month(variables) -> Callable[[datetime], str]:
    """month(an instant of the export, which is in UTC) → the first day of its month in the reporting zone."""
    zone = ZoneInfo(variables.get("reporting_timezone", "UTC"))
    return lambda when: f"{when.replace(tzinfo=timezone.utc).astimezone(zone):%Y-%m-01}"


@pytest.fixture(scope="module")
def query(variables, databases, dbt, load, connect):
    """query(sql) → rows, on a database that holds the real export, loaded, built and tested in another time zone than
    UTC, and loaded once more."""
    folder = real_data.require("pipedrive")
    database = databases.create()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGTZ", "Asia/Kolkata")
        load(folder, database=database)
        dbt("build --exclude-resource-type unit_test", database=database, variables=variables)
        load(folder, database=database)
    connection = connect(database, "transformer")
    with connection.cursor() as cursor:
        cursor.execute("set timezone to 'UTC'")

    def run(statement: str) -> list[tuple]:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()

    yield run
    connection.close()
    databases.drop(database)


def read(name: str) -> list[dict[str, str]]:
    with (real_data.require("pipedrive") / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def logs() -> dict[str, list[tuple[datetime, str, str]]]:
    """Deal → its changes (time, field, value) in order of time. No deal of the export has two at the same time."""
    changes = defaultdict(list)
    for row in read("deal_changes.csv"):
        when = datetime.fromisoformat(row["change_time"])
        changes[row["deal_id"]].append((when, row["changed_field_key"], row["new_value"]))
    return {deal: sorted(rows) for deal, rows in changes.items()}


@pytest.fixture(scope="module")
def visits(logs) -> list[Visit]:
    """Walks each log: a stage change ends the visit before it, and so does a lost reason."""
    found = []
    for deal, changes in logs.items():
        stays = []  # [stage, entry, exit, how]
        is_closed = False
        for when, field, value in changes:
            if field == "stage_id":
                stage = value
                if stays and stays[-1][2] is None and not is_closed:
                    if stays[-1][0] == stage:
                        continue
                    stays[-1][2:] = [when, stage]
                stays.append([stage, when, None, None])
                is_closed = False
            elif field == "lost_reason":
                if stays and stays[-1][2] is None:
                    stays[-1][2:] = [when, "lost"]
                is_closed = True
        # The deal was lost before: nobody waits in a stage that was named afterwards.
        was_lost = any(field == "lost_reason" for _, field, _ in changes)
        for stage, entry, end, how in stays:
            if how is None:
                ended = (entry, "lost") if was_lost else (None, "open")
                found.append((deal, stage, entry, *ended, None))
            elif how == "lost":
                found.append((deal, stage, entry, end, "lost", None))
            else:
                # The nine stages are numbered in the order of the funnel.
                step = int(how) - int(stage)
                move = "backward" if step < 0 else "forward" if step == 1 else "skipped"
                found.append((deal, stage, entry, end, move, how))
    return found


@pytest.fixture(scope="module")
def owners(logs) -> dict[str, list[tuple[datetime, str]]]:
    """Deal → (start, owner), a change to the same owner left out."""
    found = {}
    for deal, changes in logs.items():
        starts: list[tuple[datetime, str]] = []
        for when, field, value in changes:
            if field == "user_id" and (not starts or starts[-1][1] != value):
                starts.append((when, value))
        found[deal] = starts
    return found


def owner_at(owners, deal: str, when: datetime) -> str:
    started = bisect_right([start for start, _ in owners[deal]], when)
    return owners[deal][started - 1][1] if started else "Unknown"


def naive(when: datetime | None) -> datetime | None:
    return when.replace(tzinfo=None) if when else None


# The months of these figures are those of UTC.
in_utc = pytest.mark.parametrize("variables", [UTC], ids=["UTC"], indirect=True)


@in_utc
def test_february_2024_has_the_published_counts(query):
    rows = query(
        "select funnel_step, deals_count from dev_marts.rep_sales_funnel_monthly"
        " where month = '2024-02-01' and funnel_step != 'Lost'"
    )
    assert dict(rows) == FEBRUARY_2024


@in_utc
def test_report_has_128_cells_over_14_months_and_lost_beside_them(query):
    assert query(
        "select count(*), count(distinct month), sum(deals_count) from dev_marts.rep_sales_funnel_monthly"
        " where deals_count > 0 and funnel_step != 'Lost'"
    ) == [(128, 14, 12014 - 1995)]
    assert query(
        "select sum(deals_count) from dev_marts.rep_sales_funnel_monthly where funnel_step = 'Lost'"
    ) == [(1995,)]


@in_utc
def test_second_load_of_the_same_export_appends_nothing(query):
    assert query("select count(*) from raw.deal_changes") == [(15406,)]
    assert query("select count(*) from raw.activity") == [(4579,)]
    appended = "select sum(rows_new + rows_changed + rows_deleted) from raw.load_batches where batch_id > 6"
    assert query(appended) == [(0,)]


def test_every_stage_visit_and_transition(query, visits, owners, month):
    rows = query(
        "select deal_id, stage_id, entered_at, exited_at, moved, next_stage_id, owner_id, days_in_stage"
        " from dev_marts.fct_deal_stage_history"
    )
    expected = Counter((*visit, owner_at(owners, visit[0], visit[2])) for visit in visits)
    assert Counter((*row[:2], naive(row[2]), naive(row[3]), *row[4:7]) for row in rows) == expected
    for _, _, entered, exited, *_, days in rows:
        assert (
            days is None
            if exited is None
            else abs(float(days) - (exited - entered).total_seconds() / 86400) < 1e-6
        )
    transitions = query(
        "select month::text, stage_id, owner_id, moved, next_stage_id, visits_count"
        " from dev_marts.rep_stage_transitions_monthly"
    )
    assert Counter({row[:-1]: row[-1] for row in transitions}) == Counter(
        (month(entered), stage, owner_at(owners, deal, entered), move, following or "None")
        for deal, stage, entered, _, move, following in visits
    )


def test_velocity_of_every_stage_and_month(query, visits, month):
    durations = defaultdict(list)
    for _, stage, entered, exited, *_ in visits:
        if exited:
            durations[month(exited), stage].append((exited - entered).total_seconds() / 86400)
    rows = query(
        "select period::text, stage_id, completed_visits_count, completed_mean_days, completed_p50_days,"
        " completed_p90_days from dev_marts.rep_stage_velocity"
        " where period_type = 'month' and completed_visits_count > 0"
    )
    assert {row[:2]: row[2] for row in rows} == {cell: len(days) for cell, days in durations.items()}
    for month_, stage, _, *measured in rows:
        days = durations[month_, stage]
        deciles = quantiles(days, n=10, method="inclusive") if len(days) > 1 else days * 9
        assert [float(value) for value in measured] == pytest.approx(
            [mean(days), deciles[4], deciles[8]], abs=1e-5
        )


def test_every_owner_interval(query, owners):
    rows = query(
        "select deal_id, owner_id, valid_from, valid_to, is_current from dev_marts.dim_deal_owner_history"
    )
    expected = set()
    for deal, starts in owners.items():
        for (start, owner), (end, _) in pairwise([*starts, (None, "")]):
            expected.add((deal, owner, start, end, end is None))
    assert {
        (deal, owner, naive(start), naive(end), current) for deal, owner, start, end, current in rows
    } == expected
    assert len(rows) == len(expected)


def test_every_loss_by_month_and_reason(query, logs, owners, month):
    (options,) = (
        row["FIELD_VALUE_OPTIONS"] for row in read("fields.csv") if row["FIELD_KEY"] == "lost_reason"
    )
    labels = {option["id"]: option["label"] for option in json.loads(options)}
    losses, deals, cells = Counter(), Counter(), Counter()
    for deal, changes in logs.items():
        stage, is_first = "None", True
        for when, field, value in changes:
            if field == "stage_id":
                stage = value
            elif field == "lost_reason":
                losses[month(when), labels[value]] += 1
                deals[month(when), labels[value]] += is_first
                cells[month(when), labels[value], stage, owner_at(owners, deal, when)] += 1
                is_first = False
    rows = query(
        "select month::text, lost_reason, sum(losses_count), sum(deals_count)"
        " from dev_marts.rep_lost_deals_monthly group by 1, 2"
    )
    assert {row[:2]: int(row[2]) for row in rows} == losses
    assert {row[:2]: int(row[3]) for row in rows if row[3]} == +deals
    rows = query(
        "select month::text, lost_reason, stage_id, owner_id, losses_count from dev_marts.rep_lost_deals_monthly"
    )
    assert {row[:4]: row[4] for row in rows} == cells
    assert (sum(losses.values()), sum(deals.values())) == (2000, 1995)


def test_every_rep_month(query, visits, logs, owners, month):
    worked, counted = defaultdict(set), Counter()
    for row in read("activity.csv"):
        if row["done"] == "True":
            key = (month(datetime.fromisoformat(row["due_to"])), row["assigned_to_user"] or "Unknown")
            worked[key].add(row["deal_id"])
            counted[(*key, "all")] += 1
            counted[(*key, row["type"] if row["type"] in ("meeting", "sc_2") else "other")] += 1
    for deal, _, entered, *_ in visits:
        counted[month(entered), owner_at(owners, deal, entered), "entries"] += 1
    for deal, changes in logs.items():
        for when, field, _ in changes:
            if field == "lost_reason":
                counted[month(when), owner_at(owners, deal, when), "losses"] += 1
    rows = query(
        "select month::text, owner_id, deals_worked, activities_completed, sales_call_1_completed,"
        " sales_call_2_completed, other_activities, stage_entries, losses"
        " from dev_marts.rep_sales_rep_performance_monthly"
    )
    kinds = ("all", "meeting", "sc_2", "other", "entries", "losses")
    seen = Counter()
    for month_, user, deals_worked, *counts in rows:
        assert deals_worked == len(worked[month_, user])
        for kind, count in zip(kinds, counts, strict=True):
            seen[month_, user, kind] = count
    assert +seen == counted
    assert sum(row[3] for row in rows) == 2290
    assert sum(row[3] > 0 for row in rows) == 2117
    # The export tells no wins: they are unknown, not zero.
    assert query("select distinct wins from dev_marts.rep_sales_rep_performance_monthly") == [(None,)]


def test_implied_and_direct_reach_of_every_cohort(query, visits, month):
    entries = defaultdict(lambda: defaultdict(list))
    for deal, stage, entered, *_ in visits:
        entries[deal][int(stage)].append(entered)
    implied, direct, within_60 = Counter(), Counter(), Counter()
    for stages in entries.values():
        start = min(min(times) for times in stages.values())
        for step in range(1, max(stages) + 1):
            first = min(when for stage, times in stages.items() if stage >= step for when in times)
            implied[month(start), str(step)] += 1
            direct[month(start), str(step)] += step in stages
            within_60[month(start), str(step)] += (first - start).total_seconds() <= 60 * 86400
    rows = query(
        "select ever.cohort_month::text, funnel_step, ever.reached_count, ever.reached_direct_count,"
        " within_60.reached_count, ever.cohort_age_days from dev_marts.rep_funnel_conversion_cohort as ever"
        " inner join dev_marts.rep_funnel_conversion_cohort as within_60"
        " using (crm_source, pipeline_id, cohort_month, funnel_step)"
        " where ever.horizon_days = 0 and within_60.horizon_days = 60"
    )
    assert {row[:2]: row[2] for row in rows if row[2]} == implied
    assert {row[:2]: row[3] for row in rows if row[3]} == +direct
    # The last event is of 2025-03-11: the cohort of January is then 39 days old.
    mature = {cell: count for cell, count in within_60.items() if count and cell[0] < "2025-01-01"}
    assert {row[:2]: row[4] for row in rows if row[4]} == mature
    assert all((row[4] is None) == (row[5] < 60) for row in rows)
    assert [sum(row[2] for row in rows if row[1] == str(step)) for step in range(1, 10)] == IMPLIED_REACH


def test_calls_say_how_few_have_a_deal_in_the_log(query, logs):
    calls = [
        row for row in read("activity.csv") if row["done"] == "True" and row["type"] in ("meeting", "sc_2")
    ]
    outside = [row for row in calls if row["deal_id"] not in logs]
    assert query(
        "select sum(calls_count)::int, sum(calls_without_deal_count)::int from dev_marts.rep_calls_before_stage"
    ) == [(len(calls), len(outside))]
