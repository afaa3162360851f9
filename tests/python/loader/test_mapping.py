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
        (lambda target: target.update(load_as="Deals.csv"), "loads it as deals.csv; known names are"),
        (
            lambda target: target["columns"].update(Id={"columns": "deal"}),
            "needs a column name, or an object",
        ),
        (
            lambda target: target["columns"].update(Id={"column": "deal", "pseudonym": ""}),
            "pseudonym (a text)",
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
