"""A unit test says what comes of literal rows, so it holds whatever vars a project sets: it pins each that it reads."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
import yaml
from jinja2 import Environment, nodes

from conftest import ROOT

TEMPLATES = Environment(extensions=["jinja2.ext.do"])  # noqa: S701 (nothing is rendered)
MACROS = {path.stem: path for path in (ROOT / "macros").rglob("*.sql") if "{% macro" in path.read_text()}
MODELS = {path.stem: path for path in (ROOT / "models").rglob("*.sql")}
UNIT_TESTS = [
    unit_test
    for path in sorted((ROOT / "models").rglob("*.yml"))
    for unit_test in (yaml.safe_load(path.read_text()) or {}).get("unit_tests", [])
]


@cache
def find_vars(path: Path) -> frozenset[str]:
    """The vars that a file reads, by macros too. Hooks are strings and no calls: a unit test runs none."""
    found: set[str] = set()
    for call in TEMPLATES.parse(path.read_text()).find_all(nodes.Call):
        name = getattr(call.node, "name", None)
        if name == "var":
            assert isinstance(call.args[0], nodes.Const), f"{path.name} reads a var by an expression"
            found.add(call.args[0].value)
        # What digests a definition takes up the vars of others, and its own result is no figure.
        elif name in MACROS and name != "digest_source":
            found |= find_vars(MACROS[name])
    return frozenset(found)


@pytest.mark.parametrize("unit_test", UNIT_TESTS, ids=lambda unit_test: unit_test["name"])
def test_a_unit_test_pins_every_var_that_its_model_reads(unit_test):
    pinned = unit_test.get("overrides", {}).get("vars", {})
    missing = find_vars(MODELS[unit_test["model"]]) - set(pinned)
    assert not missing, f"add to `overrides: vars:` of {unit_test['name']}: {', '.join(sorted(missing))}"


def test_vars_are_found_in_macros_too():
    assert find_vars(MODELS["dim_fiscal_quarters"]) == {"fiscal_year_start_month", "reporting_timezone"}
