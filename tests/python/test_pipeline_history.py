"""Past days of the pipeline, recomputed from raw by queries of their own; forecasts must not see the future."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import ROOT, Databases, Dbt

FORECASTS = """
    select crm_source, origin, target_month, method, forecast, forecast_low, forecast_high, past_interval_coverage
    from dev_marts.rep_revenue_forecast where crm_source = 'salesforce' and origin <= '2024-10-01' order by 1, 2, 3, 4
"""
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


@pytest.fixture(scope="module")
def built(databases: Databases, dbt: Dbt, connect: Callable, load: Callable) -> Iterator[tuple[str, object]]:
    """A database with the sample's Salesforce exports and the pipeline marts, and a superuser's connection to it."""
    database = databases.create()
    load(ROOT / "raw_data" / "salesforce", database=database)
    dbt("seed", database=database)
    dbt("run --select +rep_revenue_forecast +rep_pipeline_monthly +rep_win_rate_trend", database=database)
    connection = connect(database)
    connection.autocommit = True
    yield database, connection
    databases.drop(database)


def query(connection, text: str, **values) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(text, values or None)
        return cursor.fetchall()


@pytest.mark.parametrize("day", ["2022-07-31", "2023-02-28", "2023-12-31", "2024-05-31", "2025-06-30"])
def test_snapshots_of_past_days_equal_a_query_over_raw(built, day):
    _, connection = built
    snapshot = query(
        connection,
        "select sum(open_count), sum(open_amount) from dev_marts.rep_pipeline_monthly where snapshot_date = %(day)s",
        day=day,
    )
    [(count, amount)] = query(connection, OPEN_ON, day=day)
    assert snapshot[0][0] == count > 0
    assert abs(snapshot[0][1] - amount) <= count / 100  # each amount is rounded to cents


def test_a_quarters_wins_and_losses_equal_a_count_over_raw(built):
    _, connection = built
    counted = query(connection, WINS)
    reported = query(
        connection,
        "select won_count, lost_count from dev_marts.rep_win_rate_trend where crm_source = 'salesforce'"
        " and dimension = 'all' and quarter = '2024-04-01'",
    )
    assert reported == [(sum(row[1] for row in counted), sum(row[2] for row in counted))]


def test_forecasts_do_not_see_what_happens_on_or_after_their_origin(built, dbt, load, tmp_path: Path):
    database, connection = built
    before = query(connection, FORECASTS)
    folder = tmp_path / "salesforce"
    shutil.copytree(ROOT / "raw_data" / "salesforce", folder)
    spoil(folder / "OpportunityHistory.csv", amount=3, time=7)
    spoil(folder / "Opportunity.csv", amount=5, time=18, modified="2025-06-15T00:00:00.000Z")
    load(folder, database=database)
    dbt("run --select +rep_revenue_forecast", database=database)
    after = query(connection, FORECASTS)
    assert before == after and len(before) > 500
    known = query(
        connection, "select sum(revenue) from dev_marts.fct_revenue_as_known where origin = '2025-07-01'"
    )
    assert known[0][0] > 1_000_000_000, "the future was not corrupted, so nothing was tested"


def spoil(path: Path, amount: int, time: int, modified: str | None = None) -> None:
    """Make every amount of a row from 2024-10 on a thousand times larger; with `modified`, of every row, as if the
    opportunity had been corrected then: what was won long ago is another amount from then on."""
    lines = path.read_text("utf-8").splitlines()
    spoilt = [lines[0]]
    for line in lines[1:]:
        fields = line.split(",")
        fields[time] = modified or fields[time]
        if fields[time] >= "2024-10-01" and fields[amount]:
            fields[amount] += "000"
        spoilt.append(",".join(fields))
    path.write_text("\n".join(spoilt) + "\n", "utf-8")
