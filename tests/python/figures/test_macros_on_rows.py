"""Macros rendered without dbt and run on rows of their own: what they say, and what they cost."""

from __future__ import annotations

import re

import pytest
from jinja2 import Environment

from conftest import ROOT

COUNT_WORK = (
    "Actual Rows",
    "Rows Removed by Join Filter",
    "Rows Removed by Filter",
    "Rows Removed by Index Recheck",
)
KEYS = {
    "deal_changes": ["deal_id", "change_time", "changed_field_key", "_occurrence"],
    "activity": ["deal_id", "activity_id"],
}


def render(macro: str, *arguments: object, **named: object) -> str:
    """The SQL of a macro that calls no other but loaded_until."""
    environment = Environment(autoescape=False)  # noqa: S701 SQL, not HTML
    environment.globals["loaded_until"] = lambda: "'infinity'::timestamptz"
    [path] = ROOT.glob(f"macros/**/{macro}.sql")
    template = environment.from_string(path.read_text())
    return getattr(template.module, macro)(*arguments, **named)


def newest(table: str) -> str:
    nullable = ["new_value"] if table == "deal_changes" else []
    return render("newest_versions", f"raw.{table}", KEYS[table], nullable_key_columns=nullable)


def work(plan: dict) -> int:
    """Rows that the nodes of a plan have brought forth or thrown away."""
    own = sum(plan.get(name, 0) for name in COUNT_WORK) * plan["Actual Loops"]
    return int(own) + sum(work(child) for child in plan.get("Plans", []))


def write_versions(cursor, table: str, versions: int, others: int = 200) -> None:
    """One key with that many versions, among other keys with one."""
    cursor.execute(f"truncate raw.{table}")
    columns, values = {
        "deal_changes": (
            "deal_id, change_time, changed_field_key, new_value",
            "%s, '2024-01-01', 'stage_id', '1'",
        ),
        "activity": ("deal_id, activity_id, type, done, due_to", "%s, 1, 'meeting', true, '2024-01-01'"),
    }[table]
    for key, version, rows in (("number", "1", others), ("0", "number", versions)):
        cursor.execute(
            f"insert into raw.{table} ({columns}, _version) select {values % key}, {version}"
            f" from generate_series(1, {rows}) as numbers (number)"
        )
    cursor.execute(f"analyze raw.{table}")


# The planner's guesses decide which join it takes, so each must be cheap.
JOINS = {"hash": "mergejoin nestloop", "merge": "hashjoin nestloop", "nested loop": "hashjoin mergejoin"}


@pytest.mark.parametrize("table", KEYS)
def test_many_versions_of_one_key_cost_their_number_not_its_square(database, connect, table):
    spent: dict[str, list[int]] = {join: [] for join in JOINS}
    with connect(database) as connection, connection.cursor() as cursor:
        for versions in (1_000, 2_000):
            write_versions(cursor, table, versions)
            cursor.execute(newest(table))
            found = [row[-3] for row in cursor.fetchall()]
            assert (len(found), max(found)) == (201, versions), "not the newest versions"
            for join, others in JOINS.items():
                for other in others.split():
                    cursor.execute(f"set enable_{other} = off")
                cursor.execute(f"explain (analyze, timing off, format json) {newest(table)}")
                spent[join].append(work(cursor.fetchone()[0][0]["Plan"]))
                cursor.execute("reset enable_hashjoin; reset enable_mergejoin; reset enable_nestloop")
    for join, (once, twice) in spent.items():
        assert twice < 2.2 * once, f"{join}: {once:,} rows touched, then {twice:,}"


@pytest.mark.parametrize("table", KEYS)
def test_newest_versions_of_some_deals_are_found_by_the_index(database, connect, table):
    with connect(database) as connection, connection.cursor() as cursor:
        write_versions(cursor, table, versions=100, others=20_000)
        cursor.execute("set enable_nestloop = off")  # as in an incremental run
        cursor.execute(f"explain select * from ({newest(table)}) as v where deal_id = any(array(select 7))")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Index Cond: (deal_id = ANY" in plan, plan


def test_ids_are_written_plainly(database, query):
    texts = [
        " 1.0 ",
        " 01",
        "1.",
        "00",
        "0",
        "10",
        "100.000",
        "1.5",
        "v1.0",
        "0x1",
        "-1.0",
        "1.0.0",
        "",
        None,
    ]
    listed = ", ".join("(null)" if text is None else f"('{text}')" for text in texts)
    written = query(database, f"select {render('plain_id', 'id', 'true')} from (values {listed}) as ids (id)")
    assert [text for (text,) in written] == [
        *("1", "1", "1", "0", "0", "10", "100"),
        *("1.5", "v1.0", "0x1", "-1.0", "1.0.0", None, None),
    ]
    others = query(
        database,
        f"select {render('plain_id', 'text', 'false')} from (values (' 1.0'), ('01'), (' ')) as texts (text)",
    )
    assert others == [("1.0",), ("01",), (None,)]


def test_models_know_no_zone_but_that_of_the_reports():
    """What a time without an offset means is settled at the load."""
    for path in [*ROOT.glob("models/**/*.sql"), *ROOT.glob("macros/**/*.sql")]:
        for line in path.read_text().splitlines():
            for zone in re.findall(r"at time zone (\S+ ?\S*)", line):
                # 'UTC' only to write an instant as text that sorts.
                fixed = zone.startswith("'UTC'") and "to_char(" in line
                assert fixed or 'var("reporting_timezone")' in line, (
                    f"{path.relative_to(ROOT)}: {line.strip()}"
                )
