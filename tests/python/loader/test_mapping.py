"""A foreign export loads through the mapping file that the documentation shows; a wrong mapping ends in one line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from conftest import ROOT

DOCUMENT = (ROOT / "docs" / "mapping.md").read_text("utf-8")


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    """The documented example: sales_pipeline.csv, accounts.csv, sales_teams.csv and mapping.json."""
    rows = re.search(r"(?m)(^    opportunity_id,.*\n(?:    A-.*\n)+)", DOCUMENT).group(1)
    (tmp_path / "sales_pipeline.csv").write_text(re.sub(r"(?m)^    ", "", rows))
    (tmp_path / "accounts.csv").write_text(
        "account,sector,revenue,employees,office_location\nNorthwind,retial,12.5,120,Kenya\n"
    )
    (tmp_path / "sales_teams.csv").write_text("sales_agent,manager,regional_office\nKim Doe,Sam Poe,East\n")
    (tmp_path / "mapping.json").write_text(re.search(r"```json\n(.*?)```", DOCUMENT, re.DOTALL).group(1))
    return tmp_path


def test_the_documented_example_loads_as_opportunities(exports, database, connect, load, capsys):
    for _ in range(2):
        load(exports, "--mapping", exports / "mapping.json", database=database)
    assert "not loaded" not in capsys.readouterr().err
    with connect(database) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select id, accountid, type, isclosed, iswon, amount, currencyisocode,"
            " createddate::date::text, closedate::text"
            " from raw.salesforce_opportunity order by id"
        )
        assert cursor.fetchall() == [
            ("A-1", "Northwind", "Basic", True, True, 1054, "USD", "2024-10-20", "2025-03-01"),
            ("A-2", "Northwind", "Plus Pro", True, False, 0, "USD", "2024-10-25", "2025-03-11"),
            ("A-3", None, "Basic", False, False, None, "USD", "2024-11-25", None),
            ("A-4", "Contoso", "Plus Pro", False, False, None, "USD", None, None),
        ]
        cursor.execute("select apiname, sortorder, iswon from raw.salesforce_opportunity_stage order by 2")
        assert cursor.fetchall() == [
            ("Prospecting", 1, False),
            ("Engaging", 2, False),
            ("Won", 3, True),
            ("Lost", 4, False),
        ]
        cursor.execute("select id, name, industry, numberofemployees from raw.salesforce_account")
        assert cursor.fetchall() == [("Northwind", "Northwind", "retail", 120)]


def test_a_pseudonym_stands_for_a_name_in_every_file(exports, database, connect, load):
    load(exports, "--mapping", exports / "mapping.json", database=database)
    with connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("select id, ownerid from raw.salesforce_opportunity order by 1")
        owners = dict(cursor.fetchall())
        cursor.execute("select id from raw.salesforce_user")
        [(kim,)] = cursor.fetchall()
    assert owners["A-1"] == owners["A-3"] == kim != owners["A-2"] == owners["A-4"]
    assert re.fullmatch("[0-9a-f]{12}", kim)


def test_a_date_that_does_not_fit_is_rejected_with_its_line(exports, database, load, capsys):
    path = exports / "sales_pipeline.csv"
    path.write_text(path.read_text().replace("10/25/2024", "25/10/2024"))
    assert load(exports, "--mapping", exports / "mapping.json", database=database, check=False) == 1
    assert "sales_pipeline.csv, line 3, column createddate" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda target: target["columns"].update(Id="number"), "the header lacks number"),
        (
            lambda target: target["columns"].update(Colour="agent"),
            "columns that opportunity.csv lacks: colour",
        ),
        (lambda target: target.update(load_as="Deal.csv"), "loads it as deal.csv; known names are"),
        (
            lambda target: target["columns"].update(Id={"columns": "deal"}),
            "needs a column name, or an object",
        ),
        (
            lambda target: target["columns"].update(Id={"column": "deal", "pseudonym": ""}),
            'pseudonym is "", and has to be a text',
        ),
        (lambda target: target.pop("columns"), 'needs "load_as" and "columns"'),
    ],
)
def test_a_wrong_mapping_ends_in_one_line(exports, database, load, capsys, change, message):
    mapping = json.loads((exports / "mapping.json").read_text())
    change(mapping["sales_pipeline.csv"][0])
    (exports / "mapping.json").write_text(json.dumps(mapping))
    assert load(exports, "--mapping", exports / "mapping.json", database=database, check=False) == 1
    [line] = capsys.readouterr().err.strip().splitlines()
    assert message in line


def test_a_mapping_that_is_not_json_names_its_line(exports, database, load, capsys):
    (exports / "mapping.json").write_text('{\n"sales_pipeline.csv": \n')
    assert load(exports, "--mapping", exports / "mapping.json", database=database, check=False) == 1
    assert "mapping.json, line 3: is not JSON" in capsys.readouterr().err


# Where in the documented mapping something stands, and what somebody might write there.
PLACES = [
    (),
    ("sales_pipeline.csv",),
    ("sales_pipeline.csv", 0),
    ("sales_pipeline.csv", 0, "load_as"),
    ("sales_pipeline.csv", 0, "columns"),
    ("sales_pipeline.csv", 0, "columns", "Id"),
    ("sales_pipeline.csv", 0, "columns", "AccountId", "column"),
    ("sales_pipeline.csv", 0, "columns", "AccountId", "values"),
    ("sales_pipeline.csv", 0, "columns", "AccountId", "values", "null"),
    ("sales_pipeline.csv", 0, "columns", "AccountId", "otherwise"),
    ("sales_pipeline.csv", 0, "columns", "CurrencyIsoCode", "constant"),
    ("sales_pipeline.csv", 0, "columns", "CloseDate", "date_format"),
    ("sales_pipeline.csv", 0, "columns", "Amount", "decimal"),
    ("sales_pipeline.csv", 0, "columns", "OwnerId", "pseudonym"),
    ("sales_pipeline.csv", 0, "date_format"),
    ("sales_pipeline.csv", 0, "decimal"),
    ("sales_pipeline.csv", 0, "unknown"),
]
WRITTEN = [
    None,
    True,
    7,
    -1.5,
    "",
    "x",
    "%",
    "%Q",
    "\ud800",
    "a\0b",
    [],
    [[]],
    ["%d"],
    {},
    {"x": None},
    {"column": 1},
]


# At night every place; else those with rules of their own.
EACH_RUN = {"all of it", "date_format", "decimal", "values"}


@pytest.mark.parametrize(
    "place",
    [
        pytest.param(
            place,
            id="/".join(map(str, place)) or "all of it",
            marks=() if (place or ("all of it",))[-1] in EACH_RUN else pytest.mark.nightly,
        )
        for place in PLACES
    ],
)
def test_a_wrong_value_anywhere_in_a_mapping_is_one_line(exports, database, load, capsys, place):
    """Or it is right; there is no traceback, which `load` would raise."""
    original = (exports / "mapping.json").read_text()
    refused = 0
    for written in WRITTEN:
        mapping = json.loads(original)
        mapping["sales_pipeline.csv"][0]["columns"]["Amount"] = {"column": "close_value"}
        within = mapping
        for step in place[:-1]:
            within = within[step]
        if place:
            within[place[-1]] = written
        (exports / "mapping.json").write_text(json.dumps(mapping if place else written))
        status = load(
            exports,
            "--mapping",
            exports / "mapping.json",
            "--max-deleted",
            "1",
            database=database,
            check=False,
        )
        lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("load: error: ")]
        assert len(lines) == status, (place, written)
        refused += status
    assert refused, place


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a.csv": {}, "a.csv": {}}', '"a.csv" stands twice in one object'),
        ('{"a.csv": {"load_as": "users.csv", "columns": {"id": "a", "ID": "b"}}}', "names id twice"),
        (
            '{"a.csv": {"load_as": "users.csv", "columns": {"id": {"column": "a", "decimal": ";"}}}}',
            '"." or ","',
        ),
        ('{"a.csv": {"load_as": "users.csv"}}', 'needs "load_as" and "columns"'),
        ("[" * 100_000, "cannot be read as a mapping"),
        ("[]", "a mapping is an object of file names"),
    ],
)
def test_what_a_mapping_would_lose_is_told(exports, database, load, capsys, text, message):
    (exports / "mapping.json").write_text(text)
    assert load(exports, "--mapping", exports / "mapping.json", database=database, check=False) == 1
    assert message in capsys.readouterr().err.splitlines()[-1]


def test_a_name_with_a_wildcard_stands_for_several_files_that_are_one_table(
    tmp_path, database, load, connect
):
    for year in (2023, 2024):
        (tmp_path / f"Sales {year}.csv").write_text(
            f"key;stage;won on\nA{year};Won;3.{year % 100}.2{year - 2000}\n"
        )
    (tmp_path / "mapping.json").write_text(
        json.dumps(
            {
                "sales *.csv": {
                    "load_as": "OpportunityStage.csv",
                    "columns": {
                        "ApiName": "key",
                        "SortOrder": {"constant": 1},
                        "IsClosed": {"constant": True},
                        "IsWon": {"column": "stage", "values": {"Won": True}, "otherwise": False},
                    },
                }
            }
        )
    )
    load(tmp_path, "--mapping", tmp_path / "mapping.json", database=database)
    with connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("select apiname, sortorder, iswon from raw.salesforce_opportunity_stage order by 1")
        assert cursor.fetchall() == [("A2023", 1, True), ("A2024", 1, True)]


def test_a_wrong_value_is_told_with_where_it_comes_from(exports, database, load, capsys):
    path = exports / "sales_pipeline.csv"
    path.write_text("sep=,\n" + path.read_text().replace("1054\n", "a lot\n"))
    mapping = json.loads((exports / "mapping.json").read_text())
    mapping["sales_pipeline.csv"][0]["columns"]["IsWon"]["otherwise"] = "perhaps"
    (exports / "mapping.json").write_text(json.dumps(mapping))
    assert load(exports, "--mapping", exports / "mapping.json", database=database, check=False) == 1
    said = capsys.readouterr().err
    assert (
        "sales_pipeline.csv, line 3, column amount (from close_value): 'a lot' is not a plain number" in said
    )
    place = "sales_pipeline.csv, line 4, column iswon (from deal_stage by the values of the mapping)"
    assert f"{place}: 'perhaps' is not true or false" in said


def test_the_documented_files_have_the_columns_that_the_loader_knows(lab):
    rows = re.findall(r"^\|[^|]*\| `([\w.]+\.csv)` \| ([^|]*) \| ([^|]*) \|$", DOCUMENT, re.MULTILINE)
    columns = {
        name.lower(): tuple(
            sorted(part.strip().lower() for part in given.split(",")) for given in (needed, others)
        )
        for name, needed, others in rows
    }
    known = {
        name: tuple(sorted(found or []) for found in found_columns)
        for name, *found_columns in lab.query(
            "select file_name, array_agg(attname::text) filter (where attname <> all(optional_columns)),"
            " optional_columns from raw.files inner join pg_attribute on attrelid = to_regclass('raw.' || table_name)"
            " where attnum > 0 and not attisdropped and attname not like '\\_%%' group by file_name, optional_columns"
        )
    }
    assert len(columns) == 9
    assert {name: known[name] for name in columns} == columns
