"""Each rule of the incremental contract, broken once, is caught by the parity proof (test_incremental_parity.py)."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg2.errors
import pytest

from conftest import Dbt, copy_part
from support.parity import INCREMENTAL, Warehouse, build, play

# Sequences that a broken rule may survive before the proof counts as blind to it.
SEQUENCES_TO_CATCH = 60
BROKEN_RULES = {
    "watermark taken from another mart": (
        "macros/incremental/changed_since.sql",
        "from {{ this }} as mart",
        "from {{ generate_schema_name('marts', none) }}.dim_deals as mart",
    ),
    "watermark not coalesced": (
        "macros/incremental/changed_since.sql",
        "coalesce(max(mart._loaded_at), '-infinity')",
        "max(mart._loaded_at)",
    ),
    "only the new rows instead of all rows of changed deals": (
        "macros/incremental/only_changed_deals.sql",
        "where deal_key = any(array(select changed.deal_key from changed_deals as changed))",
        "where _loaded_at > (select coalesce(max(mart._loaded_at), '-infinity') from {{ this }} as mart)",
    ),
    "deletes by the keys of the new rows": (
        "macros/dbt/get_incremental_replace_deals_sql.sql",
        "from changed_deals as changed",
        "from (select distinct deal_key from {{ arg_dict['temp_relation'] }}) as changed",
    ),
    "report adds to what it held": (
        "models/reports/funnel/rep_sales_funnel_monthly.sql",
        "    group by events.occurred_month, events.funnel_step",
        "    where events._loaded_at > {% if is_incremental() %}"
        "(select coalesce(max(mart._loaded_at), '-infinity') from {{ this }} as mart)"
        "{% else %}'-infinity'{% endif %}\n    group by events.occurred_month, events.funnel_step",
    ),
    "grid starts with the newest month": (
        "models/reports/funnel/rep_sales_funnel_monthly.sql",
        "generate_series(min(month), max(month)",
        "generate_series({% if is_incremental() %}(select max(mart.month) from {{ this }} as mart)"
        "{% else %}min(month){% endif %}, max(month)",
    ),
    "superseded versions stay": (
        "macros/incremental/newest_versions.sql",
        "later.last_version > versions._version",
        "later.last_version > 999",
    ),
    "changed reference tables do not matter": (
        "macros/incremental/changed_since.sql",
        "{%- if lookups %}",
        "{%- if false %}",
    ),
}

# Each costs a build and up to a minute; these two break what the others build on.
EACH_RUN = ("watermark taken from another mart", "deletes by the keys of the new rows")


@pytest.fixture(scope="module")
def built_database(databases, dbt) -> str:
    """A database with every table and view of the sound project, to be copied."""
    database = databases.create()
    build(dbt, database)
    return database


@pytest.fixture(
    params=[
        pytest.param(rule, marks=() if rule in EACH_RUN else pytest.mark.nightly, id=rule.replace(" ", "-"))
        for rule in BROKEN_RULES
    ]
)
def broken_warehouse(request, databases, built_database, dbt, connect, load, tmp_path) -> Iterator[Warehouse]:
    """A warehouse built by a copy of the project in which one rule is broken."""
    file, right, wrong = BROKEN_RULES[request.param]
    project = copy_part(dbt, tmp_path / "project", f"+{INCREMENTAL}")
    text = (project / file).read_text(encoding="utf-8")
    assert right in text, f"{file} has no {right!r}: mend the list of broken rules"
    (project / file).write_text(text.replace(right, wrong), encoding="utf-8")
    database = databases.create(template=built_database)
    (tmp_path / "dbt").mkdir()
    broken = Dbt(dbt.server, tmp_path / "dbt", project)
    # A changed definition rebuilds the marts once. What the proof is to see are the runs after that.
    broken(["run", "--select", f"+{INCREMENTAL}"], database=database)
    yield Warehouse(database, broken, connect, load)
    databases.drop(database)


def test_a_broken_rule_is_caught(broken_warehouse, tmp_path):
    for seed in range(SEQUENCES_TO_CATCH):
        try:
            play(seed, broken_warehouse, tmp_path)
        except AssertionError as difference:
            assert "incremental differs" in str(difference)
            return
        except psycopg2.errors.UniqueViolation:
            return  # two rows for one deal: its key refuses them before anything is compared
    pytest.fail(f"{SEQUENCES_TO_CATCH} sequences did not notice it")
