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
    """The documented example: deals.csv, companies.csv and mapping.json."""
    rows = re.search(r"(?m)(^    deal,agent.*\n(?:    A-.*\n)+)", DOCUMENT).group(1)
    (tmp_path / "deals.csv").write_text(re.sub(r"(?m)^    ", "", rows))
    (tmp_path / "companies.csv").write_text("name,sector,staff\nNorthwind,Retail,120\n")
    (tmp_path / "mapping.json").write_text(re.search(r"```json\n(.*?)```", DOCUMENT, re.DOTALL).group(1))
    return tmp_path


def test_the_documented_example_loads_as_opportunities(exports, database, connect, load, capsys):
    for _ in range(2):
        load(exports, "--mapping", exports / "mapping.json", database=database)
    assert "not loaded" not in capsys.readouterr().err
    with connect(database) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select id, accountid, type, isclosed, iswon, amount, currencyisocode, createddate::text, closedate::text"
            " from raw.salesforce_opportunity order by id"
        )
        assert cursor.fetchall() == [
            ("A-1", "Northwind", "Basic", True, True, 1054, "USD", "2024-10-20 00:00:00", "2025-03-01"),
            ("A-2", "Northwind", "Plus Pro", True, False, 0, "USD", "2024-10-25 00:00:00", "2025-03-11"),
            ("A-3", None, "Basic", False, False, None, "USD", "2024-11-25 00:00:00", None),
            ("A-4", "Contoso", "Plus Pro", False, False, None, "USD", None, None),
        ]


def test_a_date_that_does_not_fit_is_rejected_with_its_line(exports, database, load, capsys):
    path = exports / "deals.csv"
    path.write_text(path.read_text().replace("10/25/2024", "25/10/2024"))
    assert load(exports, "--mapping", exports / "mapping.json", database=database, check=False) == 1
    assert "deals.csv, line 3, column createddate" in capsys.readouterr().err


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
        (lambda target: target.pop("columns"), 'needs "load_as" and "columns"'),
    ],
)
def test_a_wrong_mapping_ends_in_one_line(exports, database, load, capsys, change, message):
    mapping = json.loads((exports / "mapping.json").read_text())
    change(mapping["deals.csv"])
    (exports / "mapping.json").write_text(json.dumps(mapping))
    assert load(exports, "--mapping", exports / "mapping.json", database=database, check=False) == 1
    [line] = capsys.readouterr().err.strip().splitlines()
    assert message in line


def test_a_mapping_that_is_not_json_names_its_line(exports, database, load, capsys):
    (exports / "mapping.json").write_text('{\n"deals.csv": \n')
    assert load(exports, "--mapping", exports / "mapping.json", database=database, check=False) == 1
    assert "mapping.json, line 3: is not JSON" in capsys.readouterr().err
