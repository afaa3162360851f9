"""The stand-ins in compat_packages/ give the verdicts that the real dbt packages give.

Every test runs through dbt on literal rows, some that pass and some that fail, and has to report the number of
failures written here. Only where the real packages are at hand (DBT_PACKAGE_MIRROR, or the Hub) can the two be
compared; the last test does, and skips, visibly, elsewhere.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

import install_packages
from conftest import ROOT, Dbt


@dataclass(frozen=True)
class Case:
    """A generic test on the rows of a query; failures is the number that it has to report, 0 for a pass."""

    name: str
    test: str
    rows: str
    failures: int
    arguments: dict = field(default_factory=dict)
    column: str | None = None


def values(columns: str, *rows: str) -> str:
    return f"select * from (values {', '.join(rows)}) as literal ({columns})"


KEYS = values("a, b", "(1, 1)", "(1, 2)", "(2, 1)")
DOUBLE_KEYS = values("a, b", "(1, 1)", "(1, 1)", "(1, 1)", "(2, 2)", "(2, 2)", "(3, null)", "(3, null)")
TOUCHING = values("k, low, high", "(1, 1, 3)", "(1, 3, 5)", "(2, 2, 4)", "(2, 4, 9)")
GAP = values("k, low, high", "(1, 1, 3)", "(1, 4, 5)", "(2, 2, 4)")
OVERLAP = values("k, low, high", "(1, 1, 4)", "(1, 3, 5)", "(2, 2, 4)")
ZERO_LENGTH = values("k, low, high", "(1, 1, 1)", "(1, 1, 5)")
BACKWARDS = values("k, low, high", "(1, 5, 1)", "(2, 1, 2)")
OPEN_END = values("k, low, high", "(1, 1, 3)", "(1, 3, null)")
NULL_START = values("k, low, high", "(1, 1, 3)", "(1, null, 5)")
TWICE = values("k, low, high", "(1, 1, 3)", "(1, 1, 3)", "(1, 3, 5)")
NUMBERS = values("n", "(0)", "(5)", "(10)", "(null)")
WORDS = values("w", "('ab1')", "('AB2')", "('c')", "(null)")
RANGE = {"lower_bound_column": "low", "upper_bound_column": "high", "partition_by": "k"}
COMBINATION = "dbt_utils.unique_combination_of_columns"
RANGES = "dbt_utils.mutually_exclusive_ranges"
TRUTH = "dbt_utils.expression_is_true"
ACCEPTED = "dbt_utils.accepted_range"
REGEX = "dbt_expectations.expect_column_values_to_match_regex"

CASES = [
    Case("keys_unique", COMBINATION, KEYS, 0, {"combination_of_columns": ["a", "b"]}),
    Case("keys_double", COMBINATION, DOUBLE_KEYS, 3, {"combination_of_columns": ["a", "b"]}),
    Case("keys_quoted", COMBINATION, KEYS, 1, {"combination_of_columns": ["a"], "quote_columns": True}),
    Case("ranges_touch", RANGES, TOUCHING, 0, RANGE | {"gaps": "not_allowed"}),
    Case("ranges_touch_where_gaps_are_required", RANGES, TOUCHING, 2, RANGE | {"gaps": "required"}),
    Case("ranges_gap_allowed", RANGES, GAP, 0, RANGE),
    Case("ranges_gap_refused", RANGES, GAP, 1, RANGE | {"gaps": "not_allowed"}),
    Case("ranges_overlap", RANGES, OVERLAP, 1, RANGE),
    Case("ranges_without_partition", RANGES, TOUCHING, 3, {**RANGE, "partition_by": None}),
    Case("ranges_zero_length_refused", RANGES, ZERO_LENGTH, 1, RANGE),
    Case("ranges_zero_length_allowed", RANGES, ZERO_LENGTH, 0, RANGE | {"zero_length_range_allowed": True}),
    Case("ranges_backwards", RANGES, BACKWARDS, 1, RANGE | {"zero_length_range_allowed": True}),
    Case("ranges_open_end", RANGES, OPEN_END, 1, RANGE),
    Case("ranges_null_start", RANGES, NULL_START, 2, RANGE),
    Case("ranges_coalesced_end", RANGES, OPEN_END, 0, RANGE | {"upper_bound_column": "coalesce(high, 99)"}),
    Case("ranges_twice", RANGES, TWICE, 1, RANGE),
    Case("truth_holds", TRUTH, NUMBERS, 0, {"expression": "n >= 0"}),
    Case("truth_fails", TRUTH, NUMBERS, 2, {"expression": "n < 5"}),
    Case("truth_of_a_column", TRUTH, NUMBERS, 1, {"expression": "< 10"}, "n"),
    Case("truth_of_a_conjunction", TRUTH, NUMBERS, 2, {"expression": "n > 0 and n < 10"}),
    Case("accepted_all", ACCEPTED, NUMBERS, 0, {"min_value": 0, "max_value": 10}, "n"),
    Case(
        "accepted_exclusive", ACCEPTED, NUMBERS, 2, {"min_value": 0, "max_value": 10, "inclusive": False}, "n"
    ),
    Case("accepted_minimum", ACCEPTED, NUMBERS, 1, {"min_value": 1}, "n"),
    Case("accepted_maximum_of_an_expression", ACCEPTED, NUMBERS, 1, {"max_value": "2 * 4"}, "n"),
    Case(
        "regex_matches",
        REGEX,
        WORDS,
        0,
        {"regex": "^[a-zA-Z]+[0-9]?$", "row_condition": "w is not null"},
        "w",
    ),
    Case("regex_does_not_match_null", REGEX, WORDS, 1, {"regex": "^[a-zA-Z]+[0-9]?$"}, "w"),
    Case("regex_minds_case", REGEX, WORDS, 2, {"regex": "^(a|c)(b1)?"}, "w"),
    Case("regex_with_flag", REGEX, WORDS, 1, {"regex": "^(a|c)(b1|b2)?$", "flags": "i"}, "w"),
]


def write_project(folder: Path, packages: dict[str, Path]) -> None:
    """A dbt project with a model and a test for each case, and these packages."""
    models = []
    (folder / "models").mkdir()
    # One model for all cases with the same rows: building them is most of this file's time.
    for number, rows in enumerate(dict.fromkeys(case.rows for case in CASES)):
        name = f"rows_{number}"
        (folder / "models" / f"{name}.sql").write_text(rows)
        of_model, of_columns = [], {}
        for case in CASES:
            if case.rows == rows:
                tests = of_columns.setdefault(case.column, []) if case.column else of_model
                tests.append({case.test: {"name": case.name, "arguments": case.arguments}})
        columns = [{"name": column, "data_tests": tests} for column, tests in of_columns.items()]
        models.append({"name": name, "data_tests": of_model, "columns": columns})
    (folder / "models" / "models.yml").write_text(yaml.safe_dump({"models": models}))
    project = {
        "name": "package_cases",
        "version": "1.0.0",
        "profile": "sales_funnel",
        "flags": {"require_generic_test_arguments_property": True},
        "models": {"+materialized": "view"},
    }
    (folder / "dbt_project.yml").write_text(yaml.safe_dump(project))
    # dbt 1.12 refuses packages that no file names.
    named = [{"local": f"dbt_packages/{name}"} for name in packages]
    (folder / "packages.yml").write_text(yaml.safe_dump({"packages": named}))
    install_packages.copy_packages(packages, folder / "dbt_packages")


Verdicts = dict[str, tuple[str, int]]  # what dbt said of each case, (status, failures) by name


def run_cases(server, databases, folder: Path, packages: dict[str, Path]) -> Verdicts:
    project, artifacts = folder / "project", folder / "artifacts"
    project.mkdir()
    artifacts.mkdir()
    write_project(project, packages)
    database = databases.create()
    done = Dbt(server, artifacts, project)("build", database=database, check=False)
    assert done.exception is None, done.exception
    return {
        result.node.name: (str(result.status), result.failures)
        for result in done.result.results
        if result.node.resource_type == "test"
    }


@pytest.fixture(scope="module")
def stand_ins(server, databases, tmp_path_factory) -> Verdicts:
    packages = install_packages.find_packages(install_packages.COMPAT_DIR)
    return run_cases(server, databases, tmp_path_factory.mktemp("stand_ins"), packages)


@pytest.fixture(scope="module")
def real(server, databases, dbt_packages, tmp_path_factory) -> Verdicts:
    if install_packages.MARKER.read_text().startswith("compat"):
        pytest.skip("neither DBT_PACKAGE_MIRROR nor the dbt Hub is at hand, so nothing to compare with")
    packages = install_packages.find_packages(install_packages.PACKAGES_DIR)
    return run_cases(server, databases, tmp_path_factory.mktemp("real"), packages)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_stand_in_gives_the_expected_verdict(case, stand_ins):
    assert stand_ins[case.name] == ("fail" if case.failures else "pass", case.failures)


MACROS = {
    f"{path.parent.parent.name}.{path.stem}" for path in install_packages.COMPAT_DIR.glob("*/macros/*.sql")
}


def test_every_stand_in_has_passing_and_failing_cases():
    verdicts = {(case.test, case.failures > 0) for case in CASES}
    assert {(test, fails) for test in MACROS for fails in (True, False)} == verdicts


def test_every_stand_in_is_used():
    files = [
        path for folder in ("models", "seeds", "tests/singular") for path in (ROOT / folder).rglob("*.yml")
    ]
    text = "".join(path.read_text(encoding="utf-8") for path in files)
    assert [name for name in sorted(MACROS) if f"{name}:" not in text] == []


def test_real_packages_give_the_same_verdicts(real, stand_ins):
    different = {name: (real[name], said) for name, said in stand_ins.items() if real[name] != said}
    assert not different, f"case: (real, stand-in)\n{json.dumps(different, indent=2)}"
