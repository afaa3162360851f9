"""Changed definitions reach every row of the next run, however it is started, or the run is refused in one line.

Real dbt runs on a copy of the project. test_changing_definitions.py does the same at random.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from support.definitions_lab import WITH_PARENTS, DefinitionsLab, World

VIEW = "models/intermediate/timelines/int_deal_stage_visits.sql"
NOT_2 = ("where starts_visit", "where starts_visit and stage_id != '2'")


@pytest.fixture(scope="module")
def world() -> World:
    return World(random.Random(14))


@pytest.fixture(scope="module")
def lab(databases, dbt, connect, load, tmp_path_factory, world) -> Iterator[DefinitionsLab]:
    # A test adds a join to the users.
    held = (*WITH_PARENTS, "stg_pipedrive__users")
    lab = DefinitionsLab(databases, dbt, connect, load, tmp_path_factory.mktemp("definitions"), held)
    for _ in range(8):
        world.change()
    for _ in range(30):
        world.pipedrive.change()
    lab.load(world.export(lab.folder / "first"))
    assert lab.run() is None
    yield lab
    lab.close()


def rebuilt(lab: DefinitionsLab) -> list[str]:
    return sorted(line.split(" ")[0] for line in lab.said if "is rebuilt in full" in line)


def test_a_changed_var_reaches_every_row_of_the_next_plain_run(lab):
    assert lab.run() is None
    assert rebuilt(lab) == []
    lab.rewrite("dbt_project.yml", "reporting_timezone: UTC", "reporting_timezone: Asia/Tokyo")
    assert lab.run() is None
    assert {"fct_funnel_events", "fct_deal_stage_history", "fct_pipeline_moves"} <= set(rebuilt(lab))
    assert lab.differences() == {}


def test_another_as_of_date_is_data_and_rebuilds_nothing(lab):
    assert lab.run(variables={"as_of_date": "2024-03-01"}) is None
    assert rebuilt(lab) == []


def test_a_selection_that_leaves_out_a_changed_view_is_refused_with_the_command_that_mends_it(lab):
    before = lab.query("select * from dev_marts.fct_deal_stage_history order by 1, 2")
    lab.rewrite(VIEW, *NOT_2)
    refusal = lab.run("fct_deal_stage_history")
    assert refusal, "it was not refused"
    assert "int_deal_stage_visits changed since the last run" in refusal
    assert "dbt build --select +fct_deal_stage_history" in refusal
    assert lab.query("select * from dev_marts.fct_deal_stage_history order by 1, 2") == before
    # What the command builds is right; what it leaves out, it names.
    assert lab.run("+fct_deal_stage_history") is None
    assert rebuilt(lab) == ["fct_deal_stage_history"]
    assert lab.differences("fct_deal_stage_history") == {}
    lab.restore(VIEW)
    assert lab.run() is None


def test_a_mart_outside_the_selection_stays_in_the_old_definition_and_is_named(lab):
    mart = "models/marts/deals/dim_deals.sql"
    lab.rewrite(mart, "attributes.lead_source, 'Unknown'", "attributes.lead_source, 'None'")
    sources = "select distinct lead_source from dev_marts.dim_deals"
    assert lab.run("+fct_deal_stage_history") is None
    assert len(lab.said) == 1, lab.said
    assert lab.said[0].endswith("brings them up to date: dim_deals")
    assert lab.query(sources) == [("Unknown",)]
    assert lab.run() is None
    assert lab.query(sources) == [("None",)]


def test_changed_columns_are_refused_with_the_command_that_mends_it(lab):
    states = "models/intermediate/timelines/int_deal_states.sql"
    lab.rewrite(
        states,
        "    first_seen_at,\n    _loaded_at\nfrom final",
        "    first_seen_at,\n    _loaded_at,\n    1 as extra\nfrom final",
    )
    before = lab.query("select count(*) from dev_intermediate.int_deal_states")
    refusal = lab.run("+int_deal_states")
    assert refusal, "it was not refused"
    assert "columns extra of int_deal_states have changed" in refusal
    assert "dbt build --full-refresh --select int_deal_states+ --target dev" in refusal
    assert lab.query("select count(*) from dev_intermediate.int_deal_states") == before
    lab.restore(states)


def test_a_run_sees_the_newest_load_under_every_selection(lab, world):
    for _ in range(40):
        world.change()
    lab.load(world.export(lab.folder / "newer"))
    assert lab.run(command="seed") is None
    assert any("newer load" in line for line in lab.said)
    headline = "select * from dev_marts.rep_sales_funnel_monthly order by month, step_order"
    before = lab.query(headline)
    newest = "(select max(_loaded_at) from raw.load_batches)"
    counted = f"select max(_loaded_at) = {newest} from dev_marts.rep_sales_funnel_monthly"
    assert lab.run("rep_sales_funnel_monthly") is None
    assert lab.query(counted) == [(True,)]
    assert lab.differences("rep_sales_funnel_monthly") == {}
    # What stands on tables alone cannot: the run names it.
    assert any(
        "have not seen the newest load" in line and "rep_sales_funnel_monthly" in line for line in lab.said
    )
    assert [row[:-1] for row in lab.query(headline)] != [row[:-1] for row in before]
    assert lab.run("+rep_sales_funnel_monthly") is None
    assert not any("have not seen the newest load" in line for line in lab.said)


def test_a_join_to_users_that_is_added_to_a_model_follows_changed_users(lab, world):
    mart = "models/marts/deals/fct_deal_stage_history.sql"
    users = "select string_agg(users.user_id::text, ' ') from {{ ref('stg_pipedrive__users') }} as users"
    lab.rewrite(mart, "visits.entered_by,", f"({users} where not users.is_deleted) as entered_by,")
    assert lab.run("+fct_deal_stage_history") is None
    world.references.rows["users.csv"] = {4: (4, "Cy Roe", "c@example.net", "2024-05-01 09:00:00")}
    world.references.changed.add("users.csv")
    lab.load(world.references.export(lab.folder / "users"))
    assert lab.run("+fct_deal_stage_history") is None
    assert rebuilt(lab) == []
    assert lab.query("select distinct entered_by from dev_marts.fct_deal_stage_history") == [("4",)]


def test_a_changed_setting_reaches_every_row_of_the_next_plain_run(lab, world):
    files = ("funnel_steps.csv", "exchange_rates.csv")
    # Of Pipedrive's funnel, whichever the headline shows by now.
    calls = "select count(*) from dev_marts.fct_funnel_events where funnel_step in ('2.1', '3.1')"
    amounts = "select sum(reporting_amount) from dev_marts.fct_deal_states where crm_source = 'salesforce'"

    for _ in range(120):
        world.salesforce.change()
    world.pipedrive.activities |= {
        (number, 1): (kind, 1, "True", "2024-02-01T09:00:00")
        for number, kind in enumerate(("meeting", "sc_2", "sc_2"), 90)
    }
    lab.load(world.export(lab.folder / "before the settings"))

    def set_to(steps: dict[int, tuple], rates: dict[int, tuple]) -> tuple:
        world.references.rows |= dict(zip(files, (steps, rates), strict=True))
        world.references.changed = set(files)
        lab.load(world.references.export(lab.folder / f"settings-{lab.loads}"))
        assert lab.run() is None
        assert lab.differences() == {}
        return lab.query(calls)[0][0], lab.query(amounts)[0][0]

    first = ("pipedrive", 1, 2, "2.1", "A call", "activity", "meeting", None)
    second = ("pipedrive", 1, 4, "3.1", "A call", "activity", "sc_2", None)
    calls_1, amount_1 = set_to({1: first}, {1: ("EUR", "USD", "2000-01-01", "2")})
    calls_2, amount_2 = set_to({1: second}, {1: ("EUR", "USD", "2000-01-01", "3")})
    calls_of_both, _ = set_to({1: first, 2: second}, {1: ("GBP", "USD", "2000-01-01", "3")})
    assert calls_1 + calls_2 == calls_of_both
    assert calls_1 > 0 < calls_2
    # Headers only: the seeds again. Their steps are not for these stages; without rates only dollars are left.
    no_calls, dollars = set_to({}, {})
    assert no_calls == 0
    assert amount_1 - (dollars or 0) == 2 * (amount_2 - amount_1) > 0
