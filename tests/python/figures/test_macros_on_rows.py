"""Macros rendered without dbt and run on rows of their own: what they say, and what they cost."""

from __future__ import annotations

import contextlib
import re
from functools import partial
from types import SimpleNamespace

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


class Returned(Exception):
    """dbt's own way for a macro to hand back a value that is no text."""


def hand_back(value: object) -> None:
    raise Returned(value)


def render(macro: str, *arguments: object, context: dict | None = None, **named: object) -> object:
    """What a macro gives, those that it calls rendered with it; `context`: vars and what else dbt would hold ready."""
    given = context or {}
    environment = Environment(autoescape=False, extensions=["jinja2.ext.do"])  # noqa: S701 SQL, not HTML
    environment.globals.update(
        {path.stem: partial(render, path.stem, context=context) for path in ROOT.glob("macros/**/*.sql")},
        loaded_until=lambda: "'infinity'::timestamptz",
        var=lambda name: given[name],
        **{"return": hand_back},
        **given,
    )
    [path] = ROOT.glob(f"macros/**/{macro}.sql")
    template = environment.from_string(path.read_text())
    try:
        return str(getattr(template.module, macro)(*arguments, **named))
    except Returned as returned:
        return returned.args[0]


def newest(table: str, target: str = "dev") -> str:
    nullable = ["new_value"] if table == "deal_changes" else []
    return render(
        "newest_versions",
        f"raw.{table}",
        KEYS[table],
        nullable_key_columns=nullable,
        deal_key=render("deal_key", "pipedrive", "deal_id"),
        context={"target": SimpleNamespace(name=target)},
    )


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
            place = [column.name for column in cursor.description].index("_version")
            found = [row[place] for row in cursor.fetchall()]
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
        cursor.execute(
            f"explain select * from ({newest(table)}) as v where deal_key = any(array(select 7::bigint))"
        )
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert f"Index Scan using {table}_deal_key on {table}" in plan or f"on {table}_deal_key" in plan, plan
    assert "Index Cond: (hashtextextended(('pipedrive::'::text || deal_id), '0'::bigint) = ANY" in plan, plan


@pytest.mark.parametrize("table", KEYS)
def test_on_citus_the_key_of_a_deal_is_a_column_and_part_of_the_join(database, connect, table):
    """There rows lie, and are joined, by the column that citus.sql adds and the loader fills."""
    with connect(database) as connection, connection.cursor() as cursor:
        write_versions(cursor, table, versions=3)
        cursor.execute(f"select deal_id, deal_key, _version from ({newest(table)}) as v order by 1")
        expected = cursor.fetchall()
        cursor.execute(f"alter table raw.{table} add column _deal_key bigint")
        cursor.execute(f"update raw.{table} set _deal_key = {render('deal_key', 'pipedrive', 'deal_id')}")
        on_citus = newest(table, "citus")
        cursor.execute(f"select deal_id, deal_key, _version from ({on_citus}) as v order by 1")
        assert cursor.fetchall() == expected
    assert "later._deal_key = versions._deal_key" in on_citus


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


def test_a_user_is_an_id_or_the_hash_of_what_may_be_a_name_or_an_address(database, query):
    texts = ["7", "u-1", "7d444840-9dc0", "Ann", "ann  BELL ", "Ann Bell", "a1@example.org", "A 1", None]
    listed = ", ".join("(null)" if text is None else f"('{text}')" for text in texts)
    found = [
        key
        for (key,) in query(database, f"select {render('user_key', 'id')} from (values {listed}) as ids (id)")
    ]
    assert found[:3] == texts[:3]
    assert all(key.startswith("text:") for key in found[3:-1])
    assert (found[4], found[-1]) == (found[5], None)
    assert len(set(found)) == len(texts) - 1


def test_a_deal_key_is_of_one_crm_account_and_id(query, database):
    keys = [("salesforce", ""), ("salesforce", "emea"), ("hubspot", "")]
    rendered = [render("deal_key", crm, "id", crm_account=account) for crm, account in keys]
    found = query(
        database, f"select {', '.join(map(str, rendered))} from (values ('A1'), ('A2')) as ids (id)"
    )
    assert len({key for row in found for key in row}) == 6
    assert found[0][0] == query(database, "select hashtextextended('salesforce::A1', 0)")[0][0], "raw's index"


def test_a_log_is_ordered_by_time_priority_load_position_and_field(query, database):
    columns = "(occurred_at, priority, first_loaded_at, log_position, field)"
    rows = [
        (2, 0, 1, 1, "a"),
        (1, 1, 1, 1, "a"),
        (1, 0, 2, 1, "a"),
        (1, 0, 1, 2, "a"),
        (1, 0, 1, 1, "b"),
        (1, 0, 1, 1, "a"),
    ]
    listed = ", ".join(str(row) for row in rows)
    ordered = query(
        database, f"select * from (values {listed}) as log {columns} order by {render('log_order')}"
    )
    assert ordered == rows[::-1]


def test_a_logged_date_is_one_that_can_be(query, database):
    texts = {
        "2024-02-29": "2024-02-29",
        "2024-02-29 10:00:00": "2024-02-29",
        "2024-02-29T23:30:00Z": "2024-02-29",
        "2024-02-30": None,
        "29.02.2024": None,
        "tomorrow": None,
        "1989-12-31": None,
        "9999-12-31": None,
        "": None,
    }
    listed = ", ".join(f"('{text}', timestamptz '2024-06-01')" for text in texts)
    sql = f"select {render('logged_date', 'text')} from (values {listed}) as texts (text, _loaded_at)"
    assert [date for (date,) in query(database, sql)] == list(texts.values())


def test_stages_and_pipelines_have_an_id_where_the_crm_names_none(query, database):
    crms = "(values ('pipedrive'), ('salesforce'), ('other')) as crms (crm)"
    pipelines = query(database, f"select {render('default_pipeline', 'crm')} from {crms}")
    assert pipelines == [("1",), ("default",), ("default",)]
    stages = "(values ('default', 'A'), ('012X', 'A')) as stages (pipeline, stage)"
    ids = query(database, f"select {render('salesforce_stage_id', 'pipeline', 'stage')} from {stages}")
    assert ids == [("A",), ("012X:A",)]


# Three states of one deal, the second one microsecond long: it ends with the last day of May in Kolkata.
STATES = """(
    values
    (1, timestamptz '2024-05-01', timestamptz '2024-05-31 18:29:59.999999+00'),
    (2, '2024-05-31 18:29:59.999999+00', '2024-05-31 18:30+00'),
    (3, '2024-05-31 18:30+00', null)
) as states (id, valid_from, valid_to)"""


def test_the_last_state_of_a_day_is_in_force_on_it(query, database):
    def states_on(day, zone):
        condition = render("in_force_on", "states", f"date '{day}'", context={"reporting_timezone": zone})
        return [state for (state,) in query(database, f"select id from {STATES} where {condition}")]

    assert states_on("2024-04-30", "UTC") == []
    assert states_on("2024-05-30", "UTC") == [1]
    assert states_on("2024-05-31", "Asia/Kolkata") == [2], "it ended with the day"
    assert states_on("2024-05-31", "UTC") == states_on("2024-06-01", "Asia/Kolkata") == [3]


def test_a_state_is_unfolded_to_the_instants_at_which_it_is_in_force(query, database):
    """One search per state finds what comparing it with each instant finds, on the bounds too, and an instant once."""
    instants = [
        *("2024-04-30", "2024-05-01", "2024-05-01 00:00:00.000001", "2024-05-31 18:29:59.999999+00"),
        *("2024-05-31 18:30+00", "2024-05-31 18:30+00", "2099-01-01"),
    ]
    values = ", ".join(f"(timestamptz '{instant}')" for instant in instants)
    days = f"with days (day_at) as (values {values})"
    unfolded = f"select id, unnest({render('instants_in_force', 'states', 'days', 'day_at')}) as seen_at from {STATES}"
    condition = render("in_force_at", "states", "days.day_at")
    compared = f"select distinct states.id, days.day_at from days inner join {STATES} on {condition}"
    found = query(database, f"{days} {unfolded} order by id, seen_at")
    assert found == query(database, f"{days} {compared} order by id, day_at")
    assert [state for state, _ in found] == [1, 1, 2, 3]
    assert query(database, f"with days (day_at) as (select now() where false) {unfolded}") == []


def test_an_amount_is_converted_at_its_day_and_unrounded(query, database):
    context = {"reporting_currency": "USD"}
    sql = f"""
        with rates (currency, valid_from, valid_to, exact_rate) as (
            values
            ('USD', date '-infinity', date 'infinity', 1.0),
            ('EUR', '-infinity', '2024-01-01', 1.1),
            ('EUR', '2024-01-01', 'infinity', 1.123456)
        ),
        deals (id, amount, money, day) as (
            values
            (1, 3, 'EUR', date '2023-12-31'),
            (2, 3, 'EUR', '2024-01-01'),
            (3, 3, null, '2024-01-01'),
            (4, 3, 'XXX', '2024-01-01'),
            (5, 3, 'EUR', null),
            (6, null, 'EUR', '2024-01-01')
        )
        select deals.id, {render("convert_currency", "deals.amount")}::float from deals
        {render("join_rate", "deals", "deals.day", currency="money", context=context)}
        order by deals.id"""
    assert query(database, sql) == [(1, 3.3), (2, 3.370368), (3, 3.0), (4, None), (5, 3.3), (6, None)]


def test_a_ratio_has_the_digits_asked_for(query, database):
    ratios = [
        render("divide", 2, 3),
        render("divide", 2, 3, 4),
        render("divide", 0, 3, 2),
        render("divide", 2, 0),
    ]
    ((ten, four, none, unknown),) = query(database, f"select {', '.join(map(str, ratios))}")
    assert [str(ten), str(four), str(none), unknown] == ["0.6666666667", "0.6667", "0.00", None]


# mart -> view -> stg_log, and view -> stages (a reference table) -> stg_stages.
GRAPH = {
    "nodes": {
        name: {
            "name": name,
            "resource_type": "model",
            "relation_name": name,
            "depends_on": {"nodes": parents},
            "columns": columns,
            "config": {
                "materialized": materialized,
                "meta": {"is_reference": True} if name == "stages" else {},
            },
        }
        for name, parents, columns, materialized in [
            ("mart", ["view", "stg_rules"], {}, "incremental"),
            ("view", ["stg_log", "stages"], {}, "view"),
            ("stages", ["stg_stages"], {}, "table"),
            ("stg_log", [], {"deal_key": {}, "_loaded_at": {}}, "view"),
            ("stg_stages", [], {"_loaded_at": {}}, "view"),
            ("stg_rules", [], {"_loaded_at": {}}, "view"),
        ]
    }
}


def test_reference_tables_are_judged_by_their_rows_and_not_by_the_loads_below():
    nodes, context = GRAPH["nodes"], {"graph": GRAPH, "model": GRAPH["nodes"]["mart"]}
    assert [name for name in nodes if render("is_reference", nodes[name])] == ["stages"]
    assert "stg_stages" in render("find_ancestors", nodes["mart"], context=context)
    assert "stg_stages" not in render("find_ancestors", nodes["mart"], through_tables=False, context=context)
    found = render("find_ancestors", nodes["mart"], through_references=False, context=context)
    assert sorted(found) == ["stages", "stg_log", "stg_rules", "view"]
    assert render("find_logs", context=context) == (["stg_log"], ["stg_rules"])


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


RAW = "values (1, 1, date '2024-01-01', false), (1, 2, '2024-01-02', false), (2, 1, '2024-01-01', true)"
SOUND = "(1, 'stage', date '2024-01-02', false), (2, 'outcome', '2024-01-01', true)"
NOT_NEWEST = "not the newest versions of raw"


@pytest.mark.parametrize(
    ("rows", "broken"),
    [
        (SOUND, {}),
        (f"{SOUND}, (3, 'stage', '2024-01-02', false)", {NOT_NEWEST: 1}),
        ("(1, 'stage', date '2024-01-02', false)", {NOT_NEWEST: 1}),
        ("(1, 'stage', date '2024-01-01', false), (2, 'stage', '2024-01-01', true)", {NOT_NEWEST: 2}),
        ("(1, 'stage', date '2024-01-02', false), (2, 'stage', '2024-01-01', false)", {NOT_NEWEST: 2}),
        (SOUND.replace("2,", "1,"), {"id: on several rows": 1}),
        (SOUND.replace("2,", "null,"), {"id is NULL": 1}),
        (SOUND.replace("'outcome'", "null"), {"kind is NULL": 1}),
        (SOUND.replace("'outcome'", "'other'"), {"kind is of no accepted value": 1}),
    ],
    ids=[
        "sound",
        "more",
        "less",
        "superseded",
        "alive",
        "twice",
        "without key",
        "without kind",
        "other kind",
    ],
)
def test_complete_rows_names_the_rule_that_is_broken(rows, broken, database, connect):
    paths = (ROOT / "macros/incremental/differences_to_raw.sql", ROOT / "tests/generic/complete_rows.sql")
    text = "".join(path.read_text() for path in paths)
    environment = Environment(autoescape=False, extensions=["jinja2.ext.do"])  # noqa: S701 SQL, not HTML
    environment.globals.update(config=lambda **_: "", loaded_until=lambda: "'infinity'::timestamptz")
    template = environment.from_string(
        text.replace("{% test ", "{% macro ").replace("{% endtest %}", "{% endmacro %}")
    )
    query = template.module.complete_rows(
        f"(select * from (values {rows}) as given (id, kind, _loaded_at, is_deleted))",
        key_columns=["id"],
        required_columns=["kind"],
        accepted_values={"kind": ["stage", "outcome"]},
        raw_table=f"(select * from ({RAW}) as given (id, _version, _loaded_at, _is_deleted)) as raw",
        raw_key_columns=["id"],
    )
    with contextlib.closing(connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        assert dict(cursor.fetchall()) == broken


def test_a_view_that_counts_the_crms_own_flag_as_deleted_is_compared_with_that():
    """Else one deal that the CRM lists as deleted stops the build."""
    counted = {}
    for path in sorted((ROOT / "models/staging").glob("*/*.sql")):
        described = path.with_suffix(".yml").read_text()
        if "raw_table:" in described and (
            found := re.search(r"(_is_deleted or .*) as is_deleted", path.read_text())
        ):
            counted[path.stem] = (found[1], f"raw_is_deleted: {found[1]}\n" in described)
    flag = ("_is_deleted or coalesce(is_deleted, false)", True)
    assert counted == {"stg_pipedrive__deals": flag, "stg_pipedrive__stages": flag}
