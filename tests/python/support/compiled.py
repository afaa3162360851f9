"""The project's SQL as dbt compiled it once, run for one set of raw tables after another without dbt."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator

import psycopg2
import pytest

from conftest import Databases, Dbt


class Compiled:
    """The project's SQL as dbt sends it in a full build."""

    def __init__(self, nodes: list, database: str) -> None:
        self.database = database
        self.models = [node for node in nodes if node.resource_type == "model"]
        self.tests = [node for node in nodes if node.resource_type == "test"]

    def get_sql(self, node) -> str:
        return node.compiled_code.replace(f'"{self.database}".', "")

    def ancestors(self, names: Collection[str]) -> set[str]:
        """The models that these stand on, and these."""
        found = set(names)
        for node in reversed(self.models):
            if node.name in found:
                found |= {key.rpartition(".")[2] for key in node.depends_on.nodes}
        return found

    def build(self, connection: psycopg2.extensions.connection, names: Collection[str] | None = None) -> None:
        """Fill each table anew, or each of these; the views stand already."""
        with connection.cursor() as cursor:
            for node in self.models:
                if node.config.materialized == "view" or (names is not None and node.name not in names):
                    continue
                relation = f'"{node.schema}"."{node.alias}"'
                cursor.execute(f"select * from {relation} limit 0")
                columns = ", ".join(f'"{column.name}"' for column in cursor.description)
                cursor.execute(f"delete from {relation}")
                try:
                    cursor.execute(
                        f"insert into {relation} ({columns}) select {columns} from ({self.get_sql(node)}\n) as built"
                    )
                except psycopg2.Error as error:
                    pytest.fail(f"{node.name}: {error}", pytrace=False)
        connection.commit()

    def list_failures(self, connection: psycopg2.extensions.connection) -> list[str]:
        """The data tests that would stop a build."""
        failures = []
        with connection.cursor() as cursor:
            for node in self.tests:
                limit = f"limit {node.config.limit}" if node.config.limit else ""
                cursor.execute(
                    f"select failures, failures {node.config.error_if} from (select {node.config.fail_calc} as failures"
                    f" from ({self.get_sql(node)}\n{limit}) as found) as counted"
                )
                count, is_error = cursor.fetchone()
                if is_error and node.config.severity.lower() == "error":
                    failures.append(f"{node.name}: {count}")
        connection.rollback()
        return failures


def compile_project(dbt: Dbt, database: str) -> Compiled:
    done = dbt("compile --full-refresh", database=database)
    return Compiled([result.node for result in done.result.results], database)


@contextlib.contextmanager
def without_raw(databases: Databases, connect: Callable, database: str) -> Iterator[str]:
    """A copy of a built database without its rows of raw."""
    name = databases.create(template=database)
    with contextlib.closing(connect(name)) as connection, connection.cursor() as cursor:
        cursor.execute("select string_agg(format('raw.%I', table_name), ', ') from raw.files")
        cursor.execute(f"truncate raw.load_batches, raw.rejected_rows, {cursor.fetchone()[0]}")
        connection.commit()
    yield name
    databases.drop(name)
