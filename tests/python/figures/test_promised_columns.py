"""Columns that people of similar projects look for, computed a second time in plain Python from the sample: names,
steps and numbers on facts; levels, labels and insights on reports."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from datetime import date, timedelta
from statistics import mean, median

import pytest
from test_pipeline_by_hand import find_state

from conftest import ROOT
from support.hubspot_by_hand import Sample as HubSpot
from support.salesforce_by_hand import Sample as Salesforce
from support.salesforce_by_hand import add_months, find_band, read

PIPEDRIVE, HUBSPOT = ROOT / "raw_data" / "pipedrive", ROOT / "raw_data" / "hubspot"
UNKNOWN = ("Unknown", "Unknown")
BOTTLENECKS = (("high", 30), ("medium", 15), ("low", 7))  # the var bottleneck_days
STEPS = {
    (row["pipeline_id"], row["event_type"], row["source_value"]): (row["funnel_step"], row["kpi_name"])
    for row in read(ROOT / "seeds" / "funnel_steps.csv")
}


def mask(text: str) -> str:
    """The first letter of each word; nothing of a word of one letter."""
    return " ".join(f"{word[0]}***" if len(word) > 1 else "***" for word in text.split())


def test_owners_carry_a_masked_address_and_whether_they_are_there(sample_database, query):
    expected = [
        ("pipedrive", row["id"], mask(row["email"].split("@")[0]) or None, row["active_flag"] == "True")
        for row in read(PIPEDRIVE / "users.csv")
    ]
    expected += [
        ("hubspot", row["owner_id"], mask(row["email"].split("@")[0]) or None, row["archived"] == "False")
        for row in read(HUBSPOT / "hubspot_owners.csv")
    ]
    expected += [
        ("salesforce", row["Id"], mask(row["Email"].split("@")[0]), row["IsActive"] == "True")
        for row in read(ROOT / "raw_data" / "salesforce" / "User.csv")
    ]
    reported = query(
        sample_database,
        "select crm_source, owner_id, email_masked, is_active from dev_marts.dim_owners where owner_id <> 'Unknown'",
    )
    assert Counter(reported) == Counter(expected)
    assert sum(email is not None for _, _, email, _ in expected) > 50
    assert sum(is_active is False for *_, is_active in expected) >= 2


def test_activities_carry_the_name_of_their_type_and_their_step(sample_database, query):
    names = {row["type"]: row["name"] for row in read(PIPEDRIVE / "activity_types.csv")}
    pipelines: dict[str, tuple[str, str]] = {}
    for row in read(PIPEDRIVE / "deal_changes.csv"):
        if row["changed_field_key"] == "pipeline_id":
            pipelines[row["deal_id"]] = max(
                pipelines.get(row["deal_id"], ("", "")), (row["change_time"], row["new_value"])
            )
    expected = {}
    for row in read(PIPEDRIVE / "activity.csv"):
        _, pipeline = pipelines.get(row["deal_id"], ("", "1"))
        step = STEPS.get((pipeline, "activity", row["type"]), UNKNOWN)
        expected[row["deal_id"], row["activity_id"]] = (names[row["type"]], *step)
    reported = query(
        sample_database,
        "select deal_id, activity_id, activity_type_name, funnel_step, kpi_name"
        " from dev_marts.fct_activities where crm_source = 'pipedrive'",
    )
    assert {tuple(row[:2]): tuple(row[2:]) for row in reported} == expected
    assert len({found for found in expected.values() if found[1] != "Unknown"}) == 2
    assert sum(pipeline == "2" for _, pipeline in pipelines.values()) > 50


def test_visits_carry_names_step_and_the_number_of_the_entry(sample_database, query):
    hubspot, salesforce = HubSpot(HUBSPOT), Salesforce(ROOT / "raw_data" / "salesforce")
    listed = [
        row for row in read(HUBSPOT / "hubspot_pipeline_stages.csv") if row["is_closed"] == "False"
    ]  # in each pipeline's order
    steps = {}
    for pipeline in {row["pipeline_id"] for row in listed}:
        stages = [row for row in listed if row["pipeline_id"] == pipeline]
        stages.sort(key=lambda row: int(row["display_order"]))
        for place, row in enumerate(stages, start=1):
            steps["hubspot", row["stage_id"]] = (row["stage_label"], str(place), row["stage_label"])
    for place, stage in enumerate(salesforce.open_stages, start=1):
        steps["salesforce", stage] = (stage, str(place), stage)
    visits = [
        ("hubspot", deal.id, v.stage, v.entered)
        for deal in hubspot.deals.values()
        for v in hubspot.list_visits(deal)
    ]
    visits += [
        ("salesforce", found.id, stage, entered)
        for found in salesforce.opportunities.values()
        for stage, entered, _ in salesforce.list_visits(found)
    ]
    expected, entries = Counter(), defaultdict(int)
    for crm, deal, stage, entered in visits:
        entries[crm, deal, stage] += 1
        expected[(crm, deal, entered, *steps[crm, stage], entries[crm, deal, stage])] += 1
    reported = query(
        sample_database,
        "select crm_source, deal_id, entered_at, stage_name, funnel_step, kpi_name, entry_number"
        " from dev_marts.fct_deal_stage_history where crm_source <> 'pipedrive'",
    )
    assert Counter(reported) == expected
    assert max(entries.values()) >= 2


def test_visits_of_listed_stages_bear_the_names_of_the_steps_file(sample_database, query):
    names = {
        row["stage_id"]: (row["stage_name"], row["pipeline_id"]) for row in read(PIPEDRIVE / "stages.csv")
    }
    reported = query(
        sample_database,
        "select distinct stage_id, stage_name, funnel_step, kpi_name"
        " from dev_marts.fct_deal_stage_history where crm_source = 'pipedrive'",
    )
    assert {row[0]: row[1:] for row in reported} == {
        stage: (name, *STEPS[pipeline, "stage", stage]) for stage, (name, pipeline) in names.items()
    }
    assert ("Qualified lead", "2", "Qualified Lead") in {row[1:] for row in reported}


def test_velocity_by_owner(sample_database, query, salesforce_sample):
    days = defaultdict(list)
    for found in salesforce_sample.opportunities.values():
        for stage, entered, exited in salesforce_sample.list_visits(found):
            if exited:
                owner = found.find_owner(entered + timedelta(microseconds=1))
                quarter = salesforce_sample.quarter_of(salesforce_sample.day_of(exited))
                days[stage, owner, quarter].append((exited - entered) / timedelta(days=1))
    reported = query(
        sample_database,
        "select stage_id, member, period, completed_visits_count, completed_mean_days::float,"
        " completed_p50_days::float, bottleneck_level from dev_marts.rep_stage_velocity"
        " where crm_source = 'salesforce' and dimension = 'owner' and completed_visits_count > 0",
    )
    assert {tuple(row[:3]): row[3:] for row in reported} == {
        key: (
            len(found),
            pytest.approx(mean(found), abs=1e-5),
            pytest.approx(median(found), abs=1e-5),
            judge_bottleneck(found),
        )
        for key, found in days.items()
    }
    assert len(days) > 300
    assert {row[6] for row in reported} > {"too few visits", "low"}


def judge_bottleneck(days: list[float]) -> str:
    if len(days) < 10:
        return "too few visits"
    return next((level for level, over in BOTTLENECKS if median(days) > over), "none")


def test_amounts_that_wait_in_a_stage_longer_than_usual(sample_database, query, salesforce_sample):
    of = salesforce_sample
    ended, visits = defaultdict(list), []
    for found in of.opportunities.values():
        for stage, entered, exited in of.list_visits(found):
            visits.append((stage, entered, exited, of.convert(found, found.now["Amount"])))
            if exited:
                quarter = of.quarter_of(of.day_of(exited))
                ended[stage, quarter].append((exited - entered) / timedelta(days=1))
    reported = query(
        sample_database,
        "select stage_id, period, trailing_p50_days::float, waiting_visits_count, monthly_value_impact::float,"
        " missing_amount_count from dev_marts.rep_stage_velocity"
        " where crm_source = 'salesforce' and period_type = 'month'",
    )
    waited = 0
    for stage, month, usual, *figures in reported:
        quarter = of.quarter_of(month)
        before = [day for back in range(1, 5) for day in ended[stage, add_months(quarter, -3 * back)]]
        if len(before) < 10:
            assert (usual, *figures) == (None, None, None, None), (stage, month)
            continue
        assert usual == pytest.approx(median(before), abs=1e-5), (stage, month)
        cut = of.start(min(add_months(month, 1), of.as_of + timedelta(days=1)))
        amounts = [
            amount
            for there, entered, exited, amount in visits
            if there == stage
            and entered < cut
            and (exited is None or exited >= cut)
            and (cut - entered) / timedelta(days=1) > median(before)
        ]
        known = [amount for amount in amounts if amount is not None]
        total = pytest.approx(sum(known), abs=0.01) if known or not amounts else None
        assert figures == [len(amounts), total, len(amounts) - len(known)], (stage, month)
        waited += len(amounts)
    assert waited > 300
    assert len(reported) > 150


BANDS = defaultdict(list)
for band_row in read(ROOT / "seeds" / "pipeline_health_bands.csv"):
    BANDS[band_row["part"]].append(band_row)


def judge(values: dict[str, float | None], prefix: str) -> tuple[str | None, str | None]:
    """(level, measure) of the gravest measure that is known, the first of several as grave."""
    levels = [
        (find_band(BANDS[prefix + measure], value, "min_value", "max_value"), measure)
        for measure, value in values.items()
        if value is not None
    ]
    if not levels:
        return None, None
    level, measure = max(levels, key=lambda found: int(found[0]["points"]))  # the first of equals
    return level["band"], measure


def label(sample: Salesforce, quarter: date) -> str:
    places = (quarter.month - sample.fiscal_year_start_month) % 12 // 3
    return f"{add_months(quarter, 11 - 3 * places).year} Q{places + 1}"


def test_risk_and_labels_of_quarters(sample_database, query, salesforce_sample):
    of = salesforce_sample
    quotas, closed = defaultdict(float), defaultdict(list)
    for row in read(ROOT / "raw_data" / "settings" / "sales_quotas.csv"):
        quarter = date.fromisoformat(row["quarter"])
        if row["crm_source"] == "salesforce":
            quotas[quarter] += float(row["quota"]) * of.find_rate(row["currency"], quarter)
    for found in of.opportunities.values():
        if found.now["IsClosed"] == "True":
            closed[of.quarter_of(of.find_closed_date(found))].append(found.now["IsWon"] == "True")
    reported = query(
        sample_database,
        "select quarter, quarter_label, overdue_share::float, coverage_ratio::float, win_rate_change_pp::float,"
        " risk_level, key_insight from dev_marts.rep_pipeline_health where crm_source = 'salesforce'",
    )
    for quarter, name, *figures, risk, insight in reported:
        end = min(add_months(quarter, 3), of.as_of + timedelta(days=1))
        states = [find_state(of, found, of.start(end)) for found in of.opportunities.values()]
        due = [state[2] for state in states if state and state[0] == "open"]
        before = [find_state(of, found, of.start(quarter)) for found in of.opportunities.values()]
        amounts = [
            state[1]
            for state in before
            if state and state[0] == "open" and quarter <= state[2] < add_months(quarter, 3)
        ]
        last, this = closed[add_months(quarter, -3)], closed[quarter]
        values = {
            "overdue_share": sum(day < end - timedelta(days=1) for day in due) / len(due),
            "coverage_ratio": sum(filter(None, amounts)) / quotas[quarter] if quotas.get(quarter) else None,
            "win_rate_change_pp": 100 * (mean(this) - mean(last)) if this and last else None,
        }
        assert name == label(of, quarter)
        assert figures == [
            None if value is None else pytest.approx(value, abs=1e-4) for value in values.values()
        ]
        level, measure = judge(values, "risk_")
        assert (risk, insight.split(" is ")[0]) == (level, measure), (quarter, values)
        value, bounds = insight.split(" is ")[1].split(", ", 1)
        assert float(value) == pytest.approx(values[measure], abs=1e-4)
        edges = [float(edge) for edge in re.findall(r"-?\d+\.?\d*", bounds)]
        band = find_band(BANDS["risk_" + measure], values[measure], "min_value", "max_value")
        assert edges == [float(band[edge]) for edge in ("min_value", "max_value") if band[edge]]
    assert len(reported) >= 12
    assert {row[5] for row in reported} >= {"low", "medium", "high"}


def test_what_forecasts_rest_on(sample_database, query, salesforce_sample):
    of = salesforce_sample
    reported = query(
        sample_database,
        "select origin, target_month, month_label, overdue_share::float, largest_deal_share::float, forecast_risk"
        " from dev_marts.rep_revenue_forecast where crm_source = 'salesforce' and method = 'pipeline_weighted'",
    )
    for origin in {row[0] for row in reported}:
        weights = defaultdict(list)
        for found in of.opportunities.values():
            if of.find_status(found, of.start(origin)) == "open":
                row = found.known(of.start(origin))[-1]
                due, amount = date.fromisoformat(row["CloseDate"]), of.convert(found, row["Amount"])
                if amount is not None:
                    chance = float(row["Probability"] or of.stages[row["StageName"]]["DefaultProbability"])
                    late = due < origin - timedelta(days=1)
                    weights[max(due.replace(day=1), origin)].append((amount * chance / 100, late))
        for _, month, name, *shares, risk in (row for row in reported if row[0] == origin):
            total = sum(weight for weight, _ in weights[month])
            values: dict[str, float | None] = {"overdue_share": None, "largest_deal_share": None}
            if total:
                values["overdue_share"] = sum(weight for weight, late in weights[month] if late) / total
                values["largest_deal_share"] = max(weight for weight, _ in weights[month]) / total
            expected = [
                None if value is None else pytest.approx(value, abs=1e-5) for value in values.values()
            ]
            assert (name, shares) == (f"{month:%Y-%m}", expected), (origin, month)
            assert risk == judge(values, "forecast_risk_")[0], (origin, month, values)
    assert {row[5] for row in reported} >= {"low", "medium", "high"}


def test_quality_of_todays_forecasts(sample_database, query):
    errors = defaultdict(list)
    rows = query(
        sample_database,
        "select crm_source, method, horizon, forecast::float, actual_revenue::float, is_current, past_wape::float,"
        " forecast_quality from dev_marts.rep_revenue_forecast",
    )
    for crm, method, horizon, forecast, actual, *_ in rows:
        if forecast is not None and actual is not None:
            errors[crm, method, horizon].append((abs(actual - forecast), abs(actual)))
    current = [row for row in rows if row[5]]
    for crm, method, horizon, forecast, *_, wape, quality in current:
        tests = errors[crm, method, horizon]
        expected = sum(error for error, _ in tests) / sum(actual for _, actual in tests) if tests else None
        assert wape == (None if expected is None else pytest.approx(expected, abs=1e-5))
        known = forecast is not None and len(tests) >= 4
        band = find_band(BANDS["forecast_quality"], expected, "min_value", "max_value") if known else None
        assert quality == (band["band"] if band else None), (crm, method, horizon)
    assert {row[7] for row in current} >= {"good", "fair", "poor"}


def test_the_dashboard_says_revenue_to_date_and_what_is_gravest(sample_database, query, salesforce_sample):
    of = salesforce_sample
    won = [
        (of.find_closed_date(found), of.convert(found, found.now["Amount"]) or 0)
        for found in of.opportunities.values()
        if found.now["IsWon"] == "True"
    ]
    quarter = of.quarter_of(of.as_of)
    year = add_months(quarter, -((quarter.month - of.fiscal_year_start_month) % 12))
    [reported] = query(
        sample_database,
        "select to_jsonb(board) from dev_marts.rep_executive_dashboard as board where crm_source = 'salesforce'",
    )[0]
    for period, start, months in (
        ("mtd", of.as_of.replace(day=1), 1),
        ("qtd", quarter, 3),
        ("ytd", year, 12),
    ):
        before = add_months(start, -months)
        last = min(before + (of.as_of - start), start - timedelta(days=1))
        for column, since, until in (("", start, of.as_of), ("_previous", before, last)):
            total = sum(amount for day, amount in won if since <= day <= until)
            assert reported[f"revenue_{period}{column}"] == pytest.approx(total, abs=0.02), (period, column)
    passed = []
    for row in read(ROOT / "seeds" / "alert_thresholds.csv"):
        value, threshold = reported.get(row["metric"]), float(row["threshold"])
        if value is not None and (value < threshold if row["direction"] == "below" else value > threshold):
            rank = ("critical", "high", "warning", "medium", "low").index(row["severity"])
            passed.append((rank, -abs((value - threshold) / threshold), row["metric"], value, row))
    _, _, metric, value, row = min(passed)
    said = f"{metric} is {value:g}, {row['direction']} {float(row['threshold']):g}: {row['insight']}"
    assert (reported["key_insight"], reported["recommendation"]) == (said, row["recommendation"])
    assert reported["quarter_label"] == label(of, quarter)


def run_plausibility(dbt, database):
    """The result of the test, without those of the hooks around it."""
    results = dbt("test --select funnel_looks_plausible", database=database).result
    return next(result for result in results if result.node.name == "funnel_looks_plausible")


def test_what_a_funnel_rarely_does_warns_with_counts(dbt, databases, connect, sample_database):
    database = databases.create(template=sample_database)
    passed = run_plausibility(dbt, database)
    connection = connect(database)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cell = "update dev_marts.rep_sales_funnel_trends set deals_count = {}, previous_step_deals_count = {} where {}"
        salesforce = "crm_source = 'salesforce' and month = '2024-0{}-01' and funnel_step = '3'"
        for deals, before, month in ((21, 10, 1), (20, 10, 2), (90, 9, 3)):  # only the first one is odd
            cursor.execute(cell.format(deals, before, salesforce.format(month)))
        call = (
            "crm_source = 'pipedrive' and pipeline_id = '1' and month = '2024-03-01' and funnel_step = '2.1'"
        )
        cursor.execute(cell.format(33, 16, call))
        cursor.execute(
            "update dev_marts.rep_sales_funnel_trends set deals_count = 0"
            " where crm_source = 'hubspot' and pipeline_id = '2' and funnel_step = 'Lost';"
            # A pipeline of so few deals that a step without any is not odd.
            "update dev_marts.rep_sales_funnel_trends set previous_step_deals_count = 0,"
            " deals_count = case when funnel_step = '1' and month = '2024-03-01' then 9 else 0 end"
            " where crm_source = 'pipedrive' and pipeline_id = '2';"
            "update dev_marts.dim_funnel_steps set kpi_name = 'Qualified To Buy'"
            " where crm_source = 'hubspot' and pipeline_id = 'default' and funnel_step = '1';"
            "update dev_marts.dim_funnel_steps set parent_step = '3'"
            " where crm_source = 'pipedrive' and pipeline_id = '1' and funnel_step = '2.1';"
            "update dev_intermediate.int_funnel_steps set funnel_step = '1'"
            " where crm_source = 'salesforce' and funnel_step = '2';"
            "update dev_marts.dim_export_coverage set newest_event_at = newest_event_at - interval '25 months'"
            " where crm_source = 'hubspot'"
        )
        warned = run_plausibility(dbt, database)
        cursor.execute(
            "select message from dev_monitoring.dbt_run_results"
            " where node like '%funnel_looks_plausible%' order by run_started_at desc limit 1"
        )
        [[message]] = cursor.fetchall()
    connection.close()
    databases.drop(database)
    assert (passed.status, warned.status, warned.failures) == ("pass", "warn", 8)
    assert message.startswith(
        "8 (1 CRMs whose newest event is old, 1 months in which a call exceeds its stage,"
        " 1 months in which a step exceeds the one before, 1 steps that no deal reached,"
        " 4 steps whose name or number is not as those of the others): Odd figures of the funnel"
    )
