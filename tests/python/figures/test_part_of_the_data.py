"""Whatever part of the data there is, the load, every model, every data test and the report go through.

dbt compiles once; its SQL then runs for each part, in dbt's order, into the tables that dbt made with their contracts.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import demo
from conftest import ROOT
from report.write_report import write_report
from support.compiled import Compiled, compile_project, without_raw

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


@pytest.fixture(scope="module")
def compiled(dbt, sample_database) -> Compiled:
    return compile_project(dbt, sample_database)


@pytest.fixture
def empty_database(databases, sample_database, connect) -> Iterator[str]:
    with without_raw(databases, connect, sample_database) as name:
        yield name


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


def test_what_a_way_lacks_changes_no_report_that_does_not_read_it(
    compiled, empty_database, load, connect, tmp_path
):
    """test_ways.py does so at night for every way, every report and more deals."""
    pytest.importorskip("sqlglot", reason="sqlglot needs Python 3.11, as dbt-colibri does")
    from support.ways import Reports, sample_and_lack

    names = compiled.ancestors(("rep_sales_funnel_monthly", "fct_deal_outcomes"))
    sample, lack = sample_and_lack("pipedrive/singer", 40, is_whole=True)
    with contextlib.closing(Reports(empty_database, compiled, load, connect)) as reports:
        reports.build_from_files(sample.files, tmp_path, names)
        reports.build_from_connector("pipedrive/singer", sample, names)
        touched = reports.touched(reports.lineage(names), lack, sample.files)
        assert reports.differences(touched) == {}
        assert touched["rep_sales_funnel_monthly"] <= {"_loaded_at"}
        assert "owner_id" in reports.differences({})["fct_deal_outcomes"]
