"""Past days of the pipeline, recomputed from raw by queries of their own."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

# Nothing of the models: the last history row at or before the end of the day, and stages by their flags. What is closed
# without such a row is so from the end of its closing date on, but not before what the log says last.
OPEN_ON = """
    with last_row as (
        select distinct on (history.opportunityid)
            history.opportunityid,
            stage.isclosed,
            greatest(
                history.createddate,
                (
                    select max(owners.createddate) from raw.salesforce_opportunity_field_history as owners
                    where owners.opportunityid = history.opportunityid
                )
            ) as logged_at
        from raw.salesforce_opportunity_history as history
        join raw.salesforce_opportunity_stage as stage on stage.apiname = history.stagename
        order by history.opportunityid, history.createddate desc, history._row_number desc
    )
    select opportunityid, amount from (
        select distinct on (history.opportunityid)
            stage.isclosed,
            history.opportunityid,
            history.amount,
            opportunity.isclosed and not last_row.isclosed and opportunity.closedate <= %(day)s
            and last_row.logged_at < %(day_ends_at)s as is_closed_unlogged
        from raw.salesforce_opportunity_history as history
        join raw.salesforce_opportunity as opportunity on opportunity.id = history.opportunityid
        join raw.salesforce_opportunity_stage as stage on stage.apiname = history.stagename
        join last_row on last_row.opportunityid = history.opportunityid
        where history.createddate < %(day_ends_at)s and not opportunity.isdeleted
        order by history.opportunityid, history.createddate desc, history._row_number desc
    ) as states where not isclosed and not is_closed_unlogged
"""
WINS = """
    select count(*) filter (where iswon), count(*) filter (where not iswon)
    from raw.salesforce_opportunity
    where isclosed and not isdeleted
        and closedate >= %(quarter)s and closedate < %(quarter)s::date + interval '3 months'
"""


@pytest.mark.parametrize("day", ["2022-07-31", "2023-02-28", "2023-12-31", "2024-05-31", "2025-06-30"])
def test_snapshots_of_past_days_equal_a_query_over_raw(sample_database, query, salesforce_sample, day):
    snapshot = query(
        sample_database,
        "select sum(open_count), sum(open_amount) from dev_marts.rep_pipeline_monthly"
        " where crm_source = 'salesforce' and snapshot_date = %(day)s",
        day=day,
    )
    day_ends_at = salesforce_sample.start(date.fromisoformat(day) + timedelta(days=1))
    opened = query(sample_database, OPEN_ON, day=day, day_ends_at=day_ends_at)
    amount = sum(
        salesforce_sample.convert(salesforce_sample.opportunities[opportunity], str(amount)) or 0
        for opportunity, amount in opened
        if amount is not None
    )
    assert snapshot[0][0] == len(opened) > 0
    assert float(snapshot[0][1]) == pytest.approx(amount, abs=0.01)


def test_a_quarters_wins_and_losses_equal_a_count_over_raw(sample_database, query, salesforce_sample):
    quarter = salesforce_sample.quarter_of(date(2024, 5, 1))
    reported = query(
        sample_database,
        "select won_count, lost_count from dev_marts.rep_win_rate_trend where crm_source = 'salesforce'"
        " and dimension = 'all' and quarter = %(quarter)s",
        quarter=quarter,
    )
    assert reported == query(sample_database, WINS, quarter=quarter)
    assert reported[0][0] > 0 < reported[0][1]
