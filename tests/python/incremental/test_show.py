"""dbt show returns the rows of an incremental model as the table holds them, to the transformer who debugs it."""

from __future__ import annotations

import pytest

INCREMENTAL = "config.materialized:incremental"


@pytest.mark.nightly
def test_show_returns_what_is_built(sample_database, databases, dbt, query):
    database = databases.create(template=sample_database)
    compiled = dbt(f"compile --select {INCREMENTAL}", database=database).result.results
    assert len(compiled) >= 20
    for result in compiled:
        node = result.node
        dbt(f"show --select {node.name} --limit 1", database=database)
        names = query(
            database,
            "select string_agg(quote_ident(column_name), ', ') from information_schema.columns"
            f" where table_schema = '{node.schema}' and table_name = '{node.alias}'",
        )[0][0]
        built = f"select {names} from {node.relation_name}"
        shown = f"select {names} from ({node.compiled_code}) as shown"
        for one, other in ((built, shown), (shown, built)):
            assert query(database, f"select count(*) from ({one} except all {other}) as rows") == [(0,)], (
                node.name
            )
    databases.drop(database)
