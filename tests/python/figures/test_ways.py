"""By each way into the loader a report is what it is by the CSV files, unless it reads what the way cannot give."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conftest import ROOT
from support.compiled import compile_project, without_raw
from support.connector_shapes import SHAPES, write
from support.served_sample import serve_sample

pytest.importorskip("sqlglot", reason="sqlglot needs Python 3.11, as dbt-colibri does")
from support.lineage import ROWS
from support.ways import (
    API,
    SCREENS,
    SUMS_OF_POINTS,
    Reports,
    crm_of,
    fewer_deals,
    given_columns,
    logged_otherwise,
    read_lacks,
    sample_and_lack,
    sample_of,
)

LACKS = read_lacks()


def test_the_file_lists_every_way():
    assert sorted(LACKS) == sorted([*SHAPES, API, *SCREENS])


@pytest.mark.parametrize("way", LACKS)
def test_the_file_lists_what_the_way_does_not_bring(way, lab):
    """By the shipped SELECTs, or the table of the API's lists; a tombstone tells a deletion too."""
    crm = crm_of(way)
    known = {
        file: columns
        for file, columns in lab.query(
            "select file_name, array_agg(attname::text order by attname) from raw.files"
            " inner join pg_attribute on attrelid = to_regclass('raw.' || table_name)"
            " where attnum > 0 and not attisdropped and attname not like '\\_%%' and not is_setting"
            " group by file_name"
        )
        if file in files_of(crm)
    }
    given = given_columns(way)
    lack = LACKS[way]
    assert lack.files == sorted(set(known) - set(given))
    lacking = {
        file: [column for column in known[file] if column not in {name.lower() for name in columns}]
        for file, columns in given.items()
    }
    by_tombstone = {"is_deleted"}
    declared = {
        file: [name for name in names if (file, name) != ("fields.csv", "id")]
        for file, names in lack.columns.items()
    }
    assert {file: names for file, names in declared.items() if names} == {
        file: columns
        for file, found in lacking.items()
        if (columns := [column for column in found if column not in by_tombstone])
    }


def files_of(crm: str) -> set[str]:
    """Files that a way may bring of a CRM: those of its connectors together."""
    return {f"{path.stem}.csv" for path in (ROOT / "scripts" / "loader" / "connectors" / crm).glob("*/*.sql")}


@pytest.mark.parametrize("way", [way for way in SHAPES if LACKS[way].log or LACKS[way].log_in_part])
def test_the_file_lists_the_fields_of_which_the_log_differs(way):
    with fewer_deals(100_000):
        logged = set(logged_otherwise(way, sample_of(way).files))
    assert logged and logged <= {*LACKS[way].log, *LACKS[way].log_in_part}
    assert logged >= set(LACKS[way].log) - {"probability"}  # the sample's deals have none


@pytest.fixture(scope="module")
def reports(databases, sample_database, dbt, load, connect) -> Iterator[Reports]:
    with without_raw(databases, connect, sample_database) as database:
        opened = Reports(database, compile_project(dbt, sample_database), load, connect)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def lineage(reports):
    return reports.lineage({node.name for node in reports.compiled.models})


PARTS = [(way, False) for way in LACKS]
PARTS += [(way, True) for way in LACKS if LACKS[way].log_in_part and way not in SCREENS]


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("way", "is_whole"), PARTS, ids=[f"{way}{' whole logs' * whole}" for way, whole in PARTS]
)
def test_a_way_changes_no_report_but_those_that_read_what_it_lacks(
    way, is_whole, reports, lineage, tmp_path, request
):
    """With `is_whole` of the deals whose log the way has whole, but for the fields that it lacks: fewer may differ, and
    those that do say so. What the screens export has names for ids, and no log: most is touched."""
    names = {node.name for node in reports.compiled.models}
    sample, lack = sample_and_lack(way, 300, is_whole=is_whole)
    reports.build_from_files(sample.files, tmp_path, names)
    known = reports.flags()
    if way == API:
        fetch = request.getfixturevalue("fetch")
        serve_sample(fetch.api, sample)
        fetch.works()
        reports.build(names, fetch.folder)
    elif way in SCREENS:
        reports.build_from_screen(way, sample, tmp_path / "screen", names)
    else:
        reports.build_from_connector(way, sample, names)
    touched = reports.touched(lineage, lack, sample.files)
    assert reports.differences(touched) == {}
    # Of columns alone that lack, only whether an owner has left shows in the sample.
    differs = bool(lack.files or lack.log or lack.log_in_part) or way == "hubspot/fivetran"
    different = reports.differences({})
    assert bool(different) == differs

    not_told = known - reports.flags()
    by_thing = [(thing, reports.flags_touched(lineage, thing, sample.files)) for thing in lack.things()]
    # Where a file or a field of the log lacks that a flag reads, and which CRMs there are does not depend on it, the
    # flag says so. A column more or less of a file need not be a flag's.
    alone = [flags for thing, flags in by_thing if not thing.columns and ROWS not in flags]
    assert set().union(*alone) & known <= not_told <= reports.flags_touched(lineage, lack, sample.files)
    if not lack.log_in_part:
        said = [thing for thing, flags in by_thing if flags & not_told]
        covered = [reports.touched(lineage, thing, sample.files) for thing in said]
        assert [
            name
            for name, columns in different.items()
            if name.startswith("rep_")
            and name != SUMS_OF_POINTS
            and not any(found.get(name) for found in covered)
            and reports.silent(name, columns)
        ] == []

    # The flags are those of the CSV files without what the list says, and so follow from it.
    folder = tmp_path / "left"
    folder.mkdir()
    for name, rows in lack.leave_out(sample.files).items():
        write(folder, name, rows)
    reports.build(reports.compiled.ancestors({"dim_export_coverage"}), folder)
    assert known - reports.flags() == not_told
