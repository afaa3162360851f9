"""What the planner knows of the tables that a build made: autovacuum never looks at one of less than fifty rows."""

from __future__ import annotations

import contextlib

UNKNOWN = """
    select relnamespace::regnamespace || '.' || relname
    from pg_class
    where
        relkind = 'r' and relnamespace::regnamespace::text in ('dev_marts', 'dev_intermediate', 'dev_reference')
        and pg_relation_size(oid) > 0
        and not exists (
            select from pg_stats where schemaname = relnamespace::regnamespace::text and tablename = relname
        )
"""


def test_every_table_has_statistics(sample_database, connect):
    with contextlib.closing(connect(sample_database)) as connection, connection.cursor() as cursor:
        cursor.execute(UNKNOWN)
        assert cursor.fetchall() == []
