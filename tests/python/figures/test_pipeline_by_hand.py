"""Pipeline reports over the sample's Salesforce exports, each computed a second time in plain Python from the files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest

from conftest import ROOT
from support.salesforce_by_hand import Opportunity, Sample, add_months, parse, read

REGIONS = {row["country"]: row["region"] for row in read(ROOT / "seeds" / "country_regions.csv")}


def sum_known(amounts: list[float | None]) -> float | None:
    """0 over nothing; None where there are amounts and none is known."""
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if known or not amounts else None


def about(number: float | None, tolerance: float = 0.01) -> object:
    return None if number is None else pytest.approx(number, abs=tolerance)


def list_quarters(sample: Sample) -> list[date]:
    first = min(opportunity.created for opportunity in sample.opportunities.values())
    quarter = sample.quarter_of(sample.day_of(first))
    quarters = []
    while quarter <= sample.as_of:
        quarters.append(quarter)
        quarter = add_months(quarter, 3)
    return quarters


def find_state(
    sample: Sample, opportunity: Opportunity, at: datetime
) -> tuple[str, float | None, date] | None:
    """(status, amount in dollars, close date) at an instant; None before the first change."""
    status = sample.find_status(opportunity, at)
    if status is None:
        return None
    row = opportunity.known(at)[-1]
    return status, sample.convert(opportunity, row["Amount"]), date.fromisoformat(row["CloseDate"])


def test_slippage_by_quarter(sample_database, query, salesforce_sample):
    outcomes = ("won", "lost", "slipped", "pulled", "overdue")
    cohorts: dict[tuple, dict[str, list[float | None]]] = defaultdict(lambda: defaultdict(list))
    for quarter in list_quarters(salesforce_sample):
        end = add_months(quarter, 3)
        for opportunity in salesforce_sample.opportunities.values():
            state = find_state(salesforce_sample, opportunity, salesforce_sample.start(quarter))
            if state is None or state[0] != "open" or not quarter <= state[2] < end:
                continue
            status, _, due = find_state(
                salesforce_sample,
                opportunity,
                salesforce_sample.start(min(end, salesforce_sample.as_of + timedelta(days=1))),
            )
            outcome = (
                status
                if status != "open"
                else "slipped"
                if due >= end
                else "pulled"
                if due < quarter
                else "overdue"
            )
            features = salesforce_sample.accounts.get(opportunity.account, {})
            key = (
                quarter,
                opportunity.find_owner(salesforce_sample.start(quarter)),
                features.get("size_band", "Unknown"),
                REGIONS.get(features.get("country", ""), "Unknown"),
            )
            cohorts[key][outcome].append(state[1])
    expected = {
        key: [
            number
            for outcome in outcomes
            for number in (len(found[outcome]), about(sum_known(found[outcome])))
        ]
        for key, found in cohorts.items()
    }
    columns = ", ".join(f"{outcome}_count, {outcome}_amount::float" for outcome in outcomes)
    reported = query(
        sample_database,
        f"select quarter, owner_id, segment, region, {columns} from dev_marts.rep_slippage_quarterly"
        " where crm_source = 'salesforce'",
    )
    assert len(expected) > 100
    assert {tuple(row[:4]): list(row[4:]) for row in reported} == expected


def list_moves(
    sample: Sample, opportunity: Opportunity
) -> Iterator[tuple[date, str, str, float, int, date | None]]:
    """(day, scope, bucket, amount, opportunities, closing date) of everything an opportunity does to the pipeline."""
    states = {parse(row["CreatedDate"]): row for row in opportunity.history}  # the last row of an instant
    moments = sorted(states)
    steps = [(None, moments[0]), *pairwise(moments)]
    for before, after in steps:
        status, amount, due = find_state(sample, opportunity, after + timedelta(microseconds=1))
        old_status, old_amount, old_due = (
            find_state(sample, opportunity, before + timedelta(microseconds=1)) if before else (None, 0, None)
        )
        amount, old_amount = amount or 0, old_amount or 0
        day = sample.day_of(after)
        scope_end = add_months(sample.quarter_of(day), 3)
        for scope in ("due", "all"):
            was_in = old_status == "open" and (scope == "all" or old_due < scope_end)
            is_in = status == "open" and (scope == "all" or due < scope_end)
            if is_in and not was_in:
                bucket = "new" if old_status is None else "pulled_in" if old_status == "open" else "reopened"
                yield day, scope, bucket, amount, 1, None
            if was_in and (is_in or status != "open") and amount != old_amount:
                bucket = "increased" if amount > old_amount else "decreased"
                yield day, scope, bucket, abs(amount - old_amount), 0, None
            if was_in and not is_in and status == "open":
                yield day, scope, "pushed_out", old_amount, 1, None
            elif was_in and not is_in:
                closed = sample.find_closed_date(opportunity, after + timedelta(microseconds=1))
                yield day, scope, status, amount, 1, closed


def test_waterfall(sample_database, query, salesforce_sample):
    buckets = (
        "start",
        "new",
        "reopened",
        "pulled_in",
        "increased",
        "decreased",
        "pushed_out",
        "won",
        "lost",
        "end",
    )
    expected: dict[tuple, dict[str, list[float]]] = {}
    for quarter in list_quarters(salesforce_sample):
        months_of_quarter = [add_months(quarter, number) for number in range(3)]
        for period_type, periods, months in (
            ("quarter", [quarter], 3),
            ("month", [month for month in months_of_quarter if month <= salesforce_sample.as_of], 1),
        ):
            for period in periods:
                for scope in ("due", "all"):
                    sums = expected[scope, period_type, period] = {
                        bucket: [0.0, 0] for bucket in (*buckets, "dated elsewhere")
                    }
                    for moment, day in (("start", period), ("end", add_months(period, months))):
                        for opportunity in salesforce_sample.opportunities.values():
                            state = find_state(salesforce_sample, opportunity, salesforce_sample.start(day))
                            if (
                                state
                                and state[0] == "open"
                                and (scope == "all" or state[2] < add_months(quarter, 3))
                            ):
                                sums[moment][0] += state[1] or 0
                                sums[moment][1] += 1
    for opportunity in salesforce_sample.opportunities.values():
        for day, scope, bucket, amount, count, closed in list_moves(salesforce_sample, opportunity):
            for period_type, find_period in (
                ("quarter", salesforce_sample.quarter_of),
                ("month", lambda any_day: any_day.replace(day=1)),
            ):
                sums = expected[scope, period_type, find_period(day)]
                sums[bucket][0] += amount
                sums[bucket][1] += count
                if closed and find_period(closed) != find_period(day):
                    sums["dated elsewhere"][1] += 1
    reported = query(
        sample_database,
        "select scope, period_type, period, "
        + ", ".join(f"{bucket}_amount::float" for bucket in buckets)
        + ", "
        + ", ".join("0" if bucket in ("increased", "decreased") else f"{bucket}_count" for bucket in buckets)
        + ", dated_elsewhere_count from dev_marts.rep_pipeline_waterfall where crm_source = 'salesforce'",
    )
    assert len(reported) == len(expected) > 50
    for scope, period_type, period, *figures in reported:
        sums = expected[scope, period_type, period]
        assert figures[:10] == pytest.approx([sums[bucket][0] for bucket in buckets], abs=0.01), (
            scope,
            period,
        )
        assert figures[10:] == [sums[bucket][1] for bucket in (*buckets, "dated elsewhere")], (scope, period)


def test_coverage(sample_database, query, salesforce_sample):
    quotas: dict[tuple[str, date], float] = defaultdict(float)
    for row in read(ROOT / "raw_data" / "settings" / "sales_quotas.csv"):
        if row["crm_source"] == "salesforce":
            quarter = date.fromisoformat(row["quarter"])
            rate = salesforce_sample.find_rate(row["currency"], quarter)
            quotas[row["owner_id"], quarter] += float(row["quota"]) * rate
    won: dict[tuple[str, date], list[tuple[date, float | None]]] = defaultdict(list)
    for opportunity in salesforce_sample.opportunities.values():
        if opportunity.now["IsWon"] == "True":
            closed = salesforce_sample.find_closed_date(opportunity)
            amount = salesforce_sample.convert(opportunity, opportunity.now["Amount"])
            won[opportunity.now["OwnerId"], salesforce_sample.quarter_of(closed)].append((closed, amount))
    reported = query(
        sample_database,
        "select snapshot_date, owner_id, quarter, open_amount::float, won_amount::float, quota::float,"
        " coverage_ratio::float"
        " from dev_marts.rep_pipeline_coverage where crm_source = 'salesforce' and snapshot_date >= '2024-06-01'",
    )
    covered = 0
    for snapshot in sorted({row[0] for row in reported}):
        amounts: dict[tuple[str, date], list[float | None]] = defaultdict(list)
        at = salesforce_sample.start(snapshot + timedelta(days=1))
        for opportunity in salesforce_sample.opportunities.values():
            state = find_state(salesforce_sample, opportunity, at)
            if state and state[0] == "open":
                key = opportunity.find_owner(at), salesforce_sample.quarter_of(state[2])
                amounts[key].append(state[1])
        for _, owner, quarter, *figures in (row for row in reported if row[0] == snapshot):
            so_far = sum_known([amount for closed, amount in won[owner, quarter] if closed <= snapshot])
            open_amount = sum_known(amounts[owner, quarter])
            quota = quotas.get((owner, quarter))
            left = max(quota - so_far, 0) if quota and so_far is not None else None
            ratio = open_amount / left if left and open_amount is not None else None
            assert figures == [about(open_amount), about(so_far), about(quota), about(ratio, 1e-5)], (
                snapshot,
                owner,
                quarter,
            )
            covered += ratio is not None
    # The sample's quotas are of calendar quarters.
    assert covered > 200 if salesforce_sample.fiscal_year_start_month % 3 == 1 else covered == 0


@pytest.mark.parametrize("dimension", ["all", "owner", "segment"])
def test_win_rate_and_velocity(sample_database, query, salesforce_sample, dimension):
    def member(opportunity: Opportunity) -> str:
        if dimension == "segment":
            return salesforce_sample.accounts.get(opportunity.account, {}).get("size_band", "Unknown")
        return "All" if dimension == "all" else opportunity.now["OwnerId"]

    closed: dict[tuple[str, date], list[Opportunity]] = defaultdict(list)
    for opportunity in salesforce_sample.opportunities.values():
        if opportunity.now["IsClosed"] == "True":
            closed[
                member(opportunity),
                salesforce_sample.quarter_of(salesforce_sample.find_closed_date(opportunity)),
            ].append(opportunity)
    reported = query(
        sample_database,
        "select trend.quarter, member_id, won_count, lost_count, trailing_win_rate::float, open_at_start_count,"
        " velocity_per_day::float"
        " from dev_marts.rep_win_rate_trend as trend"
        " join dev_marts.rep_sales_velocity using (crm_source, dimension, member_id, member_name, quarter)"
        " where crm_source = 'salesforce' and dimension = %(dimension)s",
        dimension=dimension,
    )
    opened: dict[tuple[str, date], int] = defaultdict(int)
    for quarter in {row[0] for row in reported}:
        start = salesforce_sample.start(quarter)
        for opportunity in salesforce_sample.opportunities.values():
            if salesforce_sample.find_status(opportunity, start) == "open":
                opened[
                    opportunity.find_owner(start) if dimension == "owner" else member(opportunity), quarter
                ] += 1
    measured = 0
    for quarter, name, won_count, lost_count, win_rate, open_count, velocity in reported:
        of_quarter = closed[name, quarter]
        assert won_count == sum(opportunity.now["IsWon"] == "True" for opportunity in of_quarter)
        assert won_count + lost_count == len(of_quarter)
        assert open_count == opened[name, quarter]
        year = [item for back in range(4) for item in closed[name, add_months(quarter, -3 * back)]]
        won = [opportunity for opportunity in year if opportunity.now["IsWon"] == "True"]
        if not year:
            assert win_rate is None and velocity is None
            continue
        assert win_rate == pytest.approx(len(won) / len(year), abs=1e-6)
        days = sum(
            (salesforce_sample.find_closed_date(item) - salesforce_sample.day_of(item.created)).days
            for item in won
        )
        if not days:
            assert velocity is None
            continue
        value = sum_known([salesforce_sample.convert(item, item.now["Amount"]) for item in won])
        if value is None:
            assert velocity is None
            continue
        assert velocity == pytest.approx(open_count * len(won) / len(year) * value / days, rel=1e-4, abs=0.01)
        measured += 1
    assert measured >= 10
    assert len({(row[0], row[1]) for row in reported}) == len(reported)
