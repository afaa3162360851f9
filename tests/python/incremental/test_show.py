"""dbt show returns the rows of an incremental model as the table holds them, to the transformer who debugs it."""

from __future__ import annotations

import contextlib

import pytest


@pytest.mark.nightly
def test_show_returns_what_is_built(sample_database, dbt, connect):
    compiled = dbt(
        "compile --select config.materialized:incremental", database=sample_database
    ).result.results
    models = [result.node for result in compiled if result.node.resource_type == "model"]
    assert len(models) >= 20
    with (
        contextlib.closing(connect(sample_database, role="transformer")) as connection,
        connection.cursor() as cursor,
    ):
        for model in models:
            dbt(f"show --select {model.name} --limit 1", database=sample_database)
            cursor.execute(f"select * from {model.relation_name} limit 0")
            names = ", ".join(f'"{column.name}"' for column in cursor.description)
            built = f"select {names} from {model.relation_name}"
            shown = f"select {names} from ({model.compiled_code}) as shown"
            cursor.execute(f"({built} except all {shown}) union all ({shown} except all {built})")
            assert cursor.fetchone() is None, f"{model.name}: what dbt shows is not what is built"
        connection.rollback()
