"""docs/names.md: what people of other projects look for is here under a name that exists."""

from __future__ import annotations

import pytest

from checks.names_page import PAGE, format_table, read_names
from command import BEGIN, END
from conftest import NO_DATABASE
from with_venv import UserError

# Of issue 19: everything that it names.
PROMISED = {
    "sales_funnel_monthly",
    "mart_sales_funnel_monthly",
    "dim_users",
    "fct_deal_stage_history",
    "rep_sales_rep_performance_monthly",
    "m_pipeline_health",
    "m_deal_velocity_analysis",
    "m_revenue_forecasting",
    "m_forecast",
    "m_slippage_impact_quarter",
    "m_stage_velocity_quarter",
    "a_executive_dashboard",
    "a_win_rate_trend_analysis",
    "a_win_rate_by_owner",
    "a_win_rate_by_industry",
    "a_slippage_pattern_analysis",
    "a_comprehensive_slippage_analysis",
    "mart_monthly_channel_metrics",
    "channel_funnel",
}


@pytest.fixture(scope="module")
def manifest(dbt) -> dict:
    """The project's models as target/manifest.json describes them, all domains on."""
    models = dbt("parse", database=NO_DATABASE).result.nodes.items()
    return {"nodes": {key: node.to_dict() for key, node in models if node.resource_type == "model"}}


def test_the_page_says_what_the_models_say(manifest):
    names = read_names(manifest)
    assert {name.theirs for name in names} >= PROMISED
    written = PAGE.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]
    assert written == f"\n{format_table(names)}", "out of date: dbt parse and make pages"


@pytest.mark.parametrize(
    "said",
    [
        {"columns": {"health": "gone"}},
        {"where": "gone = 'owner'"},
        {"where": "quarter in (1) and gone is true"},
    ],
)
def test_a_name_that_points_nowhere_is_refused(said):
    model = {
        "resource_type": "model",
        "package_name": "sales_funnel",
        "name": "rep_pipeline_health",
        "original_file_path": "models/rep_pipeline_health.sql",
        "columns": {"quarter": {}, "health_score": {}},
        "config": {"meta": {"also_known_as": {"m_pipeline_health": said}}},
    }
    with pytest.raises(
        UserError, match="m_pipeline_health points at gone, which rep_pipeline_health does not have"
    ):
        read_names({"nodes": {"model": model}})
