"""What BI tools and psql show of a relation: a comment on each, and on each column, in plain text."""

from __future__ import annotations

import contextlib
import re

import pytest

SCHEMAS = ["dev_marts", "dev_reference", "dev_staging", "dev_intermediate", "named"]
COMMENTS = """
    select relname, attname, case when attnum is null then obj_description(pg_class.oid, 'pg_class')
        else col_description(pg_class.oid, attnum) end
    from pg_class
    inner join pg_namespace on pg_namespace.oid = relnamespace
    cross join lateral (
        select attnum, attname from pg_attribute where attrelid = pg_class.oid and attnum > 0 and not attisdropped
        union all
        select null, null
    ) as columns
    where nspname = any(%s) and relkind in ('r', 'v')
"""


@pytest.fixture(scope="module")
def comments(sample_database, connect) -> dict[tuple[str, str | None], str | None]:
    """{(relation, column or None): comment}"""
    with contextlib.closing(connect(sample_database)) as connection, connection.cursor() as cursor:
        cursor.execute(COMMENTS, [SCHEMAS])
        return {(relation, column): comment for relation, column, comment in cursor.fetchall()}


def test_every_relation_and_column_has_a_comment_in_plain_text(comments):
    assert len(comments) > 1500
    assert [place for place, comment in comments.items() if not comment] == []
    marks = re.compile(r"`|\*\*|\]\(|\n|\{\{")
    assert [place for place, comment in comments.items() if marks.search(comment)] == []


def test_the_comment_of_a_mart_says_what_it_joins(comments):
    assert comments["fct_activities", None].endswith(
        " Joins dim_deals by deal_key; dim_owners by crm_source and owner_id."
    )
    assert "Joins" not in comments["dim_months", None]


def test_every_table_of_raw_has_a_comment(sample_database, connect):
    with contextlib.closing(connect(sample_database)) as connection, connection.cursor() as cursor:
        cursor.execute(COMMENTS, [["raw"]])
        raw = {(relation, column): comment for relation, column, comment in cursor.fetchall()}
    assert [relation for (relation, column), comment in raw.items() if column is None and not comment] == []
    own = {column for relation, column in raw if column and column.startswith("_")}
    assert own >= {"_loaded_at", "_version", "_is_deleted", "_source_file", "_row_number", "_extra"}
    assert [
        place
        for place, comment in raw.items()
        if place[0] == "users" and str(place[1])[0] == "_" and not comment
    ] == []
