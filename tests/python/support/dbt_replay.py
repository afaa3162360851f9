"""Runs dbt's own SQL again without dbt: hundreds of incremental runs in the time of a few.

A dbt run of the marts costs seconds, nearly all of them dbt's own. `record` makes one real incremental run and keeps
the statements that dbt sent for each node, pre-hooks and incremental strategy included; `Replay.run` sends them
again, node by node, each node in its transactions as dbt does it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import psycopg2.extensions

Invoke = Callable[..., object]
LOOKUP = re.compile(
    "information_schema|pg_attribute|pg_get_viewdef|this_run|comment on (table|column)", re.IGNORECASE
)


@dataclass(frozen=True)
class Node:
    """A model: its name, relation ("schema"."table"), its statements in order, and its full-refresh query."""

    name: str
    relation: str
    statements: tuple[str, ...]
    full_query: str


class Replay:
    """The mart nodes of one recorded run, in the order in which dbt ran them."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self.nodes = list(nodes)

    def run(self, connection: psycopg2.extensions.connection, stop_after: int | None = None) -> None:
        """Send the statements of every node, or die after stop_after statements as a killed run would."""
        # dbt's temporary tables live as long as its connection, and every run has one of its own.
        connection.rollback()
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("discard temp")
        connection.autocommit = False
        sent = 0
        for node in self.nodes:
            for statement in node.statements:
                if stop_after is not None and sent >= stop_after:
                    connection.rollback()
                    return
                if statement == "COMMIT":
                    connection.commit()
                else:
                    with connection.cursor() as cursor:
                        cursor.execute(statement)
                sent += 1
            connection.commit()

    def count_statements(self) -> int:
        return sum(len(node.statements) for node in self.nodes)

    def differences(self, connection: psycopg2.extensions.connection) -> dict[str, list[tuple]]:
        """Mart → rows that differ from its full refresh, each led by 'mart only' or 'full refresh only'."""
        found = {}
        for node in self.nodes:
            rows = compare(connection, node.relation, node.full_query)
            if rows:
                found[node.name] = rows
        connection.rollback()
        return found


def compare(connection: psycopg2.extensions.connection, relation: str, full_query: str) -> list[tuple]:
    """The first rows in which a mart differs from a query, each led by 'mart only' or 'full refresh only'."""
    with connection.cursor() as cursor:
        cursor.execute(f"select * from {relation} limit 0")
        columns = ", ".join(f'"{column.name}"' for column in cursor.description)
        # Materialized, for the query costs more than all the rest and is needed twice.
        cursor.execute(
            f"with full_refresh as materialized (select {columns} from (\n{full_query}\n) as query),"
            f" mart as (select {columns} from {relation})"
            " (select 'mart only', * from (table mart except all table full_refresh) as a)"
            " union all"
            " (select 'full refresh only', * from (table full_refresh except all table mart) as b) limit 20"
        )
        return cursor.fetchall()


def record(invoke: Invoke, recorded_events: list, select: str) -> Replay:
    """Make one incremental dbt run of `select` and return it for replay.

    invoke(*args) runs dbt in this process and returns its result; recorded_events is a list to which a dbtRunner
    callback appends every event named SQLQuery. Every selected model must exist in the database already, or the run
    is not incremental.
    """
    full = invoke("compile", "--full-refresh", "--select", select)
    queries = {
        result.node.unique_id: result.node for result in full.result if result.node.resource_type == "model"
    }
    recorded_events.clear()
    # One thread: statements of two nodes must not interleave in the record.
    invoke("run", "--threads", "1", "--select", select)
    statements: dict[str, list[str]] = {}
    for event in recorded_events:
        node_id = event.data.node_info.unique_id
        # Look-ups (columns, grants, definitions) and comments change no row; left out, they save most of the time.
        if node_id in queries and not LOOKUP.search(event.data.sql):
            statements.setdefault(node_id, []).append(event.data.sql)
    nodes = [
        Node(
            queries[node_id].name, queries[node_id].relation_name, tuple(sql), queries[node_id].compiled_code
        )
        for node_id, sql in statements.items()
    ]
    searches = [sql for node in nodes for sql in node.statements if "create temporary table changed_" in sql]
    if not all("max(mart._loaded_at)" in sql for sql in searches):
        raise RuntimeError("a mart was rebuilt in full: what follows would be no incremental run")
    if len(nodes) != len(queries):
        missing = sorted(set(queries) - set(statements))
        raise RuntimeError(f"dbt sent no statement for {missing}: the record would be incomplete")
    return Replay(nodes)
