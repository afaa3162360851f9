"""Whatever part of the data there is, the load, every model, every data test and the report go through.

dbt compiles once; its SQL then runs for each part, in dbt's order, into the tables that dbt made with their contracts.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest

import demo
from conftest import ROOT
from report.write_report import write_report

FILES = {path.name: path for path in sorted((ROOT / "raw_data").glob("*/*.csv"))}
DOMAINS = ("pipedrive", "salesforce", "hubspot", "marketing")
PAIRS = (
    ("pipedrive", "salesforce"),
    ("pipedrive", "marketing"),
    ("salesforce", "marketing"),
    ("hubspot", "pipedrive"),
)


def list_parts() -> Iterator[tuple[str, list[Path]]]:
    """(name, files) of each file alone, each domain alone, each pair of domains."""
    yield from ((name, [path]) for name, path in FILES.items())
    for domains in [(domain,) for domain in DOMAINS] + list(PAIRS):
        yield " and ".join(domains), [path for path in FILES.values() if path.parent.name in domains]


class Compiled:
    """The project's SQL as dbt sends it in a full build."""

    def __init__(self, nodes: list, database: str) -> None:
        self.database = database
        self.models = [node for node in nodes if node.resource_type == "model"]
        self.tests = [node for node in nodes if node.resource_type == "test"]

    def get_sql(self, node) -> str:
        return node.compiled_code.replace(f'"{self.database}".', "")

    def build(self, connection: psycopg2.extensions.connection) -> None:
        """Fill each table anew; the views stand already."""
        with connection.cursor() as cursor:
            for node in self.models:
                if node.config.materialized == "view":
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


@pytest.fixture(scope="module")
def compiled(dbt, sample_database) -> Compiled:
    done = dbt("compile --full-refresh", database=sample_database)
    return Compiled([result.node for result in done.result.results], sample_database)


@pytest.fixture
def empty_database(databases, sample_database, connect) -> Iterator[str]:
    """The sample's database without its rows of raw."""
    name = databases.create(template=sample_database)
    with contextlib.closing(connect(name)) as connection, connection.cursor() as cursor:
        cursor.execute("select string_agg(format('raw.%I', table_name), ', ') from raw.files")
        cursor.execute(f"truncate raw.load_batches, raw.rejected_rows, {cursor.fetchone()[0]}")
        connection.commit()
    yield name
    databases.drop(name)


def copy_part(files: list[Path], folder: Path, *, only_headers: bool = False) -> Path:
    for path in files:
        (folder / path.parent.name).mkdir(parents=True, exist_ok=True)
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        (folder / path.parent.name / path.name).write_text("".join(lines[:1] if only_headers else lines))
    return folder


@pytest.fixture
def go_through(empty_database, compiled, load, connect, tmp_path, capsys) -> Callable[[Path], str]:
    """go_through(folder of exports) -> what `make demo` prints at its end."""

    def run(folder: Path) -> str:
        load(folder, database=empty_database)
        with contextlib.closing(connect(empty_database)) as connection:
            compiled.build(connection)
            assert compiled.list_failures(connection) == []
        with contextlib.closing(connect(empty_database, "reporter")) as connection:
            write_report(connection, tmp_path / "report.html")
            capsys.readouterr()
            demo.print_report(connection)
        return capsys.readouterr().out

    return run


# At night every part; else those that lack most of what the reports are made from.
TELLING = {"ad_spend.csv", "Opportunity.csv", "stages.csv"}


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(files, id=name, marks=() if name in TELLING else pytest.mark.nightly)
        for name, files in list_parts()
    ],
)
def test_a_part_goes_through(files, go_through, tmp_path):
    said = go_through(copy_part(files, tmp_path / "exports"))
    names = {path.name for path in files}
    if names & {"deal_changes.csv", "Opportunity.csv", "hubspot_deals.csv"}:
        assert "rep_sales_funnel_monthly, deals that entered each step" in said
    elif names & {"ad_spend.csv", "web_analytics.csv"}:
        assert "Start from rep_channel_metrics_monthly" in said


def test_headers_alone_go_through(go_through, tmp_path):
    said = go_through(copy_part(list(FILES.values()), tmp_path / "exports", only_headers=True))
    assert "No report has rows yet" in said
