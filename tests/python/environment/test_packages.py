"""The stand-ins in compat_packages/ give the verdicts that the real dbt packages give.

Every test runs through dbt on literal rows, some that pass and some that fail, and has to report the number of
failures written here. Only where the real packages are at hand (DBT_PACKAGE_MIRROR, or the Hub) can the two be
compared; the last test does, and skips, visibly, elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

import install_packages
from conftest import Dbt

# Five hours or so from UTC, so that a zone that is read wrongly shows.
ZONE = "America/New_York"
WALL_CLOCK = f"(now() at time zone '{ZONE}')"


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


def empty(columns: str) -> str:
    return f"select {columns} where false"


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
GROUPS = values("g", "('x')", "('x')", "('y')")
OTHER_GROUPS = values("g", "('x')", "('y')", "('y')")
MORE_GROUPS = values("g", "('x')", "('x')", "('y')", "('z')")
DOUBLED = values("g", "('x')", "('x')", "('x')", "('x')", "('y')", "('y')")
RANGE = {"lower_bound_column": "low", "upper_bound_column": "high", "partition_by": "k"}
COMBINATION = "dbt_utils.unique_combination_of_columns"
RANGES = "dbt_utils.mutually_exclusive_ranges"
TRUTH = "dbt_utils.expression_is_true"
ROWCOUNT = "dbt_utils.equal_rowcount"
ACCEPTED = "dbt_utils.accepted_range"
PROPORTION = "dbt_utils.not_null_proportion"
ROWS_BETWEEN = "dbt_expectations.expect_table_row_count_to_be_between"
ROWS_EQUAL = "dbt_expectations.expect_table_row_count_to_equal_other_table"
TYPE = "dbt_expectations.expect_column_values_to_be_of_type"
REGEX = "dbt_expectations.expect_column_values_to_match_regex"
BETWEEN = "dbt_expectations.expect_column_values_to_be_between"
RECENT = "dbt_expectations.expect_row_values_to_have_recent_data"
OTHER = {
    "groups": GROUPS,
    "other_groups": OTHER_GROUPS,
    "more_groups": MORE_GROUPS,
    "no_groups": empty("null::text as g"),
}


def compared_with(other: str, **arguments) -> dict:
    return {"compare_model": f"ref('{other}')", **arguments}


def days_ago(*days: float) -> str:
    return values("at", *(f"({WALL_CLOCK} - interval '{number} days')" for number in days))


def hours_ago(hours: int) -> str:
    return values("at", f"({WALL_CLOCK} - interval '{hours} hours')")


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
    Case("rowcount_equal", ROWCOUNT, GROUPS, 0, compared_with("other_groups")),
    Case("rowcount_differs", ROWCOUNT, GROUPS, 1, compared_with("more_groups")),
    Case("rowcount_by_group_equal", ROWCOUNT, GROUPS, 0, compared_with("groups", group_by_columns=["g"])),
    Case("rowcount_by_group", ROWCOUNT, GROUPS, 2, compared_with("other_groups", group_by_columns=["g"])),
    Case("rowcount_does_not_see_an_empty_table", ROWCOUNT, GROUPS, 0, compared_with("no_groups")),
    Case("accepted_all", ACCEPTED, NUMBERS, 0, {"min_value": 0, "max_value": 10}, "n"),
    Case(
        "accepted_exclusive", ACCEPTED, NUMBERS, 2, {"min_value": 0, "max_value": 10, "inclusive": False}, "n"
    ),
    Case("accepted_minimum", ACCEPTED, NUMBERS, 1, {"min_value": 1}, "n"),
    Case("accepted_maximum_of_an_expression", ACCEPTED, NUMBERS, 1, {"max_value": "2 * 4"}, "n"),
    Case("proportion_enough", PROPORTION, NUMBERS, 0, {"at_least": 0.75}, "n"),
    Case("proportion_too_small", PROPORTION, NUMBERS, 1, {"at_least": 0.8}, "n"),
    Case("proportion_too_large", PROPORTION, NUMBERS, 1, {"at_least": 0, "at_most": 0.5}, "n"),
    Case("proportion_of_nothing", PROPORTION, empty("1 as n"), 0, {"at_least": 1}, "n"),
    Case(
        "proportion_by_group",
        PROPORTION,
        values("g, n", "('x', 1)", "('x', null)", "('y', 1)"),
        1,
        {"at_least": 0.9, "group_by_columns": ["g"]},
        "n",
    ),
    Case("rows_between", ROWS_BETWEEN, GROUPS, 0, {"min_value": 3, "max_value": 3}),
    Case("rows_too_few", ROWS_BETWEEN, GROUPS, 1, {"min_value": 4}),
    Case("rows_too_many", ROWS_BETWEEN, GROUPS, 1, {"max_value": 2}),
    Case("rows_strictly", ROWS_BETWEEN, GROUPS, 1, {"min_value": 3, "strictly": True}),
    Case("rows_none", ROWS_BETWEEN, empty("1 as n"), 1, {"min_value": 1}),
    Case("rows_by_group", ROWS_BETWEEN, GROUPS, 1, {"min_value": 2, "group_by": ["g"]}),
    Case("rows_on_condition", ROWS_BETWEEN, GROUPS, 1, {"min_value": 3, "row_condition": "g = 'x'"}),
    Case("rows_equal", ROWS_EQUAL, GROUPS, 0, compared_with("other_groups")),
    Case("rows_differ", ROWS_EQUAL, GROUPS, 1, compared_with("more_groups")),
    Case("rows_against_none", ROWS_EQUAL, GROUPS, 1, compared_with("no_groups")),
    Case("rows_by_group_equal", ROWS_EQUAL, GROUPS, 0, compared_with("groups", group_by=["g"])),
    Case("rows_by_group_differ", ROWS_EQUAL, GROUPS, 2, compared_with("other_groups", group_by=["g"])),
    Case("rows_by_missing_group", ROWS_EQUAL, GROUPS, 1, compared_with("more_groups", group_by=["g"])),
    Case("rows_times_factor", ROWS_EQUAL, DOUBLED, 0, compared_with("groups", factor=2)),
    Case("rows_not_times_factor", ROWS_EQUAL, GROUPS, 1, compared_with("groups", factor=2)),
    Case(
        "rows_on_two_conditions",
        ROWS_EQUAL,
        GROUPS,
        0,
        compared_with("other_groups", row_condition="g = 'x'", compare_row_condition="g = 'y'"),
    ),
    Case(
        "rows_on_one_condition", ROWS_EQUAL, GROUPS, 1, compared_with("other_groups", row_condition="g = 'x'")
    ),
    Case("type_right", TYPE, "select 1::bigint as n", 0, {"column_type": "BigInt"}, "n"),
    Case("type_wrong", TYPE, "select 1::integer as n", 1, {"column_type": "bigint"}, "n"),
    Case("type_of_time", TYPE, "select now() as n", 1, {"column_type": "timestamp without time zone"}, "n"),
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
    Case("between", BETWEEN, NUMBERS, 0, {"min_value": 0, "max_value": 10}, "n"),
    Case("between_strictly", BETWEEN, NUMBERS, 2, {"min_value": 0, "max_value": 10, "strictly": True}, "n"),
    Case("between_on_condition", BETWEEN, NUMBERS, 1, {"max_value": 4, "row_condition": "n > 5"}, "n"),
    Case("between_below", BETWEEN, NUMBERS, 1, {"min_value": 5}, "n"),
    Case("recent", RECENT, days_ago(6, 30), 0, {"datepart": "day", "interval": 7}, "at"),
    Case("not_recent", RECENT, days_ago(8, 30), 1, {"datepart": "day", "interval": 7}, "at"),
    Case("future_is_not_recent", RECENT, days_ago(8, -3), 1, {"datepart": "day", "interval": 7}, "at"),
    Case("nothing_is_not_recent", RECENT, empty("now() as at"), 1, {"datepart": "day", "interval": 7}, "at"),
    Case("recent_in_the_zone", RECENT, hours_ago(1), 0, {"datepart": "hour", "interval": 2}, "at"),
    Case("not_recent_in_the_zone", RECENT, hours_ago(3), 1, {"datepart": "hour", "interval": 2}, "at"),
    Case(
        "recent_on_condition",
        RECENT,
        days_ago(1, 30),
        1,
        {"datepart": "day", "interval": 7, "row_condition": f"at < {WALL_CLOCK} - interval '9 days'"},
        "at",
    ),
]


def write_project(folder: Path, packages: dict[str, Path]) -> None:
    """A dbt project with a model and a test for each case, and these packages."""
    models = []
    (folder / "models").mkdir()
    for name, rows in OTHER.items():
        (folder / "models" / f"{name}.sql").write_text(rows)
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
    key = "{{ dbt_utils.generate_surrogate_key(['a', 'b', 'c']) }}"
    rows = values("a, b, c", "(1, 'x', null)", "(1, null, 'x')", "(1, '', 'x')")
    (folder / "models" / "surrogate_keys.sql").write_text(
        f"select {key} as key, a, b, c from ({rows}) as literal"
    )
    (folder / "models" / "models.yml").write_text(yaml.safe_dump({"models": models}))
    project = {
        "name": "package_cases",
        "version": "1.0.0",
        "profile": "sales_funnel",
        "flags": {"require_generic_test_arguments_property": True},
        "vars": {"dbt_date:time_zone": ZONE},
        "models": {"+materialized": "view"},
    }
    (folder / "dbt_project.yml").write_text(yaml.safe_dump(project))
    install_packages.copy_packages(packages, folder / "dbt_packages")


@dataclass(frozen=True)
class Outcome:
    """What dbt said of each case, (status, failures) by name, and the surrogate keys."""

    verdicts: dict[str, tuple[str, int]]
    keys: list[str]


def run_cases(server, databases, connect, folder: Path, packages: dict[str, Path]) -> Outcome:
    project, artifacts = folder / "project", folder / "artifacts"
    project.mkdir()
    artifacts.mkdir()
    write_project(project, packages)
    database = databases.create()
    done = Dbt(server, artifacts, project)("build", database=database, check=False)
    assert done.exception is None, done.exception
    verdicts = {
        result.node.name: (str(result.status), result.failures)
        for result in done.result.results
        if result.node.resource_type == "test"
    }
    with connect(database).cursor() as cursor:
        cursor.execute("select key from dev.surrogate_keys order by b, a")
        return Outcome(verdicts, [key for (key,) in cursor.fetchall()])


@pytest.fixture(scope="module")
def stand_ins(server, databases, connect, tmp_path_factory) -> Outcome:
    packages = install_packages.find_packages(install_packages.COMPAT_DIR)
    return run_cases(server, databases, connect, tmp_path_factory.mktemp("stand_ins"), packages)


@pytest.fixture(scope="module")
def real(server, databases, connect, dbt_packages, tmp_path_factory) -> Outcome:
    if install_packages.installed_kind() == "compat":
        pytest.skip("neither DBT_PACKAGE_MIRROR nor the dbt Hub is at hand, so nothing to compare with")
    packages = install_packages.find_packages(install_packages.PACKAGES_DIR)
    return run_cases(server, databases, connect, tmp_path_factory.mktemp("real"), packages)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_stand_in_gives_the_expected_verdict(case, stand_ins):
    assert stand_ins.verdicts[case.name] == ("fail" if case.failures else "pass", case.failures)


def test_every_stand_in_has_passing_and_failing_cases():
    macros = {
        f"{path.parent.parent.name}.{path.stem}"
        for path in install_packages.COMPAT_DIR.glob("*/macros/*.sql")
        if "{% test" in path.read_text()
    }
    verdicts = {(case.test, case.failures > 0) for case in CASES}
    assert {(test, fails) for test in macros for fails in (True, False)} == verdicts


def test_stand_in_makes_the_surrogate_keys_of_the_package(stand_ins):
    texts = ["1--x", "1-x-_dbt_utils_surrogate_key_null_", "1-_dbt_utils_surrogate_key_null_-x"]
    # S324: the package makes its keys by md5; nothing is kept secret with it.
    assert stand_ins.keys == [hashlib.md5(text.encode()).hexdigest() for text in texts]  # noqa: S324


def test_real_packages_give_the_same_verdicts(real, stand_ins):
    different = {
        name: (real.verdicts[name], said)
        for name, said in stand_ins.verdicts.items()
        if real.verdicts[name] != said
    }
    assert not different, f"case: (real, stand-in)\n{json.dumps(different, indent=2)}"
    assert real.keys == stand_ins.keys
