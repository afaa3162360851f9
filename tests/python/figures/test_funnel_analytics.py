"""The questions in analyses/ run as they stand, and the invariants of the funnel reports hold on generated data.

SALES_FUNNEL_INVARIANT_DEALS=100000 make test    the invariants on as many deals (default 4000)
"""

from __future__ import annotations

import os

import pytest

from conftest import ROOT
from sample.generate import main as generate_sample

DEALS = os.environ.get("SALES_FUNNEL_INVARIANT_DEALS", "4000")
QUESTIONS = sorted(path.stem for path in (ROOT / "analyses").glob("*.sql"))
# Read what the reports read; they cannot hold by construction.
INVARIANT_TESTS = [
    "cohorts_add_up_and_never_rise",
    "step_accounting_balances",
    "visits_leave_no_gap",
    "stage_durations_sum_to_the_deals_life",
    "stage_reports_add_up_to_visits",
    "funnel_reports_add_up_to_events",
    "funnel_trends_equal_sales_funnel",
    "export_coverage_knows_the_newest_event",
    "outcome_reports_add_up_to_losses",
    "closed_deals_have_one_sales_cycle",
    "rep_activities_add_up_to_activities",
]
# Their sums are constraints, without which they are not built.
CHECKED_REPORTS = ["rep_funnel_conversion_cohort", "rep_funnel_step_accounting", "rep_calls_before_stage"]


@pytest.fixture(scope="module")
def generated(databases, dbt, load, tmp_path_factory):
    """The name of a database built from generated exports of both pipelines."""
    folder = tmp_path_factory.mktemp("generated")
    options = ["--deals", DEALS, "--only", "pipedrive", "--output", str(folder), "--seed", "4"]
    assert generate_sample(options) == 0
    database = databases.create()
    load(folder / "pipedrive", database=database)
    parents = [f"+{name}" for name in (*INVARIANT_TESTS, *CHECKED_REPORTS)]
    dbt(["build", "--resource-type", "model", "seed", "--select", *parents], database=database)
    yield database
    databases.drop(database)


def test_invariants_hold_on_generated_data(dbt, generated):
    done = dbt(
        ["test", "--exclude-resource-type", "unit_test", "--select", *INVARIANT_TESTS], database=generated
    )
    # A test that was renamed would be left out in silence.
    names = " ".join(result.node.unique_id for result in done.result)
    assert [test for test in INVARIANT_TESTS if test not in names] == []


@pytest.fixture(scope="module")
def compiled(dbt, sample_database):
    """Question → its SQL as dbt compiles it."""
    done = dbt("compile --select resource_type:analysis", database=sample_database)
    return {result.node.name: result.node.compiled_code for result in done.result}


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_runs_as_the_reporter_and_has_an_answer(compiled, connect, sample_database, question):
    connection = connect(sample_database, "reporter")
    with connection.cursor() as cursor:
        cursor.execute(compiled[question])
        rows = cursor.fetchall()
    connection.close()
    # The sample may give no cause for alarm.
    assert rows or question == "what_needs_attention_now"
