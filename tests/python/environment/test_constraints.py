"""The keys and indexes that the project counts on stand in the database, which gets them only when a table is made."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

import pytest
from dbt.contracts.graph.nodes import ModelNode
from dbt_common.contracts.constraints import ConstraintType

KEYS = {ConstraintType.primary_key: "primary key", ConstraintType.unique: "unique"}
# Everything that a table keeps, with its columns: a key's in its order, a check's by name. PostgreSQL names a key's
# columns not null as well.
IN_DATABASE = """
    select nspname || '.' || relname, case contype when 'p' then 'primary key' when 'u' then 'unique' else 'check' end,
        (select array_agg(attname order by case when contype = 'c' then attname end, place)
        from unnest(conkey) with ordinality as keys (attnum, place)
        inner join pg_attribute using (attnum) where attrelid = conrelid)
    from pg_constraint
    inner join pg_class on pg_class.oid = conrelid
    inner join pg_namespace on pg_namespace.oid = relnamespace
    where contype in ('p', 'u', 'c') and conrelid <> 0
    union all
    select nspname || '.' || relname, 'not null', array[attname]
    from pg_attribute
    inner join pg_class on pg_class.oid = attrelid
    inner join pg_namespace on pg_namespace.oid = relnamespace
    where attnotnull and attnum > 0 and relkind in ('r', 'p')
"""

FIRST_COLUMNS_OF_INDEXES = """
    select nspname || '.' || relname, attname
    from pg_index
    inner join pg_class on pg_class.oid = indrelid
    inner join pg_namespace on pg_namespace.oid = relnamespace
    inner join pg_attribute on attrelid = indrelid and attnum = indkey[0]
"""


@pytest.fixture(scope="module")
def models(dbt, sample_database) -> list[ModelNode]:
    nodes = dbt("parse", database=sample_database).result.nodes.values()
    return [node for node in nodes if isinstance(node, ModelNode)]


def in_contract(model: ModelNode) -> set[tuple[str, tuple[str, ...]]]:
    """(kind, columns) of each constraint that the model's contract names."""
    of_columns = [(column, item) for column in model.columns.values() for item in column.constraints]
    named = {(KEYS[item.type], tuple(item.columns)) for item in model.constraints if item.type in KEYS}
    for column, item in of_columns:
        if item.type in KEYS or item.type == ConstraintType.not_null:
            named.add((KEYS.get(item.type, "not null"), (column.name,)))
    for item in (*model.constraints, *(item for _, item in of_columns)):
        if item.type == ConstraintType.check:
            words = re.findall(r"\w+", re.sub(r"'[^']*'", "", item.expression))
            named.add(("check", tuple(sorted(set(words) & set(model.columns)))))
    of_keys = {("not null", (name,)) for kind, columns in named if kind == "primary key" for name in columns}
    return named | of_keys


def find_differences(models: list[ModelNode], rows: list[tuple]) -> Iterator[str]:
    in_database = defaultdict(set)
    for relation, kind, columns in rows:
        in_database[relation].add((kind, tuple(columns)))
    for model in models:
        found, named = in_database[f"{model.schema}.{model.alias}"], in_contract(model)
        for kind, columns in sorted(found ^ named):
            where = "its contract alone" if (kind, columns) in named else "the database alone"
            yield f"{model.name}: {kind} ({', '.join(columns)}) stands in {where}"


def test_the_database_holds_the_constraints_of_the_contracts(models, sample_database, query):
    tables = [model for model in models if model.contract.enforced and model.config.materialized != "view"]
    assert len(tables) >= 60
    differences = list(find_differences(tables, query(sample_database, IN_DATABASE)))
    assert not differences, "\n".join(differences)


def test_the_rows_of_changed_deals_are_found_by_an_index(models, sample_database, query):
    """Without one PostgreSQL compares each row of the table with each changed deal, which grows with their product."""
    replaced = {
        f"{model.schema}.{model.alias}"
        for model in models
        if model.config.get("incremental_strategy") == "replace_deals"
    }
    indexed = {
        relation
        for relation, column in query(sample_database, FIRST_COLUMNS_OF_INDEXES)
        if column == "deal_key"
    }
    assert len(replaced) >= 14
    assert not replaced - indexed
