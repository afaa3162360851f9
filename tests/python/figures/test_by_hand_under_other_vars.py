"""In another zone, currency and fiscal year the reports equal those by hand too, and every dbt test passes.

All three at once, which also shows where they meet; each by itself at night.
"""

from __future__ import annotations

import pytest

# Run here once more, on the database of this file.
from test_pipeline_by_hand import (  # noqa: F401
    test_coverage,
    test_slippage_by_quarter,
    test_waterfall,
    test_win_rate_and_velocity,
)
from test_pipeline_history import (  # noqa: F401
    test_a_quarters_wins_and_losses_equal_a_count_over_raw,
    test_snapshots_of_past_days_equal_a_query_over_raw,
)
from test_promised_columns import (  # noqa: F401
    test_amounts_that_wait_in_a_stage_longer_than_usual,
    test_risk_and_labels_of_quarters,
    test_the_dashboard_says_revenue_to_date_and_what_is_gravest,
    test_velocity_by_owner,
    test_what_forecasts_rest_on,
)
from test_scoring import (  # noqa: F401
    test_icp_scores_equal_those_by_hand,
    test_scores_and_their_deciles_equal_those_by_hand,
)

from conftest import ROOT
from support.salesforce_by_hand import Sample

ZONE = {"reporting_timezone": "Europe/Berlin"}
CURRENCY = {"reporting_currency": "EUR"}
FISCAL_YEAR = {"fiscal_year_start_month": 2}


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(ZONE | CURRENCY | FISCAL_YEAR, id="all_three"),
        pytest.param(ZONE, id="zone", marks=pytest.mark.nightly),
        pytest.param(CURRENCY, id="currency", marks=pytest.mark.nightly),
        pytest.param(FISCAL_YEAR, id="fiscal_year", marks=pytest.mark.nightly),
    ],
)
def variables(request) -> dict:
    return request.param


@pytest.fixture(scope="module")
def sample_database(variables, databases, dbt, load) -> str:
    """A database with the sample built and tested under these vars. Unit tests pin theirs
    (test_unit_tests_pin_vars.py), so they would say here what they say everywhere."""
    name = databases.create()
    load(ROOT / "raw_data", database=name)
    dbt("build --exclude-resource-type unit_test", database=name, variables=variables)
    yield name
    databases.drop(name)


@pytest.fixture(scope="module")
def salesforce_sample(variables) -> Sample:
    return Sample(ROOT / "raw_data" / "salesforce", variables)
