"""Past days of the pipeline, recomputed from raw by queries of their own."""

from __future__ import annotations

import pytest

# Nothing of the models: the last history row at or before the end of the day, and stages by their flags.
OPEN_ON = """
    select count(*), round(sum(amount), 2) from (
        select distinct on (history.opportunityid)
            stage.isclosed,
            history.amount * case opportunity.currencyisocode
                when 'USD' then 1
                when 'EUR' then case extract(year from opportunity.createddate)
                    when 2022 then 1.10 when 2023 then 1.08 when 2024 then 1.09 else 1.11 end
                else case extract(year from opportunity.createddate)
                    when 2022 then 1.25 when 2023 then 1.24 when 2024 then 1.27 else 1.30 end
            end as amount
        from raw.salesforce_opportunity_history as history
        join raw.salesforce_opportunity as opportunity on opportunity.id = history.opportunityid
        join raw.salesforce_opportunity_stage as stage on stage.apiname = history.stagename
        where history.createddate < %(day)s::date + 1 and not opportunity.isdeleted
        order by history.opportunityid, history.createddate desc, history._row_number desc
    ) as states where not isclosed
"""
WINS = """
    select currencyisocode, count(*) filter (where iswon), count(*) filter (where not iswon)
    from raw.salesforce_opportunity where isclosed and not isdeleted and closedate between '2024-04-01' and '2024-06-30'
    group by 1
"""


@pytest.mark.parametrize("day", ["2022-07-31", "2023-02-28", "2023-12-31", "2024-05-31", "2025-06-30"])
def test_snapshots_of_past_days_equal_a_query_over_raw(sample_database, query, day):
    snapshot = query(
        sample_database,
        "select sum(open_count), sum(open_amount) from dev_marts.rep_pipeline_monthly"
        " where crm_source = 'salesforce' and snapshot_date = %(day)s",
        day=day,
    )
    [(count, amount)] = query(sample_database, OPEN_ON, day=day)
    assert snapshot[0][0] == count > 0
    assert abs(snapshot[0][1] - amount) <= count / 100  # each amount is rounded to cents


def test_a_quarters_wins_and_losses_equal_a_count_over_raw(sample_database, query):
    counted = query(sample_database, WINS)
    reported = query(
        sample_database,
        "select won_count, lost_count from dev_marts.rep_win_rate_trend where crm_source = 'salesforce'"
        " and dimension = 'all' and quarter = '2024-04-01'",
    )
    assert reported == [(sum(row[1] for row in counted), sum(row[2] for row in counted))]
