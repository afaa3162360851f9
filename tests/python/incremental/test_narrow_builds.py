"""A part of the project builds on a fresh database: no test reads what the selection does not build."""

from __future__ import annotations

import json

import pytest

from conftest import NO_DATABASE, Dbt


@pytest.mark.parametrize("selected", ["+rep_sales_funnel_monthly", "+dim_deals"])
def test_tests_of_a_selection_read_only_what_it_builds(dbt: Dbt, selected: str) -> None:
    kinds = ["model", "seed", "snapshot", "test"]
    keys = ("--output", "json", "--output-keys", "unique_id resource_type depends_on")
    listed = dbt(["ls", "--select", selected, "--resource-type", *kinds, *keys], database=NO_DATABASE).result
    nodes = {node["unique_id"]: node for node in map(json.loads, listed)}
    tests = [node for node in nodes.values() if node["resource_type"] == "test"]
    assert len(tests) > 20
    unbuilt = {
        node["unique_id"]: missing
        for node in tests
        if (
            missing := {at for at in node["depends_on"]["nodes"] if not at.startswith("source.")}
            - nodes.keys()
        )
    }
    assert not unbuilt
